"""Waking tasks by name. Rows are the queue: a wake that is lost costs seconds, never work."""

from __future__ import annotations

import logging
import time
from functools import partial

from celery import current_app
from django.db import transaction

_log = logging.getLogger(__name__)

PAUSE_SECONDS = 5.0
_silent_until = 0.0


def wake(task: str) -> bool:
    """Send the task now; False, and a line in the log, when the broker can't be reached.

    After a failure the broker is left alone for some seconds, so that a door never waits on it twice.
    """
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


def wake_after_commit(task: str) -> None:
    """Send the task once the present transaction has committed."""
    transaction.on_commit(partial(wake, task), robust=True)
