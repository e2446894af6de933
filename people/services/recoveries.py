"""The way back for who lost a password or second factor: one person requests it, another confirms."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib.auth import hashers

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid
from ledger.services import records
from ledger.services.transactions import governed
from modelwarrant.machine import Transition
from people import events
from people.machines import RECOVERY
from people.models import Recovery
from people.selectors import has_second_factor
from people.services import passkeys, passwords
from people.services.moves import move_open, require_another
from people.services.people import locked


@governed
def recovery_request(*, actor: Actor, user_id: UUID, what: str, reason: str) -> Recovery:
    """Ask for a new one-time password ("password") or the removal of a second factor ("second-factor") for
    somebody. Invalid: what, reason. Conflict: requested already, or there is nothing to remove."""
    user = locked(actor, user_id)
    if what not in Recovery.What.values:
        raise Invalid(f"One of: {', '.join(Recovery.What.values)}.", field="what")
    reason = reason.strip()
    if not reason or len(reason) > 2000:
        raise Invalid("Say why, in 1 to 2000 characters.", field="reason")
    if what == Recovery.What.SECOND_FACTOR and not has_second_factor(user):
        raise Conflict("This person has no second factor.")
    if Recovery.objects.filter(user=user, what=what, state="requested").exists():
        raise Conflict("This is requested already.")
    recovery = Recovery(user=user)
    records.write(
        actor=actor,
        event=events.RECOVERY_REQUESTED,
        row=recovery,
        set={
            "what": what,
            "reason": reason,
            "state": RECOVERY.initial.name,
            "requested_by": actor.id,
            "requested_at": clock.now(),
        },
        data={"what": what},
    )
    return recovery


@governed
def recovery_confirm(*, actor: Actor, recovery_id: UUID) -> tuple[Recovery, str]:
    """Carry it out; returns the new one-time password, or "". The person's sessions end.

    NotAllowed ("requester", "holder"): neither who requested it nor whom it is for may confirm.
    """
    recovery, move = _locked(actor, recovery_id, "confirm")
    user = locked(actor, recovery.user_id)
    barred = {"requester": frozenset({recovery.requested_by}), "holder": frozenset({user.pseudonym})}
    require_another(actor=actor, row=recovery, move=move, barred=barred)
    password = ""
    if recovery.what == Recovery.What.PASSWORD:
        password = passwords.one_time()
        records.write(
            actor=actor,
            event=events.PASSWORD_CHANGED,
            row=user,
            set={"password": hashers.make_password(password), "must_change_password": True},
        )
    else:
        records.write(
            actor=actor,
            event=events.SECOND_FACTOR_REMOVED,
            row=user,
            set={"second_factor_at": None, "totp_secret": "", "totp_step": 0},
            data={"recovery": str(recovery.pk)},
        )
        passkeys.remove_all(actor=actor, user=user, recovery=str(recovery.pk))
    _decide(actor, recovery, move)
    return recovery, password


@governed
def recovery_refuse(*, actor: Actor, recovery_id: UUID) -> Recovery:
    """Leave everything as it is."""
    recovery, move = _locked(actor, recovery_id, "refuse")
    _decide(actor, recovery, move)
    return recovery


def _locked(actor: Actor, recovery_id: UUID, name: str) -> tuple[Recovery, Transition]:
    recovery = Recovery.objects.select_for_update().filter(pk=recovery_id).first()
    move = move_open(actor=actor, machine=RECOVERY, row=recovery, move=name, called="This recovery")
    return cast("Recovery", recovery), move


def _decide(actor: Actor, recovery: Recovery, move: Transition) -> None:
    records.write(
        actor=actor,
        event=events.BY_NAME[move.event],
        row=recovery,
        set={"state": move.target, "decided_by": actor.id, "decided_at": clock.now()},
        data={"what": recovery.what},
    )
