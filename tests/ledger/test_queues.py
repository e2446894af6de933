from __future__ import annotations

from datetime import timedelta

import pytest

from ledger import clock
from ledger.errors import Invalid, KeyReused
from ledger.models import Entry, OutboxMessage
from ledger.services import idempotency, outbox
from ledger.services.transactions import governed
from tests.ledger.conftest import ALICE, SYSTEM, note_many

pytestmark = pytest.mark.django_db


def once(key: str, digest: str, work=None):
    def effect():
        return {"entry": str(note_many(actor=ALICE, count=1)[0].entry_id)}

    return idempotency.once(actor=ALICE, key=key, request_digest=digest, work=work or effect)


def test_a_request_sent_again_has_one_effect_and_one_answer():
    first = once("k", "sha256:a")
    assert once("k", "sha256:a") == first
    assert Entry.objects.count() == 1
    with pytest.raises(KeyReused) as caught:
        once("k", "sha256:b")
    assert caught.value.code == "idempotency-mismatch"
    assert once("other", "sha256:a") != first
    for unusable in ("", "x" * 201, "a\nb"):
        with pytest.raises(Invalid):
            once(unusable, "sha256:a")


def test_a_failure_is_not_kept():
    def fail():
        note_many(actor=ALICE, count=1)
        raise Invalid("no")

    with pytest.raises(Invalid):
        once("k", "sha256:a", fail)
    assert Entry.objects.count() == 0
    assert once("k", "sha256:a")


def test_answers_are_forgotten_after_a_day(monkeypatch):
    first = once("k", "sha256:a")
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=25))
    assert idempotency.forget_old(actor=SYSTEM) == 1
    assert once("k", "sha256:a") != first


@pytest.fixture
def channel(monkeypatch) -> list[OutboxMessage]:
    seen: list[OutboxMessage] = []
    monkeypatch.setattr(outbox, "_channels", {"test": seen.append})
    return seen


def put(**payload) -> OutboxMessage:
    return governed(lambda *, actor: outbox.put("test", payload))(actor=SYSTEM)


def test_a_message_is_delivered_once_and_a_lost_lease_again(channel, monkeypatch):
    message = put(a=1)
    assert outbox.deliver_due(actor=SYSTEM) == 1
    assert outbox.deliver_due(actor=SYSTEM) == 0
    assert [row.payload for row in channel] == [{"a": 1}]
    OutboxMessage.objects.filter(pk=message.pk).update(
        state="due", attempts=1, lease_until=clock.now() + timedelta(minutes=1)
    )
    assert outbox.deliver_due(actor=SYSTEM) == 0
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=2))
    assert outbox.deliver_due(actor=SYSTEM) == 1


def test_what_cannot_be_delivered_ends_as_an_error_that_says_why(channel, monkeypatch):
    message = put(a=1)
    monkeypatch.setattr(outbox, "_channels", {"test": lambda row: 1 / 0})
    now = clock.now()
    for hour in range(outbox.MAX_ATTEMPTS + 2):
        monkeypatch.setattr(clock, "now", lambda hour=hour: now + timedelta(hours=hour))
        outbox.deliver_due(actor=SYSTEM)
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("error", outbox.MAX_ATTEMPTS)
    assert "ZeroDivisionError" in message.error
    with pytest.raises(Invalid, match="nobody delivers"):
        governed(lambda *, actor: outbox.put("elsewhere", {}))(actor=SYSTEM)
