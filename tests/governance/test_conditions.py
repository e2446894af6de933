"""Conditions of an approval: who they bind, who confirms them, what they end. Time is a patched clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from governance.gates.approvals import seats
from governance.gates.context import Context
from governance.models import (
    Condition,
)
from governance.selectors.standing import standing_at
from governance.services.conditions import Asked, condition_meet
from governance.services.deployments import deployment_request
from governance.services.endings import lapses_record
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotAllowed, Refused
from ledger.services.audit import ledger_audit
from people.services.grants import grant_confirm, grant_request
from people.services.people import user_create
from registry.selectors.versions import version_by_id
from registry.services.deployments import deployment_report
from tests.governance.warrants import (
    PLACE,
    SWEEP,
    asked,
    codes,
    condition,
    conditional,
    in_force,
    policy_text,
    put_in_force,
)
from tests.policies import shipped
from tests.world import PASSWORD, make_world, publish

pytestmark = pytest.mark.slow


def test_a_condition_binds_those_who_decide_after_it_and_is_printed(ruled: Any) -> None:
    version = ruled.in_review()
    first = ruled.decide(version, "validator", "independent-validator")
    context = Context(version_by_id(version.pk), clock.now())
    said = {"conditions": [condition(ruled)], "shown": context.shown, "shown_digest": context.shown_digest}
    second = ruled.decide(version, "reviewer", "risk-reviewer", **said)
    again = ruled.decide(version, "reviewer", "risk-reviewer", **said)  # a double click
    assert (again.pk, Condition.objects.count()) == (second.pk, 1)
    assert version_by_id(version.pk).state == "review"
    filled, uncounted = seats(Context(version_by_id(version.pk), clock.now()))
    assert [seat.decision for seat in filled] == [None, second]
    assert uncounted[0].decision == first
    assert "condition set was added" in uncounted[0].why
    ruled.decide(version, "validator", "independent-validator")
    assert version_by_id(version.pk).state == "approved"
    made = in_force(ruled, version)
    assert any("Retrain with newer data. (to be met by" in text for text in made.conditions)
    assert any("Retrain with newer data." in text for text in asked(ruled, version).notes)
    publish()
    audit = ledger_audit(actor=Actor.system("self-audit"))
    assert audit.verdict == "ok", audit.faults


@pytest.mark.once
def test_conditions_are_refused_where_they_can_not_hold(ruled: Any) -> None:
    version = ruled.in_review()

    def refused(*asked: Asked, outcome: str = "approve") -> str:
        with pytest.raises(Invalid) as error:
            ruled.decide(version, "reviewer", "risk-reviewer", outcome, conditions=list(asked))
        assert not Condition.objects.exists()
        return error.value.message

    good = condition(ruled)
    assert "at most 5" in refused(*[good] * 6).lower()
    assert "20 working days" in refused(condition(ruled, days=21))
    assert "20 working days" in refused(Asked("Late.", dt.date(2020, 1, 1), good.responsible))
    assert "1 to 500" in refused(Asked(" ", good.until, good.responsible))
    assert "hold a role" in refused(Asked("Do it.", good.until, "p-nobody"))
    assert "Only an approval" in refused(good, outcome="request-changes")


@pytest.mark.once
def test_without_a_word_in_the_policy_no_condition_is_taken(world: Any) -> None:
    put_in_force(world, shipped("high", without=("conditions",)))
    version = world.in_review()
    with pytest.raises(Invalid, match="no approval under a condition"):
        world.decide(version, "reviewer", "risk-reviewer", conditions=[condition(world)])


def test_an_overdue_condition_goes_through_due_and_grace_into_void(
    ruled: Any, at: Callable[[dt.datetime], None]
) -> None:
    version, made, row = conditional(ruled)
    second = dt.timedelta(microseconds=1)
    at(row.due_from - second)
    assert (standing_at(made, clock.now()).status, asked(ruled, version).answer) == ("active", "pass")
    at(row.due_from)  # at the very second
    reply = asked(ruled, version)
    assert (reply.answer, reply.warrant_status, reply.standing.ground) == ("pass", "due", "condition-overdue")
    assert any("Overdue since" in note for note in reply.notes)
    with pytest.raises(Refused) as late:
        deployment_request(actor=ruled["owner"], version_id=version.pk, **{**PLACE, "region": "us"})
    assert late.value.reasons[0]["code"] == "condition-overdue"
    at(row.not_after)
    reply = asked(ruled, version)
    assert (reply.answer, reply.warrant_status, codes(reply)) == ("refused", "grace", {"warrant-grace"})
    said = {"slot_id": made.slot_id, "digest": version.subject_digest, "state": "live"}
    assert deployment_report(actor=ruled.ci, **said).unexpected  # nothing new begins in grace
    at(row.grace_ends - second)
    assert asked(ruled, version).warrant_status == "grace"
    condition_meet(actor=ruled["validator"], condition_id=row.pk, evidence="Seen in the run of Monday.")
    assert (asked(ruled, version).answer, asked(ruled, version).warrant_status) == ("pass", "active")


@pytest.mark.once
def test_what_fell_before_the_condition_was_met_stays_void(
    ruled: Any, at: Callable[[dt.datetime], None]
) -> None:
    version, made, row = conditional(ruled)
    at(row.grace_ends)
    reply = asked(ruled, version)
    assert (reply.answer, codes(reply), reply.warrant_status) == ("refused", {"warrant-lapsed"}, "lapsed")
    assert "not met in time" in reply.reasons[0]["text"]
    condition_meet(actor=ruled["validator"], condition_id=row.pk, evidence="Too late.")
    made.refresh_from_db()
    assert (made.state, made.void_ground, made.voided_at) == ("void", "condition-overdue", row.grace_ends)
    assert codes(asked(ruled, version)) == {"warrant-void"}
    assert lapses_record(actor=SWEEP) == 0


@pytest.mark.once
def test_only_a_reviewing_seat_that_took_no_part_confirms_a_condition(ruled: Any) -> None:
    _, _, row = conditional(ruled)
    for who in ("developer", "owner", "security", "auditor"):
        with pytest.raises(NotAllowed):
            condition_meet(actor=ruled[who], condition_id=row.pk, evidence="Trust me.")
    with pytest.raises(NotAllowed):
        condition_meet(actor=ruled.ci, condition_id=row.pk, evidence="Trust me.")
    with pytest.raises(Invalid):
        condition_meet(actor=ruled["reviewer"], condition_id=row.pk, evidence=" ")
    with pytest.raises(Invalid, match="run"):
        condition_meet(actor=ruled["reviewer"], condition_id=row.pk, evidence="x", run_id=row.pk)
    condition_meet(actor=ruled["reviewer"], condition_id=row.pk, evidence="Looked.")
    with pytest.raises(Conflict):
        condition_meet(actor=ruled["reviewer"], condition_id=row.pk, evidence="Again.")


@pytest.mark.once
def test_a_condition_met_or_removed_by_sql_closes_the_gate(ruled: Any) -> None:
    version, _, row = conditional(ruled)
    key = row.pk.hex if connection.vendor == "sqlite" else str(row.pk)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE governance_condition SET state = 'met' WHERE id = %s", [key])
    assert codes(asked(ruled, version)) == {"record-altered"}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM governance_condition WHERE id = %s", [key])
    assert codes(asked(ruled, version)) == {"record-altered"}


SMALL = "small_team:\n  independent_afterwards_days: 10\n"
SEAT = "      - {role: risk-reviewer, count: 1, independent: true}"
TWO_SEATS = f"      - {{role: accountable-executive, count: 1, independent: false}}\n{SEAT}"


@pytest.mark.once
def test_a_small_team_is_reviewed_afterwards(
    home: Path, transactional_db: None, at: Callable[[dt.datetime], None]
) -> None:
    small = make_world(tier="low")
    put_in_force(small, policy_text("low", extra=SMALL, **{SEAT: TWO_SEATS}))
    grant_role(small, "accountable-executive", "auditor2")
    version = small.in_review()
    with pytest.raises(Invalid, match="afterwards here"):
        small.decide(version, "reviewer", "risk-reviewer", review_afterwards=True)
    with pytest.raises(NotAllowed):
        small.decide(version, "developer", "accountable-executive", review_afterwards=True)
    small.decide(version, "auditor2", "accountable-executive", review_afterwards=True)
    assert version_by_id(version.pk).state == "approved"
    row = Condition.objects.get()
    assert (row.kind, row.seat) == ("independent-review", "risk-reviewer")
    made = in_force(small, version_by_id(version.pk))
    assert any("Independent review afterwards" in text for text in made.conditions)
    with pytest.raises(NotAllowed):
        condition_meet(actor=small["auditor2"], condition_id=row.pk, evidence="Me again.")
    at(row.due_from)
    assert asked(small, version).warrant_status == "due"
    condition_meet(actor=small["reviewer"], condition_id=row.pk, evidence="Read it all.")
    assert asked(small, version).warrant_status == "active"


def grant_role(world: Any, role: str, key: str) -> None:
    """Somebody new in `role`."""
    world.users[key], _ = user_create(
        actor=world["one"],
        email=f"{key}@example.org",
        name=key.title(),
        password=PASSWORD,
        temporary=False,
    )
    asked_for = grant_request(
        actor=world["one"], role=role, holder_id=world.users[key].pk, reason="Small team."
    )
    grant_confirm(actor=world["two"], grant_id=asked_for.pk)
