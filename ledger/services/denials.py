"""Denials are events too, in a transaction of their own, since the one they ended in was rolled back.

Per actor and permission one entry a minute is written; the others of that minute are counted and the count is
recorded when the minute is over, so that somebody who asks a thousand times can neither fill the log nor hide.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F

from ledger import clock, events
from ledger.actors import Actor, Subject
from ledger.errors import NotAllowed, Refused
from ledger.models import DenialWindow
from ledger.services import records

WINDOW = timedelta(minutes=1)
_NOTHING = Subject("ledger.nothing", "-")


def record(actor: Actor, error: NotAllowed | Refused) -> None:
    """Record or count one denial. Runs inside a transaction of its own (`transactions.governed` opens it)."""
    now = clock.now()
    started = now.replace(second=0, microsecond=0)
    permission = (error.permission or error.code)[:100]
    place = {
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "permission": permission,
        "started": started,
    }
    DenialWindow.objects.bulk_create([DenialWindow(**place, seen=0, told=0)], ignore_conflicts=True)
    window = DenialWindow.objects.select_for_update().get(**place)
    first = window.seen == 0
    DenialWindow.objects.filter(pk=window.pk).update(seen=F("seen") + 1, told=F("told") + int(first))
    if not first:
        return
    gates = [str(reason.get("gate") or reason.get("code") or "") for reason in error.reasons][:50]
    data = {"permission": permission, "code": error.code, "door": actor.door}
    if isinstance(error, NotAllowed) and error.reason:
        data["reason"] = error.reason[:100]
    records.note(
        actor=actor,
        event=events.DENIED,
        subject=error.subject if isinstance(error.subject, Subject) else _NOTHING,
        data=data | ({"gates": gates} if gates else {}),
    )


def settle(*, actor: Actor, limit: int = 100) -> int:
    """Record the counts of minutes that are over; returns how many. Runs inside `transactions.in_transaction`."""
    over = (
        DenialWindow.objects.select_for_update().filter(started__lte=clock.now() - WINDOW).order_by("started")
    )
    windows = list(over[:limit])
    for window in windows:
        if window.seen > window.told:
            records.note(
                actor=actor,
                event=events.DENIALS_COUNTED,
                subject=Subject(f"people.{window.actor_kind}", window.actor_id),
                data={
                    "permission": window.permission,
                    "count": window.seen - window.told,
                    "since": window.started,
                },
            )
    DenialWindow.objects.filter(pk__in=[window.pk for window in windows]).delete()
    return len(windows)
