"""kill -9 at the steps of append, integrate and publish: nothing acknowledged is lost or doubled, nothing is half there.

Every third step in `make test`, each of them in `make soak`.
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

from tests.homes import migrated

ROOT = Path(__file__).resolve().parents[2]
EVERY = "1" if "SOAK_SECONDS" in os.environ else "3"


def campaign(home: Path, database: str = "") -> dict[str, dict[str, int]]:
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "BROKER_URL")}
    if not database:
        env = migrated(home)
    env |= {
        "MODELWARRANT_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "ALLOWED_HOSTS": "localhost",
    }
    if database:
        env |= {"DATABASE_URL": database, "SECRET_KEY": secrets.token_urlsafe(64)}
    command = [sys.executable, "-m", "tests.soak.kills", EVERY]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, dict[str, int]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
@pytest.mark.sqlite
def test_on_sqlite(tmp_path: Path) -> None:
    killed = campaign(tmp_path / "home")["killed"]
    assert all(killed[operation] >= 4 for operation in ("append", "integrate", "publish"))


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.database
def test_on_postgresql(tmp_path: Path, fresh_database: Callable[..., str]) -> None:
    killed = campaign(tmp_path / "home", fresh_database("kills"))["killed"]
    assert all(killed[operation] >= 3 for operation in ("append", "integrate", "publish"))
