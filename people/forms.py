"""What people fill in to sign in. Forms check shapes; services check what is true."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms

from people.catalogue import ROLES
from people.services.signin import LONGEST_PASSWORD


def _password(autocomplete: str, **kwargs: Any) -> forms.CharField:
    return forms.CharField(
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
        **kwargs,
    )


class SignInForm(forms.Form):
    email = forms.CharField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}
        ),
    )
    password = _password("current-password", label="Password")


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Code",
        help_text="The six digits that your authenticator app shows now.",
        max_length=10,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
    )


class PasswordForm(forms.Form):
    current = _password("current-password", label="Your password now")
    new = _password(
        "new-password", label="New password", help_text="At least 12 characters, not a common one."
    )
    again = _password("new-password", label="New password again")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("new") != cleaned.get("again"):
            self.add_error("again", "The two new passwords differ.")
        return cleaned


class PasskeyForm(forms.Form):
    """What the browser's script fills in: `answer` is the JSON of a WebAuthn credential. `named`: a new one."""

    label = forms.CharField(
        label="Name of this passkey",
        help_text="So that you know it again: \u201claptop\u201d, \u201csecurity key in the safe\u201d.",
        max_length=100,
    )
    answer = forms.CharField(max_length=20_000, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, named: bool = False) -> None:
        super().__init__(data)
        if not named:
            del self.fields["label"]


def _moment(label: str, **kwargs: Any) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        **kwargs,
    )


def _person(label: str, **kwargs: Any) -> forms.EmailField:
    """By address, not from a list: who works here is not everybody's to read."""
    return forms.EmailField(label=label, max_length=254, **kwargs)


class DelegationForm(forms.Form):
    grants = forms.MultipleChoiceField(label="Which of your roles", widget=forms.CheckboxSelectMultiple)
    delegate = _person("To whom", help_text="Their e-mail address.")
    starts = _moment("From", required=False, help_text="UTC; now, where empty.")
    ends = _moment("Until", help_text="UTC; at most 90 days after the start.")
    scope_id = forms.TypedChoiceField(label="Where", coerce=UUID, empty_value=None, required=False)
    reason = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(
        self, grants: list[tuple[str, str]], systems: list[tuple[str, str]], data: Any = None
    ) -> None:
        super().__init__(data)
        for name, choices in (
            ("grants", grants),
            ("scope_id", [("", "Everywhere the role reaches"), *systems]),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101
            field.choices = choices


class AbsenceForm(forms.Form):
    starts = _moment("From", required=False, help_text="UTC; now, where empty.")
    ends = _moment("Until", help_text="UTC.")
    deputy = _person(
        "Who gets your notices too",
        required=False,
        help_text="Their e-mail address. This gives no right; to lend one, delegate a role.",
    )


class RightsForm(forms.Form):
    """Who could do what when: a moment, and what to narrow it to."""

    at = _moment("At", required=False, help_text="UTC; now, where empty.")
    person = forms.CharField(
        label="Person", required=False, max_length=254, help_text="Name, e-mail or pseudonym."
    )
    role = forms.ChoiceField(label="Role", required=False)
    system = forms.UUIDField(label="System", required=False, help_text="Its id.")

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = [("", "Every role"), *((role.name, role.title) for role in ROLES.values())]
