"""Baselines: asked for by the first days or by a person, learnt by a worker, numbered; the newest one counts.

A baseline never adapts by itself: what creeps would be learnt as normal. The first one is learnt from the first days; each
later one needs a person with a reason, and its distance from the approved reference stays visible.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.utils.module_loading import import_string

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from ledger.services.wakes import wake_after_commit
from monitoring import events
from monitoring.machines import BASELINE
from monitoring.models import Baseline, Batch, Monitor
from monitoring.services.histories import date_of
from monitoring.services.runs import LEARN_TASK, kinds_of, labels_are_late, plan_of
from monitoring.services.shelves import SystemShelf
from monitoring.sources import DatasetSource, counting_key
from people import access
from people.catalogue import P
from people.services.moves import move_row
from registry.services.blobs import blob_of_bytes

CHECK = "drift-over-time"
_ADDED = "monitoring.statistics.profiles.added"
_DAY = "monitoring.statistics.baselines.Day"
_LEARN = "monitoring.statistics.baselines.learn"
_LEAST = "monitoring.statistics.baselines.LEAST_DAYS"
_FREQUENT = "monitoring.statistics.watching.DEFAULTS"


@governed
def baseline_begin(*, actor: Actor, monitor_id: UUID) -> Baseline | None:
    """Ask for the first baseline once the plan's days are there; None if it isn't time. Safe to repeat."""
    monitor = _locked(monitor_id)
    access.require(actor, P.RUN_EXECUTE, monitor)
    plan = plan_of(monitor)
    if plan is None or monitor.baselines.exists() or CHECK not in [item["check"] for item in monitor.checks]:
        return None
    dates = sorted({date_of(batch) for batch in _checked(monitor)})
    if len(dates) < plan.baseline_days:
        return None
    wanted = dates[: plan.baseline_days]
    return _ask(actor, monitor, wanted[0], wanted[-1], "The first days since the model runs.")


@governed
def baseline_ask(
    *, actor: Actor, monitor_id: UUID, first_day: dt.date, last_day: dt.date, reason: str
) -> Baseline:
    """Have a new baseline learnt from the days between two dates, by a person who says why. Raises Invalid, Conflict."""
    monitor = _locked(monitor_id)
    access.require(actor, P.MONITOR_EDIT, monitor)
    if not reason.strip():
        raise Invalid(
            "Say why these days are what is normal now; it is kept with the baseline.", field="reason"
        )
    if not first_day <= last_day:
        raise Invalid("The last day comes before the first.", field="last_day")
    there = len({date_of(batch) for batch in _checked(monitor) if first_day <= date_of(batch) <= last_day})
    least = import_string(_LEAST)
    if there < least:
        raise Invalid(f"Data of {there} days are there; a baseline needs {least}.", field="first_day")
    if monitor.baselines.filter(state="due").exists():
        raise Conflict("A baseline is being learnt already.")
    return _ask(actor, monitor, first_day, last_day, reason.strip())


@governed
def baseline_settle(
    *, actor: Actor, baseline_id: UUID, text: str | None, days: int, why: str = ""
) -> Baseline:
    """Record what was learnt, or that it could not be. Safe to repeat: what has ended stays as it is."""
    baseline = Baseline.objects.select_for_update().filter(pk=baseline_id).first()
    if baseline is None:
        raise NotThere()
    if baseline.state != "due":
        return baseline
    found: dict[str, Any] = {"days": days, "learnt_at": clock.now()}
    if text is not None:
        found["blob"] = blob_of_bytes(text.encode(), "baseline.json")
    move_row(
        actor=actor,
        row=baseline,
        machine=BASELINE,
        move="learn" if text is not None else "fail",
        event=events.BASELINE_MOVED,
        set=found,
        data={"why": why},
    )
    return baseline


def learn_due(*, actor: Actor) -> int:
    """Learn every baseline that is due; returns how many."""
    due = Baseline.objects.filter(state="due").select_related(
        "monitor__reference", "monitor__deployment__version__model"
    )
    rows = list(due[:20])
    for row in rows:
        days, text, why = _learnt(row)
        baseline_settle(actor=actor, baseline_id=row.pk, text=text, days=days, why=why)
    return len(rows)


def _learnt(row: Baseline) -> tuple[int, str | None, str]:
    """How many days there were, what they show as text, or why they show nothing."""
    monitor = row.monitor
    shelf = SystemShelf(monitor.deployment.version.model.system_id)
    described, late = monitor.reference, labels_are_late(monitor)
    reference = shelf.kept(counting_key(DatasetSource.named(described.digest, kinds_of(described)), ""))
    if reference is None:
        return 0, None, "the reference's counts are not stored."
    types, edges = kinds_of(described, late=late), reference.digest
    by_date: dict[dt.date, list[Any]] = {}
    for batch in _checked(monitor):
        if row.first_day <= date_of(batch) <= row.last_day:
            key = counting_key(DatasetSource.named(batch.blob_id, types), edges)
            if (profile := shelf.kept(key)) is not None:
                by_date.setdefault(date_of(batch), []).append(profile)
    day, add = import_string(_DAY), import_string(_ADDED)
    days = [day(date, add(profiles)) for date, profiles in by_date.items()]
    try:
        found = import_string(_LEARN)(
            days, reference, frequent=import_string(_FREQUENT)["frequent_categories"]
        )
    except ValueError as error:
        return len(days), None, f"{error}."
    return len(days), found.json(), ""


def _ask(actor: Actor, monitor: Monitor, first: dt.date, last: dt.date, reason: str) -> Baseline:
    baseline = Baseline()
    records.write(
        actor=actor,
        event=events.BASELINE_ASKED,
        row=baseline,
        set={
            "monitor": monitor,
            "number": monitor.baselines.count() + 1,
            "first_day": first,
            "last_day": last,
            "asked_by": actor.id,
            "asked_at": clock.now(),
            "reason": reason,
            "state": BASELINE.initial.name,
        },
    )
    wake_after_commit(LEARN_TASK)
    return baseline


def _locked(monitor_id: UUID) -> Monitor:
    monitor = Monitor.objects.select_for_update().filter(pk=monitor_id).first()
    if monitor is None:
        raise NotThere()
    return monitor


def _checked(monitor: Monitor) -> Iterable[Batch]:
    return Batch.objects.filter(deployment=monitor.deployment_id, state="checked").order_by("period_start")
