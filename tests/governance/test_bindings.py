"""What has no bytes here, a vendor's model or an image, earns its warrant through the API and is asked for by its digest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from governance.gates.context import Context
from governance.gates.table import evaluate
from governance.services import gate
from governance.services.checks import checks_request
from governance.services.deployments import deployment_request
from governance.services.versions import version_start_review, version_submit
from governance.services.warrants import issue_due
from ledger import clock
from ledger import selectors as log
from ledger.actors import Actor
from ledger.errors import Refused
from ledger.models import KeyRecord
from modelwarrant import canonical, keys, oms
from modelwarrant import warrant as warrants
from people.services.keys import key_revoke
from registry.selectors.cards import CARD
from registry.selectors.versions import version_by_id
from registry.services.datasets import lineage_set
from registry.storage import sha256
from tests.world import publish, rows, work

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_store")]
PLACE = {"environment": "production", "region": "eu", "arm": "main"}
MANIFEST = json.dumps({"schemaVersion": 2, "layers": []}).encode()
DECLARED = {
    "vendor": "Maker Ltd",
    "name": "Scores",
    "version": "2026-10",
    "contract": "C-17",
    "probe_set_digest": "b" * 64,
}


def client_of(world: Any) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {world.token}")
    return client


def signed(world: Any, folder: Path, name: str, data: bytes) -> bytes:
    folder.mkdir()
    (folder / name).write_bytes(data)
    return oms.sign_model(folder, keys.LocalSigner(world.private))


def opened(version: Any, *names: str) -> bool:
    return all(answer.ok for answer in evaluate(names, Context(version_by_id(version), clock.now())))


@pytest.mark.sampled
@pytest.mark.parametrize("binding", ["declared", "container"])
def test_from_the_api_to_a_warrant_by_its_digest(world: Any, tmp_path: Path, binding: str) -> None:
    client = client_of(world)
    subject = (
        {"declared": DECLARED} if binding == "declared" else {"image_digest": f"sha256:{sha256(MANIFEST)}"}
    )
    card = {field.name: f"About {field.title.lower()}." for field in CARD}
    made = client.post(
        f"/api/v1/models/{world.model.pk}/versions",
        {"binding": binding, "card": card, **subject},
        format="json",
    )
    assert made.status_code == 201, made.content
    version, digest = made.json()["id"], made.json()["subject_digest"]
    data = canonical.encode(DECLARED) if binding == "declared" else MANIFEST
    assert digest == sha256(data)
    assert opened(version, "artifact-complete")
    assert not opened(version, "signature-valid")  # the policy asks for one
    address = f"/api/v1/versions/{version}/signatures"
    other = client.post(
        address, signed(world, tmp_path / "other", "x.json", b"{}"), content_type="application/json"
    )
    assert (other.status_code, other.json()["status"]) == (201, "invalid")
    for number, name in enumerate(("subject.json", "again.json")):
        bundle = signed(world, tmp_path / f"signed{number}", name, data)
        assert client.post(address, bundle, content_type="application/json").json()["status"] == "valid"
    assert opened(version, "signature-valid", "described-as-signed", "artifact-intact")
    judged = world.dataset(rows(seed=3))
    lineage_set(actor=world.ci, version_id=version, dataset_version_id=judged.pk, role="evaluation")
    if binding == "container":
        assert not opened(version, "datasets-declared")
    for role in ("training", "reference"):
        learnt = world.dataset(rows(seed=2))
        lineage_set(actor=world.ci, version_id=version, dataset_version_id=learnt.pk, role=role)
    version_submit(actor=world["developer"], version_id=version)
    checks_request(actor=world.ci, version_id=version)
    work()
    version_start_review(actor=world["validator"], version_id=version)
    row = version_by_id(version)
    world.cover(row)
    world.decide(row, "validator", "independent-validator")
    world.decide(row, "reviewer", "risk-reviewer")
    warrant = deployment_request(actor=world["owner"], version_id=row.pk, **PLACE)
    publish()
    issue_due(actor=Actor.system("warrant-issuer"))
    warrant.refresh_from_db()
    asked = client.get("/api/v1/gate", {"digest": digest, **PLACE})
    assert asked.json()["answer"] == "pass", asked.content
    checked = warrants.check(
        warrant.document.encode(),
        trust=log.trusted_keys("warrant"),
        at=clock.now(),
        verifiers=log.verifiers(),
    )
    assert (checked.terms.subject.binding, checked.terms.subject.digest) == (binding, digest)
    key = KeyRecord.objects.get(keyid=row.signatures.filter(status="valid").first().keyid)
    key_revoke(actor=world["security"], key_id=key.pk, reason="Stolen.")
    assert gate.ask_by_digest(actor=world.ci, digest=digest, **PLACE).answer == "refused"


def test_what_is_not_declared_yet_is_not_submitted(world: Any) -> None:
    client = client_of(world)
    made = client.post(
        f"/api/v1/models/{world.model.pk}/versions",
        {"binding": "declared", "declared": DECLARED | {"contract": "", "probe_set_digest": ""}},
        format="json",
    )
    assert made.status_code == 201, made.content
    with pytest.raises(Refused) as refused:
        version_submit(actor=world["developer"], version_id=made.json()["id"])
    texts = [str(reason["text"]) for reason in refused.value.reasons if reason["gate"] == "artifact-complete"]
    assert len(texts) == 2
    assert "probe set" in texts[1]
    for wrong in ({"probe_set_digest": "x"}, {"vendor": ""}, {"more": "x"}):
        answer = client.post(
            f"/api/v1/models/{world.model.pk}/versions",
            {"binding": "declared", "declared": DECLARED | wrong},
            format="json",
        )
        assert answer.status_code == 400, wrong
