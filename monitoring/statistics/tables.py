"""A dataset in memory: columns typed once, with everything that is not an ordinary value counted apart.

A number column keeps NULL and NaN as NaN and infinities as infinities, each with its count; a text column is
codes into its sorted distinct values, -1 where nothing stands. Knows files not at all (see `reading`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitoring.statistics.inputs import BadInput

Kind = Literal["number", "text", "empty"]
KINDS = ("number", "text")
# What stands for "no value" in text, compared without case. `na`, `n/a` and `none` only among numbers: as text
# they may be categories (Namibia, no collateral).
NULL_WORDS = ("", "null")
_NULL_WORDS_AMONG_NUMBERS = ("", "null", "na", "n/a", "none", "?")
NAN_WORDS = ("nan", "+nan", "-nan")
_PLUS_INFINITY = ("inf", "+inf", "infinity", "+infinity")
_MINUS_INFINITY = ("-inf", "-infinity")
_EXACT_INTEGER = 2.0**53


@dataclass(frozen=True, slots=True)
class Column:
    """One column of `rows` values: float64 `numbers`, or int64 `codes` into `categories`.

    `null` counts absent values, `nan` values that say "not a number", `plus_infinity`, `minus_infinity` and
    `overflow` (a number too large for a double, such as 1e999; it is held as an infinity).
    """

    name: str
    kind: Kind
    numbers: NDArray[np.float64]
    codes: NDArray[np.int64]
    categories: tuple[str, ...]
    null: int = 0
    nan: int = 0
    plus_infinity: int = 0
    minus_infinity: int = 0
    overflow: int = 0

    @property
    def rows(self) -> int:
        return len(self.codes) if self.kind != "number" else len(self.numbers)

    @property
    def missing(self) -> int:
        """NULL and NaN together."""
        return self.null + self.nan

    @property
    def infinite(self) -> int:
        return self.plus_infinity + self.minus_infinity + self.overflow

    def coded(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """Distinct values as text and each row's index into them, -1 where missing. 1.0 is written `1`."""
        if self.kind != "number":
            return self.categories, self.codes
        values, codes = np.unique(self.numbers, return_inverse=True)
        present = values[~np.isnan(values)]
        codes = np.where(np.isnan(self.numbers), -1, codes.reshape(-1)).astype(np.int64)
        return tuple(number_text(float(value)) for value in present), codes

    def counts(self) -> dict[str, int]:
        return {
            "null": self.null,
            "nan": self.nan,
            "plus_infinity": self.plus_infinity,
            "minus_infinity": self.minus_infinity,
            "overflow": self.overflow,
        }


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of equal length under unique names, in the file's order."""

    columns: Mapping[str, Column]
    rows: int
    warnings: tuple[str, ...] = ()
    facts: dict[str, object] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Column:
        """A column by name. Raises BadInput `unknown-column`."""
        try:
            return self.columns[name]
        except KeyError:
            raise unknown_column(name, self.names) from None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def summary(self) -> dict[str, object]:
        """Rows, columns with their kind, and what the caller knows of the file."""
        return {
            "rows": self.rows,
            "columns": {name: col.kind for name, col in self.columns.items()},
            **self.facts,
        }


def unknown_column(name: str, names: Sequence[str]) -> BadInput:
    """What to say of a column that isn't there."""
    listed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    return BadInput("unknown-column", f"There is no column {name!r}. The file has: {listed}.", column=name)


def number_text(value: float) -> str:
    """A number as a label: the shortest text, without `.0`."""
    return repr(int(value)) if value.is_integer() and abs(value) < _EXACT_INTEGER else repr(value)


def column_from_values(name: str, values: Sequence[object]) -> Column:
    """A column from Python values: numbers (None is NULL), or text."""
    if all(value is None or isinstance(value, (bool, np.bool_)) for value in values) and len(values):
        values = [None if value is None else str(bool(value)).lower() for value in values]
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, (int, float, np.integer, np.floating)) for value in present):
        return column_from_arrow(name, pa.array(values, type=pa.float64(), from_pandas=False))
    return column_from_arrow(
        name, pa.array([None if v is None else str(v) for v in values], type=pa.string())
    )


def table_from_values(columns: Mapping[str, Sequence[object]]) -> Table:
    """A table from Python sequences of equal length."""
    built = {name: column_from_values(name, list(values)) for name, values in columns.items()}
    lengths = {column.rows for column in built.values()}
    if len(lengths) > 1:
        raise BadInput("ragged", f"Columns have different lengths: {sorted(lengths)}.")
    return Table(columns=built, rows=lengths.pop() if lengths else 0)


def column_from_arrow(name: str, array: pa.Array) -> Column:
    """A typed Arrow array as a column: NULL and NaN apart. Text is taken as it stands.

    Times are seconds since 1970 in UTC, whatever the zone and the year. Raises BadInput `unsupported-type` for nested
    and binary types, `encoding` for text that is not UTF-8.
    """
    kind = array.type
    if pa.types.is_dictionary(kind) and not pa.types.is_nested(kind.value_type):
        array = array.cast(kind.value_type)
        kind = array.type
    if pa.types.is_boolean(kind):
        array, kind = array.cast(pa.string()), pa.string()
    if pa.types.is_null(kind):
        return _empty(name, len(array))
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        array = _seconds(array)
        kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _text_column(name, array, null=array.null_count)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        null = array.null_count
        if pa.types.is_decimal(kind):
            # Arrow divides by a power of ten and rounds twice: -1234567.89 would not be what CSV files say it is.
            array = array.cast(pa.string())
        numbers = (
            array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False).astype(np.float64, copy=True)
        )
        return _number_column(name, numbers, null=null)
    raise BadInput(
        "unsupported-type", f"Column {name!r} has type {kind}, which no check can read.", column=name
    )


def _seconds(array: pa.Array) -> pa.Array:
    """Times and dates as doubles: nanoseconds cut to microseconds, others to the nearest double of the count in their unit.

    By way of integers alone: a cast from one unit of time to another refuses what lies past the year 2262 or 294247.
    """
    kind = array.type
    if pa.types.is_date32(kind):
        return pc.multiply(array.cast(pa.int32()).cast(pa.float64()), 86_400.0)
    count, unit = array.cast(pa.int64()), "ms" if pa.types.is_date64(kind) else kind.unit
    if unit == "ns":
        count, unit = pc.divide(count, 1_000), "us"
    return pc.divide(count.cast(pa.float64(), safe=False), {"s": 1.0, "ms": 1e3, "us": 1e6}[unit])


def not_utf8(name: str) -> BadInput:
    """What to say of a text column whose bytes are no text."""
    return BadInput(
        "encoding", f"Column {name!r} is declared text but holds bytes that are not UTF-8.", column=name
    )


def column_from_strings(
    name: str, array: pa.Array, *, declared: str | None = None, decimal: str = ".", first: int = 0
) -> Column:
    """A column of text from a CSV file, typed once: as declared (`number`, `text`), or as all its values allow.

    `first` is the number of the first row, from 0, where these aren't the file's first rows.

    Raises BadInput `bad-value` if a declared number is not one (with the first such row), `decimal-comma` if the
    values look like numbers with a decimal comma and `decimal` is `.`, and `bad-type` for an unknown declaration.
    """
    if declared is not None and declared not in KINDS:
        raise BadInput(
            "bad-type", f"Column {name!r} is declared {declared!r}; known: number, text.", column=name
        )
    encoded = array.dictionary_encode()
    distinct = pc.utf8_trim_whitespace(encoded.dictionary)
    lowered = pc.utf8_lower(distinct)
    index = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    if declared != "text":
        column = _as_numbers(name, distinct, lowered, index, declared=declared, decimal=decimal, first=first)
        if column is not None:
            return column
    absent = pc.is_in(lowered, value_set=pa.array(NULL_WORDS)).to_numpy(zero_copy_only=False)
    nan = pc.is_in(lowered, value_set=pa.array(NAN_WORDS)).to_numpy(zero_copy_only=False)
    # Text keeps its own blanks and case here: `labels` normalises them and says so.
    named = np.array(encoded.dictionary.to_pylist(), dtype=object)
    return _coded_column(name, named, index, absent, nan)


def _as_numbers(
    name: str,
    distinct: pa.Array,
    lowered: pa.Array,
    index: NDArray[np.int64],
    *,
    declared: str | None,
    decimal: str,
    first: int,
) -> Column | None:
    def among(words: tuple[str, ...]) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = pc.is_in(lowered, value_set=pa.array(words)).to_numpy(zero_copy_only=False)
        return found

    absent, nan = among(_NULL_WORDS_AMONG_NUMBERS), among(NAN_WORDS)
    plus, minus = among(_PLUS_INFINITY), among(_MINUS_INFINITY)
    ordinary = ~(absent | nan | plus | minus)
    words = distinct.filter(pa.array(ordinary))
    if len(words) and decimal != ".":
        words = pc.replace_substring(words, decimal, ".")
    if not len(words) and not (nan | plus | minus).any():
        return (
            _empty(name, len(index))
            if declared is None
            else _number_column(name, np.full(len(index), np.nan), null=len(index))
        )
    shaped = pc.match_substring_regex(words, r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$").to_numpy(
        zero_copy_only=False
    )
    if not shaped.all():
        if declared == "number":
            bad = np.flatnonzero(ordinary)[np.flatnonzero(~shaped)[0]]
            row = int(np.flatnonzero(index == bad)[0])
            raise BadInput(
                "bad-value",
                f"Column {name!r} is declared a number, but data row {first + row + 1} holds "
                f"{_short(distinct[bad].as_py())!r}.",
                column=name,
            )
        commas = pc.match_substring_regex(words, r"^[+-]?\d+,\d+$").to_numpy(zero_copy_only=False)
        if decimal == "." and declared is None and commas.any() and (commas | shaped).all():
            raise BadInput(
                "decimal-comma",
                f"Column {name!r} holds numbers with a comma, such as "
                f"{_short(words.filter(pa.array(commas))[0].as_py())!r}. "
                "Write them with a point, say that the decimal sign is a comma, or declare the column as text.",
                column=name,
            )
        return None
    values = np.full(len(distinct), np.nan)
    values[ordinary] = [float(word) for word in words.to_pylist()]
    overflow = np.isinf(values)
    values[plus], values[minus] = np.inf, -np.inf
    tally = np.bincount(index, minlength=len(distinct))
    integers = pc.match_substring_regex(words, r"^[+-]?\d{17,}$").to_numpy(zero_copy_only=False)
    if declared is None and integers.any():
        return None  # long identifiers: a double would make different ones equal
    return _number_column(
        name,
        values[index],
        null=int(tally[absent].sum()),
        overflow=int(tally[overflow].sum()),
    )


def _number_column(name: str, numbers: NDArray[np.float64], *, null: int, overflow: int = 0) -> Column:
    plus, minus = int(np.isposinf(numbers).sum()), int(np.isneginf(numbers).sum())
    # 1e999 counts as overflow and not as an infinity somebody wrote; its sign is of no use to anyone.
    from_plus = min(overflow, plus)
    return Column(
        name=name,
        kind="number",
        numbers=numbers + 0.0,
        codes=np.empty(0, np.int64),
        categories=(),
        null=null,
        nan=int(np.isnan(numbers).sum()) - null,
        plus_infinity=plus - from_plus,
        minus_infinity=minus - (overflow - from_plus),
        overflow=overflow,
    )


def _text_column(name: str, array: pa.Array, *, null: int) -> Column:
    encoded = array.cast(pa.string()).dictionary_encode()
    try:
        lowered = pc.utf8_lower(pc.utf8_trim_whitespace(encoded.dictionary))
        distinct = np.array(encoded.dictionary.to_pylist(), dtype=object)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        raise not_utf8(name) from None
    absent = pc.is_in(lowered, value_set=pa.array(NULL_WORDS)).to_numpy(zero_copy_only=False)
    nan = pc.is_in(lowered, value_set=pa.array(NAN_WORDS)).to_numpy(zero_copy_only=False)
    index = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return _coded_column(name, distinct, index, absent, nan)


def _coded_column(
    name: str,
    distinct: NDArray[np.object_],
    index: NDArray[np.int64],
    absent: NDArray[np.bool_],
    nan: NDArray[np.bool_],
) -> Column:
    absent, nan = absent.astype(bool), nan.astype(bool)
    keep = np.flatnonzero(~(absent | nan))
    order = keep[np.argsort(distinct[keep].astype(str), kind="stable")] if len(keep) else keep
    recode = np.full(len(distinct) + 1, -1, np.int64)  # the extra place is what index -1 points to
    recode[order] = np.arange(len(order))
    tally = np.bincount(index[index >= 0], minlength=len(distinct))
    return Column(
        name=name,
        kind="text" if len(order) else "empty",
        numbers=np.empty(0),
        codes=recode[index],
        categories=tuple(str(value) for value in distinct[order]),
        null=int(tally[absent].sum()) + int((index < 0).sum()),
        nan=int(tally[nan].sum()),
    )


def _empty(name: str, rows: int) -> Column:
    return Column(
        name=name,
        kind="empty",
        numbers=np.empty(0),
        codes=np.full(rows, -1, np.int64),
        categories=(),
        null=rows,
    )


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
