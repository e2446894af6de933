"""Whether scores or amounts differ between groups of people, and whether they mean the same for each of them.

Means are compared with a reference group's in standard deviations. With labels: for probabilities, how far what happened
lies from what the scores led to expect in each group; for amounts, how far and which way predictions miss. Whether people
are selected differently is `fairness`; this is what lies before the cut. Knows no file and no Django.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from monitoring.statistics import intervals
from monitoring.statistics.cells import group_slice
from monitoring.statistics.inputs import BadInput, Columns, Limits
from monitoring.statistics.intervals import Interval
from monitoring.statistics.labels import Groups, binary, groups, intersect, named_once
from monitoring.statistics.measuring import (
    Estimate,
    faulty,
    judge_all,
    libraries,
    read_parameters,
    summarise,
)
from monitoring.statistics.results import CheckOutcome, Result
from monitoring.statistics.tables import Column, Table
from monitoring.statistics.verdicts import Threshold

DEFAULTS: dict[str, Any] = {
    "task": "classification",
    "intersections": True,
    "reference_groups": {},
    "minimum_group": 10,
    "maximum_groups": 50,
    "maximum_unknown_share": 0.05,
}
KNOWN = {
    "mean_score": "no row has a score.",
    "standardised_mean_difference": "it needs two groups.",
    "calibration_gap": "it needs task=classification, a label and a score.",
    "mean_residual": "it needs task=regression and a label.",
    "mae_difference": "it needs task=regression, a label and two groups.",
}
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Values:
    """One value a row: `score` (NaN where there is none) and `truth` (NaN where unknown or not asked).

    `ends` are what a value lies between; `probability` says whether a score is one, `labelled` whether labels were given.
    """

    score: Floats
    truth: Floats
    ends: Interval
    probability: bool
    labelled: bool
    maximum_unknown_share: float


@dataclass(frozen=True, slots=True)
class _Group:
    """The finite scores of one group, and those that have a label with it. `rows` is all of its rows."""

    where: dict[str, str]
    rows: int
    scores: Floats
    expected: Floats
    happened: Floats


def run(
    current: Table,
    reference: Table | None,
    *,
    columns: Columns,
    thresholds: tuple[Threshold, ...],
    parameters: dict[str, Any],
    seed: int,
) -> CheckOutcome:
    """Compare the scores (or, without any, the numbers predicted) of groups. The reference data are not used.

    Raises BadInput missing-column, unknown-column, bad-value (scores that are no numbers, or outside 0 to 1 where
    task=classification), not-binary, confusable-groups, too-many-groups, sensitive, reference-group, parameter.
    """
    settings = read_parameters(parameters, DEFAULTS)
    if settings["task"] not in ("classification", "regression"):
        raise BadInput("parameter", "task: classification or regression.", column="task")
    if not columns.sensitive:
        raise BadInput("missing-column", "sensitive: name at least one attribute.", column="sensitive")
    name = columns.score or columns.prediction
    if name is None:
        raise BadInput("missing-column", "score: name a score, or numbers predicted.", column="score")
    warnings = list(current.warnings)
    limits = Limits(groups=settings["maximum_groups"])
    named_once(columns.sensitive, current.names)
    parts = [groups(current, written, limits=limits, warnings=warnings) for written in columns.sensitive]
    faults: list[Result] = []
    values = _values(current, name, columns, settings, warnings, faults)
    sets: list[tuple[Groups, ...]] = [(part,) for part in parts]
    if settings["intersections"] and len(parts) > 1:
        sets.append(tuple(parts))
    estimates: list[Estimate] = []
    tables: dict[str, Any] = {}
    for chosen in sets:
        title = " x ".join(part.attribute for part in chosen)
        found = _groups(chosen, values, limits)
        compared = _reference(title, found, settings)
        estimates += _estimates(found, compared, values)
        tables[title] = _table(found)
    unknown = int(np.isnan(values.truth).sum()) if values.labelled else 0
    hold = ""
    if current.rows and unknown / current.rows > settings["maximum_unknown_share"]:
        hold = f"{unknown} of {current.rows} labels are unknown, too many for anything to pass."
    results = faults + judge_all(
        estimates, thresholds, known=KNOWN, hold=hold, minimum_n=settings["minimum_group"]
    )
    return CheckOutcome(
        check="fairness-scores",
        results=tuple(results),
        summary=summarise(results),
        warnings=tuple(warnings),
        inputs={"current": current.summary(), "compared": name},
        parameters=settings,
        libraries=libraries(),
        seed=seed,
        tables=tables,
    )


def _values(
    table: Table,
    name: str,
    columns: Columns,
    settings: dict[str, Any],
    warnings: list[str],
    faults: list[Result],
) -> _Values:
    score = _numbers(table, name)
    finite = np.isfinite(score.numbers)
    if not finite.all():
        why = f"{int((~finite).sum())} of {table.rows} scores are missing, NaN or infinite."
        faults.append(faulty("score", table.rows, why, details=score.counts()))
    held = np.where(finite, score.numbers, np.nan)
    probability = settings["task"] == "classification"
    outside = int(((held < 0) | (held > 1)).sum())
    if probability and outside:
        raise BadInput(
            "bad-value",
            f"score: {outside} of {table.rows} values of {name!r} lie outside 0 to 1. Say task=regression for amounts.",
            column=name,
        )
    ends = (0.0, 1.0) if probability else _ends(held)
    truth = np.full(table.rows, np.nan)
    if columns.label is not None and probability:
        alone = Columns(label=columns.label, positive=columns.positive, mapping=columns.mapping)
        coded = binary(table, alone, warnings=warnings)["label"].values
        truth = np.where(coded >= 0, coded, np.nan).astype(np.float64)
    elif columns.label is not None:
        label = _numbers(table, columns.label)
        truth = np.where(np.isfinite(label.numbers), label.numbers, np.nan)
        if label.infinite:
            why = f"{label.infinite} of {table.rows} labels are infinite."
            faults.append(faulty("label", table.rows, why, details=label.counts()))
        if label.missing:
            warnings.append(f"{label.missing} of {table.rows} labels are missing; they rest in no figure.")
    return _Values(
        held, truth, ends, probability, columns.label is not None, settings["maximum_unknown_share"]
    )


def _numbers(table: Table, name: str) -> Column:
    column = table[name]
    if column.kind == "text":
        raise BadInput("bad-value", f"Column {name!r} does not hold numbers.", column=name)
    if column.kind == "empty":
        return Column(name, "number", np.full(table.rows, np.nan), column.codes, (), null=column.null)
    return column


def _ends(values: Floats) -> Interval:
    known = values[np.isfinite(values)]
    return (float(known.min()), float(known.max())) if len(known) else intervals.NONE


def _groups(parts: tuple[Groups, ...], values: _Values, limits: Limits) -> list[_Group]:
    attributes = tuple(part.attribute for part in parts)
    names, codes = intersect(parts, limits)
    found = []
    for place, name in enumerate(names):
        mine = codes == place
        score, truth = values.score[mine], values.truth[mine]
        both = np.isfinite(score) & np.isfinite(truth)
        found.append(
            _Group(
                group_slice(attributes, name),
                int(mine.sum()),
                score[np.isfinite(score)],
                score[both],
                truth[both],
            )
        )
    return found


def _reference(title: str, found: list[_Group], settings: dict[str, Any]) -> _Group | None:
    """The group that the others are compared with: the fixed one, otherwise the one with most scores."""
    fixed = settings["reference_groups"].get(title)
    if fixed is None:
        return max(found, key=lambda group: len(group.scores), default=None)
    chosen = next((group for group in found if " x ".join(group.where.values()) == fixed), None)
    if chosen is None:
        raise BadInput(
            "reference-group",
            f"reference_groups: {fixed!r} is no group of {title}.",
            column="reference_groups",
        )
    return chosen


def _estimates(found: list[_Group], compared: _Group | None, values: _Values) -> list[Estimate]:
    estimates = []
    for group in found:
        estimates.append(_mean(group, values))
        if compared is not None and group is not compared:
            estimates.append(_standardised(group, compared, values))
        if not values.labelled:
            continue
        if values.probability:
            estimates.append(_gap(group, values))
            continue
        estimates.append(_residual(group, values))
        if compared is not None and group is not compared:
            estimates.append(_errors(group, compared, values))
    return estimates


def _mean(group: _Group, values: _Values) -> Estimate:
    n = len(group.scores)
    return Estimate(
        "mean_score", group.where, float(group.scores.mean()) if n else None, n, "score's unit", "Student's t",
        lambda level: _within(intervals.student(group.scores, level, values.ends), values),
        range=values.ends if values.probability else (-math.inf, math.inf),
        undefined="no row of this group has a score.", details={"group_n": group.rows},
    )  # fmt: skip


def _within(found: Interval, values: _Values) -> Interval:
    if not values.probability or math.isnan(found[0]):
        return found
    return max(0.0, found[0]), min(1.0, found[1])


def _standardised(group: _Group, against: _Group, values: _Values) -> Estimate:
    """Cohen's d with the root of the mean of both variances; its interval allows them to differ (Bonett 2008)."""
    first, second = group.scores, against.scores
    value = None
    if len(first) > 1 and len(second) > 1:
        squares = (float(np.var(first, ddof=1)), float(np.var(second, ddof=1)))
        if np.ptp(first) > 0 or np.ptp(second) > 0:
            value = float(first.mean() - second.mean()) / math.sqrt(sum(squares) / 2)

    def interval(level: float) -> Interval:
        if value is None:
            return intervals.NONE
        spreads = [intervals.variance(part, values.ends) for part in (first, second)]
        parts = [
            (spread / (len(part) - 1), len(part))
            for spread, part in zip(spreads, (first, second), strict=True)
        ]
        middle = sum(squares) / 2
        own = sum(s * s / (len(part) - 1) for s, part in zip(spreads, (first, second), strict=True))
        error = math.sqrt(value**2 * own / (8 * middle**2) + sum(part for part, _ in parts) / middle)
        half = float(stats.t.isf((1 - level) / 2, intervals.freedom(parts))) * error
        return value - half, value + half

    return Estimate(
        "standardised_mean_difference", group.where, value, min(len(first), len(second)), "sd",
        "difference of means over the root of the mean of both variances; Bonett 2008, Satterthwaite's freedom",
        interval, range=(-math.inf, math.inf),
        undefined="fewer than two scores in a group, or all scores of both groups equal.",
        details={"group_n": group.rows, "against": " x ".join(against.where.values()), "against_n": len(second)},
    )  # fmt: skip


def _gap(group: _Group, values: _Values) -> Estimate:
    """Observed minus expected share.

    Student's interval alone is nothing wide where nothing happened, Wilson's alone knows nothing of scores that are far
    off: the wider end of both holds.
    """
    n, k = len(group.happened), int(group.happened.sum())
    away = group.happened - group.expected
    expected = float(group.expected.mean()) if n else math.nan

    def interval(level: float, *, exact: bool = False) -> Interval:
        of_share = (intervals.exact if exact else intervals.wilson)(k, n, level)
        low, high = of_share[0] - expected, of_share[1] - expected
        mean = intervals.bounded(away, level, (-1.0, 1.0))
        return max(-1.0, min(low, mean[0])), min(1.0, max(high, mean[1]))

    return Estimate(
        "calibration_gap", group.where, float(away.mean()) if n else None, n, "share",
        "observed minus expected share; the wider of Student's t and Wilson's interval",
        interval if n > 1 else None, lambda level: interval(level, exact=True), range=(-1.0, 1.0),
        undefined="no row of this group has both a label and a score.", hold=_hold(group, values),
        details={"group_n": group.rows, "count": k, "expected": expected},
    )  # fmt: skip


def _residual(group: _Group, values: _Values) -> Estimate:
    away = group.happened - group.expected
    ends = _residual_ends(values)
    return Estimate(
        "mean_residual", group.where, float(away.mean()) if len(away) else None, len(away), "label's unit",
        "what happened minus what was predicted, Student's t", lambda level: intervals.student(away, level, ends),
        range=(-math.inf, math.inf), undefined="no row of this group has both a label and a prediction.",
        hold=_hold(group, values), details={"group_n": group.rows},
    )  # fmt: skip


def _errors(group: _Group, against: _Group, values: _Values) -> Estimate:
    mine, theirs = (np.abs(one.happened - one.expected) for one in (group, against))
    low, high = _residual_ends(values)
    furthest = max(abs(low), abs(high))
    n = min(len(mine), len(theirs))
    return Estimate(
        "mae_difference", group.where, float(mine.mean() - theirs.mean()) if n else None, n, "label's unit",
        "mean absolute error against that of the reference group, Welch",
        lambda level: intervals.welch(mine, theirs, level, (0.0, furthest)),
        range=(-math.inf, math.inf), undefined="a group has no row with both a label and a prediction.",
        hold=_hold(group, values) or _hold(against, values),
        details={"group_n": group.rows, "against": " x ".join(against.where.values()), "against_n": len(theirs)},
    )  # fmt: skip


def _residual_ends(values: _Values) -> Interval:
    return _ends(values.truth - values.score)


def _hold(group: _Group, values: _Values) -> str:
    unknown = len(group.scores) - len(group.happened)
    if unknown <= values.maximum_unknown_share * len(group.scores):
        return ""
    return f"{unknown} of the {len(group.scores)} scored rows of this group have no known label, too many to pass."


def _table(found: list[_Group]) -> dict[str, Any]:
    rows = [
        [
            " x ".join(group.where.values()),
            group.rows,
            len(group.scores),
            float(group.scores.mean()) if len(group.scores) else None,
            len(group.happened),
            float(group.happened.mean()) if len(group.happened) else None,
        ]
        for group in found
    ]
    return {"columns": ["group", "n", "scored", "mean_score", "labelled", "observed"], "rows": rows}
