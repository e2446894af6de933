"""The form of one part of a policy, made from the fields that the schema names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from governance.policies.editing import CHOICES, Field, shown

Choices = Mapping[str, Iterable[tuple[str, str]]]
"""Table of a field -> value and title of each choice."""
YES_NO = [("yes", "Yes"), ("no", "No")]


class PartForm(forms.Form):
    """The fields of a part. `seen` names the part as it was shown."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=80, required=False)

    def __init__(self, *args: Any, fields: Iterable[Field], choices: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parts = tuple(fields)
        for field in self.parts:
            self.fields[field.name] = _form_field(field, choices)

    def clean(self) -> dict[str, Any]:
        """Values as the text takes them."""
        given = super().clean() or {}
        for field in self.parts:
            if field.name in given:
                try:
                    given[field.name] = _value(field, given[field.name])
                except ValidationError as error:
                    self.add_error(field.name, error)
        return given

    def values(self) -> dict[str, Any]:
        """Field name -> value, without what belongs to the form alone."""
        return {field.name: self.cleaned_data[field.name] for field in self.parts}


class TextForm(forms.Form):
    text = forms.CharField(
        label="Text",
        help_text="YAML. Paste it here, or choose a file.",
        required=False,
        max_length=128 * 1024,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 20, "spellcheck": "false"}),
    )
    file = forms.FileField(label="File", required=False, max_length=255)

    def clean(self) -> dict[str, Any]:
        """The text, whichever way it came."""
        given = super().clean() or {}
        file = given.get("file")
        if file is not None:
            try:
                given["text"] = file.read(128 * 1024 + 1).decode("utf-8")
            except UnicodeDecodeError:
                self.add_error("file", "This file isn't UTF-8 text.")
        given["text"] = given.get("text", "").replace("\r\n", "\n")
        if not given["text"].strip():
            self.add_error("text", "Paste a text or choose a file.")
        return given


class DocumentForm(forms.Form):
    kind = forms.RegexField(
        r"^[a-z][a-z0-9_-]{0,59}$",
        label="Kind",
        help_text="As the policy calls it, for example validation-report.",
        error_messages={"invalid": "A word of small letters and hyphens is expected."},
    )
    title = forms.CharField(label="Title", max_length=200)
    file = forms.FileField(label="File", max_length=255)
    attached_as = forms.ChoiceField(
        label="Attached as",
        help_text="A maker's document counts as taking part in the version; a validator's doesn't.",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, roles: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["attached_as"].choices = roles  # type: ignore[attr-defined]
        self.fields["attached_as"].initial = roles[0][0]


class ChecklistForm(forms.Form):
    """One answer and one note for each question of a move."""

    def __init__(self, *args: Any, questions: Iterable[tuple[str, str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = [question for question, _, _ in questions]
        for at, (question, answer, note) in enumerate(questions):
            self.fields[f"answer_{at}"] = forms.ChoiceField(
                label=question,
                choices=[("yes", "Yes"), ("no", "No"), ("not-applicable", "Not applicable")],
                widget=forms.RadioSelect,
                required=False,
                initial=answer,
            )
            self.fields[f"note_{at}"] = forms.CharField(
                label=f"Note on question {at + 1}",
                help_text="Needed with no and with not applicable.",
                required=False,
                max_length=10_000,
                initial=note,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    def clean(self) -> dict[str, Any]:
        """All answers or none: a missing note is met before anything is recorded."""
        given = super().clean() or {}
        for at in range(len(self.questions)):
            if (
                given.get(f"answer_{at}") in ("no", "not-applicable")
                and not given.get(f"note_{at}", "").strip()
            ):
                self.add_error(f"note_{at}", "Say why in a sentence: it is printed with the answer.")
        return given


def initial_of(fields: Iterable[Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """What a form shows first."""
    return {field.name: _initial(field, values.get(field.name)) for field in fields}


def _initial(field: Field, value: Any) -> Any:
    match field.kind:
        case "yes-no":
            return "yes" if value else "no"
        case "words":
            return ", ".join(value or ())
        case "lines":
            return "\n".join(value or ())
        case "slots":
            return "\n".join(
                " / ".join(slot[key] for key in ("environment", "region", "arm") if key in slot)
                for slot in value or ()
            )
        case "pairs":
            return "\n".join(f"{key} = {item}" for key, item in (value or {}).items())
    return shown(value)


def _form_field(field: Field, choices: Choices) -> forms.Field:
    said: dict[str, Any] = {"label": field.label, "help_text": field.hint, "required": field.required}
    match field.kind:
        case "whole":
            return forms.IntegerField(min_value=field.low, max_value=field.high, **said)
        case "decimal":
            return forms.CharField(max_length=40, **said)
        case "yes-no":
            return forms.ChoiceField(choices=YES_NO, widget=forms.RadioSelect, **{**said, "required": True})
        case "choice":
            known = _known(field, choices)
            return forms.ChoiceField(choices=known if field.required else [("", "None"), *known], **said)
        case "several":
            known = _known(field, choices)
            return forms.MultipleChoiceField(
                choices=known, widget=forms.CheckboxSelectMultiple, **{**said, "required": False}
            )
        case "lines" | "slots" | "pairs":
            return forms.CharField(widget=forms.Textarea(attrs={"rows": 5}), max_length=20_000, **said)
        case "passage":
            return forms.CharField(widget=forms.Textarea(attrs={"rows": 4}), max_length=2_000, **said)
    return forms.CharField(max_length=500, **said)


def _known(field: Field, choices: Choices) -> list[tuple[str, str]]:
    if field.table:
        return [*choices[field.table]]
    return [(item, CHOICES.get(item, item)) for item in field.choices]


def _value(field: Field, value: Any) -> Any:
    match field.kind:
        case "yes-no":
            return value == "yes"
        case "decimal":
            return _decimal(value)
        case "words":
            return _plain_words(value.replace("\n", ",").split(","))
        case "lines":
            return _plain_words(value.splitlines())
        case "slots":
            return [_slot(line) for line in value.splitlines() if line.strip()]
        case "pairs":
            return dict(_pair(line) for line in value.splitlines() if line.strip())
        case "line" | "passage":
            return _plain(" ".join(value.split()))
    return value


def _plain(text: str) -> str:
    if not text.isprintable():
        raise ValidationError("There is a character here that nobody could see.")
    return text


def _plain_words(items: Iterable[str]) -> list[str]:
    return [_plain(" ".join(item.split())) for item in items if item.strip()]


def _decimal(text: str) -> Any:
    if not text.strip():
        return None
    try:
        number = Decimal(text.strip())
    except ArithmeticError as error:
        raise ValidationError("A number is expected, like 0.80.") from error
    if not number.is_finite() or abs(number) > 10**15 or len(format(number, "f")) > 40:
        raise ValidationError("This number is none that a rule can rest on.")
    return number


def _slot(line: str) -> dict[str, str]:
    parts = [part.strip() for part in line.split("/")]
    if len(parts) > 3 or not all(parts):
        raise ValidationError(f"'{line.strip()}' isn't environment / region / arm.")
    return dict(zip(("environment", "region", "arm"), parts, strict=False))


def _pair(line: str) -> tuple[str, str]:
    key, equals, value = (part.strip() for part in line.partition("="))
    if not (key and equals and value):
        raise ValidationError(f"'{line.strip()}' isn't attribute = value.")
    return _plain(key), _plain(value)
