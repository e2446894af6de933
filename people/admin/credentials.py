"""Tokens of service identities, and keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from ledger.actors import Actor
from ledger.machines import KEY
from ledger.models import KeyRecord
from people import selectors
from people.admin.base import ServiceAdmin, when
from people.admin.grants import MoveForm
from people.catalogue import INTERACTIVE, PERMISSIONS, ROLES, P
from people.machines import TOKEN
from people.models import ServiceIdentity, Token
from people.services import keys
from people.services.tokens import token_issue, token_revoke

CARRIED = sorted({name for role in ROLES.values() if role.kind == "service" for name in role.permissions})


class TokenForm(forms.Form):
    identity = forms.ModelChoiceField(queryset=ServiceIdentity.objects.none(), label="Service identity")
    label = forms.CharField(max_length=100, label="What it is for")
    permissions = forms.MultipleChoiceField(
        choices=[(name.value, PERMISSIONS[name].title) for name in CARRIED if name not in INTERACTIVE],
        widget=forms.CheckboxSelectMultiple,
        help_text="The token carries at most these, and only what the identity's grants allow.",
    )
    expires_at = forms.DateTimeField(label="Until", help_text="UTC, at most 365 days from now.")

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        field = self.fields["identity"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101
        field.queryset = ServiceIdentity.objects.filter(is_active=True).order_by("name")


@admin.register(Token)
class TokenAdmin(ServiceAdmin):
    list_display = ("label", "identity", "prefix", "state", "expires_at", "last_used_at")
    list_filter = ("state",)
    search_fields = ("label", "prefix", "identity__name")
    ordering = ("-issued_at", "pk")
    add_permission = P.TOKEN_ISSUE
    change_permissions = frozenset({P.TOKEN_REVOKE})
    add_form = TokenForm
    secret_hint = "Copy the token now; nothing keeps it."  # noqa: S105

    def get_queryset(self, request: HttpRequest) -> QuerySet[Token]:
        return super().get_queryset(request).select_related("identity")

    def carry_add(self, actor: Actor, data: Mapping[str, Any]) -> str:
        _, plaintext = token_issue(
            actor=actor,
            identity_id=data["identity"].pk,
            label=data["label"],
            permissions=data["permissions"],
            expires_at=data["expires_at"],
        )
        return plaintext

    def change_form_for(self, row: Token, data: Any) -> forms.Form | None:
        moves = [(move.name, f"{move.title}. {move.consequence}") for move in TOKEN.legal(row.state)]
        return MoveForm(moves, data) if moves else None

    def carry_change(self, actor: Actor, row: Token, data: Mapping[str, Any]) -> str:
        token_revoke(actor=actor, token_id=row.pk)
        return ""

    def facts(self, row: Token) -> list[tuple[str, str]]:
        return [
            ("Service identity", row.identity.name),
            ("Begins with", f"mw_{row.prefix}_"),
            ("State", TOKEN.state(row.state).title),
            ("Carries", ", ".join(row.scopes_granted)),
            ("Until", when(row.expires_at, "")),
            ("Issued by", selectors.name_of(row.issued_by)),
            ("Last used", when(row.last_used_at, "never")),
        ]


class KeyImportForm(forms.Form):
    purpose = forms.ChoiceField(choices=[("model", "Model signatures")])
    label = forms.CharField(max_length=200, label="Whose key it is")
    public_pem = forms.CharField(
        label="Public key",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="PEM, begins with -----BEGIN PUBLIC KEY-----. Never a private key.",
    )


class KeyMoveForm(MoveForm):
    ends = forms.DateTimeField(
        required=False,
        label="Retire from this moment on (UTC, 2027-01-31 12:00; empty: now)",
        help_text="Until then both it and its successor are good.",
    )
    revoked_from = forms.IntegerField(
        required=False,
        min_value=0,
        label="Revoked from this index of the log (empty: nothing it signed counts any more)",
    )
    reason = forms.CharField(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


@admin.register(KeyRecord)
class KeyAdmin(ServiceAdmin):
    list_display = ("purpose", "label", "algorithm", "state", "keyid", "not_before", "not_after")
    list_filter = ("purpose", "state")
    search_fields = ("label", "keyid")
    ordering = ("purpose", "pk")
    add_permission = P.KEY_REQUEST
    change_permissions = frozenset({P.KEY_CONFIRM, P.KEY_REVOKE})
    add_form = KeyImportForm
    add_hint = "Names a public key. It is trusted once another person has confirmed it."

    def carry_add(self, actor: Actor, data: Mapping[str, Any]) -> str:
        keys.key_import_request(
            actor=actor,
            purpose=data["purpose"],
            public_pem=data["public_pem"].encode(),
            label=data["label"],
        )
        return ""

    def change_form_for(self, row: KeyRecord, data: Any) -> forms.Form | None:
        moves = [(move.name, f"{move.title}. {move.consequence}") for move in KEY.legal(row.state)]
        return KeyMoveForm(moves, data) if moves else None

    def carry_change(self, actor: Actor, row: KeyRecord, data: Mapping[str, Any]) -> str:
        if data["move"] == "revoke":
            keys.key_revoke(
                actor=actor, key_id=row.pk, revoked_from=data["revoked_from"], reason=data["reason"]
            )
        elif data["move"] == "retire":
            keys.key_retire(actor=actor, key_id=row.pk, at=data["ends"])
        else:
            keys.key_confirm(actor=actor, key_id=row.pk)
        return ""

    def facts(self, row: KeyRecord) -> list[tuple[str, str]]:
        requested = ", ".join(sorted(selectors.names_of(keys.requesters(row)).values()))
        return [
            ("Purpose", row.purpose),
            ("Label", row.label),
            ("Key id", row.keyid),
            ("Algorithm", row.algorithm),
            ("State", KEY.state(row.state).title),
            ("Trusted from", when(row.not_before, "not yet")),
            ("Trusted until", when(row.not_after, "no end")),
            ("Revoked from index", "" if row.revoked_from is None else str(row.revoked_from)),
            (
                "Rests on it",
                ", ".join(f"{count:,} {what}" for what, count in keys.resting(row)) or "nothing counted",
            ),
            ("Requested by", requested or "unknown"),
            ("Public key", row.public),
        ]
