"""What a person may do about validations, as acts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.forms import Form
from django.urls import reverse

from governance import forms
from governance.challenge import VALIDATION
from governance.models import Finding, Validation
from governance.selectors.validations import eligible, validation_by_id
from governance.services import validations as services
from governance.views.act import Act
from governance.views.acts_findings import OPENED, offer_owners, open_on
from ledger.actors import Actor
from registry.models import Version


def page(row: Any) -> str:
    """The page of the validation."""
    return reverse("governance:validation", args=[row.pk])


def _offer_validators(form: Form, row: Validation) -> None:
    people = [
        (user.pseudonym, user.name) for user in eligible(row.version) if user.pseudonym != row.validator
    ]
    form.fields["validator"].choices = people  # type: ignore[attr-defined]


def _reassign(*, actor: Actor, validation_id: UUID, **said: Any) -> None:
    services.validations_reassign(actor=actor, validation_ids=[validation_id], **said)


def _draft(*, actor: Actor, validation_id: UUID, report: UploadedFile[Any], **said: Any) -> None:
    # One byte more than allowed is enough to refuse it.
    data = report.read(services.LARGEST_REPORT + 1)
    services.validation_draft(
        actor=actor, validation_id=validation_id, report=data, report_name=report.name or "", **said
    )


def _find(*, actor: Actor, validation_id: UUID, **said: Any) -> Finding:
    version_id = validation_by_id(validation_id).version_id
    return open_on(actor=actor, version_id=version_id, validation_id=validation_id, **said)


def _move(run: Any, move: str, form: type[Form] = forms.NoForm, **more: Any) -> Act:
    return Act(Validation, run, "validation_id", form, VALIDATION, move, page=page, **more)


MOVES: Mapping[str, Act] = {
    "validation-assign": _move(
        services.validation_assign, "assign", forms.AssignForm, prepare=_offer_validators
    ),
    "validation-begin": _move(services.validation_begin, "begin"),
    "validation-draft": _move(_draft, "draft", forms.DraftForm),
    "validation-ask-response": _move(services.validation_ask_response, "ask-response"),
    "validation-rework": _move(services.validation_rework, "rework"),
    "validation-issue": _move(services.validation_issue, "issue"),
    "validation-reassign": _move(_reassign, "reassign", forms.ReassignForm, prepare=_offer_validators),
    "validation-cancel": _move(services.validation_cancel, "cancel", forms.ReasonForm),
}
"""Every move of the table that a person makes, by the address of its page."""

ACTS: Mapping[str, Act] = {
    **MOVES,
    "plan-validation": Act(
        Version,
        services.validation_plan,
        "version_id",
        forms.PlanValidationForm,
        title="Plan a validation",
        consequence="It waits for a validator, who is assigned next.",
    ),
    "validation-respond": Act(
        Validation,
        services.validation_respond,
        "validation_id",
        forms.TextForm,
        title="Respond to the draft report",
        consequence="Your words are printed with the report.",
        page=page,
    ),
    "validation-finding": Act(
        Validation,
        _find,
        "validation_id",
        forms.FindingForm,
        title="Open a finding of this validation",
        consequence=OPENED,
        page=page,
        prepare=offer_owners,
    ),
}
