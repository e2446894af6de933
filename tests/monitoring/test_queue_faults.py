"""The row is the queue: brokers that are gone, commits that are slow or never come, two schedulers, clocks that jump.

Attack cases FT-03 (with `test_runs` and `test_desks`), FT-04, FT-05 and FT-08.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction

from governance.services.checks import checks_request
from ledger import clock
from ledger.models import Entry
from ledger.services import wakes
from monitoring import tasks
from monitoring.models import Breach, MissedSlot, Run
from monitoring.services import execution
from monitoring.services.execution import execute_next
from monitoring.services.runs import run_claim
from people.models import Notice
from tests.monitoring.watched import START, WORKER, feeds_sweep, watched
from tests.people.test_at_once import at_once
from tests.world import make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
DAY = dt.timedelta(days=1)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The messages that reached a broker."""
    found: list[str] = []
    monkeypatch.setattr(wakes, "_sent", {})
    monkeypatch.setattr(wakes, "_silent_until", 0.0)
    monkeypatch.setattr(wakes.current_app, "send_task", lambda name, **_: found.append(name))
    return found


def asked(world: Any) -> Run:
    return checks_request(actor=world.ci, version_id=world.draft().pk, checks=["data-contract"])[0]


@pytest.mark.once
def test_a_broker_that_is_down_or_forgets_costs_no_request(
    home: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FT-04: what was asked while it was down is a row, and the next sweep does it, once."""

    def down(*_: Any, **__: Any) -> None:
        raise ConnectionError("no broker")

    world = make_world()
    monkeypatch.setattr(wakes, "_sent", {})
    monkeypatch.setattr(wakes, "_silent_until", 0.0)
    monkeypatch.setattr(wakes.current_app, "send_task", down)
    run = asked(world)
    assert (run.state, run.attempts) == ("due", 0)
    tasks.sweep()
    tasks.sweep()
    run.refresh_from_db()
    assert (run.state, run.verdict, run.attempts) == ("done", "pass", 1)
    assert Entry.objects.filter(event="monitoring.run.moved", subject_id=str(run.pk)).count() == 1


@pytest.mark.once
def test_a_worker_is_woken_after_the_commit_and_never_for_a_ghost(home: Any, sent: list[str]) -> None:
    """FT-05: a message that comes before its row is there, or for a row that never came, finds nothing and does nothing."""
    world = make_world()
    version = world.draft()
    sent.clear()

    def request() -> Run:
        return checks_request(actor=world.ci, version_id=version.pk, checks=["data-contract"])[0]

    class Slow(Exception):
        """The commit doesn't come."""

    def rolled_back() -> None:
        with transaction.atomic():
            request()
            assert "monitoring.run" not in sent
            raise Slow

    with pytest.raises(Slow):
        rolled_back()
    assert "monitoring.run" not in sent
    assert not Run.objects.exists()
    assert not Entry.objects.filter(event="monitoring.run.requested").exists()
    tasks.run()  # the message that should not have been
    with transaction.atomic():
        run = request()
        assert "monitoring.run" not in sent
    assert sent.count("monitoring.run") == 1
    tasks.run()
    run.refresh_from_db()
    assert (run.state, run.attempts) == ("done", 1)


def test_of_two_workers_one_has_the_run(home: Any) -> None:
    """FT-03: a message that is delivered twice, at the same moment."""
    run = asked(make_world())
    claims = at_once(*[lambda: run_claim(actor=WORKER)] * 4)
    assert [claim.pk for claim in claims if claim is not None] == [run.pk]
    run.refresh_from_db()
    assert run.attempts == 1


@pytest.mark.once
def test_a_check_that_breaks_is_an_error_and_the_next_run_goes_on(
    home: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FT-03: memory that ends and limits of time are errors of that run alone; nothing of it is half written."""
    world = make_world()
    version = world.draft()
    runs = checks_request(
        actor=world.ci, version_id=version.pk, checks=["data-contract", "evaluation", "fairness"]
    )
    faults = iter([MemoryError("no room"), RecursionError("too deep")])
    real = execution.run_check

    def breaking(*arguments: Any, **named: Any) -> Any:
        if (fault := next(faults, None)) is not None:
            raise fault
        return real(*arguments, **named)

    monkeypatch.setattr(execution, "run_check", breaking)
    while execute_next(actor=WORKER):
        pass
    found = [(run.state, run.verdict, run.error_code, run.outcome is None) for run in _again(runs)]
    assert found[:2] == [("error", "error", "fault", True)] * 2
    assert found[2][0] == "done"


def _again(runs: list[Run]) -> list[Run]:
    return list(Run.objects.filter(pk__in=[run.pk for run in runs]).order_by("requested_at"))


def test_two_schedulers_note_a_missed_day_once_whatever_the_clock_does(
    home: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FT-08: two beats, a restart in the same minute, a clock that jumps over days and back again."""
    now = START
    monkeypatch.setattr(clock, "now", lambda: now)
    model = watched(("data-contract",), labels_after_days=90)
    now = START + 2 * DAY  # the first day, in the very second in which it is overdue
    swept = at_once(*[feeds_sweep] * 3)
    assert sorted(count for count in swept if isinstance(count, int)) == [0, 0, 1]
    assert feeds_sweep() == 0  # restarted in the same minute
    now = START + 9 * DAY  # seven days in one jump
    assert sum(at_once(*[feeds_sweep] * 2)) == 7
    now = START + 1 * DAY  # and back
    assert feeds_sweep() == 0
    now = START + 10 * DAY
    assert feeds_sweep() == 1
    starts = list(MissedSlot.objects.order_by("starts_at").values_list("starts_at", flat=True))
    assert starts == [START + number * DAY for number in range(9)]
    assert (Breach.objects.count(), Notice.objects.count()) == (1, 1)
    assert Entry.objects.filter(event="monitoring.slot.missed").count() == 9
    now = START + 100 * DAY  # more than are noted at once
    assert [feeds_sweep() for _ in range(3)] == [50, 40, 0]
    assert model.monitor.state == "active"
