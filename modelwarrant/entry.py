"""Entry v1: the bytes of one event in the log. These bytes are the leaf; nothing is ever rewritten.

The shape is frozen: a new need is a new version, and versions not known here stay readable as raw values.
Which events exist and what their data mean is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from modelwarrant import canonical
from modelwarrant.errors import Fault

VERSION: Final = 1
MAX_BYTES: Final = 60_000
MAX_TEXT: Final = 255
ACTOR_KINDS: Final = ("user", "service", "system")

_KEYS: Final = frozenset({"actor", "at", "data", "ev", "event", "hidden", "id", "log", "set", "subject", "v"})
_ACTOR_KEYS: Final = (frozenset({"id", "kind", "via"}), frozenset({"for", "id", "kind", "via"}))
_SUBJECT_KEYS: Final = frozenset({"id", "kind"})
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_TIME: Final = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z",
    re.ASCII,
)
_EVENT: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*", re.ASCII)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_COMMITMENT: Final = re.compile(r"hmac-sha256:[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Actor:
    """Who acted: `kind` user, service or system; `id` a pseudonym (or a system actor's name); `via` the door;
    `on_behalf_of` the pseudonym of a service identity's controller."""

    kind: str
    id: str
    via: str
    on_behalf_of: str | None = None


@dataclass(frozen=True)
class Subject:
    """What it happened to: `kind` such as "registry.version", and its id."""

    kind: str
    id: str


@dataclass(frozen=True)
class Entry:
    """One event.

    log: origin of the log. id: random UUID, lower case. event: dotted name, such as "version.submitted"; ev:
    its version, from 1. at: claimed time, UTC. set: columns of governed state this event wrote, to canonical
    strings, integers, booleans or None. data: what else the event says. hidden: field to commitment, in place
    of personal text.
    """

    log: str
    id: str
    event: str
    ev: int
    at: datetime
    actor: Actor
    subject: Subject
    set: Mapping[str, str | int | bool | None] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    hidden: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The leaf bytes. Raises ValueError naming the field that is wrong."""
        if self.at.tzinfo is None:
            raise ValueError("at: a time without a zone")
        actor = {"id": self.actor.id, "kind": self.actor.kind, "via": self.actor.via}
        if self.actor.on_behalf_of is not None:
            actor["for"] = self.actor.on_behalf_of
        value = {
            "v": VERSION,
            "log": self.log,
            "id": self.id,
            "event": self.event,
            "ev": self.ev,
            "at": format_time(self.at),
            "actor": actor,
            "subject": {"id": self.subject.id, "kind": self.subject.kind},
            "set": dict(self.set),
            "data": dict(self.data),
            "hidden": dict(self.hidden),
        }
        problem = shape_problem(value)
        if problem:
            raise ValueError(problem)
        return canonical.encode(value, max_bytes=MAX_BYTES)


@dataclass(frozen=True)
class Parsed:
    """What a leaf's bytes say. `entry` is None for versions not known here; `raw` is always the whole."""

    version: int
    raw: Mapping[str, Any]
    entry: Entry | None


def parse(data: bytes) -> Parsed:
    """Read a leaf. Raises Fault("malformed") for bytes that are no canonical entry of any version."""
    if len(data) > MAX_BYTES:
        raise Fault("malformed", f"an entry of {len(data)} bytes")
    value = canonical.decode(data)
    version = read_version(value)
    if version != VERSION:
        return Parsed(version, value, None)
    problem = shape_problem(value)
    if problem:
        raise Fault("malformed", problem)
    actor, subject = value["actor"], value["subject"]
    entry = Entry(
        log=value["log"],
        id=value["id"],
        event=value["event"],
        ev=value["ev"],
        at=parse_time(value["at"]),
        actor=Actor(actor["kind"], actor["id"], actor["via"], actor.get("for")),
        subject=Subject(subject["kind"], subject["id"]),
        set=value["set"],
        data=value["data"],
        hidden=value["hidden"],
    )
    return Parsed(version, value, entry)


def read_version(value: Any) -> int:
    """The version of a decoded leaf. Raises Fault("malformed") when it has none."""
    version = value.get("v") if type(value) is dict else None
    if type(version) is not int or version < 1:
        raise Fault("malformed", "an entry is an object with a version `v` from 1")
    return version


def shape_problem(value: Any) -> str | None:
    """What is wrong with a decoded v1 entry, naming the field; None when nothing is."""
    if type(value) is not dict or value.keys() != _KEYS:
        return f"an entry has exactly the fields {', '.join(sorted(_KEYS))}"
    if value["v"] != VERSION:
        return "v: not 1"
    if not _text(value["log"]) or "\n" in value["log"]:
        return "log: not an origin"
    if not _matches(_UUID, value["id"]):
        return "id: not a lower-case UUID"
    if not _text(value["event"]) or not _matches(_EVENT, value["event"]):
        return "event: not a dotted lower-case name"
    if type(value["ev"]) is not int or value["ev"] < 1:
        return "ev: not an integer from 1"
    if type(value["at"]) is not str or not _is_time(value["at"]):
        return "at: not YYYY-MM-DDTHH:MM:SS.ffffffZ"
    actor, subject = value["actor"], value["subject"]
    if type(actor) is not dict or actor.keys() not in _ACTOR_KEYS or not all(map(_text, actor.values())):
        return "actor: not id, kind, via and perhaps for, each a short text"
    if actor["kind"] not in ACTOR_KINDS:
        return f"actor.kind: not one of {', '.join(ACTOR_KINDS)}"
    if type(subject) is not dict or subject.keys() != _SUBJECT_KEYS or not all(map(_text, subject.values())):
        return "subject: not id and kind, each a short text"
    for name in ("set", "data", "hidden"):
        if type(value[name]) is not dict:
            return f"{name}: not an object"
    for column, written in value["set"].items():
        if not _matches(_NAME, column) or not (written is None or isinstance(written, (str, int))):
            return f"set.{column}: not a column with a text, integer, boolean or null"
    for column, commitment in value["hidden"].items():
        if not _matches(_NAME, column) or not _matches(_COMMITMENT, commitment):
            return f"hidden.{column}: not a field with a commitment"
    return None


def format_time(at: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS.ffffffZ`, in UTC. Raises ValueError for a time without a zone."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_time(text: str) -> datetime:
    """The inverse of `format_time`. Raises Fault("malformed")."""
    if not _is_time(text):
        raise Fault("malformed", f"time {text[:40]!r}")
    return datetime.fromisoformat(text)


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    if text[8:10] <= "28":
        return text[:4] != "0000"
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT
