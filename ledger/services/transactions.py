"""`governed`: the transaction that every service runs in.

The outermost call opens it, repeats it when the database asks for that, records a denial after it was rolled back,
and wakes the sequencer after it was committed. Inner calls join it.
"""

from __future__ import annotations

import functools
import logging
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, OperationalError, connection, transaction

from ledger.actors import Actor
from ledger.errors import NotAllowed, OutcomeUnknown, Refused, Unavailable
from ledger.services import denials, scope, wakes
from ledger.services.records import is_passing

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 3
_log = logging.getLogger(__name__)


def governed(service: Callable[P, R]) -> Callable[P, R]:
    """Run a service (`actor` is keyword-only and never None) in a governed transaction.

    Raises what the service raises; Unavailable when the database stays busy or can't be reached, OutcomeUnknown when it
    was lost inside COMMIT.
    """

    @functools.wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        actor = kwargs.get("actor")
        if not isinstance(actor, Actor):
            raise TypeError(f"{service.__qualname__} needs actor=Actor(...), not {actor!r}")
        if scope.current.get() is not None:
            return service(*args, **kwargs)
        try:
            return in_transaction(lambda: service(*args, **kwargs))
        except (NotAllowed, Refused) as error:
            _record_denial(actor, error)
            raise

    return run


def in_transaction(work: Callable[[], R]) -> R:
    """Run `work` in one transaction with a scope for records, up to three times while the failure is a passing one.

    Inside somebody else's transaction it runs once: only the outermost can be repeated.
    """
    tries = 1 if connection.in_atomic_block else TRIES
    for left in reversed(range(tries)):
        try:
            return _once(work)
        except DatabaseError as error:
            scope.forget_log()
            if not is_passing(error):
                if isinstance(error, OperationalError):
                    raise Unavailable("The database can't be reached or is out of room.") from error
                raise
            if not left:
                raise Unavailable("The database is busy; nothing was changed. Please try again.") from error
            time.sleep(random.uniform(0.01, 0.05) * (tries - left))  # noqa: S311
    raise AssertionError("unreachable")


def _once(work: Callable[[], R]) -> R:
    state = scope.Scope()
    token = scope.current.set(state)
    committing = False
    try:
        with transaction.atomic():
            result = work()
            if state.broken is not None:
                raise state.broken
            if state.entries:
                wakes.wake_after_commit("ledger.sequence")
            committing = not connection.savepoint_ids
        return result
    except OperationalError as error:
        if committing and _is_lost(error):
            raise OutcomeUnknown from error
        raise
    finally:
        scope.current.reset(token)


def _is_lost(error: OperationalError) -> bool:
    """Whether the server went away without an answer. What it answers to COMMIT is an answer: it didn't happen."""
    state = getattr(error.__cause__, "sqlstate", None)
    gone = state is None or state.startswith("08") or state in ("57P01", "57P02", "57P03")
    return connection.vendor == "postgresql" and gone


def _record_denial(actor: Actor, error: NotAllowed | Refused) -> None:
    try:
        in_transaction(lambda: denials.record(actor, error))
    # The denial itself stands whatever happens here; a log that can't be written shows in /readyz.
    except Exception:
        _log.exception("a denial of %s (%s) could not be recorded", error.permission or error.code, actor.id)
