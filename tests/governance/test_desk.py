"""A reviewer's desk: claims, due dates, reminders, escalation, rounds, signals."""

from __future__ import annotations

import datetime as dt
import json
import threading
from functools import partial
from typing import Any

import pytest
from django.db import connection

from governance.gates.context import Context
from governance.models import (
    Claim,
    Decision,
    Escalation,
    EvidenceOpened,
    ReadingCount,
    Reminder,
    RoundContent,
)
from governance.selectors import tasks
from governance.selectors.due import claims_of, due_of
from governance.selectors.reading import Counted, counted
from governance.selectors.rounds import items, requested_changes
from governance.selectors.tasks import inbox_of
from governance.services import escalations, signals
from governance.services.claims import claim_release, claim_take
from governance.services.decisions import decision_record
from governance.services.versions import (
    version_return,
    version_start_review,
    version_submit,
    version_withdraw,
)
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotAllowed, NotThere, Refused
from ledger.models import Entry
from ledger.services import replay
from ledger.workdays import calendar
from people.models import Notice
from people.services.grants import grant_confirm, grant_request, grant_revoke
from people.services.people import user_create
from registry.selectors.versions import version_by_id
from registry.services.components import component_set
from registry.services.versions import version_edit
from tests.world import PASSWORD, World

SWEEP = Actor.system("desk-sweep")


def at(monkeypatch: pytest.MonkeyPatch, moment: dt.datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: moment)


def second_reviewer(world: World, role: str = "risk-reviewer") -> Any:
    user, _ = user_create(
        actor=world["one"], email="next@example.org", name="Next", password=PASSWORD, temporary=False
    )
    asked = grant_request(actor=world["one"], role=role, holder_id=user.pk, reason="They review.")
    grant_confirm(actor=world["two"], grant_id=asked.pk)
    world.users["next"] = user
    return world["next"]


@pytest.mark.once
def test_a_claim_tells_colleagues_and_keeps_nobody_out(world: World) -> None:
    version = world.in_review()
    claim = claim_take(actor=world["reviewer"], version_id=version.pk)
    assert claim.seat == "risk-reviewer"
    assert claim_take(actor=world["reviewer"], version_id=version.pk).pk == claim.pk  # a double click
    other = claim_take(actor=world["validator"], version_id=version.pk)  # another seat, beside it
    assert {row.pk for row in claims_of([version], now=clock.now())[version.pk]} == {claim.pk, other.pk}
    taken = claim_take(actor=second_reviewer(world), version_id=version.pk)
    claim.refresh_from_db()
    assert (claim.state, claim.ended_by) == ("taken-over", world["next"].id)
    assert Notice.objects.get(text__contains="taken over").recipient == world.users["reviewer"]
    with pytest.raises(NotAllowed, match="Only whoever holds"):
        claim_release(actor=world["reviewer"], claim_id=taken.pk)
    for _ in range(2):
        assert claim_release(actor=world["next"], claim_id=taken.pk).state == "released"
    world.decide(version, "validator", "independent-validator")
    assert not Claim.objects.filter(state="held").exists()  # who has decided is on it no longer
    assert all(not replay.row_faults(row) for row in Claim.objects.all())


@pytest.mark.once
def test_who_made_it_or_holds_no_seat_claims_nothing(world: World) -> None:
    version = world.in_review()
    for who in ("developer", "owner", "security", "auditor"):
        with pytest.raises(NotAllowed):
            claim_take(actor=world[who], version_id=version.pk)
    with pytest.raises(NotAllowed):
        claim_take(actor=world.ci, version_id=version.pk)
    with pytest.raises(NotAllowed, match="none of the seats"):
        claim_take(actor=world["reviewer"], version_id=version.pk, seat="independent-validator")
    world.decide(version, "reviewer", "risk-reviewer", "reject")
    with pytest.raises(Conflict, match="rejected"):
        claim_take(actor=world["validator"], version_id=version.pk)
    assert not Claim.objects.exists()


def test_a_claim_ends_by_itself_after_three_working_days(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = world.in_review()
    claim = claim_take(actor=world["reviewer"], version_id=version.pk)
    over = calendar().after(claim.since, 3)
    assert claims_of([version], now=over)
    assert not claims_of([version], now=over + dt.timedelta(seconds=1))


def test_due_dates_follow_policy_and_calendar_and_the_inbox_puts_late_ones_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = world.validated(), world.in_review(weights=b"other")
    due = due_of(second)
    assert due is not None
    assert (due.waits_for, due.at) == ("review", calendar().after(due.since, 15))
    entry = (
        Entry.objects.filter(subject_id=str(second.pk), event="registry.version_moved").order_by("at").last()
    )
    assert entry is not None
    assert due.since == entry.at
    early = due_of(first)
    assert early is not None
    assert early.at == calendar().after(early.since, 10)
    found = inbox_of(world["reviewer"])
    assert [task.kind for task in found.tasks if task.due] == ["review", "decide"]
    assert found.barred == []
    assert [row.pk for row in inbox_of(world["developer"]).barred] == [first.pk, second.pk]
    assert due_of(world.draft(weights=b"third")) is None


def test_what_others_are_to_do_hides_nothing_of_mine_and_what_is_left_out_is_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "MOST", 1)
    older = world.in_review()
    world.decide(older, "reviewer", "risk-reviewer", "approve")
    newer = world.in_review(weights=b"other")
    mine = inbox_of(world["reviewer"])
    assert [(task.kind, task.key) for task in mine.tasks] == [("decide", f"decide-{newer.pk}")]
    assert mine.more == ()
    theirs = inbox_of(world["validator"])
    assert [task.key for task in theirs.tasks if task.kind == "decide"] == [f"decide-{older.pk}"]
    assert theirs.more == ("decide",)


def test_each_reminder_goes_out_once_to_who_is_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    version = world.in_review()
    due = due_of(version)
    assert due is not None
    Notice.objects.all().delete()

    def sweep(moment: dt.datetime) -> list[str]:
        Notice.objects.all().delete()
        with monkeypatch.context() as patched:
            at(patched, moment)
            escalations.deadlines_sweep(actor=SWEEP)
            escalations.deadlines_sweep(actor=SWEEP)  # a doubled beat
        return sorted(f"{row.recipient.name}: {row.text}" for row in Notice.objects.all())

    assert due.soon_from is not None
    assert sweep(due.soon_from - dt.timedelta(minutes=1)) == []
    assert [text.partition(":")[0] for text in sweep(due.soon_from)] == ["Reviewer", "Validator"]
    world.decide(version, "validator", "independent-validator")
    assert sweep(due.today_from) == ["Reviewer: The decision on Risk model 1 is due today."]
    assert sweep(due.at + dt.timedelta(days=40)) == []  # nobody holds the role above
    stages = Reminder.objects.order_by("sent_at").values_list("stage", flat=True)
    assert list(stages) == ["soon", "today", "late"]
    with pytest.raises(NotAllowed):
        escalations.deadline_follow(actor=world["reviewer"], version_id=version.pk)


def test_a_sweep_that_was_away_sends_the_last_stage_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = world.validated()
    due = due_of(version)
    assert due is not None
    Notice.objects.all().delete()
    at(monkeypatch, due.at + dt.timedelta(days=3))
    assert escalations.deadline_follow(actor=SWEEP, version_id=version.pk) == "today"
    texts = set(Notice.objects.values_list("text", flat=True))
    assert texts == {f"The start of the review of {version} was due on {due.at:%Y-%m-%d}."}
    names = set(Notice.objects.values_list("recipient__name", flat=True))
    assert names == {"Reviewer", "Validator"}  # not the makers


def test_escalation_goes_to_the_role_of_the_policy_and_is_recorded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = world.in_review()
    executive = second_reviewer(world, "accountable-executive")
    with pytest.raises(Invalid, match="Say why"):
        escalations.escalation_raise(actor=world["owner"], version_id=version.pk, reason=" ")
    for who in ("auditor", "security"):
        with pytest.raises(NotAllowed):
            escalations.escalation_raise(actor=world[who], version_id=version.pk, reason="x")
    row = escalations.escalation_raise(actor=world["owner"], version_id=version.pk, reason="Clinic waits.")
    again = escalations.escalation_raise(actor=world["owner"], version_id=version.pk, reason="Twice.")
    assert (row.pk, row.to_role) == (again.pk, "accountable-executive")
    notice = Notice.objects.get(recipient__pseudonym=executive.id, url__contains=str(version.pk))
    assert "Clinic waits" not in notice.text  # the reason stays in the house
    assert not replay.row_faults(row)
    world.decide(version, "reviewer", "risk-reviewer", "reject")
    with pytest.raises(Conflict):
        escalations.escalation_raise(actor=world["owner"], version_id=version.pk, reason="Late.")


def test_the_sweep_escalates_once_after_the_days_of_the_policy(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = world.in_review()
    second_reviewer(world, "accountable-executive")
    due = due_of(version)
    assert due is not None
    late = dt.timedelta(days=5)
    patched = due.__class__(
        **{name: getattr(due, name) for name in due.__slots__} | {"escalates": due.at + late}
    )
    monkeypatch.setattr(escalations, "due_of", lambda row: patched)
    at(monkeypatch, due.at + late + dt.timedelta(seconds=1))
    assert escalations.deadlines_sweep(actor=SWEEP) == 1
    assert escalations.deadlines_sweep(actor=SWEEP) == 0
    row = Escalation.objects.get()
    assert (row.raised_by, row.why) == ("desk-sweep", f"Nobody decided by {due.at:%Y-%m-%d}.")
    assert Notice.objects.filter(recipient=world.users["next"], text__contains="was put to you").count() == 1


def test_requested_changes_come_back_in_the_next_round_with_what_changed(world: World) -> None:
    from governance.views.decisions import before

    version = world.in_review()
    world.decide(
        version, "reviewer", "risk-reviewer", "request-changes", reason="- Name the users.\n\n* Say limits.\n"
    )
    assert (
        Notice.objects.filter(text=f"Changes were requested on {version}.").count() == 2
    )  # owner and developer
    draft = version_by_id(version.pk)
    assert [lines for _, lines in requested_changes(draft)] == [["Name the users.", "Say limits."]]
    kept = RoundContent.objects.get()
    assert kept.content["card"]["users"] == "About users."
    assert not replay.row_faults(kept)
    card = {**draft.card, "users": "About nurses and users."}
    version_edit(actor=world.ci, version_id=draft.pk, changes={"card": card})
    component_set(actor=world.ci, version_id=draft.pk, kind="tool", name="calculator", licence="MIT")
    version_submit(actor=world["developer"], version_id=draft.pk)
    found = before(Context(version_by_id(draft.pk), clock.now()))
    assert found.approved is None
    assert found.since_round is not None
    assert [(one.what, one.name) for one in found.since_round.components] == [("added", "Tool: calculator")]
    assert [(piece.kind, piece.text.strip()) for piece in found.since_round.card[0].pieces] == [
        ("same", "About"), ("new", "nurses and"), ("same", "users."),
    ]  # fmt: skip
    assert next(lines for _, lines in requested_changes(version_by_id(draft.pk)))[0] == "Name the users."
    version_return(actor=world["reviewer"], version_id=draft.pk, reason="Not yet.")
    assert RoundContent.objects.count() == 2


@pytest.mark.once
def test_items_of_a_reason_are_its_lines() -> None:
    assert items("one\n - two\r\n•three\n\n  ") == ["one", "two", "three"]
    assert items("") == []


@pytest.mark.once
def test_signals_are_counted_once_without_names(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    version = world.in_review()
    run = version.runs.first()
    note = signals.evidence_note
    assert note(actor=world["reviewer"], version=version, what="run", about=run.pk)
    assert note(actor=world["reviewer"], version=version, what="run", about=run.pk)
    assert not note(actor=world["developer"], version=version, what="run", about=run.pk)
    assert not note(actor=world["auditor"], version=version, what="run", about=run.pk)
    assert not note(actor=world.ci, version=version, what="run", about=run.pk)
    assert EvidenceOpened.objects.count() == 1
    entries = Entry.objects.count()
    world.decide(version, "reviewer", "risk-reviewer", shown_at=clock.now() - dt.timedelta(hours=1))
    world.decide(version, "reviewer", "risk-reviewer", shown_at=clock.now())  # a double click
    row = ReadingCount.objects.get()
    assert (row.decisions, row.unopened, row.quick) == (1, 0, 0)
    world.decide(version, "validator", "independent-validator", shown_at=clock.now())
    row.refresh_from_db()
    assert (row.decisions, row.unopened, row.quick) == (2, 1, 1)
    assert counted([world.system_id], at=clock.now()) == Counted(2, 1, 1)
    assert not Counted(2, 1, 1).told
    assert Counted(5, 1, 1).told
    written = b"".join(bytes(entry.bytes) for entry in Entry.objects.order_by("at")[entries:])
    assert b"opened" not in written
    at(monkeypatch, clock.now() + signals.KEPT + dt.timedelta(days=1))
    assert signals.openings_forget(actor=SWEEP) == 1
    assert not EvidenceOpened.objects.exists()


@pytest.mark.once
def test_a_decision_that_is_refused_counts_nothing(world: World) -> None:
    version = world.in_review()
    with pytest.raises(Conflict, match="changed while you were reading"):
        world.decide(version, "reviewer", "risk-reviewer", shown_digest="sha256:" + "0" * 64)
    assert not ReadingCount.objects.exists()


def test_a_role_that_was_taken_decides_nothing_and_the_denial_names_it(world: World) -> None:
    version = world.in_review()
    context = Context(version, clock.now())
    actor = world["reviewer"]
    grant = world.users["reviewer"].grants.get()
    grant_revoke(actor=world["one"], grant_id=grant.pk, reason="They left.")
    with pytest.raises((NotAllowed, NotThere)):
        world.decide(
            version, "reviewer", "risk-reviewer", shown=context.shown, shown_digest=context.shown_digest
        )
    assert not Decision.objects.exists()
    denied = Entry.objects.filter(event="ledger.denied", actor_id=actor.id).last()
    assert denied is not None
    said = json.loads(bytes(denied.bytes))["data"]
    assert said["permission"] == "governance.version.approve"
    with pytest.raises(NotAllowed):
        claim_take(actor=actor, version_id=version.pk)


@pytest.mark.once
def test_the_start_of_a_review_is_not_confused_with_its_end(world: World) -> None:
    version = world.validated()
    first = due_of(version)
    version_start_review(actor=world["validator"], version_id=version.pk)
    second = due_of(version_by_id(version.pk))
    assert first is not None
    assert second is not None
    assert (first.waits_for, second.waits_for) == ("validation", "review")
    assert second.since > first.since


def at_once(*calls: Any) -> list[str]:
    """Each call in a thread and connection of its own, all begun together; what each gave or raised, by name."""
    gate, given = threading.Barrier(len(calls)), [""] * len(calls)

    def run(number: int, call: Any) -> None:
        try:
            gate.wait(20)
            given[number] = str(call().state)
        except (Conflict, NotAllowed, NotThere, Refused) as error:
            given[number] = type(error).__name__
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number, call)) for number, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return given


def test_of_two_finals_and_two_claims_at_once_one_counts(world: World) -> None:
    version = world.in_review()
    second_reviewer(world)
    reviewer, other, owner = world["reviewer"], world["next"], world["developer"]
    both = [partial(claim_take, actor=one, version_id=version.pk) for one in (reviewer, other)]
    assert at_once(*both) == ["held", "held"]
    assert Claim.objects.filter(state="held").count() == 1  # whoever came second took it over
    context = Context(version, clock.now())
    reject = partial(
        decision_record, actor=reviewer, version_id=version.pk, outcome="reject", seat="risk-reviewer",
        shown=context.shown, shown_digest=context.shown_digest, reason="No.",
    )  # fmt: skip

    def rejected() -> Any:
        reject()
        return version_by_id(version.pk)

    withdrawn = partial(version_withdraw, actor=owner, version_id=version.pk)
    given = at_once(rejected, withdrawn)
    state = version_by_id(version.pk).state
    assert state in ("rejected", "withdrawn")
    assert sorted(given) == sorted(["Conflict", state])
    assert Decision.objects.count() == (state == "rejected")
