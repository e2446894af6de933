"""Governance's sleepers: sign what became provable, keep warrants' calendar, and pick up what a crash left due."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from governance.services.dry_runs import DRY_RUN_TASK, dry_runs_forget, dry_runs_go_on
from governance.services.dry_runs import WORKER as DRY_RUNS
from governance.services.emergencies import CLOCK, emergencies_sweep
from governance.services.endings import lapses_record
from governance.services.escalations import deadlines_sweep
from governance.services.findings import findings_lapse
from governance.services.recertifications import renewals_ask
from governance.services.reports import reports_make
from governance.services.signals import openings_forget
from governance.services.status_lists import status_publish
from governance.services.warrant_notices import notices_send
from governance.services.warrants import issue_due
from ledger.actors import Actor


@shared_task(name="governance.issue")
def issue() -> None:
    """Sign granted warrants whose grant is in the published log."""
    issue_due(actor=Actor.system("warrant-issuer"))


@shared_task(name="governance.report")
def report() -> None:
    """Make the reports that are due."""
    reports_make(actor=Actor.system("report-renderer"))


@shared_task(name=DRY_RUN_TASK)
def dry_run() -> None:
    """One part of a dry run that somebody asked for. What it leaves wakes the next, after whatever else waits."""
    dry_runs_go_on(actor=Actor.system(DRY_RUNS))


@shared_task(name="governance.status")
def status() -> None:
    """Sign a status list if one is due; in a process that holds the keys."""
    if settings.LEDGER_HOLDS_KEYS:
        status_publish(actor=Actor.system("warrant-issuer"))


@shared_task(name="governance.keep")
def keep() -> None:
    """Record what fell by the calendar, tell people what ends, and ask for renewals."""
    sweep_actor = Actor.system("expiry-sweep")
    lapses_record(actor=sweep_actor)
    notices_send(actor=sweep_actor)
    renewals_ask(actor=sweep_actor)


@shared_task(name="governance.sweep")
def sweep() -> None:
    """The same, by the clock: a lost message costs seconds, never a warrant. And what the clock alone decides."""
    issue_due(actor=Actor.system("warrant-issuer"))
    emergencies_sweep(actor=CLOCK)
    findings_lapse(actor=Actor.system("expiry-sweep"))
    report()
    status()
    dry_run()


@shared_task(name="governance.deadlines")
def deadlines() -> None:
    """Remind of decisions that are due, escalate late ones, and forget who opened which evidence, and what was asked for
    in dry runs, long ago."""
    actor = Actor.system("desk-sweep")
    deadlines_sweep(actor=actor)
    openings_forget(actor=actor)
    dry_runs_forget(actor=Actor.system(DRY_RUNS))
