"""Who is told of a breach, and why nobody was: decided once for each breach, recorded either way.

A broken feed or a missed bound is told at once. Drift is told when it lasts or is seen from two sides (the rule is
`monitoring.statistics.paging`) and not while another version takes the slot over. Nothing is told again while people still
have it open, nor, but for broken data, soon after they closed it. What the policy answers follows a confirmed breach alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ledger import clock
from ledger.actors import Actor
from ledger.errors import NotThere
from ledger.services import records
from ledger.services.transactions import governed
from monitoring import events
from monitoring.catalogue import CATALOGUE
from monitoring.machines import ALERT
from monitoring.models import Alert, Batch, Breach, Monitor, Paging, Run
from monitoring.services.breaches import SEVERITY
from monitoring.services.histories import date_of
from monitoring.services.runs import plan_of
from monitoring.signals import breach_opened
from monitoring.statistics import paging
from people import access
from people.catalogue import P
from people.services.notices import notify
from registry.models import DeploymentReport

LOOK_BACK = dt.timedelta(days=9)
CHANGEOVER = dt.timedelta(days=1)
QUIET_DAYS = 1
"""Where a monitor has no plan."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`rule` is a stable word for programs, `why` a sentence."""

    paged: bool
    rule: str
    why: str
    joins: Breach | None = None


@governed
def paging_decide(*, actor: Actor, batch_id: UUID) -> list[Paging]:
    """Decide for every breach of a batch whose runs have all ended. Safe to repeat."""
    batch = Batch.objects.select_for_update().filter(pk=batch_id).first()
    if batch is None:
        raise NotThere()
    access.require(actor, P.BREACH_OPEN, batch)
    if Run.objects.filter(batch=batch, state="due").exists():
        return []
    open_ones = list(
        Breach.objects.filter(batch=batch, paging__isnull=True)
        .select_related("run", "batch", "monitor__plan", "monitor__deployment__version__model__system")
        .order_by("opened_at", "id")
    )
    # What is told at once comes first, so that drift beside it joins it.
    open_ones.sort(key=_is_drift)
    return [tell(actor=actor, breach=breach, outcome=_outcome(breach)) for breach in open_ones]


def tell(*, actor: Actor, breach: Breach, outcome: Outcome) -> Paging:
    """Record a decision and carry it out, inside the caller's transaction."""
    row = Paging()
    records.write(
        actor=actor,
        event=events.PAGING_DECIDED,
        row=row,
        set={
            "breach": breach,
            "paged": outcome.paged,
            "rule": outcome.rule,
            "why": outcome.why,
            "joins": outcome.joins,
            "decided_at": clock.now(),
        },
    )
    if outcome.paged:
        _alert(actor, breach)
        if breach.run is not None:
            breach_opened.send(sender=Breach, breach=breach)
    return row


def _outcome(breach: Breach) -> Outcome:
    found = _confirmed(breach)
    if not found.paged:
        return found
    told = _told_before(breach)
    together = next((other for other in told if other.batch_id == breach.batch_id), None)
    if together is not None:
        return Outcome(
            False, "told-together", f"Told together with {_name(together)} in the same data.", together
        )
    same = [
        other for other in told if other.run and breach.run and other.run.check_name == breach.run.check_name
    ]
    still = next((other for other in same if other.state == "open" and _names(breach) <= _names(other)), None)
    if still is not None:
        return Outcome(False, "already-open", f"{_name(still)} was told already and is still open.", still)
    if (known := _told_of_baseline(breach, same)) is not None:
        why = f"{_name(known)} was told, and the baseline is the same since."
        return Outcome(False, "same-baseline", why, known)
    if not _is_data(breach):
        closed = next((other for other in same if other.state != "open" and _soon_after(other, breach)), None)
        if closed is not None:
            why = f"{_name(closed)} was closed within the quiet days before."
            return Outcome(False, "quiet", why, closed)
    if _is_drift(breach) and (other := _changeover(breach)) is not None:
        why = f"{other} was being reported in the same slot: traffic was moving."
        return Outcome(False, "changeover", why)
    return found


def _confirmed(breach: Breach) -> Outcome:
    run = breach.run
    if run is None or run.batch is None or run.outcome is None or not _is_drift(breach):
        return Outcome(True, "at-once", "A broken feed or a missed bound is told at once.")
    others = (
        Run.objects.filter(batch=run.batch, verdict="fail")
        .exclude(pk=run.pk)
        .exclude(check_name__in=[name for name, check in CATALOGUE.items() if check.kind == "drift"])
    )
    elsewhere = sorted({other.check_name for other in others})
    today = paging.signal_of(date_of(run.batch), run.outcome["results"], elsewhere)
    if not today.any:
        return Outcome(True, "at-once", "The schema changed, or a bound of its own was missed.")
    decision = paging.decide(today, _signals_before(run), paging.Rules())
    return Outcome(decision.page, "confirmed" if decision.page else "unconfirmed", decision.why)


def _signals_before(run: Run) -> Sequence[paging.Signal]:
    if run.batch is None:
        return []
    start = run.batch.period_start
    earlier = (
        Run.objects.filter(
            batch__deployment=run.batch.deployment_id,
            batch__period_start__lt=start,
            batch__period_start__gte=start - LOOK_BACK,
            check_name=run.check_name,
            state="done",
        )
        .select_related("batch")
        .order_by("batch__period_start")
    )
    return [
        paging.signal_of(date_of(one.batch), one.outcome["results"])
        for one in earlier
        if one.batch is not None and one.outcome is not None
    ]


def _told_before(breach: Breach) -> list[Breach]:
    """Breaches of the same monitor of which people were told, the newest first."""
    rows = Breach.objects.filter(monitor=breach.monitor_id, paging__paged=True).exclude(pk=breach.pk)
    return list(rows.select_related("run", "batch").order_by("-opened_at")[:50])


def _changeover(breach: Breach) -> str | None:
    """Another version that was reported in the same slot within a day before the data's end."""
    if breach.batch is None:
        return None
    deployment, end = breach.monitor.deployment, breach.batch.period_end
    report = (
        DeploymentReport.objects.filter(
            slot=deployment.slot_id, reported_at__lte=end, reported_at__gte=end - CHANGEOVER
        )
        .exclude(version=deployment.version_id)
        .exclude(version=None)
        .select_related("version__model")
        .first()
    )
    return str(report.version) if report is not None else None


def _told_of_baseline(breach: Breach, same: Sequence[Breach]) -> Breach | None:
    """An earlier told breach of the same baseline's distance, if that is all that is missed: it can't change by itself."""
    if breach.run is None or breach.run.outcome is None:
        return None
    if any(one["metric"] != "baseline_shift" for one in breach.summary["failed"]):
        return None
    learnt = breach.run.outcome["inputs"].get("baseline")
    return next(
        (
            other
            for other in same
            if other.run
            and other.run.outcome
            and other.run.outcome["inputs"].get("baseline") == learnt
            and _names(breach) <= _names(other)
        ),
        None,
    )


def _soon_after(closed: Breach, breach: Breach) -> bool:
    plan = plan_of(breach.monitor)
    quiet = dt.timedelta(days=plan.quiet_days if plan is not None else QUIET_DAYS)
    if closed.batch is None or breach.batch is None:
        return False
    # What joined it while it was open went on being that breach; what was kept quiet since doesn't prolong the quiet.
    ends = Breach.objects.filter(
        paging__joins=closed, paging__rule="already-open", batch__isnull=False
    ).values_list("batch__period_end", flat=True)
    return breach.batch.period_start - max([closed.batch.period_end, *ends]) < quiet


def _is_data(breach: Breach) -> bool:
    return breach.run is None or CATALOGUE[breach.run.check_name].kind == "data"


def _is_drift(breach: Breach) -> bool:
    return breach.run is not None and CATALOGUE[breach.run.check_name].kind == "drift"


def _names(breach: Breach) -> frozenset[str]:
    """What failed, as far as the summary lists it."""
    return frozenset(
        f"{one['metric']} {sorted(one['slice'].items())}" for one in breach.summary.get("failed", ())
    )


def _name(breach: Breach) -> str:
    what = CATALOGUE[breach.run.check_name].title if breach.run is not None else "The missing feed"
    return f"{what} of {breach.batch.label}" if breach.batch is not None else what


def _alert(actor: Actor, breach: Breach) -> None:
    alert = Alert()
    monitor: Monitor = breach.monitor
    text = f"{monitor.deployment}: {breach.summary['text']}"
    records.write(
        actor=actor,
        event=events.ALERT_RAISED,
        row=alert,
        set={
            "breach": breach,
            "severity": SEVERITY[breach.run.verdict] if breach.run is not None else "medium",
            "text": text,
            "state": ALERT.initial.name,
            "raised_at": clock.now(),
        },
    )
    notify(
        recipients=[monitor.deployment.version.model.system.owner], text=text, url=f"/breaches/{breach.pk}/"
    )
