"""Reference tools, each in an environment of its own under var/bench/envs, pinned; skipped with a reason offline."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

from benchmarks.databases import Skipped

ENVIRONMENTS = Path("var/bench/envs")
PINNED = {
    "evidently": ("evidently==0.7.23", "pandas==2.3.3"),
    "nannyml": ("nannyml==0.13.1", "pandas==2.3.3", "statsmodels==0.15.0"),
    "duckdb": ("duckdb==2.0.0",),
}
HERE = Path(__file__).parent


def measured(tool: str, *arguments: str) -> dict[str, Any]:
    """What `with_<tool>.py` prints in its own environment: seconds, and MB of memory at its peak."""
    return _run(str(_python(tool)), str(HERE / f"with_{tool}.py"), *arguments)


def ours(*arguments: str) -> dict[str, Any]:
    """The same of our side, in a process of its own."""
    return _run(sys.executable, "-m", "benchmarks.reference.ours", *arguments)


def _python(tool: str) -> Path:
    python = ENVIRONMENTS / tool / "bin" / "python"
    stamp = ENVIRONMENTS / tool / "ready"
    if not stamp.exists():
        venv.create(ENVIRONMENTS / tool, with_pip=True, clear=True)
        command = [str(python), "-m", "pip", "install", "--quiet", *PINNED[tool]]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no reason given"]
            raise Skipped(f"{' '.join(PINNED[tool])} can't be installed: {lines[-1][:200]}")
        stamp.touch()
    return python


def _run(*command: str) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Skipped(f"{command[1]} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
