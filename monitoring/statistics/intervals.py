"""Intervals for shares, their differences and ratios, means, ranks and counts.

All take a two-sided confidence level in (0, 1) and return (low, high) in the unit of the estimate; an interval
that does not exist is (nan, nan), one that has no end reaches an infinity. Randomness comes in as a generator.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Interval = tuple[float, float]
NONE: Interval = (math.nan, math.nan)


def wilson(successes: float, n: float, level: float) -> Interval:
    """Score interval of a share (Wilson 1927); exact ends 0 and 1 at 0 and n successes. n = 0 has none."""
    if n <= 0:
        return NONE
    z = float(stats.norm.isf((1 - level) / 2))
    share, square = successes / n, z * z
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = z / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    low = 0.0 if successes <= 0 else max(0.0, centre - half)
    high = 1.0 if successes >= n else min(1.0, centre + half)
    return low, high


def exact(successes: float, n: float, level: float) -> Interval:
    """Clopper-Pearson interval of a share: never below its level. For verdicts of `fail` on small groups."""
    if n <= 0:
        return NONE
    tail = (1 - level) / 2
    low = 0.0 if successes <= 0 else float(stats.beta.ppf(tail, successes, n - successes + 1))
    high = 1.0 if successes >= n else float(stats.beta.isf(tail, successes + 1, n - successes))
    return low, high


ShareInterval = Callable[[float, float, float], Interval]


def difference(
    k1: float, n1: float, k2: float, n2: float, level: float, *, share: ShareInterval = wilson
) -> Interval:
    """Interval of k1/n1 - k2/n2 from the intervals of both shares (Newcombe 1998, method 10)."""
    if n1 <= 0 or n2 <= 0:
        return NONE
    p1, p2 = k1 / n1, k2 / n2
    (l1, u1), (l2, u2) = share(k1, n1, level), share(k2, n2, level)
    return p1 - p2 - math.hypot(p1 - l1, u2 - p2), p1 - p2 + math.hypot(u1 - p1, p2 - l2)


def ratio(
    k1: float, n1: float, k2: float, n2: float, level: float, *, share: ShareInterval = wilson
) -> Interval:
    """Interval of (k1/n1) / (k2/n2) from the intervals of both shares (Donner & Zou 2012, MOVER-R).

    Needs no correction for zeros: with k2 = 0 it has no upper end, with both 0 it is (0, inf).
    """
    if n1 <= 0 or n2 <= 0:
        return NONE
    p1, p2 = k1 / n1, k2 / n2
    (l1, u1), (l2, u2) = share(k1, n1, level), share(k2, n2, level)
    product = p1 * p2

    def root(first: float, second: float) -> float:
        return math.sqrt(max(0.0, product * product - first * second))

    # The lower end in its rationalised form, which stays finite where 2 p2 = u2.
    below, above = l1 * (2 * p1 - l1), u2 * (2 * p2 - u2)
    bottom = product + root(below, above)
    low = below / bottom if bottom > 0 else 0.0
    below, above = u1 * (2 * p1 - u1), l2 * (2 * p2 - l2)
    high = (product + root(below, above)) / above if above > 0 else math.inf
    return max(0.0, low), high


def poisson(events: float, exposure: float, level: float) -> Interval:
    """Exact interval of a rate per unit of exposure (Garwood 1936)."""
    if exposure <= 0:
        return NONE
    tail = (1 - level) / 2
    low = 0.0 if events == 0 else float(stats.chi2.ppf(tail, 2 * events)) / 2
    return low / exposure, float(stats.chi2.isf(tail, 2 * (events + 1))) / 2 / exposure


def unseen(values: NDArray[np.float64], level: float, ends: Interval) -> Interval:
    """How far a mean of values within `ends` may lie from the one at hand by rows of a kind that no row at hand is of.

    A kind of row with more than a share of 1 - tail^(1/n) would have been seen, and may lie at an end. No values have none.
    This alone bounds a mean where all values at hand are (nearly) equal, of which Student's interval makes certainty.
    """
    if not len(values):
        return NONE
    share, centre = exact(0, len(values), level)[1], float(np.mean(values))
    return (
        centre - share * max(0.0, float(np.min(values)) - ends[0]),
        centre + share * max(0.0, ends[1] - float(np.max(values))),
    )


def variance(values: NDArray[np.float64], ends: Interval) -> float:
    """Sample variance (divisor n - 1); of equal values that of the values and both `ends` of what could have been.

    That none was seen to differ is no proof that none does. NaN for fewer than two values, or where the ends are equal.
    """
    if len(values) < 2:
        return math.nan
    if float(np.ptp(values)) > 0 and (found := float(np.var(values, ddof=1))) > 0:
        return found
    padded = float(np.var(np.append(values, ends), ddof=1)) if ends[0] < ends[1] else 0.0
    return padded if padded > 0 else math.nan


def student(values: NDArray[np.float64], level: float, ends: Interval) -> Interval:
    """Student's interval of a mean whose values lie within `ends` (see `variance`)."""
    error = math.sqrt(variance(values, ends) / max(len(values), 1))
    if math.isnan(error):
        return NONE
    half = float(stats.t.isf((1 - level) / 2, len(values) - 1)) * error
    centre = float(np.mean(values))
    return centre - half, centre + half


def bounded(values: NDArray[np.float64], level: float, ends: Interval) -> Interval:
    """Student's interval of a mean of values that can't lie outside `ends`, never narrower than `unseen`."""
    own, other = student(values, level, ends), unseen(values, level, ends)
    if math.isnan(own[0]):
        return NONE
    return max(ends[0], min(own[0], other[0])), min(ends[1], max(own[1], other[1]))


def welch(first: NDArray[np.float64], second: NDArray[np.float64], level: float, ends: Interval) -> Interval:
    """Interval of mean(first) - mean(second) without assuming equal variances (Welch 1947; see `variance`)."""
    parts = [(variance(values, ends) / max(len(values), 1), len(values)) for values in (first, second)]
    total = sum(part for part, _ in parts)
    if math.isnan(total):
        return NONE
    half = float(stats.t.isf((1 - level) / 2, freedom(parts))) * math.sqrt(total)
    centre = float(np.mean(first) - np.mean(second))
    return centre - half, centre + half


def freedom(parts: list[tuple[float, int]]) -> float:
    """Degrees of freedom of a sum of variances of means, each with its n (Satterthwaite 1946)."""
    return sum(part for part, _ in parts) ** 2 / sum(part * part / (n - 1) for part, n in parts)


def tango(gained: int, lost: int, n: int, level: float) -> Interval:
    """Interval of (gained - lost) / n, a difference of shares on the same rows (Tango 1998, by the score).

    `gained` counts rows that the first alone has, `lost` those that the second alone has. With none of either it reaches
    z^2 / (n + z^2) each way, never nothing. n = 0 has none.
    """
    if n <= 0:
        return NONE
    z = float(stats.norm.isf((1 - level) / 2))
    value = (gained - lost) / n

    def score(delta: float) -> float:
        # The likeliest share of rows lost, under this difference, solves a quadratic equation.
        b = (gained + lost) * (1 - delta) - 2 * (n - gained) * delta
        share = (b + math.sqrt(max(0.0, b * b + 8 * n * lost * delta * (1 - delta)))) / (4 * n)
        spread = n * (2 * share + delta - delta * delta)
        return abs(gained - lost - n * delta) / math.sqrt(spread) if spread > 0 else math.inf

    def end(edge: float) -> float:
        inner, outer = value, edge
        for _ in range(60 if value != edge else 0):
            middle = (inner + outer) / 2
            inner, outer = (middle, outer) if score(middle) <= z else (inner, middle)
        return outer

    return end(-1.0), end(1.0)


def apart(first: float, of_first: Interval, second: float, of_second: Interval) -> Interval:
    """Interval of first - second from the intervals of both (MOVER; Zou & Donner 2008), as if they were independent."""
    (l1, u1), (l2, u2) = of_first, of_second
    return (
        first - second - math.hypot(first - l1, u2 - second),
        first - second + math.hypot(u1 - first, second - l2),
    )


def padded(differences: NDArray[np.float64]) -> float:
    """Standard error of a mean of differences within -1 and 1, with one more of each end than was seen.

    Two models that agree on all rows at hand may still differ on a rare kind of row that isn't among them.
    """
    n = len(differences)
    return math.sqrt(float(np.var(np.append(differences, (-1.0, 1.0)), ddof=1)) / n) if n > 1 else math.nan


def ranks(
    score: NDArray[np.float64], label: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each case the share of the other class on its wrong side taken from 1, ties as halves; in the rows' order.

    Of positives the share of negatives below, of negatives the share of positives above. The mean of either is the ROC
    area; what they vary by is DeLong's variance. Both classes must be there.
    """
    positive, negative = score[label == 1], score[label == 0]
    ordered, others = np.sort(negative), np.sort(positive)
    below = np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")
    under = np.searchsorted(others, negative, "left") + np.searchsorted(others, negative, "right")
    return below / (2 * len(negative)), 1 - under / (2 * len(positive))


def delong(score: NDArray[np.float64], label: NDArray[np.int64]) -> tuple[float, float]:
    """Area under the ROC curve and its standard error (DeLong 1988, by midranks as Sun & Xu 2014).

    `label` is 1 or 0. The area is NaN with one class only; the error is NaN with fewer than two of a class.
    """
    positive, negative = np.sort(score[label == 1]), np.sort(score[label == 0])
    m, n = len(positive), len(negative)
    if m == 0 or n == 0:
        return math.nan, math.nan
    # Share of the other class below each case, ties as halves.
    above = (np.searchsorted(negative, positive, "left") + np.searchsorted(negative, positive, "right")) / (
        2 * n
    )
    below = 1 - (
        np.searchsorted(positive, negative, "left") + np.searchsorted(positive, negative, "right")
    ) / (2 * m)
    area = float(np.mean(above))
    if m < 2 or n < 2:
        return area, math.nan
    return area, math.sqrt(float(np.var(above, ddof=1)) / m + float(np.var(below, ddof=1)) / n)


def area(value: float, error: float, positives: int, negatives: int, level: float) -> Interval:
    """Interval of a ROC area on the logit scale, within 0 and 1.

    At 0 or 1 the standard error is nothing; the end then comes from Wilson's interval on the smaller class, which
    is what bounds how well perfect separation is known.
    """
    if math.isnan(value) or math.isnan(error):
        return NONE
    if error == 0 or value in (0.0, 1.0):
        smaller = min(positives, negatives)
        return wilson(value * smaller, smaller, level)
    z = float(stats.norm.isf((1 - level) / 2))
    logit = math.log(value / (1 - value))
    spread = z * error / (value * (1 - value))
    return 1 / (1 + math.exp(-max(logit - spread, -700))), 1 / (1 + math.exp(-min(logit + spread, 700)))


def resample(counts: NDArray[np.int64], times: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """`times` multinomial resamples of the flattened count cells, shape (times, cells).

    In distribution this is the row bootstrap, at a cost independent of the rows.
    """
    flat = counts.reshape(-1).astype(np.int64)
    total = int(flat.sum())
    if total == 0:
        return np.zeros((times, flat.size), np.int64)
    return generator.multinomial(total, flat / total, size=times)


def percentile(draws: NDArray[np.float64], level: float) -> Interval:
    """Percentile interval of bootstrap draws. Undefined draws count towards both ends, so they only widen it."""
    if not len(draws):
        return NONE
    undefined = np.isnan(draws)
    if undefined.all():
        return NONE
    tail = (1 - level) / 2
    low = float(np.quantile(np.where(undefined, -np.inf, draws), tail, method="lower"))
    high = float(np.quantile(np.where(undefined, np.inf, draws), 1 - tail, method="higher"))
    return low, high


def reverse_percentile(value: float, draws: NDArray[np.float64], level: float) -> Interval:
    """Basic bootstrap interval: the percentile interval turned about the estimate.

    For statistics that chance can only push upwards (PSI, distances) it takes that push off.
    """
    low, high = percentile(draws, level)
    return 2 * value - high, 2 * value - low
