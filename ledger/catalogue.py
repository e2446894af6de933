"""The events that may be recorded, as one table per app (`<app>/events.py`).

An event's name and version fix its fields for ever: what was written can't be changed, so a field that is added
or dropped is a new version beside the old one. Nothing here knows who records, or when.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_NAME = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")
SYSTEM = "system"
_FIELD = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of thing that happens.

    `name` is dotted lower case with underscores (`version.moved`). `data` names the fields an entry's `data` may
    hold (absent ones are left out, others are errors; `system` is taken by the subject's system), `hidden` the
    personal ones, recorded as commitments only, `title` what a history page shows. Columns of a governed row need
    no mention: the row's class declares them.
    """

    name: str
    title: str
    data: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    version: int = 1

    def check(self, data: Mapping[str, object], hidden: Iterable[str]) -> None:
        """ValueError naming every field that this event doesn't have."""
        unknown = sorted(set(data) - set(self.data)) + sorted(set(hidden) - set(self.hidden))
        if unknown:
            raise ValueError(f"event {self.name} v{self.version} has no field {', '.join(unknown)}")


class EventCatalogue:
    """All events, by name and version."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, int], Event] = {}

    def register(self, *events: Event) -> None:
        """Add events; the same one twice is fine, another under the same name and version is an error."""
        for event in events:
            _require_sound(event)
            known = self._events.setdefault((event.name, event.version), event)
            if known != event:
                raise ValueError(f"event {event.name} v{event.version} is registered with different fields")

    def get(self, name: str, version: int = 1) -> Event | None:
        return self._events.get((name, version))

    def known(self, event: Event) -> bool:
        return self._events.get((event.name, event.version)) == event

    def title(self, name: str, version: int = 1) -> str:
        """What pages call it; the name itself for an event that this version of the software doesn't know."""
        event = self.get(name, version)
        return event.title if event else name

    def all(self) -> tuple[Event, ...]:
        return tuple(self._events[key] for key in sorted(self._events))

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self._events)


def _require_sound(event: Event) -> None:
    if not _NAME.fullmatch(event.name) or event.version < 1 or not event.title:
        raise ValueError(f"event {event.name!r}: name, title or version")
    fields = event.data + event.hidden
    wrong = [
        name for name in fields if name == SYSTEM or not _FIELD.fullmatch(name) or fields.count(name) > 1
    ]
    if wrong:
        raise ValueError(f"event {event.name}: fields {', '.join(wrong)}")


catalogue = EventCatalogue()
register = catalogue.register


def faults() -> list[str]:
    """What start-up must not pass over: every event is checked where it is registered, an empty table isn't."""
    return [] if catalogue.all() else ["no event is registered"]
