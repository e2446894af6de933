"""The life of a warrant: early ends, notices, renewal, the status list. Time is a patched clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from governance.models import (
    Recertification,
    StatusDocument,
    Warrant,
    WarrantEnding,
    WarrantNotice,
)
from governance.selectors.standing import standing_at
from governance.services.acceptances import acceptance_give, acceptance_revoke
from governance.services.deployments import deployment_request
from governance.services.endings import lapses_record
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
from registry.selectors.versions import version_by_id
from registry.services.deployments import deployment_apply_move, deployment_report
from tests.governance.warrants import (
    CONDITIONS,
    DAY,
    ISSUER,
    PLACE,
    SWEEP,
    asked,
    codes,
    conditional,
    in_force,
    policy_text,
    put_in_force,
)
from tests.world import publish, work

DISPOSAL = {"what": "Training data", "how": "deleted", "statement": "Deleted, I looked."}
pytestmark = pytest.mark.slow


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
