"""Panels on a version's page: emergencies, waivers beyond the version, retraining, and what rests on it at its end."""

from __future__ import annotations

from governance.gates import material
from governance.models import Disposal, RetrainingCandidate, RetrainingPath, WaiverRenewal
from governance.selectors.dependants import dependants
from governance.selectors.emergencies import counted, emergencies_of, status_at
from governance.selectors.ground import ground_of
from governance.views.panel import Panel
from ledger import clock
from people.access import Reach
from people.catalogue import P
from registry.models import Version

RETIRABLE = ("approved", "restricted", "suspended", "retired", "in-use-not-warranted")


def emergency_panel(version: Version, reached: Reach) -> Panel | None:
    """Every emergency of the version, whatever became of it."""
    rows = list(emergencies_of(version)[:100])
    if not rows:
        return None
    now = clock.now()
    data = {"rows": [(row, status_at(row, now)) for row in rows], "counted": counted(version.model_id)}
    people = frozenset({row.requested_by for row in rows} | {row.agreed_by for row in rows})
    return Panel("Emergencies", "governance/emergency_panel.html", data, people)


def wide_waiver_panel(version: Version, reached: Reach) -> Panel | None:
    """Waivers of the model that reach this version."""
    rows = ground_of(version).wide_waivers[:200]
    if not rows or not reached.allows(P.SYSTEM_VIEW, version.model):
        return None
    renewals = {item.wide_id: item for item in WaiverRenewal.objects.filter(wide__in=rows)}
    data = {"rows": [(row, renewals.get(row.pk)) for row in rows]}
    return Panel("Waivers beyond this version", "governance/wide_waiver_panel.html", data)


def retraining_panel(version: Version, reached: Reach) -> Panel | None:
    """The request that a retrained version answers, and every path that was proposed for it."""
    candidate = RetrainingCandidate.objects.filter(version=version).select_related("request").first()
    if candidate is None:
        return None
    paths = list(RetrainingPath.objects.filter(version=version).select_related("before__model__system")[:20])
    data = {"candidate": candidate, "paths": paths, "now": material.path_of(version)}
    return Panel("Retraining", "governance/retraining_panel.html", data, frozenset({candidate.named_by}))


def retirement_panel(version: Version, reached: Reach) -> Panel | None:
    """What rests on the version, and what became of its data."""
    if version.state not in RETIRABLE:
        return None
    disposals = list(Disposal.objects.filter(version=version)[:100])
    data = {"dependants": dependants(version), "disposals": disposals, "retired": version.state == "retired"}
    people = frozenset(row.attested_by for row in disposals)
    return Panel("Before it is taken out of use", "governance/retirement_panel.html", data, people)
