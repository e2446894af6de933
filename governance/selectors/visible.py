"""Governance's rows by id, and those an actor may see."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from governance.models import Policy, Report, RetrainingRequest, Waiver, Warrant
from ledger.actors import Actor
from ledger.errors import NotThere
from people import access
from people.catalogue import P

Row = TypeVar("Row", bound=Model)

_WARRANTS = Warrant.objects.select_related("version__model__system", "slot", "deployment")
_REPORTS = Report.objects.select_related("version__model__system")
_WAIVERS = Waiver.objects.select_related("version__model__system")
_RETRAINING = RetrainingRequest.objects.select_related("version__model__system", "breach")


def warrant_by_id(warrant_id: UUID) -> Warrant:
    """Raises NotThere."""
    return one(_WARRANTS, warrant_id)


def warrants_visible(actor: Actor) -> QuerySet[Warrant]:
    return access.visible(actor, P.WARRANT_VIEW, _WARRANTS.all())


def report_by_id(report_id: UUID) -> Report:
    """Raises NotThere."""
    return one(_REPORTS, report_id)


def reports_visible(actor: Actor) -> QuerySet[Report]:
    return access.visible(actor, P.REPORT_VIEW, _REPORTS.all())


def waivers_visible(actor: Actor) -> QuerySet[Waiver]:
    return access.visible(actor, P.VERSION_VIEW, _WAIVERS.all())


def retraining_visible(actor: Actor) -> QuerySet[RetrainingRequest]:
    return access.visible(actor, P.VERSION_VIEW, _RETRAINING.all())


def policy_by_id(policy_id: UUID) -> Policy:
    """Policies are the organisation's law: everybody who may sign in may read them. Raises NotThere."""
    return one(Policy.objects.all(), policy_id)


def one(rows: QuerySet[Row], row_id: UUID) -> Row:
    """The row of this id. Raises NotThere."""
    row = rows.filter(pk=row_id).first()
    if row is None:
        raise NotThere
    return row
