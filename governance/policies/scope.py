"""Whom among the models of its tier a policy speaks of, and which of several policies speaks for one model.

Pure. A policy without a scope speaks of every model of its tier; the one that says more about where or what a model
is goes before it. Two that say equally much about one model are never chosen between: they can't both be in force.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

Place = tuple[str, str, str]
"""Environment, region and arm of a slot."""


@dataclass(frozen=True, slots=True)
class ScopeSlot:
    """Slots of one environment; without a region or arm, of every one."""

    environment: str
    region: str = ""
    arm: str = ""

    @property
    def named(self) -> int:
        """How many of the three parts are named."""
        return 1 + bool(self.region) + bool(self.arm)

    def holds(self, place: Place) -> bool:
        wanted = (self.environment, self.region, self.arm)
        return all(not mine or mine == given for mine, given in zip(wanted, place, strict=True))

    def __str__(self) -> str:
        return " / ".join(part or "any" for part in (self.environment, self.region, self.arm))


@dataclass(frozen=True, slots=True)
class Scope:
    """`kinds` are what the registry has as a model's kind or task; empty lists restrict nothing."""

    kinds: tuple[str, ...] = ()
    slots: tuple[ScopeSlot, ...] = ()

    @property
    def key(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The same for every text that says the same: one policy of a tier is in force for each key."""
        return tuple(sorted(self.kinds)), tuple(sorted(map(str, self.slots)))

    @property
    def named(self) -> tuple[int, int]:
        """How much the scope says, for the order of precedence: places before kinds."""
        return max((slot.named for slot in self.slots), default=0), int(bool(self.kinds))

    def speaks_in(self, place: Place) -> bool:
        """Whether one of the slots is this place; without slots it is any."""
        return not self.slots or any(slot.holds(place) for slot in self.slots)

    def precedence(self, words: Collection[str], places: Iterable[Place]) -> tuple[int, int] | None:
        """How closely the scope names a model with these words (kind, task) and slots; None: it doesn't speak of it."""
        if self.kinds and not set(self.kinds) & set(words):
            return None
        named = [slot.named for slot in self.slots for place in places if slot.holds(place)]
        if self.slots and not named:
            return None
        return max(named, default=0), int(bool(self.kinds))

    def ties_with(self, other: Scope) -> bool:
        """Whether some model could be spoken of by both, equally closely. A model may have slots of either."""
        if bool(self.kinds) != bool(other.kinds) or (self.kinds and not set(self.kinds) & set(other.kinds)):
            return False
        mine, others = ({slot.named for slot in scope.slots} or {0} for scope in (self, other))
        return bool(mine & others)
