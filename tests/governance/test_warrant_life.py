"""The life of a warrant: conditions, early ends, notices, renewal, the status list. Time is a patched clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from governance.gates.approvals import seats
from governance.gates.context import Context
from governance.models import (
    Condition,
    Policy,
    Recertification,
    StatusDocument,
    Warrant,
    WarrantEnding,
    WarrantNotice,
)
from governance.selectors.standing import standing_at
from governance.services import gate
from governance.services.acceptances import acceptance_give, acceptance_revoke
from governance.services.conditions import Asked, condition_meet
from governance.services.deployments import deployment_request
from governance.services.endings import lapses_record
from governance.services.policies import policy_approve, policy_draft, policy_submit
from governance.services.recertifications import (
    recertification_grant,
    recertification_request,
    recertification_start,
    recertification_withdraw,
    renewals_ask,
)
from governance.services.retirements import disposal_attest
from governance.services.status_lists import status_newest, status_publish
from governance.services.versions import version_retire, version_suspend
from governance.services.warrant_notices import notices_send, warrant_notice
from governance.services.warrants import issue_due, warrant_void
from ledger import clock
from ledger import selectors as log
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotAllowed, Refused
from ledger.services.audit import ledger_audit
from ledger.workdays import Calendar, calendar
from modelwarrant import status, warrant
from people.models import Notice
from people.services.grants import grant_confirm, grant_request
from people.services.people import user_create
from registry.selectors.versions import version_by_id
from registry.services.deployments import deployment_apply_move, deployment_report
from tests.policies import shipped
from tests.remembered import remembered
from tests.world import PASSWORD, make_world, publish, work

DISPOSAL = {"what": "Training data", "how": "deleted", "statement": "Deleted, I looked."}
PLACE = {"environment": "production", "region": "eu", "arm": "main"}
ISSUER, SWEEP = Actor.system("warrant-issuer"), Actor.system("expiry-sweep")
DAY = dt.timedelta(days=1)
pytestmark = pytest.mark.slow


def policy_text(tier: str = "high", **changes: str) -> str:
    text = shipped(tier, changes.pop("extra", ""), without=("canary",))
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


@remembered(lambda policy: policy.pk, lambda pk: Policy.objects.get(pk=pk))
def put_in_force(world: Any, text: str) -> Any:
    policy = policy_draft(actor=world["author"], text=text)
    policy_submit(actor=world["author"], policy_id=policy.pk)
    return policy_approve(actor=world["approver"], policy_id=policy.pk)


CONDITIONS = "conditions:\n  allowed: true\n  max_days: 20\nrecertification:\n  role: risk-reviewer\n"


@pytest.fixture
def ruled(world: Any) -> Any:
    """The world under a policy that allows conditions."""
    put_in_force(world, policy_text(extra=CONDITIONS))
    return world


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[dt.datetime], None]:
    """Sets what the database's clock says."""
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


def in_force(world: Any, version: Any) -> Warrant:
    granted = deployment_request(actor=world["owner"], version_id=version.pk, **PLACE)
    publish()
    issue_due(actor=ISSUER)
    granted.refresh_from_db()
    assert granted.state == "issued"
    return granted


def asked(world: Any, version: Any) -> gate.Reply:
    return gate.ask(actor=world.ci, version_id=version.pk, **PLACE)


def codes(reply: gate.Reply) -> set[str]:
    return {reason["code"] for reason in reply.reasons}


def condition(world: Any, text: str = "Retrain with newer data.", days: int = 7) -> Asked:
    day = (calendar().after(clock.now(), days)).date()
    return Asked(text, day, world.users["owner"].pseudonym)


def conditional(world: Any) -> tuple[Any, Warrant, Condition]:
    """A version approved under one condition, and its warrant."""
    version = world.in_review()
    world.decide(version, "validator", "independent-validator", conditions=[condition(world)])
    world.decide(version, "reviewer", "risk-reviewer")
    version = version_by_id(version.pk)
    assert version.state == "approved"
    return version, in_force(world, version), Condition.objects.get(version=version)


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


@pytest.mark.once
def test_only_the_three_grounds_void_at_once(world: Any) -> None:
    version = world.approved()
    made = in_force(world, version)
    with pytest.raises(Invalid, match="at once"):
        warrant_void(actor=world["reviewer"], warrant_id=made.pk, ground="retired")
    assert asked(world, version).answer == "pass"


@pytest.mark.once
def test_a_retired_version_ends_by_the_calendar(world: Any, at: Callable[[dt.datetime], None]) -> None:
    version = world.approved()
    made = in_force(world, version)
    deployment_apply_move(actor=world["owner"], deployment_id=made.deployment_id, move="end", answers={})
    assert codes(asked(world, version)) == {"deployment-over"}
    disposal_attest(actor=world["owner"], version_id=version.pk, **DISPOSAL)
    version_retire(actor=world["owner"], version_id=version.pk, reason="Replaced.")
    ending = WarrantEnding.objects.get()
    at(ending.not_after)
    assert standing_at(made, clock.now()).status == "grace"
    at(ending.grace_ends)
    assert asked(world, version).answer == "refused"
    assert (lapses_record(actor=SWEEP), lapses_record(actor=SWEEP)) == (1, 0)
    made.refresh_from_db()
    assert (made.void_ground, made.voided_at) == ("retired", ending.grace_ends)
    assert (
        asked(world, version).reasons[0]["text"] == "The warrant is void: The version was retired (retired)."
    )


@pytest.mark.once
def test_an_acceptance_taken_back_ends_the_warrant_early(world: Any) -> None:
    version = world.approved()
    in_force(world, version)
    accepted = version.acceptances.first()
    if accepted is None:
        pytest.fail("the world accepts something")
    acceptance_revoke(actor=world["validator"], acceptance_id=accepted.pk)
    reply = asked(world, version)
    assert (reply.answer, reply.warrant_status, reply.standing.ground) == (
        "pass",
        "due",
        "acceptance-revoked",
    )


@pytest.mark.once
def test_notices_are_sent_once_to_those_who_can_act(world: Any, at: Callable[[dt.datetime], None]) -> None:
    version = world.approved()
    made = in_force(world, version)
    office = calendar()
    for moment in (made.not_after, made.grace_ends):
        assert office.within(moment) == moment  # every end lies where people work
    before = Notice.objects.count()
    at(made.not_after - 31 * DAY)
    first = notices_send(actor=SWEEP)
    at(made.not_after - 13 * DAY)
    assert (first, notices_send(actor=SWEEP), notices_send(actor=SWEEP)) == (0, 1, 0)
    at(made.not_after - 6 * DAY)
    assert notices_send(actor=SWEEP) == 1
    assert warrant_notice(actor=SWEEP, warrant_id=made.pk) is None  # the sweep beside it came a moment later
    at(made.not_after - DAY)
    assert notices_send(actor=SWEEP) == 1
    at(made.not_after + DAY)
    assert notices_send(actor=SWEEP) == 0
    rows = list(WarrantNotice.objects.order_by("-days").values_list("days", "told"))
    assert [days for days, _ in rows] == [14, 7, 1]
    told = {notice.recipient.name for notice in Notice.objects.order_by("created_at")[before:]}
    assert {"Owner", "Validator", "Reviewer"} <= told
    assert "Developer" not in told
    last = Notice.objects.filter(text__contains="ends in 1 day (").first()
    assert last is not None
    assert last.text.endswith("Renew it, or prepare for its end.")
    assert "UTC" in last.text


def renew(world: Any, made: Warrant) -> Recertification:
    """A renewal of `made` whose checks ran again and are covered."""
    renewal = recertification_request(actor=world["owner"], warrant_id=made.pk, reason="It is due.")
    recertification_start(actor=world["validator"], recertification_id=renewal.pk)
    work()
    renewal.refresh_from_db()
    return renewal


def cover(world: Any, renewal: Recertification) -> None:
    """Accept what came out inconclusive again."""
    with pytest.raises(Refused) as closed:
        recertification_grant(actor=world["reviewer"], recertification_id=renewal.pk, note="Let me see.")
    for reason in closed.value.reasons:
        assert reason["code"] == "check-inconclusive", closed.value.reasons
        acceptance_give(
            actor=world["validator"],
            version_id=renewal.version_id,
            requirement=reason["about"],
            limitation="Too few people to tell.",
            compensating_test="Monthly.",
            review_by=clock.now() + 30 * DAY,
        )


def test_a_renewal_is_judged_by_the_policy_in_force_and_leaves_no_gap(ruled: Any) -> None:
    version = ruled.approved()
    old = in_force(ruled, version)
    newer = put_in_force(
        ruled, policy_text(extra=CONDITIONS + "\n# again\n", **{'version: "1.0"': 'version: "1.1"'})
    )
    renewal = renew(ruled, old)
    assert (renewal.policy_digest, version_by_id(version.pk).policy_digest) == (
        newer.digest,
        version.policy_digest,
    )
    assert newer.digest != version.policy_digest
    again = recertification_request(actor=ruled["owner"], warrant_id=old.pk, reason="Twice.")
    assert again.pk == renewal.pk
    cover(ruled, renewal)
    for who in ("owner", "developer", "validator", "security"):
        with pytest.raises((NotAllowed, Refused)):
            recertification_grant(actor=ruled[who], recertification_id=renewal.pk, note="Mine.")
    recertification_grant(actor=ruled["reviewer"], recertification_id=renewal.pk, note="It still holds.")
    renewal.refresh_from_db()
    new = renewal.granted
    assert new is not None
    assert (new.state, new.policy_digest) == ("granted", newer.digest)
    between = asked(ruled, version)
    assert (between.answer, between.warrant.pk) == ("pass", old.pk)
    said = {"slot_id": old.slot_id, "digest": version.subject_digest, "state": "live"}
    assert not deployment_report(actor=ruled.ci, **said).unexpected
    publish()
    issue_due(actor=ISSUER)
    after = asked(ruled, version)
    assert (after.answer, after.warrant.pk, after.reasons) == ("pass", new.pk, [])
    old.refresh_from_db()
    assert old.state == "superseded"
    new.refresh_from_db()
    terms = warrant.check(
        new.document.encode(), trust=log.trusted_keys("warrant"), at=clock.now(), verifiers=log.verifiers()
    ).terms
    assert terms.decisions[-1].role == "recertification"
    assert terms.policy_digest == newer.digest
    # what was asked for the renewal hides nothing of the policy the version was approved under
    elsewhere = deployment_request(actor=ruled["owner"], version_id=version.pk, **{**PLACE, "region": "us"})
    publish()
    issue_due(actor=ISSUER)
    elsewhere.refresh_from_db()
    assert (elsewhere.state, elsewhere.policy_digest) == ("issued", version.policy_digest)
    version_suspend(actor=ruled["security"], version_id=version.pk, reason="Odd.")
    assert set(Warrant.objects.values_list("state", flat=True)) == {"void"}
    publish()
    audit = ledger_audit(actor=Actor.system("self-audit"))
    assert audit.verdict == "ok", audit.faults


@pytest.mark.once
def test_what_came_due_is_asked_for_once_and_old_results_renew_nothing(
    ruled: Any, at: Callable[[dt.datetime], None]
) -> None:
    version = ruled.approved()
    made = in_force(ruled, version)
    assert renewals_ask(actor=SWEEP) == 0
    at(made.due_from)
    assert (renewals_ask(actor=SWEEP), renewals_ask(actor=SWEEP)) == (1, 0)
    renewal = Recertification.objects.get()
    with pytest.raises(Refused):  # nobody took it into review
        recertification_grant(actor=ruled["reviewer"], recertification_id=renewal.pk, note="Now.")
    recertification_start(actor=ruled["validator"], recertification_id=renewal.pk)
    with pytest.raises(Refused) as closed:
        recertification_grant(actor=ruled["reviewer"], recertification_id=renewal.pk, note="Now.")
    assert {reason["code"] for reason in closed.value.reasons} == {"check-missing"}
    recertification_withdraw(actor=ruled["owner"], recertification_id=renewal.pk)
    version_suspend(actor=ruled["security"], version_id=version.pk, reason="Odd.")
    with pytest.raises(Conflict, match="void"):
        recertification_request(actor=ruled["owner"], warrant_id=made.pk, reason="Again.")


def test_the_status_list_is_signed_short_lived_and_never_goes_back(
    ruled: Any, at: Callable[[dt.datetime], None], settings: Any
) -> None:
    version, made, row = conditional(ruled)
    publish()
    first = status_publish(actor=ISSUER)
    assert first is not None
    assert status_publish(actor=ISSUER) is None
    trust = log.trusted_keys("warrant")
    listed = status.check(first.document.encode(), trust=trust, at=clock.now())
    assert (listed.void, listed.limited) == ({}, {})
    assert listed.log.size == log.latest_checkpoint().size
    at(row.due_from)
    second = status_publish(actor=ISSUER)
    limited = status.check(second.document.encode(), trust=trust, at=clock.now()).limited
    assert [(item.status, item.ground) for item in limited.values()] == [("due", "condition-overdue")]
    checked = warrant.check(
        made.document.encode(), trust=trust, at=clock.now(), status_list=second.document.encode()
    )
    assert (checked.status, checked.ground.split()[0]) == ("due", "condition-overdue")
    with pytest.raises(Exception, match="older than one seen"):
        status.check(first.document.encode(), trust=trust, at=None, seen=checked.seen)
    version_suspend(actor=ruled["security"], version_id=version.pk, reason="Odd.")
    third = status_publish(actor=ISSUER)
    voided = warrant.check(
        made.document.encode(), trust=trust, at=clock.now(), status_list=third.document.encode()
    )
    assert (voided.status, voided.ground.split()[0]) == ("void", "suspended")
    assert status_newest(actor=ruled.ci).pk == third.pk
    with pytest.raises(NotAllowed):
        status_newest(actor=Actor("user", "p-x", "api", pk="00000000-0000-4000-8000-000000000000"))
    settings.LEDGER_HOLDS_KEYS = False
    StatusDocument.objects.all().delete()
    with pytest.raises(Exception, match="holds no keys"):
        status_publish(actor=ISSUER)


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


@pytest.mark.parametrize("zone", ["Europe/Zurich", "Pacific/Kiritimati", "Etc/GMT+12", "America/New_York"])
@pytest.mark.once
def test_terms_over_leap_days_and_clock_changes_lose_no_hour(zone: str) -> None:
    office = Calendar(ZoneInfo(zone), 8, 18, frozenset(range(5)))
    for day in (dt.date(2028, 2, 29), dt.date(2027, 1, 31), dt.date(2026, 3, 28), dt.date(2026, 10, 24)):
        start = dt.datetime.combine(day, dt.time(12), office.zone).astimezone(dt.UTC)
        for days in (1, 30, 365):
            end = office.within(start + days * DAY)
            local = end.astimezone(office.zone)
            assert office.works(local.date())
            assert 8 <= local.hour < 18
            assert end >= start + days * DAY
            assert end.tzinfo is dt.UTC
