"""The way into a session: password shown, second factor open; then signed in.

Between the two the session knows who showed a password, and nothing else: no user, no right.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme

from ledger import clock
from people.actors import AUTHENTICATED_AT, SECOND_FACTOR
from people.models import User

WAITING = "people.waiting"
PATIENCE = 10 * 60
"""Seconds between password and second factor."""

BACKEND = "django.contrib.auth.backends.ModelBackend"


def wait(request: HttpRequest, user: User, onward: str) -> None:
    """Remember that `user` showed their password, under a new session id."""
    request.session.flush()
    request.session[WAITING] = {
        "user": str(user.pk),
        "at": int(clock.now().timestamp()),
        "bound": user.get_session_auth_hash(),
        "next": onward,
    }


def waiting(request: HttpRequest) -> tuple[User, str] | None:
    """Who showed a password in this session lately and where they wanted to go; None where nobody did, it is too
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


def begin(request: HttpRequest, user: User, *, second_factor: bool) -> None:
    """Sign `user` in under a new session id. Whoever else was signed in here is out."""
    request.session.flush()
    login(request, user, backend=BACKEND)
    request.session[AUTHENTICATED_AT] = int(clock.now().timestamp())
    request.session[SECOND_FACTOR] = second_factor


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
