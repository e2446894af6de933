"""Who may start a log after another: two operators, by name."""

from __future__ import annotations

from ledger.actors import Actor
from ledger.errors import Invalid
from ledger.services import logs
from people.actors import for_user
from people.selectors import operator_named


def new_log(*, actor: Actor, origin: str, reason: str, by: str, confirmed_by: str) -> logs.Started:
    """Start the log `origin`, decided by two operators in force, named by e-mail.

    For the command alone: whoever runs it holds the log key, and vouches for both. Invalid: by, confirmed_by, and what
    `ledger.services.logs.log_start` says.
    """
    if actor != Actor.system("new-log", door="cli"):
        raise Invalid("Only the command ledger_new_log starts a log.", field="actor")

    def decide() -> logs.Decided:
        first, second = operator_named(by, "by"), operator_named(confirmed_by, "confirmed_by")
        if first == second:
            raise Invalid("Another operator must agree.", field="confirmed_by")
        return logs.Decided(for_user(first, "cli"), second.pseudonym)

    return logs.log_start(decide=decide, origin=origin, reason=reason)
