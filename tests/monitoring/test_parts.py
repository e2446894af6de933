"""Workers count parts of one file beside each other: the same digest, no part twice, and nothing hangs on a helper."""

from __future__ import annotations

import datetime as dt
import io
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import connection

from ledger import clock
from ledger.models import Entry
from monitoring import tasks
from monitoring.models import Part, Run
from monitoring.services import desks, execution, helping
from monitoring.services.desks import RunDesk
from monitoring.services.execution import execute, measure
from monitoring.services.helping import help_next
from monitoring.services.parts import (
    PARTS_TO_SHARE,
    Share,
    part_claim,
    part_finish,
    parts_holders,
    parts_offer,
    parts_open,
    parts_sweep,
    parts_withdraw,
)
from monitoring.services.runs import run_cancel, run_claim, run_request
from monitoring.statistics import blocks, profiling
from monitoring.tasks import part, sweep
from monitoring.tasks import run as run_task
from tests.world import WORKER, World, make_world

PARTS, ROWS = 12, 500


def data() -> bytes:
    """A Parquet file of PARTS parts with the columns of the world."""
    rng, count = np.random.default_rng(3), PARTS * ROWS
    score = rng.random(count).round(4)
    columns = {
        "age": rng.normal(50, 10, count),
        "group": rng.choice(["a", "b"], count),
        "outcome": (rng.random(count) < score).astype(int),
        "score": score,
        "prediction": (score > 0.5).astype(int),
    }
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, row_group_size=ROWS)
    return file.getvalue()


class Counted:
    """Stands in for `profile_part`: notes who counted which part of the file of many parts, after `before` was called."""

    def __init__(self) -> None:
        self.by: list[tuple[str, int]] = []
        self.before: Callable[[int], None] = lambda number: None
        self._count = profiling.profile_part

    def __call__(self, file: Any, number: int, cut: Any, **threads: int) -> Any:
        if len(file.parts) == PARTS:
            self.before(number)
            self.by.append((threading.current_thread().name, number))
        return self._count(file, number, cut, **threads)

    @property
    def who(self) -> set[str]:
        return {name for name, _ in self.by}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    monkeypatch.setattr(blocks, "PART_ROWS", ROWS)
    monkeypatch.setattr(desks, "PAUSE_SECONDS", 0.01)
    counts = Counted()
    monkeypatch.setattr(profiling, "profile_part", counts)
    return counts


@pytest.fixture
def drift(home: Path, transactional_db: None, counted: Counted) -> tuple[World, Run]:
    world = make_world(tier="low")
    version = world.draft(evaluation=data())
    run_request(
        actor=world["validator"], version_id=version.pk, check="drift", thresholds=[], policy_digest="none"
    )
    claimed = run_claim(actor=WORKER)
    assert claimed is not None
    return world, claimed


def ended(run: Run) -> Run:
    """The run as it stands, with one entry for its end and no part left in the queue."""
    found = Run.objects.get(pk=run.pk)
    assert Entry.objects.filter(event="monitoring.run.moved", subject_id=str(run.pk)).count() == 1
    assert not Part.objects.exists()
    return found


class Helpers:
    """Threads that help until they are told that it is over; what they raise is raised by `over`."""

    def __init__(self, *names: str) -> None:
        self._over, self._faults = threading.Event(), list[BaseException]()
        self._threads = [threading.Thread(target=self._help, name=name) for name in names]

    def _help(self) -> None:
        try:
            while not self._over.is_set():
                help_next(actor=WORKER)
                time.sleep(0.01)
        except BaseException as error:
            self._faults.append(error)
        finally:
            connection.close()

    def __enter__(self) -> Helpers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)
        assert self._faults == []


@pytest.mark.slow
def test_three_workers_count_each_part_once_and_give_what_one_gives(
    drift: Any, counted: Counted, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    _, run = drift
    alone = measure(run).digest
    copies, said = [], []
    together = threading.Barrier(3)

    def meet(number: int) -> None:
        if number in (1, 2, 3):  # the first that are claimed: nobody goes on before three have one
            together.wait(30)

    def copy(digest: str) -> Any:
        copies.append(digest)
        return execution.local_copy(digest)

    def say(self: RunDesk, done: int, of: int) -> None:
        tell(self, done, of)
        said.append(Run.objects.get(pk=run.pk).progress)

    tell = RunDesk.told
    counted.by, counted.before = [], meet
    monkeypatch.setattr(RunDesk, "told", say)
    monkeypatch.setattr(helping, "local_copy", copy)
    with Helpers("one", "two"):
        execute(run, actor=WORKER)
    assert sorted(number for _, number in counted.by) == list(range(PARTS))
    assert counted.who == {"MainThread", "one", "two"}
    assert copies == [run.current.digest] * 2, "one copy for each helper, not for each part"
    assert ended(run).outcome_digest == alone
    assert said[1] == f"current data: 1 of {PARTS} parts counted"
    assert said[-1].startswith(f"current data: {PARTS} of {PARTS} parts counted")
    assert any(words.endswith(" workers") for words in said)


@pytest.mark.slow
def test_a_helper_that_dies_costs_its_part_s_lease(
    drift: Any, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dead one has claimed a part and left nothing; other helpers leave that part alone, the run's worker has it."""
    _, run = drift
    alone = measure(run).digest
    monkeypatch.setattr(desks, "LEAST_SECONDS", 1)
    dead: list[int | None] = []

    def die(number: int) -> None:
        if not dead and Part.objects.exists():
            (share,) = parts_open(actor=WORKER)
            dead.append(part_claim(actor=WORKER, share=share, holder=uuid4()))
            while help_next(actor=WORKER):
                pass

    counted.by, counted.before = [], die
    began = time.monotonic()
    execute(run, actor=WORKER)
    assert time.monotonic() - began >= 0.9
    assert counted.by[-1] == ("MainThread", dead[0]), "it was waited for, and counted when its lease was over"
    assert sorted(number for _, number in counted.by) == list(range(PARTS))
    assert ended(run).outcome_digest == alone


@pytest.mark.sampled
@pytest.mark.slow
@pytest.mark.parametrize("lost", ["kept", "row"])
def test_what_is_finished_and_not_there_is_counted_again(
    drift: Any, counted: Counted, home: Path, lost: str
) -> None:
    """Another host's disk; or a row of the queue that is gone."""
    _, run = drift
    alone = measure(run).digest
    gone: list[int] = []

    def lose(number: int) -> None:
        if gone or not Part.objects.exists():
            return
        (share,) = parts_open(actor=WORKER)
        holder = uuid4()
        for _ in range(3):
            one = part_claim(actor=WORKER, share=share, holder=holder)
            assert one is not None
            gone.append(one)
            if lost == "kept":
                assert part_finish(actor=WORKER, share=share, number=one, holder=holder)
        if lost == "row":
            Part.objects.filter(number__in=gone).delete()

    counted.by, counted.before = [], lose
    execute(run, actor=WORKER)
    assert sorted(number for _, number in counted.by) == list(range(PARTS))
    assert len(gone) == 3
    assert ended(run).outcome_digest == alone


@pytest.mark.once
def test_a_desk_of_another_host_is_not_worked_at(drift: Any, counted: Counted, home: Path) -> None:
    _, run = drift
    offered: list[bool] = []

    def look(number: int) -> None:
        if Part.objects.exists() and not offered:
            shutil.move(home / "profiles", home / "elsewhere")
            offered.append(help_next(actor=WORKER))
            shutil.move(home / "elsewhere", home / "profiles")
            assert not Part.objects.filter(finished=True).exists()

    counted.before = look
    execute(run, actor=WORKER)
    assert offered == [False]
    assert ended(run).state == "done"


def offer(run: Run, *, side: str = "current", like: str = "", count: int = 3) -> Share:
    assert run.lease_token is not None
    share = Share(run.pk, run.lease_token, side, like)
    parts_offer(actor=WORKER, share=share, numbers=range(count), seconds=60)
    return share


@pytest.mark.slow
def test_a_helper_stops_after_the_part_in_which_the_run_was_cancelled(drift: Any, counted: Counted) -> None:
    world, run = drift

    def begin(number: int) -> None:
        if Part.objects.exists() and counted.before is begin:
            counted.before = lambda number: (
                run_cancel(actor=world["validator"], run_id=run.pk) if number == 3 else None
            )
            assert help_next(actor=WORKER)

    counted.before = begin
    execute(run, actor=WORKER)
    # 1 is the run's worker's, which counts it while the helper is at 2 and 3
    assert [number for _, number in counted.by] == [0, 2, 3, 1]
    run.refresh_from_db()
    assert (run.state, run.error_code, run.outcome) == ("error", "cancelled", None)


@pytest.mark.once
def test_a_fault_in_a_part_is_named_by_the_run_s_worker_alone(
    drift: Any, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run = drift
    helped: list[bool] = []

    def fail(number: int) -> None:
        if number == 1 and not helped:
            helped.append(False)
            helped.append(help_next(actor=WORKER))
        if number == 5:
            raise ValueError("the disk says no")

    counted.before = fail
    execute(run, actor=WORKER)
    assert helped == [False, True]
    found = ended(run)
    assert (found.state, found.error_code) == ("error", "fault")
    assert {number for _, number in counted.by} == set(range(PARTS)) - {5}, (
        "the helper went on with the others"
    )


def test_of_two_workers_one_has_the_part(drift: Any) -> None:
    _, run = drift
    share, one, two = offer(run, count=2), uuid4(), uuid4()

    def claim(holder: UUID) -> int | None:
        return part_claim(actor=WORKER, share=share, holder=holder)

    assert (claim(one), claim(two), claim(one)) == (0, 1, None)
    assert parts_holders(share) == 2
    assert not part_finish(actor=WORKER, share=share, number=1, holder=one)
    Part.objects.filter(number=1).update(lease_until=clock.now() - dt.timedelta(seconds=1))
    assert claim(one) is None, "what may have killed one worker isn't for the next helper"
    assert part_claim(actor=WORKER, share=share, holder=one, over=True) == 1
    assert not part_finish(actor=WORKER, share=share, number=1, holder=two)
    assert part_finish(actor=WORKER, share=share, number=1, holder=one)
    assert parts_holders(share) == 1


def test_what_an_earlier_lease_offered_goes_and_is_not_worked_at(drift: Any) -> None:
    world, run = drift
    offer(run)
    assert len(parts_open(actor=WORKER)) == 1
    before = run.lease_token
    run.lease_token = uuid4()
    Run.objects.filter(pk=run.pk).update(lease_token=run.lease_token)
    assert parts_open(actor=WORKER) == []
    offer(run, count=2)
    assert Part.objects.count() == 2
    parts_withdraw(actor=WORKER, token=before)
    assert Part.objects.count() == 2
    Run.objects.filter(pk=run.pk).update(lease_until=clock.now() - dt.timedelta(seconds=1))
    assert parts_open(actor=WORKER) == []
    assert parts_sweep(actor=WORKER) == 0
    run_cancel(actor=world["validator"], run_id=run.pk)
    sweep()
    assert not Part.objects.exists()


def test_a_helper_gives_way_to_a_run_that_waits(drift: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world, run = drift
    offer(run)
    asked = run_request(
        actor=world["validator"],
        version_id=run.version_id,
        check="fairness",
        thresholds=[],
        policy_digest="none",
    )
    assert not help_next(actor=WORKER)
    monkeypatch.setattr(
        "monitoring.tasks.execute_next", lambda actor: executed.append(run_claim(actor=actor))
    )
    executed: list[Any] = []
    part()
    assert [found.pk for found in executed] == [asked.pk], "and has it"


@pytest.mark.once
def test_one_thread_of_a_process_helps_and_none_while_another_executes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two threads that both count would leave nobody for the log."""
    said: list[str] = []

    def beside(task: Callable[[], None]) -> None:
        thread = threading.Thread(target=task)
        thread.start()
        thread.join()

    def helps(*, actor: Any, wanted: Callable[[], bool]) -> bool:
        said.append("helps")

        def executes(*, actor: Any) -> bool:
            said.append(f"wanted: {wanted()}")
            return False

        beside(part)
        said.append(f"wanted: {wanted()}")
        monkeypatch.setattr(tasks, "execute_next", executes)
        beside(run_task)
        monkeypatch.setattr(tasks, "execute_next", nothing)
        return False

    def busy(*, actor: Any) -> bool:
        monkeypatch.setattr(tasks, "execute_next", nothing)
        beside(part)
        return False

    def nothing(*, actor: Any) -> bool:
        return False

    monkeypatch.setattr(tasks, "help_next", helps)
    monkeypatch.setattr(tasks, "execute_next", nothing)
    part()
    assert said == ["helps", "wanted: False", "wanted: True"]
    monkeypatch.setattr(tasks, "execute_next", busy)
    run_task()
    assert len(said) == 3, "nobody helped"
    assert tasks._executing == set()


@pytest.mark.once
def test_a_row_cannot_have_data_counted_as_others(drift: Any, counted: Counted, home: Path) -> None:
    """The key follows from what the run reads, never from the row: who writes rows names no desk."""
    _, run = drift
    for side, like in (("current", "x"), ("reference", ""), ("sideways", ""), ("current", "")):
        share = offer(run, side=side, like=like)
        assert not help_next(actor=WORKER)
        parts_withdraw(actor=WORKER, token=share.token)
    assert counted.by == []
    assert not (home / "profiles").exists()


@pytest.mark.once
def test_of_few_parts_none_is_offered() -> None:
    """No database is at hand: the first question to it would fail."""
    few = RunDesk(actor=WORKER, run_id=uuid4(), token=uuid4(), side="current", key="ab" * 32)
    assert list(few.turns(PARTS_TO_SHARE - 1)) == list(range(PARTS_TO_SHARE - 1))
