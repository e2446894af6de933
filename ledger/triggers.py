"""Triggers that make the log's tables append-only and fill `pending`, on PostgreSQL and SQLite.

They keep honest code honest and make a mistake loud; a database owner can drop them, which is why signed checkpoints
and copies elsewhere exist. SQLite silently loses triggers when a migration remakes a table: they are put back after
every `migrate` and asked for at start-up (`missing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from ledger.models import Anchored, Checkpoint, Cosignature, Entry, Leaf, Log, Pending, Tile

APPEND_ONLY: tuple[type[models.Model], ...] = (Log, Entry, Leaf, Tile, Checkpoint, Cosignature, Anchored)

_ENTRY = Entry._meta.db_table
_PENDING = Pending._meta.db_table
_LOG = Log._meta.db_table

_PG_REFUSE = (
    " BEGIN RAISE EXCEPTION 'append-only: % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = '23001'; END "
)
# On PostgreSQL a process remembers which log is written to; what it still sends to another one (a successor was started,
# a backup restored) is refused and its transaction repeated (40001). On SQLite each transaction asks, and a trigger that
# names another table would bar that table from being remade.
_PG_QUEUE = (
    f" BEGIN IF NEW.origin IS DISTINCT FROM (SELECT origin FROM {_LOG} ORDER BY number DESC LIMIT 1)"  # noqa: S608
    " THEN RAISE EXCEPTION 'this is not the log that is written to' USING ERRCODE = '40001'; END IF;"
    f" INSERT INTO {_PENDING} (entry_id) VALUES (NEW.id); RETURN NULL; END "
)
_PG_FUNCTIONS = {"ledger_refuse": _PG_REFUSE, "ledger_queue": _PG_QUEUE}


def install(connection: BaseDatabaseWrapper) -> None:
    """Create every trigger that is missing, disabled or different."""
    if not missing(connection):
        return
    _execute(connection, _postgresql_install() if connection.vendor == "postgresql" else _sqlite_install())


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of triggers (and their functions) that aren't there as they should be; empty is sound."""
    if connection.vendor == "postgresql":
        return _postgresql_missing(connection)
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        found = dict(cursor.fetchall())
    return sorted(name for name, sql in _sqlite_triggers().items() if found.get(name) != sql)


@contextmanager
def disabled(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let changes pass, for the flush between transactional tests alone (`tests/conftest.py`)."""
    on = " ON {}" if connection.vendor == "postgresql" else ""
    refusing = [(table, name) for table, name in _names(connection.vendor) if not name.endswith("_queue")]
    _execute(connection, (f"DROP TRIGGER IF EXISTS {name}{on.format(table)}" for table, name in refusing))
    try:
        yield
    finally:
        install(connection)


def _execute(connection: BaseDatabaseWrapper, statements: Iterable[str]) -> None:
    # In one transaction: there is no moment with half of the triggers, and it is written to the disk once.
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(";".join(statements))
        else:
            for statement in statements:
                cursor.execute(statement)


def _names(vendor: str) -> list[tuple[str, str]]:
    tables = [model._meta.db_table for model in APPEND_ONLY]
    kinds = ("row", "truncate") if vendor == "postgresql" else ("update", "delete", "replace")
    return [(table, f"{table}_no_{kind}") for table in tables for kind in kinds] + [
        (_ENTRY, f"{_ENTRY}_queue")
    ]


def _postgresql_install() -> Iterator[str]:
    for name, body in _PG_FUNCTIONS.items():
        yield f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"
    for table, name in _names("postgresql"):
        if name.endswith("_queue"):
            when = f"AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION ledger_queue()"
        elif name.endswith("_truncate"):
            when = f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
        else:
            when = f"BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION ledger_refuse()"
        yield f"DROP TRIGGER IF EXISTS {name} ON {table}"
        yield f"CREATE TRIGGER {name} {when}"
        # ALWAYS: also for a session that says it replicates (session_replication_role = replica).
        yield f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}"


def _postgresql_missing(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, t.tgname, p.proname, t.tgtype FROM pg_trigger t"
            " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE NOT t.tgisinternal AND t.tgenabled = 'A' AND t.tgqual IS NULL"
            " AND pg_table_is_visible(c.oid) AND c.relname = ANY(%s)",
            [[model._meta.db_table for model in APPEND_ONLY]],
        )
        found = set(cursor.fetchall())
        cursor.execute(
            "SELECT proname, prosrc FROM pg_proc WHERE proname = ANY(%s) AND pg_function_is_visible(oid)",
            [[*_PG_FUNCTIONS]],
        )
        bodies = dict(cursor.fetchall())
    wrong = [name for name, body in _PG_FUNCTIONS.items() if bodies.get(name) != body]
    for table, name in _names("postgresql"):
        # pg_trigger.tgtype: 1 row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate
        if name.endswith("_queue"):
            expected = (table, name, "ledger_queue", 1 + 4)
        elif name.endswith("_truncate"):
            expected = (table, name, "ledger_refuse", 2 + 32)
        else:
            expected = (table, name, "ledger_refuse", 1 + 2 + 8 + 16)
        if expected not in found:
            wrong.append(name)
    return sorted(wrong)


def _sqlite_install() -> Iterator[str]:
    for name, sql in _sqlite_triggers().items():
        yield f"DROP TRIGGER IF EXISTS {name}"
        yield sql


def _sqlite_triggers() -> dict[str, str]:
    found = {}
    for model in APPEND_ONLY:
        table = model._meta.db_table
        for kind in ("update", "delete"):
            found[f"{table}_no_{kind}"] = (
                f"CREATE TRIGGER {table}_no_{kind} BEFORE {kind.upper()} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, 'append-only: {kind} on {table}'); END"
            )
        # INSERT OR REPLACE removes the row in the way without firing DELETE triggers, so an existing key is refused.
        same = " OR ".join(f"({test})" for test in _sqlite_same_key(model))
        found[f"{table}_no_replace"] = (
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}"  # noqa: S608
            f" WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})"
            f" BEGIN SELECT RAISE(ABORT, 'append-only: existing key in {table}'); END"
        )
    found[f"{_ENTRY}_queue"] = (
        f"CREATE TRIGGER {_ENTRY}_queue AFTER INSERT ON {_ENTRY}"  # noqa: S608
        f" BEGIN INSERT INTO {_PENDING} (entry_id) VALUES (NEW.id); END"
    )
    return found


def _sqlite_same_key(model: type[models.Model]) -> Iterator[str]:
    def test(fields: Any) -> str:
        columns = [field.column for field in model._meta.concrete_fields if field.name in fields]
        return " AND ".join(f'"{column}" = NEW."{column}"' for column in columns)

    yield test([model._meta.pk.name])
    for field in model._meta.concrete_fields:
        if field.unique and not field.primary_key:
            yield test([field.name])
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            yield test(constraint.fields)
