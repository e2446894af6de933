"""Dry runs on request: asked for on a page, done by workers part by part, kept until the next one of the policy is done.

Rows are the queue (DESIGN law 8). A worker leases a run for one part, asks its versions, and keeps what it found together
with the place where it stopped; what a killed worker leaves is taken over when its lease is over, from that place. After
MAX_LEASES without a part kept the run is an error. Nothing of it is governed: it decides nothing.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.db.models import F, Q

from governance.models import DryRun, DryRunAnswer, DryRunFigures
from governance.selectors.dry_run import Looked, look, of_tier
from governance.selectors.dry_runs import FIGURES
from governance.selectors.policies import document_of
from governance.services.policies import policies_shown
from ledger import clock
from ledger.actors import Actor
from ledger.errors import NotThere
from ledger.services.transactions import governed
from ledger.services.wakes import wake_after_commit
from people import access
from people.catalogue import P
from registry.models import Version

DRY_RUN_TASK = "governance.dry-run"
WORKER = "dry-runs"
PART = 50
"""Versions of one lease: seconds of work, so that nothing else of the queue waits long."""
LEASE = dt.timedelta(minutes=5)
MAX_LEASES = 3
KEPT = dt.timedelta(days=90)
_log = logging.getLogger(__name__)


@governed
def dry_run_ask(*, actor: Actor, policy_id: UUID) -> DryRun:
    """Ask for a dry run of a policy over all versions of its tier; one that isn't done yet is given back.

    For whoever may see versions of anything. Raises NotThere, NotAllowed.
    """
    if not access.reach(actor).anywhere(P.VERSION_VIEW):
        access.require(actor, P.VERSION_VIEW)
    policy = policies_shown(actor=actor).select_for_update().filter(pk=policy_id).first()
    if policy is None:
        raise NotThere
    waiting = DryRun.objects.filter(policy=policy, state="due").first()
    if waiting is not None:
        return waiting
    run = DryRun.objects.create(policy=policy, asked_by=actor.id, asked_at=clock.now())
    wake_after_commit(DRY_RUN_TASK)
    return run


def dry_runs_go_on(*, actor: Actor) -> bool:
    """Do one part of the oldest dry run that nobody works on; False if there is none."""
    dry_runs_interrupted(actor=actor)
    run = dry_run_claim(actor=actor)
    if run is None:
        return False
    try:
        versions = _next(run)
        found = look(document_of(run.policy), versions)
    except (
        Exception
    ):  # whatever it is, it would be so again: counted, logged, and in the end said on the page
        _log.exception("dry run %s, after %s", run.pk, run.after)
        _part_failed(actor=actor, run=run)
        return True
    if not _part_keep(actor=actor, run=run, versions=versions, found=found):
        _log.warning("dry run %s: the lease was lost, another worker has it", run.pk)
    return True


def dry_run_claim(*, actor: Actor) -> DryRun | None:
    """Take a lease on the oldest dry run whose lease is free or over; None if there is none."""
    access.require(actor, P.VERSION_VIEW)
    now = clock.now()
    free = DryRun.objects.filter(state="due", attempts__lt=MAX_LEASES).filter(
        Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    )
    for candidate in free.order_by("asked_at").values_list("pk", flat=True)[:20]:
        token = uuid4()
        # One conditional UPDATE: of two workers, the second finds the lease taken and changes no row.
        taken = free.filter(pk=candidate).update(
            lease_token=token, lease_until=now + LEASE, attempts=F("attempts") + 1
        )
        if taken:
            return DryRun.objects.select_related("policy").get(pk=candidate)
    return None


@governed
def dry_runs_interrupted(*, actor: Actor) -> int:
    """End every dry run whose last lease ran out: its worker was killed or hung each time. Returns how many."""
    access.require(actor, P.VERSION_VIEW)
    over = DryRun.objects.filter(state="due", attempts__gte=MAX_LEASES, lease_until__lt=clock.now())
    return over.update(state="error", error_code="interrupted", finished_at=clock.now())


@governed
def dry_runs_forget(*, actor: Actor) -> int:
    """Delete what was asked for long ago; how many dry runs."""
    access.require(actor, P.VERSION_VIEW)
    _, gone = DryRun.objects.filter(asked_at__lt=clock.now() - KEPT).exclude(state="due").delete()
    return gone.get(DryRun._meta.label, 0)


def _next(run: DryRun) -> list[Version]:
    rows = of_tier(document_of(run.policy), Version.objects.select_related("model__system"))
    if run.after is not None:
        rows = rows.filter(pk__gt=run.after)
    return list(rows.order_by("pk")[:PART])


@governed
def _part_keep(*, actor: Actor, run: DryRun, versions: list[Version], found: Looked) -> bool:
    """Keep what one part found, and where it stopped; False, and nothing kept, if the lease was lost."""
    access.require(actor, P.VERSION_VIEW)
    held = DryRun.objects.filter(pk=run.pk, state="due", lease_token=run.lease_token)
    if held.select_for_update().first() is None:
        return False
    DryRunAnswer.objects.bulk_create(
        DryRunAnswer(
            run=run,
            version=item.version,
            what=item.what,
            before=item.before,
            after=item.after,
            gained=list(item.gained),
            lost=list(item.lost),
            unknown=list(item.unknown),
            differs=item.differs,
            untold=bool(item.unknown),
        )
        for item in found.answers
        if item.differs or item.unknown
    )
    for model_id, counts in _counts(found).items():
        row, _ = DryRunFigures.objects.get_or_create(
            run=run, model_id=model_id, defaults=dict.fromkeys(FIGURES, 0)
        )
        DryRunFigures.objects.filter(pk=row.pk).update(**{name: F(name) + counts[name] for name in FIGURES})
    values: dict[str, Any] = {
        "seen": F("seen") + len(versions),
        "attempts": 0,
        "lease_token": None,
        "lease_until": None,
    }
    if run.total is None:
        values["total"] = of_tier(document_of(run.policy), Version.objects.all()).count()
    if versions:
        values["after"] = versions[-1].pk
    if len(versions) < PART:
        values |= {"state": "done", "finished_at": clock.now()}
        DryRun.objects.filter(policy=run.policy_id).exclude(pk=run.pk).delete()
    held.update(**values)
    wake_after_commit(DRY_RUN_TASK)
    return True


def _counts(found: Looked) -> Mapping[UUID, Counter[str]]:
    counts: dict[UUID, Counter[str]] = {}
    for row in found.versions:
        mine = counts.setdefault(row.model_id, Counter())
        mine["looked_at"] += 1
        mine["rejected"] += row.state == "rejected"
    for item in found.answers:
        counts[item.version.model_id]["differing" if item.differs else "stays"] += 1
    return counts


@governed
def _part_failed(*, actor: Actor, run: DryRun) -> None:
    """Give the lease back for another try; after the last one the run is an error."""
    access.require(actor, P.VERSION_VIEW)
    held = DryRun.objects.filter(pk=run.pk, state="due", lease_token=run.lease_token)
    if run.attempts < MAX_LEASES:
        held.update(lease_token=None, lease_until=None)
        return
    held.update(state="error", error_code="fault", finished_at=clock.now())
