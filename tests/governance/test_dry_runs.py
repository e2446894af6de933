"""Dry runs on request: in parts, by workers that may be killed, and as a page in all its states."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance import tasks
from governance.models import DryRun, DryRunAnswer, DryRunFigures, Policy
from governance.policies.document import load
from governance.selectors.dry_run import dry_run
from governance.services import dry_runs
from governance.services.dry_runs import (
    KEPT,
    LEASE,
    MAX_LEASES,
    dry_run_ask,
    dry_run_claim,
    dry_runs_forget,
    dry_runs_go_on,
)
from governance.services.policies import policy_draft
from ledger import clock
from ledger.actors import Actor
from ledger.errors import NotAllowed
from ledger.models import Entry
from people.models import User
from registry.models import Version
from registry.services.versions import version_register
from tests.access.sample import session_of
from tests.governance.test_policy_choice import HIGH
from tests.people.test_at_once import at_once
from tests.registry.world import make_world, person

pytestmark = pytest.mark.slow
WORKER = Actor.system(dry_runs.WORKER)
STRICT = HIGH.replace("bound: 0.65", "bound: 0.99")


@pytest.fixture
def parts_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_runs, "PART", 2)


def strict(world: Any) -> Policy:
    return policy_draft(actor=world["author"], text=STRICT)


def drafts(world: Any, count: int) -> None:
    """More versions, of which a dry run asks nothing: they only have to be looked at."""
    for number in range(count):
        version_register(actor=world.ci, model_id=world.model.pk, code_ref=f"git:{number}", card={})


def finish() -> DryRun:
    while dry_runs_go_on(actor=WORKER):
        pass
    return DryRun.objects.order_by("-asked_at")[0]


def lease_runs_out() -> None:
    DryRun.objects.filter(state="due").update(lease_until=clock.now() - dt.timedelta(seconds=1))


def page_of(client: Client, policy: Policy, **query: str) -> str:
    answer = client.get(reverse("governance:policy-dry-run", args=[policy.pk]), query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.usefixtures("parts_of_two")
def test_all_versions_are_asked_in_parts_as_the_command_asks_them(world: Any) -> None:
    approved = world.approved()
    drafts(world, 4)
    policy = strict(world)
    entries = Entry.objects.count()
    run = dry_run_ask(actor=world["reviewer"], policy_id=policy.pk)
    assert dry_run_ask(actor=world["owner"], policy_id=policy.pk).pk == run.pk  # one at a time
    assert dry_runs_go_on(actor=WORKER)
    run.refresh_from_db()
    assert (run.state, run.seen, run.total, run.percent, run.attempts) == ("due", 2, 5, 40, 0)
    run = finish()
    assert (run.state, run.seen, run.total, run.percent) == ("done", 5, 5, 100)
    assert not dry_runs_go_on(actor=WORKER)
    assert Entry.objects.count() == entries  # it is no decision

    expected = dry_run(load(STRICT), Version.objects.all())
    said = {(row.version_id, row.what, tuple(row.gained)) for row in run.answers.filter(differs=True)}
    assert said == {(item.version.pk, item.what, item.gained) for item in expected.differing}
    assert {pk for pk, _, _ in said} == {approved.pk}
    figures = DryRunFigures.objects.get(run=run)
    assert (figures.looked_at, figures.differing, figures.stays, figures.rejected) == (
        len(expected.versions), len(expected.differing), expected.stays, expected.rejected,
    )  # fmt: skip
    again = dry_run_ask(actor=world["owner"], policy_id=policy.pk)
    assert {*DryRun.objects.values_list("state", flat=True)} == {"due", "done"}  # the result stays meanwhile
    finish()
    assert list(DryRun.objects.values_list("pk", "state")) == [(again.pk, "done")]
    assert {*DryRunAnswer.objects.values_list("run", flat=True)} == {again.pk}


@pytest.mark.usefixtures("parts_of_two")
def test_what_a_killed_worker_had_is_taken_over_from_where_it_was_kept(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.approved()
    drafts(world, 3)
    dry_run_ask(actor=world["reviewer"], policy_id=strict(world).pk)
    dry_runs_go_on(actor=WORKER)

    class Killed(BaseException):
        """As SIGKILL is: nothing of ours runs after it."""

    def killed(*_: Any) -> Any:
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr(dry_runs, "look", killed)
        with pytest.raises(Killed):
            dry_runs_go_on(actor=WORKER)
    run = DryRun.objects.get()
    assert (run.state, run.seen, run.attempts) == ("due", 2, 1)
    assert not dry_runs_go_on(actor=WORKER)  # somebody has it, for all that can be seen
    assert run.lease_until is not None
    assert run.lease_until - clock.now() <= LEASE
    lease_runs_out()
    late = dry_run_claim(actor=WORKER)  # a worker that only looks dead
    assert late is not None
    lease_runs_out()
    run = finish()
    assert (run.state, run.seen, run.total) == ("done", 4, 4)
    rows = DryRunAnswer.objects.count()
    found = dry_runs.look(load(STRICT), list(Version.objects.select_related("model__system")))
    assert not dry_runs._part_keep(actor=WORKER, run=late, versions=[], found=found)
    assert DryRunAnswer.objects.count() == rows  # what comes late is kept nowhere
    assert DryRunFigures.objects.get().looked_at == 4


@pytest.mark.once
def test_it_never_runs_for_ever(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    policy, reader = strict(world), session_of(world.users["reviewer"])
    dry_run_ask(actor=world["reviewer"], policy_id=policy.pk)
    for _ in range(MAX_LEASES):
        assert dry_run_claim(actor=WORKER) is not None
        assert dry_run_claim(actor=WORKER) is None
        lease_runs_out()
    tasks.sweep()
    run = DryRun.objects.get()
    assert (run.state, run.error_code, run.finished_at is not None) == ("error", "interrupted", True)
    text = page_of(reader, policy)
    assert "ended without a result" in text
    assert "stopped or hung" in text
    assert "Ask again" in text

    def faulty(*_: Any) -> Any:
        raise ValueError("an altered text")

    with monkeypatch.context() as broken:
        broken.setattr(dry_runs, "look", faulty)
        dry_run_ask(actor=world["reviewer"], policy_id=policy.pk)
        for _ in range(MAX_LEASES):
            assert dry_runs_go_on(actor=WORKER)
        assert not dry_runs_go_on(actor=WORKER)
    text = page_of(reader, policy)
    assert "log has the cause" in text
    assert "data-refresh" not in text
    dry_run_ask(actor=world["reviewer"], policy_id=policy.pk)
    tasks.dry_run()
    assert list(DryRun.objects.values_list("state", flat=True)) == ["done"]  # and the failures are gone


@pytest.mark.usefixtures("parts_of_two")
def test_two_workers_keep_each_part_once(world: Any) -> None:
    drafts(world, 7)
    dry_run_ask(actor=world["reviewer"], policy_id=strict(world).pk)
    for _ in range(4):
        at_once(*[lambda: dry_runs_go_on(actor=WORKER)] * 3)
    run = finish()
    assert (run.state, run.seen) == ("done", 7)
    assert DryRunFigures.objects.get().looked_at == 7


@pytest.mark.once
@pytest.mark.usefixtures("parts_of_two")
def test_the_page_from_asking_to_the_result(world: Any) -> None:
    approved = world.approved()
    drafts(world, 3)
    policy = strict(world)
    address = reverse("governance:policy-dry-run", args=[policy.pk])
    reader, nobody = session_of(world.users["reviewer"]), session_of(User.objects.get(pk=person().pk))
    empty = page_of(reader, policy)
    assert "Nobody has asked" in empty
    assert "Ask for a dry run" in empty
    assert "Ask for a dry run" not in page_of(nobody, policy)
    assert nobody.post(address).status_code == 403
    with pytest.raises(NotAllowed):
        dry_run_ask(actor=person(), policy_id=policy.pk)
    assert not DryRun.objects.exists()

    assert reader.post(address).status_code == 302
    waiting = page_of(reader, policy)
    assert "waits for a worker" in waiting
    assert "Ask for a dry run" not in waiting
    tasks.dry_run()
    under_way = page_of(reader, policy)
    assert "2 of 4 versions of the tier are asked (50 %)" in under_way
    assert 'data-refresh="3"' in under_way
    assert "Asked for by Reviewer" in under_way
    assert "50 % of the versions" in page_of(nobody, policy)
    assert "2 of 4" not in page_of(nobody, policy)  # how many there are is no business of theirs
    finish()
    result = page_of(reader, policy)
    assert "data-refresh" not in result
    assert "would not be approved" in result
    assert "asked for by Reviewer" in result
    assert str(approved.pk) in result
    elsewhere = page_of(
        session_of(User.objects.get(pk=person("owner", on=make_world("other").system).pk)), policy
    )
    for text in (elsewhere, page_of(nobody, policy)):
        assert "Risk model" not in text
        assert "No decision or version that you may see" in text
        assert '<span class="figures__value">0</span>' in text
        assert '<span class="figures__value">4</span>' not in text
    table = list(csv.reader(io.StringIO(reader.get(address, {"format": "csv"}).content.decode())))
    assert [row[1] for row in table[1:]] == [str(approved.pk)] * 2
    assert len(list(csv.reader(io.StringIO(nobody.get(address, {"format": "csv"}).content.decode())))) == 1


@pytest.mark.once
def test_the_page_asks_as_often_for_two_hundred_answers_as_for_two_and_pages_them(world: Any) -> None:
    world.approved()
    policy, reader = strict(world), session_of(world.users["reviewer"])
    dry_run_ask(actor=world["reviewer"], policy_id=policy.pk)
    run = finish()

    def count(**query: str) -> int:
        page_of(reader, policy, **query)
        with CaptureQueriesContext(connection) as captured:
            page_of(reader, policy, **query)
        return len(captured)

    few = count()
    one = run.answers.filter(differs=True).select_related("version")[0]
    more = [
        DryRunAnswer(
            run=run, version=one.version, what=f"now, {number}", before="approved", after="1 open",
            gained=["x"], differs=True, untold=True, unknown=["f1 was not measured then."],
        )
        for number in range(200)
    ]  # fmt: skip
    DryRunAnswer.objects.bulk_create(more)
    assert count() <= few + 1  # the names of one version more, at most
    assert f"({200 + run.answers.filter(differs=True, untold=False).count()} in all)" in page_of(
        reader, policy
    )
    assert "200 where something can" in page_of(reader, policy)
    second = page_of(reader, policy, show="untold", page="2")
    assert "f1 was not measured then." in second
    assert "show=untold&amp;page=3" in second
    assert "Page 4 of 4" in page_of(reader, policy, show="untold", page="99")

    DryRun.objects.update(asked_at=clock.now() - KEPT - dt.timedelta(days=1))
    assert dry_runs_forget(actor=WORKER) == 1
    assert not DryRunAnswer.objects.exists()
    assert "Nobody has asked" in page_of(reader, policy)
