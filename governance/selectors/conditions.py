"""The conditions of the approval that stands: their rows, their sentences, and which of them the log knows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from governance.models import Condition, Decision
from governance.selectors.ground import ground_of
from ledger import clock
from ledger.workdays import calendar
from modelwarrant import canonical
from registry.models import Version

SET = "set"
REVIEW = "independent-review"
ITEM = "condition"
"""Kind of the item that a condition is in the set a reviewer is shown."""


def current_conditions(version: Version) -> list[Condition]:
    """The conditions of the version's present round, by deadline."""
    return [row for row in ground_of(version).conditions if row.decision_round == version.decision_round]


def sentence_of(condition: Condition) -> str:
    """What a warrant prints of an open condition: its text and its deadline, with the zone of the installation."""
    return f"{condition.text} (to be met by {local_text(condition.due_from)})"


def local_text(moment: datetime) -> str:
    """A moment by the wall clock of the installation's calendar, its zone named: `2026-03-31 18:00 Europe/Zurich`."""
    zone = calendar().zone
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"


def item_of(condition: Condition) -> tuple[str, str]:
    """The condition as an item of the shown set. Its state is no part of it: meeting it changes no approval."""
    said = [
        condition.kind,
        condition.seat,
        condition.text,
        clock.text(condition.due_from),
        condition.responsible,
    ]
    return f"{ITEM}/{condition.kind}:{condition.pk}", canonical.digest(canonical.encode(said))


def conditions_decided(decisions: Iterable[Decision]) -> set[UUID]:
    """The ids of conditions that decisions were shown: what the log knows of, even where a row is gone."""
    found = set()
    for decision in decisions:
        for key in decision.shown:
            kind, _, name = key.partition("/")
            if kind == ITEM:
                found.add(UUID(name.rpartition(":")[2]))
    return found
