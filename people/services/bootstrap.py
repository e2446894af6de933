"""The beginning: two operators and the first keys, recorded, once.

Afterwards rights come from people alone. Where fewer than two operators are left in force nobody could ever
confirm a grant again; then, and only then, the beginning can be repeated, which the log shows as such.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Conflict, Invalid, Refused
from ledger.models import KeyRecord
from ledger.services import keys, records
from ledger.services.transactions import governed
from modelwarrant.keys import Purpose
from people import access, events
from people.machines import GRANT
from people.models import Grant, User
from people.models.grants import BEGINNING
from people.models.users import normal_email
from people.services import projection
from people.services.people import add, operators_change

OWN_KEYS: tuple[Purpose, ...] = ("log", "warrant", "report")


@dataclass(frozen=True, slots=True)
class Named:
    """One of the two: `password` None makes a one-time one; `temporary` says whether a given one must be
    changed."""

    name: str
    email: str
    password: str | None = None
    temporary: bool = True


@dataclass(frozen=True, slots=True)
class Begun:
    """What the beginning made: the two people with their one-time passwords ("" where one was given), and
    keys."""

    people: tuple[tuple[User, str], ...]
    keys: tuple[KeyRecord, ...]


@governed
def bootstrap(*, actor: Actor, first: Named, second: Named, again: bool = False) -> Begun:
    """Make two people operators of the whole organisation and create the log, warrant and report keys there
    aren't.

    Refused once it was done; with `again`, only while two operators are in force. Invalid: first, second.
    """
    if actor != Actor.system("bootstrap", door=actor.door):
        raise Refused("Only the bootstrap command begins.", reasons=[_reason("not-bootstrap")])
    operators_change()
    _require_open(again)
    if normal_email(first.email) == normal_email(second.email):
        raise Invalid("The two must be different people.", field="second")
    people = tuple(_operator(actor, named, field) for named, field in ((first, "first"), (second, "second")))
    made = tuple(_key(actor, purpose) for purpose in OWN_KEYS if not _has_key(purpose))
    one, two = (user.pseudonym for user, _ in people)
    records.note(
        actor=actor,
        event=events.BOOTSTRAPPED,
        subject=Subject("user", str(people[0][0].pk)),
        data={"first": one, "second": two, "keys": [key.keyid for key in made], "again": again},
    )
    return Begun(people, made)


def _require_open(again: bool) -> None:
    begun = Grant.objects.filter(role="operator").exclude(state__in=("requested", "refused")).exists()
    left = access.holders("operator").count()
    if again and begun and left < 2:
        return
    if begun:
        raise Refused(
            "The beginning is over: operators exist. They add people and request and confirm grants."
            + (f" Operators in force: {left}." if again else ""),
            reasons=[_reason("begun")],
        )
    if again:
        raise Refused("Nothing has begun yet: leave out --again.", reasons=[_reason("not-begun")])


def _operator(actor: Actor, named: Named, field: str) -> tuple[User, str]:
    try:
        user, password = add(
            actor=actor,
            email=named.email,
            name=named.name,
            password=named.password,
            is_staff=True,
            temporary=named.temporary,
        )
    except (Invalid, Conflict) as error:
        raise Invalid(f"{error.field or 'input'}: {error.message}", field=field) from error
    now = clock.now()
    records.write(
        actor=actor,
        event=events.GRANT_CONFIRMED,
        row=Grant(holder_user=user),
        set={
            "role": "operator",
            "scope_type": "organisation",
            "starts": now,
            "reason": "The beginning.",
            "state": GRANT.move(GRANT.initial.name, "confirm").target,
            "requested_by": BEGINNING,
            "requested_at": now,
            "confirmed_by": BEGINNING,
            "confirmed_at": now,
        },
        data={"holder": user.pseudonym, "role": "operator"},
    )
    projection.project(user)
    return user, password


def _has_key(purpose: Purpose) -> bool:
    return KeyRecord.objects.filter(purpose=purpose, state="active").exclude(provider="").exists()


def _key(actor: Actor, purpose: Purpose) -> KeyRecord:
    key = keys.key_create(actor=actor, purpose=purpose, label="The first")
    return keys.key_move(actor=actor, key_id=key.pk, move="activate")


def _reason(code: str) -> dict[str, str]:
    return {"code": code, "text": "The beginning happens once."}
