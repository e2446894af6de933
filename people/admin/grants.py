"""Grants, recoveries and erasures: requested by one operator, confirmed here by another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from ledger.actors import Actor
from people import selectors
from people.admin.base import ServiceAdmin, when
from people.catalogue import ROLES, SCOPES, P
from people.machines import ERASURE, GRANT, RECOVERY
from people.models import Erasure, Grant, Recovery, ServiceIdentity, User
from people.services.erasures import erasure_confirm, erasure_refuse
from people.services.grants import grant_confirm, grant_refuse, grant_request, grant_revoke
from people.services.recoveries import recovery_confirm, recovery_refuse

NOTHING = [("", "Choose")]


class GrantForm(forms.Form):
    role = forms.ChoiceField(choices=[*NOTHING, *((role.name, role.title) for role in ROLES.values())])
    holder = forms.TypedChoiceField(coerce=UUID, label="For")
    scope_type = forms.ChoiceField(
        label="On",
        choices=[("organisation", "The whole organisation"), *((name, f"One {name}") for name in SCOPES)],
    )
    scope_id = forms.UUIDField(label="Id of the system or model", required=False)
    starts = forms.DateTimeField(label="From", required=False, help_text="UTC; now, where empty.")
    ends = forms.DateTimeField(
        label="Until", required=False, help_text="UTC; until revoked, where empty and the role allows it."
    )
    reason = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        people = User.objects.filter(is_active=True).order_by("name")
        services = ServiceIdentity.objects.filter(is_active=True).order_by("name")
        field = self.fields["holder"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = [
            *NOTHING,
            ("People", [(str(row.pk), f"{row.name} <{row.email}>") for row in people]),
            ("Service identities", [(str(row.pk), row.name) for row in services]),
        ]


class MoveForm(forms.Form):
    """What can be done with a row in the state it is in, read from its machine."""

    move = forms.ChoiceField(label="What to do", widget=forms.RadioSelect)

    def __init__(self, choices: list[tuple[str, str]], data: Any) -> None:
        super().__init__(data)
        field = self.fields["move"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = choices


class ReasonedMoveForm(MoveForm):
    reason = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


@admin.register(Grant)
class GrantAdmin(ServiceAdmin):
    list_display = ("role", "holder", "scope_type", "scope_id", "starts", "ends", "state")
    list_filter = ("state", "role", "scope_type")
    search_fields = ("holder_user__name", "holder_user__email", "holder_identity__name")
    ordering = ("-requested_at", "pk")
    add_permission = P.GRANT_REQUEST
    change_permissions = frozenset({P.GRANT_CONFIRM, P.GRANT_REVOKE})
    add_form = GrantForm
    add_hint = "This requests the grant. It is in force once another person has confirmed it."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Grant]:
        return super().get_queryset(request).select_related("holder_user", "holder_identity")

    def carry_add(self, actor: Actor, data: Mapping[str, Any]) -> str:
        grant_request(
            actor=actor,
            role=data["role"],
            holder_id=data["holder"],
            scope_type=data["scope_type"],
            scope_id=data["scope_id"],
            starts=data["starts"],
            ends=data["ends"],
            reason=data["reason"],
        )
        return ""

    def change_form_for(self, row: Grant, data: Any) -> forms.Form | None:
        moves = [
            (move.name, f"{move.title}. {move.consequence}")
            for move in GRANT.legal(row.state)
            if move.name != "end"
        ]
        if not moves:
            return None
        return (ReasonedMoveForm if row.state == "active" else MoveForm)(moves, data)

    def carry_change(self, actor: Actor, row: Grant, data: Mapping[str, Any]) -> str:
        if data["move"] == "confirm":
            grant_confirm(actor=actor, grant_id=row.pk)
        elif data["move"] == "refuse":
            grant_refuse(actor=actor, grant_id=row.pk)
        else:
            grant_revoke(actor=actor, grant_id=row.pk, reason=data["reason"])
        return ""

    def facts(self, row: Grant) -> list[tuple[str, str]]:
        role = ROLES.get(row.role)
        return [
            ("Role", f"{role.title}: {role.purpose}" if role else row.role),
            ("For", str(row.holder)),
            ("On", selectors.scope_names([row])[row.scope_id]),
            ("From", when(row.starts, "")),
            ("Until", when(row.ends, "revoked")),
            ("Reason", row.reason),
            ("State", GRANT.state(row.state).title),
            ("Requested by", selectors.name_of(row.requested_by)),
            ("Confirmed by", selectors.name_of(row.confirmed_by) if row.confirmed_by else "nobody yet"),
        ]


@admin.register(Recovery)
class RecoveryAdmin(ServiceAdmin):
    list_display = ("user", "what", "state", "requested_at", "decided_at")
    list_filter = ("state", "what")
    ordering = ("-requested_at", "pk")
    change_permissions = frozenset({P.GRANT_CONFIRM})
    secret_hint = "Hand over this one-time password in person. It must be changed at the first sign-in."  # noqa: S105

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recovery]:
        return super().get_queryset(request).select_related("user")

    def change_form_for(self, row: Recovery, data: Any) -> forms.Form | None:
        moves = [
            (move.name, f"{move.title}. {move.consequence}".strip()) for move in RECOVERY.legal(row.state)
        ]
        return MoveForm(moves, data) if moves else None

    def carry_change(self, actor: Actor, row: Recovery, data: Mapping[str, Any]) -> str:
        if data["move"] == "refuse":
            recovery_refuse(actor=actor, recovery_id=row.pk)
            return ""
        _, password = recovery_confirm(actor=actor, recovery_id=row.pk)
        return password

    def facts(self, row: Recovery) -> list[tuple[str, str]]:
        return [
            ("For", f"{row.user.name} <{row.user.email}>"),
            ("What", row.get_what_display()),
            ("Reason", row.reason),
            ("State", RECOVERY.state(row.state).title),
            ("Requested by", selectors.name_of(row.requested_by)),
        ]


@admin.register(Erasure)
class ErasureAdmin(ServiceAdmin):
    list_display = ("user", "ground", "state", "requested_at", "decided_at")
    list_filter = ("state", "ground")
    ordering = ("-requested_at", "pk")
    change_permissions = frozenset({P.GRANT_CONFIRM})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Erasure]:
        return super().get_queryset(request).select_related("user")

    def change_form_for(self, row: Erasure, data: Any) -> forms.Form | None:
        moves = [
            (move.name, f"{move.title}. {move.consequence}".strip()) for move in ERASURE.legal(row.state)
        ]
        return MoveForm(moves, data) if moves else None

    def carry_change(self, actor: Actor, row: Erasure, data: Mapping[str, Any]) -> str:
        carry = erasure_confirm if data["move"] == "confirm" else erasure_refuse
        carry(actor=actor, erasure_id=row.pk)
        return ""

    def facts(self, row: Erasure) -> list[tuple[str, str]]:
        return [
            ("Of", str(row.user)),
            ("Ground", row.get_ground_display()),
            ("State", ERASURE.state(row.state).title),
            ("Requested by", selectors.name_of(row.requested_by)),
            ("Decided", when(row.decided_at, "not yet")),
            ("Texts destroyed", "none yet" if row.texts is None else str(row.texts)),
        ]
