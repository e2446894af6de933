"""Results in the order a reader needs them: the worst first, each with its words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.charts.bounds import Judged
from monitoring.checks.rows import Check
from monitoring.presentation import words

Said = Mapping[str, Any]
"""A result, or an outcome, as stored."""
ROWS = 50
"""Results and rows of a table that a page shows; the rest is counted and linked."""
DRAWN = 16


@dataclass(frozen=True, slots=True)
class Line:
    """One result in words."""

    metric: str
    where: str
    verdict: str
    value: str
    unit: str
    interval: str
    interval_kind: str
    n: int
    things: str
    bound: str
    set_by: str
    why: str
    changes: str

    @property
    def name(self) -> str:
        return f"{self.metric} ({self.where})" if self.where else self.metric


def ranked(results: Iterable[Said]) -> list[Said]:
    """Judged results, the worst verdict and the farthest miss first; the order is the same for the same results."""
    judged = [result for result in results if result["verdict"]]
    return sorted(judged, key=_badness)


def _badness(result: Said) -> tuple[int, int, float]:
    place = words.VERDICTS.index(result["verdict"])
    threshold, value = result["threshold"], result["value"]
    if threshold is None or value is None:
        return place, 0, 0.0
    if result["verdict"] == "pass" and words.is_counted(result):
        # What is counted can't be closer to failing than what is estimated: it is met, or it isn't.
        return place, 2, 0.0
    scale = abs(threshold["bound"]) or 1.0
    return place, 1, -words.beyond(threshold, value) / scale


def line(result: Said, check: Check | None, *, things: str = "rows", least: int = 0) -> Line:
    """A result as it is read. `things` is what n counts, `least` how many of them decide anything."""
    threshold = result["threshold"]
    return Line(
        metric=title(result, check),
        where=words.where(result["slice"]),
        verdict=result["verdict"] or "",
        value=words.value_of(result),
        unit=words.unit(result["unit"]),
        interval=words.interval(result),
        interval_kind=words.kind_of_interval(result),
        n=result["n"],
        things=words.counted(result, things),
        bound=words.rule(result),
        set_by=words.clip(threshold["set_by"] or "the check", 120) if threshold else "the check",
        why=words.clip(result["why"], 600),
        changes=words.changes(result, things, least),
    )


def title(result: Said, check: Check | None) -> str:
    metric = check.metric(result["metric"]) if check else None
    return metric.title if metric else words.clip(result["metric"], 80)


def drawn(result: Said, check: Check | None, *, label: str = "") -> Judged:
    """A result as a row of a drawing; `label` instead of its name. Of drift's own rule the tolerance is the bound drawn."""
    threshold, allowed = result["threshold"], words.tolerance(result)
    if allowed is not None:
        threshold = {"op": "<=", "bound": allowed}
    name = label or words.where(result["slice"]) or title(result, check)
    return Judged(
        words.clip(name, 120), result["value"], result["low"], result["high"], result["n"], result["verdict"] or "",
        threshold["op"] if threshold else "", threshold["bound"] if threshold else None,
    )  # fmt: skip


def of(outcome: Said, *metrics: str) -> list[Said]:
    """Results of these metrics."""
    return [result for result in outcome["results"] if result["metric"] in metrics]


def tally(results: Sequence[Said]) -> str:
    """How many results carry which verdict, worst first."""
    counts = {verdict: sum(r["verdict"] == verdict for r in results) for verdict in words.VERDICTS}
    return ", ".join(f"{count:,} {verdict}" for verdict, count in counts.items() if count)
