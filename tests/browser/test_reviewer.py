"""A reviewer in a real browser, by keyboard and mouse: sign in, inbox, version, decision; each page passes axe."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
WIDTHS = (1280, 390)
pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]

PREPARE = """
import django; django.setup()
import json, pyotp
from people.services.second_factor import second_factor_begin, second_factor_confirm
from people.models import User
from tests.world import make_world
world = make_world()
version = world.in_review()
secret = second_factor_begin(actor=world["reviewer"])
second_factor_confirm(actor=world["reviewer"], code=pyotp.TOTP(secret).now())
User.objects.update(totp_step=0)
print(json.dumps({"secret": secret, "version": str(version.pk), "system": str(world.system_id),
    "run": str(version.runs.filter(check_name="fairness").first().pk)}))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A web server on a home of its own, with a version in review."""
    import json

    home = tmp_path_factory.mktemp("browser")
    env = {**os.environ, "MODELWARRANT_HOME": str(home / "home"), "DJANGO_SETTINGS_MODULE": "config.settings"}
    env = {name: value for name, value in env.items() if name not in ("DATABASE_URL", "BROKER_URL")}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=env, check=True
    )
    done = subprocess.run([sys.executable, "-c", PREPARE], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    facts: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{port}"]
    web = subprocess.Popen([*command, "--no-control-socket", "--threads", "2"], cwd=ROOT, env=env)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{url}/healthz", timeout=1)
                break
            except OSError:
                time.sleep(0.1)
        yield {**facts, "url": url}
    finally:
        web.terminate()
        web.wait(20)


def test_a_reviewer_decides(site: dict[str, str]) -> None:
    import pyotp
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    problems: list[str] = []

    def accessible(page: Any, what: str) -> None:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            for item in Axe().run(page, options=RULES).response["violations"]:
                nodes = [node["html"][:120] for node in item["nodes"]][:3]
                problems.append(f"{what} at {width} px: {item['id']}: {nodes}")
            wide = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if wide > 0:
                problems.append(f"{what} at {width} px scrolls sideways by {wide} px")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(site["url"])
        accessible(page, "sign-in")
        page.get_by_label("E-mail address").fill("reviewer@example.org")
        page.get_by_label("Password").fill("correct horse 7 battery")
        page.keyboard.press("Enter")
        page.wait_for_url("**/second-factor/")
        accessible(page, "second factor")
        page.get_by_label("Code").fill(pyotp.TOTP(site["secret"]).now())
        page.keyboard.press("Enter")
        page.wait_for_url(f"{site['url']}/")
        accessible(page, "inbox")
        for name, path in (
            ("inventory", "/systems/"),
            ("system", f"/systems/{site['system']}/"),
            ("version", f"/versions/{site['version']}/"),
            ("fairness result", f"/runs/{site['run']}/"),
            ("policies", "/policies/"),
            ("machines", "/machines/"),
            ("ledger", "/ledger/"),
            ("an act", f"/act/suspend/{site['version']}/"),
        ):
            page.goto(site["url"] + path)
            accessible(page, name)
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(site["url"])
        page.get_by_role("link", name="Decide").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/decide/")
        accessible(page, "decide")
        page.set_viewport_size({"width": 1280, "height": 900})
        page.get_by_label("Approve", exact=True).check()
        page.get_by_label("Reason").fill("Read the results and their limits.")
        page.get_by_role("button", name="Record the decision").click()
        page.wait_for_url(f"**/versions/{site['version']}/")
        assert "Your decision is recorded" in page.content()
        accessible(page, "version after the decision")
        browser.close()
    assert not problems, "\n".join(problems)
