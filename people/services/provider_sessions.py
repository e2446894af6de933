"""Signing in by the identity provider's word, and ending sessions by it (OpenID Connect Core, Back-Channel Logout 1.0).

The provider says who somebody is and how that was shown; who that is here stands in `IdentityLink` alone, and what they
may do in their grants alone.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.crypto import salted_hmac

from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Invalid, Unauthenticated
from ledger.services import records
from ledger.services.transactions import governed
from people import events, jose
from people.models import IdentityLink, ProviderSession, User
from people.services import attempts
from people.services.provider_links import standing
from people.services.provider_settings import Provider

RECENT = 15 * 60
"""Seconds for which a proof of identity is recent; the provider is asked for none older (`max_age`)."""

LONGEST_ID_TOKEN = 10 * 60
LONGEST_LOGOUT_TOKEN = 5 * 60
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
NOT_LINKED = (
    "The provider let you in, but no account here is linked to you there. Ask an operator: one requests the link, "
    "another confirms it."
)
NOT_RIGHT = "The provider's answer could not be trusted. Start again; if it stays so, tell an operator."
_ITSELF = Actor.system("sign-in", door="portal")
Keys = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Arrived:
    """Somebody whom the provider let in: `second_factor` by its word, `at` when it last asked them (None: unsaid)."""

    user: User
    session: ProviderSession
    second_factor: bool
    at: datetime | None


def arrive(
    *, provider: Provider, id_token: str, keys: Keys, nonce: str, recent: bool, address: str
) -> Arrived:
    """Who the provider's ID token names. Unauthenticated where it can't be trusted, or nobody here is linked;
    TooManyAttempts. `recent`: it was asked to ask again, and must have done so within `RECENT`.
    """
    attempts.charge(attempts.address(address))
    try:
        claims = _claims(provider, id_token, keys, nonce, recent)
    except jose.BadToken as error:
        _failed(actor=_ITSELF, user=None, reason=f"provider: {error}"[:100])
        raise Unauthenticated(NOT_RIGHT) from error
    link = standing(provider.issuer, claims["sub"])
    if link is None or not link.user.is_active:
        _failed(
            actor=_ITSELF, user=link.user if link else None, reason="locked_out" if link else "not_linked"
        )
        raise Unauthenticated(NOT_LINKED)
    at = claims.get("auth_time")
    session = _begun(actor=_ITSELF, link=link, sid=claims.get("sid"))
    return Arrived(
        user=link.user,
        session=session,
        second_factor=provider.second_factor(claims.get("acr"), claims.get("amr")),
        at=None if at is None else datetime.fromtimestamp(at, UTC),
    )


def end_by_provider(*, provider: Provider, logout_token: str, keys: Keys) -> int:
    """End the sessions that a logout token names, those begun before it; how many. Invalid: logout_token."""
    now = clock.now()
    try:
        claims = jose.checked(
            logout_token,
            keys=keys,
            issuer=provider.issuer,
            audience=provider.client_id,
            now=now.timestamp(),
            longest=LONGEST_LOGOUT_TOKEN,
            need=("events", "jti"),
        )
        told = claims["events"]
        if not isinstance(told, dict) or not isinstance(told.get(LOGOUT_EVENT), dict) or "nonce" in claims:
            raise jose.BadToken("no logout token")
        subject, sid = claims.get("sub"), claims.get("sid")
        if not any(isinstance(item, str) and item for item in (subject, sid)):
            raise jose.BadToken("names neither subject nor session")
    except jose.BadToken as error:
        raise Invalid("This is no logout token that can be trusted.", field="logout_token") from error
    # a token that is sent again later ends nothing that began since
    issued = datetime.fromtimestamp(claims["iat"] + jose.LEEWAY, UTC)
    return _ended(actor=_ITSELF, provider=provider, subject=subject, sid=sid, before=issued)


def _claims(provider: Provider, id_token: str, keys: Keys, nonce: str, recent: bool) -> dict[str, Any]:
    now = clock.now().timestamp()
    claims = jose.checked(
        id_token,
        keys=keys,
        issuer=provider.issuer,
        audience=provider.client_id,
        now=now,
        longest=LONGEST_ID_TOKEN,
        need=("exp", "sub", "nonce", *(("auth_time",) if recent else ())),
    )
    if not isinstance(claims["sub"], str) or not claims["sub"] or len(claims["sub"]) > 255:
        raise jose.BadToken("subject")
    if not nonce or not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise jose.BadToken("nonce")
    if claims.get("azp", provider.client_id) != provider.client_id:
        raise jose.BadToken("authorised party")
    at = claims.get("auth_time")
    if at is not None and (
        isinstance(at, bool) or not isinstance(at, int) or not 0 < at <= now + jose.LEEWAY
    ):
        raise jose.BadToken("auth_time")
    if recent and (at is None or now - at > RECENT):
        raise jose.BadToken("auth_time too old")
    return claims


@governed
def _begun(*, actor: Actor, link: IdentityLink, sid: object) -> ProviderSession:
    digest = _digest(sid) if isinstance(sid, str) and sid else ""
    return ProviderSession.objects.create(link=link, sid=digest, begun_at=clock.now())


@governed
def _ended(*, actor: Actor, provider: Provider, subject: object, sid: object, before: datetime) -> int:
    rows = ProviderSession.objects.filter(
        link__issuer=provider.issuer, link__state="active", ended_at=None, begun_at__lte=before
    )
    if isinstance(sid, str) and sid:
        rows = rows.filter(sid=_digest(sid))
    if isinstance(subject, str) and subject:
        link = standing(provider.issuer, subject)
        rows = rows.filter(link=link) if link else rows.none()
    found = list(rows.select_for_update(of=("self",)).select_related("link__user"))
    ProviderSession.objects.filter(pk__in=[row.pk for row in found]).update(ended_at=clock.now())
    for user in {row.link.user for row in found}:
        count = sum(row.link.user_id == user.pk for row in found)
        records.note(
            actor=actor,
            event=events.PROVIDER_LOGOUT,
            subject=Subject("user", str(user.pk)),
            data={"sessions": count},
        )
    return len(found)


@governed
def _failed(*, actor: Actor, user: User | None, reason: str) -> None:
    subject = Subject("user", str(user.pk)) if user else Subject("ledger.nothing", "-")
    records.note(actor=actor, event=events.SIGN_IN_FAILED, subject=subject, data={"reason": reason})


def sweep() -> int:
    """Drop rows of sessions that are over by their age; how many."""
    over = clock.now().timestamp() - 2 * 24 * 60 * 60
    dropped, _ = ProviderSession.objects.filter(begun_at__lte=datetime.fromtimestamp(over, UTC)).delete()
    return dropped


def _digest(sid: str) -> str:
    return salted_hmac("people.provider-session", sid, algorithm="sha256").hexdigest()
