"""What was measured, and what is watched."""

from __future__ import annotations

from monitoring.models.measured import Alert, Batch, Breach, Incident, Monitor, Run
from monitoring.models.queues import Part
from monitoring.models.watched import Baseline, LabelSet, MissedSlot, Paging, Plan, StoredProfile

__all__ = [
    "Alert",
    "Baseline",
    "Batch",
    "Breach",
    "Incident",
    "LabelSet",
    "MissedSlot",
    "Monitor",
    "Paging",
    "Part",
    "Plan",
    "Run",
    "StoredProfile",
]
