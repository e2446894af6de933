"""Whether the service around a model failed without saying so: no answers, one answer for all, impossible scores, lost inputs.

Everything is counted in the profile at hand, so a bound is met or not. Where counts on edges leave a figure open, its least
and greatest value are given, and a verdict needs both on one side of the bound. Knows no rows and no file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.intervals import Interval
from monitoring.statistics.measuring import (
    Estimate,
    addressed,
    libraries,
    read_parameters,
    summarise,
    unanswered,
)
from monitoring.statistics.profiles import MAXIMUM_VALUES, ColumnProfile, Numbers, Profile
from monitoring.statistics.results import CheckOutcome, Result
from monitoring.statistics.verdicts import Threshold, Verdict, fault_of, judge_exact

DEFAULTS: dict[str, Any] = {"score_range": "probability"}
_ANSWERS = "name the prediction or the score."
KNOWN = {
    "rows": "there are no data.",
    "missing_prediction_share": _ANSWERS,
    "infinite_prediction_share": _ANSWERS,
    "distinct_predictions": _ANSWERS,
    "score_out_of_range_share": "name a score that is a probability (score_range).",
    "feature_missing_share": "the data have no feature.",
    "feature_missing_increase": "it needs a reference that has the same features.",
    "absent_features": "nothing says which columns should be there: name features, or give a reference.",
}
_ANY = (0.0, math.inf)
_SHARE = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class _Count:
    """A counted figure between `low` and `high`; None where it isn't defined, and `undefined` says why."""

    metric: str
    slice: dict[str, str]
    low: float | None
    high: float | None
    n: int
    unit: str
    range: Interval
    undefined: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def shell(self) -> Estimate:
        """What a threshold addresses."""
        return Estimate(self.metric, self.slice, self.low, self.n, self.unit, "")


def run(
    current: Profile,
    reference: Profile | None,
    *,
    columns: Columns,
    thresholds: tuple[Threshold, ...],
    parameters: dict[str, Any],
    seed: int,
) -> CheckOutcome:
    """Count what a silent failure leaves behind. A named column that isn't there is counted, not refused.

    Shares are of all rows; those of scores out of range of finite scores. Raises BadInput bad-value (a score that is
    text), parameter.
    """
    settings = read_parameters(parameters, DEFAULTS)
    if settings["score_range"] not in ("probability", "any"):
        raise BadInput("parameter", "score_range: probability or any.", column="score_range")
    warnings = [
        *current.warnings,
        *(w for w in (reference.warnings if reference else ()) if w not in current.warnings),
    ]
    counts = [_Count("rows", {}, float(current.rows), float(current.rows), current.rows, "rows", _ANY)]
    for name in dict.fromkeys(name for name in (columns.prediction, columns.score) if name is not None):
        counts += _answers(name, current)
    if columns.score is not None and settings["score_range"] == "probability":
        counts.append(_outside(columns.score, current))
    features, declared = _expected(columns, current, reference)
    for name in features:
        counts += _feature(name, current, reference)
    if declared:
        absent = [name for name in declared if name not in current.columns]
        counts.append(
            _Count(
                "absent_features", {}, float(len(absent)), float(len(absent)), current.rows, "columns", _ANY,
                details={"absent": absent},
            )
        )  # fmt: skip
    results = [result for count in counts for result in _results(count, thresholds)]
    results += unanswered([count.shell for count in counts], thresholds, KNOWN)
    return CheckOutcome(
        check="service-health",
        results=tuple(results),
        summary=summarise(results),
        warnings=tuple(warnings),
        inputs={
            "current": current.summary(),
            **({"reference": reference.summary()} if reference is not None else {}),
        },
        parameters=settings,
        libraries=libraries(),
        seed=seed,
        tables={"columns": _table(current)},
    )


def _expected(
    columns: Columns, current: Profile, reference: Profile | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The features to count, and all columns that should be there. Labels come later and aren't missed."""
    answers = [name for name in (columns.prediction, columns.score) if name is not None]
    roles = {*answers, columns.label}
    if columns.features:
        features = tuple(dict.fromkeys(columns.features))
    else:
        features = tuple(name for name in (reference or current).names if name not in roles)
    stated = features if columns.features or reference is not None else ()
    return features, tuple(dict.fromkeys((*answers, *stated)))


def _answers(name: str, current: Profile) -> list[_Count]:
    where, rows = {"column": name}, current.rows
    column = current.columns.get(name)
    if column is None or not rows:
        why = f"the data have no column {name!r}." if rows else "there are no rows."
        return [
            _Count("missing_prediction_share", where, None, None, rows, "share", _SHARE, why),
            _Count("infinite_prediction_share", where, None, None, rows, "share", _SHARE, why),
            _Count("distinct_predictions", where, None, None, rows, "values", _ANY, why),
        ]
    missing, infinite = column.apart.missing / rows, column.apart.infinite / rows
    apart = dict(column.apart.counts())
    least, most = _distinct(column)
    # One answer alone has no other to differ from; no answer at all in several rows is as bad as one for all.
    single = column.n == 1 or (rows == 1 and column.n == 0)
    return [
        _Count("missing_prediction_share", where, missing, missing, rows, "share", _SHARE, details=apart),
        _Count("infinite_prediction_share", where, infinite, infinite, rows, "share", _SHARE, details=apart),
        _Count(
            "distinct_predictions", where, None if single else float(least), None if single else float(most), column.n,
            "values", _ANY, "one row can't show whether all get the same answer.",
        ),
    ]  # fmt: skip


def _distinct(column: ColumnProfile) -> tuple[int, int]:
    """Least and greatest number of distinct finite values that the counts allow."""
    if isinstance(column, Numbers):
        if column.constant:
            return min(column.n, 1), min(column.n, 1)
        return max(2, int((column.counts > 0).sum())), column.n
    if column.many:
        return MAXIMUM_VALUES + 1, column.n
    held = sum(count > 0 for count in column.counts.values())
    return held, held


def _outside(name: str, current: Profile) -> _Count:
    """The share of finite scores outside 0 to 1: whether there is any is known, how many within a bin of the ends."""
    column = current.columns.get(name)
    where = {"column": name}
    if column is not None and column.kind == "text":
        raise BadInput("bad-value", f"score: column {name!r} does not hold numbers.", column=name)
    if not isinstance(column, Numbers) or not column.n:
        return _Count(
            "score_out_of_range_share", where, None, None, 0, "share", _SHARE, "there is no finite score."
        )
    at = column.edges.at
    starts, ends = np.append(-math.inf, at), np.append(at, math.inf)
    surely = possibly = 0
    for any_outside, inside_out, touching in (
        (column.least < 0, ends < 0, starts < 0),
        (column.greatest > 1, starts >= 1, ends > 1),
    ):
        if any_outside:
            surely += max(1, int(column.counts[inside_out].sum()))
            possibly += max(1, int(column.counts[touching].sum()))
    details = {"least": column.least, "greatest": column.greatest}
    return _Count(
        "score_out_of_range_share", where, surely / column.n, min(possibly, column.n) / column.n, column.n, "share",
        _SHARE, details=details,
    )  # fmt: skip


def _feature(name: str, current: Profile, reference: Profile | None) -> list[_Count]:
    where, rows = {"feature": name}, current.rows
    column = current.columns.get(name)
    missing = column.apart.missing / rows if column is not None and rows else None
    why = f"the data have no column {name!r}." if rows else "there are no rows."
    counts = [_Count("feature_missing_share", where, missing, missing, rows, "share", _SHARE, why)]
    if reference is not None and name in reference.columns and reference.rows:
        before = reference[name].apart.missing / reference.rows
        change = None if missing is None else missing - before
        counts.append(
            _Count(
                "feature_missing_increase", where, change, change, rows, "share", (-1.0, 1.0), why,
                {"reference_share": before, "reference_rows": reference.rows},
            )
        )  # fmt: skip
    return counts


def _results(count: _Count, thresholds: tuple[Threshold, ...]) -> list[Result]:
    hits: list[Threshold | None] = [t for t in thresholds if addressed(count.shell, t)]
    return [_result(count, threshold) for threshold in hits or [None]]


def _result(count: _Count, threshold: Threshold | None) -> Result:
    open_ended = count.low != count.high
    verdict, why = None, f"Undefined: {count.undefined}" if count.low is None else ""
    if threshold is not None:
        verdict, why = _verdict(count, threshold)
    return Result(
        metric=count.metric,
        slice=count.slice,
        value=count.low,
        low=count.low if open_ended else None,
        high=count.high if open_ended else None,
        n=count.n,
        unit=count.unit,
        verdict=verdict,
        threshold=threshold,
        why=why,
        method="counted; the least that the counts allow" if open_ended else "counted",
        details=dict(count.details),
    )


def _verdict(count: _Count, threshold: Threshold) -> tuple[Verdict, str]:
    if fault := fault_of(threshold, count.unit, *count.range):
        return Verdict.ERROR, f"The threshold cannot be meant: {fault}."
    if count.low is None or count.high is None:
        return Verdict.INCONCLUSIVE, f"Undefined: {count.undefined}"
    if count.low == count.high or count.n < threshold.minimum_n:
        return judge_exact(threshold, count.low, count.n)
    span = f"Counted between {count.low!r} and {count.high!r}"
    if threshold.all_inside(count.low, count.high):
        return Verdict.PASS, f"{span}; both meet {threshold.words()}."
    if threshold.all_outside(count.low, count.high):
        return Verdict.FAIL, f"{span}; both miss {threshold.words()}."
    return Verdict.INCONCLUSIVE, f"{span}, with {threshold.words()} between; count the rows to tell."


def _table(current: Profile) -> dict[str, Any]:
    rows = [[name, column.kind, *column.apart.counts().values()] for name, column in current.columns.items()]
    return {
        "columns": ["column", "kind", "null", "nan", "plus_infinity", "minus_infinity", "overflow"],
        "rows": rows,
    }
