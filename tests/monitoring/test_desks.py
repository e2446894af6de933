"""A worker that dies costs one part; what somebody else put on the desk is not read; a run can be cancelled."""

from __future__ import annotations

import itertools
import os
import signal
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.urls import reverse

from ledger.errors import Conflict, NotAllowed
from monitoring.models import Run
from monitoring.services.desks import Folder, LeaseLost, RunDesk, desks_sweep
from monitoring.services.execution import execute, execute_next
from monitoring.services.runs import run_cancel, run_claim, run_request
from monitoring.statistics import blocks
from monitoring.statistics.blocks import open_file
from monitoring.statistics.profiling import profile_file
from tests.portal.test_pages import signed_in
from tests.world import WORKER, make_world, rows, work

pytestmark = pytest.mark.once
LARGE = "SOAK_SECONDS" in os.environ
ROWS, PART, KILLS = (10_000_000, 1 << 20, 10) if LARGE else (20_000, 2_000, 10)
KEY = "ab" * 32


class Mortal(Folder):
    """Dies by SIGKILL after so many new parts, or in the middle of keeping one."""

    def __init__(self, new: int) -> None:
        super().__init__(KEY)
        self.left = new

    def keep(self, name: str, profile: Any) -> None:
        self.left -= 1
        if self.left < 0:
            half = self._folder / f".{name}.half"
            half.write_text(profile.json()[:50])
            os.kill(os.getpid(), signal.SIGKILL)
        super().keep(name, profile)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of many parts."""
    monkeypatch.setattr(blocks, "PART_ROWS", PART)
    rng, path = np.random.default_rng(5), tmp_path / "data.parquet"
    columns = 30 if LARGE else 4
    table = {f"n{n}": rng.standard_normal(ROWS) for n in range(columns)} | {
        "w": rng.choice(list("abc"), ROWS)
    }
    pq.write_table(pa.table(table), path, row_group_size=PART)
    return path


@pytest.mark.slow
def test_a_worker_killed_ten_times_gives_the_same_profile_and_counts_nothing_twice(
    home: Path, data: Path
) -> None:
    """FT-03."""
    whole = profile_file(open_file(data))
    kept: list[set[str]] = []
    for _ in range(KILLS):
        child = os.fork()
        if child == 0:
            profile_file(open_file(data), desk=Mortal(1), threads=1)
            os._exit(0)  # not reached: each has more to do than it lives for
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        kept.append({path.name for path in (home / "profiles" / KEY).iterdir() if path.name[0] != "."})
    assert [len(names) for names in kept] == list(range(1, KILLS + 1)), "each death left one part more"
    assert all(earlier < later for earlier, later in itertools.pairwise(kept))
    assert profile_file(open_file(data), desk=Mortal(10**9)).json() == whole.json()
    assert whole.rows == ROWS


def test_what_somebody_else_put_there_is_not_read(home: Path, data: Path) -> None:
    whole = profile_file(open_file(data), desk=Mortal(10**9))
    part = home / "profiles" / KEY / "3-4"
    mac, _, text = part.read_text().partition("\n")
    forged = text.replace('"counts":[', '"counts":[1,', 1)
    others = (home / "profiles" / KEY / "4-5").read_text()
    for content in (f"{mac}\n{forged}", others, text, "", "\n", mac):
        part.write_text(content)
        assert Mortal(0).kept("3-4") is None
    assert profile_file(open_file(data), desk=Mortal(1)).json() == whole.json()


def test_a_full_disk_costs_the_keeping_and_not_the_run(home: Path, data: Path) -> None:
    (home / "profiles").write_text("no folder can be made here")
    assert profile_file(open_file(data), desk=Mortal(10**9)).rows == ROWS


def test_what_is_old_goes(home: Path, data: Path) -> None:
    assert desks_sweep() == 0
    profile_file(open_file(data), desk=Mortal(10**9))
    assert desks_sweep() == 0
    os.utime(home / "profiles" / KEY, (0, 0))
    assert desks_sweep() == 1
    assert Mortal(0).kept("0-1") is None


@pytest.fixture
def drift(home: Path, transactional_db: None) -> tuple[Any, Run]:
    world = make_world(tier="low")
    version = world.draft(evaluation=rows(seed=4))
    asked = run_request(
        actor=world["validator"], version_id=version.pk, check="drift", thresholds=[], policy_digest="none"
    )
    return world, asked


@pytest.mark.slow
def test_a_page_shows_how_far_it_is_and_who_asked_can_cancel(
    drift: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, run = drift
    seen = []

    def look(self: RunDesk, done: int, of: int) -> None:
        told(self, done, of)
        browser = signed_in(world, "validator")
        page = browser.get(reverse("monitoring:run", args=[run.pk])).content.decode()
        answer = browser.get(f"/api/v1/runs/{run.pk}").json()
        seen.append((answer["progress"], answer["progress"] in page, "Cancel this run" in page))

    told = RunDesk.told
    monkeypatch.setattr(RunDesk, "told", look)
    work()
    assert seen == [
        ("reference data: 1 of 1 parts counted", True, True),
        ("current data: 1 of 1 parts counted", True, True),
    ]
    run.refresh_from_db()
    assert run.state == "done"


@pytest.mark.slow
def test_a_run_that_is_cancelled_while_it_counts_ends_as_an_error(
    drift: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, run = drift

    def cancel(self: RunDesk, done: int, of: int) -> None:
        with pytest.raises(NotAllowed) as refusal:
            run_cancel(actor=world["developer"], run_id=run.pk)
        assert refusal.value.reason == "not-requester"
        browser = signed_in(world, "validator")
        assert browser.post(reverse("governance:act", args=["cancel-run", run.pk])).status_code == 302
        told(self, done, of)

    told = RunDesk.told
    monkeypatch.setattr(RunDesk, "told", cancel)
    assert execute_next(actor=WORKER)
    run.refresh_from_db()
    assert (run.state, run.verdict, run.error_code) == ("error", "error", "cancelled")
    assert run.outcome is None
    with pytest.raises(Conflict):
        run_cancel(actor=world["validator"], run_id=run.pk)
    monkeypatch.undo()
    assert not execute_next(actor=WORKER)


@pytest.mark.slow
def test_a_lost_lease_ends_the_counting_and_leaves_the_run_to_who_has_it(drift: Any) -> None:
    _, run = drift
    first = run_claim(actor=WORKER)
    assert first is not None
    Run.objects.filter(pk=run.pk).update(lease_token=uuid4())
    with pytest.raises(LeaseLost):
        RunDesk(actor=WORKER, run_id=run.pk, token=first.lease_token, side="current", key=KEY).told(1, 2)
    execute(first, actor=WORKER)
    run.refresh_from_db()
    assert (run.state, run.outcome) == ("due", None)


def test_the_api_cancels_too(drift: Any) -> None:
    world, run = drift
    for who, status in (("auditor", 403), ("developer", 403), ("validator", 200)):
        answer = signed_in(world, who).post(
            f"/api/v1/runs/{run.pk}/cancel", {}, content_type="application/json"
        )
        assert answer.status_code == status, answer.content
    assert answer.json()["verdict"] == "error"
