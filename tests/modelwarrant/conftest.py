"""A small log on disk, signed by a key of the test's own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from modelwarrant import merkle, note, tiles
from modelwarrant.entry import Actor, Entry, Subject

ORIGIN = "bank.example/modelwarrant"

WriteLog = Callable[..., bytes]


@pytest.fixture(scope="session")
def signer() -> note.Signer:
    return note.Signer.from_private_key(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@pytest.fixture(scope="session")
def leaves() -> list[bytes]:
    """600 entries, more than two full tiles."""
    start = datetime(2026, 11, 20, 9, tzinfo=UTC)
    return [
        Entry(
            log=ORIGIN,
            id=str(uuid.UUID(int=number)),
            event="version.submitted" if number % 3 else "version.registered",
            ev=1,
            at=start + timedelta(seconds=number),
            actor=Actor("user", f"p{number % 5}", "portal"),
            subject=Subject("registry.version", str(number)),
            set={"state": "review"},
        ).encode()
        for number in range(600)
    ]


@pytest.fixture
def write_log(signer: note.Signer) -> WriteLog:
    """write(directory, entries, ours=True) writes a signed export and returns its checkpoint."""

    def write(directory: Path, entries: Sequence[bytes], *, ours: bool = True) -> bytes:
        hashes = [merkle.leaf_hash(item) for item in entries]
        head = merkle.chain_start(ORIGIN)
        for item in hashes:
            head = merkle.chain_next(head, item)
        extensions = (note.chain_extension(head),) if ours else ()
        text = note.Checkpoint(ORIGIN, len(entries), merkle.root(hashes), extensions).text()
        checkpoint = note.sign_note(text, [signer])

        def put(path: str, data: bytes) -> None:
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)

        assert tiles.write_export(put, entries, checkpoint) == len(entries)
        return checkpoint

    return write
