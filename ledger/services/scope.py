"""Whether we are inside a governed transaction, and what it has to remember until it ends.

Lowest of the services: `records` asks it, `transactions` sets it.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from django.db import connection

from ledger.errors import Unavailable
from ledger.models import Log


class OutsideGoverned(RuntimeError):
    """A record was to be written outside a service's transaction: a fault of our own code."""


@dataclass
class Scope:
    """One outermost governed transaction. `broken` is the reason why it must not commit."""

    entries: int = 0
    broken: BaseException | None = None
    log: Log | None = None


_newest: Log | None = None
current: ContextVar[Scope | None] = ContextVar("ledger_scope", default=None)


def require() -> Scope:
    """The scope we are in. Raises OutsideGoverned."""
    scope = current.get()
    if scope is None:
        raise OutsideGoverned("records are written inside a function under @governed only")
    return scope


def log() -> Log:
    """The log that is written to. Raises Unavailable before the first `migrate`.

    On PostgreSQL a process knows it until it has a successor: then a trigger on `entry` refuses what still goes to
    the old one, and the transaction is repeated. On SQLite the transaction holds the only write lock, and asks.
    """
    global _newest
    scope = require()
    if scope.log is None:
        scope.log = _newest or Log.objects.order_by("-number").first()
        if scope.log is None:
            raise Unavailable("There is no log yet: run `manage.py migrate`.", code="no-log")
        if connection.vendor == "postgresql":
            _newest = scope.log
    return scope.log


def go_on_in(log: Log) -> None:
    """Write to this log from here on in this transaction: it was just started."""
    require().log = log
    forget_log()


def forget_log() -> None:
    """Ask again which log is written to: after `migrate`, and after a transaction that failed."""
    global _newest
    _newest = None
