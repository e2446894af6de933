"""What waits for each person: a table of counters, so that a new kind of work is counted by being added here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from governance.gates.approvals import seats
from governance.gates.context import Context
from governance.selectors.validations import UNDER_WAY, validations_visible
from ledger import clock
from ledger.actors import Actor
from people.access import holders
from people.models import User
from registry.selectors.versions import contributors, versions_visible

MOST = 100
"""Open versions that are looked at for one page."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One kind of work: what the page calls it, and how much of it each person has, by pseudonym, of what `actor`
    may see."""

    name: str
    title: str
    count: Callable[[Actor], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Load:
    """One person's work, in the order of the counters."""

    person: User
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


def open_seats(actor: Actor) -> Mapping[str, int]:
    """Versions in validation or review with an empty seat that the person holds the role for and isn't barred from."""
    found: Counter[str] = Counter()
    rows = versions_visible(actor).filter(state__in=("validation", "review")).order_by("registered_at")
    for version in rows[:MOST]:
        filled, _ = seats(Context(version, clock.now()))
        roles = {seat.role for seat in filled if seat.decision is None}
        sitting = {seat.decision.person for seat in filled if seat.decision}
        able = set(holders(roles, version).values_list("pseudonym", flat=True)) if roles else set()
        found.update(able - sitting - contributors(version.pk))
    return found


def validations_under_way(actor: Actor) -> Mapping[str, int]:
    """Validations that are assigned to the person and not issued yet."""
    rows = validations_visible(actor).filter(state__in=UNDER_WAY)
    return Counter(name for name in rows.values_list("validator", flat=True) if name)


COUNTERS: tuple[Counted, ...] = (
    Counted("open-seats", "Versions with an open seat of theirs", open_seats),
    Counted("validations", "Validations under way", validations_under_way),
)


def workload(actor: Actor, counters: Iterable[Counted] = COUNTERS) -> list[Load]:
    """Everybody who has any of it, most first."""
    columns = [counted.count(actor) for counted in counters]
    people = User.objects.filter(pseudonym__in={name for column in columns for name in column})
    loads = [Load(user, tuple(column.get(user.pseudonym, 0) for column in columns)) for user in people]
    return sorted(loads, key=lambda load: (-load.total, load.person.name))
