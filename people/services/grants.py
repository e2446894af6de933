"""Grants: requested by one person, confirmed by another, revoked by one, ended by their date."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from django.apps import apps
from django.db.models import QuerySet

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid
from ledger.services import records
from ledger.services.transactions import governed
from modelwarrant.machine import Transition
from people import access, events
from people.access import Scope
from people.catalogue import INCOMPATIBLE, ROLES, SCOPES, P, Role
from people.machines import GRANT
from people.models import Grant, ServiceIdentity, User
from people.models.grants import scopes_of
from people.services import notices, projection
from people.services.delegations import roles_lent_to
from people.services.moves import move_open, require_another
from people.services.people import require_operator_left

LONGEST_REASON = 2000


@governed
def grant_request(
    *,
    actor: Actor,
    role: str,
    holder_id: UUID,
    reason: str,
    scope_type: str = "organisation",
    scope_id: UUID | None = None,
    starts: datetime | None = None,
    ends: datetime | None = None,
) -> Grant:
    """Ask that somebody (a person's or service identity's primary key) gets a role; nothing is allowed by it
    yet.

    From `starts` (now, where None) until `ends` (None: until revoked, where the role allows that). Invalid:
    role, holder, scope_type, scope_id, starts, ends, reason. Conflict: they hold it, or it is requested
    already.
    """
    table = _role(role)
    scope = _scope(table, scope_type, scope_id)
    access.require(actor, P.GRANT_REQUEST, scope)
    _require_there(scope_type, scope_id)
    holder = _holder(table, holder_id)
    now = clock.now()
    starts = starts or now
    _require_dates(table, starts, ends, now)
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise Invalid(f"Say why, in 1 to {LONGEST_REASON} characters.", field="reason")
    _require_compatible(table, holder)
    grant = Grant(
        holder_user=holder if isinstance(holder, User) else None,
        holder_identity=holder if isinstance(holder, ServiceIdentity) else None,
    )
    standing = _of(holder).filter(role=role, scope_type=scope_type, scope_id=scope_id)
    if standing.filter(state="requested").exists():
        raise Conflict("This grant is requested already.")
    if any(other.ends is None or other.ends > starts for other in standing.filter(state="active")):
        raise Conflict("They hold this role there already.")
    records.write(
        actor=actor,
        event=events.GRANT_REQUESTED,
        row=grant,
        set={
            "role": role,
            "scope_type": scope_type,
            "scope_id": scope_id,
            "starts": starts,
            "ends": ends,
            "reason": reason,
            "state": GRANT.initial.name,
            "requested_by": actor.id,
            "requested_at": now,
        },
        data={"holder": holder.pseudonym, "role": role},
    )
    return grant


@governed
def grant_confirm(*, actor: Actor, grant_id: UUID) -> Grant:
    """Put a requested grant in force. Neither who requested it nor whom it is for may, also through a
    service.

    NotAllowed ("requester", "holder"). Conflict: not requested any more, its end has passed, the holder is
    locked out, or a role they got meanwhile doesn't go with it.
    """
    grant, move = _locked(actor, grant_id, "confirm")
    _require_other(actor, grant, move)
    table = _role(grant.role)
    holder = _locked_holder(grant)
    if not holder.is_active:
        raise Conflict("The holder is locked out.")
    now = clock.now()
    if grant.ends is not None and grant.ends <= now:
        raise Conflict("The end of this grant has passed.")
    _require_compatible(table, holder)
    _move(actor, grant, move, confirmed_by=actor.id, confirmed_at=now)
    if isinstance(holder, User):
        projection.project(holder)
        notices.notify([holder], f"You have a new role: {table.title}.", "/profile/")
    return grant


@governed
def grant_refuse(*, actor: Actor, grant_id: UUID) -> Grant:
    """Refuse a requested grant, or withdraw one's own request."""
    grant, move = _locked(actor, grant_id, "refuse")
    _move(actor, grant, move, ended_by=actor.id, ended_at=clock.now())
    return grant


@governed
def grant_revoke(*, actor: Actor, grant_id: UUID, reason: str) -> Grant:
    """Take a grant away; it acts on the next request. One person is enough. Refused for the last
    operator's."""
    grant, move = _locked(actor, grant_id, "revoke")
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise Invalid(f"Say why, in 1 to {LONGEST_REASON} characters.", field="reason")
    holder = _locked_holder(grant)
    if grant.role == "operator" and isinstance(holder, User):
        require_operator_left(without=holder)
    _move(actor, grant, move, why=reason, ended_by=actor.id, ended_at=clock.now())
    if isinstance(holder, User):
        projection.project(holder)
        notices.notify([holder], f"Your role {_title(grant.role)} was revoked.", "/profile/")
    return grant


@governed
def grant_end(*, actor: Actor, grant_id: UUID) -> Grant:
    """Record that the end date has passed. The right itself ended with the date. Conflict: it hasn't
    passed."""
    grant, move = _locked(actor, grant_id, "end")
    now = clock.now()
    if grant.ends is None or grant.ends > now:
        raise Conflict("The end of this grant has not passed.")
    _move(actor, grant, move, ended_by=actor.id, ended_at=now)
    if grant.holder_user is not None:
        projection.project(grant.holder_user)
    return grant


def _locked(actor: Actor, grant_id: UUID, name: str) -> tuple[Grant, Transition]:
    grant = Grant.objects.select_for_update().filter(pk=grant_id).first()
    own = grant is not None and name == "refuse" and grant.requested_by == actor.id
    permission = P.GRANT_REQUEST if own else None
    move = move_open(
        actor=actor, machine=GRANT, row=grant, move=name, called="This grant", permission=permission
    )
    return cast("Grant", grant), move


def _move(actor: Actor, grant: Grant, move: Transition, *, why: str = "", **changes: object) -> None:
    records.write(
        actor=actor,
        event=events.BY_NAME[move.event],
        row=grant,
        set={"state": move.target, **changes},
        data={"holder": grant.holder.pseudonym, "role": grant.role},
        hidden={"why": why} if why else None,
    )


def _scope(role: Role, scope_type: str, scope_id: UUID | None) -> Scope:
    if scope_type not in role.scopes:
        raise Invalid(f"{role.title} is granted on: {', '.join(role.scopes)}.", field="scope_type")
    if (scope_type == "organisation") != (scope_id is None):
        needed = "no id" if scope_type == "organisation" else f"the id of a {scope_type}"
        raise Invalid(f"A grant on the {scope_type} names {needed}.", field="scope_id")
    return Scope(scopes_of(scope_type, scope_id))


def _require_there(scope_type: str, scope_id: UUID | None) -> None:
    if scope_id is None:
        return
    if not apps.get_model(SCOPES[scope_type])._default_manager.filter(pk=scope_id).exists():
        raise Invalid(f"There is no such {scope_type}.", field="scope_id")


def _role(name: str) -> Role:
    if name not in ROLES:
        raise Invalid(f"There is no role {name!r}.", field="role")
    return ROLES[name]


def _title(name: str) -> str:
    return ROLES[name].title if name in ROLES else name


def _holder(role: Role, pk: UUID) -> User | ServiceIdentity:
    model: type[User] | type[ServiceIdentity] = User if role.kind == "person" else ServiceIdentity
    # the lock makes two requests or confirmations for one holder queue, so that each sees the other
    found = model._default_manager.select_for_update().filter(pk=pk).first()
    if not isinstance(found, User | ServiceIdentity) or not found.is_active:
        kind = "person" if role.kind == "person" else "service identity"
        raise Invalid(f"{role.title} is for a {kind} that isn't locked out.", field="holder")
    return found


def _locked_holder(grant: Grant) -> User | ServiceIdentity:
    if grant.holder_user_id is not None:
        return User.objects.select_for_update().get(pk=grant.holder_user_id)
    return ServiceIdentity.objects.select_for_update().get(pk=grant.holder.pk)


def _of(holder: User | ServiceIdentity) -> QuerySet[Grant]:
    if isinstance(holder, User):
        return Grant.objects.filter(holder_user=holder)
    return Grant.objects.filter(holder_identity=holder)


def _require_dates(role: Role, starts: datetime, ends: datetime | None, now: datetime) -> None:
    if starts.tzinfo is None or starts < now:
        raise Invalid("A grant can't begin in the past.", field="starts")
    if ends is None:
        if role.max_days is not None:
            raise Invalid(
                f"{role.title} needs an end, at most {role.max_days} days after its start.", field="ends"
            )
        return
    if ends.tzinfo is None or ends <= starts:
        raise Invalid("The end must come after the start.", field="ends")
    if role.max_days is not None and ends > starts + timedelta(days=role.max_days):
        raise Invalid(f"{role.title} lasts at most {role.max_days} days.", field="ends")


def _require_compatible(role: Role, holder: User | ServiceIdentity) -> None:
    now = clock.now()
    lent = roles_lent_to(holder, now) if isinstance(holder, User) else set()
    for other in sorted(lent):
        if frozenset({other, role.name}) in INCOMPATIBLE:
            raise Invalid(
                f"{role.title} doesn't go together with {_title(other)}, which is delegated to them.",
                field="role",
            )
    for grant in _of(holder).filter(state="active"):
        over = grant.ends is not None and grant.ends <= now
        if not over and frozenset({grant.role, role.name}) in INCOMPATIBLE:
            raise Invalid(f"{role.title} doesn't go together with {_title(grant.role)}.", field="role")


def _require_other(actor: Actor, grant: Grant, move: Transition) -> None:
    holder = {grant.holder.pseudonym}
    if grant.holder_identity is not None:
        holder.add(grant.holder_identity.controller.pseudonym)
    barred = {"requester": frozenset({grant.requested_by}), "holder": frozenset(holder)}
    require_another(actor=actor, row=grant, move=move, barred=barred)
