"""Links between identities of the provider and people here: requested by one operator, confirmed by another.

A link lets whoever controls the provider's account act as the person, so it takes two persons like a recovery. It is by
the provider's immutable subject; an e-mail address proves nothing here. Nobody registers themselves.
"""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.conf import settings

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid
from ledger.services import records
from ledger.services.transactions import governed
from modelwarrant.machine import Transition
from people import events
from people.machines import IDENTITY_LINK
from people.models import IdentityLink, User
from people.services.moves import move_open, require_another
from people.services.people import locked


@governed
def link_request(*, actor: Actor, user_id: UUID, subject: str, reason: str) -> IdentityLink:
    """Ask that the provider's `subject` (its claim `sub`) signs in as a person; nothing is allowed by it yet.

    Invalid: subject, reason. Conflict: the subject is somebody's, or no provider is configured.
    """
    user = locked(actor, user_id)
    if not settings.OIDC_ISSUER:
        raise Conflict("No identity provider is configured.")
    if not user.is_active:
        raise Conflict("This person is locked out.")
    # compared byte by byte later: no trimming, no folding of letters
    if not subject or len(subject) > 255 or not subject.isascii() or not subject.isprintable():
        raise Invalid(
            "The subject is 1 to 255 visible ASCII characters, exactly as the provider says it.",
            field="subject",
        )
    reason = reason.strip()
    if not reason or len(reason) > 2000:
        raise Invalid("Say why, in 1 to 2000 characters.", field="reason")
    if standing(settings.OIDC_ISSUER, subject, states=("requested", "active")):
        raise Conflict("This subject is requested or linked already.", field="subject")
    row = IdentityLink(user=user)
    records.write(
        actor=actor,
        event=events.LINK_REQUESTED,
        row=row,
        set={
            "issuer": settings.OIDC_ISSUER,
            "subject": subject,
            "reason": reason,
            "state": IDENTITY_LINK.initial.name,
            "requested_by": actor.id,
            "requested_at": clock.now(),
        },
        data={"holder": user.pseudonym},
    )
    return row


@governed
def link_confirm(*, actor: Actor, link_id: UUID) -> IdentityLink:
    """Put a link in force. NotAllowed ("requester", "holder"): another person than both does."""
    row, move = _locked(actor, link_id, "confirm")
    user = User.objects.select_for_update().get(pk=row.user_id)
    barred = {"requester": frozenset({row.requested_by}), "holder": frozenset({user.pseudonym})}
    require_another(actor=actor, row=row, move=move, barred=barred)
    if not user.is_active:
        raise Conflict("This person is locked out.")
    _move(actor, row, move, confirmed_by=actor.id, confirmed_at=clock.now())
    return row


@governed
def link_refuse(*, actor: Actor, link_id: UUID) -> IdentityLink:
    """Leave everything as it is."""
    row, move = _locked(actor, link_id, "refuse")
    _move(actor, row, move, ended_by=actor.id, ended_at=clock.now())
    return row


@governed
def link_end(*, actor: Actor, link_id: UUID) -> IdentityLink:
    """End a link. One person is enough; sessions the provider began end with their next request."""
    row, move = _locked(actor, link_id, "end")
    _move(actor, row, move, ended_by=actor.id, ended_at=clock.now())
    return row


def end_all(*, actor: Actor, user: User) -> None:
    """End every link of an erased person, inside the transaction of the erasure."""
    rows = IdentityLink.objects.select_for_update().filter(user=user, state__in=("requested", "active"))
    for row in rows.order_by("pk"):
        move = IDENTITY_LINK.move(row.state, "end" if row.state == "active" else "refuse")
        _move(actor, row, move, ended_by=actor.id, ended_at=clock.now())


def standing(issuer: str, subject: str, states: tuple[str, ...] = ("active",)) -> IdentityLink | None:
    """The link of exactly this issuer and subject, if one is in force."""
    rows = IdentityLink.objects.filter(issuer=issuer, subject=subject, state__in=states)
    # a database that folds letters must not make two subjects one
    return next((row for row in rows.select_related("user") if row.subject == subject), None)


def _locked(actor: Actor, link_id: UUID, name: str) -> tuple[IdentityLink, Transition]:
    row = IdentityLink.objects.select_for_update().filter(pk=link_id).first()
    move = move_open(actor=actor, machine=IDENTITY_LINK, row=row, move=name, called="This link")
    return cast("IdentityLink", row), move


def _move(actor: Actor, row: IdentityLink, move: Transition, **changes: object) -> None:
    records.write(
        actor=actor,
        event=events.BY_NAME[move.event],
        row=row,
        set={"state": move.target, **changes},
        data={"holder": row.user.pseudonym},
    )
