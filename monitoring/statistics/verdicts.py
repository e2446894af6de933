"""When a measurement passes, fails or cannot tell.

Light: the standard library alone. A threshold comes from a policy and was set before the run; comparisons are
made on unrounded figures. Rules (fail and pass are asked of different intervals on purpose):

* `fail` needs an interval that lies entirely outside the bound and is simultaneous over the whole family of
  comparisons (the caller widens it), so that chance among many groups does not fail a fair model;
* `pass` needs the measurement's own, uncorrected one-sided bounds inside: an intersection-union test of
  "every comparison is inside" has its level without correction (Berger 1982);
* everything else is `inconclusive`; what is not a number never passes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

OPERATORS = (">=", "<=", ">", "<", "abs<=", "abs<")
# Nominal error of one verdict, both for failing what is inside and for passing what is outside.
ALPHA = 0.05


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105 - a verdict's word, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


_WORST_FIRST = (Verdict.ERROR, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)


def worst(verdicts: Iterable[Verdict | None]) -> Verdict:
    """The worst verdict given; verdicts that are None were not asked for. Nothing judged is never a pass."""
    judged = {verdict for verdict in verdicts if verdict is not None}
    return next((verdict for verdict in _WORST_FIRST if verdict in judged), Verdict.INCONCLUSIVE)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A bound on one metric: who set it and where it comes from.

    `op` is one of OPERATORS; `unit` is the unit the bound is written in (empty: the metric's own);
    `minimum_n` is the least number of rows on which a verdict other than inconclusive may rest.
    `slice` restricts the threshold to the results of one slice (pairs of attribute and group).
    """

    metric: str
    op: str
    bound: float
    unit: str = ""
    set_by: str = ""
    source: str = ""
    minimum_n: int = 0
    slice: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.op not in OPERATORS:
            raise ValueError(
                f"threshold {self.metric}: operator {self.op!r} is not one of {', '.join(OPERATORS)}."
            )
        if isinstance(self.bound, bool) or not math.isfinite(self.bound):
            raise ValueError(f"threshold {self.metric}: the bound {self.bound!r} is not a finite number.")
        if self.op.startswith("abs") and self.bound < 0:
            raise ValueError(f"threshold {self.metric}: a bound on an absolute value cannot be negative.")

    def holds(self, value: float | None) -> bool:
        """Whether an exactly known value meets the bound, unrounded. None, NaN and infinities never do."""
        if value is None or not math.isfinite(value):
            return False
        if self.op.startswith("abs"):
            value = abs(value)
        if self.op == ">=":
            return value >= self.bound
        if self.op in ("<=", "abs<="):
            return value <= self.bound
        return value > self.bound if self.op == ">" else value < self.bound

    def all_inside(self, low: float, high: float) -> bool:
        """Whether every value of [low, high] meets the bound."""
        if math.isnan(low) or math.isnan(high):
            return False
        if self.op in (">=", ">"):
            return low >= self.bound if self.op == ">=" else low > self.bound
        edge = max(abs(low), abs(high)) if self.op.startswith("abs") else high
        return edge <= self.bound if self.op.endswith("=") else edge < self.bound

    def all_outside(self, low: float, high: float) -> bool:
        """Whether no value of [low, high] meets the bound."""
        if math.isnan(low) or math.isnan(high):
            return False
        if self.op in (">=", ">"):
            return high < self.bound if self.op == ">=" else high <= self.bound
        if self.op.startswith("abs"):
            nearest = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
        else:
            nearest = low
        return nearest > self.bound if self.op.endswith("=") else nearest >= self.bound

    def words(self) -> str:
        """The bound as a reader sees it, for instance `accuracy >= 0.8`."""
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.metric} {self.op} {self.bound!r}{unit}"

    def as_dict(self) -> dict[str, object]:
        return {
            "metric": self.metric,
            "op": self.op,
            "bound": self.bound,
            "unit": self.unit,
            "set_by": self.set_by,
            "source": self.source,
            "minimum_n": self.minimum_n,
            "slice": dict(self.slice),
        }


def fault_of(threshold: Threshold, unit: str, low: float, high: float) -> str | None:
    """Why a bound cannot be meant for a metric of this unit and range (`80` for a share), or None."""
    if threshold.unit and threshold.unit != unit:
        return f"the bound is written in {threshold.unit!r}, the metric is measured in {unit!r}"
    least = 0.0 if threshold.op.startswith("abs") else low
    if not least <= threshold.bound <= high:
        return f"the bound {threshold.bound!r} is outside the metric's range {low!r} to {high!r}"
    return None


def judge(
    threshold: Threshold,
    value: float | None,
    n: int,
    *,
    own: tuple[float, float],
    simultaneous: tuple[float, float],
) -> tuple[Verdict, str]:
    """Verdict and its reason for one measurement.

    `own` holds the two one-sided bounds at 1 - ALPHA (the ends of a two-sided interval at 1 - 2 ALPHA);
    `simultaneous` an interval at 1 - ALPHA over the whole family. Both in the metric's unit.
    """
    if value is None or math.isnan(value):
        return Verdict.INCONCLUSIVE, f"Undefined on {n} rows; what is undefined never passes."
    if not math.isfinite(value):
        return Verdict.INCONCLUSIVE, f"Not a finite number ({value!r}) on {n} rows."
    if n < threshold.minimum_n:
        return Verdict.INCONCLUSIVE, f"{n} rows; at least {threshold.minimum_n} are needed for a verdict."
    if all(map(math.isnan, (*own, *simultaneous))):
        return Verdict.INCONCLUSIVE, (
            f"{value!r} on {n} rows has no interval (too few values, or values that are all equal), so nothing bounds it."
        )
    if not threshold.holds(value):
        if threshold.all_outside(*simultaneous):
            return Verdict.FAIL, (
                f"{value!r} misses {threshold.words()}, and so does its whole interval "
                f"{simultaneous[0]:.6g} to {simultaneous[1]:.6g}, widened for all comparisons made."
            )
        return Verdict.INCONCLUSIVE, (
            f"{value!r} misses {threshold.words()}, but its interval widened for all comparisons "
            f"({simultaneous[0]:.6g} to {simultaneous[1]:.6g}) still reaches the bound: chance is not excluded."
        )
    if threshold.all_inside(*own):
        return (
            Verdict.PASS,
            f"{value!r} meets {threshold.words()}, and so do its bounds {own[0]:.6g} to {own[1]:.6g}.",
        )
    return Verdict.INCONCLUSIVE, (
        f"{value!r} meets {threshold.words()}, but with {n} rows its bounds {own[0]:.6g} to {own[1]:.6g} reach past it."
    )


def judge_exact(threshold: Threshold, value: float | None, n: int) -> tuple[Verdict, str]:
    """Verdict for a figure that is counted, not estimated (a share of missing values in the file at hand)."""
    if value is None or not math.isfinite(value):
        return Verdict.INCONCLUSIVE, f"Undefined on {n} rows; what is undefined never passes."
    if n < threshold.minimum_n:
        return Verdict.INCONCLUSIVE, f"{n} rows; at least {threshold.minimum_n} are needed for a verdict."
    if threshold.holds(value):
        return Verdict.PASS, f"{value!r} meets {threshold.words()}."
    return Verdict.FAIL, f"{value!r} misses {threshold.words()}."


def rows_needed(n: int, value: float | None, bound: float, low: float, high: float) -> int | None:
    """About how many rows in all would decide, if the estimate stayed and the interval shrank with sqrt(n).

    None where no number would (the estimate is at the bound, undefined, or the interval is infinite).
    """
    if value is None or not all(map(math.isfinite, (value, low, high))) or value == bound or n <= 0:
        return None
    half = value - low if value > bound else high - value
    return max(n + 1, math.ceil(n * (half / abs(value - bound)) ** 2)) if half > 0 else None
