"""How one column differs between two samples: contrasts in standard deviations, and the named distances.

A contrast is an effect in one unit (`sd` of the reference), its standard error and a p value. Numbers are put on
the reference's normal scores first, so that outliers and skew do not decide. Named distances (PSI, KS,
Jensen-Shannon, Wasserstein, chi-squared) come from scipy where it has them and are reported for those who know
them; none of them alone makes a verdict.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial.distance import jensenshannon

from monitoring.statistics import intervals
from monitoring.statistics.intervals import Interval

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
# Share given to an empty bin in the PSI, whose logarithm would not exist.
_EMPTY_SHARE = 1e-4


@dataclass(frozen=True, slots=True)
class Contrast:
    """A signed effect in sd with its standard error; `error` is NaN for an omnibus test, which only alarms.

    `freedom` are the degrees of freedom of the error, infinite where it is known and not learnt from few days.
    """

    name: str
    effect: float
    error: float
    p: float
    freedom: float = math.inf

    def magnitude(self, level: float) -> Interval:
        """Interval of the effect's size. An omnibus test has none."""
        if math.isnan(self.error):
            return intervals.NONE
        half = float(stats.t.isf((1 - level) / 2, self.freedom)) * self.error
        low, high = self.effect - half, self.effect + half
        return (0.0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))


def normal_scores(counts: Counts) -> Floats:
    """Standard normal quantile of each bin's midrank among the reference's `counts`; all its values are ties."""
    n = int(counts.sum())
    rank = counts.cumsum() - counts / 2
    scores: Floats = stats.norm.ppf((rank + 0.5) / (n + 1))
    return scores


def of_means(name: str, values: Floats, counts: Counts) -> Contrast:
    """Difference of means in standard deviations of the reference, Welch's standard error.

    `values` has one value for each bin, `counts` is (2, k).
    """
    (n, mean, variance), (m, other, other_variance) = (_moments(values, row) for row in counts)
    spread = math.sqrt(variance)
    if spread == 0:
        return Contrast(name, math.nan, math.nan, math.nan)
    effect = (other - mean) / spread
    # A current sample without spread says little about its own error; the reference's spread stands in.
    error = max(math.sqrt(variance / n + other_variance / m), spread * math.sqrt(1 / n + 0.1 / m)) / spread
    return Contrast(name, effect, error, float(2 * stats.norm.sf(abs(effect) / error)))


def _moments(values: Floats, counts: Counts) -> tuple[int, float, float]:
    """Rows, mean, and variance with divisor n - 1."""
    n = int(counts.sum())
    mean = float((values * counts).sum()) / n
    return n, mean, float((counts * (values - mean) ** 2).sum()) / max(n - 1, 1)


def of_shares(name: str, k_reference: int, n_reference: int, k_current: int, n_current: int) -> Contrast:
    """Cohen's h of two shares: the difference of their arcsine roots, whose error does not depend on the share.

    The p value is Fisher's where a count is under 10, so that a few odd rows alarm nobody.
    """
    effect = 2 * math.asin(math.sqrt(k_current / n_current)) - 2 * math.asin(
        math.sqrt(k_reference / n_reference)
    )
    error = math.sqrt(1 / n_reference + 1 / n_current)
    table = [[k_reference, n_reference - k_reference], [k_current, n_current - k_current]]
    if min(k_reference, k_current, n_reference - k_reference, n_current - k_current) < 10:
        p = float(stats.fisher_exact(table).pvalue)
    else:
        p = float(2 * stats.norm.sf(abs(effect) / error))
    return Contrast(name, effect, error, p)


def of_numbers(counts: Counts) -> list[Contrast]:
    """Location and scale on normal scores, and Kolmogorov-Smirnov for the shape, of (2, k) counts of ordered bins."""
    scores = normal_scores(counts[0])
    middle = int(np.searchsorted(counts[0].cumsum(), counts[0].sum() / 2))
    distance, p = kolmogorov_smirnov(counts)
    # The shift of a normal distribution that has the same KS distance.
    shape = 2 * float(stats.norm.ppf(min((1 + distance) / 2, 1 - 1e-12)))
    contrasts = [
        of_means("location", scores, counts),
        of_means("scale", np.abs(scores - scores[middle]), counts),
    ]
    return [c for c in contrasts if not math.isnan(c.effect)] + [Contrast("shape", shape, math.nan, p)]


def kolmogorov_smirnov(counts: Counts) -> tuple[float, float]:
    """Largest distance of the cumulated shares of (2, k) counts, and its p value (as scipy's ks_2samp, "asymp").

    On bins the distance is at most the exact one, so that it never alarms more often.
    """
    n, m = (int(row.sum()) for row in counts)
    distance = float(ks_of(counts))
    return distance, float(stats.kstwo.sf(distance, np.round(n * m / (n + m))))


def of_categories(names: tuple[str, ...], counts: Counts, frequent: int) -> list[Contrast]:
    """Shares of the most frequent categories, and the chi-squared test of homogeneity. `counts` is (2, k)."""
    n, m = int(counts[0].sum()), int(counts[1].sum())
    order = np.argsort(-counts.sum(axis=0), kind="stable")[:frequent]
    contrasts = [
        of_shares(f"share of {names[i]!r}", int(counts[0, i]), n, int(counts[1, i]), m)
        for i in order
        if counts[:, i].sum() * min(n, m) / (n + m) >= 5
    ]
    statistic, p, freedom = chi_squared(counts)
    if freedom:
        effect = math.sqrt(max(0.0, statistic - freedom) * (1 / n + 1 / m))
        contrasts.append(Contrast("all shares", effect, math.nan, p))
    return contrasts


def chi_squared(counts: Counts) -> tuple[float, float, int]:
    """Statistic, p and degrees of freedom of the homogeneity of two rows of counts.

    Both rows are samples; the reference is never taken as exact expectation. Categories expected fewer than five
    times in either row are pooled (Cochran), the statistic is 0 with no freedom if one category is left.
    """
    n, m = counts.sum(axis=1)
    expected = counts.sum(axis=0) * min(n, m) / (n + m)
    pooled = np.concatenate(
        [counts[:, expected >= 5], counts[:, expected < 5].sum(axis=1, keepdims=True)], axis=1
    )
    pooled = pooled[:, pooled.sum(axis=0) > 0]
    if pooled.shape[1] < 2 or (pooled.sum(axis=1) == 0).any():
        return 0.0, 1.0, 0
    answer = stats.chi2_contingency(pooled, correction=False)
    return float(answer.statistic), float(answer.pvalue), int(answer.dof)


def psi(counts: Counts) -> float:
    """Population stability index of (..., 2, k) counts: sum of (q - p) ln(q / p)."""
    return float(psi_of(counts))


def psi_of(counts: NDArray[np.int64]) -> Floats:
    shares = np.maximum(counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1), _EMPTY_SHARE)
    p, q = shares[..., 0, :], shares[..., 1, :]
    total: Floats = ((q - p) * np.log(q / p)).sum(axis=-1)
    return total


def psi_without_drift(counts: Counts) -> tuple[float, float]:
    """The PSI to expect if nothing drifted, and the p value of the one found (chi-squared law, Yurdakul 2018)."""
    bins = int((counts.sum(axis=0) > 0).sum())
    scale = float((1 / np.maximum(counts.sum(axis=1), 1)).sum())
    if bins < 2:
        return 0.0, 1.0
    return (bins - 1) * scale, float(stats.chi2.sf(psi(counts) / scale, bins - 1))


def jensen_shannon_of(counts: NDArray[np.int64]) -> Floats:
    """Jensen-Shannon distance in base 2 (0 to 1) of (..., 2, k) counts, by scipy."""
    p, q = counts[..., 0, :], counts[..., 1, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        distance: Floats = np.asarray(jensenshannon(p, q, base=2, axis=-1), dtype=np.float64)
    return distance


def ks_of(counts: NDArray[np.int64]) -> Floats:
    """Largest distance of the cumulated shares of (..., 2, k) counts of ordered bins."""
    cumulated = counts.cumsum(axis=-1) / np.maximum(counts.sum(axis=-1, keepdims=True), 1)
    distance: Floats = np.abs(cumulated[..., 0, :] - cumulated[..., 1, :]).max(axis=-1)
    return distance


def coarse(counts: Counts, bins: int) -> tuple[list[int], Counts]:
    """Fine bins (2, k) put together at the reference's quantiles: the last fine bin of each, and the counts."""
    cumulated = counts[0].cumsum()
    ranks = np.ceil(np.arange(1, bins) * cumulated[-1] / bins)
    last = np.unique(np.searchsorted(cumulated, ranks))
    last = last[cumulated[last] < cumulated[-1]]
    starts = np.concatenate([[0], last + 1]).astype(np.int64)
    return last.tolist(), np.add.reduceat(counts, starts, axis=1)


def draws(counts: Counts, times: int, seed: int, place: int) -> NDArray[np.int64]:
    """Both rows resampled, shape (times, 2, k); the same for the same seed and place."""
    generator = np.random.default_rng(np.random.SeedSequence([seed, place]))
    sides = [intervals.resample(row, times, generator) for row in counts]
    return np.stack(sides, axis=1)
