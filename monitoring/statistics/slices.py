"""Whether there is a part of the data on which the model is much worse than on the rest.

Parts are the values of categorical features and of sensitive attributes, and quarters of numeric features, one column at
a time. All are judged with intervals for all of them together, so that the worst of many parts does not fail by chance;
parts with few rows are listed as undecided. Knows no file and no Django.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from monitoring.statistics import intervals
from monitoring.statistics.evaluation import share
from monitoring.statistics.inputs import BadInput, Columns, Limits, Sensitive
from monitoring.statistics.intervals import Interval
from monitoring.statistics.labels import MISSING_GROUP, binary, groups
from monitoring.statistics.measuring import (
    Estimate,
    faulty,
    judge_all,
    libraries,
    read_parameters,
    summarise,
)
from monitoring.statistics.results import CheckOutcome, Result
from monitoring.statistics.tables import Column, Table, number_text
from monitoring.statistics.verdicts import Threshold

DEFAULTS: dict[str, Any] = {
    "task": "classification",
    "maximum_values": 20,
    "maximum_groups": 50,
    "maximum_unknown_share": 0.05,
    "minimum_n": 30,
}
OTHERS = "(other values)"
INFINITE = "(infinite)"
_PARTS = "no column has two parts."
KNOWN = {
    "slice_accuracy": f"it needs task=classification, or {_PARTS}",
    "slice_accuracy_drop": f"it needs task=classification, or {_PARTS}",
    "slice_mae_ratio": f"it needs task=regression, or {_PARTS}",
}
Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Parts:
    """One column cut in parts: their names and each row's part."""

    column: str
    names: tuple[str, ...]
    codes: Codes


def run(
    current: Table,
    reference: Table | None,
    *,
    columns: Columns,
    thresholds: tuple[Threshold, ...],
    parameters: dict[str, Any],
    seed: int,
) -> CheckOutcome:
    """Measure each part of each feature and sensitive attribute; with none named, of every other column.

    The reference is not used. Raises BadInput missing-column, unknown-column, not-binary, bad-value, sensitive,
    confusable-groups, too-many-groups, parameter.
    """
    settings = read_parameters(parameters, DEFAULTS)
    if settings["task"] not in ("classification", "regression"):
        raise BadInput("parameter", "task: classification or regression.", column="task")
    if settings["maximum_values"] < 2:
        raise BadInput("parameter", "maximum_values: at least 2.", column="maximum_values")
    if columns.label is None or columns.prediction is None:
        part = "label" if columns.label is None else "prediction"
        raise BadInput("missing-column", f"{part}: slices need both a label and a prediction.", column=part)
    warnings = list(current.warnings)
    faults: list[Result] = []
    if settings["task"] == "classification":
        off = _wrong(current, columns, warnings)
    else:
        off = _errors(current, columns, faults)
    cut = _cut(current, columns, settings, warnings)
    unknown = int(np.isnan(off).sum())
    hold = ""
    if current.rows and unknown / current.rows > settings["maximum_unknown_share"]:
        hold = (
            f"{unknown} of {current.rows} rows lack a label or a prediction, too many for anything to pass."
        )
    estimates = [one for parts in cut for one in _estimates(parts, off, settings)]
    results = faults + judge_all(
        estimates, thresholds, known=KNOWN, hold=hold, minimum_n=settings["minimum_n"]
    )
    return CheckOutcome(
        check="slices",
        results=tuple(results),
        summary=f"{sum(len(parts.names) for parts in cut)} slices of {len(cut)} columns. {summarise(results)}",
        warnings=tuple(warnings),
        inputs={"current": current.summary(), "cut": [parts.column for parts in cut]},
        parameters=settings,
        libraries=libraries(),
        seed=seed,
        tables={"slices": _table(cut, off, settings)},
    )


def _wrong(table: Table, columns: Columns, warnings: list[str]) -> Floats:
    """1 where the prediction is wrong, 0 where it is right, NaN where either is unknown."""
    coded = binary(table, columns, warnings=warnings)
    label, prediction = coded["label"], coded["prediction"]
    both = label.known & prediction.known
    return np.where(both, (label.values != prediction.values).astype(np.float64), np.nan)


def _errors(table: Table, columns: Columns, faults: list[Result]) -> Floats:
    """Absolute errors, NaN where there is none."""
    found = []
    for part, name in (("label", str(columns.label)), ("prediction", str(columns.prediction))):
        column = table[name]
        if column.kind == "text":
            raise BadInput("bad-value", f"{part}: column {name!r} does not hold numbers.", column=name)
        numbers = column.numbers if column.kind == "number" else np.full(table.rows, np.nan)
        bad = column.infinite if part == "label" else int((~np.isfinite(numbers)).sum())
        if bad:
            words = "infinite" if part == "label" else "missing, NaN or infinite"
            faults.append(
                faulty(
                    part, table.rows, f"{bad} of {table.rows} {part}s are {words}.", details=column.counts()
                )
            )
        found.append(np.where(np.isfinite(numbers), numbers, np.nan))
    errors: Floats = np.abs(found[0] - found[1])
    return errors


def _cut(table: Table, columns: Columns, settings: dict[str, Any], warnings: list[str]) -> list[_Parts]:
    limits = Limits(groups=settings["maximum_groups"])
    cut = []
    for written in dict.fromkeys(columns.sensitive):
        found = groups(table, written, limits=limits, warnings=warnings)
        cut.append(_Parts(found.attribute, found.names, found.codes))
    taken = {Sensitive.parse(written, table.names).column for written in columns.sensitive}
    roles = {columns.label, columns.prediction, columns.score}
    named = columns.features or (() if columns.sensitive else table.names)
    for name in dict.fromkeys(named):
        if name in taken or (name in roles and name not in columns.features):
            continue
        column = table[name]
        cut.append(_quarters(column) if column.kind == "number" else _categories(column, settings, warnings))
    kept = []
    for parts in cut:
        held = np.unique(parts.codes)
        if len(held) < 2:
            warnings.append(f"Column {parts.column!r} holds one value alone; it has no slices.")
            continue
        place = np.full(len(parts.names), -1, np.int64)
        place[held] = np.arange(len(held))
        kept.append(_Parts(parts.column, tuple(parts.names[int(k)] for k in held), place[parts.codes]))
    return kept


def _categories(column: Column, settings: dict[str, Any], warnings: list[str]) -> _Parts:
    """The most frequent values, all others together, and missing ones."""
    values, codes = column.coded()
    most = settings["maximum_values"]
    place = np.arange(len(values))
    names = values
    if len(values) > most:
        tally = np.bincount(codes[codes >= 0], minlength=len(values))
        kept = np.sort(np.argsort(-tally, kind="stable")[: most - 1])
        place = np.full(len(values), most - 1, np.int64)
        place[kept] = np.arange(len(kept))
        names = (*(values[int(k)] for k in kept), OTHERS)
        warnings.append(
            f"Column {column.name!r} has {len(values)} values; {len(values) - most + 1} rarer ones are the slice {OTHERS}."
        )
    recode = np.append(place, len(names)).astype(np.int64)
    return _Parts(column.name, (*names, MISSING_GROUP), recode[codes])


def _quarters(column: Column) -> _Parts:
    """Up to four parts at the quartiles, with missing and infinite values apart."""
    numbers = column.numbers
    finite = np.isfinite(numbers)
    edges = (
        np.unique(np.quantile(numbers[finite], (0.25, 0.5, 0.75), method="inverted_cdf"))
        if finite.any()
        else np.empty(0)
    )
    texts = [number_text(float(edge)) for edge in edges]
    names = [f"at most {texts[0]}"] if texts else ["any"]
    names += [f"over {low}, at most {high}" for low, high in itertools.pairwise(texts)]
    names += [f"over {texts[-1]}"] if texts else []
    codes = np.searchsorted(edges, numbers, side="left").astype(np.int64)
    codes = np.where(np.isnan(numbers), len(names), np.where(np.isinf(numbers), len(names) + 1, codes))
    return _Parts(column.name, (*names, MISSING_GROUP, INFINITE), codes)


def _estimates(parts: _Parts, off: Floats, settings: dict[str, Any]) -> list[Estimate]:
    estimates = []
    known = np.isfinite(off)
    for place, name in enumerate(parts.names):
        inside = parts.codes == place
        where, rows = {parts.column: name}, int(inside.sum())
        mine, rest = off[inside & known], off[~inside & known]
        hold = ""
        if rows - len(mine) > settings["maximum_unknown_share"] * rows:
            hold = f"{rows - len(mine)} of the {rows} rows of this slice lack a label or a prediction, too many to pass."
        if settings["task"] == "regression":
            estimates.append(_ratio(where, rows, mine, rest, hold))
        else:
            estimates += _shares(where, rows, mine, rest, hold)
    return estimates


def _shares(where: dict[str, str], rows: int, mine: Floats, rest: Floats, hold: str) -> list[Estimate]:
    k, n = int((mine == 0).sum()), len(mine)
    j, m = int((rest == 0).sum()), len(rest)
    accuracy = share(
        "slice_accuracy", where, k, n, undefined="no row of this slice has a label and a prediction.",
        details={"slice_n": rows},
    )  # fmt: skip
    drop = Estimate(
        "slice_accuracy_drop", where, j / m - k / n if n and m else None, min(n, m), "share",
        "accuracy of the rest minus that of the slice, Newcombe",
        lambda level: intervals.difference(j, m, k, n, level),
        lambda level: intervals.difference(j, m, k, n, level, share=intervals.exact), range=(-1.0, 1.0),
        undefined="the slice or the rest has no row with a label and a prediction.",
        details={"slice_n": rows, "rest_n": m, "rest_accuracy": j / m if m else None}, hold=hold,
    )  # fmt: skip
    return [replace(accuracy, hold=hold), drop]


def _ratio(where: dict[str, str], rows: int, mine: Floats, rest: Floats, hold: str) -> Estimate:
    """Ratio of mean absolute errors, its interval by the delta method on the log scale (Satterthwaite's freedom)."""
    n, m = len(mine), len(rest)
    means = (float(mine.mean()), float(rest.mean())) if n and m else (0.0, 0.0)
    value = means[0] / means[1] if means[1] > 0 else None
    furthest = max((float(part.max()) for part in (mine, rest) if len(part)), default=0.0)

    def interval(level: float) -> Interval:
        if value is None or value == 0:
            return intervals.NONE
        parts = [
            (intervals.variance(part, (0.0, furthest)) / (len(part) * mean * mean), len(part))
            for part, mean in zip((mine, rest), means, strict=True)
        ]
        total = sum(part for part, _ in parts)
        if math.isnan(total):
            return intervals.NONE
        spread = float(stats.t.isf((1 - level) / 2, intervals.freedom(parts))) * math.sqrt(total)
        return value * math.exp(-spread), value * math.exp(spread) if spread < 700 else math.inf

    return Estimate(
        "slice_mae_ratio", where, value, min(n, m), "times",
        "mean absolute error of the slice over that of the rest, delta method on the log scale", interval,
        range=(0.0, math.inf), undefined="the slice or the rest has no row to measure, or the rest has no error.",
        details={"slice_n": rows, "rest_n": m, "mae": means[0] if n else None, "rest_mae": means[1] if m else None},
        hold=hold,
    )  # fmt: skip


def _table(cut: list[_Parts], off: Floats, settings: dict[str, Any]) -> dict[str, Any]:
    """Every slice with its rows and figure, and whether it has enough rows to decide anything."""
    known = np.isfinite(off)
    rows = []
    for parts in cut:
        for place, name in enumerate(parts.names):
            inside = parts.codes == place
            mine = off[inside & known]
            figure = float(mine.mean()) if len(mine) else None
            if figure is not None and settings["task"] == "classification":
                figure = 1 - figure
            rows.append(
                [parts.column, name, int(inside.sum()), len(mine), figure, len(mine) >= settings["minimum_n"]]
            )
    figure_name = "accuracy" if settings["task"] == "classification" else "mae"
    return {"columns": ["column", "slice", "n", "measured", figure_name, "enough_rows"], "rows": rows}
