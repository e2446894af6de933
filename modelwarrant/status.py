"""The status list: which warrants are void now. Signed by the warrant key, short-lived.

A warrant can't be called back, so whoever needs to know more than its dates asks for the newest list; a
list past its end says nothing. A DSSE-signed in-toto statement of its own predicate type.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from modelwarrant import canonical, entry, envelope
from modelwarrant.envelope import members
from modelwarrant.errors import CannotCheck, Fault
from modelwarrant.keys import Signer, TrustedKey

PREDICATE_TYPE: Final = "https://modelwarrant.dev/warrant-status/v1"
MAX_BYTES: Final = 32 * 2**20


@dataclass(frozen=True, slots=True)
class Void:
    """One void warrant: its id, on which ground, since when."""

    warrant: str
    ground: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StatusList:
    """A list that holds from `issued` until `expires`; `void` by warrant id."""

    issued: datetime
    expires: datetime
    void: Mapping[str, Void]


def make(void: Iterable[Void], issued: datetime, expires: datetime, signer: Signer) -> bytes:
    """The signed list. Raises ValueError when it would end before it begins or names a warrant twice."""
    listed = sorted(void, key=lambda item: item.warrant)
    if expires <= issued:
        raise ValueError("a status list must end after it begins")
    if len({item.warrant for item in listed}) != len(listed):
        raise ValueError("a warrant is listed twice")
    predicate: dict[str, Any] = {
        "expires": entry.format_time(expires),
        "issued": entry.format_time(issued),
        "void": [
            {"at": entry.format_time(item.at), "ground": item.ground, "id": item.warrant} for item in listed
        ],
    }
    digest = hashlib.sha256(canonical.encode(predicate)).hexdigest()
    statement = envelope.Statement((("warrant-status", digest),), PREDICATE_TYPE, predicate)
    signed = envelope.sign(canonical.encode(statement.document()), [signer])
    return canonical.encode(signed.document()) + b"\n"


def check(data: bytes, *, trust: Sequence[TrustedKey], at: datetime | None) -> StatusList:
    """Verify a list for the moment `at`; None asks only whether it is genuine, as for an archive.

    Raises Fault when altered, CannotCheck when stale or by an unknown key.
    """
    if len(data) > MAX_BYTES:
        raise Fault("malformed", f"a status list of {len(data):,} bytes")
    signed = envelope.read(canonical.decode(data.removesuffix(b"\n")))
    key = envelope.verify(signed, trust, "warrant")[0]
    statement = envelope.read_statement(canonical.decode(signed.payload), PREDICATE_TYPE)
    predicate = statement.predicate
    members(predicate, "status list", required=("expires", "issued", "void"))
    if [digest for _, digest in statement.subjects] != [
        hashlib.sha256(canonical.encode(dict(predicate))).hexdigest()
    ]:
        raise Fault("inconsistent", "the status list isn't its own subject")
    issued, expires = _time(predicate["issued"]), _time(predicate["expires"])
    if objection := key.objection("warrant", issued):
        raise Fault(objection, f"the status list was signed at {predicate['issued']}, key {key.id[:16]}")
    if at is not None and at >= expires:
        raise CannotCheck(f"the status list is stale: it ended {predicate['expires']}")
    if not isinstance(predicate["void"], list):
        raise Fault("malformed", "status list: void must be a list")
    void = {}
    for item in predicate["void"]:
        members(item, "void warrant", required=("at", "ground", "id"))
        if not isinstance(item["id"], str) or not isinstance(item["ground"], str) or item["id"] in void:
            raise Fault("malformed", "status list: id and ground are texts, each id once")
        void[item["id"]] = Void(item["id"], item["ground"], _time(item["at"]))
    return StatusList(issued, expires, void)


def _time(value: Any) -> datetime:
    if not isinstance(value, str):
        raise Fault("malformed", "status list: a time is expected")
    return entry.parse_time(value)
