"""Starting a log after another, when entries that were signed are lost for good, or a log shall end.

The old log stays as it is: read, proved and exported by its number. The first entry of the new one names it, says what
was signed of it and what this database holds of it, so that the rest of the old log is bound by the new one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection

from ledger import events, selectors, tree
from ledger.actors import Actor, Subject
from ledger.errors import Conflict, IntegrityFault, Invalid, SignerRefuses, Unavailable
from ledger.models import Checkpoint, Entry, Log
from ledger.services import checkpoints, keys, records, scope, sequencer
from ledger.services.transactions import in_transaction
from ledger.signer_state import SignerState, StateFile

SEQUENCER = Actor.system("sequencer")
_ORIGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~/-]{2,149}")


@dataclass(frozen=True, slots=True)
class Decided:
    """Who starts the log, and the pseudonym of who agreed."""

    actor: Actor
    confirmed_by: str


@dataclass(frozen=True, slots=True)
class Started:
    """The new log and the one before it; `sound` says whether the database holds all that was signed of that."""

    log: Log
    predecessor: Log
    sound: bool


def log_start(*, decide: Callable[[], Decided], origin: str, reason: str) -> Started:
    """End the present log and start `origin` after it. `decide` is asked inside the transaction who may.

    Repeated with the same origin it finishes what a crash left: the signer follows to the new log. Must not run inside
    a transaction. Raises Invalid (origin, reason), Conflict, Unavailable (no keys here), whatever `decide` raises.
    """
    if not _ORIGIN.fullmatch(origin):
        raise Invalid("3 to 150 letters, digits and . _ ~ / - as in example.org/log2", field="origin")
    if not reason.strip() or len(reason) > 2000:
        raise Invalid("Say why, in at most 2,000 characters.", field="reason")
    old = selectors.current_log()
    if old is None:
        raise Unavailable("There is no log yet: run `manage.py migrate`.", code="no-log")
    held = keys.log_signers(old)
    file = StateFile(settings.MODELWARRANT_HOME)
    with file.locked():
        # The signer stands still from here on: what it signed last can't grow while it is written down.
        state = _memory(file)
        if _unfinished(old, origin, state):
            in_transaction(decide)
        else:
            in_transaction(lambda: _start(decide(), origin, reason.strip(), state))
        started = _present()
        if started.sound:
            checkpoints.sign(started.predecessor, held, file)
            state = file.read()
        first = SignerState(origin, 0, tree.root_at(started.log, 0), tree.chain_at(started.log, 0))
        file.follow(state, first)
    return started


def started_data(log: Log) -> Mapping[str, Any] | None:
    """What the first entry of a log says about its predecessor; None where it is no such entry, or isn't there."""
    rows = Entry.objects.filter(origin=log.origin, event=events.LOG_STARTED.name)[:2]
    return selectors.parsed(rows[0]).data if len(rows) == 1 else None


def _memory(file: StateFile) -> SignerState | None:
    try:
        return file.read()
    except SignerRefuses:
        return None  # unreadable is lost; the newest checkpoint says what was signed


def _unfinished(newest: Log, origin: str, state: SignerState | None) -> bool:
    if newest.origin != origin:
        return False
    if newest.number == 1 or (state is not None and state.origin == origin):
        raise Conflict(f"{origin} is the present log already.", code="same-log")
    return True


def _present() -> Started:
    log = Log.objects.order_by("-number")[0]
    data = started_data(log)
    if data is None:
        raise IntegrityFault(f"The log {log.origin} doesn't begin with the name of the log before it.")
    return Started(log, Log.objects.get(number=log.number - 1), data["sound"] is True)


def _start(decided: Decided, origin: str, reason: str, state: SignerState | None) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Whoever writes an entry now is waited for, and whoever comes later finds the successor.
            cursor.execute(f"LOCK TABLE {Entry._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
    old = Log.objects.order_by("-number")[0]
    if Log.objects.filter(origin=origin).exists():
        raise Conflict(f"{origin} is the name of a log that is there already.", field="origin")
    signed = _signed(old, state)
    sound = state is not None and state.origin == old.origin and _holds(old, state)
    common = {"confirmed_by": decided.confirmed_by}
    if sound:
        records.note(
            actor=decided.actor,
            event=events.LOG_ENDED,
            subject=Subject("log", old.origin),
            data={"successor": origin, **common},
            hidden={"reason": reason},
        )
    held = _held(old)
    new = Log.objects.create(number=old.number + 1, origin=origin)
    scope.go_on_in(new)
    records.note(
        actor=decided.actor,
        event=events.LOG_STARTED,
        subject=Subject("log", origin),
        data={"predecessor": old.origin, "signed": signed, "held": held, "sound": sound, **common},
        hidden={"reason": reason},
    )


def _signed(old: Log, state: SignerState | None) -> dict[str, Any]:
    """The largest tree of the old log that is known to be signed, from the signer's memory and the checkpoints."""
    newest = Checkpoint.objects.filter(log=old.number).order_by("-size", "-id").first()
    if state is not None and state.origin == old.origin and (newest is None or state.size >= newest.size):
        return _tree(state.size, state.root, state.chain)
    if newest is not None:
        return _tree(newest.size, bytes(newest.root), bytes(newest.chain))
    return _tree(0, tree.root_at(old, 0), tree.chain_at(old, 0))


def _holds(old: Log, state: SignerState) -> bool:
    try:
        checkpoints.require_known_tree(state, old, tree.size(old))
    except SignerRefuses:
        return False
    return True


def _held(old: Log) -> dict[str, Any]:
    """What this database has of the old log, everything that waited included."""
    try:
        sequencer.integrate_all(actor=SEQUENCER)
        size = tree.size(old)
        return _tree(size, tree.root_at(old, size), tree.chain_at(old, size))
    except IntegrityFault:
        # A tree that contradicts itself has no root; how far it goes is all that can be said.
        return {"size": tree.size(old), "root": "", "chain": ""}


def _tree(size: int, root: bytes, chain: bytes) -> dict[str, Any]:
    return {"size": size, "root": root.hex(), "chain": chain.hex()}
