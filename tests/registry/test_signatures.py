"""What a signature is worth: each failing has its own word, and nothing of another subject counts (AR-15, CI-04)."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from ledger.models import KeyRecord
from ledger.services import keys as ledger_keys
from modelwarrant import bundle as bundles
from modelwarrant import envelope, keys, oms
from registry.models import Signature, SignatureStatus, Version
from registry.selectors import signatures as selected
from registry.services import signatures
from tests.registry.world import ROOT_ACTOR, World, make_model_key

pytestmark = [pytest.mark.django_db, pytest.mark.once]
FILES = {"weights.bin": b"weights", "config.json": b"{}"}


def folder(tmp_path: Path, files: dict[str, bytes] = FILES) -> Path:
    made = tmp_path / f"model-{len(list(tmp_path.iterdir()))}"
    made.mkdir()
    for name, data in files.items():
        (made / name).write_bytes(data)
    return made


@pytest.fixture
def version(world: World) -> Version:
    made = world.version()
    world.attach(made, FILES)
    return made


def give(world: World, version: Version, data: bytes) -> Signature:
    return signatures.signature_add(actor=world.developer, version_id=version.pk, bundle=data)


def standing(version: Version) -> SignatureStatus:
    return selected.standing(Version.objects.get(pk=version.pk)).status


def test_a_key_nobody_confirmed_proves_nothing(world: World, version: Version, tmp_path: Path):
    given = give(world, version, oms.sign_model(folder(tmp_path), keys.LocalSigner(keys.generate("p256"))))
    assert given.status == SignatureStatus.CANNOT_BE_CHECKED
    assert "key" in given.detail
    assert not Version.objects.get(pk=version.pk).subject_digest


def test_a_key_for_something_else_proves_nothing(world: World, version: Version, tmp_path: Path):
    private = keys.generate("p256")
    pem = keys.dump_public(private.public_key())
    record = ledger_keys.key_import(actor=ROOT_ACTOR, purpose="report", public_pem=pem, label="reports")
    ledger_keys.key_move(actor=ROOT_ACTOR, key_id=record.pk, move="activate")
    assert (
        give(world, version, oms.sign_model(folder(tmp_path), keys.LocalSigner(private))).status
        == "cannot-be-checked"
    )


def test_a_key_that_isnt_active_yet_proves_nothing(world: World, version: Version, tmp_path: Path):
    private = keys.generate("p256")
    pem = keys.dump_public(private.public_key())
    ledger_keys.key_import(actor=ROOT_ACTOR, purpose="model", public_pem=pem, label="new")
    assert (
        give(world, version, oms.sign_model(folder(tmp_path), keys.LocalSigner(private))).status
        == "cannot-be-checked"
    )


def test_a_retired_key_signs_nothing_new(world: World, version: Version, model_key: Any, tmp_path: Path):
    record = KeyRecord.objects.get(purpose="model")
    ledger_keys.key_move(actor=ROOT_ACTOR, key_id=record.pk, move="retire")
    given = give(world, version, oms.sign_model(folder(tmp_path), keys.LocalSigner(model_key)))
    assert given.status in (SignatureStatus.INVALID, SignatureStatus.CANNOT_BE_CHECKED)
    assert standing(version) != SignatureStatus.VALID


def test_one_bad_signature_beside_a_good_one_neither_helps_nor_hurts(
    world: World, version: Version, model_key: Any, tmp_path: Path
):
    good = oms.sign_model(folder(tmp_path), keys.LocalSigner(model_key))
    other = oms.sign_model(folder(tmp_path, {**FILES, "config.json": b"[]"}), keys.LocalSigner(model_key))
    assert give(world, version, other).status == SignatureStatus.INVALID
    assert standing(version) == SignatureStatus.INVALID
    assert give(world, version, good).status == SignatureStatus.VALID
    assert standing(version) == SignatureStatus.VALID
    assert list(Signature.objects.order_by("checked_at").values_list("status", flat=True)) == [
        "invalid",
        "valid",
    ]


def test_a_payload_printed_prettily_after_signing_is_another_payload(
    world: World, version: Version, model_key: Any, tmp_path: Path
):
    value = json.loads(oms.sign_model(folder(tmp_path), keys.LocalSigner(model_key)))
    sealed = value["dsseEnvelope"]
    pretty = json.dumps(json.loads(envelope.unbase64(sealed["payload"], "payload")), indent=2).encode()
    sealed["payload"] = base64.b64encode(pretty).decode()
    given = give(world, version, json.dumps(value).encode())
    assert given.status == SignatureStatus.INVALID


def test_a_bundle_with_two_signatures_is_not_guessed_at(
    world: World, version: Version, model_key: Any, tmp_path: Path
):
    value = json.loads(oms.sign_model(folder(tmp_path), keys.LocalSigner(model_key)))
    sealed = value["dsseEnvelope"]
    sealed["signatures"].append({**sealed["signatures"][0], "sig": "AAAA"})
    given = give(world, version, json.dumps(value).encode())
    assert given.status != SignatureStatus.VALID


def test_the_signature_of_another_version_is_a_mismatch_by_name(world: World, model_key: Any, tmp_path: Path):
    """CI-04: right signer, another subject; and right subject, another signer."""
    first, second = world.version(), world.version()
    world.attach(first, FILES)
    world.attach(second, {**FILES, "weights.bin": b"other weights"})
    data = oms.sign_model(folder(tmp_path), keys.LocalSigner(model_key))
    assert give(world, first, data).status == SignatureStatus.VALID
    crossed = give(world, second, data)
    assert crossed.status == SignatureStatus.INVALID
    assert crossed.detail.startswith("Subject mismatch: ")
    assert "weights.bin" in crossed.detail
    assert standing(second) == SignatureStatus.INVALID
    assert not Version.objects.get(pk=second.pk).subject_digest
    ours = bundles.read(data).payload_digest
    stranger = oms.sign_model(folder(tmp_path), keys.LocalSigner(keys.generate("p256")), name="model-0")
    assert bundles.read(stranger).payload_digest == ours
    assert give(world, first, stranger).status == SignatureStatus.CANNOT_BE_CHECKED


def test_a_signature_moved_to_another_version_in_the_database_counts_nowhere(
    world: World, model_key: Any, tmp_path: Path
):
    """CI-04 by SQL: the row is moved, and its subject with it."""
    first, second = world.version(), world.version()
    world.attach(first, FILES)
    world.attach(second, {**FILES, "weights.bin": b"other weights"})
    give(world, first, oms.sign_model(folder(tmp_path), keys.LocalSigner(model_key)))
    subject = Version.objects.get(pk=first.pk).subject_digest
    Signature.objects.update(version=second)
    Version.objects.filter(pk=second.pk).update(subject_digest=subject)
    assert standing(second) == SignatureStatus.INVALID


def test_a_second_key_may_sign_the_same_payload(
    world: World, version: Version, model_key: Any, tmp_path: Path
):
    place = folder(tmp_path)
    other = make_model_key()
    assert (
        give(world, version, oms.sign_model(place, keys.LocalSigner(model_key))).status
        == SignatureStatus.VALID
    )
    assert (
        give(world, version, oms.sign_model(place, keys.LocalSigner(other))).status == SignatureStatus.VALID
    )
