"""What stands on a version's page beside what every version has: one panel a topic, each with a template of its own.

A panel is left out where there is nothing to show. The table is the order of the page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import QuerySet

from governance.models import RetrainingCandidate
from governance.selectors.emergencies import emergencies_of
from governance.selectors.ground import which
from governance.views.challenge_panels import comments_panel, findings_panel, validations_panel
from governance.views.lifecycle_panels import (
    emergency_panel,
    retraining_panel,
    wide_waiver_panel,
)
from governance.views.panel import Panel
from governance.views.policy_panels import policy_panel, readiness_panel
from governance.views.warrant_panels import conditions_panel, renewals_panel
from people.access import Reach
from registry.models import Version

Build = Callable[[Version, Reach], Panel | None]

OPTIONAL: Mapping[Build, Callable[[Version], QuerySet[Any]]] = {
    emergency_panel: emergencies_of,
    renewals_panel: lambda version: version.recertifications.all(),
    retraining_panel: lambda version: RetrainingCandidate.objects.filter(version=version),
}
"""Panels that say nothing where there is none of these, which most versions have none of: asked for all at once."""

PANELS: tuple[Build, ...] = (
    emergency_panel,
    policy_panel,
    findings_panel,
    validations_panel,
    readiness_panel,
    conditions_panel,
    wide_waiver_panel,
    renewals_panel,
    retraining_panel,
    comments_panel,
)


def panels(version: Version, reached: Reach) -> list[Panel]:
    """The panels of `version` for somebody of this reach."""
    there = which(version, {build.__name__: rows(version) for build, rows in OPTIONAL.items()})
    wanted = (build for build in PANELS if build not in OPTIONAL or build.__name__ in there)
    return [panel for build in wanted if (panel := build(version, reached)) is not None]
