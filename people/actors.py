"""Makes the ledger's `Actor` out of who signed in or which token came."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from django.http import HttpRequest

from ledger.actors import Actor, Door
from ledger.errors import Unauthenticated
from people import access
from people.models import ServiceIdentity, Token, User

AUTHENTICATED_AT = "people.authenticated_at"
"""Session key: when the person last proved who they are, seconds since 1970 on the database's clock."""

SECOND_FACTOR = "people.second_factor"
"""Session key: True where that proof included the second factor."""


def for_user(
    user: User,
    door: Door,
    request: HttpRequest | None = None,
    *,
    authenticated_at: datetime | None = None,
    interactive: bool = False,
) -> Actor:
    """A person, and those they stand in for now. With a request, freshness and second factor come from its session
    alone.

    Without one the caller vouches for both: a command run by an operator, a test, the demo.
    """
    if request is not None:
        seconds = request.session.get(AUTHENTICATED_AT)
        authenticated_at = None if seconds is None else datetime.fromtimestamp(seconds, UTC)
        interactive = request.session.get(SECOND_FACTOR) is True
    return Actor(
        kind="user",
        id=user.pseudonym,
        door=door,
        pk=str(user.pk),
        authenticated_at=authenticated_at,
        interactive=interactive,
        stands_in_for=access.delegators(user.pk),
    )


def for_token(token: Token, door: Door = "api") -> Actor:
    """A service identity, limited to what its token carries."""
    return for_identity(token.identity, door, token.scopes_granted)


def for_identity(identity: ServiceIdentity, door: Door, permissions: Iterable[str]) -> Actor:
    """A service identity, limited to these permissions: its token's, or those of a command of the host.

    Whoever runs a command vouches for it; the identity's own grants count as ever.
    """
    return Actor(
        kind="service",
        id=identity.pseudonym,
        door=door,
        pk=str(identity.pk),
        controller=identity.controller.pseudonym,
        scopes=frozenset(map(str, permissions)),
    )


def of(request: HttpRequest) -> Actor:
    """Who makes this request; Unauthenticated where nobody does. Middleware and token authentication put it
    there."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        raise Unauthenticated("Sign in, or send a token.")
    return actor
