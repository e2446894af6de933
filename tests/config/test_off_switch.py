"""AU-10: whoever looks for a switch that turns the log off finds none, in settings, environment, signals or log levels."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core import signals as core_signals
from django.db.models import signals as model_signals

from ledger.models import Entry
from tests.registry.world import ROOT_ACTOR, make_world, person

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("LEDGER", "AUDIT", "AUDIT_LOG", "LOG", "HISTORY", "EVENTS", "TRACKING", "SIGNING")
SWITCHES = {
    **{f"{name}_ENABLED": "false" for name in NAMES},
    **{f"{name}_DISABLED": "true" for name in NAMES},
    **{f"DISABLE_{name}": "1" for name in NAMES},
    **{f"NO_{name}": "1" for name in NAMES},
    **{f"MODELWARRANT_{name}": "off" for name in NAMES},
    "LOG_LEVEL": "CRITICAL",
    "LEDGER_HOLDS_KEYS": "false",
    "TESTING": "1",
    "PYTHONOPTIMIZE": "2",
}
REGISTER = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests.registry.world import make_world
from ledger.models import Entry, Pending
make_world()
print(Entry.objects.filter(event="registry.system_registered").count(), Pending.objects.count() > 0)
"""


@pytest.mark.slow
@pytest.mark.sqlite
def test_no_variable_of_the_environment_stops_it(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "BROKER_URL")}
    env |= {
        "MODELWARRANT_HOME": str(tmp_path / "home"),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    } | SWITCHES
    done = subprocess.run(
        [sys.executable, "-c", REGISTER], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split()[-2:] == ["1", "True"]


def test_no_setting_that_is_read_is_a_switch() -> None:
    """What settings read is listed here by name, so that a new one is looked at with this question."""
    text = (ROOT / "config" / "settings.py").read_text() + (ROOT / "config" / "environment.py").read_text()
    about_the_log = {
        name
        for name in re.findall(r"""["']([A-Z][A-Z_]+)["']""", text)
        if "LEDGER" in name or "AUDIT" in name
    }
    assert about_the_log <= {"LEDGER_ORIGIN", "LEDGER_HOLDS_KEYS", "LEDGER_WITNESS_POLICY", "LEDGER_ANCHORS"}


@pytest.mark.django_db
def test_signals_and_log_levels_have_no_part_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = [
        value
        for module in (model_signals, core_signals)
        for value in vars(module).values()
        if hasattr(value, "receivers")
    ]
    for signal in everything:
        monkeypatch.setattr(signal, "receivers", [])
    logging.disable(logging.CRITICAL)
    try:
        make_world()
    finally:
        logging.disable(logging.NOTSET)
    assert Entry.objects.filter(event="registry.system_registered").count() == 1


@pytest.mark.django_db
def test_our_own_code_is_recorded_like_a_person() -> None:
    person("owner")
    assert Entry.objects.filter(actor_kind="system", actor_id=ROOT_ACTOR.id).exists()
