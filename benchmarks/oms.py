"""Signing and verifying a model directory, against `openssl dgst -sha256` over the same files in the same run."""

from __future__ import annotations

import os
import secrets
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.databases import Skipped
from modelwarrant import keys, oms

ROUNDS = 3
AT_ONCE = 2_500
_SIGNER = keys.LocalSigner(keys.generate("p256"))


def run_large() -> dict[str, object]:
    """1 GiB in four files, signed as shards of 256 MiB by one worker."""
    piece = secrets.token_bytes(1 << 20)

    def fill(root: Path) -> None:
        for number in range(4):
            with (root / f"weights-{number}.bin").open("wb") as file:
                for _ in range(256):
                    file.write(piece)

    return _measure(fill, "1 GiB in 4 shards, 1 worker", shard_size=256 << 20, workers=1)


def run_small() -> dict[str, object]:
    """10,000 files of 10 KiB."""

    def fill(root: Path) -> None:
        for number in range(10_000):
            folder = root / f"part-{number % 100}"
            folder.mkdir(exist_ok=True)
            (folder / f"{number}.bin").write_bytes(secrets.token_bytes(10 << 10))

    return _measure(fill, "10,000 files of 10 KiB")


def _measure(
    fill: Callable[[Path], None], what: str, *, shard_size: int | None = None, workers: int | None = None
) -> dict[str, object]:
    if not shutil.which("openssl"):
        raise Skipped("no openssl on the PATH")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "model")
        root.mkdir()
        fill(root)
        files = [str(path) for path in root.rglob("*") if path.is_file()]
        times: dict[str, list[float]] = {"openssl": [], "sign": [], "verify": []}
        trust = [keys.TrustedKey(_SIGNER.public, name="benchmark")]

        def sign() -> bytes:
            return oms.sign_model(root, _SIGNER, shard_size=shard_size, workers=workers)

        bundle = sign()
        for _ in range(ROUNDS):
            times["openssl"].append(_timed(lambda: _openssl(files)))
            times["sign"].append(_timed(sign))
            times["verify"].append(_timed(lambda: oms.verify_model(root, bundle, trust, workers=workers)))
    found = {name: statistics.median(values) for name, values in times.items()}
    return {
        "what": f"{what}: time to sign per openssl dgst -sha256",
        "ratio": round(found["sign"] / found["openssl"], 2),
        "ratio_verify": round(found["verify"] / found["openssl"], 2),
        "ours": f"sign {found['sign']:.3f} s, verify {found['verify']:.3f} s",
        "plain": f"{found['openssl']:.3f} s",
    }


def _openssl(files: list[str]) -> None:
    for start in range(0, len(files), AT_ONCE):
        command = ["openssl", "dgst", "-sha256", *files[start : start + AT_ONCE]]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=os.environ)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
