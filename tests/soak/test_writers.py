"""Eight processes write at once on SQLite while a ninth integrates: nothing acknowledged is lost, no fork, no gap.

Two seconds in `make test`, SOAK_SECONDS in `make soak`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.homes import migrated

ROOT = Path(__file__).resolve().parents[2]
SECONDS = float(os.environ.get("SOAK_SECONDS", "2"))
WRITERS = 8


@pytest.mark.slow
@pytest.mark.sqlite
def test_eight_processes_write_at_once(tmp_path: Path) -> None:
    env = migrated(tmp_path / "home")

    def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)

    names = [f"writer-{number}" for number in range(WRITERS)] + ["sequencer"]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.soak.writer", name, str(SECONDS)],
            cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for name in names
    ]  # fmt: skip
    try:
        outcomes = [process.communicate(timeout=SECONDS * 5 + 120) for process in started]
    finally:
        for process in started:
            process.kill()
    assert [process.returncode for process in started] == [0] * len(names), [err for _, err in outcomes]
    acknowledged = sum(int(out.splitlines()[-1]) for out, _ in outcomes)
    assert acknowledged > WRITERS
    audit = manage("ledger_audit", "--json")
    found = json.loads(audit.stdout)
    assert audit.returncode == 0, found
    count = manage("shell", "-c", "from registry.models import System; print('rows', System.objects.count())")
    assert f"rows {acknowledged}" in count.stdout
