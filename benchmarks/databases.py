"""Databases of a benchmark's own, and processes that measure on them together."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.database_server import DEFAULT_URL, NoServer, OwnServer, reachable


class Skipped(Exception):
    """Why a benchmark can't run here."""


@dataclass
class Ground:
    """An empty migrated installation: the environment its processes run in."""

    env: dict[str, str]
    told: str

    def python(self, *arguments: str) -> str:
        """Run `python -m ...` to its end; its output."""
        command = [sys.executable, "-m", *arguments]
        done = subprocess.run(command, env=self.env, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout

    def together(self, runs: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
        """Start a process for each of `runs` (`benchmarks.writer` and its arguments), let all go at once."""
        started = [
            subprocess.Popen(
                [sys.executable, "-m", "benchmarks.writer", *run],
                env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for run in runs
        ]  # fmt: skip
        for process in started:
            assert process.stdout is not None
            process.stdout.readline()
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        found = []
        for process in started:
            out, _ = process.communicate()
            if process.returncode:
                raise SystemExit(f"a measuring process ended with {process.returncode}")
            found.append(json.loads(out.splitlines()[-1]))
        return found


@contextmanager
def sqlite() -> Iterator[Ground]:
    """The embedded default in a folder of its own."""
    with tempfile.TemporaryDirectory() as home:
        yield _migrated({"MODELWARRANT_HOME": home}, "SQLite")


@contextmanager
def postgresql() -> Iterator[Ground]:
    """A new database on the server that is there (TEST_DATABASE_URL or port 5432), or on one of our own."""
    url = os.environ.get("TEST_DATABASE_URL", DEFAULT_URL)
    own = None
    try:
        if not reachable(url):
            own = OwnServer()
            own.start()
            url = own.url
    except NoServer as error:
        raise Skipped(f"no PostgreSQL: {error}") from error
    name = f"modelwarrant_bench_{secrets.token_hex(4)}"
    try:
        with psycopg.connect(url, autocommit=True) as server, tempfile.TemporaryDirectory() as home:
            server.execute(f"CREATE DATABASE {name}".encode())
            fsync = server.execute("SHOW fsync").fetchone()
            told = f"PostgreSQL {server.info.server_version // 10000}, fsync {fsync[0] if fsync else '?'}"
            try:
                database = f"{url.rpartition('/')[0]}/{name}"
                yield _migrated({"MODELWARRANT_HOME": home, "DATABASE_URL": database}, told)
            finally:
                server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
    finally:
        if own is not None:
            own.stop()


def _migrated(changes: dict[str, str], told: str) -> Ground:
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "BROKER_URL")}
    env |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        **changes,
    }
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], env=env, check=True)
    ground = Ground(env, told)
    ground.python("benchmarks.writer", "prepare")
    return ground
