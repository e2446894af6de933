"""Due dates from all over the house as one calendar (RFC 5545). Each source asks what its reader may see now.

Apps above register a source when they start; nothing of them is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module

from django.conf import settings

from ledger.actors import Actor

MOST = 500


@dataclass(frozen=True, slots=True)
class DueDate:
    """`uid` stays the same while the thing does, so that a calendar moves its entry instead of adding one. `path` is a
    page of ours."""

    uid: str
    title: str
    due: datetime
    path: str


Source = Callable[[Actor], Iterable[DueDate]]
_sources: dict[str, Source] = {}


def register(name: str, source: Source) -> None:
    """Add a source of due dates; once per name, when an app starts."""
    if _sources.setdefault(name, source) is not source:
        raise ValueError(f"there is a source '{name}' already")


def due_dates(actor: Actor) -> list[DueDate]:
    """What is due to `actor`, the next first."""
    found: Iterator[DueDate] = (one for source in _sources.values() for one in source(actor))
    return sorted(found, key=lambda one: (one.due, one.uid))[:MOST]


def as_ical(dates: Iterable[DueDate], *, now: datetime) -> bytes:
    """The calendar's bytes. An entry ends when it is due and begins half an hour before."""
    icalendar = import_module("icalendar")
    made = icalendar.Calendar()
    made.add("prodid", "-//ModelWarrant//Due dates//EN")
    made.add("version", "2.0")
    made.add("x-wr-calname", "ModelWarrant: due")
    made.add("refresh-interval;value=duration", "PT1H")
    for one in dates:
        event = icalendar.Event()
        event.add("uid", f"{one.uid}@modelwarrant")
        event.add("dtstamp", now.astimezone(UTC))
        event.add("dtstart", one.due.astimezone(UTC) - timedelta(minutes=30))
        event.add("dtend", one.due.astimezone(UTC))
        event.add("summary", one.title)
        if settings.PORTAL_URL:
            event.add("url", f"{settings.PORTAL_URL}{one.path}")
        made.add_component(event)
    return bytes(made.to_ical())
