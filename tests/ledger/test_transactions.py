from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection

from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import NotAllowed, Refused, Unavailable
from ledger.models import DenialWindow, Entry, KeyRecord
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
    def dead(*args, **kwargs):
        raise ConnectionError("no broker")

    monkeypatch.setattr(wakes.current_app, "send_task", dead)
    monkeypatch.setattr(wakes, "_silent_until", 0.0)
    note_many(actor=ALICE, count=1)
    note_many(actor=ALICE, count=1)
    assert Entry.objects.count() == 2
    assert caplog.text.count("cannot wake") == 1


@pytest.mark.django_db(transaction=True)
def test_the_sequencer_is_woken_once_per_commit_and_never_for_nothing(monkeypatch):
    woken = []
    monkeypatch.setattr(transactions.wakes, "wake", woken.append)
    note_many(actor=ALICE, count=5)
    governed(lambda *, actor: None)(actor=ALICE)
    with pytest.raises(ZeroDivisionError):
        governed(lambda *, actor: (note_many(actor=actor, count=1), 1 / 0))(actor=ALICE)
    assert woken == ["ledger.sequence"]
    assert not connection.in_atomic_block
