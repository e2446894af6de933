"""Whether we are inside a governed transaction, and what it has to remember until it ends.

Lowest of the services: `records` asks it, `transactions` sets it.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

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


current: ContextVar[Scope | None] = ContextVar("ledger_scope", default=None)


def require() -> Scope:
    """The scope we are in. Raises OutsideGoverned."""
    scope = current.get()
    if scope is None:
        raise OutsideGoverned("records are written inside a function under @governed only")
    return scope


def log() -> Log:
    """The log that is written to, read once per transaction. Raises Unavailable before the first `migrate`."""
    scope = require()
    if scope.log is None:
        scope.log = Log.objects.order_by("-number").first()
        if scope.log is None:
            raise Unavailable("There is no log yet: run `manage.py migrate`.", code="no-log")
    return scope.log
