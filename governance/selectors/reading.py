"""How decisions were taken, in counts without names, and what one person has opened of a version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Sum

from governance.models import EvidenceOpened, ReadingCount
from people import access
from people.access import Reach
from people.catalogue import P
from registry.models import System, Version

FEWEST = 5
"""Fewer decisions than this are not shown apart: a count of one is a person."""
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Counted:
    """`told` is False where there were too few decisions to show how they were taken without naming somebody."""

    decisions: int
    unopened: int
    quick: int

    @property
    def told(self) -> bool:
        return self.decisions >= FEWEST


@dataclass(frozen=True, slots=True)
class SystemCount:
    system: System
    counted: Counted


def opened(version: Version, person: str) -> list[EvidenceOpened]:
    """What this person opened of the version in its present round, in order."""
    rows = EvidenceOpened.objects.filter(
        version=version, decision_round=version.decision_round, person=person
    )
    return list(rows.order_by("at"))


def counted(system_ids: Iterable[UUID], *, at: dt.datetime) -> Counted:
    """The decisions of the last twelve months on these systems together."""
    rows = ReadingCount.objects.filter(system__in=list(system_ids), month__gte=_since(at))
    said = rows.aggregate(decisions=Sum("decisions"), unopened=Sum("unopened"), quick=Sum("quick"))
    return Counted(*(said[name] or 0 for name in ("decisions", "unopened", "quick")))


def by_system(reached: Reach, *, at: dt.datetime) -> list[SystemCount]:
    """The same, one row for each system with decisions whose process this reader answers for or audits, by name."""
    systems = access.within(reached, P.PEOPLE_VIEW, System.objects.all())
    rows = ReadingCount.objects.filter(system__in=systems, month__gte=_since(at))
    sums = rows.values("system").annotate(
        decisions=Sum("decisions"), unopened=Sum("unopened"), quick=Sum("quick")
    )
    said = {row["system"]: Counted(row["decisions"], row["unopened"], row["quick"]) for row in sums}
    return [
        SystemCount(row, said[row.pk]) for row in System.objects.filter(pk__in=said).order_by("name", "pk")
    ]


def _since(at: dt.datetime) -> dt.date:
    months = at.year * 12 + at.month - 1 - (MONTHS - 1)
    return dt.date(months // 12, months % 12 + 1, 1)
