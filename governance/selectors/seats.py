"""The lint of seats: which seats of the policies in force could today's people not fill (DESIGN law 5).

For each model of each system in use: the seats that the policy asks for, the people who hold those roles there and took no
part in it, and whether they can all sit at once, one person in one seat. It knows roles and history, not whether somebody
is away or willing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import QuerySet

from governance.models import Policy
from governance.policies.document import PolicyDocument
from governance.selectors.requirements import document_of
from people.access import Scope
from people.models import User
from people.selectors import fillable
from registry.models import AIModel, System, Version
from registry.selectors import systems, versions

UNDECIDED = ("draft", "validation", "review")
"""States of a version that seats must still be filled for."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One seat: who could fill it, and whether somebody is left for it once the others are filled."""

    role: str
    able: tuple[User, ...]
    filled: bool


@dataclass(frozen=True, slots=True)
class Line:
    """The seats of one model, for its newest undecided version (None: for a first one that nobody has begun)."""

    system: System
    model: AIModel | None
    version: Version | None
    policy: Policy | None
    seats: tuple[Seat, ...]

    @property
    def empty(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.seats if not seat.filled)

    @property
    def sound(self) -> bool:
        return self.policy is not None and bool(self.seats) and not self.empty


class Lint:
    """The lint for one look: policies are read once."""

    def line(self, model: AIModel) -> Line:
        """The seats of one model (with its system)."""
        version = Version.objects.filter(model=model, state__in=UNDECIDED).order_by("-number", "pk").first()
        barred = versions.contributors(version.pk) if version else frozenset[str]()
        scope = Scope.model(model.pk, model.system_id)
        return self._line(model.system, model, version, scope, barred)

    def bare(self, system: System) -> Line:
        """The seats of a system that has no model yet."""
        return self._line(system, None, None, Scope.system(system.pk), frozenset())

    def lines(self, found: Iterable[System]) -> Iterable[Line]:
        """Every line of these systems, by system and model."""
        for system in found:
            models = list(system.models.order_by("name", "pk"))
            for model in models:
                model.system = system
                yield self.line(model)
            if not models:
                yield self.bare(system)

    @cached_property
    def _policies(self) -> Mapping[str, tuple[Policy, PolicyDocument]]:
        rows = Policy.objects.filter(state="in-force")
        return {row.tier: (row, document_of(row)) for row in rows}

    def _line(
        self,
        system: System,
        model: AIModel | None,
        version: Version | None,
        scope: Scope,
        barred: frozenset[str],
    ) -> Line:
        found = self._policies.get(system.risk_tier)
        if found is None:
            return Line(system, model, version, None, ())
        policy, document = found
        owners = systems.owners(system.pk, dt.timedelta(days=document.cooling_off_days))
        roles = document.seats("approve")
        able = {role: fillable(role, scope, barred | owners) for role in dict.fromkeys(roles)}
        return Line(system, model, version, policy, seated(roles, able))


def seated(roles: Sequence[str], able: Mapping[str, Sequence[User]]) -> tuple[Seat, ...]:
    """As many seats filled at once as can be, one person in one seat (augmenting paths; a handful of seats)."""
    sitting: dict[User, int] = {}

    def sit(seat: int, asked: set[User]) -> bool:
        for person in able[roles[seat]]:
            if person in asked:
                continue
            asked.add(person)
            if person not in sitting or sit(sitting[person], asked):
                sitting[person] = seat
                return True
        return False

    for seat in range(len(roles)):
        sit(seat, set())
    taken = set(sitting.values())
    return tuple(Seat(role, tuple(able[role]), seat in taken) for seat, role in enumerate(roles))


def in_use() -> QuerySet[System]:
    """The systems that seats must be filled for."""
    return System.objects.filter(state="active").order_by("name", "pk")
