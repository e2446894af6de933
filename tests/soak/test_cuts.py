"""FT-02: the connection breaks inside COMMIT. The caller hears "unknown", never "done" or "failed", and asks again safely.

20 rounds in `make test`, 200 in `make soak`.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 200 if "SOAK_SECONDS" in os.environ else 20


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.database
def test_a_commit_that_is_never_answered_is_whole_or_not_there(
    tmp_path: Path, fresh_database: Callable[..., str]
) -> None:
    database = fresh_database("cuts")
    env = {name: value for name, value in os.environ.items() if name != "BROKER_URL"}
    env |= {
        "MODELWARRANT_HOME": str(tmp_path / "home"), "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": database, "TARGET": database, "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "localhost", "LOG_LEVEL": "ERROR",
    }  # fmt: skip

    command = [sys.executable, "-m", "tests.soak.cuts", str(ROUNDS)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["rows"] == sorted(f"cut-{number}" for number in range(ROUNDS))
    assert found["entries"] == ROUNDS
    assert found["ends"] == {
        "before, outcome-unknown, not there": ROUNDS // 2,
        "after, outcome-unknown, there": ROUNDS // 2,
    }
    assert found["verified"] == found["rows"]
