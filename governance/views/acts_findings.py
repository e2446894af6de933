"""What a person may do about findings, as acts: the moves of their table, and what changes without a move."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.forms import Form
from django.urls import reverse

from governance import forms
from governance.challenge import FINDING
from governance.models import Decision, Finding, FindingExtension
from governance.selectors.finding_bars import barred
from governance.selectors.holders import holders_of
from governance.services import dissents, extensions
from governance.services import findings as services
from governance.views.act import Act
from ledger.actors import Actor
from people.catalogue import P
from registry.models import Version
from registry.selectors.versions import version_by_id

OPENED = (
    "Whoever answers it is told. While it is open, it stops what the policy lets its severity stop. Approvals given "
    "before no longer count."
)


def open_on(
    *, actor: Actor, version_id: UUID, about: str, validation_id: UUID | None = None, **said: Any
) -> Finding:
    """Open a finding on a version, its model or its system."""
    version = version_by_id(version_id)
    subjects = {
        "version": services.Subjects(versions=(version.pk,)),
        "model": services.Subjects(models=(version.model_id,)),
        "system": services.Subjects(systems=(version.model.system_id,)),
    }[about]
    return services.finding_open(actor=actor, about=subjects, validation_id=validation_id, **said)


def offer_owners(form: Form, row: Any) -> None:
    """Offer whoever may answer for `row`, the system's owner first."""
    version = row if isinstance(row, Version) else row.version
    people = [(user.pseudonym, user.name) for user in holders_of(P.FINDING_RESPOND, version)]
    form.fields["owner"].choices = people  # type: ignore[attr-defined]
    form.fields["owner"].initial = version.model.system.owner


def page(row: Any) -> str:
    """The page of the finding that a row is, or belongs to."""
    return reverse("governance:finding", args=[row.pk if isinstance(row, Finding) else row.finding_id])


def _offer_successors(form: Form, row: Finding) -> None:
    bars = barred(row)
    out = bars["contributor"] | bars["owner"] | bars["responder"]
    people = holders_of(P.FINDING_JUDGE, row).exclude(pseudonym__in=out)
    form.fields["successor"].choices = [(user.pseudonym, user.name) for user in people]  # type: ignore[attr-defined]


MOVES: Mapping[str, Act] = {
    f"finding-{move.name}": Act(
        Finding,
        partial(services.finding_move, move=move.name),
        "finding_id",
        forms.RiskForm if move.name == "accept-risk" else forms.ReasonForm,
        FINDING,
        move.name,
        page=page,
    )
    for move in FINDING.transitions
    if move.name != "lapse"
}
"""Every move of the table that a person makes, by the address of its page."""

ACTS: Mapping[str, Act] = {
    **MOVES,
    "open-finding": Act(
        Version, open_on, "version_id", forms.FindingForm, title="Open a finding", consequence=OPENED,
        prepare=offer_owners,
    ),
    "change-severity": Act(
        Finding, services.severity_change, "finding_id", forms.SeverityForm, title="Change the severity",
        consequence="The due date follows. The old severity stays in the history.", page=page,
    ),
    "name-successor": Act(
        Finding, services.successor_name, "finding_id", forms.SuccessorForm, title="Name who judges the answers",
        consequence="They may close it as its finder may.", page=page, prepare=_offer_successors,
    ),
    "request-extension": Act(
        Finding, extensions.extension_request, "finding_id", forms.ExtensionForm, title="Ask for more time",
        consequence="Somebody else decides. Every request is kept and counted.", page=page,
    ),
    "decide-extension": Act(
        FindingExtension, extensions.extension_decide, "extension_id", forms.ExtensionDecisionForm,
        title="Decide on the extension", page=page,
    ),
    "dissent": Act(
        Finding, dissents.finding_dissent, "finding_id", forms.ReasonForm, title="Record a dissent",
        consequence="It is printed with the finding and in reports for ever. It can't be taken back.", page=page,
    ),
    "dissent-decision": Act(
        Decision, dissents.decision_dissent, "decision_id", forms.ReasonForm, title="Record a dissent to a decision",
        consequence="It is printed with the decision for ever. Approvals given before no longer count while others are "
        "missing.",
    ),
}  # fmt: skip
