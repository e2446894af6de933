"""Findings, by API: judged, answered, put off and dissented from with the rights of the pages, by people alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from governance.models import Dissent, Finding, FindingExtension, FindingStatement
from governance.services.findings import Subjects, finding_open
from ledger import clock
from ledger.actors import Actor
from ledger.models import Entry
from people.models import User
from tests.access.sample import session_of
from tests.registry.world import World, make_world, person

pytestmark = [pytest.mark.django_db, pytest.mark.once]
JSON = "application/json"


@pytest.fixture
def world(home: Any, db: None) -> World:
    """One version by the developer, with an open finding, and people of the second line."""
    made: Any = make_world()
    made.finder = person("independent-validator", name="Finder")
    made.other = person("independent-validator", name="Other")
    made.risk = person("risk-reviewer", name="Risk")
    made.head = person("head-of-validation", name="Head")
    made.auditor = person("auditor", name="Auditor")
    made.outside = person("owner", "risk-reviewer", on=make_world("other").system)
    made.finding = finding_open(
        actor=made.finder,
        about=Subjects(versions=(made.version().pk,)),
        title="Too few old patients",
        description="Fewer than thirty above eighty.",
        severity="high",
    )
    return made  # type: ignore[no-any-return]


def browser(actor: Actor) -> Client:
    return session_of(User.objects.get(pk=actor.pk))


def post(actor: Actor, finding: Finding, what: str, **body: Any) -> Any:
    return browser(actor).post(f"/api/v1/findings/{finding.pk}/{what}", body, content_type=JSON)


def moved(actor: Actor, finding: Finding, move: str, **more: Any) -> str:
    """The state it leads to, or the status of the refusal."""
    answer = post(actor, finding, "moves", move=move, reason=f"Because of {move}.", **more)
    return answer.json()["state"] if answer.status_code == 201 else str(answer.status_code)


def test_every_move_from_rebuttal_to_closure_by_who_may(world: Any) -> None:
    finding = world.finding
    assert moved(world.finder, finding, "dispute") == "403"  # whoever found it doesn't answer it
    assert moved(world.developer, finding, "withdraw") == "403"
    assert moved(world.auditor, finding, "dispute") == "403"
    assert moved(world.outside, finding, "dispute") == "404"
    assert moved(world.developer, finding, "close") == "403"
    assert moved(world.developer, finding, "dispute") == "disputed"
    assert moved(world.developer, finding, "dispute") == "409"
    assert moved(world.other, finding, "uphold") == "403"
    assert moved(world.finder, finding, "uphold") == "open"
    assert moved(world.developer, finding, "respond") == "responded"
    assert moved(world.finder, finding, "accept-response") == "remediation"
    assert moved(world.owner, finding, "report-remedied") == "remediated"
    assert moved(world.finder, finding, "reopen") == "remediation"
    until = (clock.now() + timedelta(days=30)).isoformat()
    assert moved(world.finder, finding, "accept-risk", until=until) == "403"
    assert moved(world.risk, finding, "accept-risk", until=until) == "risk-accepted"
    assert moved(world.finder, finding, "resume") == "open"
    assert moved(world.finder, finding, "withdraw") == "withdrawn"
    said = FindingStatement.objects.filter(finding=finding).order_by("said_at").values_list("kind", "text")
    assert next(iter(said)) == ("dispute", "Because of dispute.")
    assert [kind for kind, _ in said][-2:] == ["resume", "withdraw"]


def test_bad_input_names_its_field_and_moves_nothing(world: Any) -> None:
    finding, date = world.finding, (clock.now() + timedelta(days=3)).isoformat()
    entries = Entry.objects.exclude(event="ledger.denied").count()
    late = (clock.now() + timedelta(days=400)).isoformat()
    for actor, what, body, field in (
        (world.developer, "moves", {"move": "lapse", "reason": "x"}, "move"),
        (world.developer, "moves", {"move": "respond"}, "reason"),
        (world.developer, "moves", {"move": "respond", "reason": "x", "until": date}, "until"),
        (world.developer, "moves", {"move": "respond", "reason": "x", "state": "closed"}, "state"),
        (world.risk, "moves", {"move": "accept-risk", "reason": "x"}, "until"),
        (world.risk, "moves", {"move": "accept-risk", "reason": "x", "until": late}, "until"),
        (world.finder, "severity", {"severity": "huge", "reason": "x"}, "severity"),
        (world.head, "successor", {"successor": world.developer.id, "reason": "x"}, "successor"),
        (world.developer, "extensions", {"until": date, "reason": "x"}, "until"),
    ):
        answer = post(actor, finding, what, **body)
        assert answer.status_code == 400, (what, body, answer.content)
        assert field in answer.content.decode(), (what, body, answer.content)
    finding.refresh_from_db()
    assert finding.state == "open"
    assert Entry.objects.exclude(event="ledger.denied").count() == entries
    gone = browser(world.developer).post(
        f"/api/v1/findings/{uuid4()}/moves", {"move": "respond", "reason": "x"}, content_type=JSON
    )
    assert gone.status_code == 404


def test_severity_successor_and_more_time(world: Any) -> None:
    finding = world.finding
    assert post(world.developer, finding, "severity", severity="low", reason="x").status_code == 403
    graver = post(world.finder, finding, "severity", severity="critical", reason="Harm.")
    assert (graver.status_code, graver.json()["severity"]) == (201, "critical")
    assert post(world.finder, finding, "successor", successor=world.other.id, reason="x").status_code == 403
    named = post(world.head, finding, "successor", successor=world.other.id, reason="Leaves.")
    assert named.json()["closer"] == world.other.id

    until = (clock.now() + timedelta(days=200)).isoformat()
    assert post(world.auditor, finding, "extensions", until=until, reason="x").status_code == 403
    asked = post(world.developer, finding, "extensions", until=until, reason="Data come in spring.")
    assert (asked.status_code, asked.json()["state"]) == (201, "requested")
    address = f"/api/v1/extensions/{asked.json()['id']}/decision"
    for actor, status in ((world.developer, 403), (world.outside, 404)):
        answer = browser(actor).post(address, {"grant": True, "note": "x"}, content_type=JSON)
        assert answer.status_code == status, answer.content
    wordless = browser(world.risk).post(address, {"grant": True, "note": " "}, content_type=JSON)
    assert (wordless.status_code, "note" in wordless.content.decode()) == (400, True)
    granted = browser(world.risk).post(address, {"grant": True, "note": "Once."}, content_type=JSON)
    assert (granted.status_code, granted.json()["state"]) == (201, "granted")
    finding.refresh_from_db()
    assert finding.due_at == FindingExtension.objects.get().until
    assert moved(world.developer, finding, "respond") == "responded"
    assert moved(world.other, finding, "accept-response") == "remediation"  # the successor may


def test_a_dissent_and_a_request_sent_twice(world: Any) -> None:
    finding = world.finding
    assert post(world.other, finding, "dissents", reason="x").status_code == 409  # still open
    key = {"headers": {"Idempotency-Key": "once"}}
    address, body = f"/api/v1/findings/{finding.pk}/moves", {"move": "withdraw", "reason": "Was wrong."}
    client = browser(world.finder)
    first, second = (client.post(address, body, content_type=JSON, **key) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert FindingStatement.objects.filter(finding=finding).count() == 1
    assert post(world.developer, finding, "dissents", reason="x").status_code == 403
    assert post(world.finder, finding, "dissents", reason="x").status_code == 409  # their own
    said = post(world.other, finding, "dissents", reason="It was right.")
    assert (said.status_code, said.json()["against"]) == (201, "withdrawn")
    assert post(world.other, finding, "dissents", reason="It was right.").status_code == 201
    assert Dissent.objects.count() == 1
