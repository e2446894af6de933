"""What somebody may do, and in whose right where it is lent to them: for lists of what waits, never for a decision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from governance.models import Decision
from ledger.actors import Actor
from people import access
from people.catalogue import P, roles_with
from people.models import ActedFor

M = TypeVar("M", bound=Model)
Scope = tuple[str, UUID | None]
_EVERYWHERE: Scope = ("organisation", None)


@dataclass(frozen=True, slots=True)
class Desk:
    """`own` are the actor's own roles and where, `lent` those of others with whose they are."""

    reach: access.Reach
    own: tuple[tuple[str, Scope], ...] = ()
    lent: tuple[tuple[str, Scope, str], ...] = ()

    def allows(self, permission: P, row: object) -> bool:
        """Whether `permission` reaches `row`, in whose right ever."""
        return self.reach.allows(permission, row)  # type: ignore[arg-type]

    def within(self, permission: P, rows: QuerySet[M]) -> QuerySet[M]:
        """The rows that `permission` reaches, in whose right ever."""
        return access.within(self.reach, permission, rows)

    def anywhere(self, permission: P) -> bool:
        """Whether it is held on anything at all."""
        return self.reach.anywhere(permission)

    def lenders(self, permission: P, row: object) -> tuple[str, ...]:
        """Pseudonyms of those in whose right alone `permission` reaches `row`; nobody where it does in the actor's own."""
        if not self.lent:
            return ()
        roles, covering = set(roles_with(permission)), {_EVERYWHERE, *access.scopes_of(row)}
        if any(role in roles and scope in covering for role, scope in self.own):
            return ()
        fitting = (who for role, scope, who in self.lent if role in roles and scope in covering)
        return tuple(dict.fromkeys(fitting))


def desk_of(actor: Actor) -> Desk:
    """One query more than `access.reach`; two where something is lent."""
    reach = access.reach(actor)
    rows = access.lent(actor).order_by("starts", "pk")
    columns = ("grant__role", "scope_type", "scope_id", "grant__holder_user__pseudonym")
    lent = tuple((role, (kind, pk), who) for role, kind, pk, who in rows.values_list(*columns))
    if not lent:
        return Desk(reach)
    held = access.in_force(actor).values_list("role", "scope_type", "scope_id")
    return Desk(reach, tuple((role, (kind, pk)) for role, kind, pk in held), lent)


def decided_for(people: Iterable[str]) -> Iterator[tuple[UUID, int, str]]:
    """Version, round and person for each decision that a delegate gave in the right of one of `people`."""
    acts = ActedFor.objects.filter(subject_kind=Decision.ledger_kind, delegator__in=people)
    whose = dict(acts.values_list("subject_id", "delegator"))
    rows = Decision.objects.filter(pk__in=whose).values_list("pk", "version_id", "decision_round")
    return ((version, number, whose[pk]) for pk, version, number in rows)
