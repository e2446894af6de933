"""Plain statements for the rows of every governed transaction, of the sequencer and of every gate. Knows columns, not what
they mean.

Building such a statement anew by the ORM costs as much as the database takes for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)
_AT_ONCE = 500
_ARRAYS = {"UUIDField": "uuid[]", "BinaryField": "bytea[]"}


def insert(model: type[models.Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that give a value to every column but an automatic key. Raises as the ORM does."""
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    names = ", ".join(f'"{field.column}"' for field in fields)
    marks = ", ".join(f"({', '.join(['%s'] * len(fields))})" for _ in rows)
    values = [field.get_db_prep_save(row[field.attname], connection) for row in rows for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES {marks}', values)  # noqa: S608


def by_key(model: type[models.Model], column: str, keys: Sequence[str]) -> dict[str, Any]:
    """Primary key -> the value of `column`, of those rows that are there."""
    if not keys:
        return {}
    table, key = model._meta.db_table, model._meta.pk.column
    marks = ", ".join(["%s"] * len(keys))
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT "{key}", "{column}" FROM "{table}" WHERE "{key}" IN ({marks})', keys)  # noqa: S608
        return dict(cursor.fetchall())


def insert_many(model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert thousands of rows of UUIDs, integers and bytes, all columns named. Raises as the ORM does."""
    if not rows:
        return
    fields = _fields(model, names)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    into = f'INSERT INTO "{model._meta.db_table}" ({columns})'
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # One array per column: a parameter for each value would cost more than all the rest.
            arrays = ", ".join(
                f"%s::{_ARRAYS.get(field.get_internal_type(), 'bigint[]')}" for field in fields
            )
            values = [list(column) for column in zip(*rows, strict=True)]
            cursor.execute(f"{into} SELECT * FROM unnest({arrays})", values)  # noqa: S608
        else:
            marks = ", ".join(["%s"] * len(fields))
            cursor.executemany(
                f"{into} VALUES ({marks})",
                [[f.get_db_prep_save(v, connection) for f, v in zip(fields, r, strict=True)] for r in rows],
            )


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


def there_are(asked: Mapping[str, tuple[type[models.Model], str, Sequence[Any]]]) -> frozenset[str]:
    """Of several questions (model, field, values) those to which there is a row at least; one statement for all."""
    parts, given, names = [], [], []
    for name, (model, column, values) in asked.items():
        if values:
            (field,) = _fields(model, [column])
            marks = ", ".join(["%s"] * len(values))
            rows = f'SELECT 1 FROM "{model._meta.db_table}" WHERE "{field.column}" IN ({marks})'  # noqa: S608
            parts.append(f"EXISTS ({rows})")
            given += [field.get_db_prep_value(value, connection) for value in values]
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


def select(model: type[models.Model], names: Sequence[str], keys: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """The named columns of the rows with these primary keys, in no order."""
    if connection.vendor == "postgresql":
        columns = ", ".join(f'"{field.column}"' for field in _fields(model, names))
        where = f'"{model._meta.pk.column}" = ANY(%s)'
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT {columns} FROM "{model._meta.db_table}" WHERE {where}', [list(keys)])  # noqa: S608
            yield from cursor.fetchall()
        return
    for start in range(0, len(keys), _AT_ONCE):
        yield from model._default_manager.filter(pk__in=keys[start : start + _AT_ONCE]).values_list(*names)


def delete(model: type[models.Model], keys: Sequence[int]) -> None:
    """Delete the rows with these integer primary keys, without signals and cascades."""
    if connection.vendor == "postgresql":
        where = f'"{model._meta.db_table}" WHERE "{model._meta.pk.column}" = ANY(%s)'
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {where}", [list(keys)])  # noqa: S608
        return
    for start in range(0, len(keys), _AT_ONCE):
        rows = model._default_manager.filter(pk__in=keys[start : start + _AT_ONCE])
        rows._raw_delete(rows.db)


def _fields(model: type[models.Model], names: Sequence[str]) -> list[models.Field[Any, Any]]:
    by_name = {field.name: field for field in model._meta.concrete_fields}
    if model._meta.pk is not None:
        by_name["pk"] = model._meta.pk
    return [by_name[name] for name in names]
