"""Signing in by the identity provider: on to it, back from it, and its word that a session is over."""

from __future__ import annotations

import logging
import secrets
from datetime import UTC, datetime
from http import HTTPStatus

from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from ledger.errors import Invalid, ServiceError
from people import actors, sessions
from people.provider import Client, Unreachable
from people.services import attempts, provider_sessions, signin
from people.services.provider_settings import Provider, provider
from people.views.sign_in import after_first_proof

ASKED = "people.provider"
"""Session key: what the provider was asked, for the answer that must fit."""

KEYS, SECONDS_KEPT = "people.provider.keys", 60
"""Where the provider's public keys are kept, for logout tokens alone, and for how long."""

NEVER = datetime.fromtimestamp(0, UTC)
"""When the provider last asked somebody, where it doesn't say: not recently, for all we know."""

_log = logging.getLogger(__name__)


@require_safe
@never_cache
def begin(request: HttpRequest) -> HttpResponse:
    """To the provider. Whoever is signed in already is asked there again, now: that is how a proof becomes recent."""
    said = _configured()
    recent = request.user.is_authenticated
    nonce = secrets.token_urlsafe(24)
    asked = {"nonce": nonce}
    if recent:
        asked |= {"prompt": "login", "max_age": str(provider_sessions.RECENT)}
    onward = sessions.onward(request)
    try:
        attempts.charge(attempts.address(sessions.address(request)))
        answer: HttpResponse = (
            Client(request, said)
            .get_provider()
            .redirect(request, "login", next_url=onward, auth_params=asked)
        )
    except Unreachable as error:
        _log.warning("the identity provider can't be used: %s", error)
        return _refused(
            request, said, "The identity provider can't be reached. Try again, or use your password.", 502
        )
    except ServiceError as error:
        return _refused(request, said, error.message, error.status)
    request.session[ASKED] = {"nonce": nonce, "recent": recent, "next": onward}
    return answer


@require_safe
@never_cache
def callback(request: HttpRequest) -> HttpResponse:
    """Back from the provider, with a code that is exchanged once, for an ID token that must fit what was asked."""
    said = _configured()
    kept = request.session.pop(ASKED, None)
    if not isinstance(kept, dict):
        return _refused(request, said, provider_sessions.NOT_RIGHT, 400)
    client = Client(request, said)
    try:
        answer = OAuth2CallbackView.adapter_view(client)(request)
        if not client.id_token:
            _log.info("a sign-in by the identity provider ended with status %s", answer.status_code)
            return _refused(request, said, provider_sessions.NOT_RIGHT, 400)
        arrived = provider_sessions.arrive(
            provider=said,
            id_token=client.id_token,
            keys=client.keys(),
            nonce=kept["nonce"],
            recent=kept["recent"],
            address=sessions.address(request),
        )
    except Unreachable as error:
        _log.warning("the identity provider can't be used: %s", error)
        return _refused(
            request, said, "The identity provider can't be reached. Try again, or use your password.", 502
        )
    except ServiceError as error:
        return _refused(request, said, error.message, error.status)
    credentials = {"provider": str(arrived.session.pk)}
    at = arrived.at or NEVER
    if not arrived.second_factor:
        return after_first_proof(request, arrived.user, kept["next"], credentials, at)
    sessions.begin(request, arrived.user, second_factor=True, credentials=credentials, at=at)
    signin.signed_in(actor=actors.for_user(arrived.user, "portal"), second_factor=True)
    return HttpResponseRedirect(kept["next"])


@csrf_exempt
@require_POST
@never_cache
def logout(request: HttpRequest) -> HttpResponse:
    """The provider ends sessions (Back-Channel Logout 1.0): its signature is the proof, no cookie is read."""
    said, sent = _configured(), request.POST.get("logout_token", "")
    keys = cache.get(KEYS)
    try:
        if keys is None or not _ends(said, sent, keys):
            # Only what fails is limited: a provider that ends hundreds of sessions at once is let through.
            attempts.charge(attempts.address(sessions.address(request)))
            keys = Client(request, said).keys()
            cache.set(KEYS, keys, SECONDS_KEPT)
            provider_sessions.end_by_provider(provider=said, logout_token=sent, keys=keys)
    except Unreachable:
        return HttpResponse(status=HTTPStatus.BAD_GATEWAY)
    except ServiceError as error:
        return HttpResponse(status=error.status)
    return HttpResponse(status=HTTPStatus.OK)


def _ends(said: Provider, sent: str, keys: provider_sessions.Keys) -> bool:
    """Whether the token was good by keys that were fetched a little while ago."""
    try:
        provider_sessions.end_by_provider(provider=said, logout_token=sent, keys=keys)
    except Invalid:
        return False
    return True


def _configured() -> Provider:
    said = provider()
    if said is None:
        raise Http404
    return said


def _refused(request: HttpRequest, said: Provider, message: str, status: int) -> HttpResponse:
    context = {"provider": said.name, "message": message}
    return render(request, "people/provider_refused.html", context, status=status)
