"""What signs somebody in besides a password, and who stands in for whom: links, trusted pipelines, passkeys,
delegations."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from ledger.actors import Actor
from modelwarrant.machine import Machine
from people import selectors
from people.admin.base import ServiceAdmin, when
from people.admin.credentials import CARRIED
from people.admin.grants import MoveForm
from people.catalogue import INTERACTIVE, PERMISSIONS, ROLES, P
from people.machines import DELEGATION, IDENTITY_LINK, PASSKEY, WORKLOAD_TRUST
from people.models import Delegation, IdentityLink, Passkey, ServiceIdentity, User, WorkloadTrust
from people.platforms import PLATFORMS
from people.services.delegations import delegation_revoke
from people.services.passkeys import passkey_remove
from people.services.provider_links import link_confirm, link_end, link_refuse, link_request
from people.services.workloads import (
    workload_confirm,
    workload_refuse,
    workload_request,
    workload_revoke,
)


def _moves(machine: Machine, state: str, data: Any, without: str = "") -> forms.Form | None:
    legal = [move for move in machine.legal(state) if move.name != without]
    choices = [(move.name, f"{move.title}. {move.consequence}".strip()) for move in legal]
    return MoveForm(choices, data) if choices else None


class LinkForm(forms.Form):
    user = forms.ModelChoiceField(queryset=User.objects.none(), label="Person")
    subject = forms.CharField(
        max_length=255,
        strip=False,
        label="Subject at the provider",
        help_text="The claim `sub`, exactly as the provider's own pages show it. Never an e-mail address.",
    )
    reason = forms.CharField(
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="How you made sure that this account is this person's.",
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        field = self.fields["user"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101
        field.queryset = User.objects.filter(is_active=True).order_by("name")


@admin.register(IdentityLink)
class IdentityLinkAdmin(ServiceAdmin):
    list_display = ("user", "issuer", "state", "requested_at", "confirmed_at")
    list_filter = ("state",)
    search_fields = ("user__name", "user__email")
    ordering = ("-requested_at", "pk")
    add_permission = P.PEOPLE_EDIT
    change_permissions = frozenset({P.GRANT_CONFIRM, P.GRANT_REVOKE})
    add_form = LinkForm
    add_hint = "This requests the link. It signs somebody in once another person has confirmed it."
    moves: Mapping[str, Callable[..., Any]] = {
        "confirm": link_confirm,
        "refuse": link_refuse,
        "end": link_end,
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[IdentityLink]:
        return super().get_queryset(request).select_related("user")

    def carry_add(self, actor: Actor, data: Mapping[str, Any]) -> str:
        link_request(actor=actor, user_id=data["user"].pk, subject=data["subject"], reason=data["reason"])
        return ""

    def change_form_for(self, row: IdentityLink, data: Any) -> forms.Form | None:
        return _moves(IDENTITY_LINK, row.state, data)

    def carry_change(self, actor: Actor, row: IdentityLink, data: Mapping[str, Any]) -> str:
        self.moves[data["move"]](actor=actor, link_id=row.pk)
        return ""

    def facts(self, row: IdentityLink) -> list[tuple[str, str]]:
        return [
            ("Person", f"{row.user.name} <{row.user.email}>"),
            ("Provider", row.issuer),
            ("Subject", row.subject),
            ("Reason", row.reason),
            ("State", IDENTITY_LINK.state(row.state).title),
            ("Requested by", selectors.name_of(row.requested_by)),
            ("Confirmed by", selectors.name_of(row.confirmed_by) if row.confirmed_by else "nobody yet"),
        ]


class WorkloadForm(forms.Form):
    identity = forms.ModelChoiceField(queryset=ServiceIdentity.objects.none(), label="Service identity")
    label = forms.CharField(max_length=100, label="Which pipeline")
    platform = forms.ChoiceField(choices=[(row.name, row.title) for row in PLATFORMS.values()])
    issuer = forms.ChoiceField(help_text="Issuers whose keys the operator put there (WORKLOAD_ISSUERS).")
    audience = forms.CharField(
        max_length=255,
        help_text="What the pipeline must ask its token for, for example this portal's address.",
    )
    claims = forms.JSONField(
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="The claims a job must show, exactly: "
        + "; ".join(f"{row.title} {', '.join(row.required)}" for row in PLATFORMS.values())
        + ". Numbers as text.",
    )
    permissions = forms.MultipleChoiceField(
        choices=[(name.value, PERMISSIONS[name].title) for name in CARRIED if name not in INTERACTIVE],
        widget=forms.CheckboxSelectMultiple,
        help_text="Its jobs carry at most these, and only what the identity's grants allow.",
    )
    ends = forms.DateTimeField(label="Until", help_text="UTC, at most 365 days from now.")

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        identity, issuer = self.fields["identity"], self.fields["issuer"]
        assert isinstance(identity, forms.ModelChoiceField)  # noqa: S101
        assert isinstance(issuer, forms.ChoiceField)  # noqa: S101
        identity.queryset = ServiceIdentity.objects.filter(is_active=True).order_by("name")
        issuer.choices = [(name, name) for name in sorted(settings.WORKLOAD_ISSUERS)]

    def clean_claims(self) -> dict[str, Any]:
        claims = self.cleaned_data["claims"]
        if not isinstance(claims, dict):
            raise forms.ValidationError("A JSON object of claims and their values is expected.")
        return claims


@admin.register(WorkloadTrust)
class WorkloadAdmin(ServiceAdmin):
    list_display = ("label", "identity", "platform", "state", "ends", "last_used_at")
    list_filter = ("state", "platform")
    search_fields = ("label", "identity__name")
    ordering = ("-requested_at", "pk")
    add_permission = P.TOKEN_ISSUE
    change_permissions = frozenset({P.GRANT_CONFIRM, P.TOKEN_REVOKE})
    add_form = WorkloadForm
    add_hint = "This requests the trust. Jobs are let in once another person has confirmed it."
    moves: Mapping[str, Callable[..., Any]] = {
        "confirm": workload_confirm,
        "refuse": workload_refuse,
        "revoke": workload_revoke,
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkloadTrust]:
        return super().get_queryset(request).select_related("identity")

    def carry_add(self, actor: Actor, data: Mapping[str, Any]) -> str:
        workload_request(
            actor=actor,
            identity_id=data["identity"].pk,
            **{name: value for name, value in data.items() if name != "identity"},
        )
        return ""

    def change_form_for(self, row: WorkloadTrust, data: Any) -> forms.Form | None:
        return _moves(WORKLOAD_TRUST, row.state, data)

    def carry_change(self, actor: Actor, row: WorkloadTrust, data: Mapping[str, Any]) -> str:
        self.moves[data["move"]](actor=actor, trust_id=row.pk)
        return ""

    def facts(self, row: WorkloadTrust) -> list[tuple[str, str]]:
        return [
            ("Service identity", row.identity.name),
            ("Issuer", row.issuer),
            ("Audience", row.audience),
            ("Claims", json.dumps(row.claims, sort_keys=True)),
            ("Carries", ", ".join(row.scopes_granted)),
            ("State", WORKLOAD_TRUST.state(row.state).title),
            ("Until", when(row.ends, "")),
            ("Requested by", selectors.name_of(row.requested_by)),
            ("Confirmed by", selectors.name_of(row.confirmed_by) if row.confirmed_by else "nobody yet"),
            ("Last used", when(row.last_used_at, "never")),
        ]


@admin.register(Passkey)
class PasskeyAdmin(ServiceAdmin):
    list_display = ("user", "label", "host", "state", "added_at", "last_used_at")
    list_filter = ("state",)
    search_fields = ("user__name", "user__email")
    ordering = ("-added_at", "pk")
    change_permissions = frozenset({P.PEOPLE_EDIT})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Passkey]:
        return super().get_queryset(request).select_related("user")

    def change_form_for(self, row: Passkey, data: Any) -> forms.Form | None:
        return _moves(PASSKEY, row.state, data)

    def carry_change(self, actor: Actor, row: Passkey, data: Mapping[str, Any]) -> str:
        passkey_remove(actor=actor, passkey_id=row.pk)
        return ""

    def facts(self, row: Passkey) -> list[tuple[str, str]]:
        return [
            ("Person", str(row.user)),
            ("Host name", row.host),
            ("State", PASSKEY.state(row.state).title),
            ("Added", when(row.added_at, "")),
            ("Last used", when(row.last_used_at, "never")),
        ]


@admin.register(Delegation)
class DelegationAdmin(ServiceAdmin):
    list_display = ("grant", "delegate", "starts", "ends", "state")
    list_filter = ("state",)
    search_fields = ("delegate__name", "grant__holder_user__name")
    ordering = ("-made_at", "pk")
    change_permissions = frozenset({P.GRANT_REVOKE})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delegation]:
        return super().get_queryset(request).select_related("grant__holder_user", "delegate")

    def change_form_for(self, row: Delegation, data: Any) -> forms.Form | None:
        return _moves(DELEGATION, row.state, data, without="end")

    def carry_change(self, actor: Actor, row: Delegation, data: Mapping[str, Any]) -> str:
        delegation_revoke(actor=actor, delegation_id=row.pk)
        return ""

    def facts(self, row: Delegation) -> list[tuple[str, str]]:
        role = ROLES.get(row.grant.role)
        return [
            ("Of", str(row.grant.holder)),
            ("To", str(row.delegate)),
            ("Role", role.title if role else row.grant.role),
            ("On", selectors.scope_names([row])[row.scope_id]),
            ("From", when(row.starts, "")),
            ("Until", when(row.ends, "")),
            ("Reason", row.reason),
            ("State", DELEGATION.state(row.state).title),
        ]
