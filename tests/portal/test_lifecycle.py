"""A life in the portal and the API: emergencies are listed for ever, machines and moves are read from the tables."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from governance.models import Disposal, Emergency
from governance.selectors.things import MACHINES
from governance.services.emergencies import emergency_reverse
from governance.snapshots.reports import report_data
from governance.tasks import sweep
from ledger import clock
from tests.governance.lifecycle import PLACE, amended, executive, issued, reported
from tests.portal.test_pages import signed_in
from tests.world import make_world, publish

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_store")]


@pytest.fixture
def world(home: Path, transactional_db: None) -> Any:
    made = make_world()
    amended(made)
    executive(made)
    return made


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return re.sub(r"\s+", " ", answer.content.decode())


@pytest.mark.once
def test_an_emergency_stays_on_every_list(world: Any) -> None:
    version = world.validated()
    owner, second, stranger = (signed_in(world, who) for who in ("owner", "executive", "one"))
    page = reverse("governance:version", args=[version.pk])
    asking = reverse("governance:act", args=["request-emergency", version.pk])
    assert asking in text_of(owner, page)
    assert asking not in text_of(second, page)
    form = {**PLACE, "hours": "2", "reason": "The running one drops every request."}
    assert owner.post(asking, {**form, "hours": "0"}).status_code == 200
    assert owner.post(asking, form).status_code == 302
    emergency = Emergency.objects.get()
    thing = reverse("governance:thing", args=["emergency", emergency.pk])
    agree = reverse("governance:act", args=["agree-emergency", emergency.pk])
    assert thing in text_of(second, reverse("governance:inbox"))
    assert agree in text_of(second, thing)
    assert agree not in text_of(owner, thing)
    assert "closed to whoever asked for it" in text_of(owner, thing) or "your roles" in text_of(owner, thing)
    assert owner.post(agree).status_code in (403, 404)
    assert second.post(agree)["Location"] == thing
    assert stranger.get(thing).status_code == 404
    issued()
    reported(world, emergency.deployment)
    assert "ran without approval 1 time" in text_of(owner, page)
    emergency_reverse(actor=world["reviewer"], emergency_id=emergency.pk)
    sweep()
    for address in (page, thing, reverse("governance:emergencies")):
        assert "The running one drops every request." in text_of(owner, address)
    assert "Returned to" in text_of(owner, thing)
    token = {"Authorization": f"Bearer {world.token}"}
    listed = Client().get("/api/v1/emergencies", headers=token).json()["results"]
    assert [(row["id"], row["status"]) for row in listed] == [(str(emergency.pk), "reversed")]
    publish()
    data = report_data(report_id=uuid.uuid4(), version_id=version.pk, kind="audit", at=clock.now())
    assert (data["emergencies"]["version"], data["emergencies"]["model"]) == (1, 1)
    printed = render_to_string("reports/audit.html", {"report": data})
    assert printed.index("this version ran without approval 1 time") < printed.index("2. Auditor")


@pytest.mark.once
def test_machines_and_moves_are_pages_and_answers(world: Any) -> None:
    version = world.approved()
    owner, auditor = signed_in(world, "owner"), signed_in(world, "auditor")
    listed = text_of(auditor, reverse("governance:machines"))
    for name in MACHINES:
        assert reverse("governance:machine", args=[name]) in listed
        text_of(auditor, reverse("governance:machine", args=[name]))
    assert auditor.get(reverse("governance:machine", args=["nothing"])).status_code == 404
    drawn = text_of(owner, reverse("governance:machine", args=["version"]))
    assert 'role="region"' in drawn
    assert "Is its system still in use?" in drawn
    thing = reverse("governance:thing", args=["version", version.pk])
    assert reverse("governance:act", args=["suspend", version.pk]) in text_of(owner, thing)
    assert reverse("governance:act", args=["suspend", version.pk]) not in text_of(auditor, thing)
    assert "No move is open to you now." in text_of(auditor, thing)
    assert auditor.get(reverse("governance:thing", args=["version", uuid.uuid4()])).status_code == 404
    assert auditor.get(reverse("governance:thing", args=["component", version.pk])).status_code == 404
    token = {"Authorization": f"Bearer {world.token}"}
    api = Client()
    machines = api.get("/api/v1/machines", headers=token).json()["results"]
    assert {machine["name"] for machine in machines} == set(MACHINES)
    assert api.get("/api/v1/machines/waiver", headers=token).json()["title"] == "Waiver"
    assert api.get("/api/v1/machines/waiver").status_code == 401
    said = api.get(f"/api/v1/things/version/{version.pk}/moves", headers=token).json()
    assert (said["state"], {move["open"] for move in said["moves"]}) == ("approved", {False})

    attesting = reverse("governance:act", args=["attest-disposal", version.pk])
    form = {"what": "Training data", "how": "deleted", "statement": "Deleted, I looked."}
    assert owner.post(attesting, form).status_code == 302
    assert Disposal.objects.get().attested_by == world.users["owner"].pseudonym
    assert "Deleted, I looked." in text_of(owner, reverse("governance:thing", args=["version", version.pk]))
    retiring = reverse("governance:act", args=["retire", version.pk])
    assert owner.post(retiring, {"reason": "Replaced."}).status_code == 302
    version.refresh_from_db()
    assert version.state == "retired"


@pytest.mark.once
def test_serving_gives_a_slot_back_over_the_api(world: Any) -> None:
    version = world.approved()
    owner = signed_in(world, "owner")
    asking = reverse("governance:act", args=["request-deployment", version.pk])
    assert owner.post(asking, PLACE).status_code == 302
    issued()
    deployment = version.deployments.get()
    reported(world, deployment)
    token = {"Authorization": f"Bearer {world.token}"}
    address = f"/api/v1/deployments/{deployment.pk}"
    back = Client().post(
        f"{address}/roll-back", {"reason": "x"}, content_type="application/json", headers=token
    )
    assert (back.status_code, back.json()["detail"]) == (409, "Nothing else was live in this slot before.")
    wrong = Client().post(
        f"{address}/roll-back", {"why": "x"}, content_type="application/json", headers=token
    )
    assert wrong.status_code == 400
    day = clock.now().isoformat()
    planned = Client().post(
        f"{address}/drills", {"planned_for": day}, content_type="application/json", headers=token
    )
    assert planned.status_code == 201, planned.json()
    done = Client().post(
        f"/api/v1/drills/{planned.json()['id']}/outcome",
        {"outcome": "worked", "seconds": 12, "note": "Twelve seconds."},
        content_type="application/json",
        headers=token,
    )
    assert (done.status_code, done.json()["state"]) == (201, "performed")
    assert len(Client().get(f"{address}/drills", headers=token).json()["results"]) == 1
    thing = reverse("governance:thing", args=["deployment", deployment.pk])
    page = text_of(owner, thing)
    assert "It worked" in page
    assert reverse("governance:act", args=["plan-roll-back-drill", deployment.pk]) in page
    ending = reverse("governance:act", args=["end-deployment", deployment.pk])
    assert ending in page
    assert owner.post(ending, {"reason": "Replaced elsewhere."})["Location"] == thing
    deployment.refresh_from_db()
    assert deployment.state == "ended"
