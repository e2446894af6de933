"""What people fill in to sign in. Forms check shapes; services check what is true."""

from __future__ import annotations

from typing import Any

from django import forms

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
