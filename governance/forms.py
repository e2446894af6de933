"""What people fill in to act. Forms check shapes; services check what is true."""

from __future__ import annotations

from typing import Any

from django import forms

from people.catalogue import ROLES


class NoForm(forms.Form):
    """An act that needs no words: one button."""


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label="Why",
        help_text="Kept with the record and shown to whoever may see it.",
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class NoteForm(forms.Form):
    note = forms.CharField(
        label="What was found and done",
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class BaselineForm(ReasonForm):
    first_day = forms.DateField(label="First day", widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(label="Last day", widget=forms.DateInput(attrs={"type": "date"}))
    field_order = ["first_day", "last_day", "reason"]


class RetrainingForm(NoteForm):
    approve = forms.TypedChoiceField(
        label="Decision",
        choices=[("yes", "Approve retraining"), ("no", "Refuse")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    field_order = ["approve", "note"]


class SlotForm(forms.Form):
    environment = forms.CharField(label="Environment", max_length=40, help_text="For example production.")
    region = forms.CharField(label="Region", max_length=40)
    arm = forms.CharField(label="Arm", max_length=40, initial="main")


def _until(label: str, **kwargs: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, widget=widget, **kwargs)


class AcceptanceForm(forms.Form):
    requirement = forms.CharField(label="Requirement", help_text="Its name in the policy.", max_length=120)
    limitation = forms.CharField(
        label="Limitation",
        help_text="What can't be told, and for whom. Printed wherever this acceptance is used.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    compensating_test = forms.CharField(label="Compensating test", widget=forms.Textarea(attrs={"rows": 3}))
    review_by = _until("Review by (UTC)")


class WaiverForm(forms.Form):
    requirement = forms.CharField(label="Requirement", help_text="Its name in the policy.", max_length=120)
    reason = forms.CharField(label="Why", widget=forms.Textarea(attrs={"rows": 3}))
    compensating_control = forms.CharField(
        label="Compensating control", widget=forms.Textarea(attrs={"rows": 3})
    )
    ends = _until("Ends (UTC)")


class PlanForm(forms.Form):
    requirement = forms.CharField(label="Requirement", help_text="Its name in the policy.", max_length=120)
    bound = forms.CharField(label="Bound", help_text="As strict as the policy's or stricter.", max_length=40)
    why = forms.CharField(label="Why", max_length=10_000, widget=forms.Textarea(attrs={"rows": 3}))


class ReportForm(forms.Form):
    kind = forms.ChoiceField(
        label="Report", choices=[("scorecard", "Scorecard"), ("audit", "Evidence report")]
    )


class DecisionForm(forms.Form):
    """A decision on what was shown. `shown` is the digest of the set; the set itself stays in the session."""

    outcome = forms.ChoiceField(
        label="Your decision",
        choices=[("approve", "Approve"), ("request-changes", "Request changes"), ("reject", "Reject")],
        widget=forms.RadioSelect,
    )
    seat = forms.ChoiceField(label="As", help_text="The role in which you decide. One person fills one seat.")
    reason = forms.CharField(
        label="Reason",
        help_text="Kept with the decision; reports print it.",
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    shown = forms.CharField(widget=forms.HiddenInput, max_length=80)

    def __init__(self, *args: Any, seats: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seat"].choices = [(seat, ROLES[seat].title) for seat in seats]  # type: ignore[attr-defined]
