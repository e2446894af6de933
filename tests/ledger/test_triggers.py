from __future__ import annotations

from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction

from ledger import triggers
from ledger.models import Anchored, Checkpoint, Cosignature, Entry, Leaf, Log, Pending, Tile

pytestmark = pytest.mark.django_db

NAMES = [model._meta.model_name for model in triggers.APPEND_ONLY]


@pytest.fixture
def rows(log_key, note, sequence) -> dict[str, models.Model]:
    note(300)
    sequence()
    newest = Checkpoint.objects.get()
    Cosignature.objects.create(log=1, size=newest.size, witness="w", keyid="k", line=b"x", at=newest.at)
    Anchored.objects.create(log=1, size=newest.size, kind="handover", anchor="/x", evidence=b"", at=newest.at)
    return {model._meta.model_name: model.objects.first() for model in triggers.APPEND_ONLY}


def refused(work) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        work()


@pytest.mark.parametrize("name", NAMES)
def test_update_and_delete_are_refused(rows, name):
    row = rows[name]
    table = type(row).objects.filter(pk=row.pk)
    field = next(field for field in row._meta.concrete_fields if not field.primary_key)
    refused(lambda: table.update(**{field.name: getattr(row, field.name)}))
    refused(lambda: table._raw_delete("default"))
    assert table.exists()


@pytest.mark.postgres
@pytest.mark.parametrize("name", NAMES)
def test_truncate_is_refused_even_while_replicating(rows, name):
    def truncate() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(f"TRUNCATE {rows[name]._meta.db_table}")

    refused(truncate)


@pytest.mark.sqlite
@pytest.mark.parametrize("name", NAMES)
def test_insert_or_replace_is_refused_for_every_key(rows, name):
    row = rows[name]
    columns = [field.column for field in row._meta.concrete_fields]
    listed = ", ".join(f'"{column}"' for column in columns)

    def replace(pick: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT OR REPLACE INTO {row._meta.db_table} ({listed}) {pick}")

    table, key = row._meta.db_table, row._meta.pk.column
    where = f"FROM {table} WHERE {key} = (SELECT min({key}) FROM {table})"
    refused(lambda: replace(f"SELECT {listed} {where}"))
    # the same place under another primary key is the way around the first trigger
    if row._meta.constraints:
        other = "NULL" if isinstance(row._meta.pk, models.AutoField) else f"'{uuid4().hex}'"
        picked = listed.replace(f'"{row._meta.pk.column}"', other, 1)
        refused(lambda: replace(f"SELECT {picked} {where}"))


def test_every_entry_is_queued_by_the_database_itself(rows):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_entry (id, bytes, origin, at, event, actor_kind, actor_id, subject_kind,"
            " subject_id, system_id) SELECT %s, bytes, origin, at, event, actor_kind, actor_id, subject_kind,"
            " subject_id, system_id FROM ledger_entry LIMIT 1",
            [Entry._meta.pk.get_db_prep_value(uuid4(), connection)],
        )
    assert Pending.objects.count() == 1


def test_a_lost_trigger_is_named_and_put_back_by_migrate(db):
    assert triggers.missing(connection) == []
    with connection.cursor() as cursor:
        on = " ON ledger_leaf" if connection.vendor == "postgresql" else ""
        name = "ledger_leaf_no_row" if connection.vendor == "postgresql" else "ledger_leaf_no_delete"
        cursor.execute(f"DROP TRIGGER {name}{on}")
    assert triggers.missing(connection) == [name]
    call_command("migrate", verbosity=0)
    assert triggers.missing(connection) == []


@pytest.mark.postgres
def test_a_disabled_trigger_or_a_hollow_function_is_named(db):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_tile DISABLE TRIGGER ledger_tile_no_row")
        cursor.execute(
            "CREATE OR REPLACE FUNCTION ledger_queue() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RETURN NULL; END $$"
        )
    assert triggers.missing(connection) == ["ledger_queue", "ledger_tile_no_row"]


@pytest.mark.sqlite
def test_a_remade_table_has_its_triggers_after_migrate(db):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE other AS SELECT * FROM ledger_log")
        cursor.execute("DROP TABLE ledger_log")
        cursor.execute("ALTER TABLE other RENAME TO ledger_log")
    assert triggers.missing(connection) == [
        "ledger_log_no_delete",
        "ledger_log_no_replace",
        "ledger_log_no_update",
    ]
    call_command("migrate", verbosity=0)
    assert triggers.missing(connection) == []
    assert {Leaf, Tile, Log} <= set(triggers.APPEND_ONLY)
