"""The way into a session: first proof shown, second factor open; then signed in.

Between the two the session knows who showed the first proof, and nothing else: no user, no right.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme

from ledger import clock
from people.actors import AUTHENTICATED_AT, SECOND_FACTOR
from people.models import User
from people.services.passkeys import Place

WAITING = "people.waiting"
PATIENCE = 10 * 60
"""Seconds between password and second factor."""

CREDENTIALS = "people.credentials"
"""Session key: what the session rests on besides the password, `{"passkey": id, "provider": id}`. It ends with any of
them (people.middleware)."""

CHALLENGE = "people.challenge"
"""Session key: what a passkey must answer to, usable once."""

BACKEND = "django.contrib.auth.backends.ModelBackend"


def wait(request: HttpRequest, user: User, onward: str, credentials: Mapping[str, str] | None = None) -> None:
    """Remember that `user` showed their password (or that the provider named them), under a new session id."""
    request.session.flush()
    request.session[WAITING] = {
        "user": str(user.pk),
        "at": int(clock.now().timestamp()),
        "bound": user.get_session_auth_hash(),
        "next": onward,
        "credentials": dict(credentials or {}),
    }


def waiting(request: HttpRequest) -> tuple[User, str] | None:
    """Who showed a first proof in this session lately and where they wanted to go; None where nobody did, it is too
    long ago, they are locked out, or the password was changed since."""
    kept = request.session.get(WAITING)
    if not isinstance(kept, dict):
        return None
    user = User.objects.filter(pk=kept["user"], is_active=True).first()
    fresh = 0 <= clock.now().timestamp() - kept["at"] <= PATIENCE
    if user is None or not fresh or not constant_time_compare(kept["bound"], user.get_session_auth_hash()):
        del request.session[WAITING]
        return None
    return user, kept["next"]


def begin(
    request: HttpRequest,
    user: User,
    *,
    second_factor: bool,
    credentials: Mapping[str, str] | None = None,
    at: datetime | None = None,
) -> None:
    """Sign `user` in under a new session id. Whoever else was signed in here is out.

    `at`: when they proved who they are, where that was elsewhere and earlier. What a waiting session rested on, this
    one rests on too.
    """
    kept = request.session.get(WAITING)
    rests_on = dict(credentials or {})
    if isinstance(kept, dict) and kept["user"] == str(user.pk):
        rests_on = {**kept["credentials"], **rests_on}
    request.session.flush()
    login(request, user, backend=BACKEND)
    request.session[AUTHENTICATED_AT] = int((at or clock.now()).timestamp())
    request.session[SECOND_FACTOR] = second_factor
    if rests_on:
        request.session[CREDENTIALS] = rests_on


def challenge(request: HttpRequest, state: Mapping[str, Any]) -> None:
    """Keep what a passkey must answer to."""
    request.session[CHALLENGE] = {"state": dict(state), "at": int(clock.now().timestamp())}


def challenged(request: HttpRequest) -> Mapping[str, Any] | None:
    """What was kept, once: whoever answers a second time, or too late, meets None."""
    kept = request.session.pop(CHALLENGE, None)
    if not isinstance(kept, dict) or not 0 <= clock.now().timestamp() - kept["at"] <= PATIENCE:
        return None
    state: Mapping[str, Any] = kept["state"]
    return state


def place(request: HttpRequest) -> Place:
    """Where this page is, by a host name that ALLOWED_HOSTS knows."""
    host = request.get_host()
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return Place(host=name or host, origin=f"{request.scheme}://{host}")


def must_replace_password(request: HttpRequest, user: User) -> bool:
    """Whether a one-time password stands in the way: not where the identity provider spoke instead of a password."""
    return user.must_change_password and "provider" not in request.session.get(CREDENTIALS, {})


def onward(request: HttpRequest) -> str:
    """Where `next` leads, if that is a page of ours; otherwise the start page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if ours else "/"


def address(request: HttpRequest) -> str:
    """The caller's address, as the server or the named header of a trusted proxy gives it (its last hop)."""
    header = getattr(settings, "CLIENT_ADDRESS_HEADER", "")
    if header and (hops := request.META.get(header, "")):
        return str(hops).rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))
