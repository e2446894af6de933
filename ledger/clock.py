"""The time, from the database: one clock for all processes. Call as `clock.now()`, so that a test can set it.

Time is a claim; what came first is the entry's index in the log.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.db import connection

ALARMING_SKEW = timedelta(seconds=30)
"""Farther apart, what people see on their screens and what the log says don't fit together any more."""

# For a second the database's answer is carried on by this machine's monotonic clock, so that a transaction of several
# entries asks once. A clock set back or forward on the server shows within that second.
_CARRIED_SECONDS = 1.0
_heard: tuple[datetime, float] | None = None


def now() -> datetime:
    """Aware, UTC; microseconds on PostgreSQL, milliseconds on SQLite."""
    global _heard
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")
            return datetime.fromisoformat(cursor.fetchone()[0]).replace(tzinfo=UTC)
    if _heard is not None:
        moment, at = _heard
        passed = time.monotonic() - at
        if passed < _CARRIED_SECONDS:
            return moment + timedelta(seconds=passed)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        said: datetime = cursor.fetchone()[0]
    _heard = (said.astimezone(UTC), time.monotonic())
    return _heard[0]


def skew() -> timedelta:
    """How far this machine's clock is ahead of the database's; nothing is ever decided by this machine's."""
    global _heard
    _heard = None
    before = datetime.now(UTC)
    database = now()
    return before + (datetime.now(UTC) - before) / 2 - database


def text(moment: datetime) -> str:
    """RFC 3339 in UTC with six digits of a second: the only form in which entries hold a time."""
    if moment.tzinfo is None:
        raise ValueError("a time without zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
