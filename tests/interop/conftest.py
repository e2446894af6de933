"""Other people's verifiers, installed once into var/interop/ and never into our own environment."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2] / "var" / "interop"
PACKAGES = ("model-signing==1.1.1", "pyOpenSSL", "securesystemslib[crypto]==1.4.0")


def _install(folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, capture_output=True)
    python = folder / "bin" / "python"
    installers = (
        ["uv", "pip", "install", "--quiet", "--python", str(python), *PACKAGES],
        [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", *PACKAGES],
        ["pip", "--python", str(python), "install", "--quiet", *PACKAGES],
    )
    said = ""
    for command in installers:
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
        except FileNotFoundError:
            continue
        except subprocess.SubprocessError as error:
            said = str(getattr(error, "stderr", "") or error)[-300:]
        else:
            (folder / "ready").touch()
            return
    raise RuntimeError(f"model_signing can't be installed: {said}")


@pytest.fixture(scope="session")
def model_signing() -> Path:
    """The folder with the programs `model_signing` and `python`, which has securesystemslib."""
    held = hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()[:8]
    folder = HOME / f"others-{sys.version_info.major}.{sys.version_info.minor}-{held}"
    HOME.mkdir(parents=True, exist_ok=True)
    try:
        with (HOME / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "ready").exists():
                _install(folder)
    except (RuntimeError, subprocess.SubprocessError) as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"{error} (network needed once)")
    return folder / "bin"
