"""A witness of logs (c2sp.org/tlog-witness): cosigns a checkpoint only if it continues the one it cosigned before.

It binds whoever holds the log's database and key: two histories can't both be cosigned. Requests and answers are bytes
here; who sends them is `modelwarrant.witness_server`'s, and where the state lies is a `Store`.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

from modelwarrant import durable
from modelwarrant.errors import CannotCheck, Fault
from modelwarrant.merkle import EMPTY_ROOT, HASH_BYTES, MAX_SIZE, check_consistency
from modelwarrant.note import (
    MAX_NOTE_BYTES,
    Checkpoint,
    Cosigner,
    Verifier,
    decode_base64,
    encode_base64,
    open_checkpoint,
    parse_checkpoint,
    split_note,
)

MAX_PROOF: Final = 63
MAX_REQUEST_BYTES: Final = MAX_NOTE_BYTES + 64 * 100
SIZE_TYPE: Final = "text/x.tlog.size"
TEXT_TYPE: Final = "text/plain; charset=utf-8"
STATE_VERSION: Final = 1


@dataclass(frozen=True)
class Request:
    """What `add-checkpoint` asks: `checkpoint` is the signed note, `path` the consistency proof from `old` to its
    size."""

    old: int
    path: tuple[bytes, ...]
    checkpoint: bytes

    def encode(self) -> bytes:
        """The request's body. Raises ValueError."""
        if not 0 <= self.old <= MAX_SIZE or len(self.path) > MAX_PROOF:
            raise ValueError(f"old size {self.old} with a proof of {len(self.path)} lines")
        lines = [f"old {self.old}", *map(encode_base64, self.path), "", ""]
        return "\n".join(lines).encode("ascii") + self.checkpoint


def parse_request(data: bytes) -> Request:
    """Read a request's body, nothing verified. Raises Fault("malformed")."""
    if len(data) > MAX_REQUEST_BYTES:
        raise Fault("malformed", f"a request of {len(data)} bytes")
    head, blank, checkpoint = data.partition(b"\n\n")
    try:
        first, *lines = head.decode("ascii").split("\n")
        number = first.removeprefix("old ")
        if (
            not blank
            or first == number
            or not number.isdecimal()
            or len(number) > 19
            or str(int(number)) != number
        ):
            raise ValueError("the first line is not an old size")
        path = tuple(map(decode_base64, lines))
        if any(len(node) != HASH_BYTES for node in path):
            raise ValueError("a proof line that is not 32 bytes")
        request = Request(int(number), path, checkpoint)
        request.encode()
    except ValueError as error:
        raise Fault("malformed", f"not an add-checkpoint request: {error}") from error
    return request


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: status, content type, body."""

    status: int
    kind: str
    body: bytes


class Store(Protocol):
    """The newest cosigned checkpoint of each log."""

    @contextmanager
    def locked(self, origin: str) -> Iterator[Slot]:
        """Hold the only right to read and change one log's state."""


class Slot(Protocol):
    """One log's state, while it is locked."""

    def read(self) -> tuple[int, bytes]:
        """Size and root of the newest cosigned tree; (0, EMPTY_ROOT) before the first."""

    def write(self, size: int, root: bytes) -> None:
        """Replace it, durably: when this returns, no crash brings the old one back."""


class Witness:
    """Decides about checkpoints of the `logs` it was told of, and signs as `cosigner`."""

    def __init__(
        self, logs: Sequence[Verifier], cosigner: Cosigner, store: Store, clock: Callable[[], float]
    ) -> None:
        self.logs = logs
        self.cosigner = cosigner
        self.store = store
        self.clock = clock

    def add_checkpoint(self, body: bytes) -> Answer:
        """The answer to a request's body, in the order of the specification's checks."""
        try:
            request = parse_request(body)
            stated = parse_checkpoint(split_note(request.checkpoint)[0])
        except Fault as fault:
            return _refuse(400, fault.message)
        known = [log for log in self.logs if log.name == stated.origin]
        if not known:
            return _refuse(404, f"the log {stated.origin} is not known here")
        try:
            open_checkpoint(request.checkpoint, known)
        except (Fault, CannotCheck) as error:
            return _refuse(403, f"not signed by a key trusted for {stated.origin}: {error}")
        if request.old > stated.size:
            return _refuse(400, f"old size {request.old} is beyond the checkpoint's {stated.size}")
        with self.store.locked(stated.origin) as slot:
            return self._decide(request, stated, slot)

    def _decide(self, request: Request, stated: Checkpoint, slot: Slot) -> Answer:
        size, root = slot.read()
        if request.old != size:
            return Answer(409, SIZE_TYPE, b"%d\n" % size)
        if size == stated.size and root != stated.root:
            return _refuse(409, f"another tree of {size} entries was cosigned before: the log was rewritten")
        try:
            check_consistency(request.path, size, stated.size, root, stated.root)
        except Fault as fault:
            return _refuse(422, fault.message)
        # Durable before anybody sees the signature: after a crash here the log asks again and gets the same answer,
        # the other way round two histories could be cosigned.
        slot.write(stated.size, stated.root)
        text = split_note(request.checkpoint)[0].encode("utf-8")
        line = self.cosigner.signature_line(text, int(self.clock()))
        return Answer(200, TEXT_TYPE, line.encode("utf-8"))


def _refuse(status: int, reason: str) -> Answer:
    return Answer(status, TEXT_TYPE, f"{reason}\n".encode("utf-8", "replace"))


class FileStore:
    """`<folder>/<SHA-256 of the origin>.json`, changed by one process at a time (flock) and by rename."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def locked(self, origin: str) -> Iterator[Slot]:
        """See `Store`. Waits for whoever holds it."""
        path = self.folder / f"{sha256(origin.encode('utf-8')).hexdigest()}.json"
        handle = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield _FileSlot(path, origin)
        finally:
            os.close(handle)


class _FileSlot:
    def __init__(self, path: Path, origin: str) -> None:
        self.path = path
        self.origin = origin

    def read(self) -> tuple[int, bytes]:
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return 0, EMPTY_ROOT
        # What can't be read is never taken for "nothing cosigned yet".
        try:
            value = json.loads(text)
            root = bytes.fromhex(value["root"])
            if (value["version"], value["origin"], len(root)) != (STATE_VERSION, self.origin, HASH_BYTES):
                raise ValueError("not this log's state")
            return int(value["size"]), root
        except (ValueError, KeyError, TypeError) as error:
            raise CannotCheck(f"the witness's state {self.path} can't be read ({error})") from error

    def write(self, size: int, root: bytes) -> None:
        value = {"version": STATE_VERSION, "origin": self.origin, "size": size, "root": root.hex()}
        durable.replace(self.path, json.dumps(value, indent=1).encode() + b"\n")


def read_cosignatures(
    body: bytes, checkpoint: bytes, witnesses: Sequence[Verifier]
) -> list[tuple[Verifier, str, int]]:
    """The cosignatures by `witnesses` in a witness's answer: (witness, signature line, POSIX time) of each.

    Lines by other keys are left out. Raises Fault: the answer is no signature lines, or a known witness's doesn't hold.
    """
    if len(body) > MAX_NOTE_BYTES:
        raise Fault("malformed", f"an answer of {len(body)} bytes")
    text = split_note(checkpoint)[0]
    _, lines = split_note(text.encode("utf-8") + b"\n" + body)
    found = []
    for line, written in zip(lines, body.decode("utf-8").split("\n"), strict=False):
        for witness in witnesses:
            if (witness.name, witness.key_id) == (line.name, line.key_id):
                time = witness.verify(text.encode("utf-8"), line.signature)
                found.append((witness, written + "\n", time or 0))
    return found
