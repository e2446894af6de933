"""Empties the database after a transactional test: what Django's `flush` leaves, without what makes it slow.

`flush` truncates every table, on PostgreSQL new files for all of them, and makes content types and permissions again.
Here rows go where there are some; content types and permissions, which no test changes, stay. What remains is what
`migrate` leaves, with a new log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pytest
from django.core.management.commands import flush
from django.db import connection, models, transaction  # noqa: F401  models before operations: they import each other
from django.db.backends.base.operations import BaseDatabaseOperations

KEPT = {"django_content_type", "auth_permission"}
LARGE = 1024 * 1024  # bytes
_LARGE_TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    " AND pg_relation_size(oid) > %s"
)


_ENABLED = (
    "SELECT string_agg(format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', c.relname, t.tgname), ';')"
    " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
    " WHERE NOT t.tgisinternal AND t.tgenabled = 'D' AND c.relnamespace = 'public'::regnamespace"
)


@contextmanager
def past_triggers(database: Any) -> Iterator[None]:
    """One transaction in which every row may be written and deleted, whatever refuses it or refers to it."""
    triggers = import_module("ledger.triggers")
    if database.vendor != "postgresql":
        with transaction.atomic(), triggers.disabled(database):
            yield
        return
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone() == (True,):  # then what refers to a row isn't looked for either
            cursor.execute("SET LOCAL session_replication_role = replica")
        tables = [model._meta.db_table for model in triggers.APPEND_ONLY]
        cursor.execute(";".join(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables))
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL session_replication_role = origin")
        cursor.execute(_ENABLED)
        (enabled,) = cursor.fetchone()
        cursor.execute(enabled)


def filled(database: Any, tables: Iterable[str]) -> list[str]:
    """Which of them have a row."""
    any_row = "SELECT '{0}' WHERE EXISTS (SELECT 1 FROM \"{0}\")"
    with database.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(any_row.format(name) for name in tables))
        return [name for (name,) in cursor.fetchall()]


def install(patch: pytest.MonkeyPatch) -> None:
    """Put this in the place of Django's own way."""
    after_migrate = import_module("ledger.signals").after_migrate
    execute = BaseDatabaseOperations.execute_sql_flush

    def statements(
        self: BaseDatabaseOperations, style: object, tables: Iterable[str], **given: object
    ) -> list[str]:
        names = [table for table in tables if table not in KEPT]
        return [f'DELETE FROM "{name}"' for name in filled(self.connection, names)]

    def executed(self: BaseDatabaseOperations, sql_list: list[str]) -> None:
        with past_triggers(self.connection):  # append-only tables too; nothing else may
            execute(self, sql_list)
        if self.connection.vendor == "postgresql":
            _sweep(self.connection)

    def made_again(verbosity: int, interactive: bool, db: str, **given: Any) -> None:
        after_migrate(using=db)

    patch.setattr(type(connection.ops), "sql_flush", statements)
    patch.setattr(BaseDatabaseOperations, "execute_sql_flush", executed)
    patch.setattr(flush, "emit_post_migrate_signal", made_again)


def _sweep(database: Any) -> None:
    # A deleted row stays in its table until a vacuum; a table of dead rows makes every later test slower.
    with database.cursor() as cursor:
        cursor.execute(_LARGE_TABLES, [LARGE])
        for (name,) in cursor.fetchall():
            cursor.execute(f'VACUUM "{name}"')
