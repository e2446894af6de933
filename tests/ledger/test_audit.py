from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from io import StringIO
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import connection, models, transaction

from ledger import selectors
from ledger.models import Checkpoint, Entry, KeyRecord, Leaf, LedgerAudit, Log, Pending, PersonalText, Tile
from ledger.services import audit, replay, sequencer
from modelwarrant import entry, merkle
from people.models import User
from tests.ledger.conftest import SYSTEM
from tests.ledger.test_records import key_changed, key_made, person_made, said

pytestmark = pytest.mark.django_db


def look() -> audit.AuditRun:
    return audit.ledger_audit(actor=SYSTEM)


@pytest.fixture
def log(log_key, note, sequence) -> Log:
    """About forty entries: governed rows, a person, hidden texts, notes; two checkpoints."""
    row = key_made(actor=SYSTEM)
    key_changed(actor=SYSTEM, row=row, state="active")
    person_made(actor=SYSTEM, email="ada@example.org", name="Ada")
    said(actor=SYSTEM, hidden={"comment": "because"})
    note(20)
    sequence()
    note(14)
    sequence()
    assert look().faults == ()
    return Log.objects.get()


def at(index: int) -> Entry:
    return Entry.objects.get(pk=Leaf.objects.get(index=index).entry_id)


def test_the_verdict_is_kept_and_says_what_was_verified(log):
    run = look()
    assert (run.verdict, run.full, run.size) == ("ok", True, Leaf.objects.count())
    partial = audit.ledger_audit(actor=SYSTEM, state=False)
    assert partial.as_dict()["verification"] == "partial"
    kept = LedgerAudit.objects.latest()
    assert (kept.verdict, kept.full, kept.size) == ("ok", False, run.size)


def flipped(value: object, rng: random.Random) -> object:
    if isinstance(value, bytes | memoryview):
        data = bytearray(value)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        return bytes(data)
    if isinstance(value, str):
        place = rng.randrange(len(value)) if value else 0
        return value[:place] + ("y" if value[place : place + 1] == "x" else "x") + value[place + 1 :]
    if isinstance(value, UUID):
        return UUID(int=value.int ^ 1 << rng.randrange(128))
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 5_000
    if isinstance(value, datetime):
        return value + timedelta(milliseconds=1)
    assert value is None
    return None


@pytest.mark.parametrize("model", [Log, Entry, Leaf, Checkpoint, KeyRecord, PersonalText])
def test_each_column_of_each_row_that_is_changed_is_found(log, database_owner, model):
    rng = random.Random(20261121)
    missed = []
    rows = list(model.objects.all())
    rows = rng.sample(rows, min(len(rows), 3))
    surrogate = (models.AutoField,)
    tried = 0
    with database_owner():
        for row in rows:
            for field in model._meta.concrete_fields:
                before = getattr(row, field.attname)
                after = flipped(before, rng)
                if isinstance(field, surrogate) or after == before:
                    continue
                with transaction.atomic():
                    model.objects.filter(pk=row.pk).update(**{field.attname: after})
                    tried += 1
                    faults = [fault for fault in look().faults if fault.kind != "trigger"]
                    if not faults:
                        missed.append((row.pk, field.name))
                    transaction.set_rollback(True)
    assert tried >= len(rows)
    assert missed == []


@pytest.mark.once
def test_every_byte_of_an_entry_counts(log, database_owner):
    row = at(5)
    stored = bytes(row.bytes)
    with database_owner():
        for place in range(0, len(stored), 17):
            with transaction.atomic():
                wrong = stored[:place] + bytes([stored[place] ^ 1]) + stored[place + 1 :]
                Entry.objects.filter(pk=row.pk).update(bytes=wrong)
                assert any(fault.index == 5 for fault in look().faults), place
                transaction.set_rollback(True)


def swap(one: int, two: int) -> None:
    first, second = at(one), at(two)
    with transaction.atomic():
        Entry.objects.filter(pk=first.pk).update(bytes=second.bytes)
        Entry.objects.filter(pk=second.pk).update(bytes=first.bytes)


def insert_between() -> None:
    forged = entry.Entry(
        log=Log.objects.get().origin,
        id=str(uuid4()),
        event="ledger.denied",
        ev=1,
        at=datetime.fromisoformat("2026-01-01T00:00:00Z"),
        actor=entry.Actor("user", "p-x", "test"),
        subject=entry.Subject("test.thing", "x"),
    )
    stored = forged.encode()
    Entry.objects.create(
        id=forged.id, bytes=stored, origin=forged.log, at=forged.at, event=forged.event, actor_kind="user",
        actor_id="p-x", subject_kind="test.thing", subject_id="x", system_id="",
    )  # fmt: skip
    Pending.objects.all().delete()
    for leaf in Leaf.objects.filter(index__gte=7).order_by("-index"):
        Leaf.objects.filter(pk=leaf.pk).update(index=leaf.index + 1)
    Leaf.objects.create(
        entry_id=forged.id, log=1, index=7, leaf_hash=merkle.leaf_hash(stored), chain=b"\x00" * 32
    )


def cut(count: int) -> None:
    for leaf in Leaf.objects.order_by("-index")[:count]:
        Entry.objects.filter(pk=leaf.pk).delete()
        Leaf.objects.filter(pk=leaf.pk).delete()


@pytest.mark.parametrize(
    ("attack", "kind", "index"),
    [
        (lambda: Entry.objects.filter(pk=at(7).pk).delete(), "missing", 7),
        (lambda: Leaf.objects.filter(index=7).delete(), "missing", 7),
        (lambda: swap(7, 9), "changed", 7),
        (insert_between, "changed", 7),
        (lambda: cut(5), "truncated", None),
        (lambda: Leaf.objects.filter(index=7).update(index=-7), "missing", 7),
        (lambda: Leaf.objects.filter(index=7).update(index=2**60), "missing", 7),
        (lambda: Checkpoint.objects.order_by("size").first().delete(), None, None),
    ],
    ids=[
        "entry deleted",
        "leaf deleted",
        "swapped",
        "inserted",
        "cut",
        "moved out",
        "moved far out",
        "checkpoint deleted",
    ],
)
def test_what_a_database_owner_does_is_named(log, database_owner, attack, kind, index):
    with database_owner():
        attack()
    run = look()
    if kind is None:  # an older checkpoint says nothing that the newer doesn't
        assert run.faults == ()
        return
    first = next(fault for fault in run.faults if index is None or fault.index is not None)
    assert first.kind == kind
    assert index is None or first.index == index
    assert run.verdict == "fault"


def test_a_rewritten_tail_contradicts_the_signed_checkpoint(log, database_owner, note):
    size = Leaf.objects.count()
    with database_owner():
        cut(3)
    note(3)
    sequencer.integrate_all(actor=SYSTEM)
    assert Leaf.objects.count() == size
    run = look()
    assert {fault.where.split()[0] for fault in run.faults} == {"checkpoint", "signer"}


def test_a_full_tile_is_compared(log_key, note, sequence, database_owner):
    note(300)
    sequence()
    assert look().faults == ()
    tile = Tile.objects.get()
    data = bytes(tile.data)
    with database_owner():
        for change, kind in (
            ({"data": data[32:] + data[:32]}, "changed"),
            ({"root": b"\x01" * 32}, "changed"),
            ({"level": 1}, "missing"),
        ):
            with transaction.atomic():
                Tile.objects.update(**change)
                assert next(fault.kind for fault in look().faults if fault.kind != "trigger") == kind
                transaction.set_rollback(True)
    assert look().faults == ()


def test_entries_that_wait_are_looked_at_too(log, note, database_owner):
    receipts = note(2)
    assert look().faults == ()
    Pending.objects.filter(entry_id=receipts[0].entry_id).delete()
    with database_owner():
        Entry.objects.filter(pk=receipts[1].entry_id).update(actor_id="p-mallory")
    found = {(fault.kind, fault.where) for fault in look().faults}
    assert found == {
        ("pending", f"entry {receipts[0].entry_id}"),
        ("changed", f"entry {receipts[1].entry_id}"),
    }


def test_a_state_that_nobody_decided_is_named_with_both_values(log):
    row = KeyRecord.objects.get(purpose="model")
    KeyRecord.objects.filter(pk=row.pk).update(state="revoked", revoked_from=3)
    run = look()
    assert [fault.text() for fault in run.faults] == [
        f"key {row.pk}: state: state is 'revoked', the log says 'active'",
        f"key {row.pk}: state: revoked_from is 3, the log says None",
    ]
    assert audit.row_faults(row) == [
        "state is 'revoked', the log says 'active'",
        "revoked_from is 3, the log says None",
    ]
    assert audit.replayed("key", row.pk)["state"] == "active"


def test_what_is_kept_of_entries_never_speaks_for_other_bytes(log, database_owner):
    row = KeyRecord.objects.get(purpose="model")
    first, *_, last = (item.row for item in selectors.history("key", row.pk))
    assert audit.row_faults(row) == []  # from here on both entries are kept
    stored, other = bytes(last.bytes), bytes(first.bytes)
    with database_owner():
        for wrong in (stored.replace(b'"active"', b'"retire"'), b"{}", other):
            assert wrong != stored
            Entry.objects.filter(pk=last.pk).update(bytes=wrong)
            assert audit.row_faults(row), wrong
            assert audit.replayed("key", row.pk).get("state") != "active"
        Entry.objects.filter(pk=last.pk).update(bytes=stored)
        # An entry that was given another row's name speaks for neither row.
        Entry.objects.filter(pk=last.pk).update(subject_kind="user")
        assert audit.row_faults(row)
        Entry.objects.filter(pk=last.pk).update(subject_kind="key")
    assert audit.row_faults(row) == []


def test_rows_of_many_kinds_are_held_against_the_log_at_once(log, django_assert_num_queries):
    key, person = KeyRecord.objects.get(purpose="model"), User.objects.get(email="ada@example.org")
    asked = {KeyRecord: [key.pk], User: [person.pk, uuid4()]}
    with django_assert_num_queries(6):  # two kinds of rows, entries, places, personal texts and their keys
        assert replay.examine(asked).findings == ()
    KeyRecord.objects.filter(pk=key.pk).update(state="revoked")
    assert key.state == "active"  # the object that was read before
    User.objects.filter(pk=person.pk).update(name="Eve")
    found = replay.examine(asked)
    assert {finding.where for finding in found.findings} == {f"key {key.pk}", f"user {person.pk}"}
    assert replay.examine({}, fresh=[key]).findings == ()  # who says fresh answers for it
    assert [item.row.subject_id for item in found.about(key)] == [str(key.pk)] * 2


def test_rows_without_entries_and_entries_without_rows_are_named(log):
    row = KeyRecord.objects.get(purpose="model")
    KeyRecord.objects.filter(pk=row.pk).update(id=uuid4())
    found = {(fault.kind, fault.where.split()[0]) for fault in look().faults}
    assert found == {("missing", "key"), ("inserted", "key")}


def test_personal_texts_are_compared_and_never_printed(log):
    person = User.objects.get()
    User.objects.filter(pk=person.pk).update(name="Grace")
    run = look()
    assert [fault.where for fault in run.faults] == [f"user {person.pk}"]
    assert "Grace" not in run.faults[0].message
    assert "Ada" not in run.faults[0].message
    User.objects.filter(pk=person.pk).update(name="Ada")
    PersonalText.objects.filter(field="comment").delete()
    assert [fault.kind for fault in look().faults] == ["personal"]


def test_missing_triggers_are_a_fault(log):
    with connection.cursor() as cursor:
        on = " ON ledger_entry" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER ledger_entry_queue{on}")
    assert [fault.where for fault in look().faults] == ["trigger ledger_entry_queue"]


@pytest.mark.once
def test_the_command_exits_with_one_and_names_the_row(log):
    out = StringIO()
    call_command("ledger_audit", stdout=out)
    assert out.getvalue().startswith("ok: ")
    row = KeyRecord.objects.get(purpose="model")
    KeyRecord.objects.filter(pk=row.pk).update(state="requested")
    for flags in ([], ["--json"]):
        out = StringIO()
        with pytest.raises(SystemExit) as caught:
            call_command("ledger_audit", *flags, stdout=out)
        assert caught.value.code == 1
        assert str(row.pk) in out.getvalue()
    assert json.loads(out.getvalue())["faults"][0]["kind"] == "state"


@pytest.mark.django_db(transaction=True)
def test_the_audit_reads_one_moment_and_stops_nobody(log_key, note, sequence):
    note(3)
    sequence()
    with audit._one_moment():
        before = Leaf.objects.count()
    note(1)
    assert look().faults == ()
    assert Leaf.objects.count() == before
