"""Runs: leased, finished once, never running for ever; bad input is a named error; a killed worker loses nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from governance.services.checks import checks_request
from ledger import clock
from ledger.models import Entry
from monitoring.models import Run
from monitoring.services.execution import execute
from monitoring.services.runs import MAX_LEASES, run_claim, run_fail, run_finish, runs_interrupted
from tests.homes import migrated
from tests.world import COLUMNS, WORKER, make_world, rows, work

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture
def world(home: Path, transactional_db: None) -> Any:
    return make_world()


def asked(world: Any, evaluation: bytes, check: str = "evaluation") -> Run:
    version = world.draft(evaluation=evaluation)
    return checks_request(actor=world.ci, version_id=version.pk, checks=[check])[0]


def ended(world: Any, evaluation: bytes, check: str = "evaluation") -> Run:
    run = asked(world, evaluation, check)
    work()
    run.refresh_from_db()
    return run


def test_a_lease_is_held_by_one_and_passes_on(world: Any) -> None:
    run = asked(world, rows())
    first = run_claim(actor=WORKER)
    assert first is not None
    assert run_claim(actor=WORKER) is None  # redelivered: nothing is free
    Run.objects.filter(pk=run.pk).update(lease_until=clock.now() - timedelta(seconds=1))
    second = run_claim(actor=WORKER)
    assert second is not None
    assert second.lease_token != first.lease_token
    said = {"actor": WORKER, "run_id": run.pk}
    outcome = {"verdict": "pass", "results": []}
    assert run_finish(**said, token=first.lease_token, outcome=outcome, digest="x") is None
    assert run_fail(**said, token=first.lease_token, code="late", text="back from the dead") is None
    execute(second, actor=WORKER)
    execute(second, actor=WORKER)  # once more: no effect
    moved = Entry.objects.filter(event="monitoring.run.moved", subject_id=str(run.pk))
    assert moved.count() == 1
    run.refresh_from_db()
    assert (run.state, run.attempts) == ("done", 2)


def test_after_its_last_lease_a_run_is_interrupted_and_never_a_pass(world: Any) -> None:
    """FT-03."""
    run = asked(world, rows())
    for _ in range(MAX_LEASES):
        assert run_claim(actor=WORKER) is not None
        Run.objects.filter(pk=run.pk).update(lease_until=clock.now() - timedelta(seconds=1))
    assert run_claim(actor=WORKER) is None
    assert [item.pk for item in runs_interrupted(actor=WORKER)] == [run.pk]
    run.refresh_from_db()
    assert (run.state, run.verdict, run.error_code) == ("error", "error", "interrupted")


@pytest.mark.once
@pytest.mark.parametrize(
    ("data", "state", "verdict"),
    [
        (rows().replace(b"age,group", b"age,grp", 1), "error", "error"),
        (rows() + b"1,2\n", "error", "error"),
        (b"age,group,outcome,score,prediction\n", "error", "error"),
        (rows(60).replace(b",1,0.", b",1,nan,", 0), "done", "inconclusive"),
        (rows().replace(b"\n", b"\n50.0,a,1,inf,1\n", 1), "done", "error"),
        (b"age,group,outcome,score,prediction\n" + b"50,a,1,0.9,1\n" * 200, "done", "inconclusive"),
    ],
    ids=["wrong column", "ragged", "header only", "few rows", "infinite score", "one class"],
)
def test_bad_input_has_its_name_and_is_never_a_pass(
    world: Any, data: bytes, state: str, verdict: str
) -> None:
    run = ended(world, data)
    assert run.state == state, (run.error_code, run.error_text)
    assert run.verdict == verdict, run.outcome and run.outcome["summary"]
    if state == "error":
        assert run.error_code not in ("", "fault"), run.error_text
        assert run.error_text


@pytest.mark.once
def test_a_contract_that_the_data_break_fails(world: Any) -> None:
    run = ended(world, rows().replace(b",1\n", b",7\n", 1), "data-contract")
    assert run.verdict == "fail"
    assert any(
        result["metric"] == "not_allowed" and result["verdict"] == "fail" for result in run.outcome["results"]
    )
    assert COLUMNS[-1]["allowed"] == [0, 1]


@pytest.mark.once
def test_a_model_judged_on_its_own_training_data_passes_no_contract(world: Any) -> None:
    """Current inside training data: told by digest, and only for data that should be other data."""
    run = ended(world, rows(seed=2), "data-contract")
    (found,) = (result for result in run.outcome["results"] if result["metric"] == "training_overlap")
    assert (run.verdict, found["verdict"], found["value"]) == ("fail", "fail", 1.0)
    other = ended(world, rows(seed=5), "data-contract")
    (found,) = (result for result in other.outcome["results"] if result["metric"] == "training_overlap")
    assert (other.verdict, found["verdict"]) == ("pass", "pass")


# Ten passwords take longer than all else: the same hash with fewer rounds.
PREPARE = """
import django; django.setup()
from django.contrib.auth.hashers import PBKDF2PasswordHasher
PBKDF2PasswordHasher.iterations = 1000
from tests.world import make_world, rows
from governance.services.checks import checks_request
world = make_world()
version = world.draft(evaluation=rows(60000))
for run in checks_request(actor=world.ci, version_id=version.pk):
    print(run.pk)
"""
LOOK = """
SELECT check_name, state, verdict, attempts, (SELECT count(*) FROM ledger_entry
    WHERE event = 'monitoring.run.moved' AND replace(subject_id, '-', '') = run.id) FROM monitoring_run AS run
"""


@pytest.mark.sqlite
def test_a_worker_killed_in_mid_check_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """FT-03."""
    env = migrated(tmp_path / "home") | {"CHECK_LEASE_SECONDS": "15", "LOG_LEVEL": "WARNING"}

    def python(*arguments: str) -> str:
        done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def runs() -> list[tuple[Any, ...]]:
        # asked often: another process would take the time of those that it watches
        with contextlib.closing(sqlite3.connect(tmp_path / "home" / "db.sqlite3", timeout=20)) as database:
            return database.execute(LOOK).fetchall()

    def worker() -> subprocess.Popen[bytes]:
        command = [sys.executable, "manage.py", "process", "worker"]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    python("-c", PREPARE)
    killed = worker()
    try:
        deadline = time.monotonic() + 60
        while not any(run[1] == "due" and run[3] for run in runs()) and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
    begun = runs()
    assert any(run[1] == "due" and run[3] for run in begun), begun
    second = worker()
    try:
        deadline = time.monotonic() + 120
        while any(run[1] == "due" for run in runs()) and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        os.killpg(second.pid, signal.SIGTERM)
        try:
            second.wait(30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(second.pid, signal.SIGKILL)
    found = runs()
    assert [run[1] for run in found] == ["done"] * len(found), found
    assert [run[4] for run in found] == [1] * len(found), found
    assert max(run[3] for run in found) >= 2, found  # the killed attempt counts
    python("manage.py", "ledger_audit")
