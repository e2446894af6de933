"""More time for a finding: asked for with a reason, decided by somebody else; every request stays and is counted."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.urls import reverse

from governance import events
from governance.challenge import EXTENSION
from governance.models import FindingExtension
from governance.selectors.finding_bars import barred, judges
from governance.selectors.findings import extension_locked, finding_locked, standing
from governance.selectors.holders import seeing
from governance.services.findings import LONGEST, require_everywhere
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid
from ledger.services import records
from ledger.services.transactions import governed
from people.catalogue import P
from people.services.moves import move_row
from people.services.notices import notify


@governed
def extension_request(*, actor: Actor, finding_id: UUID, until: dt.datetime, reason: str) -> FindingExtension:
    """Ask for a later due date. One request waits at a time; the same one sent twice is one. Invalid: until, reason."""
    finding = finding_locked(finding_id)
    require_everywhere(actor, P.FINDING_RESPOND, finding, needs_all=False)
    now = clock.now()
    if not standing(finding, now).open:
        raise Conflict("Only an open finding has a due date to extend.")
    if not reason.strip():
        raise Invalid("Say why more time is needed; whoever decides reads it.", field="reason")
    if not max(now, finding.due_at) < until <= now + LONGEST:
        raise Invalid(
            "The new date is after the due date, in the future, and within twelve months.", field="until"
        )
    waiting = FindingExtension.objects.filter(finding=finding, state="requested").first()
    if waiting:
        if (waiting.requested_by, waiting.until) == (actor.id, until):
            return waiting
        raise Conflict("An extension already waits for a decision.")
    extension = FindingExtension()
    records.write(
        actor=actor,
        event=events.EXTENSION_REQUESTED,
        row=extension,
        set={
            "finding": finding,
            "was_due": finding.due_at,
            "until": until,
            "state": EXTENSION.initial.name,
            "reason": reason.strip(),
            "requested_by": actor.id,
            "requested_at": now,
        },
    )
    url = reverse("governance:finding", args=[finding.pk])
    notify(
        seeing(judges(finding), finding), "An extension of a finding's due date waits for a decision.", url
    )
    return extension


@governed
def extension_decide(*, actor: Actor, extension_id: UUID, grant: bool, note: str) -> FindingExtension:
    """Grant or refuse it; neither who asked nor whoever made or owns the subject can. Invalid: note."""
    finding = finding_locked(
        extension_locked(extension_id).finding_id
    )  # what every act on a finding locks first
    extension = extension_locked(extension_id)
    require_everywhere(actor, P.FINDING_JUDGE, finding)
    if not note.strip():
        raise Invalid("Give the reason for your decision; it is kept with it.", field="note")
    if grant and not standing(finding, clock.now()).open:
        raise Conflict("The finding is no longer open.")
    if grant and extension.until <= clock.now():
        raise Conflict("The date that was asked for has passed.")
    bars = barred(finding)
    move_row(
        actor=actor,
        row=extension,
        machine=EXTENSION,
        move="grant" if grant else "refuse",
        event=events.EXTENSION_MOVED,
        barred={
            "requester": frozenset({extension.requested_by}),
            "contributor": bars["contributor"],
            "owner": bars["owner"],
        },
        set={"decided_by": actor.id, "decided_at": clock.now(), "decision_note": note.strip()},
    )
    if grant and extension.until > finding.due_at:
        records.write(actor=actor, event=events.FINDING_CHANGED, row=finding, set={"due_at": extension.until})
    url = reverse("governance:finding", args=[finding.pk])
    text = "Your extension of a finding's due date was " + ("granted." if grant else "refused.")
    notify(seeing({extension.requested_by}, finding), text, url)
    return extension
