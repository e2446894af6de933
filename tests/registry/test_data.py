"""Datasets, lineage, signatures and deployments."""

from __future__ import annotations

import pytest

from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotAllowed, NotThere, Refused
from ledger.services import audit
from ledger.services import keys as ledger_keys
from modelwarrant import keys, oms
from registry import storage
from registry.machines import VERSION
from registry.models import DeploymentReport, Signature, Version
from registry.selectors import signatures as judged
from registry.selectors import versions as stand
from registry.selectors.graph import lineage_graph
from registry.services import artifacts, datasets, deployments, models, signatures, versions
from registry.signals import deployment_reporting
from tests.registry.world import CARD, ROOT_ACTOR, World, make_world, person

pytestmark = pytest.mark.django_db

CSV = b"age,sex,target\n40,1,0\n50,2,1\n"
SCHEMA = {
    "columns": [
        {"name": "age", "dtype": "integer", "min": 0, "max": 120},
        {"name": "sex", "dtype": "integer", "role": "sensitive", "allowed": [1, 2]},
        {"name": "target", "dtype": "integer", "role": "label", "positive": 1},
    ]
}


def dataset_version(world: World, by: Actor | None = None, **given):
    actor = by or world.developer
    slug = f"study-{datasets.Dataset.objects.count()}"
    dataset = datasets.dataset_register(
        actor=actor, system_id=world.system.pk, slug=slug, name=slug, source="Study of 2004"
    )
    upload = world.upload(CSV, name="study.csv", purpose="dataset", by=actor)
    fields = {
        "media_type": "text/csv",
        "rows": 2,
        "schema": SCHEMA,
        "sensitive": ["sex"],
        "label_column": "target",
    }
    return datasets.dataset_version_register(
        actor=actor, dataset_id=dataset.pk, upload_id=upload.pk, **(fields | given)
    )


def test_a_dataset_version_has_the_digest_of_its_bytes_and_moves(world: World):
    row = dataset_version(world)
    assert (row.number, row.digest, row.state) == (1, storage.sha256(CSV), "registered")
    accepted = datasets.dataset_version_move(
        actor=Actor.system("checks-worker"), dataset_version_id=row.pk, move="accept", profile={"rows": 2}
    )
    assert accepted.state == "accepted"
    assert audit.row_faults(accepted) == []
    with pytest.raises(Conflict):
        datasets.dataset_version_move(
            actor=Actor.system("checks-worker"), dataset_version_id=row.pk, move="refuse", faults=[{"a": "b"}]
        )


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"schema": {}}, "schema"),
        ({"schema": {"columns": []}}, "schema"),
        ({"schema": {"columns": [{"name": "a", "dtype": "float64"}]}}, "schema"),
        ({"schema": {"columns": [{"name": "a", "dtype": "text", "min": 1}]}}, "schema"),
        ({"schema": {"columns": [{"name": "a", "dtype": "number", "min": 2, "max": 1}]}}, "schema"),
        ({"schema": {"columns": [{"name": "a", "dtype": "text"}] * 2}}, "schema"),
        ({"label_column": "outcome"}, "label_column"),
        ({"prediction_column": "target"}, "label_column"),
        ({"sensitive": ["race"]}, "sensitive"),
        ({"rows": -1}, "rows"),
        ({"media_type": "application/x-pickle"}, "media_type"),
    ],
)
def test_a_bad_contract_names_its_field(world: World, given, field):
    with pytest.raises(Invalid) as invalid:
        dataset_version(world, **given)
    assert invalid.value.field == field


def test_who_made_training_data_took_part_and_who_made_evaluation_data_did_not(world: World):
    maker, validator = person("developer"), person("independent-validator")
    training, evaluation = dataset_version(world, by=maker), dataset_version(world, by=validator)
    version = world.version()
    for data, role in ((training, "training"), (evaluation, "evaluation")):
        datasets.lineage_set(
            actor=world.developer, version_id=version.pk, dataset_version_id=data.pk, role=role
        )
    assert stand.contributors(version.pk) == {world.developer.id, maker.id}
    graph = lineage_graph(version)
    assert {node.id for node in graph.nodes} == {str(version.pk), str(training.pk), str(evaluation.pk)}
    assert {edge.label for edge in graph.edges} == {"training", "evaluation"}


def test_data_of_another_system_is_not_there(world: World):
    other = make_world("other")
    foreign = dataset_version(other)
    with pytest.raises(NotThere):
        datasets.lineage_set(
            actor=world.developer,
            version_id=world.version().pk,
            dataset_version_id=foreign.pk,
            role="training",
        )


def signed(world: World, tmp_path, key, files=None):
    """A version with files, and the directory they come from."""
    version = world.version(card=CARD)
    files = files or {"model.bin": b"weights", "config.json": b"{}"}
    world.attach(version, files)
    for path, data in files.items():
        (tmp_path / path).write_bytes(data)
    return version, world.sign(version, tmp_path, key)


def test_a_valid_signature_makes_the_signed_payload_the_subject(world: World, model_key, tmp_path):
    version, signature = signed(world, tmp_path, model_key)
    version.refresh_from_db()
    assert (signature.status, version.subject_digest) == ("valid", signature.subject_digest)
    standing = judged.standing(version)
    assert standing.valid
    verified = oms.verify_model(
        tmp_path,
        storage.read(signature.bundle_id, limit=10**6),
        [keys.TrustedKey(model_key.public_key())],
    )
    assert (verified.payload_digest, verified.manifest_digest) == (
        standing.payload_digest,
        standing.manifest_digest,
    )


def test_a_signature_for_other_bytes_is_never_shown_as_verified(world: World, model_key, tmp_path):
    version, _ = signed(world, tmp_path, model_key)
    other = world.version()
    world.attach(other, {"model.bin": b"other weights", "config.json": b"{}"})
    mismatch = world.sign(other, tmp_path, model_key)
    assert (mismatch.status, "mismatch" in mismatch.detail) == ("invalid", True)
    other.refresh_from_db()
    assert other.subject_digest == ""
    world.attach(version, {"more.bin": b"added after signing"})
    version.refresh_from_db()
    assert (version.subject_digest, judged.standing(version).status) == ("", "invalid")
    assert Signature.objects.filter(version=version).get().status == "valid"  # what it was worth on that day


def test_unknown_keys_broken_bundles_and_revoked_keys_have_their_own_words(world: World, model_key, tmp_path):
    version, stranger = signed(world, tmp_path, keys.generate("p256"))
    assert stranger.status == "cannot-be-checked"
    broken = signatures.signature_add(actor=world.developer, version_id=version.pk, bundle=b"{}")
    assert broken.status == "invalid"
    assert world.sign(version, tmp_path, model_key).status == "valid"
    version.refresh_from_db()
    assert judged.standing(version).valid
    record = ledger_keys.KeyRecord.objects.get(purpose="model")
    ledger_keys.key_move(actor=ROOT_ACTOR, key_id=record.pk, move="revoke")
    assert judged.standing(version).status == "invalid"


def test_a_signature_status_set_by_hand_opens_nothing(world: World, tmp_path):
    version, signature = signed(world, tmp_path, keys.generate("p256"))
    Signature.objects.filter(pk=signature.pk).update(status="valid")
    Version.objects.filter(pk=version.pk).update(subject_digest=signature.subject_digest)
    version.refresh_from_db()
    assert not judged.standing(version).valid


def approved(world: World, tmp_path, key) -> Version:
    version, _ = signed(world, tmp_path, key)
    for actor, move in (
        (world.developer, "submit"),
        (person("independent-validator"), "start-review"),
        (person("risk-reviewer"), "approve"),
    ):
        version.refresh_from_db()
        answers = dict.fromkeys(VERSION.move(version.state, move).gates, True)
        version = versions.version_apply_move(actor=actor, version_id=version.pk, move=move, answers=answers)
    return version


PLACE = {"environment": "production", "region": "eu", "arm": "main"}


@pytest.fixture
def silent(monkeypatch):
    """Nobody answers for warrants but the test."""
    monkeypatch.setattr(deployment_reporting, "receivers", [])
    deployment_reporting.sender_receivers_cache.clear()
    yield deployment_reporting
    deployment_reporting.sender_receivers_cache.clear()


def test_a_report_moves_what_a_warrant_allows(world: World, model_key, tmp_path, silent):
    version = approved(world, tmp_path, model_key)
    asked = deployments.deployment_request(actor=world.owner, version_id=version.pk, **PLACE)
    assert deployments.deployment_request(actor=world.owner, version_id=version.pk, **PLACE).pk == asked.pk
    with pytest.raises(Refused):
        deployments.deployment_apply_move(
            actor=world.owner, deployment_id=asked.pk, move="warrant", answers={}
        )
    deployments.deployment_apply_move(
        actor=world.owner, deployment_id=asked.pk, move="warrant", answers={"warrant-issued": True}
    )
    serving = person("ci")
    told = {"slot_id": asked.slot_id, "digest": version.subject_digest, "state": "live"}
    unheard = deployments.deployment_report(actor=serving, **told)
    assert unheard.unexpected  # nobody vouches for a warrant

    def vouch(**_):
        return []

    silent.connect(vouch)
    report = deployments.deployment_report(actor=serving, **told)
    asked.refresh_from_db()
    assert (report.unexpected, asked.state, asked.reported_digest) == (False, "live", version.subject_digest)
    assert audit.row_faults(asked) == []
    assert audit.row_faults(report) == []


def test_what_nothing_allows_is_recorded_as_unexpected(world: World, model_key, tmp_path, silent):
    version = approved(world, tmp_path, model_key)
    draft, _ = signed(world, tmp_path, model_key, {"model.bin": b"draft", "config.json": b"{}"})
    other = make_world("other")
    serving = person("ci")
    slot = models.slot_register(actor=world.owner, model_id=world.model.pk, **PLACE)
    foreign = models.slot_register(actor=other.owner, model_id=other.model.pk, **PLACE)
    draft.refresh_from_db()
    for where, digest, code in (
        (slot, "f" * 64, "unknown-digest"),
        (slot, version.subject_digest, "no-deployment"),
        (slot, draft.subject_digest, "version-state"),
        (foreign, version.subject_digest, "other-model"),
    ):
        report = deployments.deployment_report(actor=serving, slot_id=where.pk, digest=digest, state="live")
        assert report.unexpected
        assert code in [reason["code"] for reason in report.reasons]
    with pytest.raises(Invalid):
        deployments.deployment_report(actor=serving, slot_id=slot.pk, digest="latest", state="live")
    with pytest.raises(NotAllowed):
        deployments.deployment_report(actor=world.developer, slot_id=slot.pk, digest="a" * 64, state="live")
    assert DeploymentReport.objects.count() == 4


def test_restricted_versions_get_no_new_deployment(world: World, model_key, tmp_path):
    version = approved(world, tmp_path, model_key)
    versions.version_apply_move(
        actor=person("risk-reviewer"), version_id=version.pk, move="restrict", answers={}
    )
    with pytest.raises(Refused):
        deployments.deployment_request(actor=world.owner, version_id=version.pk, **PLACE)


def test_everything_replays_after_the_journey(world: World, model_key, tmp_path):
    version = approved(world, tmp_path, model_key)
    deployments.deployment_request(actor=world.owner, version_id=version.pk, **PLACE)
    dataset_version(world)
    artifacts.artifact_rehash(actor=world.owner, version_id=version.pk)
    run = audit.ledger_audit(actor=Actor.system("self-audit"))
    assert [finding.text() for finding in run.faults] == []
