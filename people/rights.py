"""Who could do what when: grants and delegations as they were recorded, those that are over included.

Read from dates, not from states: a grant counted from its confirmation and start until its end or revocation. Accounts and
identities that were locked out then are named from the log, since their rows know only today.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, overload
from uuid import UUID

from django.db.models import Q, QuerySet

from ledger import selectors as log
from ledger.models import Entry
from people import access, events, selectors
from people.access import Reach
from people.catalogue import PERMISSIONS, ROLES, P
from people.models import Delegation, Grant, ServiceIdentity, User

_HAD = ("active", "revoked", "ended")
"""States of what was in force once; what was only requested, or refused, never was."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A moment, and what to narrow it to."""

    at: datetime
    person: str = ""
    role: str = ""
    system: UUID | None = None


@dataclass(frozen=True, slots=True)
class Right:
    """One line: who had which role where, in whose right, from when until when, and how it came and went."""

    holder: User | ServiceIdentity
    role: str
    scope: str
    starts: datetime
    ends: datetime | None
    delegator: str
    granted_by: tuple[str, ...]
    ended: str
    locked_out: bool

    @property
    def title(self) -> str:
        return ROLES[self.role].title if self.role in ROLES else self.role

    @property
    def permissions(self) -> list[str]:
        """What the role carries by today's table."""
        held = ROLES[self.role].permissions if self.role in ROLES else frozenset[P]()
        return sorted(PERMISSIONS[name].title for name in held)


class Found(Sequence[Right]):
    """The lines of one question, counted and cut by the database: grants first, then delegations."""

    def __init__(self, reached: Reach, asked: Asked) -> None:
        self._asked = asked
        self._grants = access.within(reached, P.PEOPLE_VIEW, _grants(asked))
        self._delegations = access.within(reached, P.PEOPLE_VIEW, _delegations(asked))
        self._first = self._grants.count()
        self._all = self._first + self._delegations.count()

    def __len__(self) -> int:
        return self._all

    @overload
    def __getitem__(self, index: int) -> Right: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Right]: ...
    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int):
            return self[index : index + 1][0]
        start, stop, _ = index.indices(self._all)
        grants = list(self._grants[start : min(stop, self._first)]) if start < self._first else []
        after = max(start - self._first, 0), max(stop - self._first, 0)
        delegations = list(self._delegations[after[0] : after[1]]) if after[1] > after[0] else []
        return _described(grants, delegations, self._asked.at)

    def every(self, at_once: int = 500) -> Iterator[Right]:
        """All lines, read in parts: for an export."""
        for start in range(0, self._all, at_once):
            yield from self[start : start + at_once]


def _grants(asked: Asked) -> QuerySet[Grant]:
    rows = Grant.objects.filter(_stood(asked.at), state__in=_HAD, confirmed_at__lte=asked.at)
    if asked.role:
        rows = rows.filter(role=asked.role)
    if asked.person:
        own = _named("holder_user__", asked.person)
        rows = rows.filter(
            own
            | Q(holder_identity__name__icontains=asked.person)
            | Q(holder_identity__pseudonym=asked.person)
        )
    rows = rows.filter(_reaching(asked.system))
    return rows.select_related("holder_user", "holder_identity__controller").order_by("role", "starts", "pk")


def _delegations(asked: Asked) -> QuerySet[Delegation]:
    moment = asked.at
    granted = Grant.objects.filter(_stood(moment), state__in=_HAD, confirmed_at__lte=moment)
    rows = Delegation.objects.filter(_stood(moment), made_at__lte=moment, grant__in=granted)
    if asked.role:
        rows = rows.filter(grant__role=asked.role)
    if asked.person:
        rows = rows.filter(_named("delegate__", asked.person))
    rows = rows.filter(_reaching(asked.system))
    return rows.select_related("grant__holder_user", "delegate").order_by("grant__role", "starts", "pk")


def _stood(moment: datetime) -> Q:
    """Begun, not over, not taken away at that moment."""
    return (
        Q(starts__lte=moment)
        & (Q(ends__isnull=True) | Q(ends__gt=moment))
        & (Q(ended_at__isnull=True) | Q(ended_at__gt=moment))
    )


def _named(path: str, written: str) -> Q:
    return (
        Q(**{f"{path}name__icontains": written})
        | Q(**{f"{path}email__iexact": written})
        | Q(**{f"{path}pseudonym": written})
    )


def _reaching(system: UUID | None) -> Q:
    """What reached the system: on it, on the organisation, or on a model of it."""
    if system is None:
        return Q()
    return Q(scope_type="organisation") | Q(scope_id__in=[system, *selectors.models_of(system)])


def _described(grants: list[Grant], delegations: list[Delegation], at: datetime) -> list[Right]:
    scopes = selectors.scope_names([*grants, *delegations])
    names = selectors.names_of(
        {
            name
            for row in (*grants, *(item.grant for item in delegations))
            for name in (row.requested_by, row.confirmed_by, row.ended_by)
            if name
        }
        | {item.ended_by for item in delegations if item.ended_by}
    )
    out = locked_out(
        {row.holder_user_id for row in grants if row.holder_user_id}
        | {item.delegate_id for item in delegations}
        | {row.holder_identity.controller_id for row in grants if row.holder_identity},
        {row.holder_identity_id for row in grants if row.holder_identity_id},
        at,
    )
    return [
        Right(
            holder=row.holder,
            role=row.role,
            scope=scopes[row.scope_id],
            starts=row.starts,
            ends=row.ends,
            delegator="",
            granted_by=(names.get(row.requested_by, ""), names.get(row.confirmed_by, "")),
            ended=_ended(row, names.get(row.ended_by, "")),
            locked_out=bool(
                {row.holder_user_id, row.holder_identity_id, getattr(row.holder, "controller_id", None)} & out
            ),
        )
        for row in grants
    ] + [
        Right(
            holder=item.delegate,
            role=item.grant.role,
            scope=scopes[item.scope_id],
            starts=item.starts,
            ends=item.ends,
            delegator=str(item.grant.holder),
            granted_by=(str(item.grant.holder),),
            ended=_ended(item, names.get(item.ended_by, "")),
            locked_out=item.delegate_id in out,
        )
        for item in delegations
    ]


def _ended(row: Grant | Delegation, by: str) -> str:
    return f"{row.state} {row.ended_at:%Y-%m-%d %H:%M} UTC by {by}" if row.ended_at else ""


def locked_out(users: Iterable[UUID], identities: Iterable[UUID], at: datetime) -> set[UUID]:
    """Which of these people and service identities were locked out at that moment, by the entries of the log."""
    wanted = {str(pk): pk for pk in (*users, *identities)}
    moves = {events.USER_DEACTIVATED.name: False, events.USER_REACTIVATED.name: True}
    rows = Entry.objects.filter(
        subject_kind__in=("user", "service-identity"),
        subject_id__in=wanted,
        event__in=[*moves, events.IDENTITY_CHANGED.name],
        at__lte=at,
    )
    active: dict[UUID, bool] = {}
    for item in log.ordered(list(rows)):
        said: object = moves.get(item.row.event)
        if said is None:
            said = log.parsed(item.row).set.get("is_active")
        if isinstance(said, bool):
            active[wanted[item.row.subject_id]] = said
    return {pk for pk, may in active.items() if not may}
