"""Warrants at their doors: what the API says of a slot, pages and forms, drills, and what a pipeline prints."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance.models import Condition, Recertification, VoidDrill
from governance.selectors.drills import drill_state
from governance.services.deployments import deployment_request
from governance.services.drills import drill_cancel, drill_perform, drill_plan
from governance.services.status_lists import status_publish
from governance.services.versions import version_suspend
from ledger import clock
from ledger import selectors as log
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.workdays import calendar
from modelwarrant import status
from modelwarrant.cli import service
from modelwarrant.cli.main import main
from modelwarrant.client import Unreachable
from registry.services.systems import system_edit
from tests.governance.warrants import (
    CONDITIONS,
    ISSUER,
    PLACE,
    in_force,
    policy_text,
    put_in_force,
)
from tests.portal.test_pages import signed_in
from tests.world import publish

pytestmark = [pytest.mark.slow, pytest.mark.once]


def address(digest: str, *, arm: str = "main") -> str:
    return f"/api/v1/warrants/{digest}/production/eu/{arm}"


def bearer(world: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {world.token}"}


def test_the_api_says_how_a_slot_stands_and_nothing_to_strangers(world: Any) -> None:
    version = world.approved()
    made = in_force(world, version)
    client, where = Client(), address(made.subject_digest)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        said = client.get(where, headers=bearer(world)).json()
    assert (said["status"], said["ground"], said["on_void"]) == ("active", "", "stop")
    assert said["document"] == f"/api/v1/warrants/{made.pk}/document"
    for region in ("us", "ap"):  # more warrants, as many queries
        deployment_request(actor=world["owner"], version_id=version.pk, **{**PLACE, "region": region})
    with CaptureQueriesContext(connection) as again:
        client.get(where, headers=bearer(world))
    assert len(again) <= len(queries) <= 15
    unknown = client.get(address("00" * 32), headers=bearer(world))
    for odd in ("a%00b", "x" * 65, "%E2%80%AE"):
        assert client.get(address(made.subject_digest, arm=odd), headers=bearer(world)).status_code == 404
    empty = client.get(address(made.subject_digest, arm="other"), headers=bearer(world))
    stranger = signed_in(world, "one").get(where)
    bodies = [
        {key: answer.json()[key] for key in ("code", "title", "status")}
        for answer in (unknown, empty, stranger)
    ]
    assert bodies[0] == bodies[1] == bodies[2]
    assert client.get(where).status_code == 401
    version_suspend(actor=world["security"], version_id=version.pk, reason="Odd.")
    said = client.get(where, headers=bearer(world)).json()
    assert (said["status"], said["ground"]) == ("void", "suspended")
    assert said["ground_title"] == "A named person suspended the version"
    assert client.get("/api/v1/warrants/status", headers=bearer(world)).status_code == 503
    publish()
    status_publish(actor=ISSUER)
    listed = client.get("/api/v1/warrants/status", headers=bearer(world)).content
    found = status.check(listed, trust=log.trusted_keys("warrant"), at=clock.now())
    assert list(found.void) == [str(made.pk)]
    asked = client.get("/api/v1/gate", {"version": str(version.pk), **PLACE}, headers=bearer(world)).json()
    assert (asked["answer"], asked["ground"], asked["on_void"]) == ("refused", "suspended", "stop")


def test_a_decision_under_conditions_a_renewal_and_a_drill_by_the_forms(world: Any) -> None:
    put_in_force(world, policy_text(extra=CONDITIONS))
    version = world.in_review()
    reviewer, where = signed_in(world, "reviewer"), reverse("governance:decide", args=[version.pk])

    def send(**more: str) -> Any:
        shown = re.search(r'name="shown" value="([^"]+)"', reviewer.get(where).content.decode())
        assert shown is not None
        said = {"outcome": "approve", "seat": "risk-reviewer", "reason": "Read.", "shown": shown[1]}
        return reviewer.post(where, {**said, **more})

    half = send(text_1="Retrain.")
    assert b"or none of them" in half.content
    assert not Condition.objects.exists()
    owner = world.users["owner"].pseudonym
    late = send(text_1="Retrain.", until_1="2099-01-01", responsible_1=owner)
    assert b"20 working days" in late.content
    day = calendar().after(clock.now(), 5).date().isoformat()
    assert send(text_1="Retrain.", until_1=day, responsible_1=owner).status_code == 302
    row = Condition.objects.get()
    world.decide(version, "validator", "independent-validator")
    page = reviewer.get(reverse("governance:version", args=[version.pk])).content.decode()
    assert "Retrain." in page
    made = in_force(world, version)
    meet = reverse("governance:act", args=["meet-condition", row.pk])
    assert signed_in(world, "owner").post(meet, {"evidence": "Mine."}).status_code == 403
    assert reviewer.post(meet, {"evidence": "Seen."}).status_code == 302
    asked = signed_in(world, "owner").post(
        reverse("governance:act", args=["request-renewal", made.pk]), {"reason": "Early."}
    )
    assert asked.status_code == 302
    renewal = Recertification.objects.get()
    page = reviewer.get(reverse("governance:recertification", args=[renewal.pk])).content.decode()
    assert ("Take the recertification into review" in page, "pinned when the review begins" in page) == (
        True,
        True,
    )
    for name in ("start-renewal", "refuse-renewal"):
        reviewer.post(reverse("governance:act", args=[name, renewal.pk]), {"note": "Not now."})
    renewal.refresh_from_db()
    assert renewal.state == "refused"
    stranger = signed_in(world, "one")
    assert stranger.get(reverse("governance:recertification", args=[renewal.pk])).status_code == 404
    listed = Client().get("/api/v1/recertifications", headers=bearer(world)).json()["results"]
    assert [item["state"] for item in listed] == ["refused"]
    said = Client().get(f"/api/v1/versions/{version.pk}/conditions", headers=bearer(world)).json()["results"]
    assert [item["status"] for item in said] == ["met"]


def test_a_drill_is_planned_tried_and_due_again(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    system, now = world.model.system, clock.now()
    owner = world["owner"]
    assert drill_state(system, now).word == "never"
    for who in ("auditor", "reviewer"):
        with pytest.raises(NotAllowed):
            drill_plan(actor=world[who], system_id=system.pk, day=now.date())
    with pytest.raises(Invalid):
        drill_plan(actor=owner, system_id=system.pk, day=dt.date(2020, 1, 1))
    drill = drill_plan(actor=owner, system_id=system.pk, day=(now + dt.timedelta(days=2)).date())
    with pytest.raises(Conflict):
        drill_plan(actor=owner, system_id=system.pk, day=(now + dt.timedelta(days=9)).date())
    with pytest.raises(Invalid):
        drill_perform(actor=owner, drill_id=drill.pk, outcome="fine", observation="x")
    with pytest.raises(Invalid):
        drill_perform(actor=owner, drill_id=drill.pk, outcome="worked", observation=" ")
    drill_perform(actor=owner, drill_id=drill.pk, outcome="worked", observation="It stopped.")
    with pytest.raises(Conflict):
        drill_cancel(actor=owner, drill_id=drill.pk)
    drill.refresh_from_db()
    assert drill_state(system, clock.now()).word == "tried"
    assert drill.next_due >= now + dt.timedelta(days=180)  # as the policy says
    assert drill_state(system, drill.next_due).word == "overdue"
    page = signed_in(world, "owner").get(reverse("governance:drills", args=[system.pk])).content.decode()
    assert "It stopped." in page
    changed = system_edit(actor=owner, system_id=system.pk, changes={"on_void": "keep"})
    assert drill_state(changed, clock.now()).word == "changed"
    assert VoidDrill.objects.get().declared == "stop"


def test_a_pipeline_prints_why_and_fails_closed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    answer: dict[str, Any] = {
        "answer": "refused", "slot": "production/eu/main", "warrant": "w-1", "warrant_status": "void",
        "ground": "suspended", "ground_title": "Suspended by a person", "on_void": "fall back rules", "notes": [],
        "reasons": [
            {"gate": "warrant-active", "code": "warrant-void", "text": "The warrant is void: suspended.\x1b[31m"},
            {"gate": "artifact-intact", "code": "artifact-altered", "text": "w.bin has other bytes"},
            {"code": "odd"},
        ],
    }  # fmt: skip
    monkeypatch.setenv("MODELWARRANT_TOKEN", "x" * 20)
    asked = [
        "gate",
        "--url",
        "http://127.0.0.1:1",
        "--digest",
        "ab" * 32,
        "--environment",
        "production",
        "--region",
        "eu",
    ]
    monkeypatch.setattr(service.Client, "get", lambda *_, **__: answer)
    assert main(asked) == 1
    told = capsys.readouterr().out
    assert told.startswith("REFUSED: nothing allows this\n")
    assert [line.split(maxsplit=1)[1] for line in told.splitlines() if "[" in line] == [
        "Suspended by a person. [suspended]",
        "The warrant is void: suspended.\\x1b[31m. [warrant-active/warrant-void]",
        "w.bin has other bytes. [artifact-intact/artifact-altered]",
        "The service gave no words for this. [odd]",
    ]
    assert "when void  fall back rules" in told
    assert "\x1b" not in told
    for broken in ({}, {"answer": "yes"}, [], "pass"):
        monkeypatch.setattr(service.Client, "get", lambda *_, said=broken, **__: said)
        assert main(asked) == service.UNAVAILABLE

    def gone(*_: Any, **__: Any) -> None:
        raise Unreachable("no answer")

    monkeypatch.setattr(service.Client, "get_bytes", gone)
    (tmp_path / "key.pem").write_text("not a key")
    fetch = ["warrant-status", "--url", "http://127.0.0.1:1", "--out", str(tmp_path / "status.json")]
    assert main(fetch) == 2
    assert main([*fetch, "--key", str(tmp_path / "key.pem")]) == service.UNAVAILABLE
    monkeypatch.setattr(service.Client, "get_bytes", lambda *_: b"<html>Sign in</html>")
    assert main([*fetch, "--key", str(tmp_path / "key.pem")]) != 0
    assert not (tmp_path / "status.json").exists()
