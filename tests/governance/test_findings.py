"""Findings: every move by who may, and the refusals; due dates, extensions, dissent; who sees which subjects."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from governance.challenge import FINDING
from governance.models import Dissent, Finding, FindingExtension, FindingStatement
from governance.selectors.findings import (
    finding_by_id,
    findings_on,
    findings_visible,
    links_visible,
    standing,
)
from governance.selectors.waiting import waiting_findings
from governance.services.dissents import finding_dissent
from governance.services.extensions import extension_decide, extension_request
from governance.services.findings import (
    Subjects,
    finding_move,
    finding_open,
    findings_lapse,
    severity_change,
    successor_name,
)
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotAllowed, NotThere
from ledger.models import Entry
from ledger.services.audit import ledger_audit
from ledger.tasks import sequence
from ledger.workdays import calendar
from people import access
from people.models import Notice, User
from registry.services.models import model_register
from tests.registry.world import World, grant, make_world, person

pytestmark = [pytest.mark.django_db, pytest.mark.once]
SWEEP = Actor.system("expiry-sweep")


@pytest.fixture
def world(home: Any, db: None) -> World:
    """People of the second line beside the owner and the developer, and one version by the developer."""
    made = make_world()
    made.finder = person("independent-validator", name="Finder")  # type: ignore[attr-defined]
    made.other = person("independent-validator", name="Other")  # type: ignore[attr-defined]
    made.risk = person("risk-reviewer", name="Risk")  # type: ignore[attr-defined]
    made.head = person("head-of-validation", name="Head")  # type: ignore[attr-defined]
    made.subject = made.version()  # type: ignore[attr-defined]
    return made


def opened(world: Any, **given: Any) -> Finding:
    said = {
        "actor": world.finder,
        "about": Subjects(versions=(world.subject.pk,)),
        "title": "Too few old patients",
        "description": "Fewer than thirty above eighty.",
        "severity": "high",
        **given,
    }
    return finding_open(**said)


def move(actor: Actor, finding: Finding, name: str, **more: Any) -> Finding:
    return finding_move(actor=actor, finding_id=finding.pk, move=name, reason=f"Because of {name}.", **more)


def remediated(world: Any) -> Finding:
    finding = opened(world)
    move(world.developer, finding, "respond")
    move(world.finder, finding, "accept-response")
    return move(world.developer, finding, "report-remedied")


def test_from_opening_to_closure_and_the_log_agrees(world: Any) -> None:
    finding = opened(world)
    assert finding.owner == world.owner.id
    assert finding.due_at == calendar().after(finding.found_at, 30)
    assert [item.what for item in waiting_findings(world.owner)] == ["Respond to a finding"]
    move(world.developer, finding, "respond")
    assert [item.what for item in waiting_findings(world.finder)] == ["Judge the response to a finding"]
    move(world.finder, finding, "return-response")
    move(world.developer, finding, "respond")
    move(world.finder, finding, "accept-response")
    move(world.owner, finding, "report-remedied")
    move(world.finder, finding, "reopen")
    move(world.owner, finding, "report-remedied")
    closed = move(world.finder, finding, "close")
    assert (closed.state, closed.closed_at is not None) == ("closed", True)
    said = list(
        FindingStatement.objects.filter(finding=finding).order_by("said_at").values_list("kind", flat=True)
    )
    assert FINDING.replay(said) == "closed"
    assert not list(waiting_findings(world.finder))
    assert Notice.objects.filter(recipient__pseudonym=world.owner.id).exists()
    sequence()
    run = ledger_audit(actor=Actor.system("ledger-audit"))
    assert (run.verdict, run.faults) == ("ok", ())


def test_the_same_finding_sent_twice_is_opened_once_and_a_second_click_moves_nothing(world: Any) -> None:
    assert opened(world).pk == opened(world).pk
    assert Finding.objects.count() == 1
    finding = opened(world)
    move(world.developer, finding, "respond")
    with pytest.raises(Conflict, match="responded"):
        move(world.developer, finding, "respond")
    assert finding.statements.count() == 1


def test_what_is_wrong_is_named(world: Any) -> None:
    for field, given in (
        ("severity", {"severity": "grave"}),
        ("title", {"title": "  "}),
        ("title", {"title": "x" * 201}),
        ("description", {"description": ""}),
        ("owner", {"owner": "nobody@example.org"}),
        ("about", {"about": Subjects()}),
        ("about", {"about": Subjects(models=tuple(uuid4() for _ in range(201)))}),
    ):
        with pytest.raises(Invalid) as refusal:
            opened(world, **given)
        assert refusal.value.field == field
    assert not Finding.objects.exists()


def test_an_unknown_subject_is_not_there(world: Any) -> None:
    with pytest.raises(NotThere):
        opened(world, about=Subjects(versions=(world.model.pk,)))


def test_who_builds_or_only_reads_opens_nothing(world: Any) -> None:
    seeing = (world.owner, world.developer, person("auditor"), person("accountable-executive"))
    for actor, visible in (*((actor, True) for actor in seeing), (person(), False)):
        with pytest.raises(NotAllowed) as refusal:
            opened(world, actor=actor)
        assert refusal.value.visible is visible


def test_a_session_without_a_second_factor_judges_and_answers_nothing(world: Any) -> None:
    user = User.objects.get(pk=world.finder.pk)
    weak = Actor(kind="user", id=user.pseudonym, door="test", pk=str(user.pk), interactive=False)
    with pytest.raises(NotAllowed) as refusal:
        opened(world, actor=weak)
    assert refusal.value.reason == "not-interactive"


def test_only_its_finder_judges_the_answer(world: Any) -> None:
    finding = opened(world)
    move(world.developer, finding, "respond")
    for actor in (world.other, world.risk, world.head, world.owner, world.developer):
        for name in ("accept-response", "return-response", "withdraw"):
            with pytest.raises(NotAllowed):
                move(actor, finding, name)
    assert finding_by_id(finding.pk).state == "responded"


def test_makers_owners_and_who_answered_are_barred_whatever_role_they_hold_later(world: Any) -> None:
    finding = remediated(world)
    for actor in (world.owner, world.developer):
        grant(User.objects.get(pk=actor.pk), "independent-validator")
        Finding.objects.filter(pk=finding.pk).update(found_by=actor.id)
        with pytest.raises(NotAllowed) as refusal:
            move(actor, finding, "close")
        assert refusal.value.reason == "finder"
    assert finding_by_id(finding.pk).state == "remediated"


def test_a_rebuttal_is_upheld_or_withdrawn_by_the_finder_and_stays(world: Any) -> None:
    finding = opened(world)
    move(world.developer, finding, "dispute")
    move(world.finder, finding, "uphold")
    move(world.developer, finding, "dispute")
    assert move(world.finder, finding, "withdraw").state == "withdrawn"
    assert finding.statements.filter(kind="dispute").count() == 2
    with pytest.raises(Conflict):
        move(world.finder, finding, "uphold")


def test_a_successor_is_named_by_the_head_alone_and_had_no_part_in_it(world: Any) -> None:
    finding = remediated(world)
    for actor in (world.finder, world.risk, world.owner):
        with pytest.raises(NotAllowed):
            successor_name(actor=actor, finding_id=finding.pk, successor=world.other.id, reason="Holiday.")
    with pytest.raises(Invalid) as refusal:
        successor_name(
            actor=world.head, finding_id=finding.pk, successor=world.developer.id, reason="Holiday."
        )
    assert refusal.value.field == "successor"
    successor_name(actor=world.head, finding_id=finding.pk, successor=world.other.id, reason="Holiday.")
    with pytest.raises(NotAllowed):
        move(world.risk, finding, "close")
    assert move(world.other, finding, "close").state == "closed"


def test_severity_moves_the_due_date_and_keeps_what_it_was(world: Any) -> None:
    finding = opened(world)
    with pytest.raises(NotAllowed):
        severity_change(actor=world.other, finding_id=finding.pk, severity="low", reason="Milder.")
    graver = severity_change(actor=world.finder, finding_id=finding.pk, severity="critical", reason="Worse.")
    assert graver.due_at == calendar().after(clock.now(), 14)
    milder = severity_change(actor=world.finder, finding_id=finding.pk, severity="low", reason="Milder.")
    assert milder.due_at == calendar().after(milder.found_at, 180)
    changes = finding.statements.filter(kind="severity").order_by("said_at").values_list("before", "after")
    assert list(changes) == [("high", "critical"), ("critical", "low")]


def test_an_accepted_risk_ends_by_itself_and_the_sweep_only_records_it(world: Any) -> None:
    finding = opened(world)
    soon = clock.now() + timedelta(days=5)
    for actor in (world.finder, world.owner, world.developer, world.head):
        with pytest.raises(NotAllowed):
            move(actor, finding, "accept-risk", until=soon)
    for wrong in (None, clock.now(), clock.now() + timedelta(days=400)):
        with pytest.raises(Invalid) as refusal:
            move(world.risk, finding, "accept-risk", until=wrong)
        assert refusal.value.field == "until"
    accepted = move(world.risk, finding, "accept-risk", until=soon)
    assert standing(accepted, clock.now()).accepted
    later = standing(accepted, soon)
    assert (later.state, later.open, later.accepted) == ("open", True, False)
    assert findings_lapse(actor=SWEEP) == 0
    with pytest.raises(NotAllowed):  # no person says that it ended: its date does
        move(world.risk, finding, "lapse")
    Finding.objects.filter(pk=finding.pk).update(accepted_until=clock.now() - timedelta(seconds=1))
    assert findings_lapse(actor=SWEEP) == 1
    assert finding_by_id(finding.pk).state == "open"


def test_the_next_move_after_an_end_is_that_of_an_open_finding(world: Any) -> None:
    finding = opened(world)
    move(world.risk, finding, "accept-risk", until=clock.now() + timedelta(days=5))
    Finding.objects.filter(pk=finding.pk).update(accepted_until=clock.now() - timedelta(seconds=1))
    assert move(world.developer, finding, "respond").state == "responded"
    moves = Entry.objects.filter(event="governance.finding.moved", subject_id=str(finding.pk)).order_by("at")
    assert b'"move":"lapse"' in bytes(moves[1].bytes)


def test_extensions_are_decided_by_another_kept_and_counted(world: Any) -> None:
    finding = opened(world)
    later = finding.due_at + timedelta(days=20)
    with pytest.raises(Invalid) as refusal:
        extension_request(actor=world.owner, finding_id=finding.pk, until=finding.due_at, reason="Time.")
    assert refusal.value.field == "until"
    with pytest.raises(NotAllowed):
        extension_request(actor=world.finder, finding_id=finding.pk, until=later, reason="Time.")
    asked = extension_request(actor=world.owner, finding_id=finding.pk, until=later, reason="Data come late.")
    again = extension_request(actor=world.owner, finding_id=finding.pk, until=later, reason="Data come late.")
    assert asked.pk == again.pk
    with pytest.raises(Conflict):
        extension_request(actor=world.developer, finding_id=finding.pk, until=later, reason="Me too.")
    for actor in (world.owner, world.developer):
        with pytest.raises(NotAllowed):
            extension_decide(actor=actor, extension_id=asked.pk, grant=True, note="Fine.")
    extension_decide(actor=world.finder, extension_id=asked.pk, grant=True, note="Fine.")
    with pytest.raises(Conflict):
        extension_decide(actor=world.risk, extension_id=asked.pk, grant=False, note="No.")
    finding = finding_by_id(finding.pk)
    assert finding.due_at == later
    second = extension_request(
        actor=world.developer, finding_id=finding.pk, until=later + timedelta(days=9), reason="Again."
    )
    extension_decide(actor=world.other, extension_id=second.pk, grant=False, note="Enough.")
    assert finding_by_id(finding.pk).due_at == later
    assert list(FindingExtension.objects.order_by("requested_at").values_list("state", "was_due")) == [
        ("granted", asked.was_due), ("refused", later),
    ]  # fmt: skip


def test_dissent_is_kept_and_never_a_way_to_speak_against_oneself(world: Any) -> None:
    finding = remediated(world)
    with pytest.raises(Conflict, match="open"):
        finding_dissent(actor=world.other, finding_id=finding.pk, reason="Not yet.")
    move(world.finder, finding, "close")
    with pytest.raises(Conflict):
        finding_dissent(actor=world.finder, finding_id=finding.pk, reason="Hm.")
    with pytest.raises(NotAllowed):
        finding_dissent(actor=world.developer, finding_id=finding.pk, reason="Ha.")
    first = finding_dissent(actor=world.other, finding_id=finding.pk, reason="The data are the same.")
    assert finding_dissent(actor=world.other, finding_id=finding.pk, reason="Twice.").pk == first.pk
    assert Dissent.objects.count() == 1


def test_a_finding_across_systems_tells_each_reader_of_theirs_alone(world: Any) -> None:
    elsewhere = make_world("beds")
    finding = opened(world, about=Subjects(models=(world.model.pk, elsewhere.model.pk)))
    assert (finding.about, finding.system) == ("systemic", None)
    here, there = person("auditor", on=world.system), person("auditor", on=elsewhere.system)
    nowhere = person("auditor", on=make_world("food").system)
    for actor, model in ((here, world.model), (there, elsewhere.model)):
        assert [row.pk for row in findings_visible(actor)] == [finding.pk]
        links = links_visible(access.reach(actor), finding_by_id(finding.pk))
        assert [link.model_id for link in links] == [model.pk]
    assert findings_visible(nowhere).count() == 0
    assert findings_visible(world.finder).count() == 1
    for made in (world.subject, elsewhere.version()):
        assert [row.pk for row in findings_on(made)] == [finding.pk]
    # a reviewer of one system neither accepts the risk of, nor ends, what holds for another
    local = person("risk-reviewer", on=world.system)
    with pytest.raises(NotAllowed, match="more than you hold"):
        move(local, finding, "accept-risk", until=clock.now() + timedelta(days=3))
    with pytest.raises(NotAllowed):
        opened(world, actor=person("independent-validator", on=world.system),
               about=Subjects(models=(world.model.pk, elsewhere.model.pk)), title="More")  # fmt: skip
    # each side's makers answer for both; none of them judges
    grown = move(elsewhere.developer, finding, "respond")
    assert grown.state == "responded"


def test_what_a_finding_holds_for(world: Any) -> None:
    second = model_register(
        actor=world.owner, system_id=world.system.pk, slug="second", name="Second", task="regression"
    )
    on_model = opened(world, about=Subjects(models=(world.model.pk,)))
    on_other = opened(world, about=Subjects(models=(second.pk,)))
    on_system = opened(world, about=Subjects(systems=(world.system.pk,)))
    on_version = opened(world)
    next_one = world.version()
    assert {row.pk for row in findings_on(next_one)} == {on_model.pk, on_system.pk}
    assert {row.pk for row in findings_on(world.subject)} == {on_model.pk, on_system.pk, on_version.pk}
    assert on_other.about == "model"
    of_model = person("auditor", on=world.model)
    assert {row.pk for row in findings_visible(of_model)} == {on_model.pk, on_version.pk}
