"""How checks of language models are shown."""

from __future__ import annotations

from collections.abc import Iterator

from monitoring.charts.bars import Part, split
from monitoring.charts.bounds import against_bounds
from monitoring.charts.svg import Chart
from monitoring.presentation.results import Said, drawn
from monitoring.presentation.rows import Fact, Presentation, judged_charts, measured, stored_tables
from monitoring.presentation.words import figure


def _rated(outcome: Said) -> Iterator[Chart]:
    """People's rate against its bound, and the judge's own beside it, which is no evidence."""
    rate, alone = measured(outcome, "success_rate"), measured(outcome, "judge_rate")
    if rate is None or not rate["verdict"]:
        yield from judged_charts(outcome)
        return
    rows = [drawn(rate, None, label="as people would rate")]
    if alone is not None:
        rows.append(drawn(alone, None, label="the judge alone (no evidence)"))
    yield against_bounds("Share of good outputs", rows, measure="share of outputs")
    others = [r for r in outcome["results"] if r["verdict"] and r["metric"] != "success_rate"]
    if others:
        yield from judged_charts({**outcome, "results": others})


def _agreement(outcome: Said) -> Iterator[Chart]:
    table = outcome["tables"].get("agreement")
    if table:
        counts = {(people, judge): count for people, judge, count in table["rows"]}
        parts = (Part("✕", "the judge calls bad", "fail"), Part("✓", "the judge calls good", "ok"))
        rows = [
            (word, [counts.get((value, 0), 0), counts.get((value, 1), 0)])
            for value, word in ((1, "Good"), (0, "Bad"))
        ]
        yield split("What people rated, and what the judge says of it", parts, rows)


def _believed(outcome: Said) -> Iterator[Fact]:
    rate = measured(outcome, "success_rate")
    if rate:
        details = rate["details"]
        yield "Rated by people and judge", f"{details.get('labelled', 0):,} outputs"
        yield "Rated by the judge alone", f"{details.get('rated_by_judge_alone', 0):,} outputs"
    kappa = measured(outcome, "judge_kappa")
    if kappa and kappa["value"] is not None:
        yield "Agreement beyond chance", f"kappa {figure(kappa['value'])} (1 is full agreement, 0 is chance)"


def _outcomes(outcome: Said) -> Iterator[Chart]:
    table = outcome["tables"].get("outcomes")
    if table:
        words = ("win", "tie", "loss")
        parts = (Part("✓", "wins", "ok"), Part("=", "ties", "warn"), Part("✕", "losses", "fail"))
        places: dict[str, list[int]] = {}
        for place, word, count in table["rows"]:
            places.setdefault(place, [0, 0, 0])[words.index(word)] = count
        names = {"any": "All", "first": "First", "second": "Second"}
        yield split(
            "Wins, ties and losses, by the place in which the answer was shown",
            parts,
            [(names.get(place, place), row) for place, row in places.items()],
        )


def _preferred(outcome: Said) -> Iterator[Fact]:
    inputs = outcome["inputs"]
    yield (
        "What was compared",
        f"{inputs.get('comparisons', 0):,} comparisons on {inputs.get('prompts', 0):,} prompts",
    )


def _used(outcome: Said) -> Iterator[Fact]:
    rate = measured(outcome, "incident_rate")
    if rate and "incidents" in rate["details"]:
        yield (
            "Counted",
            f"{rate['details']['incidents']:,} incidents in {rate['details']['queries']:,} queries",
        )


ROWS = (
    Presentation(
        "llm-output",
        passes="Outputs are good often enough, as people would rate them.",
        fails="Outputs are good too seldom, as people would rate them.",
        undecided="It can't be told whether outputs are good often enough.",
        deciding=_rated,
        further=_agreement,
        facts=_believed,
        tables=stored_tables,
        things="outputs",
    ),
    Presentation(
        "llm-preference",
        passes="The outputs are preferred often enough.",
        fails="The outputs are not preferred often enough, or the comparison isn't sound.",
        undecided="It can't be told whether the outputs are preferred often enough.",
        deciding=judged_charts,
        further=_outcomes,
        facts=_preferred,
        tables=stored_tables,
        things="prompts",
    ),
    Presentation(
        "llm-operations",
        passes="Incidents and costs in use stay within their bounds.",
        fails="Incidents or costs in use are beyond their bound.",
        undecided="It can't be told whether incidents and costs stay within their bounds.",
        deciding=judged_charts,
        facts=_used,
        things="queries",
    ),
)
