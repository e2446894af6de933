"""Plain statements for the rows of every governed transaction and of the sequencer. Knows columns, not what they mean.

Building such a statement anew by the ORM costs as much as the database takes for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import connection, models

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
    return [by_name[name] for name in names]
