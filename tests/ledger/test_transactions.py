from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection

from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import NotAllowed, Refused, Unavailable
from ledger.models import DenialWindow, Entry, KeyRecord, Log
from ledger.services import denials, transactions, wakes
from ledger.services.transactions import governed, in_transaction
from modelwarrant.entry import parse
from tests.ledger.conftest import ALICE, SYSTEM, note_many
from tests.ledger.test_records import key_made

BOB = Actor("user", "p-bob", "portal")


@governed
def forbidden(*, actor: Actor) -> None:
    key_made(actor=actor)
    raise NotAllowed(permission="registry.system.create", subject=Subject("system", "s1"), reason="no-grant")


@governed
def refused(*, actor: Actor) -> None:
    raise Refused(
        "no", permission="version.approve", reasons=[{"gate": "checks-pass", "code": "f", "text": "t"}]
    )


def denied() -> list[dict]:
    rows = Entry.objects.filter(event__startswith="ledger.deni").order_by("at")
    return [dict(parse(bytes(row.bytes)).entry.data) for row in rows]


@pytest.mark.django_db
def test_a_denial_is_recorded_and_what_it_denied_is_not():
    with pytest.raises(NotAllowed):
        forbidden(actor=BOB)
    assert KeyRecord.objects.count() == 0
    assert denied() == [
        {
            "permission": "registry.system.create",
            "code": "not-allowed",
            "door": "portal",
            "reason": "no-grant",
        }
    ]
    with pytest.raises(Refused):
        refused(actor=BOB)
    assert denied()[1]["gates"] == ["checks-pass"]


@pytest.mark.django_db
def test_a_thousand_denials_fill_no_log_and_hide_nowhere(monkeypatch):
    moment = datetime(2026, 5, 1, 12, 0, 30, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: moment)
    for _ in range(25):
        with pytest.raises(NotAllowed):
            forbidden(actor=BOB)
    with pytest.raises(NotAllowed):
        forbidden(actor=ALICE)
    assert len(denied()) == 2
    assert in_transaction(lambda: denials.settle(actor=SYSTEM)) == 0
    moment += timedelta(minutes=2)
    assert in_transaction(lambda: denials.settle(actor=SYSTEM)) == 2
    assert [said["count"] for said in denied() if "count" in said] == [24]
    assert in_transaction(lambda: denials.settle(actor=SYSTEM)) == 0
    assert DenialWindow.objects.count() == 0


@pytest.mark.django_db
def test_a_denial_stands_even_if_it_cannot_be_recorded(monkeypatch, caplog):
    def broken(*args):
        raise OperationalError("gone")

    monkeypatch.setattr(denials, "record", broken)
    with pytest.raises(NotAllowed):
        forbidden(actor=BOB)
    assert "could not be recorded" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_passing_failure_is_tried_again_and_a_lasting_one_is_named(monkeypatch):
    monkeypatch.setattr(transactions.time, "sleep", lambda seconds: None)
    tries = []

    @governed
    def busy(*, actor: Actor, times: int) -> int:
        key_made(actor=actor, keyid=f"{times} {len(tries)}")
        tries.append(1)
        if len(tries) < times:
            raise OperationalError("database is locked")
        return len(tries)

    assert busy(actor=SYSTEM, times=3) == 3
    assert KeyRecord.objects.count() == Entry.objects.count() == 1
    tries.clear()
    with pytest.raises(Unavailable, match="busy"):
        busy(actor=SYSTEM, times=9)
    assert len(tries) == 3
    assert KeyRecord.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_dead_broker_costs_nothing_but_a_line_in_the_log(monkeypatch, caplog):
    """FT-04."""

    def dead(*args, **kwargs):
        raise ConnectionError("no broker")

    monkeypatch.setattr(wakes.current_app, "send_task", dead)
    monkeypatch.setattr(wakes, "_silent_until", 0.0)
    monkeypatch.setattr(wakes, "_sent", {})
    note_many(actor=ALICE, count=1)
    note_many(actor=ALICE, count=1)
    assert Entry.objects.count() == 2
    assert caplog.text.count("cannot wake") == 1


def test_many_wakes_in_a_row_are_two_messages(monkeypatch):
    sent = []
    monkeypatch.setattr(wakes.current_app, "send_task", lambda name, **kwargs: sent.append(name))
    monkeypatch.setattr(wakes, "_silent_until", 0.0)
    monkeypatch.setattr(wakes, "_sent", {})
    assert all(wakes.wake("ledger.sequence") for _ in range(50))
    assert wakes.wake("governance.issue")
    assert sent == ["ledger.sequence", "governance.issue"]
    for timer in threading.enumerate():
        if isinstance(timer, threading.Timer):
            timer.join()
    # the late one begins after the last wake, so that no commit is left to the sweep
    assert sent == ["ledger.sequence", "governance.issue", "ledger.sequence"]


@pytest.mark.django_db(transaction=True)
def test_what_a_process_still_writes_to_an_old_log_goes_to_its_successor():
    note_many(actor=ALICE, count=1)
    old = Entry.objects.get().origin
    Log.objects.create(number=2, origin="bank.example/successor")
    note_many(actor=ALICE, count=1)
    assert set(Entry.objects.values_list("origin", flat=True)) == {old, "bank.example/successor"}


@pytest.mark.django_db(transaction=True)
def test_the_sequencer_is_woken_once_per_commit_and_never_for_nothing(monkeypatch):
    """FT-05."""
    woken = []
    monkeypatch.setattr(transactions.wakes, "wake", woken.append)
    note_many(actor=ALICE, count=5)
    governed(lambda *, actor: None)(actor=ALICE)
    with pytest.raises(ZeroDivisionError):
        governed(lambda *, actor: (note_many(actor=actor, count=1), 1 / 0))(actor=ALICE)
    assert woken == ["ledger.sequence"]
    assert not connection.in_atomic_block
