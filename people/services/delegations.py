"""Delegation: the holder of a right lends it to another for a time. Nobody lends what was lent to them.

A delegate counts as whom they stand in for wherever duties are separated, also where they act in their own right:
what somebody may not decide on, nobody decides on for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.apps import apps
from django.db.models import Q

from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Conflict, Invalid, NotThere
from ledger.models import Governed
from ledger.services import records
from ledger.services.transactions import governed
from modelwarrant.machine import IllegalMove
from people import access, events
from people.access import Scoped
from people.catalogue import DELEGABLE, INCOMPATIBLE, ROLES, SCOPES, P
from people.machines import DELEGATION
from people.models import ActedFor, Delegation, Grant, User
from people.models.grants import scopes_of
from people.selectors import acting_user
from people.services import notices

LONGEST = timedelta(days=90)
LONGEST_REASON = 2000


@governed
def delegation_make(
    *,
    actor: Actor,
    grant_ids: Iterable[UUID],
    delegate_id: UUID,
    ends: datetime,
    reason: str,
    starts: datetime | None = None,
    scope_type: str = "",
    scope_id: UUID | None = None,
) -> list[Delegation]:
    """Lend one's own grants (their primary keys) to another person, from `starts` (now, where None) until `ends`.

    `scope_type` and `scope_id` narrow them to one system or model within each grant's scope. Takes the holder alone, in
    a session with a second factor and a sign-in of the last 15 minutes. Invalid: grants, delegate, scope_id, starts,
    ends, reason. Conflict: lent to this person for that time already.
    """
    access.require_person(actor)
    access.require_recent(actor)
    delegator, delegate = _locked_two(actor, delegate_id)
    now = clock.now()
    starts = starts or now
    _require_dates(starts, ends, now)
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise Invalid(f"Say why, in 1 to {LONGEST_REASON} characters.", field="reason")
    wanted = list(dict.fromkeys(grant_ids))
    if not wanted:
        raise Invalid("Choose at least one of your roles.", field="grants")
    # only grants held by the actor: a delegate finds none here to lend on
    held = access.current().filter(holder_user=delegator, pk__in=wanted).select_for_update(of=("self",))
    grants = {grant.pk: grant for grant in held}
    if len(grants) != len(wanted):
        raise Invalid("These are not all roles that you hold now.", field="grants")
    return [_lend(actor, grants[pk], delegate, scope_type, scope_id, starts, ends, reason) for pk in wanted]


@governed
def delegation_revoke(*, actor: Actor, delegation_id: UUID) -> Delegation:
    """End a delegation now; it acts on the next request. Either of the two may, and who may revoke grants."""
    row = _found(delegation_id)
    if row is None or not _is_of(actor, row):
        access.require(actor, P.GRANT_REVOKE, row)
    if row is None:
        raise NotThere
    _end(actor, row, "revoke")
    others = [user for user in (row.grant.holder_user, row.delegate) if user and user.pseudonym != actor.id]
    notices.notify(others, f"A delegation of {_title(row)} was revoked.", "/profile/")
    return row


@governed
def delegation_end(*, actor: Actor, delegation_id: UUID) -> Delegation:
    """Record that the end date has passed. The right itself ended with the date. Conflict: it hasn't passed."""
    row = _found(delegation_id)
    access.require(actor, P.GRANT_END, row)
    if row is None:
        raise NotThere
    if row.ends > clock.now():
        raise Conflict("The end of this delegation has not passed.")
    _end(actor, row, "end")
    return row


def acted_for(*, actor: Actor, row: Governed, role: str, on: Scoped | None, taken: Iterable[str] = ()) -> str:
    """Record, in the transaction that wrote `row`, whose right this was, where the actor has `role` on `on` only by
    delegation; "" where it is their own. `taken` are people in whose right this was done already. Conflict: nobody
    else is left whose right it could be.
    """
    lenders = access.lenders(actor, role, on)
    if not lenders:
        return ""
    left = [name for name in lenders if name not in set(taken)]
    if not left:
        raise Conflict("Whom you stand in for fills a seat already; one person fills one seat.")
    delegation = (
        access.lent(actor)
        .filter(access.covering(on), grant__role=role, grant__holder_user__pseudonym=left[0])
        .order_by("starts", "pk")[0]
    )
    subject = Subject.of(row)
    records.write(
        actor=actor,
        event=events.ACTED_FOR,
        row=ActedFor(),
        set={
            "subject_kind": subject.kind,
            "subject_id": row.pk,
            "person": actor.id,
            "delegator": left[0],
            "delegation": delegation,
            "at": clock.now(),
        },
        data={"delegator": left[0], "role": role},
    )
    return left[0]


def _lend(
    actor: Actor,
    grant: Grant,
    delegate: User,
    scope_type: str,
    scope_id: UUID | None,
    starts: datetime,
    ends: datetime,
    reason: str,
) -> Delegation:
    if grant.role not in DELEGABLE:
        raise Invalid(f"{ROLES[grant.role].title} can't be delegated.", field="grants")
    scope_type, scope_id = _narrowed(grant, scope_type, scope_id)
    _require_compatible(grant.role, delegate, ends)
    overlapping = Delegation.objects.filter(
        grant=grant, delegate=delegate, state="active", starts__lt=ends, ends__gt=starts
    )
    if overlapping.exists():
        raise Conflict(f"{ROLES[grant.role].title} is lent to this person for that time already.")
    row = Delegation(grant=grant)
    records.write(
        actor=actor,
        event=events.DELEGATION_MADE,
        row=row,
        set={
            "delegate": delegate,
            "scope_type": scope_type,
            "scope_id": scope_id,
            "starts": starts,
            "ends": ends,
            "reason": reason,
            "state": DELEGATION.initial.name,
            "made_at": clock.now(),
        },
        data={"delegator": actor.id, "delegate": delegate.pseudonym, "role": grant.role},
    )
    notices.notify([delegate], f"You stand in as {ROLES[grant.role].title}.", "/profile/delegations/")
    return row


def _narrowed(grant: Grant, scope_type: str, scope_id: UUID | None) -> tuple[str, UUID | None]:
    if not scope_type:
        return grant.scope_type, grant.scope_id
    if scope_type not in SCOPES or scope_id is None:
        raise Invalid("A delegation is narrowed to one system or one model.", field="scope_id")
    if not apps.get_model(SCOPES[scope_type])._default_manager.filter(pk=scope_id).exists():
        raise Invalid(f"There is no such {scope_type}.", field="scope_id")
    inside = scopes_of(scope_type, scope_id)
    if grant.scope_type != "organisation" and (grant.scope_type, grant.scope_id) not in inside:
        raise Invalid("This lies outside what the role was granted on.", field="scope_id")
    if scope_type not in ROLES[grant.role].scopes:
        raise Invalid(f"{ROLES[grant.role].title} reaches the whole organisation only.", field="scope_id")
    return scope_type, scope_id


def _require_dates(starts: datetime, ends: datetime, now: datetime) -> None:
    if starts.tzinfo is None or starts < now:
        raise Invalid("A delegation can't begin in the past.", field="starts")
    if ends.tzinfo is None or not starts < ends <= starts + LONGEST:
        raise Invalid(f"It ends after its start, within {LONGEST.days} days.", field="ends")


def _require_compatible(role: str, delegate: User, ends: datetime) -> None:
    """Invalid where the delegate holds, or is about to hold, what doesn't go with `role`."""
    now = clock.now()
    lasting = Q(ends__isnull=True) | Q(ends__gt=now)
    held = {
        *Grant.objects.filter(lasting, holder_user=delegate, state="active").values_list("role", flat=True)
    }
    for other in sorted(held | roles_lent_to(delegate, now)):
        if frozenset({role, other}) in INCOMPATIBLE:
            title = ROLES[other].title if other in ROLES else other
            raise Invalid(f"{ROLES[role].title} doesn't go together with {title}.", field="delegate")


def roles_lent_to(user: User, now: datetime) -> set[str]:
    """Roles of every delegation to `user` that isn't over, begun or not."""
    rows = Delegation.objects.filter(delegate=user, state="active", ends__gt=now)
    return set(rows.values_list("grant__role", flat=True))


def _locked_two(actor: Actor, delegate_id: UUID) -> tuple[User, User]:
    """Both people, locked in the order of their keys, as whoever locks two does."""
    own = acting_user(actor)
    if own is None:
        raise NotThere
    if delegate_id == own.pk:
        raise Invalid("Nobody stands in for themselves.", field="delegate")
    rows = User.objects.select_for_update().filter(pk__in=(own.pk, delegate_id), is_active=True)
    found = {user.pk: user for user in rows.order_by("pk")}
    if own.pk not in found:
        raise NotThere
    if delegate_id not in found:
        raise Invalid("There is no such person, or they are locked out.", field="delegate")
    return found[own.pk], found[delegate_id]


def _found(delegation_id: UUID) -> Delegation | None:
    rows = Delegation.objects.select_for_update(of=("self",))
    return rows.select_related("grant__holder_user", "delegate").filter(pk=delegation_id).first()


def _is_of(actor: Actor, row: Delegation) -> bool:
    two: Sequence[User | None] = (row.grant.holder_user, row.delegate)
    return actor.kind == "user" and actor.id in {user.pseudonym for user in two if user}


def _end(actor: Actor, row: Delegation, name: str) -> None:
    try:
        move = DELEGATION.move(row.state, name)
    except IllegalMove as error:
        raise Conflict("This delegation is over already.") from error
    records.write(
        actor=actor,
        event=events.DELEGATION_REVOKED if name == "revoke" else events.DELEGATION_ENDED,
        row=row,
        set={"state": move.target, "ended_by": actor.id, "ended_at": clock.now()},
        data={
            "delegator": row.grant.holder.pseudonym,
            "delegate": row.delegate.pseudonym,
            "role": row.grant.role,
        },
    )


def _title(row: Delegation) -> str:
    return ROLES[row.grant.role].title if row.grant.role in ROLES else row.grant.role
