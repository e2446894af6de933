from __future__ import annotations

import json
from contextlib import suppress

import pytest
from django.db import connection, transaction

from ledger import catalogue, clock, events
from ledger.actors import Actor, Subject
from ledger.errors import Conflict, Invalid, NotThere, TooLarge, Unavailable
from ledger.models import Entry, KeyRecord, Pending, PersonalText, PersonKey
from ledger.services import records, scope
from ledger.services.audit import row_faults
from ledger.services.transactions import governed
from modelwarrant import canonical
from modelwarrant.entry import parse
from people.models import User
from registry.models import System
from tests.ledger.conftest import ALICE, SYSTEM

pytestmark = pytest.mark.django_db

SAID = catalogue.Event("test.said", "Said", data=("text", "more"), hidden=("comment",))
catalogue.register(SAID)


@governed
def said(*, actor: Actor, data=None, hidden=None, subject=None):
    return records.note(
        actor=actor, event=SAID, subject=subject or Subject("test.thing", "x"), data=data, hidden=hidden
    )


@governed
def key_made(*, actor: Actor, **columns):
    row = KeyRecord()
    given = {"purpose": "model", "keyid": "k1", "algorithm": "p256", "public": "-", "state": "requested"}
    records.write(actor=actor, event=events.KEY_CREATED, row=row, set=given | columns)
    return row


@governed
def key_changed(*, actor: Actor, row: KeyRecord, then=lambda: None, **columns):
    records.write(actor=actor, event=events.KEY_MOVED, row=row, set=columns)
    then()


def raw(receipt: records.Receipt) -> bytes:
    return bytes(Entry.objects.get(pk=receipt.entry_id).bytes)


def test_a_new_row_records_every_column_and_a_change_only_its_own():
    row = key_made(actor=ALICE)
    key_changed(actor=ALICE, row=row, state="active")
    first, second = (parse(bytes(item.bytes)).entry for item in Entry.objects.order_by("at"))
    assert set(first.set) == set(KeyRecord.ledger_columns)
    assert second.set == {"state": "active"}
    assert second.subject.id == str(row.pk)
    assert Pending.objects.count() == 2
    assert row_faults(row) == []


def test_what_happens_after_the_write_takes_row_and_entry_back():
    row = key_made(actor=ALICE)

    def fail():
        raise Invalid("no")

    with pytest.raises(Invalid):
        key_changed(actor=ALICE, row=row, then=fail, state="active")
    row.refresh_from_db()
    assert row.state == "requested"
    assert Entry.objects.count() == 1


def refuse_entries() -> None:
    """AU-09: the log's table can't be written."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql"
                " AS $$ BEGIN RAISE EXCEPTION 'disk full'; END $$"
            )
            cursor.execute(
                "CREATE TRIGGER full_disk BEFORE INSERT ON ledger_entry"
                " FOR EACH ROW EXECUTE FUNCTION full_disk()"
            )
        else:
            cursor.execute(
                "CREATE TRIGGER full_disk BEFORE INSERT ON ledger_entry"
                " BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            )


def test_without_its_entry_the_change_does_not_happen():
    row = key_made(actor=ALICE)
    refuse_entries()
    with pytest.raises(Unavailable, match="nothing was changed") as caught:
        key_changed(actor=ALICE, row=row, state="active")
    assert caught.value.status == 503
    row.refresh_from_db()
    assert row.state == "requested"


@pytest.mark.sqlite
def test_an_error_that_is_swallowed_still_takes_the_change_back():
    row = key_made(actor=ALICE)
    refuse_entries()

    @governed
    def careless(*, actor: Actor) -> None:
        with suppress(Unavailable):
            records.write(actor=actor, event=events.KEY_MOVED, row=row, set={"state": "active"})

    with pytest.raises(Unavailable):
        careless(actor=ALICE)
    row.refresh_from_db()
    assert row.state == "requested"


def test_records_are_written_by_services_only():
    with pytest.raises(scope.OutsideGoverned):
        records.note(actor=ALICE, event=SAID, subject=Subject("a", "b"))
    with pytest.raises(TypeError, match="needs actor"):
        said(actor=None)


def test_undeclared_columns_and_fields_are_refused():
    row = key_made(actor=ALICE)
    with pytest.raises(ValueError, match="colour"):
        key_changed(actor=ALICE, row=row, colour="red")
    with pytest.raises(ValueError, match="no field shape"):
        said(actor=ALICE, data={"shape": 1})
    with pytest.raises(ValueError, match="not registered"):
        governed(records.note)(
            actor=ALICE, event=catalogue.Event("test.unheard", "x"), subject=Subject("a", "b")
        )


def test_unique_columns_and_vanished_rows_have_their_named_errors():
    row = key_made(actor=ALICE)
    with pytest.raises(Conflict), transaction.atomic():
        key_made(actor=ALICE)
    gone = KeyRecord(pk="00000000-0000-4000-8000-000000000000")
    gone._state.adding = False
    with pytest.raises(NotThere):
        key_changed(actor=ALICE, row=gone, state="active")
    assert Entry.objects.count() == 1
    assert row_faults(row) == []


NASTY = 'x\ny\x1b[31m"} {"v":1}\u202e'


def test_nobody_writes_a_line_into_somebody_elses_entry():
    stored = raw(said(actor=ALICE, data={"text": NASTY}))
    assert b"\n" not in stored
    assert b"\x1b" not in stored
    assert json.loads(stored)["data"] == {"text": NASTY}
    assert canonical.encode(canonical.decode(stored)) == stored


def test_field_boundaries_cannot_shift():
    one = said(actor=ALICE, data={"text": "ab", "more": "c"})
    two = said(actor=ALICE, data={"text": "a", "more": "bc"})
    assert json.loads(raw(one))["data"] != json.loads(raw(two))["data"]
    nonce = b"\x07" * 32
    assert canonical.commitment(nonce, "ab", "c") != canonical.commitment(nonce, "a", "bc")


def test_an_entry_of_a_megabyte_is_refused():
    with pytest.raises(TooLarge, match="60,000"):
        said(actor=ALICE, data={"text": "x" * 1_000_000})
    with pytest.raises(Invalid) as caught:
        said(actor=ALICE, data={"text": "a\x00b"})
    assert caught.value.field == "text"
    assert Entry.objects.count() == 0


@governed
def person_made(*, actor: Actor, **columns) -> User:
    row = User()
    event = catalogue.Event("test.person", "Person")
    catalogue.register(event)
    records.write(actor=actor, event=event, row=row, set={"created_at": "2026-01-01T00:00:00Z"} | columns)
    return row


def test_people_are_pseudonyms_and_commitments():
    row = person_made(actor=SYSTEM, email="ada@example.org", name="Ada Lovelace")
    receipt = said(
        actor=ALICE,
        hidden={
            "comment": "Ada asked for it",
        },
    )
    everything = b"".join(bytes(item.bytes) for item in Entry.objects.all())
    for secret in (b"Ada", b"example.org", b"asked"):
        assert secret not in everything
    assert {text.pseudonym for text in PersonalText.objects.all()} == {row.pseudonym, "p-alice"}
    assert not any(b"Ada" in bytes(text.sealed) for text in PersonalText.objects.all())
    assert row_faults(row) == []
    # the same text twice gives two commitments: nobody can look it up
    again = said(actor=ALICE, hidden={"comment": "Ada asked for it"})
    assert json.loads(raw(receipt))["hidden"] != json.loads(raw(again))["hidden"]
    assert PersonKey.objects.count() == 2


def test_a_changed_name_leaves_old_entries_as_they_were():
    row = person_made(actor=SYSTEM, email="ada@example.org", name="Ada")
    before = bytes(Entry.objects.get().bytes)

    @governed
    def renamed(*, actor: Actor) -> None:
        records.write(
            actor=actor, event=catalogue.Event("test.person", "Person"), row=row, set={"name": "Augusta"}
        )

    renamed(actor=SYSTEM)
    assert bytes(Entry.objects.order_by("at").first().bytes) == before
    assert row_faults(row) == []
    User.objects.filter(pk=row.pk).update(name="Ada")
    assert [fault.split()[0] for fault in row_faults(row)] == ["name"]
    assert "Ada" not in row_faults(row)[0]


def test_long_texts_are_recorded_by_their_digest():
    event = catalogue.Event("test.system", "System")
    catalogue.register(event)

    @governed
    def system_made(*, actor: Actor) -> System:
        row = System(slug="s", name="S", owner="p-alice", created_at=clock.now())
        records.write(
            actor=actor, event=event, row=row, set={"purpose": "Lend " * 9_000, "affected_people": "b"}
        )
        return row

    row = system_made(actor=ALICE)
    assert row_faults(row) == []
    System.objects.filter(pk=row.pk).update(purpose="Lend")
    assert row_faults(row)[0].startswith("purpose is 'sha256:")
