"""What the log key has already said, in a file outside the database.

The file is why a restored, cut or rewritten database can't be signed over: whoever holds only the
database doesn't hold this. It is changed by one process at a time (flock) and by rename, so that a
reader finds the old or the new state and never a half. Nothing here knows the database.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import SignerRefuses
from modelwarrant import durable

VERSION = 1


@dataclass(frozen=True, slots=True)
class SignerState:
    """The largest tree that may have been signed: `root` and `chain` are 32 bytes."""

    origin: str
    size: int
    root: bytes
    chain: bytes


class StateFile:
    """`<home>/signer/state.json`, mode 0600 in a folder of 0700."""

    def __init__(self, home: Path) -> None:
        self.path = home / "signer" / "state.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the only right to read-and-change the state; waits for whoever holds it."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.path.with_name("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def read(self) -> SignerState | None:
        """The state; None before the first signature. Raises SignerRefuses for an unreadable file."""
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return None
        try:
            value = json.loads(text)
            if value["version"] != VERSION:
                raise ValueError(f"version {value['version']}")
            state = SignerState(
                str(value["origin"]),
                int(value["size"]),
                bytes.fromhex(value["root"]),
                bytes.fromhex(value["chain"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise SignerRefuses(
                f"The signer's state file {self.path} can't be read ({error}). Restore it from a backup."
            ) from error
        return state

    def follow(self, ended: SignerState | None, state: SignerState) -> None:
        """Go on with the first state of a successor, and keep the last one of the log that ended beside it, as
        `ended-<first 16 hexadecimal digits of SHA-256 of its origin>.json`. Must run inside `locked`."""
        if ended is not None:
            named = hashlib.sha256(ended.origin.encode()).hexdigest()[:16]
            self._put(self.path.with_name(f"ended-{named}.json"), ended)
        self.write(state)

    def write(self, state: SignerState) -> None:
        """Replace the state durably. Must run inside `locked`."""
        self._put(self.path, state)

    def _put(self, path: Path, state: SignerState) -> None:
        value = {
            "version": VERSION,
            "origin": state.origin,
            "size": state.size,
            "root": state.root.hex(),
            "chain": state.chain.hex(),
        }
        durable.replace(path, json.dumps(value, indent=1).encode() + b"\n")
