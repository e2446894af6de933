"""Keys, two persons at a time: who may have one made, trusted and taken away. What a key is, the ledger
knows."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from ledger.actors import Actor, Subject
from ledger.errors import Invalid, NotAllowed, NotThere
from ledger.models import Entry, KeyRecord
from ledger.services import keys, records
from ledger.services.transactions import governed
from modelwarrant.keys import Purpose
from people import access, events, signals
from people.catalogue import P


@governed
def key_request(
    *,
    actor: Actor,
    purpose: Purpose,
    algorithm: str | None = None,
    label: str = "",
    provider: str = "file",
) -> KeyRecord:
    """Have a key pair made by a provider; it signs nothing before another person confirms it.

    Unavailable in a process that holds no keys (the web server). Invalid: purpose, algorithm.
    """
    access.require(actor, P.KEY_REQUEST)
    return keys.key_create(actor=actor, purpose=purpose, algorithm=algorithm, label=label, provider=provider)


@governed
def key_import_request(*, actor: Actor, purpose: Purpose, public_pem: bytes, label: str = "") -> KeyRecord:
    """Name somebody's public key; nothing is trusted by it before another person confirms it. Invalid:
    public_pem."""
    access.require(actor, P.KEY_REQUEST)
    return keys.key_import(actor=actor, purpose=purpose, public_pem=public_pem, label=label)


@governed
def key_confirm(*, actor: Actor, key_id: UUID) -> KeyRecord:
    """Trust a requested key. NotAllowed ("requester") for who requested it, as the log has it."""
    key = _locked(key_id)
    access.require(actor, P.KEY_CONFIRM, key)
    if key is None:
        raise NotThere
    if actor.principals & requesters(key):
        raise NotAllowed(
            "You requested this key; another person must confirm it.",
            permission=P.KEY_CONFIRM.value,
            subject=Subject.of(key),
            reason="requester",
            visible=True,
        )
    return keys.key_move(actor=actor, key_id=key.pk, move="activate")


@governed
def key_retire(*, actor: Actor, key_id: UUID, at: datetime | None = None) -> KeyRecord:
    """Let a key sign nothing more, now or from `at` on; what it signed before stays valid. Invalid: at."""
    key = _locked(key_id)
    access.require(actor, P.KEY_REVOKE, key)
    if key is None:
        raise NotThere
    if at is not None:
        return keys.key_end(actor=actor, key_id=key.pk, at=at)
    return keys.key_move(actor=actor, key_id=key.pk, move="retire")


@governed
def key_revoke(*, actor: Actor, key_id: UUID, revoked_from: int | None = None, reason: str = "") -> KeyRecord:
    """Distrust what a key signed from an index of the log on; None: everything. One person is enough.

    What was signed is as old as the entry that recorded it, whatever date the signer claims. Whatever rests on the
    key is looked up by a task: see `signals.key_revoked`. Invalid: revoked_from, reason.
    """
    key = _locked(key_id)
    access.require(actor, P.KEY_REVOKE, key)
    if key is None:
        raise NotThere
    if len(reason) > 2000:
        raise Invalid("At most 2,000 characters.", field="reason")
    moved = keys.key_move(actor=actor, key_id=key.pk, move="revoke", revoked_from=revoked_from)
    records.note(
        actor=actor,
        event=events.KEY_DISTRUSTED,
        subject=Subject.of(moved),
        data={"purpose": moved.purpose, "keyid": moved.keyid, "revoked_from": revoked_from},
        hidden={"reason": reason.strip()} if reason.strip() else {},
    )
    signals.key_revoked.send(KeyRecord, actor=actor, key=moved)
    return moved


def resting(key: KeyRecord) -> list[tuple[str, int]]:
    """What rests on a key, as (what, how many): the consequence of revoking it, shown before."""
    answers: list[Any] = signals.key_resting.send(KeyRecord, key=key)
    return [pair for _, pairs in answers for pair in pairs or ()]


def requesters(key: KeyRecord) -> frozenset[str]:
    """Pseudonyms of who had the key made or named it, from the log."""
    began = Entry.objects.filter(
        subject_kind=KeyRecord.ledger_kind,
        subject_id=str(key.pk),
        event__in=("ledger.key_created", "ledger.key_imported"),
    )
    return frozenset(began.values_list("actor_id", flat=True))


def _locked(key_id: UUID) -> KeyRecord | None:
    # organisation-level rights alone reach keys, so that asking for a key that isn't there tells nothing
    return KeyRecord.objects.select_for_update().filter(pk=key_id).first()
