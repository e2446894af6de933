from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import get_resolver
from rest_framework.test import APIClient

from ledger import clock
from ledger.models import Entry
from ledger.services import audit
from modelwarrant import keys, oms
from people.catalogue import permissions_of
from people.models import ServiceIdentity
from people.services import tokens
from registry.models import System, Version
from registry.services import datasets, dependencies, deployments, models, tierings
from tests.registry.world import CARD, World, make_world, person, service

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"


def caller(world: World, *, on=None) -> APIClient:
    """A client with a token of a CI identity that reaches the world's system alone."""
    actor = service(world.owner, "ci", on=on or world.system)
    identity = ServiceIdentity.objects.get(pk=actor.pk)
    _, secret = tokens.token_issue(
        actor=person("operator"),
        identity_id=identity.pk,
        label="pipeline",
        permissions=sorted(permissions_of("ci")),
        expires_at=clock.now() + timedelta(days=1),
    )
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def upload(client: APIClient, data: bytes, **given) -> str:
    started = client.post(
        "/api/v1/uploads",
        {"size": len(data), "digest": hashlib.sha256(data).hexdigest(), "name": "f.bin"} | given,
    )
    assert started.status_code == 201, started.content
    address = f"/api/v1/uploads/{started.json()['id']}"
    half = len(data) // 2
    for offset, piece in ((0, data[:half]), (half, data[half:])):
        put = client.patch(
            address, piece, content_type="application/octet-stream", headers={"Upload-Offset": str(offset)}
        )
        assert put.status_code == 204, put.content
    head = client.head(address)
    assert (head.status_code, head.headers["Upload-Offset"]) == (200, str(len(data)))
    done = client.post(f"{address}/finish")
    assert done.status_code == 200, done.content
    return str(done.json()["id"])


def test_a_pipeline_registers_a_signed_version_with_its_data(world: World, model_key, tmp_path):
    client = caller(world)
    model = str(world.model.pk)
    dataset = client.post(
        f"/api/v1/systems/{world.system.pk}/datasets",
        {"slug": "study", "name": "Study", "source": "Study of 2004"},
    ).json()
    data = client.post(
        f"/api/v1/datasets/{dataset['id']}/versions",
        {
            "upload": upload(client, b"a,b\n1,2\n", purpose="dataset", model=model),
            "media_type": "text/csv",
            "rows": 1,
            "schema": {
                "columns": [{"name": "a", "dtype": "number", "min": 0.5}, {"name": "b", "dtype": "text"}]
            },
        },
        headers={"Idempotency-Key": "data-1"},
    )
    assert data.status_code == 201, data.content
    made = client.post(f"/api/v1/models/{model}/versions", {"label": "1.0", "card": CARD})
    assert (made.status_code, made.json()["state"]) == (201, "draft")
    version = f"/api/v1/versions/{made.json()['id']}"
    (tmp_path / "model.bin").write_bytes(b"weights")
    files = {"model.bin": upload(client, b"weights", purpose="artifact", model=model)}
    attached = client.post(f"{version}/files", {"files": files})
    assert (attached.status_code, attached.json()[0]["digest"]) == (
        201,
        hashlib.sha256(b"weights").hexdigest(),
    )
    bundle = oms.sign_model(tmp_path, keys.LocalSigner(model_key))
    signature = client.post(f"{version}/signatures", bundle, content_type="application/json")
    assert (signature.status_code, signature.json()["status"]) == (201, "valid"), signature.content
    assert client.post(f"{version}/components", {"kind": "weights", "name": "model.bin"}).status_code == 201
    lineage = {"dataset_version": data.json()["id"], "role": "training"}
    assert client.post(f"{version}/lineage", lineage).status_code == 201
    shown = client.get(version)
    assert shown.json()["subject_digest"] == signature.json()["subject_digest"]
    assert client.get(version, headers={"If-None-Match": shown.headers["ETag"]}).status_code == 304
    for part in ("files", "components", "lineage", "signatures"):
        assert len(client.get(f"{version}/{part}").json()["results"]) == 1
    assert client.patch(version, {"label": "1.0.1"}).json()["label"] == "1.0.1"
    found = client.get("/api/v1/versions", {"subject": shown.json()["subject_digest"]}).json()["results"]
    assert [row["id"] for row in found] == [made.json()["id"]]
    assert audit.row_faults(Version.objects.get()) == []


def test_the_same_key_has_one_effect_and_one_answer(world: World):
    client = caller(world)
    address = f"/api/v1/models/{world.model.pk}/versions"
    first = client.post(address, {"label": "1"}, headers={"Idempotency-Key": "k"})
    again = client.post(address, {"label": "1"}, headers={"Idempotency-Key": "k"})
    other = client.post(address, {"label": "2"}, headers={"Idempotency-Key": "k"})
    assert (first.status_code, first.json()) == (201, again.json())
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-mismatch")
    assert Version.objects.count() == 1


EXTRA = {
    "state": "approved",
    "approved_by": "me",
    "created_at": "2020-01-01",
    "signature_verified": True,
    "entry_hash": "00",
    "is_superuser": True,
    "registered_by": "p-x",
    "decision_round": 9,
    "policy_digest": "0" * 64,
    "subject_digest": "0" * 64,
}


@pytest.mark.once
@pytest.mark.parametrize("name", sorted(EXTRA))
def test_members_nobody_may_set_are_refused_by_name(world: World, name):
    client = caller(world)
    version = world.version()
    for answer in (
        client.post(f"/api/v1/models/{world.model.pk}/versions", {"label": "1", name: EXTRA[name]}),
        client.patch(f"/api/v1/versions/{version.pk}", {"label": "x", name: EXTRA[name]}),
    ):
        assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)
        assert answer.json()["field"] == name
    version.refresh_from_db()
    assert (version.label, version.state, Version.objects.count()) == ("", "draft", 1)


def routes() -> list[str]:
    """Every route of this app, with the names of its ids."""
    found = get_resolver("registry.api_urls").reverse_dict
    return sorted(
        {pattern for name, (possible, *_) in found.items() if callable(name) for pattern, _ in [possible[0]]}
    )


def foreign_ids(world: World) -> dict[str, str]:
    version = world.version()
    asked = deployments.deployment_request(
        actor=world.owner,
        version_id=world.version(in_use=True).pk,
        environment="production",
        region="eu",
    )
    dataset = datasets.dataset_register(
        actor=world.developer, system_id=world.system.pk, slug="d", name="D", source="S"
    )
    data = datasets.dataset_version_register(
        actor=world.developer,
        dataset_id=dataset.pk,
        upload_id=world.upload(b"a\n1\n", purpose="dataset").pk,
        media_type="text/csv",
        rows=1,
        schema={"columns": [{"name": "a", "dtype": "number"}]},
    )
    world.attach(version, {"a": b"a"})
    other = models.model_register(
        actor=world.owner, system_id=world.system.pk, slug="other", name="Other", task="regression"
    )
    linked = dependencies.dependency_set(
        actor=world.owner, downstream_id=world.model.pk, upstream_id=other.pk, kind="feeds"
    )
    proposed = tierings.tiering_propose(
        actor=world.owner, system_id=world.system.pk, is_model=False, why="A table of rules."
    )
    return {
        "system_id": str(world.system.pk),
        "model_id": str(world.model.pk),
        "version_id": str(version.pk),
        "dataset_id": str(dataset.pk),
        "dataset_version_id": str(data.pk),
        "upload_id": str(world.upload(b"x").pk),
        "slot_id": str(asked.slot_id),
        "deployment_id": str(asked.pk),
        "component_id": str(uuid4()),
        "lineage_id": str(uuid4()),
        "tiering_id": str(proposed.pk),
        "dependency_id": str(linked.pk),
        "import_id": str(uuid4()),
    }


BODIES = {
    "systems/%(system_id)s/tierings": {"is_model": False, "why": "x"},
    "systems/%(system_id)s/fields": {"values": {}},
    "models/%(model_id)s/fields": {"values": {}},
    "models/%(model_id)s/dependencies": {"upstream": str(uuid4()), "kind": "feeds"},
    "imports/%(import_id)s": {"mapping": {}},
    "systems/%(system_id)s": {"name": "Mine now"},
    "systems/%(system_id)s/models": {"slug": "m", "name": "M", "task": "t"},
    "systems/%(system_id)s/datasets": {"slug": "m", "name": "M", "source": "s"},
    "models/%(model_id)s/versions": {"label": "x"},
    "models/%(model_id)s/slots": {"environment": "e", "region": "r"},
    "versions/%(version_id)s": {"label": "x"},
    "versions/%(version_id)s/files": {"files": {"a": str(uuid4())}},
    "versions/%(version_id)s/unpack": {"upload": str(uuid4())},
    "versions/%(version_id)s/components": {"kind": "code", "name": "n"},
    "versions/%(version_id)s/lineage": {"dataset_version": str(uuid4()), "role": "training"},
    "datasets/%(dataset_id)s/versions": {
        "upload": str(uuid4()),
        "media_type": "text/csv",
        "rows": 1,
        "schema": {"columns": []},
    },
    "slots/%(slot_id)s/reports": {"digest": "a" * 64, "state": "live"},
}


@pytest.mark.once
def test_foreign_ids_look_like_unknown_ids_on_every_route_and_method(world: World):
    theirs = foreign_ids(make_world("other"))
    client = caller(world)
    tried = 0
    for route in routes():
        if "%(" not in route:
            continue
        for method in ("get", "post", "patch", "put", "delete"):
            answers = []
            for ids in (theirs, {name: str(uuid4()) for name in theirs}):
                body, kind = json.dumps(BODIES.get(route, {})), "application/json"
                if route == "uploads/%(upload_id)s":
                    body, kind = "x", "application/octet-stream"
                answers.append(
                    client.generic(
                        method.upper(),
                        f"/api/v1/{route % ids}" + ("?path=a" if route.endswith("files") else ""),
                        body,
                        content_type=kind,
                        headers={"Upload-Offset": "0"},
                    )
                )
            foreign, unknown = answers
            assert foreign.status_code in (404, 405), (method, route, foreign.content)
            assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
            tried += foreign.status_code == 404
    assert tried > 30
    assert Entry.objects.filter(event="ledger.denied").exists()


def test_lists_hold_nothing_of_others(world: World):
    foreign_ids(make_world("other"))
    client = caller(world)
    mine = world.version()
    assert [row["id"] for row in client.get("/api/v1/versions").json()["results"]] == [str(mine.pk)]
    assert len(client.get("/api/v1/systems").json()["results"]) == 1
    assert len(client.get("/api/v1/models").json()["results"]) == 1
    assert client.get("/api/v1/deployments").json()["results"] == []


def test_foreign_keys_in_a_body_reach_nothing(world: World):
    theirs = foreign_ids(make_world("other"))
    client = caller(world)
    version = f"/api/v1/versions/{world.version().pk}"
    for address, body in (
        (f"{version}/files", {"files": {"a": theirs["upload_id"]}}),
        (f"{version}/unpack", {"upload": theirs["upload_id"]}),
        (f"{version}/lineage", {"dataset_version": theirs["dataset_version_id"], "role": "training"}),
        (
            "/api/v1/uploads",
            {"purpose": "artifact", "size": 1, "digest": "a" * 64, "name": "f", "model": theirs["model_id"]},
        ),
    ):
        assert client.post(address, body).status_code == 404, address


@pytest.mark.once
def test_sources_that_are_addresses_are_refused(world: World):
    client = caller(world)
    for name in ("file:///etc/passwd#x", "http:///#/../../etc", "s3://other-bucket/x"):
        body = {
            "purpose": "artifact",
            "size": 1,
            "digest": "a" * 64,
            "name": name,
            "model": str(world.model.pk),
        }
        assert client.post("/api/v1/uploads", body).status_code == 400
        assert (
            client.post("/api/v1/uploads", body | {"name": "f", "source": name}).json()["field"] == "source"
        )


@pytest.mark.once
@pytest.mark.parametrize("offset", ["", "-1", "x", "1e3", "9" * 30])
def test_a_bad_offset_is_named(world: World, offset):
    client = caller(world)
    started = client.post(
        "/api/v1/uploads",
        {"purpose": "artifact", "size": 4, "digest": "a" * 64, "name": "f", "model": str(world.model.pk)},
    ).json()
    answer = client.patch(
        f"/api/v1/uploads/{started['id']}",
        b"data",
        content_type="application/octet-stream",
        headers={"Upload-Offset": offset},
    )
    assert (answer.status_code, answer.json()["field"]) == (400, "Upload-Offset")


@pytest.mark.once
def test_a_upload_ten_times_too_large_is_refused_at_the_start(world: World, settings):
    settings.REGISTRY_MAX_UPLOAD = 1000
    client = caller(world)
    body = {
        "purpose": "artifact",
        "size": 10_000,
        "digest": "a" * 64,
        "name": "f",
        "model": str(world.model.pk),
    }
    assert client.post("/api/v1/uploads", body).status_code == 413
    started = client.post("/api/v1/uploads", body | {"size": 1000}).json()
    answer = client.patch(
        f"/api/v1/uploads/{started['id']}",
        b"x" * 10_000,
        content_type="application/octet-stream",
        headers={"Upload-Offset": "0"},
    )
    assert answer.status_code == 413


@pytest.mark.once
def test_a_token_cannot_do_what_needs_a_person(world: World):
    client = caller(world)
    answer = client.patch(f"/api/v1/systems/{world.system.pk}", {"risk_tier": "low"})
    assert answer.status_code == 400  # by no door: a tier changes by tiering alone
    assert System.objects.get(pk=world.system.pk).risk_tier == "high"
    assert client.patch(f"/api/v1/systems/{world.system.pk}", {"name": "Mine"}).status_code in (403, 404)


@pytest.mark.once
def test_nobody_is_let_in_without_a_token(world: World):
    for route in routes():
        ids = dict.fromkeys(
            ("system_id", "model_id", "version_id", "dataset_id", "dataset_version_id"), uuid4()
        ) | dict.fromkeys(("upload_id", "slot_id", "deployment_id", "component_id", "lineage_id"), uuid4())
        ids |= dict.fromkeys(("tiering_id", "dependency_id", "import_id"), uuid4())
        assert APIClient().get(f"/api/v1/{route % ids}").status_code == 401, route
