"""The status list: which warrants are void or limited now. Signed by the warrant key, short-lived.

A warrant can't be called back, so whoever needs to know more than its dates asks for the newest list; a
list past its end says nothing. A DSSE-signed in-toto statement of its own predicate type. Version 1 (without log and
limits) is read and no longer written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from modelwarrant import canonical, entry, envelope
from modelwarrant.envelope import members
from modelwarrant.errors import CannotCheck, Fault
from modelwarrant.keys import Signer, TrustedKey

PREDICATE_TYPE: Final = "https://modelwarrant.dev/warrant-status/v2"
FIRST_TYPE: Final = "https://modelwarrant.dev/warrant-status/v1"
LIMITS: Final = ("due", "grace")
MAX_BYTES: Final = 32 * 2**20


@dataclass(frozen=True, slots=True)
class Void:
    """One void warrant: its id, on which ground, since when."""

    warrant: str
    ground: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Limited:
    """One warrant whose end was brought forward: its id, the ground, `due` or `grace`, since when."""

    warrant: str
    ground: str
    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Log:
    """The log that the list was derived from, and how many entries it had."""

    origin: str
    size: int


@dataclass(frozen=True, slots=True)
class StatusList:
    """A list that holds from `issued` until `expires`; `void` and `limited` by warrant id. `log` is None in a list of
    version 1."""

    issued: datetime
    expires: datetime
    void: Mapping[str, Void]
    limited: Mapping[str, Limited] = field(default_factory=dict)
    log: Log | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest list that somebody has checked before: what a later one may not go back behind."""

    issued: datetime
    log: Log | None

    def document(self) -> bytes:
        """As it is kept between two checks."""
        said: dict[str, Any] = {"issued": entry.format_time(self.issued)}
        if self.log is not None:
            said["log"] = {"origin": self.log.origin, "size": self.log.size}
        return json.dumps(said, indent=1).encode() + b"\n"


def make(
    void: Iterable[Void],
    issued: datetime,
    expires: datetime,
    signer: Signer,
    *,
    log: Log,
    limited: Iterable[Limited] = (),
) -> bytes:
    """The signed list. Raises ValueError when it would end before it begins or names a warrant twice."""
    listed = sorted(void, key=lambda item: item.warrant)
    others = sorted(limited, key=lambda item: item.warrant)
    if expires <= issued:
        raise ValueError("a status list must end after it begins")
    named = [item.warrant for item in listed] + [item.warrant for item in others]
    if len(set(named)) != len(named):
        raise ValueError("a warrant is listed twice")
    if any(item.status not in LIMITS for item in others):
        raise ValueError("a warrant is limited to due or grace")
    predicate: dict[str, Any] = {
        "expires": entry.format_time(expires),
        "issued": entry.format_time(issued),
        "limited": [
            {
                "at": entry.format_time(item.at),
                "ground": item.ground,
                "id": item.warrant,
                "status": item.status,
            }
            for item in others
        ],
        "log": {"origin": log.origin, "size": log.size},
        "void": [
            {"at": entry.format_time(item.at), "ground": item.ground, "id": item.warrant} for item in listed
        ],
    }
    digest = hashlib.sha256(canonical.encode(predicate)).hexdigest()
    statement = envelope.Statement((("warrant-status", digest),), PREDICATE_TYPE, predicate)
    signed = envelope.sign(canonical.encode(statement.document()), [signer])
    return canonical.encode(signed.document()) + b"\n"


def check(
    data: bytes, *, trust: Sequence[TrustedKey], at: datetime | None, seen: Seen | None = None
) -> StatusList:
    """Verify a list for the moment `at`; None asks only whether it is genuine, as for an archive.

    Raises Fault when altered, or when it goes back behind `seen` ("rollback"); CannotCheck when stale, or by an unknown
    key.
    """
    if len(data) > MAX_BYTES:
        raise Fault("malformed", f"a status list of {len(data):,} bytes")
    signed = envelope.read(canonical.decode(data.removesuffix(b"\n")))
    key = envelope.verify(signed, trust, "warrant")[0]
    statement = _statement(canonical.decode(signed.payload))
    predicate = statement.predicate
    if [digest for _, digest in statement.subjects] != [
        hashlib.sha256(canonical.encode(dict(predicate))).hexdigest()
    ]:
        raise Fault("inconsistent", "the status list isn't its own subject")
    issued, expires = _time(predicate["issued"]), _time(predicate["expires"])
    if objection := key.objection("warrant", issued):
        raise Fault(objection, f"the status list was signed at {predicate['issued']}, key {key.id[:16]}")
    if at is not None and at >= expires:
        raise CannotCheck(f"the status list is stale: it ended {predicate['expires']}")
    log = _log(predicate["log"]) if "log" in predicate else None
    found = StatusList(issued, expires, _void(predicate["void"]), _limited(predicate.get("limited", [])), log)
    if found.void.keys() & found.limited.keys():
        raise Fault("malformed", "status list: a warrant is both void and limited")
    if seen is not None:
        _require_forward(found, seen)
    return found


def read_seen(data: bytes) -> Seen:
    """What was kept with `Seen.document`. Raises Fault "malformed"."""
    said = envelope.parse_json(data, "seen status")
    members(said, "seen status", required=("issued",), optional=("log",))
    return Seen(_time(said["issued"]), _log(said["log"]) if "log" in said else None)


def _require_forward(found: StatusList, seen: Seen) -> None:
    if found.issued < seen.issued:
        raise Fault(
            "rollback",
            f"the status list of {entry.format_time(found.issued)} is older than one seen before, of "
            f"{entry.format_time(seen.issued)}",
        )
    if seen.log is None:
        return
    if found.log is None or (found.log.origin == seen.log.origin and found.log.size < seen.log.size):
        size = "no log" if found.log is None else f"{found.log.size} entries"
        raise Fault("rollback", f"the status list knows {size}, one seen before {seen.log.size} entries")


def _statement(document: Any) -> envelope.Statement:
    if isinstance(document, dict) and document.get("predicateType") == FIRST_TYPE:
        statement = envelope.read_statement(document, FIRST_TYPE)
        members(statement.predicate, "status list", required=("expires", "issued", "void"))
        return statement
    statement = envelope.read_statement(document, PREDICATE_TYPE)
    members(statement.predicate, "status list", required=("expires", "issued", "limited", "log", "void"))
    return statement


def _void(listed: Any) -> dict[str, Void]:
    found: dict[str, Void] = {}
    for item in _items(listed, "void", ("at", "ground", "id")):
        found[item["id"]] = Void(item["id"], item["ground"], _time(item["at"]))
    return found


def _limited(listed: Any) -> dict[str, Limited]:
    found: dict[str, Limited] = {}
    for item in _items(listed, "limited", ("at", "ground", "id", "status")):
        if item["status"] not in LIMITS:
            raise Fault("malformed", "status list: a warrant is limited to due or grace")
        found[item["id"]] = Limited(item["id"], item["ground"], item["status"], _time(item["at"]))
    return found


def _items(listed: Any, what: str, names: Sequence[str]) -> list[dict[str, Any]]:
    if not isinstance(listed, list):
        raise Fault("malformed", f"status list: {what} must be a list")
    ids = set()
    for item in listed:
        members(item, f"{what} warrant", required=names)
        if not isinstance(item["id"], str) or not isinstance(item["ground"], str) or item["id"] in ids:
            raise Fault("malformed", "status list: id and ground are texts, each id once")
        ids.add(item["id"])
    return listed


def _log(value: Any) -> Log:
    members(value, "status list log", required=("origin", "size"))
    origin, size = value["origin"], value["size"]
    if not isinstance(origin, str) or not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise Fault("malformed", "status list: log is an origin and a size")
    return Log(origin, size)


def _time(value: Any) -> datetime:
    if not isinstance(value, str):
        raise Fault("malformed", "status list: a time is expected")
    return entry.parse_time(value)
