"""Tokens in the API: `Authorization: Bearer mw_<prefix>_<secret>`."""

from __future__ import annotations

import re
from typing import Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from ledger.errors import Unauthenticated
from people import actors
from people.models import Token
from people.services import tokens

HEADER = re.compile(r"Bearer (mw_[a-z2-7]{8}_[A-Za-z0-9_-]{43})")
MESSAGE = "The token is not valid."
"""The one answer to a malformed, unknown, expired or revoked token, or one whose identity is locked out."""


class ServicePrincipal:
    """What `request.user` is for a token: somebody authenticated, with none of a person's rights."""

    is_authenticated: Literal[True] = True
    is_anonymous: Literal[False] = False
    is_active = True
    is_staff = False
    is_superuser = False
    pk = None

    def __init__(self, token: Token) -> None:
        self.pseudonym = token.identity.pseudonym

    def __str__(self) -> str:
        return self.pseudonym


class TokenAuthentication(BaseAuthentication):
    """Checked anew on each request, so that a revocation acts on the next one. Sets `request.actor`.

    Whoever sends the header at all means it: anything but one sound token is 401, never a fall-back to the
    session. Servers join repeated headers with a comma, which no token contains.
    """

    def authenticate(self, request: Request) -> tuple[ServicePrincipal, Token] | None:
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        request._request.actor = None  # type: ignore[attr-defined]
        sound = HEADER.fullmatch(header)
        if sound is None:
            raise AuthenticationFailed(MESSAGE)
        try:
            token = tokens.identify(sound[1])
        except Unauthenticated as error:
            raise AuthenticationFailed(MESSAGE) from error
        request._request.actor = actors.for_token(token)  # type: ignore[attr-defined]
        return ServicePrincipal(token), token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="ModelWarrant"'


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document names this way in (RFC 6750)."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "mw_<prefix>_<secret>"}
