"""Whether the groups of an attribute differ by more than a bound: one verdict from many pairs.

* `fail`: some pair of groups lies outside by an exact interval that is simultaneous over all pairs of all judged
  comparisons (Bonferroni).
* `pass`: no pair is outside on the points, and against the reference group (fixed by the policy, otherwise the
  largest) every group is inside by its own uncorrected one-sided bounds, in both directions; of a group under
  `yardstick_share` of the rows the ratio is asked in one direction only (that it is not disadvantaged), because
  so few rows cannot be a yardstick for everybody else.
* everything else is `inconclusive`, with the rows that would decide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from monitoring.statistics import intervals
from monitoring.statistics.intervals import Interval
from monitoring.statistics.measuring import OWN_LEVEL, SHOWN_LEVEL
from monitoring.statistics.verdicts import ALPHA, Threshold, Verdict, rows_needed

Kind = Literal["ratio", "difference"]


@dataclass(frozen=True, slots=True)
class Share:
    """A group's successes in `of` rows; `size` is the group's rows in all."""

    name: str
    successes: int
    of: int
    size: int

    @property
    def value(self) -> float:
        return self.successes / self.of


@dataclass(frozen=True, slots=True)
class Comparison:
    """Groups of one attribute under one rate. `reference` names the group the policy fixed, if it did."""

    kind: Kind
    rate: str
    groups: tuple[Share, ...]
    reference: str | None = None

    @property
    def defined(self) -> tuple[Share, ...]:
        return tuple(group for group in self.groups if group.of > 0)

    def pairs(self) -> list[tuple[Share, Share]]:
        """Pairs (group, against) that are compared: with the fixed reference, otherwise all.

        Ratios are compared in both orders; a difference once, the lower rate first.
        """
        if self.reference is not None:
            return [
                (g, h) for h in self.defined if h.name == self.reference for g in self.defined if g is not h
            ]
        every = [(g, h) for g in self.defined for h in self.defined if g is not h]
        if self.kind == "ratio":
            return every
        return [(g, h) for g, h in every if (g.value, g.name) < (h.value, h.name)]

    @property
    def family(self) -> int:
        """How many separate pairs are judged."""
        return len({frozenset((g.name, h.name)) for g, h in self.pairs()})

    def value(self, group: Share, against: Share) -> float | None:
        if self.kind == "difference":
            return group.value - against.value
        return group.value / against.value if against.successes else None

    def interval(self, group: Share, against: Share, level: float, *, exact: bool = False) -> Interval:
        function = intervals.difference if self.kind == "difference" else intervals.ratio
        share: Callable[[float, float, float], Interval] = intervals.exact if exact else intervals.wilson
        return function(group.successes, group.of, against.successes, against.of, level, share=share)

    def yardstick(self) -> Share | None:
        """The reference group: the fixed one, otherwise the largest (the first in order of equals)."""
        if self.reference is not None:
            return next((g for g in self.defined if g.name == self.reference), None)
        return max(self.defined, key=lambda g: g.of, default=None)

    def extreme(self) -> tuple[Share, Share] | None:
        """The pair that shows the comparison's value: lowest against highest (or against the reference)."""
        pairs = self.pairs()
        if not pairs:
            return None
        if self.kind == "ratio":
            return min(pairs, key=lambda p: v if (v := self.value(*p)) is not None else float("inf"))
        return max(pairs, key=lambda p: abs(self.value(*p) or 0.0))


@dataclass(frozen=True, slots=True)
class Judgement:
    verdict: Verdict
    why: str
    rows_needed: int | None
    pairs: list[dict[str, Any]]


def bound_on(threshold: Threshold, kind: Kind) -> Threshold:
    """The threshold as it applies to one ordered pair: differences in either direction."""
    op = threshold.op
    if kind == "difference" and op in ("<=", "<"):
        op = "abs" + op
    return Threshold(
        threshold.metric, op, threshold.bound, threshold.unit, threshold.set_by, threshold.source
    )


def compare(
    comparison: Comparison,
    threshold: Threshold,
    *,
    family: int,
    minimum_group: int,
    yardstick_share: float,
) -> Judgement:
    """Judge all pairs of one comparison. `family` counts the pairs of every judged comparison of the run."""
    pairwise = bound_on(threshold, comparison.kind)
    yardstick = comparison.yardstick()
    least = max(minimum_group, threshold.minimum_n)
    small = [g.name for g in comparison.groups if 0 < g.of < least]
    undefined = [g.name for g in comparison.groups if g.of == 0]
    total = sum(g.size for g in comparison.groups)
    failed: list[str] = []
    open_pairs: list[str] = []
    rows: list[int | None] = []
    listed = []
    for group, against in comparison.pairs():
        value = comparison.value(group, against)
        own = comparison.interval(group, against, OWN_LEVEL)
        wide = comparison.interval(group, against, 1 - ALPHA / max(family, 1), exact=True)
        sentence = f"{group.name} against {against.name}: {'undefined' if value is None else repr(value)}"
        too_small = group.of < least or against.of < least
        outside = value is not None and not pairwise.holds(value)
        word = "inside"
        if outside and not too_small and pairwise.all_outside(*wide):
            word = "outside"
            failed.append(sentence)
        elif (
            value is None
            or outside
            or too_small
            or (
                _asked(comparison, group, against, yardstick, total, yardstick_share)
                and not pairwise.all_inside(*own)
            )
        ):
            word = "open"
        if word == "open":
            open_pairs.append(sentence)
            decisive = own if not outside else wide
            signed = (
                -threshold.bound if pairwise.op.startswith("abs") and (value or 0) < 0 else threshold.bound
            )
            rows.append(rows_needed(total, value, signed, *decisive))
        shown = comparison.interval(group, against, SHOWN_LEVEL)
        listed.append(
            {
                "group": group.name,
                "against": against.name,
                "rate": comparison.rate,
                "value": value,
                "low": shown[0],
                "high": shown[1],
                "own_low": own[0],
                "own_high": own[1],
                "widened_low": wide[0],
                "widened_high": wide[1],
                "judged": word,
            }
        )
    return _concluded(comparison, threshold, failed, open_pairs, rows, small, undefined, listed, family)


def _asked(
    comparison: Comparison, group: Share, against: Share, yardstick: Share | None, total: int, least: float
) -> bool:
    """Whether a pass needs this ordered pair inside by its own interval."""
    if against is yardstick or comparison.kind == "difference":
        return yardstick is group or yardstick is against
    return group is yardstick and against.size >= least * total


def _concluded(
    comparison: Comparison,
    threshold: Threshold,
    failed: list[str],
    open_pairs: list[str],
    rows: list[int | None],
    small: list[str],
    undefined: list[str],
    listed: list[dict[str, Any]],
    family: int,
) -> Judgement:
    needed = None if not rows or any(r is None for r in rows) else max(r for r in rows if r is not None)
    if failed:
        why = f"Outside {threshold.words()} beyond chance over {family} pairs: {_first(failed)}"
        return Judgement(Verdict.FAIL, why, None, listed)
    if len(comparison.defined) < 2 or not listed:
        return Judgement(
            Verdict.INCONCLUSIVE, "Undefined: fewer than two groups have a rate to compare.", None, listed
        )
    if undefined:
        why = (
            f"The rate is undefined (no row to count) in {_first(undefined)}; what is undefined never passes."
        )
        return Judgement(Verdict.INCONCLUSIVE, why, None, listed)
    if open_pairs:
        why = f"Too few rows to tell from {threshold.words()}: {_first(open_pairs)}"
        if small:
            why += f" Groups under the minimum number of rows: {_first(small)}"
        if needed is not None:
            why += f" About {needed} rows in all would decide."
        return Judgement(Verdict.INCONCLUSIVE, why, needed, listed)
    return Judgement(
        Verdict.PASS,
        f"Every group is inside {threshold.words()} by its own interval, and no pair is outside.",
        None,
        listed,
    )


def _first(texts: list[str]) -> str:
    return "; ".join(texts[:3]) + (f"; and {len(texts) - 3} more." if len(texts) > 3 else ".")
