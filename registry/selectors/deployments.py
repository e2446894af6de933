"""What was asked to run where, and what serving says."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from ledger.actors import Actor
from people import access
from people.catalogue import P
from registry.machines import DEPLOYMENT
from registry.models import Deployment, DeploymentReport
from registry.selectors.lookup import locked, one

_WITH_VERSION = Deployment.objects.select_related("version__model__system", "slot__model__system")
OPEN = tuple(state.name for state in DEPLOYMENT.states if state.kind != "final")


def deployment_by_id(deployment_id: UUID | str) -> Deployment:
    return one(_WITH_VERSION.all(), deployment_id)


def deployment_locked(deployment_id: UUID | str) -> Deployment:
    return locked(_WITH_VERSION.all(), deployment_id)


def deployments_visible(actor: Actor) -> QuerySet[Deployment]:
    return access.visible(actor, P.VERSION_VIEW, _WITH_VERSION.all())


def open_deployments(*, version_id: UUID | None = None, slot_id: UUID | None = None) -> QuerySet[Deployment]:
    """Deployments that aren't over, of a version, in a slot, or both."""
    rows = _WITH_VERSION.filter(state__in=OPEN)
    if version_id is not None:
        rows = rows.filter(version_id=version_id)
    if slot_id is not None:
        rows = rows.filter(slot_id=slot_id)
    return rows


def reports_visible(actor: Actor) -> QuerySet[DeploymentReport]:
    rows = DeploymentReport.objects.select_related("slot__model__system", "version", "deployment")
    return access.visible(actor, P.VERSION_VIEW, rows)
