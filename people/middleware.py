"""Puts `request.actor` on every request: the person of the session, or None."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse

from ledger.actors import Door
from people import actors, selectors, sessions
from people.models import User

Next = Callable[[HttpRequest], HttpResponse]


class ActorMiddleware:
    """After Django's AuthenticationMiddleware, which ends the session of whoever is locked out or has a new
    password. Here one ends whose passkey was removed, whose link was ended, or that the identity provider ended.

    A person who came by a one-time password gets nowhere but to the page that replaces it.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        door = _door(request.path_info)
        user = request.user if isinstance(request.user, User) and request.user.is_active else None
        rests_on = request.session.get(sessions.CREDENTIALS) if user else None
        if user and rests_on and not selectors.credentials_stand(user, rests_on):
            logout(request)  # what it rests on was taken away since
            user = None
        request.actor = actors.for_user(user, door, request) if user else None  # type: ignore[attr-defined]
        if user and sessions.must_replace_password(request, user) and not _open(request.path_info):
            if door == "api":
                request.actor = None  # type: ignore[attr-defined]
                return JsonResponse(
                    {"title": "Change your one-time password first.", "status": 403, "code": "not-allowed"},
                    status=403,
                    content_type="application/problem+json",
                )
            return HttpResponseRedirect(reverse("people:password"))
        return self.get_response(request)


def _door(path: str) -> Door:
    if path.startswith("/api/"):
        return "api"
    return "admin" if path.startswith("/admin/") else "portal"


def _open(path: str) -> bool:
    pages = {reverse("people:password"), reverse("people:sign-out"), reverse("people:sign-in")}
    return path in pages or path.startswith(("/static/", "/healthz", "/readyz"))
