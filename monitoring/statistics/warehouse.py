"""Tables of databases and warehouses into profiles, counted where they are, through Ibis (extra `[warehouse]`).

The same contract as the file kernel (`profiling`): the same counts in the same bins, whatever the engine. Engines
agree on little about floating point, so nothing here rests on it: no WHERE compares floats; NULL, NaN and infinities
are set apart before anything is compared; edges are passed as text, which every engine reads to the nearest double
(a decimal literal some don't); and no sum or product leaves the range of doubles, which is an error in one engine and
an infinity in the next.

Knows no files, no addresses (see `engines`) and no verdict.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import ibis
import numpy as np
import pyarrow as pa

from monitoring.statistics.engines import answer, settle
from monitoring.statistics.inputs import BadInput
from monitoring.statistics.profiles import (
    EXACT,
    MAXIMUM_VALUES,
    Apart,
    ColumnProfile,
    Edges,
    Floats,
    Numbers,
    Profile,
    Texts,
    exact_sum,
)
from monitoring.statistics.profiling import SAMPLE
from monitoring.statistics.reading import time_warnings
from monitoring.statistics.tables import NAN_WORDS, NULL_WORDS, unknown_column

Rows = list[dict[str, Any]]

COLUMNS_AT_ONCE = 8
"""Columns of one statement: more would read a row store less often, and weigh on the planner of any."""
SPARE = 1000
"""So many ways of writing "no value" are looked for among the values of a text column before it is asked again."""
_NULL, _NAN, _PLUS, _MINUS = -1, -2, -3, -4

# Beyond FAR, squares would leave the range of doubles; such values are summed in units of 1 / SCALE.
_FAR = 2.0**449
_SCALE = 2.0**-560
_UNSCALE = 2.0**560
_NEGLIGIBLE = (
    2.0**-400
)  # in units of 1 / SCALE it is nothing, and the product would be too small for PostgreSQL
_ROOT = 2.0**-536  # the square of what is smaller is 0

# All that str.strip() takes away.
_BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())


def profile_of_table(
    table: ibis.Table, cut: Profile, *, partition: Mapping[str, object] | None = None
) -> Profile:
    """The profile of a table's columns that `cut` has, counted as it says; profiles of partitions add.

    `partition` names columns and the values they must have (text, whole numbers, booleans or dates). A partition or a
    table without rows has a profile of no rows. One statement counts COLUMNS_AT_ONCE columns; a table that changes
    between two of them, as far as its number of rows shows, is refused.

    Raises BadInput `unknown-column`, `unsupported-type`, `partition`, `cut` (a column is a number now and was text),
    `changed` and `engine-error`.
    """
    table = _partition(table, partition or {})
    kinds = {name: kind_of(table, name) for name in cut.names}
    if not kinds:
        raise BadInput("cut", "No column is to be counted.")
    backend = table.get_backend()
    settle(backend)
    plans: dict[str, _Plan] = {}
    for name, column in cut.columns.items():
        if isinstance(column, Numbers) and kinds[name] != "text":
            plans[name] = _NumberPlan(name, column.edges)
        elif kinds[name] == "number":
            raise BadInput("cut", f"Column {name!r} holds numbers and would be counted as text.", column=name)
        else:
            plans[name] = _TextPlan(name)
    found: dict[str, ColumnProfile] = {}
    for group in _grouped(plans):
        found |= _counted(backend, table, {name: plans[name] for name in group})
    rows = {column.rows for column in found.values()}
    if len(rows) > 1:
        raise BadInput("changed", "The table changed while it was counted: its columns differ in rows.")
    warnings = time_warnings(table.select(*cut.names).schema().to_pyarrow())
    facts: dict[str, object] = {"format": "table", "engine": f"{backend.name} {backend.version}"}
    return Profile({name: found[name] for name in cut.names}, rows.pop(), warnings, facts)


def cut_of_table(table: ibis.Table, like: Profile | None = None) -> Profile:
    """How a table's columns are counted, as a profile of no rows; on the edges of `like` where it has them as numbers.

    To be taken once and stored: edges come from all values of a table of up to twice SAMPLE rows (and then equal
    those of a file with the same rows), otherwise from about SAMPLE random rows and, where those hold few distinct
    values, from all distinct values. Raises BadInput `unsupported-type` and `engine-error`.
    """
    kinds = {name: kind_of(table, name) for name in table.columns}
    backend = table.get_backend()
    settle(backend)
    edges = {
        name: column.edges
        for name, column in (like.columns if like else {}).items()
        if isinstance(column, Numbers) and kinds.get(name) in {"number", "empty"}
    }
    wanted = [name for name, kind in kinds.items() if kind == "number" and name not in edges]
    if wanted:
        (counted,) = answer(backend, table.aggregate(rows=table.count())).to_pylist()
        rows = int(counted["rows"])
        share = 1.0 if rows <= 2 * SAMPLE else SAMPLE / rows
        for group in _grouped(wanted):
            some = table.select(**{f"c{at}": _double(table, name) for at, name in enumerate(group)})
            if share < 1:
                some = some.filter(ibis.random() <= share)
            read = answer(backend, some)
            for at, name in enumerate(group):
                found = Edges.of(_finite(read.column(f"c{at}")))
                few = share < 1 and len(found.at) <= 2 * EXACT
                edges[name] = (_distinct(backend, table, name) if few else None) or found
    return Profile(
        {
            name: Numbers.of(edges[name], np.empty(0)) if name in edges else Texts({}, 0, Apart())
            for name in table.columns
        },
        0,
    )


@dataclass(frozen=True, slots=True)
class _NumberPlan:
    """A number column by bin: rows, sums, squares, least and greatest of each."""

    name: str
    edges: Edges

    def query(self, table: ibis.Table, number: int) -> ibis.Table:
        value = _double(table, self.name)
        floating = not table[self.name].type().is_integer()
        # NaN before NULL: Ibis on Spark takes NaN for both. Never isinf: there it is compiled to FALSE.
        apart = [(value.isnull(), _whole(_NULL))]
        if floating:
            greatest = _double_of(sys.float_info.max)
            apart = [
                (value.isnan(), _whole(_NAN)),
                *apart,
                (value > greatest, _whole(_PLUS)),
                (value < -greatest, _whole(_MINUS)),
            ]
        held = table.select(
            place=ibis.cases(*apart, else_=_bin(value, self.edges.at)),
            value=ibis.ifelse(value.abs() <= greatest, value, _nothing()) if floating else value,
        )
        measured = _measured(held.value, self.edges.centre, floating=floating)
        counted = held.group_by(held.place).aggregate(rows=held.count(), **measured)
        return counted.select(
            column=_whole(number),
            **{name: counted[name].cast("int64") for name in ("place", "rows")},
            **{name: counted[name].cast("float64") for name in _MEASURES},
        )

    def profile(self, rows: Rows) -> Numbers:
        counts = np.zeros(len(self.edges.at) + 1, np.int64)
        sums = np.zeros(len(counts))
        squares, least, greatest = [0.0], math.nan, math.nan
        apart = dict.fromkeys((_NULL, _NAN, _PLUS, _MINUS), 0)
        for row in rows:
            place = row["place"]
            if place < 0:
                apart[place] += row["rows"]
                continue
            measured = {name: row[name] or 0.0 for name in _MEASURES}  # NULL: no value of this size, and -0.0
            counts[place] += row["rows"]
            sums[place] += measured["total"] + measured["far_total"] * _UNSCALE
            squares.append(measured["square"] + measured["far_square"] * _UNSCALE * _UNSCALE)
            least = float(np.fmin(least, measured["least"]))
            greatest = float(np.fmax(greatest, measured["greatest"]))
        return Numbers(
            self.edges,
            counts,
            (sums,),
            tuple(exact_sum([np.array([square]) for square in squares]).tolist()),
            least,
            greatest,
            Apart(apart[_NULL], apart[_NAN], apart[_PLUS], apart[_MINUS]),
        )


_MEASURES = ("total", "square", "far_total", "far_square", "least", "greatest")


@dataclass(frozen=True, slots=True)
class _TextPlan:
    """A text column by value. What says that there is no value is told apart here, where the kernel does it too."""

    name: str

    def query(self, table: ibis.Table, number: int) -> ibis.Table:
        counted = self._values(table.select(value=_text(table, self.name))).limit(MAXIMUM_VALUES + SPARE)
        return counted.select(
            column=_whole(number), value=counted["value"], rows=counted["rows"].cast("int64")
        )

    def _values(self, held: ibis.Table) -> ibis.Table:
        return held.group_by("value").aggregate(rows=held.count())

    def profile(self, rows: Rows) -> Texts:
        absent, values = _told_apart(rows)
        n = sum(values.values())
        many = len(values) > MAXIMUM_VALUES
        return Texts({} if many else values, n, absent, many)

    def profile_of_many(self, backend: ibis.BaseBackend, table: ibis.Table) -> Texts:
        """Where there are more values than one fetches: how many, and all that may mean that there is none."""
        held = table.select(value=_text(table, self.name))
        (said,) = answer(backend, held.aggregate(rows=held.count(), values=held.value.nunique())).to_pylist()
        bare = held.value.lower()
        for blank in _BLANKS:
            bare = bare.replace(blank, "")
        wordless = held.filter(held.value.isnull() | bare.isin(NULL_WORDS + NAN_WORDS))
        rows = answer(backend, self._values(wordless)).to_pylist()
        absent, values = _told_apart(rows)
        words = sum(row["value"] is not None for row in rows) - len(values)
        if said["values"] - words > MAXIMUM_VALUES:
            return Texts({}, said["rows"] - absent.missing, absent, many=True)
        return self.profile(answer(backend, self._values(held)).to_pylist())


_Plan = _NumberPlan | _TextPlan


def _counted(
    backend: ibis.BaseBackend, table: ibis.Table, plans: Mapping[str, _Plan]
) -> dict[str, ColumnProfile]:
    """Columns of a group, those of numbers in one statement and those of text in another."""
    found: dict[str, ColumnProfile] = {}
    for kind in (_NumberPlan, _TextPlan):
        group = [plan for plan in plans.values() if isinstance(plan, kind)]
        if not group:
            continue
        parts = [plan.query(table, number) for number, plan in enumerate(group)]
        query = ibis.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
        of: list[Rows] = [[] for _ in group]
        for row in answer(backend, query).to_pylist():
            of[row["column"]].append(row)
        for plan, rows in zip(group, of, strict=True):
            if isinstance(plan, _TextPlan) and len(rows) >= MAXIMUM_VALUES + SPARE:
                found[plan.name] = plan.profile_of_many(backend, table)
            else:
                found[plan.name] = plan.profile(rows)
    return found


def _told_apart(rows: Rows) -> tuple[Apart, dict[str, int]]:
    null = nan = 0
    values: dict[str, int] = {}
    for row in rows:
        word = row["value"].strip().lower() if row["value"] is not None else ""
        if word in NULL_WORDS:
            null += row["rows"]
        elif word in NAN_WORDS:
            nan += row["rows"]
        else:
            values[row["value"]] = row["rows"]
    return Apart(null=null, nan=nan), values


def _bin(value: ibis.Value, edges: Floats, first: int = 0) -> ibis.Value:
    """The number of edges below a value, as a balanced tree of comparisons: ten deep for a thousand edges."""
    if not len(edges):
        return _whole(first)
    middle = len(edges) // 2
    return ibis.ifelse(
        value <= _double_of(edges[middle]),
        _bin(value, edges[:middle], first),
        _bin(value, edges[middle + 1 :], first + middle + 1),
    )


def _measured(value: ibis.Value, centre: float, *, floating: bool) -> dict[str, ibis.Value]:
    """What is measured of a bin's values, those near 0 apart from those far from it, which are taken times SCALE."""
    near, far = value, None
    if floating:
        is_near = value.abs() < _double_of(_FAR)
        near = ibis.ifelse(is_near, value, _nothing())
        far = ibis.ifelse(is_near, _nothing(), value * _double_of(_SCALE))
    away, far_away = near, far
    if abs(centre) >= _FAR:
        # Near values are far from this centre.
        seen = ibis.ifelse(near.abs() < _double_of(_NEGLIGIBLE), _double_of(0.0), near) * _double_of(_SCALE)
        away, far_away = None, seen if far is None else ibis.coalesce(far, seen)
    return {
        "total": near.sum(),
        "square": _squares(away, centre),
        "far_total": _nothing() if far is None else far.sum(),
        "far_square": _squares(far_away, centre * _SCALE),
        "least": value.min(),
        "greatest": value.max(),
    }


def _squares(value: ibis.Value | None, centre: float) -> ibis.Value:
    if value is None:
        return _nothing()
    away = value - _double_of(centre)
    return ibis.ifelse(away.abs() < _double_of(_ROOT), _double_of(0.0), away * away).sum()


def _whole(number: int) -> ibis.Value:
    return ibis.literal(number, "int64")


def _double_of(value: float) -> ibis.Value:
    return ibis.literal(repr(float(value))).cast("float64")


def _nothing() -> ibis.Value:
    return ibis.null("float64")


def kind_of(table: ibis.Table, name: str) -> str:
    """As what a column is counted: `number`, `text` or `empty`. Raises BadInput `unknown-column`, `unsupported-type`."""
    if name not in table.columns:
        raise unknown_column(name, table.columns)
    kind = table[name].type()
    if kind.is_boolean() or kind.is_string():
        return "text"
    if kind.is_numeric() or kind.is_timestamp() or kind.is_date():
        return "number"
    if kind.is_null():
        return "empty"
    raise BadInput(
        "unsupported-type", f"Column {name!r} has type {kind}, which no check can read.", column=name
    )


def _double(table: ibis.Table, name: str) -> ibis.Value:
    """A number column as doubles, times as the kernel takes them: seconds since 1970 in UTC."""
    column = table[name]
    kind = column.type()
    if kind.is_timestamp() or kind.is_date():
        moment = column.cast("timestamp") if kind.is_date() else column
        # In two parts: engines round whole seconds up or down, and Spark gives microseconds as text alone.
        seconds = moment.truncate("s").epoch_seconds().cast("float64")
        micro = moment.strftime("%f").cast("float64")
        million = _double_of(1e6)
        return (seconds * million + micro) / million
    # By way of text: engines divide the digits by a power of ten, and round twice.
    return (column.cast("string") if kind.is_decimal() else column).cast("float64")


def _text(table: ibis.Table, name: str) -> ibis.Value:
    column = table[name]
    if column.type().is_boolean():
        return ibis.cases((column, "true"), (~column, "false"))
    return column.cast("string")


def _partition(table: ibis.Table, partition: Mapping[str, object]) -> ibis.Table:
    for name, value in partition.items():
        if name not in table.columns:
            raise unknown_column(name, table.columns)
        kind = table[name].type()
        if not (
            kind.is_string() or kind.is_integer() or kind.is_boolean() or kind.is_date()
        ) or not isinstance(value, (str, int, date)):
            raise BadInput(
                "partition",
                f"Column {name!r} of type {kind} doesn't name a partition: text, whole numbers, booleans and dates do.",
                column=name,
            )
        table = table.filter(table[name] == ibis.literal(value, kind))
    return table


def _finite(column: pa.ChunkedArray) -> Floats:
    values: Floats = column.drop_null().to_numpy().astype(np.float64)
    finite: Floats = values[np.isfinite(values)]
    return finite


def _distinct(backend: ibis.BaseBackend, table: ibis.Table, name: str) -> Edges | None:
    """Edges from all values of a column, None where more than EXACT are distinct."""
    value = _double(table, name)
    held = table.select(value=value)
    counted = held.group_by(held.value).aggregate(rows=held.count()).limit(EXACT + 5)
    read = answer(backend, counted)
    values = (
        np.array([math.nan if v is None else v for v in read.column("value").to_pylist()], np.float64) + 0.0
    )
    times = np.array(read.column("rows").to_pylist(), np.int64)
    order = np.argsort(values[np.isfinite(values)])
    values, times = values[np.isfinite(values)][order], times[np.isfinite(values)][order]
    if not len(values) or len(values) > EXACT:
        return None
    middle = int(np.searchsorted(np.cumsum(times), int(times.sum()) // 2, "right"))
    return replace(Edges.of(values), centre=float(values[middle]))


def _grouped(names: Iterable[str]) -> list[list[str]]:
    held = list(names)
    return [held[at : at + COLUMNS_AT_ONCE] for at in range(0, len(held), COLUMNS_AT_ONCE)]
