"""How decisions are taken, counted without names: signals for who answers for the process, never a block.

That somebody opened a piece of evidence is kept for some weeks, beside the version and not in the log, to tell that
person what they haven't opened. When they decide, two yes-or-no answers go into the counts of the month and system, and
nothing else remains.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.db.models import F

from governance.models import EvidenceOpened, ReadingCount
from ledger import clock
from ledger.actors import Actor
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from registry.machines import ROUND_OPEN
from registry.models import Version

QUICK = dt.timedelta(seconds=60)
"""From seeing the form to the decision. Nobody reads a version's evidence in this time; somebody who has read it before
may well decide in it."""
KEPT = dt.timedelta(days=60)


def evidence_note(*, actor: Actor, version: Version, what: str, about: UUID) -> bool:
    """Remember that the acting person opened evidence of a version they may decide on; whether it is remembered.

    A second look takes no lock: reading must stay cheap.
    """
    if actor.kind != "user" or version.state not in ROUND_OPEN:
        return False
    if not access.allowed(actor, P.VERSION_APPROVE, version):
        return False
    mine = {
        "version": version,
        "decision_round": version.decision_round,
        "person": actor.id,
        "what": what,
        "about": about,
    }
    if not EvidenceOpened.objects.filter(**mine).exists():
        _remember(actor=actor, mine=mine)
    return True


@governed
def _remember(*, actor: Actor, mine: dict[str, Any]) -> None:
    EvidenceOpened.objects.get_or_create(**mine, defaults={"at": clock.now()})


def reading_count(*, version: Version, person: str, shown_at: dt.datetime | None, at: dt.datetime) -> None:
    """Count one decision. Inside the decision's transaction, so that what isn't recorded isn't counted."""
    mine = EvidenceOpened.objects.filter(
        version=version, decision_round=version.decision_round, person=person
    )
    quick = shown_at is not None and at - shown_at < QUICK
    month = at.astimezone(dt.UTC).date().replace(day=1)
    ReadingCount.objects.get_or_create(system=version.model.system, month=month)
    ReadingCount.objects.filter(system=version.model.system, month=month).update(
        decisions=F("decisions") + 1,
        unopened=F("unopened") + int(not mine.exists()),  # PostgreSQL adds no boolean to a number
        quick=F("quick") + int(quick),
    )


@governed
def openings_forget(*, actor: Actor) -> int:
    """Forget who opened what, after some weeks; how many rows."""
    gone, _ = EvidenceOpened.objects.filter(at__lt=clock.now() - KEPT).delete()
    return gone
