"""Who acts, and on what: the two values that every service, entry and permission question carries.

Persons appear by pseudonym only. How a person proves who they are is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

ActorKind = Literal["user", "service", "system"]
Door = Literal["portal", "api", "admin", "cli", "task", "test"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone or something that acts.

    `id` is a pseudonym (user, service) or a name from our code (system). `pk` is the primary key of the user
    or service identity, never recorded. `controller` is the pseudonym of the person who answers for a service
    identity. `authenticated_at` (aware, UTC) and `interactive` say how fresh the proof of identity is. `scopes`
    limit a token; they never add to grants. `stands_in_for` holds the pseudonyms of those whose rights were
    lent to this person; while they are, what bars one of them bars this person too.
    """

    kind: ActorKind
    id: str
    door: Door
    pk: str | None = None
    controller: str | None = None
    authenticated_at: datetime | None = None
    interactive: bool = False
    scopes: frozenset[str] = field(default_factory=frozenset)
    stands_in_for: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def system(cls, name: str, *, door: Door = "task") -> Actor:
        """Our own code acting by itself: a sweep, a sequencer, a command."""
        return cls(kind="system", id=name, door=door)

    @property
    def principals(self) -> frozenset[str]:
        """Pseudonyms that count as this actor where duties are separated."""
        own = {self.id, self.controller} if self.controller else {self.id}
        return frozenset(own) | self.stands_in_for


@dataclass(frozen=True, slots=True)
class Subject:
    """What an entry is about: kind and id as recorded, and the AI system it belongs to, where it does."""

    kind: str
    id: str
    system: str | None = None

    @classmethod
    def of(cls, row: Any) -> Subject:
        """The subject that a governed row is: its `ledger_kind`, primary key and `ledger_system()`."""
        system = row.ledger_system()
        return cls(row.ledger_kind, str(row.pk), None if system is None else str(system))
