"""The portal on a home of its own, for a real browser."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.homes import migrated

ROOT = Path(__file__).resolve().parents[2]

# Ten passwords take longer than all else: the same hash with fewer rounds, which the sign-in makes stronger.
PREPARE = """
import django; django.setup()
from django.contrib.auth.hashers import PBKDF2PasswordHasher
PBKDF2PasswordHasher.iterations = 1000
import json, pyotp
from people.services.second_factor import second_factor_begin, second_factor_confirm
from people.models import User
from ledger.models import Entry
from tests.world import make_world, publish
world = make_world()
version = world.in_review()
secret = second_factor_begin(actor=world["reviewer"])
second_factor_confirm(actor=world["reviewer"], code=pyotp.TOTP(secret).now())
User.objects.update(totp_step=0)
publish()
print(json.dumps({"secret": secret, "version": str(version.pk), "system": str(world.system_id),
    "entry": str(Entry.objects.order_by("at").first().pk),
    "run": str(version.runs.filter(check_name="fairness").first().pk)}))
"""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A web server on a home of its own, with a version in review."""
    home = tmp_path_factory.mktemp("browser")
    env = migrated(home / "home")
    done = subprocess.run([sys.executable, "-c", PREPARE], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    facts: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{port}"]
    web = subprocess.Popen(
        [*command, "--no-control-socket", "--threads", "2"], cwd=ROOT, env=env, start_new_session=True
    )
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{url}/healthz", timeout=1)
                break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail("the web process doesn't answer")
        yield {**facts, "url": url}
    finally:
        web.terminate()
        try:
            web.wait(20)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(web.pid, signal.SIGKILL)
