"""People: added, changed, locked out and let in again. What they may do is the grants' matter."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth import hashers
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotAllowed, NotThere, Refused
from ledger.services import records
from ledger.services.transactions import governed
from people import access, events
from people.catalogue import P
from people.machines import GRANT
from people.models import Grant, User
from people.models.users import normal_email
from people.services import passwords, projection

LONGEST_NAME = 200
LONGEST_EMAIL = 254


@governed
def user_create(
    *,
    actor: Actor,
    email: str,
    name: str,
    password: str | None = None,
    is_staff: bool = False,
    temporary: bool = True,
) -> tuple[User, str]:
    """A new person, who may do nothing yet, and their one-time password ("" where one was given).

    `temporary`: the password must be replaced at the first sign-in. Invalid: email, name, password. Conflict:
    the address is somebody's.
    """
    access.require(actor, P.PEOPLE_EDIT)
    return add(actor=actor, email=email, name=name, password=password, is_staff=is_staff, temporary=temporary)


def add(
    *, actor: Actor, email: str, name: str, password: str | None, is_staff: bool, temporary: bool
) -> tuple[User, str]:
    """`user_create` without the question who asks: for it and for `bootstrap`, inside their transaction."""
    user = User(email=_email(email), name=_name(name))
    given = passwords.one_time() if password is None else password
    if password is not None:
        passwords.require_good(password, user)
    if User.objects.filter(email=user.email).exists():
        raise Conflict("Somebody has this e-mail address.", field="email")
    records.write(
        actor=actor,
        event=events.USER_CREATED,
        row=user,
        set={
            "email": user.email,
            "name": user.name,
            "is_staff": is_staff,
            "must_change_password": temporary,
            "created_at": clock.now(),
            "password": hashers.make_password(given),
        },
    )
    return user, given if password is None else ""


@governed
def user_change(
    *,
    actor: Actor,
    user_id: UUID,
    email: str | None = None,
    name: str | None = None,
    is_staff: bool | None = None,
) -> User:
    """Change what is given. Invalid: email, name. Conflict: the address is somebody's, or nothing changes."""
    user = locked(actor, user_id)
    changes: dict[str, Any] = {}
    if email is not None and (address := _email(email)) != user.email:
        if User.objects.filter(email=address).exclude(pk=user.pk).exists():
            raise Conflict("Somebody has this e-mail address.", field="email")
        changes["email"] = address
    if name is not None and (written := _name(name)) != user.name:
        changes["name"] = written
    if is_staff is not None and is_staff != user.is_staff:
        changes["is_staff"] = is_staff
    if not changes:
        raise Conflict("Nothing was changed.")
    records.write(
        actor=actor, event=events.USER_CHANGED, row=user, set=changes, data={"changed": sorted(changes)}
    )
    return user


@governed
def user_deactivate(*, actor: Actor, user_id: UUID) -> User:
    """Lock a person out at once: sessions end, grants are revoked, identities they control stop.

    Takes one person. Nobody locks themselves out; the last operator stays (Refused).
    """
    user = locked(actor, user_id)
    if user.pseudonym in actor.principals:
        raise NotAllowed("Nobody locks themselves out.", reason="holder", visible=True)
    if not user.is_active:
        raise Conflict("This person is locked out already.")
    require_operator_left(without=user)
    records.write(actor=actor, event=events.USER_DEACTIVATED, row=user, set={"is_active": False})
    now = clock.now()
    for grant in Grant.objects.select_for_update().filter(
        holder_user=user, state__in=("requested", "active")
    ):
        move = "revoke" if grant.state == "active" else "refuse"
        records.write(
            actor=actor,
            event=events.GRANT_REVOKED if move == "revoke" else events.GRANT_REFUSED,
            row=grant,
            set={"state": GRANT.move(grant.state, move).target, "ended_by": actor.id, "ended_at": now},
            data={"holder": user.pseudonym, "role": grant.role},
        )
    projection.project(user)
    return user


@governed
def user_reactivate(*, actor: Actor, user_id: UUID) -> User:
    """Let a person sign in again. The grants are gone: new ones take two persons, as ever."""
    user = locked(actor, user_id)
    if user.is_active:
        raise Conflict("This person may sign in.")
    records.write(actor=actor, event=events.USER_REACTIVATED, row=user, set={"is_active": True})
    return user


def locked(actor: Actor, user_id: UUID) -> User:
    """The person for an operator's change, locked until commit. NotAllowed, NotThere."""
    user = User.objects.select_for_update().filter(pk=user_id).first()
    access.require(actor, P.PEOPLE_EDIT, user)
    if user is None:
        raise NotThere
    return user


def require_operator_left(*, without: User) -> None:
    """Refused where nobody but `without` is an operator now: the house would lock itself out."""
    operators_change()
    operators = access.holders("operator")
    if operators.filter(pk=without.pk).exists() and not operators.exclude(pk=without.pk).exists():
        raise Refused(
            "This person is the last operator. Grant the role to somebody else first.",
            reasons=[{"code": "last-operator", "text": "Nobody else could manage people and grants."}],
        )


def operators_change() -> None:
    """Let one transaction at a time change who is an operator: two that take each other's role away would
    each see the other still there. The row is there from the first migrate, and nothing else locks it."""
    ContentType.objects.select_for_update().get(app_label="people", model="user")


def _email(email: str) -> str:
    address = normal_email(email)
    try:
        validate_email(address)
    except ValidationError as error:
        raise Invalid("That is not an e-mail address.", field="email") from error
    if len(address) > LONGEST_EMAIL:
        raise Invalid("That is too long for an e-mail address.", field="email")
    return address


def _name(name: str) -> str:
    written = " ".join(name.split())
    if not written or len(written) > LONGEST_NAME:
        raise Invalid(f"A name has 1 to {LONGEST_NAME} characters.", field="name")
    if not written.isprintable():
        # direction marks and other invisible characters make one name look like another
        raise Invalid("A name has visible characters only.", field="name")
    return written
