"""People and service identities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from ledger.actors import Actor
from people import selectors
from people.admin.base import ServiceAdmin, when
from people.catalogue import P
from people.models import Erasure, ServiceIdentity, User
from people.services.erasures import erasure_request
from people.services.identities import identity_change, identity_create
from people.services.people import user_change, user_create, user_deactivate, user_reactivate
from people.services.recoveries import recovery_request

# groups carry permissions, and permissions carry nothing here
admin.site.unregister(Group)
# the tables of the library that talks to the identity provider stay empty: nobody signs in by a row of theirs
for _model in (EmailAddress, SocialAccount, SocialApp, SocialToken):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)


class UserAddForm(forms.Form):
    email = forms.EmailField(label="E-mail address", max_length=254)
    name = forms.CharField(max_length=200)
    is_staff = forms.BooleanField(label="May open the admin pages", required=False)


class UserForm(UserAddForm):
    CHANGE, OUT, IN = "change", "deactivate", "reactivate"
    what = forms.ChoiceField(label="What to do", initial=CHANGE)
    reason = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Needed for what a second person must confirm.",
    )

    def __init__(self, user: User, data: Any) -> None:
        super().__init__(data, initial={"email": user.email, "name": user.name, "is_staff": user.is_staff})
        choices = [(self.CHANGE, "Change name, address or access to these pages")]
        choices.append(
            (self.OUT, "Lock out now: sessions end, grants are revoked")
            if user.is_active
            else (self.IN, "Let in again, without any grant")
        )
        choices.append(("password", "Request a new one-time password"))
        if selectors.has_second_factor(user):
            choices.append(("second-factor", "Request the removal of the second factor"))
        if not user.is_active:
            choices += [
                (f"erase:{ground}", f"Request the erasure: {label}")
                for ground, label in Erasure.Ground.choices
            ]
        field = self.fields["what"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101
        field.choices = choices


@admin.register(User)
class UserAdmin(ServiceAdmin):
    list_display = ("name", "email", "pseudonym", "is_active", "is_staff", "second_factor_at")
    list_filter = ("is_active", "is_staff")
    search_fields = ("name", "email", "pseudonym")
    ordering = ("name", "pk")
    add_permission = P.PEOPLE_EDIT
    change_permissions = frozenset({P.PEOPLE_EDIT})
    add_form = UserAddForm
    add_hint = "A new person may do nothing until somebody requests a grant and another confirms it."
    secret_hint = "Hand over this one-time password in person. It must be changed at the first sign-in."  # noqa: S105

    def carry_add(self, actor: Actor, data: Mapping[str, Any]) -> str:
        _, password = user_create(
            actor=actor, email=data["email"], name=data["name"], is_staff=data["is_staff"]
        )
        return password

    def change_form_for(self, row: User, data: Any) -> forms.Form:
        return UserForm(row, data)

    def carry_change(self, actor: Actor, row: User, data: Mapping[str, Any]) -> str:
        if data["what"] == UserForm.CHANGE:
            user_change(
                actor=actor,
                user_id=row.pk,
                email=data["email"],
                name=data["name"],
                is_staff=data["is_staff"],
            )
        elif data["what"] == UserForm.OUT:
            user_deactivate(actor=actor, user_id=row.pk)
        elif data["what"] == UserForm.IN:
            user_reactivate(actor=actor, user_id=row.pk)
        elif data["what"].startswith("erase:"):
            erasure_request(actor=actor, user_id=row.pk, ground=data["what"].removeprefix("erase:"))
        else:
            recovery_request(actor=actor, user_id=row.pk, what=data["what"], reason=data["reason"])
        return ""

    def facts(self, row: User) -> list[tuple[str, str]]:
        return [
            ("Name in the log", row.pseudonym),
            ("E-mail address", row.email),
            ("May sign in", "yes" if row.is_active else "no, locked out"),
            ("Second factor since", when(row.second_factor_at, "none")),
        ]


class IdentityForm(forms.Form):
    name = forms.CharField(max_length=100)
    controller = forms.ModelChoiceField(
        queryset=User.objects.none(), help_text="The person who answers for what it does."
    )

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        field = self.fields["controller"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101
        field.queryset = User.objects.filter(is_active=True).order_by("name")


class IdentityChangeForm(IdentityForm):
    is_active = forms.BooleanField(label="May act", required=False)


@admin.register(ServiceIdentity)
class IdentityAdmin(ServiceAdmin):
    list_display = ("name", "pseudonym", "controller", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "pseudonym")
    ordering = ("name", "pk")
    add_permission = P.PEOPLE_EDIT
    change_permissions = frozenset({P.PEOPLE_EDIT})
    add_form = IdentityForm

    def get_queryset(self, request: HttpRequest) -> QuerySet[ServiceIdentity]:
        return super().get_queryset(request).select_related("controller")

    def carry_add(self, actor: Actor, data: Mapping[str, Any]) -> str:
        identity_create(actor=actor, name=data["name"], controller_id=data["controller"].pk)
        return ""

    def change_form_for(self, row: ServiceIdentity, data: Any) -> forms.Form:
        initial = {"name": row.name, "controller": row.controller_id, "is_active": row.is_active}
        return IdentityChangeForm(data, initial=initial)

    def carry_change(self, actor: Actor, row: ServiceIdentity, data: Mapping[str, Any]) -> str:
        identity_change(
            actor=actor,
            identity_id=row.pk,
            name=data["name"],
            controller_id=data["controller"].pk,
            is_active=data["is_active"],
        )
        return ""

    def facts(self, row: ServiceIdentity) -> list[tuple[str, str]]:
        return [("Name in the log", row.pseudonym), ("Controller", row.controller.name)]
