"""How a warrant stands at a moment: computed from recorded dates whenever it is read, never stored.

A warrant has a term of its own. Endings (a retirement, an acceptance taken back) and overdue conditions of the version
bring it forward; each is a bound of three moments, and the heaviest bound at a moment is the answer. Lists prefetch
STANDING, so that no row asks the database by itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, Q, QuerySet

from governance.catalogue import title_of
from governance.models import Condition, Warrant
from governance.selectors.ground import ground_of, grounded, is_grounded
from registry.models import Version

STANDING = ("endings", "version__conditions")
"""What `standing_at` reads beside the warrant, for `prefetch_related`."""
RUNS_ON = ("active", "due", "grace")
"""Statuses in which what runs goes on; in grace nothing new is deployed."""
MOST = 50
"""Of this many newest warrants of one slot is the one that answers: each superseded all before it."""
_WEIGHT = {"active": 0, "due": 1, "grace": 2, "lapsed": 3}


@dataclass(frozen=True, slots=True)
class Bound:
    """Due from `due_from`, in grace from `not_after`, ended from `grace_ends`: on `ground`."""

    ground: str
    due_from: dt.datetime
    not_after: dt.datetime
    grace_ends: dt.datetime

    def status(self, at: dt.datetime) -> str:
        """`active`, `due`, `grace` or `lapsed`. At the very moment the later word holds."""
        if at < self.due_from:
            return "active"
        if at < self.not_after:
            return "due"
        return "grace" if at < self.grace_ends else "lapsed"


@dataclass(frozen=True, slots=True)
class Standing:
    """`status`: `granted`, `active`, `due`, `grace`, `lapsed`, `superseded` or `void`. `ground` names what brings it
    about (a code of `governance.catalogue`), empty while the warrant is active, granted or superseded. The moments are
    those of the bound that counts."""

    status: str
    ground: str
    due_from: dt.datetime
    not_after: dt.datetime
    grace_ends: dt.datetime

    @property
    def in_force(self) -> bool:
        return self.status in RUNS_ON

    @property
    def ground_title(self) -> str:
        """The ground as a reader sees it."""
        return title_of(self.ground) if self.ground else ""

    @property
    def since(self) -> dt.datetime | None:
        """From when on it stands so, where a date says it."""
        return {"due": self.due_from, "grace": self.not_after, "lapsed": self.grace_ends}.get(self.status)


def with_open_condition(**lookup: dt.datetime) -> Q:
    """Warrants whose version has an open condition of its present round for which `lookup` of a date holds."""
    return Q(
        version__conditions__state="open",
        version__conditions__decision_round=F("version__decision_round"),
        **{f"version__conditions__{name}": at for name, at in lookup.items()},
    )


def standing_at(warrant: Warrant, at: dt.datetime) -> Standing:
    """How `warrant` stands at `at`, by what is recorded now."""
    if warrant.state != "issued":
        own = _own(warrant)
        return Standing(warrant.state, warrant.void_ground, own.due_from, own.not_after, own.grace_ends)
    bound = _heaviest(warrant, at)
    status = bound.status(at)
    ground = "" if status == "active" else bound.ground
    return Standing(status, ground, bound.due_from, bound.not_after, bound.grace_ends)


def status_at(warrant: Warrant, at: dt.datetime) -> str:
    """The word of `standing_at`."""
    return standing_at(warrant, at).status


def fallen_at(warrant: Warrant, at: dt.datetime) -> Standing | None:
    """How a granted, issued or superseded warrant ended by `at` without anybody having recorded it; None if it didn't."""
    if warrant.state == "void":
        return None
    bound = _heaviest(warrant, at)
    if bound.status(at) != "lapsed":
        return None
    return Standing("lapsed", bound.ground, bound.due_from, bound.not_after, bound.grace_ends)


def answering(rows: QuerySet[Warrant], at: dt.datetime) -> Warrant | None:
    """The warrant of a slot that answers at `at`: the newest one in force, otherwise the newest. Its version carries its
    ground.

    While a renewal is granted and not signed yet, the old warrant answers; from its signature on the new one does.
    """
    known = rows.select_related("version__model__system").prefetch_related(None).prefetch_related("endings")
    found = list(known.order_by("-granted_at", "-pk")[:MOST])
    looks: dict[UUID, Version] = {}
    for row in found:
        row.version = looks.setdefault(row.version_id, grounded(row.version))
    return next((row for row in found if standing_at(row, at).in_force), found[0] if found else None)


def conditions_of(warrant: Warrant) -> list[Condition]:
    """The conditions of the round that approved the version, in the order of their deadlines."""
    version = warrant.version
    known = ground_of(version).conditions if is_grounded(version) else version.conditions.all()
    rows = [row for row in known if row.decision_round == version.decision_round]
    return sorted(rows, key=lambda row: (row.due_from, row.set_at, str(row.pk)))


def overdue(condition: Condition, at: dt.datetime) -> bool:
    """Whether it was not met at `at`, and its deadline had come: at the very second it has."""
    return condition.due_from <= at and (condition.met_at is None or at < condition.met_at)


def condition_state(condition: Condition, at: dt.datetime) -> str:
    """`met`, `open` or `overdue`."""
    if condition.state == "met":
        return "met"
    return "overdue" if overdue(condition, at) else "open"


def _own(warrant: Warrant) -> Bound:
    return Bound("end-of-term", warrant.due_from, warrant.not_after, warrant.grace_ends)


def _heaviest(warrant: Warrant, at: dt.datetime) -> Bound:
    return min(_bounds(warrant, at), key=lambda bound: (-_WEIGHT[bound.status(at)], bound.grace_ends))


def _bounds(warrant: Warrant, at: dt.datetime) -> Iterator[Bound]:
    yield _own(warrant)
    for row in warrant.endings.all():
        yield Bound(row.ground, row.due_from, row.not_after, row.grace_ends)
    for condition in conditions_of(warrant):
        if overdue(condition, at):
            yield Bound("condition-overdue", condition.due_from, condition.not_after, condition.grace_ends)
