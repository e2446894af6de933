"""pg_dump and restore into another database with another time zone: everything verifies, and the signer goes on. The
older database, put back afterwards, is not signed over."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
BEFORE = """
from tests.soak import kills, stops
"""
FIRST = f"""{BEFORE}
stops.begin()
for number in range(150):
    kills.append(number)
stops.verify()
"""
PUBLISH = """
from ledger.errors import SignerRefuses
kills.integrate(0)
try:
    kills.publish(0)
except SignerRefuses as error:
    print("refused:", error)
"""
RESTORED = f"""{BEFORE}
stops.verify()
for number in range(150, 160):
    kills.append(number)
{PUBLISH}
stops.verify()
"""
OLDER = f"""{BEFORE}
kills.append(160)
{PUBLISH}
"""


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.database
def test_a_dump_restored_elsewhere_is_the_same_log(
    tmp_path: Path, fresh_database: Callable[..., str]
) -> None:
    if not (shutil.which("pg_dump") and shutil.which("pg_restore")):
        pytest.skip("no pg_dump on the PATH")
    first, second = fresh_database("restore_a"), fresh_database("restore_b", "Asia/Kathmandu", empty=True)
    key = secrets.token_urlsafe(64)

    def run(database: str, script: str) -> list[str]:
        env = {name: value for name, value in os.environ.items() if name != "BROKER_URL"}
        env |= {
            "MODELWARRANT_HOME": str(tmp_path / "home"), "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": database, "SECRET_KEY": key, "ALLOWED_HOSTS": "localhost",
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout.splitlines()

    [before] = run(first, FIRST)
    dump = str(tmp_path / "dump")
    subprocess.run(["pg_dump", "--format=custom", f"--file={dump}", first], check=True)
    name = urlsplit(second).path.lstrip("/")
    restore = ["pg_restore", "--exit-on-error", f"--dbname={second}", dump]
    subprocess.run(restore, check=True, capture_output=True)
    assert name in second
    # the restored one goes on and is signed; the older one, found again, is not
    restored, after = run(second, RESTORED)
    assert restored == before
    assert len(json.loads(after)) == len(json.loads(before)) + 20
    [said] = run(first, OLDER)
    assert said.startswith("refused:")
    assert "some are gone" in said
    assert "restore the newest one" in said
