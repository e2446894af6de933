"""Django's SQLite backend with a file lock before every BEGIN.

SQLite's own waiting is a poll with growing pauses, so that with eight writers the unluckiest waits two seconds and
more. Writers that queue on `<database>.lock` (flock) before BEGIN IMMEDIATE take turns within milliseconds. The lock
is released by commit, rollback, close, or the death of the process; it adds order, never safety, which remains
SQLite's. Databases in memory have no file and no lock.
"""

from __future__ import annotations

import fcntl
import os
import time
import weakref
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

PAUSE_SECONDS = 0.001


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lock: int | None = None
        _wrappers.add(self)

    def _take_turn(self) -> None:
        """Lock the file; OperationalError when others hold it longer than the database's timeout (seconds)."""
        if self._lock is not None or self.is_in_memory_db():
            return
        lock = os.open(f"{self.settings_dict['NAME']}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + self.settings_dict["OPTIONS"].get("timeout", 5)
        try:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise OperationalError(
                            "database is locked: other writers held it for too long"
                        ) from None
                    time.sleep(PAUSE_SECONDS)
        except BaseException:
            os.close(lock)
            raise
        self._lock = lock

    def _end_turn(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            fcntl.flock(lock, fcntl.LOCK_UN)
            os.close(lock)

    def _forget_turn(self) -> None:
        """In a forked child: the lock is the parent's, so close our copy of it without unlocking."""
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def _start_transaction_under_autocommit(self) -> None:
        self._take_turn()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._end_turn()
            raise

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]
        self._end_turn()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._end_turn()


_wrappers: weakref.WeakSet[DatabaseWrapper] = weakref.WeakSet()


def _forget_all() -> None:
    for wrapper in _wrappers:
        wrapper._forget_turn()


os.register_at_fork(after_in_child=_forget_all)
