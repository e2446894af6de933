"""Pipelines that act as a service identity by their platform's word, without a secret of ours.

One operator requests which pipeline is trusted, another confirms it. A job's token is checked on every request against
public keys in a file that an operator put there; nothing a token says leads us anywhere.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from django.conf import settings

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere, Unauthenticated
from ledger.services import records
from ledger.services.transactions import governed
from modelwarrant.machine import Transition
from people import access, events, jose, platforms
from people.catalogue import P
from people.machines import WORKLOAD_TRUST
from people.models import ServiceIdentity, WorkloadTrust
from people.services.moves import move_open, require_another
from people.services.tokens import carried

LONGEST = timedelta(days=365)
LONGEST_TOKEN = 60 * 60
"""Seconds after its issue for which a job's token is taken, whatever it says itself."""

MAX_FILE = 1_000_000
_log = logging.getLogger(__name__)


@governed
def workload_request(
    *,
    actor: Actor,
    identity_id: UUID,
    label: str,
    platform: str,
    issuer: str,
    audience: str,
    claims: Mapping[str, Any],
    permissions: Iterable[str],
    ends: datetime,
) -> WorkloadTrust:
    """Ask that jobs with exactly these `claims` act as an identity, with these permissions at most, until `ends`.

    Nothing is allowed by it yet. Invalid: label, platform, issuer, audience, claims, permissions, ends. Conflict: the
    same is requested or trusted already.
    """
    identity = _identity(identity_id)
    access.require(actor, P.TOKEN_ISSUE, identity)
    if identity is None:
        raise NotThere
    label = label.strip()
    if not label or len(label) > 100 or not label.isprintable():
        raise Invalid("Say in 1 to 100 characters which pipeline this is.", field="label")
    table = platforms.PLATFORMS.get(platform)
    if table is None:
        raise Invalid(f"One of: {', '.join(platforms.PLATFORMS)}.", field="platform")
    if issuer not in settings.WORKLOAD_ISSUERS:
        raise Invalid("The operator configured no keys of this issuer (WORKLOAD_ISSUERS).", field="issuer")
    if not audience or len(audience) > 255 or not audience.isascii() or not audience.isprintable():
        raise Invalid("The audience is 1 to 255 visible ASCII characters.", field="audience")
    if problem := platforms.wrong(table, claims):
        raise Invalid(problem, field="claims")
    if not identity.is_active or not identity.controller.is_active:
        raise Invalid("The identity or its controller is locked out.", field="identity")
    now = clock.now()
    if ends.tzinfo is None or not now < ends <= now + LONGEST:
        raise Invalid(f"The trust must end within {LONGEST.days} days from now.", field="ends")
    scopes = carried(permissions)
    for other in WorkloadTrust.objects.filter(issuer=issuer, state__in=("requested", "active"), ends__gt=now):
        if other.audience == audience and other.claims == dict(claims):
            raise Conflict("Jobs with these claims are requested or trusted already.")
    row = WorkloadTrust(identity=identity)
    records.write(
        actor=actor,
        event=events.WORKLOAD_REQUESTED,
        row=row,
        set={
            "label": label,
            "platform": platform,
            "issuer": issuer,
            "audience": audience,
            "claims": dict(claims),
            "scopes_granted": scopes,
            "state": WORKLOAD_TRUST.initial.name,
            "ends": ends,
            "requested_by": actor.id,
            "requested_at": now,
        },
        data={"holder": identity.pseudonym, "permissions": scopes, "claims": dict(claims)},
    )
    return row


@governed
def workload_confirm(*, actor: Actor, trust_id: UUID) -> WorkloadTrust:
    """Put it in force. NotAllowed ("requester", "holder"): another person than who requested it or answers for the
    identity does. Conflict: its end has passed, or the identity is locked out."""
    row, move = _locked(actor, trust_id, "confirm")
    identity = _identity(row.identity_id)
    holder = {identity.controller.pseudonym} if identity else set()
    barred = {"requester": frozenset({row.requested_by}), "holder": frozenset(holder)}
    require_another(actor=actor, row=row, move=move, barred=barred)
    if identity is None or not identity.is_active or not identity.controller.is_active:
        raise Conflict("The identity or its controller is locked out.")
    if row.ends <= clock.now():
        raise Conflict("The end of this has passed.")
    _move(actor, row, move, confirmed_by=actor.id, confirmed_at=clock.now())
    return row


@governed
def workload_refuse(*, actor: Actor, trust_id: UUID) -> WorkloadTrust:
    """Trust nobody by it."""
    row, move = _locked(actor, trust_id, "refuse")
    _move(actor, row, move, ended_by=actor.id, ended_at=clock.now())
    return row


@governed
def workload_revoke(*, actor: Actor, trust_id: UUID) -> WorkloadTrust:
    """End it: the next request of these jobs is refused. One person is enough."""
    row, move = _locked(actor, trust_id, "revoke")
    _move(actor, row, move, ended_by=actor.id, ended_at=clock.now())
    return row


def identify(token: str) -> WorkloadTrust:
    """The trust in force that a job's token fits, with identity and controller. Unauthenticated for every other, with
    one message; why stands in our own log, without the token."""
    try:
        return _fitting(token)
    except jose.BadToken as error:
        _log.info("a workload token was refused: %s", error)
        raise Unauthenticated("The token is not valid.") from error


def _fitting(token: str) -> WorkloadTrust:
    issuer = jose.issuer_of(token)
    path = settings.WORKLOAD_ISSUERS.get(issuer)
    if path is None:
        raise jose.BadToken("unknown issuer")
    now, keys = clock.now(), keys_in(Path(path))
    rows = WorkloadTrust.objects.select_related("identity__controller").filter(
        issuer=issuer,
        state="active",
        ends__gt=now,
        identity__is_active=True,
        identity__controller__is_active=True,
    )
    trusted = list(rows.order_by("confirmed_at", "pk"))
    reason = "nobody trusts this issuer"
    for audience in dict.fromkeys(row.audience for row in trusted):
        try:
            said = jose.checked(
                token,
                keys=keys,
                issuer=issuer,
                audience=audience,
                now=now.timestamp(),
                longest=LONGEST_TOKEN,
                need=("exp", "sub"),
            )
        except jose.BadToken as error:
            reason = str(error)
            continue
        return _fit(said, [row for row in trusted if row.audience == audience], now)
    raise jose.BadToken(reason)


def _fit(said: Mapping[str, Any], trusted: list[WorkloadTrust], now: datetime) -> WorkloadTrust:
    for row in trusted:
        if not platforms.fits(row.claims, said):
            continue
        if refused := platforms.refusal(platforms.PLATFORMS[row.platform], said):
            raise jose.BadToken(f"a context that is refused: {refused}")
        if row.last_used_at is None or now - row.last_used_at >= timedelta(minutes=1):
            WorkloadTrust.objects.filter(pk=row.pk).update(last_used_at=now)
        return row
    raise jose.BadToken("its claims fit no trust")


def keys_in(path: Path) -> list[dict[str, Any]]:
    """The public keys of a JWKS file. Raises BadToken where there are none to be read."""
    try:
        stat = path.stat()
        return _keys_in(path, stat.st_mtime_ns, stat.st_size)
    except (OSError, ValueError) as error:
        raise jose.BadToken(f"the issuer's keys can't be read: {error}") from error


@functools.lru_cache(maxsize=32)
def _keys_in(path: Path, changed: int, size: int) -> list[dict[str, Any]]:
    if size > MAX_FILE:
        raise ValueError("too large")
    return usable_keys(json.loads(path.read_bytes()))


def usable_keys(said: object) -> list[dict[str, Any]]:
    """The keys of a JWK set. ValueError where it is none, holds none, or holds a private one."""
    found = said.get("keys") if isinstance(said, dict) else None
    keys = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    if not keys or len(keys) > 100:
        raise ValueError("no set of 1 to 100 public keys")
    if any({"d", "k"} & row.keys() for row in keys):
        raise ValueError("a private or symmetric key")
    return keys


def _identity(identity_id: UUID) -> ServiceIdentity | None:
    rows = ServiceIdentity.objects.select_for_update().select_related("controller")
    return rows.filter(pk=identity_id).first()


def _locked(actor: Actor, trust_id: UUID, name: str) -> tuple[WorkloadTrust, Transition]:
    rows = WorkloadTrust.objects.select_for_update(of=("self",)).select_related("identity")
    row = rows.filter(pk=trust_id).first()
    move = move_open(actor=actor, machine=WORKLOAD_TRUST, row=row, move=name, called="This")
    return cast("WorkloadTrust", row), move


def _move(actor: Actor, row: WorkloadTrust, move: Transition, **changes: object) -> None:
    records.write(
        actor=actor,
        event=events.BY_NAME[move.event],
        row=row,
        set={"state": move.target, **changes},
        data={"holder": row.identity.pseudonym},
    )
