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
    scale = abs(threshold["bound"]) or 1.0
    return place, 1, -words.beyond(threshold, value) / scale


def line(result: Said, check: Check | None, *, things: str = "rows") -> Line:
    """A result as it is read. `things` is what n counts."""
    threshold = result["threshold"]
    return Line(
        metric=title(result, check),
        where=words.where(result["slice"]),
        verdict=result["verdict"] or "",
        value=words.value_of(result),
        unit=words.unit(result["unit"]),
        interval=words.interval(result),
        n=result["n"],
        things=words.counted(result, things),
        bound=words.bound(threshold) if threshold else "the check's own rule" if result["verdict"] else "",
        set_by=words.clip(threshold["set_by"] or "the check", 120) if threshold else "the check",
        why=words.clip(result["why"], 600),
        changes=words.changes(result, things),
    )


def title(result: Said, check: Check | None) -> str:
    metric = check.metric(result["metric"]) if check else None
    return metric.title if metric else words.clip(result["metric"], 80)


def drawn(result: Said, check: Check | None, *, label: str = "") -> Judged:
    """A result as a row of a drawing; `label` instead of its name."""
    threshold = result["threshold"]
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
