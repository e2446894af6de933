"""How often somebody may try to sign in.

A try is counted before it is judged, so that a thousand at once are a thousand. Keys are digests: the table
names no account and no address. Limits hold for accounts that don't exist too, and answer alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils.crypto import salted_hmac

from ledger import clock
from ledger.errors import ServiceError
from ledger.services.transactions import in_transaction
from people.models import Attempt

WINDOW = timedelta(minutes=15)


class TooManyAttempts(ServiceError):
    """Too many tries within `WINDOW`; whether the last one was right isn't said."""

    status = 429
    code = "too-many-attempts"

    def __init__(self) -> None:
        super().__init__(f"Too many attempts. Wait {WINDOW.seconds // 60} minutes, then try again.")


@dataclass(frozen=True, slots=True)
class Limit:
    """What is counted: `what` kind of thing, its `value`, and how many tries it has in a window."""

    what: str
    value: str
    tries: int

    @property
    def key(self) -> str:
        return salted_hmac("people.attempt", f"{self.what}\n{self.value}", algorithm="sha256").hexdigest()


def account(email: str) -> Limit:
    return Limit("account", email, 8)


def address(ip: str) -> Limit:
    return Limit("address", ip, 60)


def second_factor(user_pk: object) -> Limit:
    return Limit("second-factor", str(user_pk), 5)


def charge(*limits: Limit) -> None:
    """Count one try against each; TooManyAttempts where one is exhausted (such tries aren't counted
    further)."""
    made: list[Attempt] = in_transaction(
        lambda: Attempt.objects.bulk_create([Attempt(key=limit.key, at=clock.now()) for limit in limits])
    )
    since = clock.now() - WINDOW
    if any(Attempt.objects.filter(key=limit.key, at__gt=since).count() > limit.tries for limit in limits):
        in_transaction(lambda: Attempt.objects.filter(pk__in=[row.pk for row in made]).delete())
        raise TooManyAttempts


def forget(*limits: Limit) -> None:
    """Somebody proved who they are: their tries count no more."""
    Attempt.objects.filter(key__in=[limit.key for limit in limits]).delete()


def sweep() -> int:
    """Drop tries that count no more; how many."""
    dropped, _ = Attempt.objects.filter(at__lte=clock.now() - WINDOW).delete()
    return dropped
