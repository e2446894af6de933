"""How warrants end without anybody voiding them: brought forward by a ground, and recorded once they have fallen.

Whether a warrant has fallen is computed whenever it is read; the sweep only writes it down, with the ground and the
moment it fell.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.db.models import Q

from governance import events
from governance.models import Policy, Warrant, WarrantEnding
from governance.selectors.requirements import document_of
from governance.selectors.standing import STANDING, fallen_at, with_open_condition
from governance.services.warrants import void_row
from ledger import clock
from ledger.actors import Actor
from ledger.services import records
from ledger.services.transactions import governed
from ledger.workdays import calendar
from people import access
from people.catalogue import P
from registry.models import Version
from registry.selectors.versions import version_locked

OPEN = ("granted", "issued")
BATCH = 200


def end_early(version: Version, *, actor: Actor, ground: str) -> list[WarrantEnding]:
    """Bring the end of every open warrant of `version` forward on `ground`, inside the transaction of its cause.

    Due now, in grace after the policy's days of due, void after its days of grace, each end where people work. A ground
    that brought it forward before does not do so again.
    """
    now, office, made = clock.now(), calendar(), []
    for warrant in Warrant.objects.select_for_update().filter(version=version, state__in=OPEN):
        if WarrantEnding.objects.filter(warrant=warrant, ground=ground).exists():
            continue
        due_days, grace_days = _days(warrant)
        not_after = office.within(now + dt.timedelta(days=due_days))
        ending = WarrantEnding()
        records.write(
            actor=actor,
            event=events.WARRANT_ENDING_SET,
            row=ending,
            set={
                "warrant": warrant,
                "ground": ground,
                "due_from": now,
                "not_after": not_after,
                "grace_ends": office.within(not_after + dt.timedelta(days=grace_days)),
                "set_by": actor.id,
                "set_at": now,
            },
        )
        made.append(ending)
    return made


@governed
def warrant_lapse(*, actor: Actor, warrant_id: UUID) -> Warrant | None:
    """Record that a warrant has fallen by its dates, with the ground; None if it hasn't."""
    version_id = Warrant.objects.filter(pk=warrant_id).values_list("version_id", flat=True).first()
    if version_id is None:
        return None
    # The version is what every other decision locks first: a condition that is being met right now is waited for.
    version_locked(version_id)
    warrant = Warrant.objects.select_for_update().filter(pk=warrant_id, state__in=OPEN).first()
    if warrant is None:
        return None
    access.require(actor, P.WARRANT_VOID, warrant)
    return _lapse(warrant, actor=actor)


def lapse_fallen(version: Version, *, actor: Actor) -> None:
    """Record every warrant of a locked version that has fallen, before something is written that would raise it again."""
    for warrant in Warrant.objects.select_for_update().filter(version=version, state__in=OPEN):
        _lapse(warrant, actor=actor)


def lapses_record(*, actor: Actor) -> int:
    """Record every warrant that has fallen, each in its own transaction; how many."""
    return sum(warrant_lapse(actor=actor, warrant_id=row) is not None for row in _fallen(clock.now()))


def _lapse(warrant: Warrant, *, actor: Actor) -> Warrant | None:
    fallen = fallen_at(warrant, clock.now())
    if fallen is None:
        return None
    return void_row(warrant, actor=actor, ground=fallen.ground, at=fallen.grace_ends)


def _fallen(at: dt.datetime) -> list[UUID]:
    over = Q(grace_ends__lte=at) | Q(endings__grace_ends__lte=at) | with_open_condition(grace_ends__lte=at)
    rows = Warrant.objects.filter(over, state__in=OPEN).distinct().order_by("granted_at")
    found = rows.select_related("version").prefetch_related(*STANDING)[:BATCH]
    return [warrant.pk for warrant in found if fallen_at(warrant, at)]


def _days(warrant: Warrant) -> tuple[int, int]:
    said = document_of(Policy.objects.get(digest=warrant.policy_digest)).warrant
    return said.due_days, said.grace_days
