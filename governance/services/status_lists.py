"""The status list: signed where the keys are, kept as bytes, served by whoever asks for it.

The web process never signs. A list is derived from governed rows, names the size of the log it was derived from, and is
short-lived: a new one is made at half its life, when what it says changes, and when its key no longer signs.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json

from django.conf import settings
from django.db.models import Q

from governance.models import StatusDocument, Warrant
from governance.selectors.standing import STANDING, standing_at, with_open_condition
from ledger import clock
from ledger import selectors as log
from ledger.actors import Actor
from ledger.errors import Unavailable
from ledger.services import keys
from ledger.services.transactions import governed
from modelwarrant import status
from people import access
from people.catalogue import P

KEPT = dt.timedelta(days=1)


@governed
def status_publish(*, actor: Actor) -> StatusDocument | None:
    """Sign a new list if one is due; None if the newest still says what is so, or nothing is published yet.

    Voids that are recorded and those that only the calendar knows are both in it.
    """
    access.require(actor, P.WARRANT_ISSUE)
    checkpoint, now = log.latest_checkpoint(), clock.now()
    present = log.current_log()
    if checkpoint is None or present is None:
        return None
    void, limited = _derived(now)
    key = keys.signer("warrant")
    content = _content(void, limited)
    newest = StatusDocument.objects.order_by("-issued").first()
    if newest and _stands(newest, key.key_id, content, now):
        return None
    expires = now + dt.timedelta(minutes=settings.STATUS_MINUTES)
    # The list may never go back behind one that was handed out, or whoever keeps the newest refuses it.
    size = max(checkpoint.size, newest.size if newest and newest.origin == present.origin else 0)
    made = status.make(void, now, expires, key, log=status.Log(present.origin, size), limited=limited)
    status.check(made, trust=log.trusted_keys("warrant"), at=now)
    StatusDocument.objects.filter(expires__lt=now - KEPT).delete()
    return StatusDocument.objects.create(
        issued=now,
        expires=expires,
        origin=present.origin,
        size=size,
        keyid=key.key_id,
        content=content,
        document=made.decode("utf-8"),
    )


def status_newest(*, actor: Actor) -> StatusDocument:
    """The newest list, for whoever may ask the gate anywhere. Raises Unavailable while there is none.

    A list that is over is given as it is: whoever checks it finds it stale.
    """
    if not access.reach(actor).anywhere(P.GATE_ASK):
        _refuse(actor=actor)
    row = StatusDocument.objects.order_by("-issued").first()
    if row is None:
        raise Unavailable("No status list has been signed yet.", code="no-status-list")
    return row


@governed
def _refuse(*, actor: Actor) -> None:
    access.require(actor, P.GATE_ASK)


def _derived(at: dt.datetime) -> tuple[list[status.Void], list[status.Limited]]:
    """What is void, and what was brought forward into due or grace. A void one is listed until its own grace is over:
    from then on its document itself says that it permits nothing."""
    rows = Warrant.objects.filter(state="void", grace_ends__gt=at).exclude(document="")
    void = [status.Void(str(row.pk), row.void_ground, row.voided_at or at) for row in rows]
    limited = []
    early = Q(endings__due_from__lte=at) | with_open_condition(due_from__lte=at)
    near = Warrant.objects.filter(early, state="issued", grace_ends__gt=at).distinct()
    for row in near.select_related("version").prefetch_related(*STANDING):
        standing = standing_at(row, at)
        if standing.status == "lapsed":
            void.append(status.Void(str(row.pk), standing.ground, standing.grace_ends))
        elif standing.status in status.LIMITS and standing.since and standing.ground != "end-of-term":
            limited.append(status.Limited(str(row.pk), standing.ground, standing.status, standing.since))
    return void, limited


def _content(void: list[status.Void], limited: list[status.Limited]) -> str:
    said = [sorted([item.warrant, item.ground] for item in void)]
    said.append(sorted([item.warrant, item.ground, item.status] for item in limited))
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _stands(newest: StatusDocument, keyid: str, content: str, at: dt.datetime) -> bool:
    half = newest.issued + (newest.expires - newest.issued) / 2
    return newest.keyid == keyid and newest.content == content and at < half
