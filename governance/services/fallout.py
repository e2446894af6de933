"""What follows when a key is revoked: whatever rested on it is found, flagged and brought back to people.

The gates refuse from the moment of the revocation. The rest may be a thousand versions, so it isn't done in the
request of whoever revokes: a message of the outbox walks through them, each in a transaction of its own. Whoever
walks twice, or begins again after a crash, finds the rows as they are and does nothing a second time.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from governance.models import Warrant
from governance.selectors.warrants import received_at
from governance.services.versions import version_recheck
from governance.services.warrants import warrant_void
from ledger.actors import Actor
from ledger.keyring import KeyRing
from ledger.models import Checkpoint, KeyRecord, OutboxMessage
from ledger.services import outbox
from ledger.services.transactions import governed
from monitoring.services.incidents import incident_open
from people import access
from people.catalogue import P
from people.services.notices import notify
from registry.machines import VERSION
from registry.models import Version
from registry.selectors import signatures
from registry.selectors.versions import version_locked

CHANNEL = "key-fallout"
ACTOR = Actor.system("key-fallout")
BATCH = 100
APPROVED = ("approved", "restricted")
CLOSED = tuple(state.name for state in VERSION.states if state.kind == "final")


def resting(key: KeyRecord) -> list[tuple[str, int]]:
    """What rests on `key` now, as (what, how many)."""
    if key.purpose == "model":
        rows = _versions(key)
        approved = rows.filter(state__in=APPROVED).count()
        return [("approved versions", approved), ("other open versions", rows.count() - approved)]
    if key.purpose == "warrant":
        return [("warrants issued", _warrants(key).count())]
    if key.purpose == "log":
        return [("checkpoints", Checkpoint.objects.filter(keyid=key.keyid).count())]
    return []


def announce(key: KeyRecord) -> None:
    """Have the versions or warrants that rest on a revoked key looked up after this transaction."""
    if key.purpose in ("model", "warrant"):
        outbox.put(CHANNEL, {"key": str(key.pk), "after": ""})


def deliver(message: OutboxMessage) -> None:
    """Take the next rows that rest on the key, and leave a message for those after them."""
    key = KeyRecord.objects.get(pk=message.payload["key"])
    after = message.payload["after"]
    model = key.purpose == "model"
    found = _versions(key).values_list("pk") if model else _warrants(key).values_list("pk")
    if after:
        found = found.filter(pk__gt=after)
    ids = [row_id for (row_id,) in found.order_by("pk")[:BATCH]]
    for row_id in ids:
        if model:
            version_settle(actor=ACTOR, version_id=row_id, key_id=key.pk)
        else:
            warrant_settle(actor=ACTOR, warrant_id=row_id, key_id=key.pk)
    if len(ids) == BATCH:
        _go_on(actor=ACTOR, key_id=key.pk, after=ids[-1])


@governed
def version_settle(*, actor: Actor, version_id: UUID, key_id: UUID) -> bool:
    """Flag a version that has no trusted signature left, and take an approved one back into review; whether it was
    so. A draft, or what is in review already, meets the same question at its gate."""
    version = version_locked(version_id)
    access.require(actor, P.VERSION_RESTRICT, version)
    if version.state in CLOSED:
        return False
    standing = signatures.standing(version)
    if standing.valid:
        return False
    key = KeyRecord.objects.get(pk=key_id)
    if version.state in APPROVED:
        reason = f"The key {key.keyid[:16]} under its signature was revoked. {standing.detail}"
        version_recheck(actor=actor, version_id=version.pk, reason=reason)
    _flag(actor, version, key, "signature")
    return True


@governed
def warrant_settle(*, actor: Actor, warrant_id: UUID, key_id: UUID) -> bool:
    """Void a warrant that a revoked key signed too late to count; whether it was so. The version stays approved: a
    new warrant for the same slot needs a new request only."""
    warrant = Warrant.objects.select_for_update().select_related("version__model__system").get(pk=warrant_id)
    access.require(actor, P.WARRANT_VOID, warrant)
    key = KeyRecord.objects.get(pk=key_id)
    received = received_at(warrant)
    if warrant.state != "issued" or (received is not None and received < KeyRing().revoked_before(key)):
        return False
    warrant_void(actor=actor, warrant_id=warrant.pk, ground="key-revoked")
    _flag(actor, warrant.version, key, "warrant")
    return True


@governed
def _go_on(*, actor: Actor, key_id: UUID, after: UUID) -> None:
    outbox.put(CHANNEL, {"key": str(key_id), "after": str(after)})


def _versions(key: KeyRecord) -> QuerySet[Version]:
    signed = signatures.accepted().filter(keyid=key.keyid).values("version_id")
    return Version.objects.filter(pk__in=signed).exclude(state__in=CLOSED)


def _warrants(key: KeyRecord) -> QuerySet[Warrant]:
    return Warrant.objects.filter(keyid=key.keyid, state="issued")


def _flag(actor: Actor, version: Version, key: KeyRecord, what: str) -> None:
    title = f"{version}: its {what} rests on the revoked key {key.keyid[:16]}"[:200]
    incident_open(
        actor=actor,
        system_id=version.model.system_id,
        version_id=version.pk,
        cause="key-revoked",
        severity="high",
        title=title,
    )
    notify([version.model.system.owner], title, f"/versions/{version.pk}/")
