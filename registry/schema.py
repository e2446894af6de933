"""The declared contract of a dataset version: columns with type, role, range and allowed values. Pure.

A column has `name` and `dtype`, and may have `role`, `nullable`, `min`, `max`, `allowed` and, on the label,
`positive` (the value that counts as 1). Whether the bytes keep the contract is found by the data-contract
check; here only the declaration is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

DTYPES = ("number", "integer", "text", "boolean", "date", "datetime")
ROLES = ("feature", "label", "prediction", "score", "sensitive", "id", "time", "ignored")
COLUMN_LIMIT = 2_000
ALLOWED_LIMIT = 1_000
_KEYS = frozenset({"name", "dtype", "role", "nullable", "min", "max", "allowed", "positive"})
_ORDERED = frozenset({"number", "integer", "date", "datetime"})


def schema_faults(schema: Any) -> list[str]:
    """Every fault of a declared schema as a sentence that names its column; empty if it is sound."""
    if not isinstance(schema, Mapping) or set(schema) != {"columns"}:
        return ["An object with the one member 'columns' is expected."]
    columns = schema["columns"]
    if not isinstance(columns, list) or not columns:
        return ["'columns' must be a list with at least one column."]
    if len(columns) > COLUMN_LIMIT:
        return [f"{len(columns)} columns; at most {COLUMN_LIMIT:,} are read."]
    found = [fault for number, column in enumerate(columns, 1) for fault in _column_faults(number, column)]
    names = [column.get("name") for column in columns if isinstance(column, Mapping)]
    repeated = sorted({str(name) for name in names if names.count(name) > 1})
    return found + [f"Column '{name}' is declared more than once." for name in repeated]


def column_names(schema: Mapping[str, Any], role: str | None = None) -> list[str]:
    """Names of a sound schema's columns, in order; those of one role if asked."""
    return [column["name"] for column in schema["columns"] if role is None or column.get("role") == role]


def special_faults(
    schema: Mapping[str, Any], *, label: str, prediction: str, score: str, sensitive: Sequence[str]
) -> list[tuple[str, str]]:
    """(field, sentence) where a named column isn't declared, or one column is named for two purposes."""
    known = set(column_names(schema))
    named = {"label_column": label, "prediction_column": prediction, "score_column": score}
    found = [
        (field, f"Column '{name}' isn't declared in the schema.")
        for field, name in named.items()
        if name and name not in known
    ]
    found += [
        ("sensitive", f"Column '{name}' isn't declared in the schema.")
        for name in sensitive
        if name not in known
    ]
    used = [name for name in named.values() if name]
    found += [
        (field, f"Column '{name}' is named for more than one purpose.")
        for field, name in named.items()
        if name and used.count(name) > 1
    ]
    if len(set(sensitive)) < len(sensitive):
        found.append(("sensitive", "A column is named twice."))
    return found


def _column_faults(number: int, column: Any) -> Iterator[str]:
    if not isinstance(column, Mapping):
        yield f"Column {number}: an object is expected."
        return
    name = column.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > 200:
        yield f"Column {number}: 'name' must be text of 1 to 200 characters."
        return
    where = f"Column '{name}'"
    for key in sorted(set(map(str, column)) - _KEYS):
        yield f"{where}: unknown member '{key}'."
    dtype = column.get("dtype")
    if dtype not in DTYPES:
        yield f"{where}: 'dtype' must be one of {', '.join(DTYPES)}."
    if column.get("role", "feature") not in ROLES:
        yield f"{where}: 'role' must be one of {', '.join(ROLES)}."
    if not isinstance(column.get("nullable", False), bool):
        yield f"{where}: 'nullable' must be true or false."
    positive = column.get("positive")
    if positive is not None and column.get("role") != "label":
        yield f"{where}: 'positive' belongs to the label."
    if not isinstance(positive, str | int | float | bool | None):
        yield f"{where}: 'positive' must be one value."
    yield from _range_faults(where, dtype, column)
    allowed = column.get("allowed")
    if allowed is not None and not (
        isinstance(allowed, list)
        and 0 < len(allowed) <= ALLOWED_LIMIT
        and all(isinstance(value, str | int | float | bool) for value in allowed)
    ):
        yield f"{where}: 'allowed' must be a list of 1 to {ALLOWED_LIMIT:,} values."


def _range_faults(where: str, dtype: Any, column: Mapping[str, Any]) -> Iterator[str]:
    ends = {key: column[key] for key in ("min", "max") if column.get(key) is not None}
    if ends and dtype not in _ORDERED:
        yield f"{where}: a range needs a number or a date."
        return
    wanted = (int, float) if dtype in ("number", "integer") else (str,)
    for key, value in ends.items():
        if isinstance(value, bool) or not isinstance(value, wanted):
            yield f"{where}: '{key}' doesn't fit its dtype."
            return
    if len(ends) == 2 and ends["min"] > ends["max"]:
        yield f"{where}: 'min' is greater than 'max'."
