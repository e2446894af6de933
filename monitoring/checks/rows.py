"""What a row of the table of checks says. Light: functions are named by dotted path and resolved where they run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from monitoring.statistics.verdicts import Threshold

DIRECTIONS = ("higher is better", "lower is better", "nearer to its target is better", "neither")


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    title: str
    unit: str
    direction: str


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    default: Any
    why: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A threshold for those who set none when they try a check; policies always say their own.

    It applies when all inputs in `given` are there and none in `without`.
    """

    threshold: Threshold
    given: tuple[str, ...]
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One row. `needs` must be given, `optional` adds results; `rmf` names the subcategories it can support.

    `reads` says what its function is given: each dataset as a `table` in memory, or as a `profile` of counts, of which
    the current one is counted on the reference's edges; or as a `history` of such profiles.
    """

    name: str
    title: str
    question: str
    kind: str
    needs: tuple[str, ...]
    optional: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    function: str
    rule: str
    cannot_tell: str
    metrics: tuple[Metric, ...]
    rmf: tuple[str, ...]
    suggestions: tuple[Suggestion, ...] = ()
    reads: str = "table"

    def suggested(self, given: Iterable[str]) -> tuple[Threshold, ...]:
        """Thresholds for a trial with these inputs."""
        inputs = set(given)
        return tuple(
            s.threshold
            for s in self.suggestions
            if inputs.issuperset(s.given) and inputs.isdisjoint(s.without)
        )

    def metric(self, name: str) -> Metric | None:
        return next((metric for metric in self.metrics if metric.name == name), None)


HIGHER, LOWER, NEARER, NEITHER = DIRECTIONS
UNKNOWN = Parameter(
    "maximum_unknown_share",
    0.05,
    "Above this share of blank or unknown labels or predictions nothing may pass.",
)
INTERVALS = (
    "Fails when the whole interval, widened for all comparisons made, misses the threshold. Passes when the "
    "figure's own one-sided 95 % bound meets it. Otherwise inconclusive, with the rows that would decide. "
    "What is undefined, not a number or missing never passes."
)
SET_BY = "suggested by the catalogue"
