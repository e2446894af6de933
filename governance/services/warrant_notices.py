"""Notices before a warrant ends: 30, 14, 7 and 1 days before, once each, to those who can do something about it."""

from __future__ import annotations

import datetime as dt
import math
from uuid import UUID

from django.db.models import Q

from governance import events
from governance.models import Policy, Warrant, WarrantNotice
from governance.selectors.conditions import local_text
from governance.selectors.requirements import document_of
from governance.selectors.standing import STANDING, Standing, standing_at, with_open_condition
from ledger import clock
from ledger.actors import Actor
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.services.notices import notify
from registry.selectors.versions import version_locked

DAYS = (30, 14, 7, 1)
"""Days before the end at which people are told. Who comes late is told once, of the nearest."""
CHUNK = 500


@governed
def warrant_notice(*, actor: Actor, warrant_id: UUID) -> WarrantNotice | None:
    """Tell the owner, the deployer and the holders of the approving seats how long a warrant lasts; None if they know.

    The row that says so and the notices themselves commit together.
    """
    version_id = Warrant.objects.values_list("version_id", flat=True).get(pk=warrant_id)
    version_locked(version_id)  # two sweeps come one after the other
    warrant = Warrant.objects.select_related("version__model__system", "slot", "deployment").get(
        pk=warrant_id
    )
    now = clock.now()
    standing = standing_at(warrant, now)
    days = days_told(standing, now)
    if not standing.in_force or not days or warrant.notices.filter(days=days).exists():
        return None
    told = notify(_whom(warrant), _words(warrant, standing, now), f"/warrants/{warrant.pk}/")
    row = WarrantNotice()
    records.write(
        actor=actor,
        event=events.WARRANT_NOTICE_SENT,
        row=row,
        set={"warrant": warrant, "days": days, "ends": standing.not_after, "told": told, "sent_at": now},
    )
    return row


def notices_send(*, actor: Actor) -> int:
    """Send every notice that is due, each in its own transaction; how many."""
    now = clock.now()
    last = now + dt.timedelta(days=max(DAYS))
    near = Q(not_after__lte=last) | Q(endings__not_after__lte=last) | with_open_condition(due_from__lte=now)
    rows = Warrant.objects.filter(near, state="issued", grace_ends__gt=now).distinct()
    rows = rows.select_related("version").prefetch_related(*STANDING, "notices")
    near_end = rows.order_by("not_after").iterator(chunk_size=CHUNK)
    due = [row.pk for row in near_end if _due(row, now)]
    return sum(warrant_notice(actor=actor, warrant_id=pk) is not None for pk in due)


def days_told(standing: Standing, at: dt.datetime) -> int:
    """The nearest of DAYS that has come: 7 with five days left, 0 with more than thirty. After the end it is the last."""
    left = (standing.not_after - at) / dt.timedelta(days=1)
    return min((days for days in DAYS if left <= days), default=0)


def _due(warrant: Warrant, at: dt.datetime) -> bool:
    standing = standing_at(warrant, at)
    days = days_told(standing, at)
    return standing.in_force and bool(days) and days not in {row.days for row in warrant.notices.all()}


def _whom(warrant: Warrant) -> list[str]:
    version = warrant.version
    policy = Policy.objects.filter(digest=warrant.policy_digest).first()
    seats = document_of(policy).seats("approve") if policy else ()
    holders = access.holders(seats, version).values_list("pseudonym", flat=True)
    return [version.model.system.owner, warrant.deployment.requested_by, *holders]


def _words(warrant: Warrant, standing: Standing, at: dt.datetime) -> str:
    left = math.ceil((standing.not_after - at) / dt.timedelta(days=1))
    when = f"ends in {left} day{'' if left == 1 else 's'}" if left > 0 else "has ended and is in grace"
    ground = f" {standing.ground_title}." if standing.ground not in ("", "end-of-term") else ""
    return (
        f"The warrant of {warrant.version} for {warrant.slot} {when} ({local_text(standing.not_after)}).{ground} "
        "Renew it, or prepare for its end."
    )
