"""kill -9 of the web process while a decision is being posted: recorded once or not at all, and a retry is safe."""

from __future__ import annotations

import contextlib
import http.client
import http.cookiejar
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest

from tests.homes import migrated

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.sqlite]
# Ten passwords take longer than all else: the same hash with fewer rounds, which the sign-in makes stronger.
PREPARE = """
import django; django.setup()
from django.contrib.auth.hashers import PBKDF2PasswordHasher
PBKDF2PasswordHasher.iterations = 1000
import json, pyotp
from people.models import User
from people.services.second_factor import second_factor_begin, second_factor_confirm
from tests.world import make_world
world = make_world(tier="low")
version = world.in_review()
secret = second_factor_begin(actor=world["reviewer"])
second_factor_confirm(actor=world["reviewer"], code=pyotp.TOTP(secret).now())
User.objects.update(totp_step=0)
print(json.dumps({"secret": secret, "version": str(version.pk)}))
"""
LOOK = """
SELECT (SELECT count(*) FROM governance_decision),
    (SELECT count(*) FROM ledger_entry WHERE event = 'governance.decision.recorded')
"""


class Browser:
    """Cookies, forms and nothing else."""

    def __init__(self, url: str) -> None:
        self.url = url
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar)

    def get(self, path: str) -> str:
        with self.opener.open(self.url + path, timeout=20) as answer:
            return str(answer.read().decode())

    def post(self, path: str, form: dict[str, str], page: str = "") -> str:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page or self.get(path))
        assert token is not None
        data = urllib.parse.urlencode({**form, "csrfmiddlewaretoken": token[1]}).encode()
        with self.opener.open(self.url + path, data=data, timeout=20) as answer:
            return str(answer.read().decode())


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    """What a test starts, each in a session of its own; none of it outlives the test."""
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_decision_survives_a_killed_web_process_once(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    env = migrated(tmp_path / "home")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"

    def python(*arguments: str) -> str:
        done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def recorded() -> tuple[int, int]:
        """Decisions, and entries about them."""
        with contextlib.closing(sqlite3.connect(tmp_path / "home" / "db.sqlite3", timeout=20)) as database:
            found: tuple[int, int] = database.execute(LOOK).fetchone()
        return found

    def web() -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "config.wsgi:application",
            "--bind",
            bind,
            "--no-control-socket",
        ]
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stderr=subprocess.DEVNULL, start_new_session=True
        )
        started.append(process)
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://{bind}/healthz", timeout=1)
                return process
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the web process doesn't answer")

    facts = json.loads(python("-c", PREPARE).splitlines()[-1])
    process = web()
    browser = Browser(f"http://{bind}")
    browser.post("/sign-in/", {"email": "reviewer@example.org", "password": "correct horse 7 battery"})
    browser.post("/second-factor/", {"code": pyotp.TOTP(facts["secret"]).now()})
    path = f"/versions/{facts['version']}/decide/"
    for delay in (0.02, 0.08, 0.2, 0.5):
        page = browser.get(path)
        shown = re.search(r'name="shown" value="([^"]+)"', page)
        if shown is None:
            break  # decided: the form is gone
        seat = re.search(r'<option value="([^"]+)"', page)
        assert seat is not None
        form = {"outcome": "approve", "seat": seat[1], "reason": "Read it.", "shown": shown[1]}

        def send(form: dict[str, str] = form, page: str = page) -> None:
            # The answer is lost with the process: before its first byte or in the middle of its body.
            with contextlib.suppress(OSError, http.client.HTTPException):
                browser.post(path, form, page)

        sending = threading.Thread(target=send)
        sending.start()
        time.sleep(delay)
        kill(process)
        sending.join(30)
        decisions, entries = recorded()
        assert decisions == entries
        assert decisions <= 1
        process = web()
        if decisions:
            break
    if not recorded()[0]:
        browser.post(path, form)
    assert recorded() == (1, 1)
    # the state is explained where one looks
    assert "Read it." in browser.get(f"/versions/{facts['version']}/")
    kill(process)
    python("manage.py", "ledger_audit")
