"""Governance's sleepers: sign what became provable, and pick up what a crash left due."""

from __future__ import annotations

from celery import shared_task

from governance.services.reports import reports_make
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


@shared_task(name="governance.sweep")
def sweep() -> None:
    """The same, by the clock: a lost message costs seconds, never a warrant."""
    issue_due(actor=Actor.system("warrant-issuer"))
    report()
