"""A PostgreSQL of our own is stopped with `-m immediate` under load, and comes back: what was acknowledged is there.

2 rounds in `make test`, 20 in `make soak`.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database_server import NoServer, OwnServer

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 20 if "SOAK_SECONDS" in os.environ else 2
WRITERS = 4
DURABLE = {"max_connections": "40"}  # fsync and synchronous_commit as PostgreSQL ships them


@pytest.fixture
def server() -> Iterator[OwnServer]:
    try:
        own = OwnServer(DURABLE)
        own.start()
    except NoServer as error:
        if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
            pytest.fail(f"PostgreSQL is needed: {error}")
        pytest.skip(f"PostgreSQL: {error}")
    yield own
    own.stop()


@pytest.mark.slow
@pytest.mark.postgres
def test_a_server_that_dies_under_load_loses_nothing_acknowledged(server: OwnServer, tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "BROKER_URL"}
    env |= {
        "MODELWARRANT_HOME": str(tmp_path / "home"), "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": server.url, "SECRET_KEY": secrets.token_urlsafe(64), "ALLOWED_HOSTS": "localhost",
        "LOG_LEVEL": "ERROR",
    }  # fmt: skip
    until, told = tmp_path / "until", tmp_path / "told"

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def role(name: str) -> tuple[str, ...]:
        return ("-m", "tests.soak.stops", name, str(until), str(told))

    run("manage.py", "migrate", "--verbosity", "0")
    run(*role("begin"))
    names = ["sequencer", *(f"writer{number}" for number in range(WRITERS))]
    started = [
        subprocess.Popen([sys.executable, *role(name)], cwd=ROOT, env=env, stderr=subprocess.PIPE)
        for name in names
    ]
    try:
        _wait_for(told, 20)
        for _ in range(ROUNDS):
            server.crash()
            server.up()
            _wait_for(told, len(told.read_bytes().splitlines()) + 100)
    finally:
        until.touch()
        try:
            ends = [process.communicate(timeout=60) for process in started]
        finally:
            for process in started:
                process.kill()
    assert [process.returncode for process in started] == [0] * len(names), [err[-2000:] for _, err in ends]
    acknowledged = told.read_text().split()
    assert not [name for name, count in Counter(acknowledged).items() if count > 1]
    rows = Counter(json.loads(run(*role("verify")).splitlines()[-1]))
    assert not set(acknowledged) - set(rows)
    assert max(rows.values()) == 1
    # what was cut off in its commit may be there unacknowledged, at most one of each writer and round
    assert len(rows) - len(acknowledged) <= WRITERS * ROUNDS


def _wait_for(told: Path, count: int) -> None:
    """Until so many rows are acknowledged."""
    over = time.monotonic() + 60
    while not told.exists() or len(told.read_bytes().splitlines()) < count:
        assert time.monotonic() < over, "the writers don't get on"
        time.sleep(0.05)
