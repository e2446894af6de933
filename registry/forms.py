"""What people fill in to describe the inventory. Forms check shapes; services check what is true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from registry import questionnaire
from registry.models import CustomField, DependencyKind, FieldKind, FieldOf, RiskTier, SeenBy
from registry.selectors.fields import Filled

ANSWER = "answer-"
VALUE = "value-"
COLUMN = "column-"


class ModelDecisionForm(forms.Form):
    """Whether it is a model at all, the questionnaire, and the tier."""

    is_model = forms.TypedChoiceField(
        label="Is it a model?",
        help_text="A model turns input into an estimate, a score, a class or a text by a method that was fitted or assumed. "
        "What is none stays in the inventory as such.",
        choices=[("yes", "Yes"), ("no", "No")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    why = forms.CharField(label="Why", max_length=10_000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for question in questionnaire.QUESTIONS:
            self.fields[f"{ANSWER}{question.name}"] = forms.ChoiceField(
                label=question.text,
                help_text=question.why,
                choices=[(choice.name, choice.title) for choice in question.choices],
                widget=forms.RadioSelect,
                required=False,
            )
        self.fields["tier"] = forms.ChoiceField(
            label="Tier, if another than the answers give",
            choices=[("", "As the answers give"), *RiskTier.choices],
            required=False,
        )
        self.fields["tier_reason"] = forms.CharField(
            label="Reason for another tier",
            help_text="Printed wherever the tier is shown.",
            max_length=10_000,
            widget=forms.Textarea(attrs={"rows": 3}),
            required=False,
        )

    def said(self) -> dict[str, Any]:
        """What was filled in, as the service takes it."""
        data = dict(self.cleaned_data)
        answers = {name.removeprefix(ANSWER): data.pop(name) for name in [*data] if name.startswith(ANSWER)}
        return {**data, "answers": {name: text for name, text in answers.items() if text}}


class UploadForm(forms.Form):
    file = forms.FileField(
        label="File",
        help_text="An Excel workbook (.xlsx, its first visible sheet) or CSV, at most 5 MiB, 2,000 rows and 60 columns, "
        "the names of the columns in the first row.",
    )


class MappingForm(forms.Form):
    """One choice for each column of the file."""

    def __init__(
        self,
        *args: Any,
        header: Iterable[str],
        targets: Mapping[str, str],
        mapping: Mapping[str, str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.header = list(header)
        for number, name in enumerate(self.header):
            self.fields[f"{COLUMN}{number}"] = forms.ChoiceField(
                label=name[:200],
                choices=[("", "Leave out"), *targets.items()],
                initial=mapping.get(name, ""),
                required=False,
            )

    def said(self) -> dict[str, str]:
        """Header -> target."""
        return {name: self.cleaned_data[f"{COLUMN}{number}"] for number, name in enumerate(self.header)}


class ConfirmForm(forms.Form):
    """Vouching for a dry run, bound to the digest of exactly what was shown."""

    vouch = forms.BooleanField(
        label="I vouch that these models are in use as the file says. None of them is approved by this."
    )
    shown = forms.CharField(widget=forms.HiddenInput, max_length=80)


class DependencyForm(forms.Form):
    """`models` are those to choose from, id -> title; None where there are too many to list."""

    kind = forms.ChoiceField(label="How it rests on another model", choices=DependencyKind.choices)

    def __init__(self, *args: Any, models: Mapping[str, str] | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        said: dict[str, Any] = {"label": "Which model"}
        if models is None:
            help_text = "Its id, from the address of its page."
            self.fields["upstream"] = forms.UUIDField(help_text=help_text, **said)
        else:
            self.fields["upstream"] = forms.ChoiceField(choices=list(models.items()), **said)


class FieldForm(forms.Form):
    about = forms.ChoiceField(label="Of", choices=FieldOf.choices)
    title = forms.CharField(label="Title", max_length=120)
    name = forms.SlugField(
        label="Name in files and the API",
        help_text="Lower-case letters, digits and hyphens. It is never used again, not even after the field is retired.",
        max_length=60,
    )
    kind = forms.ChoiceField(label="Kind", choices=FieldKind.choices)
    choices = forms.CharField(
        label="Choices", help_text="For one of a list: one choice on each line.", required=False,
        widget=forms.Textarea(attrs={"rows": 4}), max_length=20_000,
    )  # fmt: skip
    required = forms.BooleanField(label="Has to be filled in", required=False)
    seen_by = forms.ChoiceField(label="Seen by", choices=SeenBy.choices)

    def clean_choices(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["choices"].splitlines() if line.strip()]


class ValuesForm(forms.Form):
    """The organisation's own fields of one thing. What they may hold is checked by the service."""

    def __init__(self, *args: Any, filled: Iterable[Filled], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for item in filled:
            self.fields[f"{VALUE}{item.field.name}"] = _field_of(item.field, item.text)

    def said(self) -> dict[str, str]:
        """Name of a field -> what was filled in."""
        return {name.removeprefix(VALUE): text for name, text in self.cleaned_data.items()}


def _field_of(row: CustomField, text: str) -> forms.Field:
    said: dict[str, Any] = {"label": row.title, "initial": text, "required": row.required}
    if row.kind == FieldKind.CHOICE:
        blank = [] if row.required and text else [("", "Not said")]
        return forms.ChoiceField(choices=[*blank, *((choice, choice) for choice in row.choices)], **said)
    if row.kind == FieldKind.DATE:
        return forms.CharField(widget=forms.DateInput(attrs={"type": "date"}), **said)
    return forms.CharField(max_length=1000, **said)


class SubjectForm(forms.Form):
    """A version whose bytes aren't here: a container image, or what a vendor declares."""

    binding = forms.ChoiceField(
        label="What is it bound by?",
        choices=[
            ("declared", "A declaration: a vendor's model, an API, a spreadsheet"),
            ("container", "A container image"),
        ],
        widget=forms.RadioSelect,
    )
    label = forms.CharField(label="Label", max_length=60, required=False)
    image_digest = forms.CharField(
        label="Digest of the image",
        help_text="For an image: sha256: and 64 digits.",
        max_length=80,
        required=False,
    )
    vendor = forms.CharField(
        label="Vendor", help_text="For a declaration, as all that follows.", max_length=2000, required=False
    )
    name = forms.CharField(label="Name as the vendor calls it", max_length=2000, required=False)
    version = forms.CharField(label="Version as the vendor calls it", max_length=2000, required=False)
    contract = forms.CharField(label="Contract or terms", max_length=2000, required=False)
    probe_set_digest = forms.CharField(
        label="Digest of the probe set",
        help_text="SHA-256 of the inputs whose answers would show that the vendor changed it. Needed before it is submitted.",
        max_length=80,
        required=False,
    )

    def said(self) -> dict[str, Any]:
        """What was filled in, as the service takes it."""
        data = self.cleaned_data
        if data["binding"] == "container":
            return {"binding": "container", "label": data["label"], "image_digest": data["image_digest"]}
        members = ("vendor", "name", "version", "contract", "probe_set_digest")
        return {
            "binding": "declared",
            "label": data["label"],
            "declared": {name: data[name] for name in members},
        }
