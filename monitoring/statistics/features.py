"""One column of two datasets, compared: contrasts for the verdict, named distances for the reader.

Constant columns, columns without values and identifiers say why they cannot be compared instead of passing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from monitoring.statistics import contrasts, intervals
from monitoring.statistics.contrasts import Contrast, Counts
from monitoring.statistics.measuring import Estimate
from monitoring.statistics.tables import Column, number_text


@dataclass(frozen=True, slots=True)
class Feature:
    """One column compared: contrasts, or the reason why it cannot be."""

    name: str
    role: str
    n: int
    n_reference: int
    found: tuple[Contrast, ...]
    estimates: tuple[Estimate, ...]
    obstacle: str = ""
    table: dict[str, Any] | None = None

    @property
    def p(self) -> float:
        """Smallest p of the column, Bonferroni over its contrasts."""
        return min(1.0, min((c.p for c in self.found), default=1.0) * max(len(self.found), 1))

    @property
    def largest(self) -> Contrast | None:
        """The largest effect that has an interval; omnibus distances are pushed up by chance alone."""
        return max(
            (c for c in self.found if not math.isnan(c.error)), key=lambda c: abs(c.effect), default=None
        )


def compare_column(
    reference: Column, current: Column, role: str, settings: dict[str, Any], seed: int, place: int
) -> Feature:
    name, least = reference.name, settings["minimum_n"]
    if min(reference.rows, current.rows) < least:
        why = f"{current.rows} rows against {reference.rows}; at least {least} on both sides are needed."
        return Feature(name, role, current.rows, reference.rows, (), (), why)
    absent = (reference.missing + reference.infinite, current.missing + current.infinite)
    found: list[Contrast] = []
    if any(absent):
        found.append(contrasts.of_shares("missing share", absent[0], reference.rows, absent[1], current.rows))
    estimates = [_missing(reference, current, absent)]
    kinds = {reference.kind, current.kind} - {"empty"}
    obstacle, table = "", None
    held = (current.rows - absent[1], reference.rows - absent[0])
    if not kinds:
        obstacle = "All values are missing on both sides; nothing can be compared."
    elif len(kinds) == 1 and min(held) < least:
        obstacle = f"Fewer than {least} values on one side ({held[0]} against {held[1]})."
    else:
        more = _numbers if kinds == {"number"} and not _constant(reference) else _categories
        contrasted, measured, obstacle, table = more(reference, current, settings, seed, place)
        found += contrasted
        estimates += measured
    marked = tuple(replace(e, details={**e.details, "role": role}) for e in estimates)
    return Feature(name, role, current.rows, reference.rows, tuple(found), marked, obstacle, table)


def _constant(column: Column) -> bool:
    finite = column.numbers[np.isfinite(column.numbers)]
    return not len(finite) or float(finite.min()) == float(finite.max())


_Compared = tuple[list[Contrast], list[Estimate], str, dict[str, Any] | None]


def _numbers(
    reference: Column, current: Column, settings: dict[str, Any], seed: int, place: int
) -> _Compared:
    first, second = (np.sort(c.numbers[np.isfinite(c.numbers)]) for c in (reference, current))
    edges, counts = contrasts.bins_of(first, second, max(2, settings["bins"]))
    spread = float(np.std(first))
    where, n = {"feature": reference.name}, len(second)
    ks = stats.ks_2samp(first, second, method="asymp")
    wasserstein = float(stats.wasserstein_distance(first, second))
    distances = _distances(where, counts, n, settings, seed, place)
    distances.append(
        Estimate(
            "ks_statistic",
            where,
            float(ks.statistic),
            n,
            "share",
            "scipy ks_2samp; basic bootstrap of 10 bins",
            _spread(counts, contrasts.ks_of, settings, seed, place),
            details={"p": float(ks.pvalue)},
        )
    )
    distances.append(
        Estimate(
            "wasserstein",
            where,
            wasserstein / spread,
            n,
            "sd",
            "scipy wasserstein_distance over the reference's sd",
            range=(0.0, math.inf),
            details={"in_units": wasserstein},
        )
    )
    named = [number_text(float(edge)) for edge in edges]
    labels = [f"<= {named[0]}", *(f"<= {edge}" for edge in named[1:]), f"> {named[-1]}"] if named else ["all"]
    return contrasts.of_numbers(first, second), distances, "", _table(labels, counts)


def _categories(
    reference: Column, current: Column, settings: dict[str, Any], seed: int, place: int
) -> _Compared:
    names, counts = _common(reference, current)
    where = {"feature": reference.name}
    if len(names) > settings["maximum_categories"]:
        why = f"{len(names)} distinct values, more than {settings['maximum_categories']}: an identifier or free text."
        return [], [], why, None
    n, m = int(counts[0].sum()), int(counts[1].sum())
    new = [names[i] for i in np.flatnonzero((counts[0] == 0) & (counts[1] > 0))]
    gone = [names[i] for i in np.flatnonzero((counts[0] > 0) & (counts[1] == 0))]
    unseen = int(counts[1, counts[0] == 0].sum())
    estimates = _distances(where, counts, m, settings, seed, place)
    estimates.append(
        Estimate(
            "new_category_share",
            where,
            unseen / m,
            m,
            "share",
            "Wilson score interval",
            lambda level: intervals.wilson(unseen, m, level),
            details={
                "new": new[:20],
                "vanished": gone[:20],
                "new_count": len(new),
                "vanished_count": len(gone),
            },
        )
    )
    table = _table(list(names[:50]), counts[:, :50])
    if len(names) < 2:
        return [], [], "The column is constant and the same on both sides; it shows nothing.", table
    found = contrasts.of_categories(names, counts, settings["frequent_categories"])
    if unseen:
        found.append(contrasts.of_shares("new categories", 0, n, unseen, m))
    return found, estimates, "", table


def _common(reference: Column, current: Column) -> tuple[tuple[str, ...], Counts]:
    """Values that occur on either side, most frequent in the reference first, and their counts (2, k)."""
    sides = [column.coded() for column in (reference, current)]
    tallies = [
        dict(zip(names, np.bincount(codes[codes >= 0], minlength=len(names)).tolist(), strict=True))
        for names, codes in sides
    ]
    every = sorted(set(tallies[0]) | set(tallies[1]), key=lambda v: (-tallies[0].get(v, 0), v))
    return tuple(every), np.array([[tally.get(v, 0) for v in every] for tally in tallies], np.int64)


def _distances(
    where: dict[str, str], counts: Counts, n: int, settings: dict[str, Any], seed: int, place: int
) -> list[Estimate]:
    expected, p = contrasts.psi_without_drift(counts)
    statistic, chi_p, freedom = contrasts.chi_squared(counts)
    distance = float(contrasts.jensen_shannon_of(counts))
    bootstrap = "basic bootstrap of counts"
    return [
        Estimate(
            "psi", where, contrasts.psi(counts), n, "index", bootstrap,
            _spread(counts, contrasts.psi_of, settings, seed, place),
            range=(0.0, math.inf), details={"expected_without_drift": expected, "p": p},
        ),
        Estimate(
            "jensen_shannon", where, distance, n, "distance", f"scipy jensenshannon, base 2; {bootstrap}",
            _spread(counts, contrasts.jensen_shannon_of, settings, seed, place),
        ),
        Estimate(
            "chi_squared", where, statistic, n, "statistic", "scipy chi2_contingency of two samples",
            range=(0.0, math.inf), details={"p": chi_p, "degrees_of_freedom": freedom},
        ),
    ]  # fmt: skip


def _spread(
    counts: Counts,
    figure: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    settings: dict[str, Any],
    seed: int,
    place: int,
) -> Callable[[float], intervals.Interval]:
    value = float(figure(counts))

    def interval(level: float) -> intervals.Interval:
        drawn = figure(contrasts.draws(counts, settings["resamples"], seed, place))
        low, high = intervals.reverse_percentile(value, drawn, level)
        return max(0.0, low), max(value, high)

    return interval


def _missing(reference: Column, current: Column, absent: tuple[int, int]) -> Estimate:
    r, c = absent
    return Estimate(
        "missing_share_difference", {"feature": reference.name},
        c / current.rows - r / reference.rows, current.rows, "share", "Newcombe",
        lambda level: intervals.difference(c, current.rows, r, reference.rows, level),
        range=(-1.0, 1.0),
        details={"current": current.counts(), "reference": reference.counts()},
    )  # fmt: skip


def _table(labels: list[str], counts: Counts) -> dict[str, Any]:
    rows = [[label, int(r), int(c)] for label, r, c in zip(labels, counts[0], counts[1], strict=True)]
    return {"columns": ["bin", "reference", "current"], "rows": rows}
