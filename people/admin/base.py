"""Admin pages that are doors to services: lists and details are Django's, every change is a form for a service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from ledger.actors import Actor
from ledger.errors import ServiceError
from people import access, actors
from people.catalogue import P
from people.pages import tell

Carry = Callable[[Actor, Mapping[str, Any]], str]
"""Calls the service with cleaned data; returns a secret that is shown once, or ""."""


def when(moment: datetime | None, otherwise: str) -> str:
    """A time as pages show it."""
    return moment.astimezone(UTC).strftime("%d %b %Y, %H:%M:%S UTC") if moment else otherwise


class ServiceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """Permissions are asked of `access`, never of Django; nothing can be deleted.

    `add_form` and `change_form_for` give plain forms whose data go to `carry_add` and `carry_change`.
    """

    view_permission: ClassVar[P] = P.PEOPLE_VIEW
    add_permission: ClassVar[P | None] = None
    change_permissions: ClassVar[frozenset[P]] = frozenset()
    add_form: ClassVar[type[forms.Form] | None] = None
    add_hint: ClassVar[str] = ""
    secret_hint: ClassVar[str] = ""
    actions = None
    list_per_page = 50

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return access.allowed(actors.of(request), self.view_permission)

    def has_add_permission(self, request: HttpRequest) -> bool:
        permission = self.add_permission
        return permission is not None and access.allowed(actors.of(request), permission)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(access.reach(actors.of(request)).organisation & self.change_permissions)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """The list's own filters, by equality: no address may search a column by pattern or follow a relation."""
        name, _, how = lookup.partition("__")
        return name in self.list_filter and how in ("", "exact", "id__exact", "isnull")

    def change_form_for(self, row: Any, data: Any) -> forms.Form | None:
        """The form for what can be done with `row` now; None where nothing can."""
        return None

    def carry_add(self, actor: Actor, data: Mapping[str, Any]) -> str:
        raise NotImplementedError

    def carry_change(self, actor: Actor, row: Any, data: Mapping[str, Any]) -> str:
        raise NotImplementedError

    def facts(self, row: Any) -> list[tuple[str, str]]:
        """What the page of `row` shows above its form: label and value."""
        return []

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if self.add_form is None or not self.has_add_permission(request):
            raise PermissionDenied
        form = self.add_form(request.POST or None)
        title = f"Add {self.opts.verbose_name}"
        return self._form(request, form, self.carry_add, title, self.add_hint, [])

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not (self.has_view_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return HttpResponseRedirect(self._list())
        may = self.has_change_permission(request, row)
        if request.method == "POST" and not may:
            raise PermissionDenied
        form = self.change_form_for(row, request.POST or None) if may else None

        def carry(actor: Actor, data: Mapping[str, Any]) -> str:
            return self.carry_change(actor, row, data)

        return self._form(request, form, carry, str(row), "", self.facts(row))

    def _form(
        self,
        request: HttpRequest,
        form: forms.Form | None,
        carry: Carry,
        title: str,
        hint: str,
        facts: list[tuple[str, str]],
    ) -> HttpResponse:
        status = 200
        if request.method == "POST":
            if form is None:
                raise PermissionDenied
            status = 400
            if form.is_valid():
                try:
                    secret = carry(actors.of(request), form.cleaned_data)
                except ServiceError as error:
                    tell(form, error)
                    status = error.status
                else:
                    return self._done(request, secret)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "form": form,
            "hint": hint,
            "facts": facts,
            "list_url": self._list(),
        }
        return TemplateResponse(request, "admin/people/service_form.html", context, status=status)

    def _done(self, request: HttpRequest, secret: str) -> HttpResponse:
        if not secret:
            self.message_user(request, "Done, and recorded.")
            return HttpResponseRedirect(self._list())
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Shown once",
            "secret": secret,
            "hint": self.secret_hint,
            "list_url": self._list(),
        }
        response = TemplateResponse(request, "admin/people/secret.html", context)
        add_never_cache_headers(response)
        return response

    def _list(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
