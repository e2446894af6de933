"""Results that other tools measured, imported as a table and judged by the same bounds as our own.

Robustness and explainability need the model to run, which nothing here does. A row is one measure: its value and, where the
tool gives one, its interval. Whether the tool measured well is beyond this; what it left out is never filled in.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.labels import canonical
from monitoring.statistics.measuring import (
    Estimate,
    addressed,
    libraries,
    read_parameters,
    summarise,
    unanswered,
)
from monitoring.statistics.results import CheckOutcome, Result
from monitoring.statistics.tables import Table
from monitoring.statistics.verdicts import Threshold, Verdict, judge_exact

DEFAULTS: dict[str, Any] = {"exact_measures": []}
UNIT = "measure's unit"
_TEXTS = ("unit", "tool", "tool_version")
_NUMBERS = ("low", "high", "n")


@dataclass(frozen=True, slots=True)
class _Row:
    """One imported measure; NaN where the table says nothing. `fault` is why it can't be judged at all."""

    metric: str
    measure: str
    value: float
    low: float
    high: float
    n: int
    unit: str
    exact: bool
    fault: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def shell(self) -> Estimate:
        """What a threshold addresses."""
        return Estimate(self.metric, {"measure": self.measure}, self.value, self.n, self.unit, "")


def run_robustness(
    current: Table,
    reference: Table | None,
    *,
    columns: Columns,
    thresholds: tuple[Threshold, ...],
    parameters: dict[str, Any],
    seed: int,
) -> CheckOutcome:
    """Judge imported measures of robustness; see `judge_rows`."""
    return judge_rows("robustness", current, thresholds=thresholds, parameters=parameters, seed=seed)


def run_explainability(
    current: Table,
    reference: Table | None,
    *,
    columns: Columns,
    thresholds: tuple[Threshold, ...],
    parameters: dict[str, Any],
    seed: int,
) -> CheckOutcome:
    """Judge imported measures of explanations; see `judge_rows`."""
    return judge_rows("explainability", current, thresholds=thresholds, parameters=parameters, seed=seed)


def judge_rows(
    check: str, table: Table, *, thresholds: tuple[Threshold, ...], parameters: dict[str, Any], seed: int
) -> CheckOutcome:
    """Each row of `table` as a result `<check>_value` with the slice {"measure": ...}.

    Columns: measure, value, and optionally low, high (an interval's ends; one alone is an interval without other end), n,
    unit, tool, tool_version. A value that is no finite number, or outside its own interval, is an error of its row.
    Raises BadInput missing-column, bad-value (a row without a name, text among numbers, an n that is no count),
    duplicate-measure, parameter.
    """
    settings = read_parameters(parameters, DEFAULTS)
    rows = _rows(f"{check}_value", table, settings["exact_measures"])
    results = [result for row in rows for result in _results(row, thresholds)]
    known = {f"{check}_value": "the imported table has no such measure."}
    results += unanswered([row.shell for row in rows], thresholds, known)
    warnings = list(table.warnings)
    if bare := [row.measure for row in rows if not row.details.get("tool")]:
        warnings.append(
            f"No tool is named for {', '.join(map(repr, bare[:10]))}: nobody can measure that again."
        )
    return CheckOutcome(
        check=check,
        results=tuple(results),
        summary=f"{len(rows)} imported measures. {summarise(results)}",
        warnings=tuple(warnings),
        inputs={"current": table.summary()},
        parameters=settings,
        libraries=libraries(),
        seed=seed,
        tables={
            "imported": {
                "columns": ["measure", "value", "low", "high", "n", *_TEXTS],
                "rows": [
                    [
                        row.measure,
                        row.value,
                        row.low,
                        row.high,
                        row.details["n"],
                        *(row.details[t] for t in _TEXTS),
                    ]
                    for row in rows
                ],
            }
        },
    )


def _rows(metric: str, table: Table, exact: list[Any]) -> list[_Row]:
    for name in ("measure", "value"):
        if name not in table.columns:
            raise BadInput("missing-column", f"{name}: an imported table needs this column.", column=name)
    measures = _texts(table, "measure")
    if bare := measures.count(""):
        raise BadInput("bad-value", f"measure: {bare} rows name no measure.", column="measure")
    keys = [canonical(measure) for measure in measures]
    times = Counter(keys)
    if repeated := sorted({m for m, key in zip(measures, keys, strict=True) if times[key] > 1}):
        raise BadInput(
            "duplicate-measure",
            f"measure: {', '.join(map(repr, repeated[:10]))} stand more than once; nothing says which row holds.",
            column="measure",
        )
    named = {canonical(str(name)) for name in exact}
    if unknown := sorted(named - set(keys)):
        raise BadInput(
            "parameter",
            f"exact_measures: {', '.join(unknown)} is no measure of the table.",
            column="exact_measures",
        )
    for name in _NUMBERS:
        # Blank means that the tool gave none; "not a number" that something went wrong, and which end is anybody's guess.
        if name in table.columns and (broken := table[name].nan):
            raise BadInput("bad-value", f"{name}: {broken} rows say that it is not a number.", column=name)
    value = _numbers(table, "value")
    low, high, n = (_numbers(table, name) for name in _NUMBERS)
    if odd := int((np.isinf(n) | (n < 0) | (np.floor(n) != n))[~np.isnan(n)].sum()):
        raise BadInput("bad-value", f"n: {odd} rows hold no count.", column="n")
    texts = {name: _texts(table, name) for name in _TEXTS}
    found = []
    for place, measure in enumerate(measures):
        details: dict[str, Any] = {name: held[place] for name, held in texts.items()}
        counted = None if np.isnan(n[place]) else int(n[place])
        figures = float(value[place]), float(low[place]), float(high[place])
        found.append(
            _Row(
                metric, measure, *figures, counted or 0, details["unit"] or UNIT, keys[place] in named,
                _fault(*figures), details | {"n": counted, "exact": keys[place] in named},
            )
        )  # fmt: skip
    return found


def _texts(table: Table, name: str) -> list[str]:
    """A column's values as text, empty where there is none."""
    if name not in table.columns:
        return [""] * table.rows
    values, codes = table[name].coded()
    return [" ".join(values[code].split()) if code >= 0 else "" for code in codes.tolist()]


def _numbers(table: Table, name: str) -> NDArray[np.float64]:
    column = table.columns.get(name)
    if column is None or column.kind == "empty":
        return np.full(table.rows, np.nan)
    if column.kind != "number":
        raise BadInput("bad-value", f"{name}: the column holds text among its numbers.", column=name)
    return column.numbers


def _fault(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return "its value is missing or no finite number"
    if low > high:
        return f"its interval ends before it begins ({low!r} to {high!r})"
    if value < low or value > high:
        return f"its value {value!r} lies outside its own interval ({low!r} to {high!r})"
    return ""


def _results(row: _Row, thresholds: tuple[Threshold, ...]) -> list[Result]:
    hits: list[Threshold | None] = [t for t in thresholds if addressed(row.shell, t)]
    return [_result(row, threshold) for threshold in hits or [None]]


def _result(row: _Row, threshold: Threshold | None) -> Result:
    verdict, why = (None, "") if threshold is None else _verdict(row, threshold)
    if row.fault:
        # Said of every row, asked or not: a broken import must not look like a figure that nobody judged.
        verdict, why = Verdict.ERROR, f"This row cannot be meant: {row.fault}."
    tool = row.details["tool"]
    return Result(
        metric=row.metric,
        slice={"measure": row.measure},
        value=row.value if math.isfinite(row.value) else None,
        low=row.low if math.isfinite(row.low) else None,
        high=row.high if math.isfinite(row.high) else None,
        n=row.n,
        unit=row.unit,
        verdict=verdict,
        threshold=threshold,
        why=why,
        method=" ".join(["imported from", tool, row.details["tool_version"]]).strip() if tool else "imported",
        details=dict(row.details),
    )


def _verdict(row: _Row, threshold: Threshold) -> tuple[Verdict, str]:
    if threshold.unit not in ("", UNIT, row.unit):
        return Verdict.ERROR, (
            f"The threshold cannot be meant: the bound is written in {threshold.unit!r}, the measure in {row.unit!r}."
        )
    if math.isnan(row.low) and math.isnan(row.high):
        if row.exact:
            return judge_exact(threshold, row.value, row.n)
        return Verdict.INCONCLUSIVE, (
            f"{row.value!r} was imported without an interval, so nothing says how far chance reaches. Name the measure in "
            "exact_measures if it is counted and not estimated."
        )
    if row.n < threshold.minimum_n:
        return Verdict.INCONCLUSIVE, f"{row.n} rows; at least {threshold.minimum_n} are needed for a verdict."
    low = -math.inf if math.isnan(row.low) else row.low
    high = math.inf if math.isnan(row.high) else row.high
    span = f"its imported interval {low:.6g} to {high:.6g}"
    if threshold.all_inside(low, high):
        return Verdict.PASS, f"{row.value!r} meets {threshold.words()}, and so does {span}."
    if threshold.all_outside(low, high):
        return Verdict.FAIL, f"{row.value!r} misses {threshold.words()}, and so does all of {span}."
    return Verdict.INCONCLUSIVE, f"{row.value!r}, but {span} reaches over the bound of {threshold.words()}."
