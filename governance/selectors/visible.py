"""Governance's rows by id, and those an actor may see."""

from __future__ import annotations

import re
from typing import TypeVar
from uuid import UUID

from django.db.models import F, Model, QuerySet

from governance.models import Condition, Policy, Recertification, Report, RetrainingRequest, Waiver, Warrant
from governance.selectors.standing import STANDING, answering
from ledger import clock
from ledger.actors import Actor
from ledger.errors import NotThere
from people import access
from people.catalogue import P
from registry.selectors.lookup import one

Row = TypeVar("Row", bound=Model)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)

_WARRANTS = Warrant.objects.select_related("version__model__system", "slot", "deployment").prefetch_related(
    *STANDING
)
_RENEWALS = Recertification.objects.select_related(
    "version__model__system", "warrant__slot", "warrant__deployment", "granted"
)
_REPORTS = Report.objects.select_related("version__model__system")
_WAIVERS = Waiver.objects.select_related("version__model__system")
_RETRAINING = RetrainingRequest.objects.select_related("version__model__system", "breach")


def warrant_by_id(warrant_id: UUID) -> Warrant:
    """Raises NotThere."""
    return one(_WARRANTS, warrant_id)


def warrants_visible(actor: Actor) -> QuerySet[Warrant]:
    return access.visible(actor, P.WARRANT_VIEW, _WARRANTS.all())


def recertification_by_id(recertification_id: UUID) -> Recertification:
    """Raises NotThere."""
    return one(_RENEWALS, recertification_id)


def recertifications_visible(actor: Actor) -> QuerySet[Recertification]:
    return access.visible(actor, P.WARRANT_VIEW, _RENEWALS.all())


def conditions_mine(actor: Actor) -> QuerySet[Condition]:
    """Open conditions of approvals in force that the actor is responsible for, by deadline."""
    rows = Condition.objects.filter(
        responsible=actor.id,
        state="open",
        decision_round=F("version__decision_round"),
        version__state__in=("approved", "restricted"),
    )
    return rows.select_related("version__model__system").order_by("due_from")


def warrant_in_slot(actor: Actor, *, digest: str, environment: str, region: str, arm: str) -> Warrant:
    """The warrant that answers for a subject digest in a slot. Raises NotThere, also for one the actor may not see."""
    if not _DIGEST.fullmatch(digest) or not all(_WORD.fullmatch(part) for part in (environment, region, arm)):
        raise NotThere
    rows = warrants_visible(actor).filter(
        subject_digest=digest, slot__environment=environment, slot__region=region, slot__arm=arm
    )
    found = answering(rows, clock.now())
    if found is None:
        raise NotThere
    return found


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
    """For the services and commands: whoever it is shown to is asked for first. Raises NotThere."""
    return one(Policy.objects.all(), policy_id)


def reads_policies(actor: Actor) -> bool:
    """Policies are the organisation's law: a person who may sign in reads all of them, and a token that carries the right
    to read reports on anything, since what it builds is held to them. Every door asks this."""
    return actor.kind == "user" or access.reach(actor).anywhere(P.REPORT_VIEW)


def policies_visible(actor: Actor) -> QuerySet[Policy]:
    """All of them, or none."""
    return Policy.objects.all() if reads_policies(actor) else Policy.objects.none()
