"""Passkeys (WebAuthn): added by who is freshly signed in, used as second factor or as the whole sign-in.

User verification is asked for and checked, so that a passkey alone is two factors: the device, and what unlocks it. Each
is bound to the host name it was made under; a page elsewhere can't use it.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Conflict, Invalid, NotThere, Unauthenticated
from ledger.services import records
from ledger.services.transactions import governed
from people import access, events
from people.catalogue import P
from people.machines import PASSKEY
from people.models import Passkey, User
from people.selectors import acting_user, has_second_factor, passkeys_of
from people.services import attempts

MOST = 10
NOT_RIGHT = "That passkey is not right, or it took too long. Try again."
_ITSELF = Actor.system("sign-in", door="portal")
State = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the page is: `host` (without port) is what passkeys are bound to, `origin` what the browser reports."""

    host: str
    origin: str

    def server(self) -> Fido2Server:
        party = PublicKeyCredentialRpEntity(id=self.host, name="ModelWarrant")
        return Fido2Server(party, verify_origin=lambda said: hmac.compare_digest(str(said), self.origin))


def require_may_add(actor: Actor) -> None:
    """NotAllowed unless signed in within 15 minutes; with the second factor, by who has one."""
    user = acting_user(actor)
    if user is not None and has_second_factor(user):
        access.require_recent(actor)
    else:
        access.require_fresh(actor)


def adding_begin(*, actor: Actor, place: Place) -> tuple[dict[str, Any], State]:
    """What the browser needs to make a passkey, and what to keep in the session until it answers."""
    user = acting_user(actor)
    if user is None:
        raise NotThere
    person = PublicKeyCredentialUserEntity(id=user.pk.bytes, name=user.email, display_name=user.name)
    known = [_credential(row) for row in passkeys_of(user).filter(host=place.host)]
    options, state = place.server().register_begin(
        person,
        credentials=known,
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(options), state


@governed
def passkey_add(
    *, actor: Actor, place: Place, state: State | None, answer: Mapping[str, Any], label: str
) -> Passkey:
    """A new passkey of the acting person, from the browser's answer. Invalid: answer, label. Conflict: it is known
    already, or there are too many."""
    user = acting_user(actor, lock=True)
    if user is None:
        raise NotThere
    require_may_add(actor)
    label = label.strip()
    if not label or len(label) > 100 or not label.isprintable():
        raise Invalid("Name it, in 1 to 100 visible characters.", field="label")
    if passkeys_of(user).count() >= MOST:
        raise Conflict(f"At most {MOST} passkeys. Remove one first.")
    if state is None:
        raise Invalid(NOT_RIGHT, field="answer")
    try:
        made = place.server().register_complete(state, answer)
    # the library raises ValueError, KeyError, TypeError and more for bytes that are no answer
    except Exception as error:
        raise Invalid(NOT_RIGHT, field="answer") from error
    credential = made.credential_data
    if credential is None:
        raise Invalid(NOT_RIGHT, field="answer")
    credential_id = websafe_encode(credential.credential_id)
    if Passkey.objects.filter(credential_id=credential_id).exists():
        raise Conflict("This passkey is known already.")
    row = Passkey(user=user, sign_count=made.counter)
    records.write(
        actor=actor,
        event=events.PASSKEY_ADDED,
        row=row,
        set={
            "label": label,
            "host": place.host,
            "credential_id": credential_id,
            "public_key": websafe_encode(bytes(credential)),
            "state": PASSKEY.initial.name,
            "added_at": clock.now(),
        },
    )
    return row


@governed
def passkey_remove(*, actor: Actor, passkey_id: UUID) -> Passkey:
    """End a passkey: one's own, freshly signed in, or anybody's by who manages people. Sessions begun with it end
    with their next request."""
    # the lock is on the person too, so that of two removals at once the second sees the first
    row = Passkey.objects.select_for_update().select_related("user").filter(pk=passkey_id).first()
    own = row is not None and actor.kind == "user" and row.user.pseudonym == actor.id
    if own:
        access.require_recent(actor)
    else:
        access.require(actor, P.PEOPLE_EDIT, row)
    if row is None:
        raise NotThere
    if row.state != "active":
        raise Conflict("This passkey is removed already.")
    if own:
        _require_other_way_in(row)
    _end(actor, row)
    return row


def remove_all(*, actor: Actor, user: User, recovery: str) -> None:
    """End every passkey of `user`, inside the transaction of the recovery that two persons agreed on."""
    for row in Passkey.objects.select_for_update().filter(user=user, state="active").order_by("pk"):
        _end(actor, row, recovery=recovery)


def empty_all(*, actor: Actor, user: User) -> None:
    """Take ids and public keys out of an erased person's passkeys, inside the transaction of the erasure."""
    for row in Passkey.objects.select_for_update().filter(user=user).order_by("pk"):
        if row.state == "active":
            _end(actor, row)
        records.write(
            actor=actor,
            event=events.PASSKEY_ERASED,
            row=row,
            set={"credential_id": f"erased-{row.pk}", "public_key": ""},
        )


def using_begin(*, place: Place, user: User | None) -> tuple[dict[str, Any], State]:
    """What the browser needs to use a passkey (of `user`, or any it has for this host), and what to keep."""
    known = None if user is None else [_credential(row) for row in passkeys_of(user).filter(host=place.host)]
    options, state = place.server().authenticate_begin(
        known, user_verification=UserVerificationRequirement.REQUIRED
    )
    return dict(options), state


def passkey_check(
    *, place: Place, state: State | None, answer: Mapping[str, Any], address: str, user: User | None = None
) -> Passkey:
    """The passkey that answered, of somebody who may sign in (of `user`, where one is waiting), with the sign-in
    recorded. Unauthenticated with one message for everything else; TooManyAttempts."""
    limits = [attempts.address(address)]
    if user is not None:
        limits.append(attempts.second_factor(user.pk))
    attempts.charge(*limits)
    found, reason = _used(actor=_ITSELF, place=place, state=state, answer=answer, user=user)
    if found is None:
        _failed(actor=_ITSELF, user=user, reason=reason)
        raise Unauthenticated(NOT_RIGHT)
    attempts.forget(*limits[1:], attempts.account(found.user.email))
    return found


@governed
def _used(
    *, actor: Actor, place: Place, state: State | None, answer: Mapping[str, Any], user: User | None
) -> tuple[Passkey | None, str]:
    """The passkey, or None and why not. Its counter is set under lock: an answer sent twice at once fits once."""
    try:
        said = AuthenticationResponse.from_dict(answer)
        handle = said.response.user_handle
        rows = Passkey.objects.select_for_update(of=("self",)).select_related("user")
        row = rows.filter(credential_id=websafe_encode(said.raw_id), host=place.host, state="active").first()
    except Exception:
        return None, "passkey"
    if state is None or row is None or (user is not None and row.user_id != user.pk):
        return None, "passkey"
    if handle and handle != row.user.pk.bytes:
        return None, "passkey"
    if not row.user.is_active:
        return None, "locked_out"
    try:
        place.server().authenticate_complete(state, [_credential(row)], answer)
    except Exception:
        return None, "passkey"
    count = said.response.authenticator_data.counter
    if (count or row.sign_count) and count <= row.sign_count:
        return None, "passkey_counter"  # somebody has a copy of it
    Passkey.objects.filter(pk=row.pk).update(sign_count=count, last_used_at=clock.now())
    records.note(
        actor=Actor(kind="user", id=row.user.pseudonym, door="portal", pk=str(row.user.pk)),
        event=events.SIGNED_IN,
        subject=Subject("user", str(row.user.pk)),
        data={"second_factor": True, "door": "portal"},
    )
    return row, ""


@governed
def _failed(*, actor: Actor, user: User | None, reason: str) -> None:
    subject = Subject("user", str(user.pk)) if user else Subject("ledger.nothing", "-")
    records.note(actor=actor, event=events.SIGN_IN_FAILED, subject=subject, data={"reason": reason})


def _end(actor: Actor, row: Passkey, recovery: str = "") -> None:
    records.write(
        actor=actor,
        event=events.PASSKEY_REMOVED,
        row=row,
        set={
            "state": PASSKEY.move(row.state, "remove").target,
            "ended_by": actor.id,
            "ended_at": clock.now(),
        },
        data={"recovery": recovery} if recovery else None,
    )


def _credential(row: Passkey) -> AttestedCredentialData:
    return AttestedCredentialData(websafe_decode(row.public_key))


def _require_other_way_in(row: Passkey) -> None:
    """Conflict where the holder must sign in with a second factor and would be left without any."""
    user = row.user
    left = passkeys_of(user).exclude(pk=row.pk)
    if user.second_factor_at is None and not left.exists() and access.needs_second_factor(user):
        raise Conflict("Your roles need a second factor, and this is your only one. Add another first.")
