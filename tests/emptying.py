"""Empties the database after a transactional test: what Django's `flush` leaves, without what makes it slow.

`flush` truncates every table, on PostgreSQL new files for all of them, and makes content types and permissions again.
Here rows go where there are some; content types and permissions, which no test changes, stay. What remains is what
`migrate` leaves, with a new log.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

import pytest
from django.core.management.commands import flush
from django.db import connection, models  # noqa: F401  models before the operations: they import each other
from django.db.backends.base.operations import BaseDatabaseOperations

KEPT = {"django_content_type", "auth_permission"}
LARGE = 1024 * 1024  # bytes
_LARGE_TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    " AND pg_relation_size(oid) > %s"
)


def install(patch: pytest.MonkeyPatch) -> None:
    """Put this in the place of Django's own way."""
    triggers = import_module("ledger.triggers")
    after_migrate = import_module("ledger.signals").after_migrate
    execute = BaseDatabaseOperations.execute_sql_flush

    def statements(
        self: BaseDatabaseOperations, style: object, tables: Iterable[str], **given: object
    ) -> list[str]:
        names = [table for table in tables if table not in KEPT]
        any_row = "SELECT '{0}' WHERE EXISTS (SELECT 1 FROM \"{0}\")"
        with self.connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(any_row.format(name) for name in names))
            return [f'DELETE FROM "{name}"' for (name,) in cursor.fetchall()]

    def past_triggers(self: BaseDatabaseOperations, sql_list: list[str]) -> None:
        # append-only tables too; nothing else may
        with triggers.disabled(self.connection):
            execute(self, sql_list)
        if self.connection.vendor == "postgresql":
            _sweep(self.connection)

    def made_again(verbosity: int, interactive: bool, db: str, **given: Any) -> None:
        after_migrate(using=db)

    patch.setattr(type(connection.ops), "sql_flush", statements)
    patch.setattr(BaseDatabaseOperations, "execute_sql_flush", past_triggers)
    patch.setattr(flush, "emit_post_migrate_signal", made_again)


def _sweep(database: Any) -> None:
    # A deleted row stays in its table until a vacuum; a table of dead rows makes every later test slower.
    with database.cursor() as cursor:
        cursor.execute(_LARGE_TABLES, [LARGE])
        for (name,) in cursor.fetchall():
            cursor.execute(f'VACUUM "{name}"')
