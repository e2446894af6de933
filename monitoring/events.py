"""What can happen in monitoring, as entries of the ledger. Names and fields of a released event never change."""

from __future__ import annotations

from ledger.catalogue import Event, register

_MOVE = ("move", "from", "to")

RUN_REQUESTED = Event("monitoring.run.requested", "Check requested", data=("inputs",))
RUN_MOVED = Event("monitoring.run.moved", "Check finished", data=(*_MOVE, "attempts"))

MONITOR_SET = Event("monitoring.monitor.set", "Monitor set up")
MONITOR_MOVED = Event("monitoring.monitor.moved", "Monitor moved", data=_MOVE)

BATCH_RECEIVED = Event("monitoring.batch.received", "Batch received")
BATCH_MOVED = Event("monitoring.batch.moved", "Batch moved", data=_MOVE)

BREACH_OPENED = Event("monitoring.breach.opened", "Breach opened")
BREACH_MOVED = Event("monitoring.breach.moved", "Breach moved", data=_MOVE)

PLAN_SET = Event("monitoring.plan.set", "Monitoring planned")
BASELINE_ASKED = Event("monitoring.baseline.asked", "Baseline asked for")
BASELINE_MOVED = Event("monitoring.baseline.moved", "Baseline moved", data=(*_MOVE, "why"))
SLOT_MISSED = Event("monitoring.slot.missed", "No data came in time")
PAGING_DECIDED = Event("monitoring.paging.decided", "Decided whether people are told")
LABELS_RECEIVED = Event("monitoring.labels.received", "Labels received")
PROFILE_STORED = Event("monitoring.profile.stored", "Counts stored")

ALERT_RAISED = Event("monitoring.alert.raised", "Alert raised")
ALERT_MOVED = Event("monitoring.alert.moved", "Alert moved", data=_MOVE)

INCIDENT_OPENED = Event("monitoring.incident.opened", "Incident opened")
INCIDENT_MOVED = Event("monitoring.incident.moved", "Incident moved", data=_MOVE)

register(
    RUN_REQUESTED,
    RUN_MOVED,
    MONITOR_SET,
    MONITOR_MOVED,
    BATCH_RECEIVED,
    BATCH_MOVED,
    BREACH_OPENED,
    BREACH_MOVED,
    PLAN_SET,
    BASELINE_ASKED,
    BASELINE_MOVED,
    SLOT_MISSED,
    PAGING_DECIDED,
    LABELS_RECEIVED,
    PROFILE_STORED,
    ALERT_RAISED,
    ALERT_MOVED,
    INCIDENT_OPENED,
    INCIDENT_MOVED,
)
