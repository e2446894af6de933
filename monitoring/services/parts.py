"""Parts of a large file as claimable work: offered by the worker that holds the run, claimed by others, finished.

Rows are the queue (DESIGN law 8), good under the run's present lease alone. A part that is finished says where to look,
on the desk; what isn't there is counted again. Knows nothing of files and counts, and never writes an outcome.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet

from ledger import clock
from ledger.actors import Actor
from ledger.services.wakes import wake_after_commit
from monitoring.models import Part, Run
from people import access
from people.catalogue import P

PARTS_TO_SHARE = 4
"""With fewer parts nobody is asked for help."""
PART_TASK = "monitoring.part"


@dataclass(frozen=True, slots=True)
class Share:
    """The parts of one side of a run, as offered under one lease of it."""

    run_id: uuid.UUID
    token: uuid.UUID
    side: str
    like: str


def parts_offer(*, actor: Actor, share: Share, numbers: Sequence[int], seconds: int) -> None:
    """Let other workers count these parts, each claim for so many seconds. What an earlier lease offered goes."""
    access.require(actor, P.RUN_EXECUTE)
    Part.objects.filter(run=share.run_id).exclude(token=share.token).delete()
    rows = (
        Part(
            run_id=share.run_id,
            token=share.token,
            side=share.side,
            like=share.like,
            number=number,
            seconds=seconds,
        )
        for number in numbers
    )
    Part.objects.bulk_create(rows, batch_size=500)
    wake_after_commit(PART_TASK)


def parts_open(*, actor: Actor) -> list[Share]:
    """Shares of live runs with a part that nobody has claimed, the oldest first."""
    access.require(actor, P.RUN_EXECUTE)
    rows = Part.objects.filter(finished=False, holder__isnull=True).filter(
        run__state="due", run__lease_token=F("token"), run__lease_until__gte=clock.now()
    )
    found = rows.order_by("run__requested_at", "side").values_list("run_id", "token", "side", "like")
    return [Share(*row) for row in dict.fromkeys(found)]


def part_claim(*, actor: Actor, share: Share, holder: uuid.UUID, over: bool = False) -> int | None:
    """The number of a part that is `holder`'s from now on, or None if none is free.

    `over` also takes parts whose lease ran out. That is for the run's own worker, so that a part that kills who counts
    it doesn't kill one worker after another.
    """
    access.require(actor, P.RUN_EXECUTE)
    now = clock.now()
    free = Q(holder__isnull=True) | Q(lease_until__lt=now) if over else Q(holder__isnull=True)
    rows = _of(share).filter(free, finished=False)
    while candidates := list(rows.order_by("number")[:20]):
        for part in candidates:
            # One conditional UPDATE: of two workers, the second finds the part taken and changes no row.
            until = now + dt.timedelta(seconds=part.seconds)
            if rows.filter(pk=part.pk).update(holder=holder, lease_until=until):
                return part.number
    return None


def part_finish(*, actor: Actor, share: Share, number: int, holder: uuid.UUID) -> bool:
    """Say that a part needn't be claimed any more; False if its claim was lost."""
    access.require(actor, P.RUN_EXECUTE)
    return bool(_of(share).filter(number=number, holder=holder).update(finished=True, lease_until=None))


def parts_standing(share: Share) -> dict[int, bool]:
    """Which parts are still listed, and whether each is finished."""
    return dict(_of(share).values_list("number", "finished"))


def parts_holders(share: Share) -> int:
    """How many workers are counting now, by their leases."""
    counting = _of(share).filter(finished=False, lease_until__gte=clock.now())
    return counting.values("holder").distinct().count()


def share_stands(share: Share) -> bool:
    """Whether the run still wants to be counted under the lease that offered the share."""
    live = Run.objects.filter(pk=share.run_id, state="due", lease_token=share.token)
    return live.filter(lease_until__gte=clock.now()).exists()


def parts_withdraw(*, actor: Actor, token: uuid.UUID) -> None:
    """Remove what was offered under a run's lease."""
    access.require(actor, P.RUN_EXECUTE)
    Part.objects.filter(token=token).delete()


def parts_sweep(*, actor: Actor) -> int:
    """Remove what runs offered that have ended; returns how many rows."""
    access.require(actor, P.RUN_EXECUTE)
    return Part.objects.exclude(run__state="due").delete()[0]


def _of(share: Share) -> QuerySet[Part]:
    return Part.objects.filter(run=share.run_id, token=share.token, side=share.side, like=share.like)
