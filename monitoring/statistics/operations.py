"""How often a language model in use leads to safety incidents, and what a query costs.

Incidents are counts over an exposure: an exact Poisson rate per 1,000 queries, which has an upper bound when none was
seen. Where periods vary by more than Poisson counts do, the counts are worth less, by as much. Costs and tokens are means
per query. Whether every incident was noticed is beyond this.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from monitoring.statistics import intervals
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.intervals import Interval
from monitoring.statistics.labels import binary
from monitoring.statistics.measuring import (
    Estimate,
    faulty,
    judge_all,
    libraries,
    read_parameters,
    summarise,
)
from monitoring.statistics.results import CheckOutcome, Result
from monitoring.statistics.tables import Table
from monitoring.statistics.verdicts import Threshold

DEFAULTS: dict[str, Any] = {
    "incidents": "",
    "queries": "",
    "cost": "",
    "tokens": "",
    "maximum_unknown_share": 0.05,
    "minimum_n": 30,
}
KNOWN = {
    "incident_rate": "name the incidents, or there are no queries.",
    "cost_per_query": "name the column of costs (cost).",
    "tokens_per_query": "name the column of tokens (tokens).",
}
PER = 1000
_CERTAIN = 0.05
Floats = NDArray[np.float64]


def run(
    current: Table,
    reference: Table | None,
    *,
    columns: Columns,
    thresholds: tuple[Threshold, ...],
    parameters: dict[str, Any],
    seed: int,
) -> CheckOutcome:
    """Rate incidents per 1,000 queries, and cost and tokens per query.

    With `queries` each row is a period with its counts; without, each row is one query and `incidents` (or the label) says
    yes or no. The reference is not used. n counts queries. Raises BadInput missing-column, unknown-column, not-binary,
    bad-value (a count that is missing, negative or broken, incidents without queries), parameter.
    """
    settings = read_parameters(parameters, DEFAULTS)
    warnings = list(current.warnings)
    faults: list[Result] = []
    queries = _counts(current, settings["queries"]) if settings["queries"] else np.ones(current.rows)
    name = settings["incidents"] or columns.label
    if not (name or settings["cost"] or settings["tokens"]):
        raise BadInput("missing-column", "incidents: name incidents, costs or tokens.", column="incidents")
    estimates = []
    if name:
        estimates.append(_rate(current, name, queries, columns, settings, warnings))
    for metric, part, unit in (
        ("cost_per_query", "cost", "cost's unit"),
        ("tokens_per_query", "tokens", "tokens"),
    ):
        if settings[part]:
            estimates.append(_mean(current, metric, part, unit, queries, settings, faults, warnings))
    results = faults + judge_all(estimates, thresholds, known=KNOWN, minimum_n=settings["minimum_n"])
    return CheckOutcome(
        check="llm-operations",
        results=tuple(results),
        summary=summarise(results),
        warnings=tuple(warnings),
        inputs={"current": current.summary(), "queries": int(queries.sum())},
        parameters=settings,
        libraries=libraries(),
        seed=seed,
    )


def _counts(table: Table, name: str) -> Floats:
    """A column of whole numbers, 0 or more, none missing: a period whose count nobody knows can't be left out."""
    column = table[name]
    if column.kind != "number":
        raise BadInput("bad-value", f"Column {name!r} does not hold counts.", column=name)
    values = column.numbers
    broken = ~np.isfinite(values) | (values < 0) | (np.floor(values) != values)
    if bad := int(broken.sum()):
        raise BadInput(
            "bad-value",
            f"{bad} of {table.rows} values of {name!r} are no counts (missing, negative or broken).",
            column=name,
        )
    return values


def _rate(
    table: Table,
    name: str,
    queries: Floats,
    columns: Columns,
    settings: dict[str, Any],
    warnings: list[str],
) -> Estimate:
    hold = ""
    if settings["queries"]:
        events = _counts(table, name)
        if stray := int(((events > 0) & (queries == 0)).sum()):
            raise BadInput("bad-value", f"{stray} rows have incidents and no queries.", column=name)
    else:
        alone = Columns(label=name, positive=columns.positive, mapping=columns.mapping)
        coded = binary(table, alone, warnings=warnings)["label"]
        if coded.unknown > settings["maximum_unknown_share"] * table.rows:
            hold = f"Of {coded.unknown} of {table.rows} queries nobody knows whether they led to an incident."
        events, queries = coded.values[coded.known].astype(np.float64), queries[coded.known]
    total, exposure = int(events.sum()), float(queries.sum())
    # A query that is its own row has an incident or none: it can't vary by more than a Poisson count.
    excess, p = _excess(events, queries) if settings["queries"] else (1.0, 1.0)
    if excess > 1:
        warnings.append(
            f"Incidents vary {excess:.3g} times as much between rows as Poisson counts would (p {p:.2g}); the interval is "
            "widened by that."
        )
    return Estimate(
        "incident_rate", {}, PER * total / exposure if exposure else None, int(exposure), "per 1,000 queries",
        "exact Poisson interval (Garwood)" + (", of counts divided by their excess variance" if excess > 1 else ""),
        lambda level: intervals.poisson(total / excess, exposure / PER / excess, level),
        range=(0.0, math.inf), undefined="there are no queries.", hold=hold,
        details={"incidents": total, "queries": int(exposure), "excess_variance": excess, "excess_p": p},
    )  # fmt: skip


def _excess(events: Floats, queries: Floats) -> tuple[float, float]:
    """How many times the variance between rows is Poisson's, where that is certain; otherwise 1. And the test's p."""
    used = queries > 0
    held, exposed = events[used], queries[used]
    if len(held) < 2 or not held.sum():
        return 1.0, 1.0
    expected = held.sum() / exposed.sum() * exposed
    squared = float(((held - expected) ** 2 / expected).sum())
    p = float(stats.chi2.sf(squared, len(held) - 1))
    return (max(1.0, squared / (len(held) - 1)), p) if p < _CERTAIN else (1.0, p)


def _mean(
    table: Table,
    metric: str,
    part: str,
    unit: str,
    queries: Floats,
    settings: dict[str, Any],
    faults: list[Result],
    warnings: list[str],
) -> Estimate:
    """What a query takes: all amounts over all queries, its error from the rows (a ratio's, by linearisation)."""
    name = settings[part]
    column = table[name]
    if column.kind == "text":
        raise BadInput("bad-value", f"{part}: column {name!r} does not hold numbers.", column=name)
    amounts = column.numbers if column.kind == "number" else np.full(table.rows, np.nan)
    if negative := int((amounts < 0).sum()):
        raise BadInput("bad-value", f"{part}: {negative} values of {name!r} are negative.", column=name)
    if column.infinite:
        why = f"{column.infinite} of {table.rows} values of {name!r} are infinite."
        faults.append(faulty(metric, table.rows, why, details=column.counts()))
    hold = ""
    if column.missing:
        warnings.append(
            f"{column.missing} of {table.rows} values of {name!r} are missing; they rest in no figure."
        )
        if column.missing > settings["maximum_unknown_share"] * table.rows:
            hold = f"{column.missing} of {table.rows} values of {name!r} are missing, too many to pass."
    used = np.isfinite(amounts)
    spent, asked = amounts[used], queries[used]
    exposure = float(asked.sum())
    value = float(spent.sum()) / exposure if exposure else None

    def interval(level: float) -> Interval:
        rows = len(spent)
        # Rows that all take the same may do so because none of the other kind was met.
        if value is None or rows < 2 or float(np.ptp(spent / np.maximum(asked, 1))) == 0:
            return intervals.NONE
        away = spent - value * asked
        half = (
            float(stats.t.isf((1 - level) / 2, rows - 1))
            * math.sqrt(rows / (rows - 1) * float((away**2).sum()))
            / exposure
        )
        return max(0.0, value - half), value + half

    return Estimate(
        metric, {}, value, int(exposure), unit,
        "total over queries, Student's t" if not settings["queries"] else "total over queries, a ratio's linearised error",
        interval, range=(0.0, math.inf), undefined="there are no queries with an amount.", hold=hold,
        details={"rows": len(spent), "total": float(spent.sum())},
    )  # fmt: skip
