"""What stands on a version's page beside what every version has: one panel a topic, each with a template of its own.

A panel is left out where there is nothing to show. The table is the order of the page.
"""

from __future__ import annotations

from collections.abc import Callable

from governance.views.challenge_panels import comments_panel, findings_panel, validations_panel
from governance.views.lifecycle_panels import (
    emergency_panel,
    retirement_panel,
    retraining_panel,
    wide_waiver_panel,
)
from governance.views.panel import Panel
from governance.views.policy_panels import policy_panel, readiness_panel
from governance.views.warrant_panels import conditions_panel, renewals_panel
from people.access import Reach
from registry.models import Version

Build = Callable[[Version, Reach], Panel | None]

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
    retirement_panel,
    comments_panel,
)


def panels(version: Version, reached: Reach) -> list[Panel]:
    """The panels of `version` for somebody of this reach."""
    return [panel for build in PANELS if (panel := build(version, reached)) is not None]
