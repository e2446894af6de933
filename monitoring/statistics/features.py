"""One column of two datasets, compared: contrasts for the verdict, named distances for the reader.

Constant columns, columns without values and identifiers say why they cannot be compared instead of passing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from monitoring.statistics import contrasts, intervals
from monitoring.statistics.contrasts import Contrast, Counts
from monitoring.statistics.measuring import Estimate
from monitoring.statistics.profiles import MAXIMUM_VALUES, ColumnProfile, Numbers, Texts
from monitoring.statistics.tables import number_text


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
    name: str,
    reference: ColumnProfile,
    current: ColumnProfile,
    role: str,
    settings: dict[str, Any],
    seed: int,
    place: int,
) -> Feature:
    least = settings["minimum_n"]
    if min(reference.rows, current.rows) < least:
        why = f"{current.rows} rows against {reference.rows}; at least {least} on both sides are needed."
        return Feature(name, role, current.rows, reference.rows, (), (), why)
    absent = (
        reference.apart.missing + reference.apart.infinite,
        current.apart.missing + current.apart.infinite,
    )
    found: list[Contrast] = []
    if any(absent):
        found.append(contrasts.of_shares("missing share", absent[0], reference.rows, absent[1], current.rows))
    estimates = [_missing(name, reference, current, absent)]
    kinds = {reference.kind, current.kind} - {"empty"}
    obstacle, table = "", None
    held = (current.rows - absent[1], reference.rows - absent[0])
    if not kinds:
        obstacle = "All values are missing on both sides; nothing can be compared."
    elif len(kinds) == 1 and min(held) < least:
        obstacle = f"Fewer than {least} values on one side ({held[0]} against {held[1]})."
    else:
        if isinstance(reference, Numbers) and isinstance(current, Numbers) and not reference.constant:
            compared = _numbers(name, reference, current, settings, seed, place)
        else:
            compared = _categories(name, reference, current, settings, seed, place)
        contrasted, measured, obstacle, table = compared
        # A distance of nothing between columns that show nothing is no sign that nothing moved.
        measured = [replace(e, hold=obstacle if e.metric != "new_category_share" else "") for e in measured]
        found += contrasted
        estimates += measured
    marked = tuple(replace(e, details={**e.details, "role": role}) for e in estimates)
    return Feature(name, role, current.rows, reference.rows, tuple(found), marked, obstacle, table)


_Compared = tuple[list[Contrast], list[Estimate], str, dict[str, Any] | None]


def _numbers(
    name: str, reference: Numbers, current: Numbers, settings: dict[str, Any], seed: int, place: int
) -> _Compared:
    fine = np.stack([reference.counts, current.counts])
    last, counts = contrasts.coarse(fine, max(2, settings["bins"]))
    where, n = {"feature": name}, current.n
    distance, p = contrasts.kolmogorov_smirnov(fine)
    # Each bin's values stand at their mean, so that a shift inside the bins shows.
    sides = [(side.means[side.counts > 0], side.counts[side.counts > 0]) for side in (reference, current)]
    with np.errstate(all="ignore"):  # values near the end of doubles have no distance in doubles
        wasserstein = float(
            stats.wasserstein_distance(sides[0][0], sides[1][0], u_weights=sides[0][1], v_weights=sides[1][1])
        )
    spread = reference.spread
    defined = math.isfinite(wasserstein) and math.isfinite(spread) and spread > 0
    resampled = _Resampled(counts, settings, seed, place)
    distances = _distances(where, resampled, n)
    distances.append(
        Estimate(
            "ks_statistic",
            where,
            distance,
            n,
            "share",
            f"on {len(fine[0])} bins, p as scipy ks_2samp; basic bootstrap of {len(counts[0])} bins",
            resampled.spread(contrasts.ks_of, value=distance),
            details={"p": p},
        )
    )
    distances.append(
        Estimate(
            "wasserstein",
            where,
            wasserstein / spread if defined else None,
            n,
            "sd",
            "scipy wasserstein_distance of bin means over the reference's sd",
            range=(0.0, math.inf),
            undefined="" if defined else "values too large or too close together for a distance in sd.",
            details={"in_units": wasserstein},
        )
    )
    named = [number_text(float(reference.edges.at[place])) for place in last]
    labels = [f"<= {named[0]}", *(f"<= {edge}" for edge in named[1:]), f"> {named[-1]}"] if named else ["all"]
    return contrasts.of_numbers(fine), distances, "", _table(labels, counts)


def _categories(
    name: str,
    reference: ColumnProfile,
    current: ColumnProfile,
    settings: dict[str, Any],
    seed: int,
    place: int,
) -> _Compared:
    tallies = (tally(reference), tally(current, reference))
    where, most = {"feature": name}, min(settings["maximum_categories"], MAXIMUM_VALUES)
    if tallies[0] is None or tallies[1] is None or len({*tallies[0], *tallies[1]}) > most:
        return [], [], f"More than {most} distinct values: an identifier or free text.", None
    names, counts = _common(tallies[0], tallies[1])
    n, m = int(counts[0].sum()), int(counts[1].sum())
    new = [names[i] for i in np.flatnonzero((counts[0] == 0) & (counts[1] > 0))]
    gone = [names[i] for i in np.flatnonzero((counts[0] > 0) & (counts[1] == 0))]
    unseen = int(counts[1, counts[0] == 0].sum())
    estimates = _distances(where, _Resampled(counts, settings, seed, place), m)
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


def tally(column: ColumnProfile, reference: ColumnProfile | None = None) -> Mapping[str, int] | None:
    """Rows of each value; None if there are too many. Numbers are told apart as far as their edges do."""
    if isinstance(column, Texts):
        return None if column.many else column.counts
    edges, one = column.edges.at, reference if isinstance(reference, Numbers) else column
    # Only a constant reference gets here: its value is a bin of its own, between what is smaller and what is larger.
    place = int(np.searchsorted(edges, one.least))
    value = number_text(one.least) if one.n else "number"
    parts = (column.counts[:place].sum(), column.counts[place], column.counts[place + 1 :].sum())
    found = zip((f"under {value}", value, f"over {value}"), map(int, parts), strict=True)
    return {label: count for label, count in found if count}


def _common(reference: Mapping[str, int], current: Mapping[str, int]) -> tuple[tuple[str, ...], Counts]:
    """Values that occur on either side, most frequent in the reference first, and their counts (2, k)."""
    every = sorted({*reference, *current}, key=lambda value: (-reference.get(value, 0), value))
    counts = [[side.get(value, 0) for value in every] for side in (reference, current)]
    return tuple(every), np.array(counts, np.int64)


def _distances(where: dict[str, str], resampled: _Resampled, n: int) -> list[Estimate]:
    counts = resampled.counts
    expected, p = contrasts.psi_without_drift(counts)
    statistic, chi_p, freedom = contrasts.chi_squared(counts)
    distance = float(contrasts.jensen_shannon_of(counts))
    bootstrap = "basic bootstrap of counts"
    return [
        Estimate(
            "psi", where, contrasts.psi(counts), n, "index", bootstrap,
            resampled.spread(contrasts.psi_of),
            range=(0.0, math.inf), details={"expected_without_drift": expected, "p": p},
        ),
        Estimate(
            "jensen_shannon", where, distance, n, "distance", f"scipy jensenshannon, base 2; {bootstrap}",
            resampled.spread(contrasts.jensen_shannon_of),
        ),
        Estimate(
            "chi_squared", where, statistic, n, "statistic", "scipy chi2_contingency of two samples",
            range=(0.0, math.inf), details={"p": chi_p, "degrees_of_freedom": freedom},
        ),
    ]  # fmt: skip


class _Resampled:
    """Counts (2, k) and their bootstrap, drawn when the first interval is asked for, once for all figures."""

    def __init__(self, counts: Counts, settings: dict[str, Any], seed: int, place: int) -> None:
        self.counts = counts
        self._times, self._seed, self._place = settings["resamples"], seed, place

    @cached_property
    def drawn(self) -> NDArray[np.int64]:
        return contrasts.draws(self.counts, self._times, self._seed, self._place)

    def spread(
        self, figure: Callable[[NDArray[np.int64]], NDArray[np.float64]], *, value: float | None = None
    ) -> Callable[[float], intervals.Interval]:
        """The interval of a figure of the counts, laid around `value` where that was taken from finer ones."""
        centre = float(figure(self.counts))
        shift = 0.0 if value is None else value - centre

        def interval(level: float) -> intervals.Interval:
            low, high = intervals.reverse_percentile(centre, figure(self.drawn), level)
            return max(0.0, low + shift), max(centre, high) + shift

        return interval


def _missing(
    name: str, reference: ColumnProfile, current: ColumnProfile, absent: tuple[int, int]
) -> Estimate:
    r, c = absent
    return Estimate(
        "missing_share_difference", {"feature": name},
        c / current.rows - r / reference.rows, current.rows, "share", "Newcombe",
        lambda level: intervals.difference(c, current.rows, r, reference.rows, level),
        range=(-1.0, 1.0),
        details={"current": current.apart.counts(), "reference": reference.apart.counts()},
    )  # fmt: skip


def _table(labels: list[str], counts: Counts) -> dict[str, Any]:
    rows = [[label, int(r), int(c)] for label, r, c in zip(labels, counts[0], counts[1], strict=True)]
    return {"columns": ["bin", "reference", "current"], "rows": rows}
