"""What a row of the table of presentations says, and the drawings that several checks share. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.catalogue import CATALOGUE
from monitoring.charts.bars import Part, split
from monitoring.charts.bounds import against_bounds
from monitoring.charts.intervals import Estimate, by_group
from monitoring.charts.svg import Chart, Table
from monitoring.presentation.results import DRAWN, ROWS, Said, drawn, of, ranked, title
from monitoring.presentation.words import clip, figure, kind_of_interval, where

Fact = tuple[str, str]
"""A term and what is said of it."""
VERDICT_PARTS = (
    Part("✕", "fail", "fail"),
    Part("!", "error", "warn"),
    Part("?", "inconclusive", "info"),
    Part("✓", "pass", "ok"),
)
MOST_CHARTS = 6


@dataclass(frozen=True, slots=True)
class Listed:
    """A table as a page shows it, and how many of its rows were left off."""

    table: Table
    left_off: int = 0


def no_facts(_: Said) -> Iterable[Fact]:
    return ()


def no_charts(_: Said) -> Iterable[Chart]:
    return ()


def no_tables(_: Said) -> Iterable[Listed]:
    return ()


@dataclass(frozen=True, slots=True)
class Presentation:
    """One check's row: its verdicts in words, the chart that shows the verdict, further charts, facts and tables.

    `deciding` draws the one chart that shows the verdict; `further` and `tables` what lies behind it; `things` is what n
    counts. All are functions of the stored outcome alone.
    """

    check: str
    passes: str
    fails: str
    undecided: str
    deciding: Callable[[Said], Iterable[Chart]]
    further: Callable[[Said], Iterable[Chart]] = no_charts
    facts: Callable[[Said], Iterable[Fact]] = no_facts
    tables: Callable[[Said], Iterable[Listed]] = no_tables
    things: str = "rows"

    def says(self, verdict: str) -> str:
        """The verdict in one sentence."""
        known = {"pass": self.passes, "fail": self.fails, "inconclusive": self.undecided}
        return known.get(verdict, "An error: something could not be judged, so nothing passed.")


def judged_charts(outcome: Said) -> Iterator[Chart]:
    """Every judged figure against its bound, one drawing for each unit, the worst first; unjudged ones if none is judged."""
    check = CATALOGUE.get(outcome["check"])
    results = ranked(outcome["results"]) or list(outcome["results"])
    units = list(dict.fromkeys(_scale(result) for result in results))
    for name in units[:MOST_CHARTS]:
        mine = [result for result in results if _scale(result) == name]
        metrics = list(dict.fromkeys(title(result, check) for result in mine))
        one = len(metrics) == 1
        yield worst_first(
            metrics[0] if one else "What was judged" if mine[0]["verdict"] else "What was measured",
            mine,
            measure=_measure(metrics[0], name) if one else name or "value",
            labels=[
                (one and where(result["slice"])) or _label(result, title(result, check)) for result in mine
            ],
        )


def _scale(result: Said) -> str:
    """What is drawn on one axis: an area under a curve lies between 0 and 1 as shares do."""
    return "share" if result["unit"] == "area" else str(result["unit"])


def _measure(metric: str, unit: str) -> str:
    return clip(metric, 60) if not unit or unit in metric.lower() else f"{clip(metric, 60)}, {unit}"


def _label(result: Said, name: str) -> str:
    rows = where(result["slice"])
    return f"{name}, {rows}" if rows else name


def worst_first(
    heading: str, results: Sequence[Said], *, measure: str, labels: Sequence[str] | None = None
) -> Chart:
    """Results against their bounds, at most DRAWN of them; the title says how many there are."""
    check = None
    if len(results) > DRAWN:
        heading = f"{heading}: {DRAWN} of {len(results):,}, worst first"
    names = labels or [""] * len(results)
    rows = [drawn(result, check, label=name) for result, name in zip(results[:DRAWN], names, strict=False)]
    return against_bounds(heading, rows, measure=measure, interval=kind_of_interval(results[0]))


def verdicts_by(heading: str, results: Iterable[Said], key: Callable[[Said], str]) -> Chart:
    """How many results of each kind carry which verdict."""
    counts: dict[str, list[int]] = {}
    for result in results:
        if result["verdict"]:
            row = counts.setdefault(clip(key(result), 40), [0] * len(VERDICT_PARTS))
            row[[part.words for part in VERDICT_PARTS].index(result["verdict"])] += 1
    order = sorted(counts.items(), key=lambda item: [-count for count in item[1][:3]])
    return split(heading, VERDICT_PARTS, order[:DRAWN])


def groups_chart(heading: str, results: Sequence[Said], *, measure: str) -> Chart:
    """A figure of each group with its interval, no bound."""
    if len(results) > DRAWN:
        heading = f"{heading}: {DRAWN} of {len(results):,}"
    rows = [
        Estimate(
            clip(" x ".join(map(str, r["slice"].values())) or "all rows", 80),
            r["value"],
            r["low"],
            r["high"],
            r["n"],
            r["verdict"] or "",
        )
        for r in results[:DRAWN]
    ]
    return by_group(heading, rows, measure=measure)


def by_attribute(results: Iterable[Said]) -> dict[str, list[Said]]:
    """Results of single groups, by the attribute (or the combination) that cuts them."""
    found: dict[str, list[Said]] = {}
    for result in results:
        if result["slice"] and "by" not in result["slice"]:
            found.setdefault(" x ".join(map(str, result["slice"])), []).append(result)
    return found


def stored_tables(outcome: Said, *, but: Sequence[str] = ()) -> Iterator[Listed]:
    """The counts behind the charts, as the check stored them."""
    for name, table in list(outcome["tables"].items())[:MOST_CHARTS]:
        if isinstance(table, dict) and name not in but:
            yield listed(f"Counted: {clip(name, 80)}", table["columns"], table["rows"])


def listed(caption: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> Listed:
    """Rows as text, at most ROWS of them."""
    cells = tuple(tuple(cell(value) for value in row) for row in rows[:ROWS])
    names = tuple(clip(name, 60).replace("_", " ") for name in header)
    return Listed(Table(caption, names, cells), max(0, len(rows) - ROWS))


def cell(value: Any) -> str:
    """A cell in words."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return figure(value) if isinstance(value, (int, float)) else clip(value, 120)


def measured(outcome: Said, metric: str) -> Said | None:
    """The first result of a metric."""
    return next(iter(of(outcome, metric)), None)
