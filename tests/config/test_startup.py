from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from config.environment import sqlite
from config.startup import setting_faults, table_faults

GOOD_KEY = "Zk3v9Qx1Lr7Tn5Wp2Yb8Hd4Jf6Mg0Sc-aeiouVBNMKLPOIuytrewq"
POSTGRES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "modelwarrant"}}
REDIS = {"BROKER_EMBEDDED": False, "CELERY_BROKER_URL": "redis://redis:6379/0"}
PUBLIC = {"LOCAL": False, "ALLOWED_HOSTS": ["modelwarrant.example"]}


def faults(**changes: Any) -> str:
    settings = {
        "DEBUG": False,
        "LOCAL": True,
        "ALLOWED_HOSTS": ["localhost"],
        "SECRET_KEY": GOOD_KEY,
        "SECRET_KEY_GIVEN": True,
        "BROKER_EMBEDDED": True,
        "CELERY_BROKER_URL": "filesystem://",
        "DATABASES": {"default": sqlite("/var/lib/modelwarrant/db.sqlite3")},
    }
    return "\n".join(setting_faults(SimpleNamespace(**(settings | changes))))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "sound",
    [
        {},
        {"SECRET_KEY_GIVEN": False},
        {"DEBUG": True},
        {"DATABASES": POSTGRES, **REDIS, **PUBLIC},
        {"DATABASES": POSTGRES},
    ],
)
def test_what_can_be_meant_starts(sound: dict[str, Any]) -> None:
    assert faults(**sound) == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"DEBUG": True, **PUBLIC}, "DEBUG is on"),
        ({"DEBUG": True, "DATABASES": POSTGRES}, "DEBUG is on"),
        ({"SECRET_KEY_GIVEN": False, **PUBLIC}, "SECRET_KEY or SECRET_KEY_FILE is not set"),
        (
            {"SECRET_KEY_GIVEN": False, "DATABASES": POSTGRES, **REDIS},
            "SECRET_KEY or SECRET_KEY_FILE is not set",
        ),
        ({"SECRET_KEY": "changeme"}, "SECRET_KEY is weak"),
        ({"SECRET_KEY": "x" * 60}, "SECRET_KEY is weak"),
        ({"SECRET_KEY": f"django-insecure-{GOOD_KEY}"}, "SECRET_KEY is weak"),
        (REDIS, "SQLite with a network broker"),
        ({"DATABASES": {"default": sqlite(":memory:")}}, "database in memory"),
        ({"DATABASES": {"default": sqlite("file:x?mode=memory&cache=shared")}}, "database in memory"),
        (
            {"CELERY_BROKER_URL": "memory://", "BROKER_EMBEDDED": False, "DATABASES": POSTGRES},
            "broker in memory",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(changes: dict[str, Any], said: str) -> None:
    assert said in faults(**changes)


def test_every_fault_is_named_at_once() -> None:
    assert len(faults(DEBUG=True, SECRET_KEY="short", **PUBLIC, **REDIS).splitlines()) == 3


def test_the_tables_are_sound() -> None:
    assert list(table_faults()) == []


@pytest.mark.parametrize("module", ["config.wsgi", "config.celery"])
def test_a_server_and_a_worker_refuse_to_start(module: str, root: Path, tmp_path: Path) -> None:
    """Not only `manage.py check`: system checks don't run under gunicorn."""
    program = f"import {module}, django; django.setup()"
    environment = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "MODELWARRANT_HOME": str(tmp_path),
        "ALLOWED_HOSTS": "modelwarrant.example",
        "DEBUG": "true",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "ModelWarrant does not start" in done.stderr
    assert "DEBUG is on in production" in done.stderr


@pytest.mark.parametrize("module", ["config.wsgi", "config.asgi"])
def test_a_web_process_holds_no_keys_whatever_its_environment_says(
    module: str, root: Path, tmp_path: Path
) -> None:
    """And refuses to make one before it looks at any file or database."""
    program = f"""
import {module}
from django.conf import settings
from ledger.errors import Unavailable
from ledger.models import Log
from ledger.services import keys
assert settings.LEDGER_HOLDS_KEYS is False
for act in (lambda: keys.signer("warrant"), lambda: keys.log_signers(Log(number=1, origin="o"))):
    try:
        act()
    except Unavailable as error:
        assert error.code == "no-keys-here", error
        print("refused")
"""
    environment = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "MODELWARRANT_HOME": str(tmp_path),
        "LEDGER_HOLDS_KEYS": "true",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["refused", "refused"], done.stderr
    assert not (tmp_path / "keys").exists()
