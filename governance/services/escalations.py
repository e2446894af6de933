"""Late decisions: reminders that go out once, and escalation to the role that the policy names.

The sweep computes everything anew from dates; what it sends is a row first, so that a missed, doubled or interrupted
sweep sends each thing once.
"""

from __future__ import annotations

import logging
from uuid import UUID

from governance import events
from governance.models import Escalation, Reminder
from governance.selectors.due import Due, asked, documents_of, due_of, who_holds
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotAllowed, ServiceError
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import ROLES, P
from people.services.notices import notify
from registry.machines import ROUND_OPEN
from registry.models import Version
from registry.selectors.versions import version_locked

SWEPT = 2_000
"""Versions that one sweep looks at; those that waited longest first."""
_log = logging.getLogger(__name__)


@governed
def escalation_raise(*, actor: Actor, version_id: UUID, reason: str) -> Escalation:
    """Put a waiting version to the role of the policy's escalation, by a person who works on it or waits for it.

    Once for each person, round and state: a second click gives the first one back. Raises Conflict where nothing waits.
    """
    version = version_locked(version_id)
    reached = access.reach(actor)
    if not any(
        reached.allows(one, version) for one in (P.VERSION_SUBMIT, P.VERSION_REVIEW, P.VERSION_APPROVE)
    ):
        access.require(actor, P.VERSION_REVIEW, version)
    access.require_person(actor)
    due = due_of(version)
    if due is None:
        raise Conflict(f"The version is {version.state}; it waits for no decision.")
    again = Escalation.objects.filter(
        version=version, decision_round=version.decision_round, waits_for=due.waits_for, raised_by=actor.id
    ).first()
    if again is not None:
        return again
    if not reason.strip():
        raise Invalid("Say why it can't wait: those it is put to read it.", field="reason")
    return _escalate(actor, version, due, reason.strip())


@governed
def deadline_follow(*, actor: Actor, version_id: UUID) -> str:
    """Send what is due for one version now: a reminder, or the escalation. The stage that was sent; empty for none."""
    version = version_locked(version_id)
    access.require(actor, P.VERSION_VIEW, version)
    if actor.kind != "system":
        raise NotAllowed("Reminders go out by themselves.", permission=P.VERSION_VIEW, visible=True)
    due, now = due_of(version), clock.now()
    stage = due.stage(now) if due else ""
    if due is None or not stage:
        return ""
    _, new = Reminder.objects.get_or_create(
        version=version,
        decision_round=version.decision_round,
        waits_for=due.waits_for,
        stage=stage,
        defaults={"sent_at": now},
    )
    if not new:
        return ""
    if stage == "late":
        _escalate(actor, version, due, f"Nobody decided by {due.at:%Y-%m-%d}.")
        return stage
    words = "is due within two working days" if stage == "soon" else "is due today"
    if due.overdue(now):
        words = f"was due on {due.at:%Y-%m-%d}"
    what = "The decision on" if due.waits_for == "review" else "The start of the review of"
    path = "decide/" if due.waits_for == "review" else ""
    document = documents_of([version])[version.pk]
    notify(asked(version, document, now=now), f"{what} {version} {words}.", f"/versions/{version.pk}/{path}")
    return stage


def deadlines_sweep(*, actor: Actor) -> int:
    """Look at every version that waits for people; how many things were sent. One version's fault stops no other."""
    rows = Version.objects.filter(state__in=ROUND_OPEN).order_by("registered_at")
    sent = 0
    for version_id in rows.values_list("pk", flat=True)[:SWEPT]:
        try:
            sent += bool(deadline_follow(actor=actor, version_id=version_id))
        except ServiceError:
            _log.warning("the deadline of version %s was not followed", version_id, exc_info=True)
    return sent


def _escalate(actor: Actor, version: Version, due: Due, why: str) -> Escalation:
    row = Escalation()
    records.write(
        actor=actor,
        event=events.ESCALATED,
        row=row,
        set={
            "version": version, "decision_round": version.decision_round, "waits_for": due.waits_for, "due_at": due.at,
            "to_role": due.role, "raised_by": actor.id, "raised_at": clock.now(), "why": why,
        },
    )  # fmt: skip
    title = ROLES[due.role].title if due.role in ROLES else due.role
    late = f" It was due on {due.at:%Y-%m-%d}." if due.overdue(clock.now()) else ""
    notify(
        who_holds([due.role], version),
        f"{version} waits for a decision and was put to you as {title}.{late}",
        f"/versions/{version.pk}/#desk",
    )
    return row
