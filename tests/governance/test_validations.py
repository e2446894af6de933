"""Validations: from plan to issued report, who is barred at each step, reassignment of one and of many, comments."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from governance.challenge import VALIDATION
from governance.models import Comment, Finding, Validation, ValidationAssignment
from governance.selectors.comments import threads_on
from governance.selectors.validations import (
    eligible,
    overdue,
    report_readable,
    validation_by_id,
    validations_visible,
    workload,
)
from governance.selectors.waiting import waiting_validations
from governance.services.comments import comment_answer, comment_move, comment_write
from governance.services.findings import Subjects, finding_open
from governance.services.validations import (
    report_bytes,
    validation_ask_response,
    validation_assign,
    validation_begin,
    validation_cancel,
    validation_draft,
    validation_issue,
    validation_plan,
    validation_respond,
    validation_rework,
    validations_reassign,
)
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotAllowed, NotThere, TooLarge
from ledger.models import Entry
from ledger.services.audit import ledger_audit
from ledger.tasks import sequence
from people import access
from people.models import Notice, User
from registry.models import Contribution
from registry.services.versions import version_edit
from tests.registry.world import World, grant, make_world, person

pytestmark = [pytest.mark.django_db, pytest.mark.once]
REPORT = b"# Validation\n\nAll that was done.\n"


@pytest.fixture
def world(home: Any, own_store: Any, db: None) -> World:
    """A head of validation, two validators, and one version by the developer."""
    made = make_world()
    made.val = person("independent-validator", name="Val")  # type: ignore[attr-defined]
    made.other = person("independent-validator", name="Other")  # type: ignore[attr-defined]
    made.head = person("head-of-validation", name="Head")  # type: ignore[attr-defined]
    made.subject = made.version()  # type: ignore[attr-defined]
    return made


def planned(world: Any, version: Any = None, **given: Any) -> Validation:
    version = version or world.subject
    return validation_plan(actor=world.head, version_id=version.pk, scope="Method and data.", **given)


def assigned(world: Any, version: Any = None) -> Validation:
    row = planned(world, version)
    return validation_assign(actor=world.head, validation_id=row.pk, validator=world.val.id)


def draft(world: Any, row: Validation, **given: Any) -> Validation:
    said = {
        "actor": world.val, "validation_id": row.pk, "rating": "fit-with-findings", "summary": "It does its work.",
        "limitations": "One year of data.", "report": REPORT, "report_name": "my report.md", **given,
    }  # fmt: skip
    return validation_draft(**said)


def with_makers(world: Any) -> Validation:
    row = assigned(world)
    validation_begin(actor=world.val, validation_id=row.pk)
    draft(world, row)
    return validation_ask_response(actor=world.val, validation_id=row.pk)


def issued(world: Any) -> Validation:
    row = with_makers(world)
    validation_respond(actor=world.developer, validation_id=row.pk, text="Agreed.")
    return validation_issue(actor=world.val, validation_id=row.pk)


def test_from_plan_to_issued_report_and_the_log_agrees(world: Any) -> None:
    row = planned(world)
    assert planned(world).pk == row.pk  # a second click
    assert [item.what for item in waiting_validations(world.head)] == ["Assign a validator"]
    validation_assign(actor=world.head, validation_id=row.pk, validator=world.val.id)
    assert [item.what for item in waiting_validations(world.val)] == ["Begin a validation"]
    validation_begin(actor=world.val, validation_id=row.pk)
    draft(world, row)
    validation_rework(actor=world.val, validation_id=row.pk)
    draft(world, row)
    validation_ask_response(actor=world.val, validation_id=row.pk)
    assert [item.what for item in waiting_validations(world.owner)] == [
        "Respond to a draft validation report"
    ]
    with pytest.raises(Conflict, match="haven't responded"):
        validation_issue(actor=world.val, validation_id=row.pk)
    first = validation_respond(actor=world.developer, validation_id=row.pk, text="Agreed.")
    again = validation_respond(actor=world.developer, validation_id=row.pk, text="Agreed.")
    assert first.pk == again.pk
    done = validation_issue(actor=world.val, validation_id=row.pk)
    assert (done.state, done.next_due) == ("issued", done.issued_at + timedelta(days=365))
    assert report_bytes(done, access.reach(world.owner)) == REPORT
    with pytest.raises(Conflict):
        validation_issue(actor=world.val, validation_id=row.pk)
    with pytest.raises(Conflict):
        draft(world, row)
    with pytest.raises(Conflict):
        validation_cancel(actor=world.head, validation_id=row.pk, reason="Regret.")
    moves = Entry.objects.filter(event="governance.validation.moved", subject_id=str(row.pk)).count()
    assert moves == 7
    sequence()
    run = ledger_audit(actor=Actor.system("ledger-audit"))
    assert (run.verdict, run.faults) == ("ok", ())


def test_a_new_report_supersedes_the_one_before(world: Any) -> None:
    first, second = issued(world), issued(world)
    assert [validation_by_id(row.pk).state for row in (first, second)] == ["superseded", "issued"]
    assert VALIDATION.state("superseded").kind == "final"


def test_without_a_word_of_the_makers_it_is_issued_after_their_time(world: Any) -> None:
    row = with_makers(world)
    Validation.objects.filter(pk=row.pk).update(response_due=clock.now() - timedelta(seconds=1))
    assert validation_issue(actor=world.val, validation_id=row.pk).state == "issued"


def test_who_plans_and_who_can_be_chosen(world: Any) -> None:
    for actor in (world.val, world.owner, world.developer, person("risk-reviewer"), person("auditor")):
        with pytest.raises(NotAllowed):
            validation_plan(actor=actor, version_id=world.subject.pk, scope="All.")
    for field, given in (("scope", {"scope": " "}), ("due_at", {"scope": "x", "due_at": clock.now()})):
        with pytest.raises(Invalid) as wrong:
            validation_plan(actor=world.head, version_id=world.subject.pk, **given)
        assert wrong.value.field == field
    row = planned(world)
    for actor in (world.developer, world.owner):
        grant(User.objects.get(pk=actor.pk), "independent-validator")
    names = {user.pseudonym for user in eligible(world.subject)}
    assert {world.val.id, world.other.id} <= names
    assert not {world.developer.id, world.owner.id} & names
    for chosen in (world.developer.id, world.owner.id, "nobody@example.org", person("risk-reviewer").id):
        with pytest.raises(Invalid) as refusal:
            validation_assign(actor=world.head, validation_id=row.pk, validator=chosen)
        assert refusal.value.field == "validator"
    with pytest.raises(NotAllowed):
        validation_assign(actor=world.val, validation_id=row.pk, validator=world.val.id)
    assert validation_by_id(row.pk).state == "planned"


def test_a_validator_who_takes_part_meanwhile_is_barred_at_the_next_move(world: Any) -> None:
    row = assigned(world)
    grant(User.objects.get(pk=world.val.pk), "developer")
    version_edit(actor=world.val, version_id=world.subject.pk, changes={"card": {"limitations": "Mine."}})
    assert Contribution.objects.filter(version=world.subject, principal=world.val.id).exists()
    with pytest.raises(NotAllowed) as refusal:
        validation_begin(actor=world.val, validation_id=row.pk)
    assert refusal.value.reason == "contributor"


def test_only_the_assigned_validator_works_and_their_draft_is_theirs_first(world: Any) -> None:
    row = assigned(world)
    for actor in (world.other, world.head, world.owner):
        with pytest.raises(NotAllowed):
            validation_begin(actor=actor, validation_id=row.pk)
    validation_begin(actor=world.val, validation_id=row.pk)
    with pytest.raises(NotAllowed):
        draft(world, row, actor=world.other)
    for field, given in (
        ("rating", {"rating": "good"}),
        ("summary", {"summary": ""}),
        ("limitations", {"limitations": " "}),
        ("report", {"report": b""}),
        ("report", {"report_name": "report.exe"}),
    ):
        with pytest.raises(Invalid) as refusal:
            draft(world, row, **given)
        assert refusal.value.field == field
    with pytest.raises(TooLarge):
        draft(world, row, report=b"x" * (20 * 1024 * 1024 + 1))
    row = draft(world, row)
    makers = access.reach(world.developer)
    assert not report_readable(row, makers)
    with pytest.raises(NotThere):
        report_bytes(row, makers)
    assert report_readable(row, access.reach(world.other))
    with pytest.raises(Conflict):
        validation_respond(actor=world.developer, validation_id=row.pk, text="Early.")
    row = validation_ask_response(actor=world.val, validation_id=row.pk)
    assert report_bytes(row, makers) == REPORT
    assert row.report_name == f"validation-{str(row.pk)[:8]}.md"
    with pytest.raises(NotAllowed):
        validation_respond(actor=world.val, validation_id=row.pk, text="Mine.")


def test_many_are_reassigned_or_none(world: Any) -> None:
    rows = [assigned(world, world.version()) for _ in range(3)]
    final = issued(world)
    said = {"validator": world.other.id, "reason": "Leave."}
    elsewhere = make_world("beds")
    foreign = validation_plan(actor=world.head, version_id=elsewhere.version().pk, scope="All.")
    validation_assign(actor=world.head, validation_id=foreign.pk, validator=world.val.id)
    local = person("head-of-validation", on=world.system)
    wanted = [row.pk for row in rows]
    for ids, error in (
        ([*wanted, foreign.pk], NotAllowed),
        ([*wanted, uuid4()], NotThere),
        ([*wanted, final.pk], Conflict),
        ([], Invalid),
    ):
        with pytest.raises(error) as refusal:
            validations_reassign(actor=local, validation_ids=ids, **said)
        assert "beds" not in str(refusal.value)
        assert getattr(refusal.value, "visible", False) is False
        assert set(Validation.objects.filter(pk__in=wanted).values_list("validator", flat=True)) == {
            world.val.id
        }
    with pytest.raises(NotAllowed):
        validations_reassign(actor=world.val, validation_ids=wanted, **said)
    validation_begin(actor=world.val, validation_id=rows[0].pk)
    draft(world, rows[0])
    validations_reassign(actor=local, validation_ids=wanted, **said)
    moved = Validation.objects.filter(pk__in=wanted)
    assert {(row.validator, row.state, row.rating) for row in moved} == {(world.other.id, "assigned", "")}
    assert ValidationAssignment.objects.filter(validation__in=wanted).count() == 6
    validations_reassign(actor=local, validation_ids=wanted, **said)  # a second click
    assert ValidationAssignment.objects.filter(validation__in=wanted).count() == 6
    loads = {load.person.pseudonym: load for load in workload(world.head, clock.now())}
    assert len(loads[world.other.id].validations) == 3
    assert len(loads[world.val.id].validations) == 1
    assert [load.person.pseudonym for load in workload(world.other, clock.now())] == [world.other.id]
    assert workload(person("auditor"), clock.now()) == []


def test_one_barred_person_refuses_the_whole(world: Any) -> None:
    rows = [assigned(world), assigned(world, make_world("beds").version())]
    grant(User.objects.get(pk=world.developer.pk), "independent-validator")
    with pytest.raises(Invalid):
        validations_reassign(
            actor=world.head,
            validation_ids=[row.pk for row in rows],
            validator=world.developer.id,
            reason="x",
        )
    assert not Validation.objects.filter(validator=world.developer.id).exists()


def test_overdue_is_computed_before_and_after_issue(world: Any) -> None:
    row = planned(world)
    assert not overdue(row, clock.now())
    assert overdue(row, row.due_at + timedelta(seconds=1))
    row.state, row.next_due = "issued", clock.now() - timedelta(days=1)
    assert overdue(row, clock.now())
    row.state = "superseded"
    assert not overdue(row, clock.now())


def test_a_finding_of_a_validation_is_about_its_version(world: Any) -> None:
    row, elsewhere = assigned(world), make_world("beds")
    said = {"actor": world.val, "title": "T", "description": "D", "severity": "low", "validation_id": row.pk}
    finding_open(about=Subjects(versions=(world.subject.pk,)), **said)
    with pytest.raises(Invalid):
        finding_open(about=Subjects(versions=(elsewhere.version().pk,)), **said)
    assert Finding.objects.get().validation_id == row.pk
    assert validations_visible(person("auditor", on=elsewhere.system)).count() == 0


def test_comments_are_threads_that_bar_nobody(world: Any) -> None:
    said = {
        "actor": world.val,
        "about": "version",
        "row_id": world.subject.pk,
        "text": " <b>Why</b> this bound? ",
    }
    thread = comment_write(**said)
    assert thread.text == "<b>Why</b> this bound?"
    assert comment_write(**said).pk == thread.pk
    answer = comment_answer(actor=world.developer, comment_id=thread.pk, text="By the policy.")
    deeper = comment_answer(actor=world.owner, comment_id=answer.pk, text="Indeed.")
    assert deeper.parent_id == thread.pk
    assert threads_on(world.subject).count() == 1
    assert Notice.objects.filter(recipient__pseudonym=world.val.id, text__contains="answered").count() == 2
    for actor in (world.owner, world.developer):
        with pytest.raises(NotAllowed):
            comment_move(actor=actor, comment_id=thread.pk, move="resolve")
    with pytest.raises(Conflict):
        comment_move(actor=world.owner, comment_id=deeper.pk, move="resolve")
    comment_move(actor=world.val, comment_id=thread.pk, move="resolve")
    with pytest.raises(Conflict, match="resolved"):
        comment_answer(actor=world.owner, comment_id=thread.pk, text="One more.")
    assert world.val.id not in {row.principal for row in Contribution.objects.all()}
    for actor, visible in ((person("auditor"), True), (person(), False)):
        with pytest.raises(NotAllowed) as refusal:
            comment_write(**{**said, "actor": actor})
        assert refusal.value.visible is visible
    for wrong in ("", "x" * 5001):
        with pytest.raises(Invalid):
            comment_write(**{**said, "text": wrong})
    with pytest.raises(NotThere):
        comment_write(**{**said, "about": "run"})
    assert Comment.objects.count() == 3
