"""Breaches and their alerts: one per run that failed on a batch, whoever finished it and however often."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from monitoring import events
from monitoring.machines import ALERT, BREACH
from monitoring.models import Alert, Breach, Monitor, Run
from people import access
from people.catalogue import P
from people.services.moves import move_row
from registry.selectors import versions

SEVERITY = {"fail": "high", "error": "medium"}


@governed
def breach_judge(*, actor: Actor, run_id: UUID) -> Breach | None:
    """Open a breach if an ended run on a batch failed or could not measure. Safe to repeat.

    Whether people are told is decided when all of the batch's runs have ended (`paging`).

    An inconclusive run opens nothing and says so in its own result; only `fail` and `error` are breaches.
    """
    run = Run.objects.select_related("batch").filter(pk=run_id).first()
    if run is None or run.batch is None:
        raise NotThere()
    versions.version_locked(run.version_id)
    access.require(actor, P.BREACH_OPEN, run)
    monitor = Monitor.objects.filter(deployment=run.batch.deployment_id).first()
    if monitor is None or run.verdict not in SEVERITY:
        return None
    known = Breach.objects.filter(run=run).first()
    if known:
        return known
    breach = Breach()
    records.write(
        actor=actor,
        event=events.BREACH_OPENED,
        row=breach,
        set={
            "monitor": monitor,
            "batch": run.batch,
            "run": run,
            "response": monitor.response,
            "summary": summary_of(run),
            "state": BREACH.initial.name,
            "opened_at": clock.now(),
        },
    )
    return breach


@governed
def breach_close(*, actor: Actor, breach_id: UUID, note: str) -> Breach:
    """Close a breach with what was found."""
    breach = Breach.objects.select_for_update().filter(pk=breach_id).first()
    if breach is None:
        raise NotThere()
    if not note.strip():
        raise Invalid("Say what was found; it is kept with the breach.", field="note")
    move_row(
        actor=actor,
        row=breach,
        machine=BREACH,
        move="close",
        event=events.BREACH_MOVED,
        set={"closed_at": clock.now(), "closed_by": actor.id, "closing_note": note.strip()},
    )
    return breach


@governed
def alert_acknowledge(*, actor: Actor, alert_id: UUID) -> Alert:
    """Take note of an alert; the breach stays open."""
    alert = Alert.objects.select_for_update().filter(pk=alert_id).first()
    if alert is None:
        raise NotThere()
    move_row(
        actor=actor,
        row=alert,
        machine=ALERT,
        move="acknowledge",
        event=events.ALERT_MOVED,
        set={"acknowledged_by": actor.id, "acknowledged_at": clock.now()},
    )
    return alert


def summary_of(run: Run) -> dict[str, Any]:
    """What failed, in words and as results; bounded, because drift may fail in thousands of columns."""
    if run.outcome is None:
        return {"text": f"{run.check_name} could not be measured: {run.error_text}", "failed": [], "count": 0}
    failed = [result for result in run.outcome["results"] if result["verdict"] == "fail"]
    names = [
        f"{result['metric']} {' '.join(map(str, result['slice'].values()))}".strip() for result in failed
    ]
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return {
        "text": f"{run.check_name}: {len(failed)} criteri{'on' if len(failed) == 1 else 'a'} not met ({shown})",
        "failed": [{key: result[key] for key in ("metric", "slice", "why")} for result in failed[:50]],
        "count": len(failed),
    }
