"""Rows read by plain statements, for who reads many kinds at once: gates, replays, what a decision rests on. Reads only.

The ORM takes longer to build such a question than the database to answer it. Knows columns, not what they mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)


def read(model: type[M], column: str, values: Sequence[Any], *, null: Sequence[str] = ()) -> list[M]:
    """Every row of which the field `column` is one of `values` and the fields `null` are NULL: whole, in no order, made as
    the ORM makes it."""
    if not values:
        return []
    (field,), empty = _fields(model, [column]), _fields(model, null)
    where = f'"{field.column}" IN ({", ".join(["%s"] * len(values))})'
    where += "".join(f' AND "{other.column}" IS NULL' for other in empty)
    return read_where(model, where, [field.get_db_prep_value(value, connection) for value in values])


def read_where(model: type[M], where: str, values: Sequence[Any]) -> list[M]:
    """As `read`, for a condition of our own: nothing that a person wrote may be part of its text."""
    shape = _shape(model, connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT {shape.columns} FROM "{model._meta.db_table}" WHERE {where}', values)  # noqa: S608
        found = [list(row) for row in cursor.fetchall()]
    for index, (expression, converters) in shape.converters.items():
        for row in found:
            for convert in converters:
                row[index] = convert(row[index], expression, connection)
    return [model.from_db(connection.alias, shape.names, row) for row in found]


def read_all(model: type[M]) -> list[M]:
    """The rows of a small table."""
    return read_where(model, "TRUE", ())


def there_are(asked: Mapping[str, tuple[type[models.Model], Mapping[str, Sequence[Any]]]]) -> frozenset[str]:
    """Of several questions (a model, and the values that each of some fields may have) those to which there is a row at
    least; one statement for all."""
    parts: list[str] = []
    given: list[Any] = []
    names = []
    for name, (model, wanted) in asked.items():
        if not all(wanted.values()):
            continue
        fields = _fields(model, list(wanted))
        where = " AND ".join(
            f'"{field.column}" IN ({", ".join(["%s"] * len(values))})'
            for field, values in zip(fields, wanted.values(), strict=True)
        )
        parts.append(f'EXISTS (SELECT 1 FROM "{model._meta.db_table}" WHERE {where})')  # noqa: S608
        given += [
            field.get_db_prep_value(value, connection)
            for field, values in zip(fields, wanted.values(), strict=True)
            for value in values
        ]
        names.append(name)
    if not parts:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", given)
        return frozenset(name for name, there in zip(names, cursor.fetchone(), strict=True) if there)


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a model's rows are read: its columns, and what turns a driver's values into those of its fields."""

    columns: str
    names: list[str]
    converters: dict[int, tuple[Any, list[Any]]]


@cache
def _shape(model: type[models.Model], vendor: str) -> _Shape:
    converters = {}
    for index, field in enumerate(model._meta.concrete_fields):
        expression = field.get_col(model._meta.db_table)
        found = [*connection.ops.get_db_converters(expression), *expression.get_db_converters(connection)]
        if found:
            converters[index] = (expression, found)
    return _Shape(
        ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields),
        [field.attname for field in model._meta.concrete_fields],
        converters,
    )


def _fields(model: type[models.Model], names: Sequence[str]) -> list[models.Field[Any, Any]]:
    by_name = {field.name: field for field in model._meta.concrete_fields}
    if model._meta.pk is not None:
        by_name["pk"] = model._meta.pk
    return [by_name[name] for name in names]
