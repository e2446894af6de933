"""Out of office: from when until when, and who gets the notices meanwhile. It lends no right."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from modelwarrant.machine import IllegalMove
from people import access, events
from people.catalogue import P
from people.machines import ABSENCE
from people.models import Absence, User
from people.selectors import acting_user
from people.services import notices

LONGEST = timedelta(days=366)


@governed
def absence_announce(
    *, actor: Actor, ends: datetime, starts: datetime | None = None, deputy_id: UUID | None = None
) -> Absence:
    """The acting person is away from `starts` (now, where None) until `ends`; `deputy_id` gets their notices too.

    Invalid: starts, ends, deputy. Conflict: another absence overlaps.
    """
    user = acting_user(actor, lock=True)
    if user is None:
        raise NotThere
    now = clock.now()
    starts = starts or now
    if starts.tzinfo is None or starts < now:
        raise Invalid("An absence can't begin in the past.", field="starts")
    if ends.tzinfo is None or not starts < ends <= starts + LONGEST:
        raise Invalid(f"It ends after its start, within {LONGEST.days} days.", field="ends")
    if Absence.objects.filter(user=user, state="active", starts__lt=ends, ends__gt=starts).exists():
        raise Conflict("You are out of office then already. Cancel that first.")
    deputy = _deputy(user, deputy_id)
    row = Absence(user=user)
    records.write(
        actor=actor,
        event=events.ABSENCE_ANNOUNCED,
        row=row,
        set={
            "deputy": deputy,
            "starts": starts,
            "ends": ends,
            "state": ABSENCE.initial.name,
            "made_at": now,
        },
    )
    if deputy is not None:
        notices.notify(
            [deputy], "You are named as deputy of somebody out of office.", "/profile/delegations/"
        )
    return row


@governed
def absence_cancel(*, actor: Actor, absence_id: UUID) -> Absence:
    """Back early, or never away. The person themselves, or who manages people."""
    row = Absence.objects.select_for_update().filter(pk=absence_id).first()
    if row is None or actor.kind != "user" or str(row.user_id) != actor.pk:
        access.require(actor, P.PEOPLE_EDIT, row)
    if row is None:
        raise NotThere
    try:
        move = ABSENCE.move(row.state, "cancel")
    except IllegalMove as error:
        raise Conflict("This was cancelled already.") from error
    records.write(
        actor=actor,
        event=events.ABSENCE_CANCELLED,
        row=row,
        set={"state": move.target, "ended_by": actor.id, "ended_at": clock.now()},
    )
    return row


def _deputy(user: User, deputy_id: UUID | None) -> User | None:
    if deputy_id is None:
        return None
    if deputy_id == user.pk:
        raise Invalid("Name somebody else.", field="deputy")
    found = User.objects.filter(pk=deputy_id, is_active=True).first()
    if found is None:
        raise Invalid("There is no such person, or they are locked out.", field="deputy")
    return found
