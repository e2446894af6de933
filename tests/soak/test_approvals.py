"""WF-04: fifty approvals by two reviewers at a quorum of two, let go at once against a portal of four processes.

Exactly two decisions and one move to approved come of it, whoever was first, and the log stays contiguous. 5 rounds in
`make test`, 100 in `make soak`, on each database.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyotp
import pytest

from config import processes
from tests.conftest import DATABASE
from tests.homes import migrated

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 100 if "SOAK_SECONDS" in os.environ else 5
TOGETHER = 50
WORKERS = 4
# as any test that touches the database: on PostgreSQL and on SQLite
pytestmark = [pytest.mark.slow, pytest.mark.database]


@dataclass
class Session:
    """A browser that follows nothing: cookies, a page, a form."""

    bind: str
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        host, _, port = self.bind.partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urllib.parse.urlencode(form)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie":
                    said, _, worth = value.partition(";")[0].partition("=")
                    self.cookies[said] = worth
            return answer.status, text
        finally:
            connection.close()

    def form(self, path: str) -> dict[str, str]:
        """The hidden fields of the page."""
        status, page = self.ask("GET", path)
        assert status == 200, page
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))

    def sign_in(self, email: str, password: str, secret: str) -> None:
        said = {"email": email, "password": password}
        assert self.ask("POST", "/sign-in/", self.form("/sign-in/") | said)[0] == 302
        said = {"code": pyotp.TOTP(secret).now()}
        assert self.ask("POST", "/second-factor/", self.form("/second-factor/") | said)[0] == 302


@pytest.fixture
def environment(tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, str]:
    """Of an installation of this test's own, on the database of the run."""
    if DATABASE == "sqlite":
        return migrated(tmp_path / "home") | {"LOG_LEVEL": "ERROR"}
    env = {name: value for name, value in os.environ.items() if name != "BROKER_URL"}
    return env | {
        "MODELWARRANT_HOME": str(tmp_path / "home"), "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": request.getfixturevalue("fresh_database")("approvals"), "LOG_LEVEL": "ERROR",
        "SECRET_KEY": secrets.token_urlsafe(64), "ALLOWED_HOSTS": "localhost,127.0.0.1",
    }  # fmt: skip


@pytest.fixture
def behind(environment: dict[str, str]) -> Iterator[Callable[[str], Any]]:
    """Call with a word of tests.soak.approvals: what it answers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.soak.approvals"],
        cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip

    def order(word: str) -> Any:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{word}\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        assert answer, f"`{word}` broke it"
        return json.loads(answer)

    yield order
    _end(process)


@pytest.fixture
def portal(environment: dict[str, str]) -> Iterator[str]:
    """Address of a gunicorn with four processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    # imported once, then forked: four times on two cores would be most of the test
    process = subprocess.Popen(
        [*processes.web(bind, workers=WORKERS), "--preload"],
        cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    yield bind
    _end(process)


def _end(process: subprocess.Popen[Any]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(session: Session) -> None:
    over = time.monotonic() + 60
    while True:
        try:
            assert session.ask("GET", "/healthz")[0] == 200
            return
        except OSError:
            assert time.monotonic() < over, "the portal doesn't answer"
            time.sleep(0.1)


def test_fifty_approvals_at_once_are_two(portal: str, behind: Callable[[str], Any]) -> None:
    facts = behind("begin")
    _answers(Session(portal))
    path = f"/versions/{facts['version']}/decide/"
    sessions = {key: Session(portal) for key in facts["seats"]}
    for key, session in sessions.items():
        session.sign_in(f"{key}@example.org", facts["password"], facts["secrets"][key])
    for number in range(1, ROUNDS + 1):
        forms = {
            key: session.form(path)
            | {"outcome": "approve", "seat": facts["seats"][key], "reason": "Read it."}
            for key, session in sessions.items()
        }
        barrier = threading.Barrier(TOGETHER)

        def post(key: str, forms: Any = forms, barrier: threading.Barrier = barrier) -> int:
            session = Session(portal, dict(sessions[key].cookies))
            barrier.wait(30)
            return session.ask("POST", path, forms[key])[0]

        keys = [key for _ in range(TOGETHER // 2) for key in sessions]
        with ThreadPoolExecutor(TOGETHER) as pool:
            statuses = Counter(pool.map(post, keys))
        assert set(statuses) <= {302, 409}, statuses
        assert statuses[302] >= 2, statuses
        found = behind("look")
        assert found["outcomes"] == ["approve", "approve"], found
        assert (found["people"], found["state"], found["approvals"]) == (2, "approved", number), found
        assert found["recorded"] == found["decisions"] == 2 * number, found
        if number < ROUNDS:
            assert behind("again") == {"state": "review"}
    assert behind("end") == {"verdict": "ok", "faults": [], "contiguous": True, "waiting": 0}
