"""Tokens of service identities: issued once, shown once, checked on every request."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere, Unauthenticated
from ledger.services import records
from ledger.services.transactions import governed
from people import access, events
from people.catalogue import INTERACTIVE, P
from people.machines import TOKEN
from people.models import ServiceIdentity, Token

LONGEST = timedelta(days=365)
_NOBODY = hashlib.sha256(b"no such token").hexdigest()


@governed
def token_issue(
    *, actor: Actor, identity_id: UUID, label: str, permissions: Iterable[str], expires_at: datetime
) -> tuple[Token, str]:
    """A new token and its plaintext, which nothing keeps. `permissions` are values of `P`; what the identity
    may do is what token and grants both carry. Invalid: label, permissions, expires_at."""
    identity = (
        ServiceIdentity.objects.select_for_update()
        .select_related("controller")
        .filter(pk=identity_id)
        .first()
    )
    access.require(actor, P.TOKEN_ISSUE, identity)
    if identity is None:
        raise NotThere
    now = clock.now()
    label = label.strip()
    if not label or len(label) > 100:
        raise Invalid("Say in 1 to 100 characters what the token is for.", field="label")
    if not identity.is_active or not identity.controller.is_active:
        raise Invalid("The identity or its controller is locked out.", field="identity")
    scopes = carried(permissions)
    if expires_at.tzinfo is None or not now < expires_at <= now + LONGEST:
        raise Invalid(f"The token must end within {LONGEST.days} days from now.", field="expires_at")
    prefix = base64.b32encode(secrets.token_bytes(5)).decode().lower()
    plaintext = f"mw_{prefix}_{secrets.token_urlsafe(32)}"
    token = Token(identity=identity)
    records.write(
        actor=actor,
        event=events.TOKEN_ISSUED,
        row=token,
        set={
            "label": label,
            "prefix": prefix,
            "digest": _digest(plaintext),
            "scopes_granted": scopes,
            "state": TOKEN.initial.name,
            "issued_by": actor.id,
            "issued_at": now,
            "expires_at": expires_at,
        },
        data={"holder": identity.pseudonym, "permissions": scopes},
    )
    return token, plaintext


@governed
def token_revoke(*, actor: Actor, token_id: UUID) -> Token:
    """Ends a token; its next request is refused. Conflict where it is revoked already."""
    token = Token.objects.select_for_update().select_related("identity").filter(pk=token_id).first()
    access.require(actor, P.TOKEN_REVOKE, token)
    if token is None:
        raise NotThere
    if token.state != "active":
        raise Conflict("The token is revoked already.")
    records.write(
        actor=actor,
        event=events.TOKEN_REVOKED,
        row=token,
        set={
            "state": TOKEN.move(token.state, "revoke").target,
            "ended_by": actor.id,
            "ended_at": clock.now(),
        },
        data={"holder": token.identity.pseudonym},
    )
    return token


def identify(plaintext: str) -> Token:
    """The token in force behind `plaintext`, with identity and controller. Unauthenticated for every
    other."""
    prefix = plaintext.split("_")[1] if plaintext.count("_") >= 2 else ""
    token = Token.objects.select_related("identity__controller").filter(prefix=prefix).first()
    right = hmac.compare_digest(_digest(plaintext), token.digest if token else _NOBODY)
    now = clock.now()
    if (
        token is None
        or not right
        or token.state != "active"
        or token.expires_at <= now
        or not token.identity.is_active
        or not token.identity.controller.is_active
    ):
        raise Unauthenticated("The token is not valid.")
    if token.last_used_at is None or now - token.last_used_at >= timedelta(minutes=1):
        Token.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def carried(permissions: Iterable[str]) -> list[str]:
    """What a credential of a service identity may carry, sorted. Invalid: permissions."""
    asked = sorted(set(permissions))
    known = {name.value for name in P}
    if not asked:
        raise Invalid("Choose at least one permission.", field="permissions")
    if unknown := [name for name in asked if name not in known]:
        raise Invalid(f"There is no permission {', '.join(unknown)}.", field="permissions")
    if barred := [name for name in asked if P(name) in INTERACTIVE]:
        raise Invalid(f"No token can carry {', '.join(barred)}: it takes a person.", field="permissions")
    return asked


def _digest(plaintext: str) -> str:
    return hashlib.sha256(plaintext.encode()).hexdigest()
