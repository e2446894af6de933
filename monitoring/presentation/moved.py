"""How drift is shown: each column's largest shift against what is tolerated, then and now side by side, day and week."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from monitoring.catalogue import CATALOGUE
from monitoring.charts.bars import distributions
from monitoring.charts.bounds import against_bounds
from monitoring.charts.svg import Chart
from monitoring.presentation.results import DRAWN, Said, drawn, of, ranked
from monitoring.presentation.rows import MOST_CHARTS, Fact, Listed, Presentation, judged_charts, listed
from monitoring.presentation.words import clip, figure
from monitoring.statistics.paging import WEEK


def feature_of(result: Said) -> str:
    return str(result["slice"].get("feature", ""))


def _effects(outcome: Said) -> list[Said]:
    judged = ranked(of(outcome, "drift_effect"))
    order = {"error": 0, "fail": 1, "inconclusive": 2}
    return sorted(judged, key=lambda r: (order.get(r["verdict"], 3), -abs(r["value"] or 0.0)))


def _deciding(outcome: Said) -> Iterator[Chart]:
    """The largest shift of every column. The check's own rule passes what surely stays inside the tolerance: that is drawn."""
    effects = _effects(outcome)
    others = [r for r in of(outcome, "schema_changes") if r["verdict"] not in (None, "pass")]
    if others or not effects:
        yield from judged_charts({**outcome, "results": others or outcome["results"]})
    if not effects:
        return
    several = len(effects) > DRAWN
    heading = "Largest shift of each column"
    heading += f": {DRAWN} of {len(effects):,}, worst first" if several else ""
    yield against_bounds(
        heading,
        [drawn(result, None, label=feature_of(result)) for result in effects[:DRAWN]],
        measure="shift in standard deviations of the reference",
    )


def _then_and_now(outcome: Said) -> Iterator[Chart]:
    left = MOST_CHARTS
    for result in _effects(outcome):
        table = outcome["tables"].get(feature_of(result))
        if table and table["rows"] and left:
            left -= 1
            name = clip(feature_of(result), 80)
            bins, reference, current = zip(*table["rows"], strict=True)
            heading = f"{name}: reference against current"
            yield distributions(heading, [clip(one, 60) for one in bins], reference, current, measure=name)


def _further_over_time(outcome: Said) -> Iterator[Chart]:
    shifts = ranked(of(outcome, "baseline_shift"))
    if shifts:
        rows = [
            drawn(r, None, label=f"{feature_of(r)}, {_plain(str(r['details'].get('contrast', '')))}")
            for r in shifts[:DRAWN]
        ]
        yield against_bounds(
            "How far the learnt baseline lies from the approved reference",
            rows,
            measure="sd of the reference, n in days",
        )
    yield from _then_and_now(outcome)


def _facts(outcome: Said) -> Iterator[Fact]:
    for result in _effects(outcome)[:1]:
        details = result["details"]
        name = details.get("decisive") or details.get("largest")
        if name:
            yield "What moved most", f"{clip(feature_of(result), 80)}, its {clip(_plain(name), 80)}"
        if details.get("tolerance") is not None:
            yield (
                "The check's own rule",
                f"fails on a certain shift of {figure(result['threshold']['bound'])} sd or more; passes only if a shift "
                f"beyond {figure(details['tolerance'])} sd is excluded",
            )
    schema = of(outcome, "schema_changes")
    for word in ("missing", "new", "retyped"):
        if schema and (names := schema[0]["details"].get(word)):
            more = f" and {len(names) - 10:,} more" if len(names) > 10 else ""
            yield f"Columns {word}", ", ".join(clip(name, 60) for name in names[:10]) + more


def _facts_over_time(outcome: Said) -> Iterator[Fact]:
    effects, inputs = _effects(outcome), outcome["inputs"]
    yield "Window that decided", window(effects, str(inputs.get("date", "")), len(inputs.get("days", ())))
    baseline = inputs.get("baseline")
    if baseline:
        yield (
            "Baseline",
            f"learnt from {baseline['days']:,} days, {baseline['first']} to {baseline['last']}; "
            f"{baseline['by_weekday']:,} of {baseline['levels']:,} levels differ by weekday",
        )
        for result in ranked(of(outcome, "baseline_shift"))[:1]:
            yield "Baseline against the approved reference", _distance(result)
    else:
        yield (
            "Baseline",
            "not learnt yet: the data are held against the approved reference, and only what is certainly beyond the "
            "tolerance fails",
        )
    yield from _facts(outcome)


def _distance(result: Said) -> str:
    words = {
        "pass": "within",
        "fail": "beyond",
        "inconclusive": "not certainly within",
        "error": "not judged against",
    }
    value = "undefined" if result["value"] is None else f"{figure(result['value'])} sd"
    return (
        f"farthest in {clip(feature_of(result), 80)}: {value}, {words[result['verdict']]} the tolerance of "
        f"{figure(result['threshold']['bound'])} sd"
    )


def window(effects: Sequence[Said], date: str, days: int) -> str:
    """Which window a verdict on drift over time rests on: the day, the week that ends with it, or both."""
    failed = [result for result in effects if result["verdict"] == "fail"]
    if not failed:
        looked = (
            f"the day {date} and the {days} days that end with it" if days > 1 else f"the day {date} alone"
        )
        return f"none: no certain shift in {looked}"
    names = [name for result in failed for name in result["details"].get("certain", ())]
    by_week, by_day = any(n.endswith(WEEK) for n in names), any(not n.endswith(WEEK) for n in names)
    if by_day and by_week:
        return f"both: the day {date}, and the {days} days that end with it"
    return f"the week: the {days} days that end with {date}" if by_week else f"the day {date}"


def _plain(contrast: str) -> str:
    """`location of the week` -> `middle, in the week`."""
    name, week = contrast.removesuffix(WEEK), contrast.endswith(WEEK)
    plain = {
        "location": "middle (location)",
        "scale": "spread (scale)",
        "skew": "lopsidedness (skew)",
        "tails": "tails",
    }
    return plain.get(name, name) + (", in the week" if week else "")


def _tables(outcome: Said) -> Iterator[Listed]:
    """Reference against current for every column, the worst first, and the contrasts of the worst one."""
    beside = {metric: {feature_of(r): r["value"] for r in of(outcome, metric)} for metric in _DISTANCES}
    effects = _effects(outcome)
    rows: list[list[Any]] = [
        [feature_of(r), r["details"].get("role"), r["verdict"], _plain(str(r["details"].get("largest") or "nothing")), r["value"],
         *(found.get(feature_of(r)) for found in beside.values()), r["details"].get("n_reference"), r["n"]]
        for r in effects
    ]  # fmt: skip
    check = CATALOGUE["drift"]
    titles = [metric.title if (metric := check.metric(name)) else name for name in _DISTANCES]
    if rows:
        yield listed(
            "Reference against current, by column",
            (
                "column",
                "role",
                "verdict",
                "what moved most",
                "shift in sd",
                *titles,
                "n reference",
                "n current",
            ),
            rows,
        )
    for result in effects[:1]:
        contrasts = result["details"].get("contrasts", [])
        yield listed(
            f"All that was compared of {clip(feature_of(result), 80)}",
            ("compared", "shift in sd", "error", "p"),
            [[_plain(str(name)), *rest] for name, *rest in contrasts],
        )


_DISTANCES = ("psi", "jensen_shannon", "missing_share_difference")

ROWS = (
    Presentation(
        "drift",
        passes="The data still look like those the model was approved on.",
        fails="The data have moved away from those the model was approved on.",
        undecided="It can't be told whether the data have moved.",
        deciding=_deciding,
        further=_then_and_now,
        facts=_facts,
        tables=_tables,
    ),
    Presentation(
        "drift-over-time",
        passes="The data have not moved beyond how days and weekdays differ anyway.",
        fails="The data have moved, beyond how days and weekdays differ anyway.",
        undecided="It can't be told whether the data have moved beyond how days differ anyway.",
        deciding=_deciding,
        further=_further_over_time,
        facts=_facts_over_time,
        tables=_tables,
    ),
)
