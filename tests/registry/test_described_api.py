"""Imports, tierings, dependencies and fields over the API: what a program may do, and what needs a person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from ledger import clock
from people.catalogue import permissions_of
from people.models import ServiceIdentity
from people.services import tokens
from registry.models import Dependency, ImportedModel, InventoryImport, System, Tiering
from registry.selectors.imports import import_by_id
from registry.selectors.intake import plan
from registry.services import fields, intake
from registry.services.imports import import_confirm
from registry.services.models import model_register
from tests.registry.test_imports import IMPORTER, csv_of, email_of, line
from tests.registry.world import World, person, service

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def client(world: World) -> APIClient:
    """A client with the token of a CI identity for the whole organisation."""
    actor = service(world.owner, "ci")
    _, secret = tokens.token_issue(
        actor=person("operator"),
        identity_id=ServiceIdentity.objects.get(pk=actor.pk).pk,
        label="inventory",
        permissions=sorted(permissions_of("ci")),
        expires_at=clock.now() + timedelta(days=1),
    )
    made = APIClient()
    made.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return made


def test_a_program_uploads_and_reads_and_a_person_confirms(world: World, client: APIClient) -> None:
    data = csv_of([line(1, email_of(world.owner)), line(2, "x@y.example")])
    made = client.post("/api/v1/imports?name=models.csv", data, content_type="text/csv")
    assert (made.status_code, made.json()["state"], made.json()["name"]) == (201, "draft", "models.csv")
    address = f"/api/v1/imports/{made.json()['id']}"
    again = client.post("/api/v1/imports", data, content_type="application/octet-stream")
    assert again.json()["id"] == made.json()["id"]
    rows = client.get(f"{address}/rows").json()["results"]
    assert [(row["number"], row["outcome"]) for row in rows] == [(2, "new"), (3, "error")]
    assert rows[1]["faults"] == [
        {"column": "Owner", "reason": "Nobody with this e-mail address may sign in here."}
    ]
    mapping = made.json()["mapping"]
    assert client.patch(address, {"mapping": {**mapping, "Owner": ""}}).json()["mapping"].get("Owner") is None
    assert client.patch(address, {"mapping": mapping, "state": "confirmed"}).json()["field"] == "state"
    for door in ("confirm", "discard"):
        assert client.post(f"{address}/{door}").status_code == 404
    assert client.patch(address, {"mapping": {"Owner": "state"}}).status_code == 400
    assert InventoryImport.objects.get().state == "draft"
    assert client.post("/api/v1/imports", b"a,b\n", content_type="text/csv").json()["field"] == "file"


def test_what_became_of_rows_and_what_is_overdue(world: World, client: APIClient) -> None:
    data = csv_of([line(1, email_of(world.owner))])
    made = client.post("/api/v1/imports", data, content_type="text/csv").json()
    import_confirm(actor=world.owner, import_id=made["id"], shown=plan(import_by_id(made["id"])).digest)
    address = f"/api/v1/imports/{made['id']}"
    assert client.get(address).json()["state"] == "confirmed"
    intake.imports_write(actor=IMPORTER)
    (row,) = client.get(f"{address}/rows").json()["results"]
    assert (row["outcome"], row["model"]) == ("written", str(ImportedModel.objects.get().version.model_id))
    assert client.get("/api/v1/inventory/overdue").json()["results"] == []
    ImportedModel.objects.update(due=clock.now())
    (late,) = client.get("/api/v1/inventory/overdue").json()["results"]
    assert (late["attestor"], late["state"]) == (world.owner.id, "in-use-not-warranted")


def test_a_program_can_neither_propose_a_tier_nor_set_one(world: World, client: APIClient) -> None:
    address = f"/api/v1/systems/{world.system.pk}"
    assert client.post(f"{address}/tierings", {"is_model": False, "why": "x"}).status_code == 403
    assert client.patch(address, {"risk_tier": "low"}).json()["field"] == "risk_tier"
    assert not Tiering.objects.exists()
    assert System.objects.get().risk_tier == "high"
    assert client.get(f"{address}/tierings").json()["results"] == []


def test_dependencies_and_fields(world: World, client: APIClient) -> None:
    other = model_register(
        actor=world.owner, system_id=world.system.pk, slug="other", name="Other", task="regression"
    )
    address = f"/api/v1/models/{world.model.pk}"
    body = {"upstream": str(other.pk), "kind": "feeds"}
    made = client.post(f"{address}/dependencies", body)
    assert made.status_code == 201, made.content
    back = {"upstream": str(world.model.pk), "kind": "feeds"}
    circle = client.post(f"/api/v1/models/{other.pk}/dependencies", back)
    assert (circle.status_code, circle.json()["code"]) == (409, "circle")
    assert len(client.get(f"/api/v1/models/{other.pk}/dependencies").json()["results"]) == 1
    assert client.delete(f"/api/v1/dependencies/{made.json()['id']}").status_code == 204
    assert not Dependency.objects.get().present

    definition = {"about": "model", "name": "site", "title": "Site", "kind": "text"}
    assert client.post("/api/v1/fields", definition).status_code == 403  # a person's
    fields.field_define(actor=person("risk-reviewer"), **definition)
    assert [row["name"] for row in client.get("/api/v1/fields").json()["results"]] == ["site"]
    assert client.patch(f"{address}/fields", {"values": {"site": "Ulm"}}).json() == {
        "values": {"site": "Ulm"}
    }
    assert client.get(f"{address}/fields").json() == {"values": {"site": "Ulm"}}
    wrong = client.patch(f"{address}/fields", {"values": {"other": "x"}})
    assert (wrong.status_code, wrong.json()["field"]) == (400, "other")
    assert client.patch(f"/api/v1/systems/{world.system.pk}/fields", {"values": {}}).status_code == 403
