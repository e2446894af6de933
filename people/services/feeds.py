"""The private address of a person's calendar: made, ended, and who it speaks for.

A calendar program has no session and keeps what it is given for years, so the address is a credential: random, signed
(a guess costs no query), kept as a digest, shown once, ended by one click, and good for reading due dates alone.
"""

from __future__ import annotations

import hashlib
import secrets

from django.core import signing

from ledger import clock
from ledger.actors import Actor
from ledger.errors import NotThere
from ledger.services.transactions import governed
from people import access, actors
from people.models import CalendarFeed
from people.selectors import acting_user
from people.services import attempts

SALT = "people.calendar"
LONGEST_TOKEN = 200
WRONG_TRIES = 30
READINGS = 30
"""Of one feed within the window of `attempts`."""


@governed
def feed_renew(*, actor: Actor) -> str:
    """A new token for the acting person; the one before ends with this. It is given out only here."""
    access.require_person(actor)
    user = acting_user(actor, lock=True)
    if user is None:
        raise NotThere
    token = signing.Signer(salt=SALT).sign(secrets.token_urlsafe(32))
    CalendarFeed.objects.update_or_create(
        user=user, defaults={"token_digest": _digest(token), "created_at": clock.now()}
    )
    return token


@governed
def feed_end(*, actor: Actor) -> None:
    """End the acting person's token, if there is one."""
    CalendarFeed.objects.filter(user=acting_user(actor)).delete()


def feed_reader(*, token: str, address: str) -> Actor | None:
    """Who the token speaks for; None for a wrong, ended or locked-out one. Raises TooManyAttempts.

    The actor is good for reading what is due to this person: it can't pass for a fresh sign-in anywhere.
    """
    try:
        signing.Signer(salt=SALT).unsign(token[: LONGEST_TOKEN + 1])
    except signing.BadSignature:
        attempts.charge(attempts.Limit("calendar-address", address, WRONG_TRIES))
        return None
    feed = CalendarFeed.objects.select_related("user").filter(token_digest=_digest(token)).first()
    if feed is None or not feed.user.is_active:
        attempts.charge(attempts.Limit("calendar-address", address, WRONG_TRIES))
        return None
    attempts.charge(attempts.Limit("calendar", str(feed.pk), READINGS))
    return actors.for_user(feed.user, "portal", authenticated_at=None, interactive=True)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
