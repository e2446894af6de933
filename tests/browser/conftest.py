"""The portal on a home of its own, for a real browser: one server, one prepared world and one sign-in of each person for
all tests of this folder."""

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
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.browser.visitor import House, chromium
from tests.homes import migrated

ROOT = Path(__file__).resolve().parents[2]

# Ten passwords take longer than all else: the same hash with fewer rounds, which the sign-in makes stronger.
PREPARE = """
import django; django.setup()
from django.contrib.auth.hashers import PBKDF2PasswordHasher
PBKDF2PasswordHasher.iterations = 1000
import datetime as dt, json, pyotp
from governance.services.findings import Subjects, finding_open
from governance.services.validations import validation_assign, validation_plan
from people.services.grants import grant_confirm, grant_request
from people.services.people import user_create
from people.services.second_factor import second_factor_begin, second_factor_confirm
from people.services.tokens import token_issue
from people.models import User
from ledger import clock
from ledger.models import Entry
from tests.world import PASSWORD, make_world, publish
world = make_world()
version = world.in_review()
def second_factor(key):
    secret = second_factor_begin(actor=world[key])
    second_factor_confirm(actor=world[key], code=pyotp.TOTP(secret).now())
    return secret
for key, role in (("head", "head-of-validation"), ("traveller", "independent-validator")):
    world.users[key], _ = user_create(
        actor=world["one"], email=f"{key}@example.org", name=key.title(), password=PASSWORD, temporary=False)
    asked = grant_request(
        actor=world["one"], role=role, holder_id=world.users[key].pk, reason="The test's cast.")
    grant_confirm(actor=world["two"], grant_id=asked.pk)
plan = validation_plan(actor=world["head"], version_id=world.draft().pk, scope="Method, data and use.")
validation_assign(actor=world["head"], validation_id=plan.pk, validator=world.users["validator"].pseudonym)
finding = finding_open(actor=world["reviewer"], about=Subjects(models=(world.model.pk,)), severity="low",
    title="The card names no contact at night", description="Nobody answers after six.")
secrets = {key: second_factor(key) for key in ("reviewer", "validator", "owner", "head", "author", "approver")}
User.objects.update(totp_step=0)
_, token = token_issue(actor=world["one"], identity_id=world.ci.pk, label="gate",
    permissions=["governance.gate.ask"], expires_at=clock.now() + dt.timedelta(days=90))
publish()
print(json.dumps({"secrets": json.dumps(secrets), "validation": str(plan.pk), "token": token,
    "finding": str(finding.pk), "version": str(version.pk), "system": str(world.system_id),
    "entry": str(Entry.objects.order_by("at").first().pk),
    "run": str(version.runs.filter(check_name="fairness").first().pk)}))
"""

# What makers and a validator do between two rounds, in a process of their own.
NEXT_ROUND = """
import sys
import django; django.setup()
from governance.services.versions import version_start_review, version_submit
from people.models import User
from registry.selectors.versions import version_by_id
from registry.services.versions import version_edit
from tests.world import CAST, World
version = version_by_id(sys.argv[1])
users = {key: User.objects.get(email=f"{key}@example.org") for key in CAST}
world = World(users, None, "", version.model, None)
card = {**version.card, "users": "About nurses, and users of the ward."}
version_edit(actor=world["developer"], version_id=version.pk, changes={"card": card})
version_submit(actor=world["developer"], version_id=version.pk)
version_start_review(actor=world["validator"], version_id=version.pk)
world.hand_in(version_by_id(version.pk))
"""

# What the worker does once a deployment is requested: publish the grant, then sign.
ISSUE = """
import sys
import django; django.setup()
import json
from governance.models import Condition, Warrant
from governance.tasks import issue
from ledger import clock
from tests.world import publish
publish()
issue()
warrant = Warrant.objects.get(version=sys.argv[1])
condition = Condition.objects.get(version=sys.argv[1])
moments = {name: clock.text(getattr(condition, name)) for name in ("due_from", "not_after", "grace_ends")}
print(json.dumps({"state": warrant.state, "warrant": str(warrant.pk), **moments}))
"""

# One part of the dry run that waits.
DRY_RUN = """
import django; django.setup()
from governance.tasks import dry_run
dry_run()
"""


def besides(site: dict[str, str], script: str) -> str:
    """Run one of the scripts above in a process of its own; what it prints."""
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "MODELWARRANT_HOME": site["home"]}
    command = [sys.executable, "-c", script, site["version"]]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The policy's author comes last here: what he puts in force would ask more of everybody after him."""
    here = [number for number, item in enumerate(items) if item.path.parent == Path(__file__).parent]
    ordered = sorted(
        (items[number] for number in here), key=lambda item: item.path.stem == "test_policy_author"
    )
    for number, item in zip(here, ordered, strict=True):
        items[number] = item


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A web server on a home of its own, with a version in review."""
    home = tmp_path_factory.mktemp("browser")
    env = migrated(home / "home")
    done = subprocess.run([sys.executable, "-c", PREPARE], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    facts: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    with serving("config.wsgi:application", env) as url:
        yield {**facts, "url": url, "home": env["MODELWARRANT_HOME"]}


@contextmanager
def serving(application: str, env: dict[str, str]) -> Iterator[str]:
    """A web server of `application` until the block ends; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}"]
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
        yield url
    finally:
        web.terminate()
        try:
            web.wait(20)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(web.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser for the tests of one file."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def kept() -> dict[str, Any]:
    """The sessions of those who signed in already, by key."""
    return {}


@pytest.fixture
def house(browser: Any, site: dict[str, str], kept: dict[str, Any]) -> Iterator[House]:
    """Whoever comes to the site; at the end no page may have had a problem."""
    house = House(browser, site, kept)
    yield house
    house.leave()
    assert not house.problems, "\n".join(house.problems)
