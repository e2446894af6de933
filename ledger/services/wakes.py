"""Waking tasks by name. Rows are the queue: a wake that is lost costs seconds, never work."""

from __future__ import annotations

import logging
import os
import threading
import time
from functools import partial

from celery import current_app
from django.db import transaction

_log = logging.getLogger(__name__)

PAUSE_SECONDS = 5.0
GAP_SECONDS = 0.05

_silent_until = 0.0
_guard = threading.Lock()
_sent: dict[str, float] = {}
_coming: set[str] = set()


def wake(task: str) -> bool:
    """Send the task now; False, and a line in the log, when the broker can't be reached.

    After a failure the broker is left alone for some seconds, so that a door never waits on it twice. Of many wakes
    in a row the first is sent at once and all others as one, a moment later: a message costs more than a record.
    """
    with _guard:
        if task in _coming:
            return True
        wait = _sent.get(task, 0.0) + GAP_SECONDS - time.monotonic()
        if wait > 0:
            _coming.add(task)
            # Not a daemon: a process that ends still sends it.
            threading.Timer(wait, _send_late, [task]).start()
            return True
        _sent[task] = time.monotonic()
    return _send(task)


def _send_late(task: str) -> None:
    with _guard:
        # What commits from here on asks for the next one.
        _coming.discard(task)
        _sent[task] = time.monotonic()
    _send(task)


def _send(task: str) -> bool:
    global _silent_until
    if time.monotonic() < _silent_until:
        return False
    try:
        current_app.send_task(task, retry=False, ignore_result=True)
    # Whatever a transport raises: the work is committed and the sweep finds its row.
    except Exception as error:
        _silent_until = time.monotonic() + PAUSE_SECONDS
        _log.warning("cannot wake %s, the next sweep will find its rows: %s", task, error)
        return False
    return True


def _forget() -> None:
    """After a fork: the parent's timers aren't here."""
    global _guard
    _guard = threading.Lock()
    _coming.clear()


os.register_at_fork(after_in_child=_forget)


def wake_after_commit(task: str) -> None:
    """Send the task once the present transaction has committed."""
    transaction.on_commit(partial(wake, task), robust=True)
