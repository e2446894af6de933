"""What the registry says to the apps above, inside the transaction of the change.

A receiver that raises undoes the change: what it does belongs to it.
"""

from __future__ import annotations

from django.dispatch import Signal

deployment_reporting = Signal()
"""Asked before a report is written: does a warrant allow this? Keyword arguments: `slot` (Slot), `digest`
(hex), `version` (Version or None), `deployment` (Deployment or None), `reported_state` (str).

A receiver answers with a list of reasons against (`{"gate", "code", "text"}`), empty if the warrant is
active, or None if it has nothing to say. If nobody answers, nothing is known to allow it, and the report is
unexpected."""

deployment_reported = Signal()
"""A report was written. Keyword arguments: `actor` (Actor), `report` (DeploymentReport)."""

bodies_asked = Signal()
"""Asked before the bodies of a retired system are deleted: which others does it have? Keyword argument: `system`
(System). A receiver answers with a list of digests (hex)."""

integrity_failed = Signal()
"""Stored files of a version aren't what was attached. Keyword arguments: `actor` (Actor), `version`
(Version), `faults` (list of (path, sentence))."""

inventory_due_asked = Signal()
"""Asked when models that already run are taken in: how many days may a model of this tier go on without a warrant?
Keyword argument: `tier` (str). A receiver answers with a number of days, or None where it has nothing to say; the
shortest answer counts, and `registry.due` where there is none."""
