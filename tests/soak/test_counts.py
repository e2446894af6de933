"""Three workers count the parts of one file while kill -9 hits one after the other: the same digest, recorded once.

200,000 rows and three deaths in `make test`, 10,000,000 and ten in `make soak`.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.homes import migrated

ROOT = Path(__file__).resolve().parents[2]
LARGE = "SOAK_SECONDS" in os.environ
ROWS, PART, KILLS, LEASE = (10_000_000, 1 << 18, 10, 30) if LARGE else (200_000, 5_000, 3, 5)


def campaign(home: Path, database: str = "") -> dict[str, Any]:
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "BROKER_URL")}
    if not database:
        env = migrated(home)
    env |= {
        "MODELWARRANT_HOME": str(home), "DJANGO_SETTINGS_MODULE": "config.settings", "ALLOWED_HOSTS": "localhost",
        "CHECK_LEASE_SECONDS": str(LEASE),
    }  # fmt: skip
    if database:
        env |= {"DATABASE_URL": database, "SECRET_KEY": secrets.token_urlsafe(64)}
    command = [sys.executable, "-m", "tests.soak.counts", str(ROWS), str(PART), str(KILLS)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(found)
    return found


def stands(found: dict[str, Any]) -> None:
    assert (found["state"], found["ends"], found["left"]) == ("done", 1, 0), found
    assert found["digest"] == found["undisturbed"], found
    assert (found["killed"], found["faulty"], found["faults"]) == (KILLS, 0, []), found
    assert found["counted"] == found["parts"], found
    assert found["workers"] >= 2, found


@pytest.mark.slow
@pytest.mark.sqlite
def test_on_sqlite(tmp_path: Path) -> None:
    stands(campaign(tmp_path / "home"))


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.database
def test_on_postgresql(tmp_path: Path, fresh_database: Callable[..., str]) -> None:
    stands(campaign(tmp_path / "home", fresh_database("counts")))
