"""Offline verification of an exported log of a million entries, against one SHA-256 pass over the same files."""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from modelwarrant import entry, merkle, note, tiles

ENTRIES = int(os.environ.get("BENCH_ENTRIES", "1000000"))
ORIGIN = "benchmark.example/log"


def run() -> dict[str, object]:
    """Entries per second of `modelwarrant verify-log` as a process, per raw hashing; and its largest memory."""
    signer = note.Signer.from_private_key(ORIGIN, Ed25519PrivateKey.generate())
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small"), Path(folder, "large")
        _export(small, ENTRIES // 10, signer)
        _export(large, ENTRIES, signer)
        _raw(large)  # so that all three find the files in the page cache
        raw = _raw(large)
        hashes, _ = _verify(large, signer, "--hashes-only")
        read, memory = _verify(large, signer)
        _, memory_small = _verify(small, signer)
    return {
        "what": "time of verify-log --hashes-only (tree, chain, signature) per raw SHA-256 of every entry",
        "ratio": round(hashes / raw, 1),
        "ours": f"{ENTRIES / hashes:.0f} entries/s, reading what they say too {ENTRIES / read:.0f}/s",
        "plain": f"{ENTRIES / raw:.0f} hashes/s",
        "ratio_with_reading": round(read / raw, 1),
        "memory": f"{memory // 1024} MB at {ENTRIES} entries, {memory_small // 1024} MB at {ENTRIES // 10}",
    }


def _verify(target: Path, signer: note.Signer, *options: str) -> tuple[float, int]:
    """Seconds and peak memory in KiB of one run of the command."""
    command = [sys.executable, "-m", "modelwarrant.cli.main", "verify-log", str(target)]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--vkey", signer.verifier.vkey, *options], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"verify-log ended with {process.returncode}")
    return took, usage.ru_maxrss


def _raw(target: Path) -> float:
    """Seconds to read every bundle and hash each entry, and nothing else."""
    paths = sorted(path for path in (target / "tile/entries").rglob("*") if path.is_file())
    began = time.perf_counter()
    for path in paths:
        for leaf in tiles.decode_bundle(path.read_bytes()):
            hashlib.sha256(leaf).digest()
    return time.perf_counter() - began


def _export(target: Path, count: int, signer: note.Signer) -> None:
    frontier, head = merkle.Frontier(), merkle.chain_start(ORIGIN)
    for leaf in _leaves(count):
        hashed = merkle.leaf_hash(leaf)
        frontier.append(hashed)
        head = merkle.chain_next(head, hashed)
    checkpoint = note.Checkpoint(ORIGIN, count, frontier.root(), (note.chain_extension(head),))

    def put(path: str, data: bytes) -> None:
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)

    tiles.write_export(put, _leaves(count), note.sign_note(checkpoint.text(), [signer]))


def _leaves(count: int) -> Iterator[bytes]:
    """Distinct entries: one encoded by the product, with its ids, number and time replaced in its bytes."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    pattern = _entry(uuid.UUID(int=1), start)
    shown, moment = str(uuid.UUID(int=1)).encode(), entry.format_time(start).encode()
    for number in itertools.islice(itertools.count(1), count):
        text = entry.format_time(start + timedelta(seconds=number)).encode()
        yield pattern.replace(shown, str(uuid.UUID(int=number)).encode()).replace(moment, text)


def _entry(number: uuid.UUID, at: datetime) -> bytes:
    return entry.Entry(
        log=ORIGIN,
        id=str(number),
        event="benchmark.thing.happened",
        ev=1,
        at=at,
        actor=entry.Actor("system", "benchmark", "task"),
        subject=entry.Subject("thing", str(number)),
        set={"name": "a thing", "number": 1},
        data={"text": "x" * 120},
        hidden={},
    ).encode()
