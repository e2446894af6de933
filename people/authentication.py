"""Tokens in the API: `Authorization: Bearer mw_<prefix>_<secret>`, or a pipeline's own identity (a signed JWT)."""

from __future__ import annotations

import re
from typing import Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from ledger.errors import Unauthenticated
from people import actors, jose
from people.models import ServiceIdentity, Token, WorkloadTrust
from people.services import tokens, workloads

SCHEME = "Bearer "
HEADER = re.compile(r"Bearer (mw_[a-z2-7]{8}_[A-Za-z0-9_-]{43})")
MESSAGE = "The token is not valid."
"""The one answer to a malformed, unknown, forged, expired or revoked token, or one whose identity is locked out."""


class ServicePrincipal:
    """What `request.user` is for a token: somebody authenticated, with none of a person's rights."""

    is_authenticated: Literal[True] = True
    is_anonymous: Literal[False] = False
    is_active = True
    is_staff = False
    is_superuser = False
    pk = None

    def __init__(self, identity: ServiceIdentity) -> None:
        self.pseudonym = identity.pseudonym

    def __str__(self) -> str:
        return self.pseudonym


class TokenAuthentication(BaseAuthentication):
    """Checked anew on each request, so that a revocation acts on the next one. Sets `request.actor`.

    Whoever sends the header at all means it: anything but one sound token is 401, never a fall-back to the
    session. Servers join repeated headers with a comma, which no token contains.
    """

    def authenticate(self, request: Request) -> tuple[ServicePrincipal, Token | WorkloadTrust] | None:
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        request._request.actor = None  # type: ignore[attr-defined]
        try:
            found = _credential(header)
        except Unauthenticated as error:
            raise AuthenticationFailed(MESSAGE) from error
        request._request.actor = actors.for_identity(  # type: ignore[attr-defined]
            found.identity, "api", found.scopes_granted
        )
        return ServicePrincipal(found.identity), found

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="ModelWarrant"'


def _credential(header: str) -> Token | WorkloadTrust:
    if sound := HEADER.fullmatch(header):
        return tokens.identify(sound[1])
    text = header.removeprefix(SCHEME)
    if header.startswith(SCHEME) and jose.looks_like_one(text):
        return workloads.identify(text)
    raise Unauthenticated(MESSAGE)


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document names this way in (RFC 6750)."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "mw_<prefix>_<secret>"}
