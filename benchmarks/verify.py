"""Offline verification of an exported log, against one SHA-256 pass over the same bytes."""

from __future__ import annotations

import hashlib
import tempfile
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from modelwarrant import entry, merkle, note, tiles
from modelwarrant.verify_log import verify_log

ENTRIES = 20_000
ORIGIN = "benchmark.example/log"


def run() -> dict[str, object]:
    """Entries per second of a full verification, and how much slower than raw hashing."""
    leaves = [_leaf(number) for number in range(ENTRIES)]
    signer = note.Signer.from_private_key(ORIGIN, Ed25519PrivateKey.generate())
    frontier, head = merkle.Frontier(), merkle.chain_start(ORIGIN)
    for leaf in leaves:
        hashed = merkle.leaf_hash(leaf)
        frontier.append(hashed)
        head = merkle.chain_next(head, hashed)
    checkpoint = note.Checkpoint(ORIGIN, ENTRIES, frontier.root(), (note.chain_extension(head),))
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)

        def put(path: str, data: bytes) -> None:
            place = target / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)

        tiles.write_export(put, iter(leaves), note.sign_note(checkpoint.text(), [signer]))
        began = time.perf_counter()
        verify_log(target, [signer.verifier])
        ours = time.perf_counter() - began
    began = time.perf_counter()
    for leaf in leaves:
        hashlib.sha256(leaf).digest()
    plain = time.perf_counter() - began
    return {
        "what": "time of full verification per raw SHA-256 of the entries",
        "ratio": round(ours / plain, 1),
        "ours": f"{ENTRIES / ours:.0f} entries/s",
        "plain": f"{ENTRIES / plain:.0f} hashes/s",
        "entries": ENTRIES,
    }


def _leaf(number: int) -> bytes:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    return entry.Entry(
        log=ORIGIN,
        id=str(uuid.UUID(int=number + 1)),
        event="benchmark.thing.happened",
        ev=1,
        at=at,
        actor=entry.Actor("system", "benchmark", "task"),
        subject=entry.Subject("thing", str(uuid.UUID(int=number + 1))),
        set={"name": f"thing {number}", "number": number},
        data={"text": "x" * 120},
        hidden={},
    ).encode()
