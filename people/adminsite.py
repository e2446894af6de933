"""Django's admin behind our own sign-in: a second factor for everybody, and no right that `access` doesn't give."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from people import actors, sessions
from people.models import User
from people.services import signin


class GovernedAdminSite(admin.AdminSite):
    """For staff in a session with a second factor. What they may change there, services decide."""

    site_header = "ModelWarrant: operators"
    site_title = "ModelWarrant"
    index_title = "What operators look after"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        if not (isinstance(user, User) and user.is_active and user.is_staff):
            return False
        second_factor = request.session.get(actors.SECOND_FACTOR) is True
        return second_factor and not sessions.must_replace_password(request, user)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Never a form of its own. Whoever is signed in and may not enter meets the same page as anybody else."""
        onward = request.GET.get("next") or reverse("admin:index")
        return HttpResponseRedirect(f"{reverse('people:sign-in')}?{urlencode({'next': onward})}")

    def logout(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """As everywhere: by POST, and recorded."""
        if request.method == "POST" and isinstance(request.user, User):
            signin.signed_out(actor=actors.of(request))
            logout(request)
            return HttpResponseRedirect(reverse("people:sign-in"))
        return HttpResponseRedirect(reverse("people:profile"))

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(reverse("people:password"))
