"""What people fill in to act. Forms check shapes; services check what is true."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms

from governance.models import Disposal
from governance.models.findings import Severity
from governance.models.validations import Rating
from governance.selectors.drills import OUTCOMES
from governance.services.conditions import LONGEST_TEXT, MOST, Asked
from people.catalogue import ROLES
from people.widgets import LongSelect, options_of


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
        label="Outcome",
        choices=[("approve", "Approve"), ("request-changes", "Request changes"), ("reject", "Reject")],
        widget=forms.RadioSelect,
    )
    seat = forms.ChoiceField(label="As", help_text="The role in which you decide. One person fills one seat.")
    reason = forms.CharField(
        label="Reason",
        help_text="Kept with the decision; reports print it. When you request changes, write one per line: the makers "
        "see them as a list, and so do you in the next round.",
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    shown = forms.CharField(widget=forms.HiddenInput, max_length=80)

    def __init__(self, *args: Any, seats: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seat"].choices = [(seat, ROLES[seat].title) for seat in seats]  # type: ignore[attr-defined]


def _day(label: str, **kwargs: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}), **kwargs)


class ConditionsForm(forms.Form):
    """What an approval is given under: up to five conditions, and a review afterwards where the policy lets a small team
    have one. A row is filled whole or not at all."""

    def __init__(
        self, *args: Any, people: list[tuple[str, str]], allowed: bool, afterwards: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.rows = range(1, MOST + 1) if allowed else range(0)
        choices = [("", "Nobody yet"), *people]
        unchosen = options_of(choices)
        for number in self.rows:
            self.fields[f"text_{number}"] = forms.CharField(
                label=f"Condition {number}", max_length=LONGEST_TEXT, required=False
            )
            self.fields[f"until_{number}"] = _day(f"Met by the end of (condition {number})", required=False)
            self.fields[f"responsible_{number}"] = forms.ChoiceField(
                label=f"Who sees to it (condition {number})",
                choices=choices,
                required=False,
                widget=LongSelect(unchosen),
            )
        if afterwards:
            self.fields["review_afterwards"] = forms.BooleanField(
                label="Independent review afterwards",
                help_text="Empty independent seats stop nothing now; the review becomes a condition with a deadline.",
                required=False,
            )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        for number in self.rows:
            row = [said.get(f"{name}_{number}") for name in ("text", "until", "responsible")]
            if any(row) and not all(row):
                self.add_error(
                    f"text_{number}", "Give the condition, its day and who sees to it, or none of them."
                )
        return said

    def asked(self) -> list[Asked]:
        """The filled rows."""
        said = self.cleaned_data
        return [
            Asked(said[f"text_{number}"], said[f"until_{number}"], said[f"responsible_{number}"])
            for number in self.rows
            if said[f"text_{number}"]
        ]


class EvidenceForm(forms.Form):
    evidence = forms.CharField(
        label="What shows that it is met",
        help_text="Kept with the condition.",
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    run_id = forms.UUIDField(
        label="Run, if one shows it", required=False, help_text="The id of a finished run."
    )


class DecisionNoteForm(forms.Form):
    note = forms.CharField(
        label="Reason",
        help_text="Kept with the decision.",
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class DrillPlanForm(forms.Form):
    day = _day("On which day")


class DrillForm(forms.Form):
    outcome = forms.ChoiceField(label="Outcome", choices=list(OUTCOMES.items()), widget=forms.RadioSelect)
    observation = forms.CharField(
        label="What was tried and seen", max_length=10_000, widget=forms.Textarea(attrs={"rows": 5})
    )


def _long(label: str, rows: int = 4, **kwargs: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, max_length=10_000, widget=widget, **kwargs)


class FindingWordsForm(forms.Form):
    """What every finding says."""

    title = forms.CharField(label="Title", max_length=200)
    description = _long(
        "What was found", 6, help_text="What is wrong, how it shows, and what would settle it."
    )
    severity = forms.ChoiceField(
        label="Severity",
        choices=Severity.choices,
        help_text="It decides what it stops and when it is due.",
        widget=forms.RadioSelect,  # none is chosen beforehand
    )


class FindingForm(FindingWordsForm):
    """`owner` gets its choices from what the finding is about."""

    owner = forms.ChoiceField(label="Who answers it", required=False)
    about = forms.ChoiceField(
        label="It is about",
        choices=[
            ("version", "This version"),
            ("model", "Every version of the model"),
            ("system", "The system"),
        ],
        widget=forms.RadioSelect,
        initial="version",
    )
    field_order = ["about", "title", "description", "severity", "owner"]


class SystemicForm(FindingWordsForm):
    models = forms.MultipleChoiceField(
        label="Models",
        widget=forms.CheckboxSelectMultiple,
        help_text="One finding for all of them. Who may see one of these models sees the finding, and not the others.",
    )
    owner = forms.CharField(
        label="Who answers it",
        required=False,
        max_length=254,
        help_text="E-mail address of somebody who may answer for one of the models; if empty, the owner of a system.",
    )
    field_order = ["models", "title", "description", "severity", "owner"]


class RiskForm(ReasonForm):
    until = _until("Accepted until (UTC)", help_text="Within twelve months. Then the finding is open again.")
    field_order = ["until", "reason"]


class SeverityForm(ReasonForm):
    severity = forms.ChoiceField(label="Severity", choices=Severity.choices, widget=forms.RadioSelect)
    field_order = ["severity", "reason"]


class SuccessorForm(ReasonForm):
    successor = forms.ChoiceField(label="Who judges the answers")
    field_order = ["successor", "reason"]


class ExtensionForm(ReasonForm):
    until = _until("New due date (UTC)")
    field_order = ["until", "reason"]


class ExtensionDecisionForm(NoteForm):
    grant = forms.TypedChoiceField(
        label="Decision",
        choices=[("yes", "Grant the extension"), ("no", "Refuse it")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    note = _long("Reason")
    field_order = ["grant", "note"]


class PlanValidationForm(forms.Form):
    scope = _long("Scope", help_text="What is validated, what is left out, and why.")
    due_at = _until("Due (UTC)", required=False, help_text="If empty, after the policy's days for a review.")


class AssignForm(forms.Form):
    validator = forms.ChoiceField(
        label="Validator", help_text="Whoever made the version or owns its system isn't offered."
    )
    reason = _long("Why", 3, required=False)


class ReassignForm(AssignForm):
    reason = _long("Why", 3)


class DraftForm(forms.Form):
    rating = forms.ChoiceField(label="Rating", choices=Rating.choices, widget=forms.RadioSelect)
    summary = _long("Conclusion", 5)
    limitations = _long("Limitations", help_text="What the validation can't tell, and why.")
    report = forms.FileField(
        label="Report", help_text="PDF, DOCX, ODT, Markdown or text, at most 20 MiB. Stored under its digest."
    )


class TextForm(forms.Form):
    text = _long("Response", 6)


class CommentForm(forms.Form):
    text = forms.CharField(
        label="Comment",
        help_text="Plain text; everybody who may see this page can read it.",
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class BulkReassignForm(forms.Form):
    """Which validations go to whom; `confirmed` says that the preview was read."""

    validations = forms.TypedMultipleChoiceField(
        label="Validations", coerce=UUID, widget=forms.CheckboxSelectMultiple
    )
    validator = forms.ChoiceField(label="New validator")
    reason = _long("Why", 3)


class EmergencyForm(SlotForm):
    hours = forms.IntegerField(
        label="Hours", min_value=1, help_text="The clock ends it; nothing prolongs it."
    )
    reason = forms.CharField(
        label="What is the emergency",
        help_text="Shown for ever, wherever this emergency is listed.",
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class RollbackDrillPlanForm(forms.Form):
    planned_for = _until("Planned for (UTC)")


class RollbackDrillForm(forms.Form):
    outcome = forms.ChoiceField(
        label="Outcome", choices=[("worked", "It worked"), ("failed", "It failed")], widget=forms.RadioSelect
    )
    seconds = forms.IntegerField(label="Seconds it took", min_value=0)
    note = forms.CharField(
        label="What was tried and seen", max_length=10_000, widget=forms.Textarea(attrs={"rows": 4})
    )


class RenewalForm(WaiverForm):
    requirement = None  # type: ignore[assignment]


class WideWaiverForm(WaiverForm):
    versions = forms.CharField(
        label="Versions",
        required=False,
        max_length=400,
        help_text="Numbers, with commas. Empty: every version.",
    )
    slots = forms.CharField(
        label="Places",
        required=False,
        max_length=8_000,
        help_text="One a line, as environment/region/arm. Empty: every place.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    field_order = ["requirement", "versions", "slots"]

    def clean_versions(self) -> list[int]:
        given = [part.strip() for part in self.cleaned_data["versions"].split(",") if part.strip()]
        if not all(part.isdecimal() and len(part) < 9 for part in given):
            raise forms.ValidationError("Give numbers of versions, with commas between them.")
        return [int(part) for part in given]

    def clean_slots(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["slots"].splitlines() if line.strip()]


class CandidateForm(forms.Form):
    request_id = forms.UUIDField(
        label="Retraining request", help_text="Its id, from the page of the approved request."
    )


class DisposalForm(forms.Form):
    what = forms.CharField(label="Which data", max_length=300)
    how = forms.ChoiceField(
        label="What became of them", choices=Disposal.How.choices, widget=forms.RadioSelect
    )
    statement = forms.CharField(
        label="How it was done, and how you know", max_length=10_000, widget=forms.Textarea(attrs={"rows": 4})
    )
    document_digest = forms.CharField(
        label="SHA-256 of the document that shows it", required=False, max_length=64
    )
