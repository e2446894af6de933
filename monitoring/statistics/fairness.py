"""How groups are treated: selection rates, error rates and their comparison, for groups and intersections.

Figures come through fairlearn on count cells (`cells`), verdicts on comparisons from `comparing`. The legal point
ratio (four fifths) is shown with its interval beside it. Scores are compared by the share above the sample's
median, as the rules on automated employment decision tools ask (6 RCNY 5-301).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.statistics import intervals
from monitoring.statistics.cells import LABELLED, SELECTION, Cells, Rate, group_slice
from monitoring.statistics.comparing import Comparison, Judgement, Kind, Share, compare
from monitoring.statistics.evaluation import share
from monitoring.statistics.inputs import BadInput, Columns, Limits
from monitoring.statistics.labels import Binary, Groups, binary, groups, intersect, named_once
from monitoring.statistics.measuring import (
    SHOWN_LEVEL,
    Estimate,
    faulty,
    judge_all,
    libraries,
    read_parameters,
    summarise,
    unanswered,
)
from monitoring.statistics.results import CheckOutcome, Result
from monitoring.statistics.tables import Table
from monitoring.statistics.verdicts import Threshold, Verdict, fault_of

DEFAULTS: dict[str, Any] = {
    "intersections": True,
    "minimum_group": 10,
    "maximum_unknown_share": 0.05,
    "yardstick_share": 0.05,
    "exclude_below_share": 0.0,
    "exclude": [],
    "reference_groups": {},
    "maximum_groups": 50,
}
_NEEDS_LABEL = "it needs a label."
_NEEDS_PREDICTION = "it needs a prediction."
_NEEDS_SCORE = "it needs a score."
KNOWN = {
    SELECTION: _NEEDS_PREDICTION,
    "impact_ratio": _NEEDS_PREDICTION,
    "selection_rate_difference": _NEEDS_PREDICTION,
    "demographic_parity_difference": _NEEDS_PREDICTION,
    "demographic_parity_ratio": _NEEDS_PREDICTION,
    "equalized_odds_difference": _NEEDS_LABEL,
    **dict.fromkeys(LABELLED, _NEEDS_LABEL),
    "scoring_rate": _NEEDS_SCORE,
    "scoring_impact_ratio": _NEEDS_SCORE,
    "scoring_rate_ratio": _NEEDS_SCORE,
}
# Comparisons over an attribute: metric -> (ratio or difference, rates compared)
COMPARISONS: dict[str, tuple[Kind, tuple[str, ...]]] = {
    "demographic_parity_difference": ("difference", (SELECTION,)),
    "demographic_parity_ratio": ("ratio", (SELECTION,)),
    "equalized_odds_difference": ("difference", ("true_positive_rate", "false_positive_rate")),
    "scoring_rate_ratio": ("ratio", ("scoring_rate",)),
}


@dataclass(frozen=True, slots=True)
class _Split:
    """One attribute, or several intersected: its cells, which groups are compared, its rates."""

    attributes: tuple[str, ...]
    cells: Cells
    keep: NDArray[np.bool_]
    excluded: tuple[str, ...]
    rates: dict[str, Rate]
    reference: str | None

    @property
    def where(self) -> dict[str, str]:
        return {"by": " x ".join(self.attributes)}

    def comparison(self, kind: Kind, rate: str) -> Comparison:
        counted, sizes = self.rates[rate], self.cells.sizes
        shares = tuple(
            Share(" x ".join(name), counted.successes[i], counted.of[i], int(sizes[i]))
            for i, name in enumerate(self.cells.names)
            if self.keep[i]
        )
        return Comparison(kind, rate, shares, self.reference)


def run(
    current: Table,
    reference: Table | None,
    *,
    columns: Columns,
    thresholds: tuple[Threshold, ...],
    parameters: dict[str, Any],
    seed: int,
) -> CheckOutcome:
    """Compare groups. The reference is not used; without a label only selection (and scoring) rates are given.

    Raises BadInput for columns that are not there, more than two classes, groups that look alike or are too
    many, or unknown parameters.
    """
    settings = read_parameters(parameters, DEFAULTS)
    if not columns.sensitive:
        raise BadInput(
            "missing-column",
            "sensitive: fairness needs at least one sensitive attribute.",
            column="sensitive",
        )
    if columns.prediction is None and columns.score is None:
        raise BadInput(
            "missing-column", "prediction: fairness needs a prediction or a score.", column="prediction"
        )
    warnings = list(current.warnings)
    limits = Limits(groups=settings["maximum_groups"])
    named_once(columns.sensitive, current.names)
    parts = [groups(current, written, limits=limits, warnings=warnings) for written in columns.sensitive]
    coded = binary(current, columns, warnings=warnings) if columns.prediction else {}
    faults: list[Result] = []
    above = _above_median(current, columns.score, faults, warnings) if columns.score else None
    sets: list[tuple[Groups, ...]] = [(part,) for part in parts]
    if settings["intersections"] and len(parts) > 1:
        sets.append(tuple(parts))
    splits = [_split(chosen, coded, above, settings, warnings, limits) for chosen in sets]
    results = faults + _judged(splits, coded, current.rows, thresholds, settings)
    return CheckOutcome(
        check="fairness",
        results=tuple(results),
        summary=summarise(results),
        warnings=tuple(warnings),
        inputs={
            "current": current.summary(),
            "positive": coded["prediction"].positive if coded else None,
        },
        parameters=settings,
        libraries=libraries(),
        seed=seed,
        tables={" x ".join(split.attributes): split.cells.table() for split in splits},
    )


def _above_median(table: Table, name: str, faults: list[Result], warnings: list[str]) -> NDArray[np.int64]:
    """1 where the score is above the median of all scores, 0 where not, -1 where there is none."""
    column = table[name]
    if column.kind != "number":
        raise BadInput("bad-value", f"score: column {name!r} does not hold numbers.", column=name)
    finite = np.isfinite(column.numbers)
    if not finite.all():
        counts = column.counts()
        why = f"{int((~finite).sum())} of {table.rows} scores are missing, NaN or infinite."
        faults.append(faulty("score", table.rows, why, details=counts))
    if not finite.any():
        return np.full(table.rows, -1, np.int64)
    middle = float(np.median(column.numbers[finite]))
    warnings.append(
        f"Scoring rates count scores above the median of all {int(finite.sum())} scores, {middle!r}."
    )
    with np.errstate(invalid="ignore"):
        return np.where(finite, (column.numbers > middle).astype(np.int64), -1)


def _split(
    parts: tuple[Groups, ...],
    coded: dict[str, Binary],
    above: NDArray[np.int64] | None,
    settings: dict[str, Any],
    warnings: list[str],
    limits: Limits,
) -> _Split:
    attributes = tuple(part.attribute for part in parts)
    names, codes = intersect(parts, limits)
    prediction = coded["prediction"].values if "prediction" in coded else np.full(len(codes), -1, np.int64)
    label = coded["label"].values if "label" in coded else None
    cells = Cells.of_rows(names, codes, label, prediction)
    excluded = tuple(
        " x ".join(name)
        for name, size in zip(names, cells.sizes, strict=True)
        if _is_excluded(attributes, name, int(size), len(codes), settings)
    )
    keep = np.array([" x ".join(name) not in excluded for name in names])
    if excluded:
        warnings.append(
            f"By explicit choice not compared in {' x '.join(attributes)}, but printed: {', '.join(excluded)}."
        )
    rates: dict[str, Rate] = {}
    if "prediction" in coded:
        rates[SELECTION] = cells.selection(keep)
        if label is not None:
            rates |= {metric: cells.labelled(metric, keep) for metric in LABELLED}
    if above is not None:
        rates["scoring_rate"] = Cells.of_rows(names, codes, None, above).selection(keep)
    reference = settings["reference_groups"].get(" x ".join(attributes))
    if reference is not None and reference not in {" x ".join(name) for name in names}:
        raise BadInput(
            "reference-group",
            f"reference_groups: {reference!r} is no group of {' x '.join(attributes)}.",
            column="reference_groups",
        )
    return _Split(attributes, cells, keep, excluded, rates, reference)


def _is_excluded(
    attributes: tuple[str, ...], name: tuple[str, ...], size: int, rows: int, settings: dict[str, Any]
) -> bool:
    named = any(f"{a}={g}" in settings["exclude"] for a, g in zip(attributes, name, strict=True))
    return named or size < settings["exclude_below_share"] * rows


def _judged(
    splits: list[_Split],
    coded: dict[str, Binary],
    rows: int,
    thresholds: tuple[Threshold, ...],
    settings: dict[str, Any],
) -> list[Result]:
    hold = ""
    for part, values in coded.items():
        if rows and values.unknown / rows > settings["maximum_unknown_share"]:
            hold = (
                f"{values.unknown} of {rows} values of the {part} are unknown, more than the share of "
                f"{settings['maximum_unknown_share']!r} with which anything may pass."
            )
    compared = [t for t in thresholds if t.metric in COMPARISONS]
    single = [t for t in thresholds if t.metric not in COMPARISONS]
    figures = [estimate for split in splits for estimate in _figures(split)]
    addressed = [
        (split, t) for split in splits for t in compared if not t.slice or dict(t.slice) == split.where
    ]
    family = sum(
        split.comparison(COMPARISONS[t.metric][0], rate).family
        for split, t in addressed
        for rate in COMPARISONS[t.metric][1]
        if rate in split.rates
    )
    results: list[Result] = []
    for split in splits:
        for metric, (kind, needs) in COMPARISONS.items():
            if not all(rate in split.rates for rate in needs):
                continue
            hits = [t for s, t in addressed if s is split and t.metric == metric]
            asked: list[Threshold | None] = [*hits] or [None]
            results += [
                _compared(split, metric, kind, needs, threshold, max(family, 1), hold, settings)
                for threshold in asked
            ]
    silent = [t for t in compared if not any(result.threshold is t for result in results)]
    return (
        results
        + unanswered([], silent, KNOWN)
        + judge_all(
            figures, single, known=KNOWN, hold=hold, minimum_n=settings["minimum_group"], others=family
        )
    )


def _figures(split: _Split) -> list[Estimate]:
    """Each group's rates and its impact ratio (to the highest rate, or to the fixed reference group)."""
    estimates = []
    for metric, rate in split.rates.items():
        for place, name in enumerate(split.cells.names):
            details: dict[str, Any] = {"group_n": int(split.cells.sizes[place])}
            if not split.keep[place]:
                details["excluded"] = True
            estimate = share(
                metric,
                group_slice(split.attributes, name),
                rate.successes[place],
                rate.of[place],
                undefined="no row of this group has what the rate counts.",
                details=details,
            )
            estimates.append(_with_value(estimate, rate.values[place], bool(split.keep[place])))
        if metric in (SELECTION, "scoring_rate"):
            estimates += _impact(
                split, metric, "impact_ratio" if metric == SELECTION else "scoring_impact_ratio"
            )
    return estimates


def _with_value(estimate: Estimate, value: float | None, judged: bool) -> Estimate:
    """The estimate with fairlearn's own value in place of ours (equal to 1e-12, but it is the named engine)."""
    return Estimate(
        estimate.metric,
        estimate.slice,
        value,
        estimate.n,
        estimate.unit,
        estimate.method,
        estimate.interval,
        estimate.widened,
        estimate.range,
        judged,
        estimate.undefined,
        estimate.details,
    )


def _impact(split: _Split, rate: str, metric: str) -> list[Estimate]:
    comparison = split.comparison("ratio", rate)
    base = (
        comparison.yardstick()
        if split.reference
        else max(comparison.defined, key=lambda g: g.value, default=None)
    )
    names = [" x ".join(name) for name in split.cells.names]
    counted, sizes = split.rates[rate], split.cells.sizes
    estimates = []
    for place, name in enumerate(split.cells.names):
        group = Share(names[place], counted.successes[place], counted.of[place], int(sizes[place]))
        value = comparison.value(group, base) if base is not None and group.of else None
        estimates.append(
            Estimate(
                metric=metric,
                slice=group_slice(split.attributes, name),
                value=value,
                n=group.of,
                unit="ratio",
                method="ratio of shares, MOVER from Wilson limits",
                interval=_against(comparison, group, base, exact=False),
                widened=_against(comparison, group, base, exact=True),
                range=(0.0, float("inf")),
                judged=bool(split.keep[place]),
                undefined="the rate it is compared with is 0, or no row counts.",
                details={"against": base.name if base is not None else None, "group_n": group.size},
            )
        )
        if rate == SELECTION:
            estimates.append(_apart(split, estimates[-1], group, base))
    return estimates


def _apart(split: _Split, beside: Estimate, group: Share, base: Share | None) -> Estimate:
    """How far a group's selection rate lies from the one it is compared with, signed."""
    comparison = split.comparison("difference", SELECTION)
    return Estimate(
        metric="selection_rate_difference",
        slice=beside.slice,
        value=comparison.value(group, base) if base is not None and group.of else None,
        n=group.of,
        unit="share",
        method="difference of shares, Newcombe",
        interval=_against(comparison, group, base, exact=False),
        widened=_against(comparison, group, base, exact=True),
        range=(-1.0, 1.0),
        judged=beside.judged,
        undefined=beside.undefined,
        details=beside.details,
    )


def _against(comparison: Comparison, group: Share, base: Share | None, *, exact: bool) -> Any:
    def interval(level: float) -> intervals.Interval:
        if base is None or group is base or group.name == base.name:
            return (1.0, 1.0) if comparison.kind == "ratio" else (0.0, 0.0)
        return comparison.interval(group, base, level, exact=exact)

    return interval


def _compared(
    split: _Split,
    metric: str,
    kind: Kind,
    needs: tuple[str, ...],
    threshold: Threshold | None,
    family: int,
    hold: str,
    settings: dict[str, Any],
) -> Result:
    comparisons = [split.comparison(kind, rate) for rate in needs]
    found = [(c, pair) for c in comparisons if (pair := c.extreme()) is not None]
    low = high = value = None
    details: dict[str, Any] = {"excluded": list(split.excluded), "reference": split.reference}
    if found:
        worst = (min if kind == "ratio" else max)(found, key=lambda cp: _size(cp[0], cp[1], kind))
        comparison, (group, against) = worst
        value = _value(split, comparison, kind, (group, against))
        ends = comparison.interval(group, against, SHOWN_LEVEL)
        if kind == "difference" and group.value < against.value:
            ends = (-ends[1], -ends[0])
        if kind == "difference":
            ends = (max(0.0, ends[0]), ends[1])
        low, high = ends if value is not None else (None, None)
        details |= {"rate": comparison.rate, "group": group.name, "against": against.name}
    undefined = sorted({g.name for c in comparisons for g in c.groups if g.of == 0})
    details["undefined"] = undefined
    verdict, why = None, ""
    if value is None:
        why = "Undefined: fewer than two groups have a rate, or every rate is 0."
    if threshold is not None:
        verdict, why = _verdict(comparisons, threshold, kind, family, hold, settings, details)
    return Result(
        metric=metric,
        slice=split.where,
        value=value,
        low=low,
        high=None if high is None or high == float("inf") else high,
        n=int(split.cells.sizes[split.keep].sum()),
        unit="ratio" if kind == "ratio" else "share",
        verdict=verdict,
        threshold=threshold,
        why=why,
        method="fairlearn on count cells; interval of the extreme pair, "
        + ("MOVER from Wilson limits" if kind == "ratio" else "Newcombe"),
        details=details,
    )


def _size(comparison: Comparison, pair: tuple[Share, Share], kind: Kind) -> float:
    value = comparison.value(*pair)
    if value is None:
        return float("inf") if kind == "ratio" else 0.0
    return value if kind == "ratio" else abs(value)


def _value(split: _Split, comparison: Comparison, kind: Kind, pair: tuple[Share, Share]) -> float | None:
    """fairlearn's value between groups; against a fixed reference the extreme pair's own."""
    if split.reference is not None:
        value = comparison.value(*pair)
        return abs(value) if value is not None and kind == "difference" else value
    rate = split.rates[comparison.rate]
    return rate.ratio if kind == "ratio" else rate.difference


def _verdict(
    comparisons: list[Comparison],
    threshold: Threshold,
    kind: Kind,
    family: int,
    hold: str,
    settings: dict[str, Any],
    details: dict[str, Any],
) -> tuple[Verdict, str]:
    fault = fault_of(threshold, "ratio" if kind == "ratio" else "share", 0.0, 1.0)
    wanted = (">=", ">") if kind == "ratio" else ("<=", "<", "abs<=", "abs<")
    if fault is None and threshold.op not in wanted:
        fault = f"a {kind} between groups is bounded with {' or '.join(wanted)}, not {threshold.op}"
    if fault is not None:
        return Verdict.ERROR, f"The threshold cannot be meant: {fault}."
    judgements: list[Judgement] = [
        compare(
            comparison,
            threshold,
            family=family,
            minimum_group=settings["minimum_group"],
            yardstick_share=settings["yardstick_share"],
        )
        for comparison in comparisons
    ]
    order = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)
    chosen = min(judgements, key=lambda j: order.index(j.verdict))
    details["pairs"] = [pair for judgement in judgements for pair in judgement.pairs]
    needs = [j.rows_needed for j in judgements if j.verdict is Verdict.INCONCLUSIVE]
    details["rows_needed"] = None if not needs or None in needs else max(n for n in needs if n is not None)
    details["comparisons"] = family
    if chosen.verdict is Verdict.PASS and hold:
        return Verdict.INCONCLUSIVE, hold
    return chosen.verdict, chosen.why
