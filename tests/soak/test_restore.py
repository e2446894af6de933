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
WORK = "from tests.soak import kills; [kills.append(n) for n in range({}, {})]"
PUBLISH = (
    "from tests.soak import kills; from ledger.errors import SignerRefuses\n"
    "kills.integrate(0)\ntry:\n  kills.publish(0)\nexcept SignerRefuses as error:\n  print('refused:', error)"
)


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.database
def test_a_dump_restored_elsewhere_is_the_same_log(
    tmp_path: Path, fresh_database: Callable[..., str]
) -> None:
    if not (shutil.which("pg_dump") and shutil.which("pg_restore")):
        pytest.skip("no pg_dump on the PATH")
    first, second = fresh_database("restore_a"), fresh_database("restore_b", "Asia/Kathmandu")
    key = secrets.token_urlsafe(64)

    def run(database: str, *arguments: str) -> str:
        env = {name: value for name, value in os.environ.items() if name != "BROKER_URL"}
        env |= {
            "MODELWARRANT_HOME": str(tmp_path / "home"), "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": database, "SECRET_KEY": key, "ALLOWED_HOSTS": "localhost",
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def rows(database: str) -> list[str]:
        found: list[str] = json.loads(
            run(database, "-m", "tests.soak.stops", "verify", "-", "-").splitlines()[-1]
        )
        return found

    run(first, "manage.py", "migrate", "--verbosity", "0")
    run(first, "-m", "tests.soak.stops", "begin", "-", "-")
    run(first, "-c", WORK.format(0, 150))
    before = rows(first)
    dump = str(tmp_path / "dump")
    subprocess.run(["pg_dump", "--format=custom", f"--file={dump}", first], check=True)
    name = urlsplit(second).path.lstrip("/")
    restore = ["pg_restore", "--exit-on-error", f"--dbname={second}", dump]
    subprocess.run(restore, check=True, capture_output=True)
    assert name in second
    assert rows(second) == before
    # the restored one goes on and is signed; the older one, found again, is not
    run(second, "-c", WORK.format(150, 160))
    assert "refused" not in run(second, "-c", PUBLISH)
    assert len(rows(second)) == len(before) + 20
    run(first, "-c", WORK.format(160, 161))
    said = run(first, "-c", PUBLISH)
    assert "some are gone" in said
    assert "restore the newest one" in said
