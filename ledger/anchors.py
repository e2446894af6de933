"""Places outside this installation that keep a signed checkpoint. Each takes the checkpoint and gives evidence.

Three kinds: a folder where nothing is ever overwritten (a WORM share, a mounted bucket with object lock), a file that is
handed to the auditor, and an RFC 3161 time stamp. None of them decides anything, and none knows the database.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from cryptography import x509
from rfc3161_client import (
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from ledger import outbound

WRITE_ONCE, HANDOVER, RFC3161 = "write-once", "handover", "rfc3161"
FILE_MODE = 0o444


class AnchorFails(Exception):
    """The checkpoint isn't there now; it is tried again."""


class AnchorDiffers(Exception):
    """Another checkpoint of this log and size lies there."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What is anchored: the log's own signed note of `size` entries, and the verifier keys to check it with."""

    origin: str
    size: int
    note: bytes
    vkeys: tuple[str, ...]


class Anchor(Protocol):
    """One configured place. `name` is as configured, and names the rows in the database."""

    kind: str
    name: str

    def keep(self, stated: Statement) -> bytes:
        """Put it there; the evidence to store. Raises AnchorFails, AnchorDiffers."""

    def problem(self, stated: Statement, evidence: bytes) -> str:
        """What is wrong with what was put there once; empty when it is there and the same."""


class WriteOnce:
    """`<folder>/<first 16 hex digits of SHA-256 of the origin>/<size>.checkpoint`, created once, mode 0444."""

    kind = WRITE_ONCE

    def __init__(self, name: str) -> None:
        self.name = name
        self.folder = Path(name)

    def _path(self, stated: Statement) -> Path:
        log = sha256(stated.origin.encode("utf-8")).hexdigest()[:16]
        return self.folder / log / f"{stated.size}.checkpoint"

    def keep(self, stated: Statement) -> bytes:
        """See `Anchor`. A crash in the middle leaves a part under another name, never half a checkpoint."""
        path = self._path(stated)
        try:
            path.parent.mkdir(exist_ok=True)
            part = path.with_name(f".{path.name}.{os.getpid()}")
            part.unlink(missing_ok=True)
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
            try:
                os.write(handle, stated.note)
                os.fsync(handle)
            finally:
                os.close(handle)
            try:
                os.link(part, path)  # fails where the name is taken, whatever lies there
            except FileExistsError:
                if path.read_bytes() != stated.note:
                    raise AnchorDiffers(f"{path} holds another checkpoint of this size") from None
            finally:
                part.unlink()
        except OSError as error:
            raise AnchorFails(f"{path}: {error.strerror or error}") from error
        return b""

    def problem(self, stated: Statement, evidence: bytes) -> str:
        """See `Anchor`."""
        path = self._path(stated)
        try:
            return (
                "" if path.read_bytes() == stated.note else f"{path} is not the checkpoint that was put there"
            )
        except OSError as error:
            return f"{path}: {error.strerror or error}"


class Handover:
    """One text file with the newest checkpoint, the log's verifier key and how to use them: to be sent to an auditor,
    who keeps it. Replaced each time, so it is no evidence while it lies here."""

    kind = HANDOVER

    def __init__(self, name: str) -> None:
        self.name = name
        self.path = Path(name)

    def keep(self, stated: Statement) -> bytes:
        """See `Anchor`."""
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            part.write_bytes(handover_text(stated))
            os.replace(part, self.path)
        except OSError as error:
            raise AnchorFails(f"{self.path}: {error.strerror or error}") from error
        return b""

    def problem(self, stated: Statement, evidence: bytes) -> str:
        """See `Anchor`: nothing to look at."""
        return ""


def handover_text(stated: Statement) -> bytes:
    """The text of a handover: what precedes the line of dashes is for people, what follows is the checkpoint."""
    keys = "\n".join(f"  {vkey}" for vkey in stated.vkeys)
    return (
        f"Checkpoint of {stated.origin} at {stated.size} entries.\n"
        "Keep this file where the operator of the log cannot change it. Later, cut off everything up to and including\n"
        "the line of dashes, and ask for an export of the log (EXPORT). Whoever altered, removed or rewrote one of\n"
        "these entries since cannot make this command end with 0:\n\n"
        "  modelwarrant verify-log EXPORT --vkey KEY --earlier THIS_FILE\n\n"
        f"Verifier key:\n{keys}\n"
        f"{'-' * 72}\n"
    ).encode() + stated.note


class TimeStamp:
    """RFC 3161: an authority signs that the checkpoint existed. `name` is `<URL>,<PEM file of the root>`; a file may
    hold intermediates after the root. The evidence is the response, as `openssl ts -verify` reads it."""

    kind = RFC3161

    def __init__(self, name: str) -> None:
        self.name = name
        self.url, _, self.authority = name.partition(",")

    def keep(self, stated: Statement) -> bytes:
        """See `Anchor`."""
        request = TimestampRequestBuilder().data(stated.note).nonce(nonce=True).build()
        try:
            answer = outbound.post(self.url, request.as_bytes(), "application/timestamp-query")
        except outbound.NoAnswer as error:
            raise AnchorFails(str(error)) from error
        if answer.status != 200:
            raise AnchorFails(f"status {answer.status}")
        problem = self._problem(stated, answer.body, request.nonce)
        if problem:
            raise AnchorFails(problem)
        return answer.body

    def problem(self, stated: Statement, evidence: bytes) -> str:
        """See `Anchor`. The nonce was checked when it came."""
        return self._problem(stated, evidence, None)

    def _problem(self, stated: Statement, evidence: bytes, nonce: int | None) -> str:
        try:
            response: TimeStampResponse = decode_timestamp_response(evidence)
            root, *others = x509.load_pem_x509_certificates(Path(self.authority).read_bytes())
            builder = VerifierBuilder(roots=[root], intermediates=others, nonce=nonce)
            builder.build().verify_message(response, stated.note)
        except (VerificationError, ValueError, OSError) as error:
            return f"the time stamp doesn't hold: {error}"
        return ""


KINDS: dict[str, type[WriteOnce] | type[Handover] | type[TimeStamp]] = {
    WRITE_ONCE: WriteOnce,
    HANDOVER: Handover,
    RFC3161: TimeStamp,
}


def make(configured: str) -> Anchor:
    """The anchor of one configured line, `kind:place`. Raises ValueError naming what is wrong."""
    kind, _, place = configured.partition(":")
    if kind not in KINDS or not place:
        raise ValueError(f"{configured!r} is not KIND:PLACE with one of {', '.join(KINDS)}")
    if kind == RFC3161:
        url, _, authority = place.partition(",")
        if problem := outbound.url_problem(url):
            raise ValueError(f"{configured!r}: {problem}")
        if not Path(authority).is_file():
            raise ValueError(
                f"{configured!r}: after the address and a comma comes the PEM file of the authority's root"
            )
    elif not Path(place).is_absolute():
        raise ValueError(f"{configured!r}: the path is not absolute")
    return KINDS[kind](place)
