"""Erasing a person: one requests it, another confirms it, and what the log proves stays proved.

The person is locked out first, so that nothing of theirs is open. Afterwards their name, address and every text they
wrote are gone from the database; pages, exports and reports made later show the pseudonym. What was printed or
exported before, and backups, are the operator's to destroy.
"""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth import hashers

from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Conflict, Invalid, NotAllowed, NotThere
from ledger.services import erasure, records
from ledger.services.transactions import governed
from people import access, events
from people.catalogue import P
from people.machines import ERASURE
from people.models import CalendarFeed, Erasure, MailPreference, Notice, SavedView
from people.services import passkeys, provider_links
from people.services.moves import move_row
from people.services.people import locked


@governed
def erasure_request(*, actor: Actor, user_id: UUID, ground: str) -> Erasure:
    """Ask for the erasure of a person who is locked out. Invalid: ground. Conflict: requested or done already, or
    the person can still sign in. NotAllowed: nobody asks for their own, another operator does."""
    user = locked(actor, user_id)
    if ground not in Erasure.Ground.values:
        raise Invalid(f"One of: {', '.join(Erasure.Ground.values)}.", field="ground")
    if user.pseudonym in actor.principals:
        raise NotAllowed("Another operator must ask for this.", reason="holder", visible=True)
    if user.is_active:
        raise Conflict("Lock this person out first: grants end, and open work goes to others.")
    if Erasure.objects.filter(user=user, state__in=("requested", "done")).exists():
        raise Conflict("This is requested or done already.")
    row = Erasure(user=user)
    records.write(
        actor=actor,
        event=events.ERASURE_REQUESTED,
        row=row,
        set={
            "ground": ground,
            "state": ERASURE.initial.name,
            "requested_by": actor.id,
            "requested_at": clock.now(),
        },
        data={"person": user.pseudonym, "ground": ground},
    )
    return row


@governed
def erasure_confirm(*, actor: Actor, erasure_id: UUID) -> Erasure:
    """Carry it out, at once and for good. NotAllowed ("requester", "holder"); Conflict: decided already, or the
    person was let in again."""
    row = _locked(actor, erasure_id)
    user = locked(actor, row.user_id)
    if user.is_active:
        raise Conflict("This person was let in again; lock them out first.")
    texts = erasure.erase(actor=actor, pseudonym=user.pseudonym, subject=Subject.of(user))
    # Secrets aren't governed, and nothing of them is worth keeping.
    user.refresh_from_db()
    user.password, user.totp_secret, user.totp_step = hashers.make_password(None), "", 0
    user.save(update_fields=["password", "totp_secret", "totp_step"])
    passkeys.empty_all(actor=actor, user=user)
    provider_links.end_all(actor=actor, user=user)
    Notice.objects.filter(recipient=user).delete()
    SavedView.objects.filter(owner=user).delete()
    CalendarFeed.objects.filter(user=user).delete()
    MailPreference.objects.filter(user=user).delete()
    move_row(
        actor=actor,
        row=row,
        machine=ERASURE,
        move="confirm",
        event=events.ERASURE_DECIDED,
        barred={"requester": frozenset({row.requested_by}), "holder": frozenset({user.pseudonym})},
        set={"decided_by": actor.id, "decided_at": clock.now(), "texts": texts},
        data={"person": user.pseudonym},
    )
    return row


@governed
def erasure_refuse(*, actor: Actor, erasure_id: UUID) -> Erasure:
    """Leave the person as they are."""
    row = _locked(actor, erasure_id)
    move_row(
        actor=actor,
        row=row,
        machine=ERASURE,
        move="refuse",
        event=events.ERASURE_DECIDED,
        set={"decided_by": actor.id, "decided_at": clock.now()},
        data={"person": row.user.pseudonym},
    )
    return row


def _locked(actor: Actor, erasure_id: UUID) -> Erasure:
    row = Erasure.objects.select_for_update().filter(pk=erasure_id).first()
    access.require(actor, P.GRANT_CONFIRM, row)
    if row is None:
        raise NotThere
    return row
