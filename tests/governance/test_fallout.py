"""A key is revoked: what counts is when the log received a signature, and what rested on the key comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from governance.models import Warrant
from governance.selectors.warrants import received_at
from governance.services import fallout, gate
from governance.services.deployments import deployment_request
from governance.services.warrants import issue_due
from ledger import selectors as log
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid
from ledger.models import Entry, KeyRecord, OutboxMessage
from ledger.services import outbox
from ledger.services.audit import ledger_audit
from modelwarrant import keys, oms
from monitoring.models import Incident
from people.models import Notice
from people.services.keys import key_confirm, key_import_request, key_request, key_revoke, resting
from registry import storage
from registry.models import Signature, SignatureStatus
from registry.selectors import signatures
from registry.selectors.signatures import BUNDLE_LIMIT, judge, stored_files
from registry.selectors.versions import files, version_by_id
from registry.services.signatures import signature_add
from tests.world import publish

PLACE = {"environment": "production", "region": "eu", "arm": "main"}
OUTBOX = Actor.system("outbox")
pytestmark = pytest.mark.slow


def warranted(world: Any) -> tuple[Any, Warrant]:
    version = world.approved()
    warrant = deployment_request(actor=world["owner"], version_id=version.pk, **PLACE)
    publish()
    issue_due(actor=Actor.system("warrant-issuer"))
    publish()
    assert asked(world, version).answer == "pass"
    return version, warrant


def asked(world: Any, version: Any) -> gate.Reply:
    return gate.ask(actor=world.ci, version_id=version.pk, **PLACE)


def codes(reply: gate.Reply) -> set[str]:
    return {reason["code"] for reason in reply.reasons}


def key_of(purpose: str) -> KeyRecord:
    return KeyRecord.objects.get(purpose=purpose, state="active")


def place(version: Any) -> int:
    entry = log.first_entry("signature", version.signatures.get().pk)
    assert entry
    leaf = log.place_of(entry.pk)
    assert leaf
    return leaf.index


def deliver() -> int:
    return outbox.deliver_due(actor=OUTBOX)


def test_a_compromised_model_key_takes_its_versions_back_into_review_until_another_signs(
    world: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    version, warrant = warranted(world)
    draft = world.draft(weights=b"others")
    key = key_of("model")
    assert resting(key) == [("approved versions", 1), ("other open versions", 1)]
    key_revoke(actor=world["security"], key_id=key.pk, reason="The laptop was stolen.")
    # the gate doesn't wait for the walk
    assert (asked(world, version).answer, codes(asked(world, version))) == ("refused", {"signature-invalid"})
    assert version_by_id(version.pk).state == "approved"
    monkeypatch.setattr(fallout, "BATCH", 1)
    while deliver():
        pass
    assert OutboxMessage.objects.filter(channel=fallout.CHANNEL, state="done").count() == 3
    assert version_by_id(version.pk).state == "review"
    warrant.refresh_from_db()
    assert (warrant.state, warrant.void_ground) == ("void", "key-revoked")
    assert {row.version_id for row in Incident.objects.filter(cause="key-revoked")} == {version.pk, draft.pk}
    assert Notice.objects.filter(recipient=world.users["owner"], text__contains="revoked key").count() == 2
    assert fallout.version_settle(actor=fallout.ACTOR, version_id=version.pk, key_id=key.pk)
    assert Incident.objects.filter(cause="key-revoked").count() == 2  # walked twice, told once

    bundle = storage.read(version.signatures.get().bundle_id, limit=BUNDLE_LIMIT)
    again = signature_add(actor=world.ci, version_id=version.pk, bundle=bundle)
    assert (again.status, again.detail) == (SignatureStatus.INVALID, "The key is revoked.")
    from_new = resign(world, version, tmp_path)
    assert from_new.status == SignatureStatus.VALID
    world.hand_in(version_by_id(version.pk))  # a new round asks its questions anew
    for who, seat in (("validator", "independent-validator"), ("reviewer", "risk-reviewer")):
        world.decide(version, who, seat)
    assert version_by_id(version.pk).state == "approved"
    deployment_request(actor=world["owner"], version_id=version.pk, **PLACE)
    publish()
    issue_due(actor=Actor.system("warrant-issuer"))
    assert asked(world, version).answer == "pass"
    publish()
    run = ledger_audit(actor=Actor.system("ledger-audit"))
    assert (run.verdict, run.faults) == ("ok", ())
    assert b"laptop" not in b"".join(bytes(entry.bytes) for entry in Entry.objects.all())


def resign(world: Any, version: Any, folder: Path) -> Signature:
    """Sign the stored files with a new key that two operators trusted."""
    root = folder / "model"
    root.mkdir()
    for row in files(version.pk):
        (root / row.path).write_bytes(storage.read(row.blob_id, limit=BUNDLE_LIMIT))
    private = keys.generate("p256")
    named = key_import_request(
        actor=world["one"], purpose="model", public_pem=keys.dump_public(private.public_key()), label="ci 2"
    )
    key_confirm(actor=world["two"], key_id=named.pk)
    bundle = oms.sign_model(root, keys.LocalSigner(private))
    return signature_add(actor=world.ci, version_id=version.pk, bundle=bundle)


@pytest.mark.once
def test_what_the_log_received_before_the_place_stays_good_whatever_its_date(world: Any) -> None:
    version, _ = warranted(world)
    key, index = key_of("model"), place(version)
    with pytest.raises(Invalid) as late:
        key_revoke(actor=world["security"], key_id=key.pk, revoked_from=Entry.objects.count() + 5)
    assert late.value.field == "revoked_from"
    key_revoke(actor=world["security"], key_id=key.pk, revoked_from=index + 1)
    while deliver():
        pass
    assert asked(world, version).answer == "pass"
    assert version_by_id(version.pk).state == "approved"
    assert not Incident.objects.exists()
    row = version.signatures.get()
    bundle, stored = storage.read(row.bundle_id, limit=BUNDLE_LIMIT), stored_files(version)
    early, now = row.checked_at, timezone.now()
    number = log.current_log().number  # type: ignore[union-attr]
    for at, recorded, status in (
        (early, (number, index), SignatureStatus.VALID),
        (early, (number, index + 1), SignatureStatus.INVALID),
        (early, None, SignatureStatus.INVALID),  # a thief may write any date
        (now, (number, index), SignatureStatus.INVALID),  # the key had ended
    ):
        assert judge(bundle, stored, at=at, recorded=recorded).status == status, (at, recorded)


@pytest.mark.once
def test_from_the_very_place_on_nothing_counts(world: Any) -> None:
    version = world.draft()
    publish()
    key_revoke(actor=world["security"], key_id=key_of("model").pk, revoked_from=place(version))
    assert signatures.standing(version).detail == "The key is revoked."


def test_a_warrant_counts_by_the_place_of_its_signature(world: Any) -> None:
    version, warrant = warranted(world)
    key = key_of("warrant")
    warrant.refresh_from_db()
    received = received_at(warrant)
    assert received
    spare = key_request(actor=world["one"], purpose="warrant", label="next")
    key_confirm(actor=world["two"], key_id=spare.pk)
    assert resting(key) == [("warrants issued", 1)]
    key_revoke(actor=world["security"], key_id=key.pk, revoked_from=received[1] + 1)
    assert deliver() == 1
    assert asked(world, version).answer == "pass"
    with pytest.raises(Conflict):
        key_revoke(actor=world["security"], key_id=key.pk)


@pytest.mark.once
def test_a_warrant_signed_too_late_is_void_and_a_new_one_is_a_request_away(world: Any) -> None:
    version, warrant = warranted(world)
    spare = key_request(actor=world["one"], purpose="warrant", label="next")
    old = KeyRecord.objects.exclude(pk=spare.pk).get(purpose="warrant")
    key_confirm(actor=world["two"], key_id=spare.pk)
    key_revoke(actor=world["security"], key_id=old.pk, revoked_from=0)
    assert codes(asked(world, version)) == {"warrant-unverified"}
    assert deliver() == 1
    warrant.refresh_from_db()
    assert (warrant.state, warrant.void_ground) == ("void", "key-revoked")
    assert version_by_id(version.pk).state == "approved"
    deployment_request(actor=world["owner"], version_id=version.pk, **PLACE)
    publish()
    issue_due(actor=Actor.system("warrant-issuer"))
    assert asked(world, version).answer == "pass"


def test_a_log_key_ends_no_warrant_that_the_log_still_bears(world: Any) -> None:
    version, _ = warranted(world)
    old = key_of("log")
    spare = key_request(actor=world["one"], purpose="log", label="next")
    key_confirm(actor=world["two"], key_id=spare.pk)
    assert resting(old)[0][1] > 0
    key_revoke(actor=world["security"], key_id=old.pk, reason="It lay on a share.")
    # until a trusted key has signed for it, nothing shows the grant
    assert codes(asked(world, version)) == {"warrant-unverified"}
    publish()
    assert asked(world, version).answer == "pass"
    assert deliver() == 0
    newest = log.latest_checkpoint()
    assert newest
    assert newest.keyid == spare.keyid
    run = ledger_audit(actor=Actor.system("ledger-audit"))
    assert (run.verdict, run.faults) == ("ok", ())
    key_revoke(actor=world["security"], key_id=spare.pk)
    publish()  # nobody can sign: told in the worker's log and by /readyz, not by an answer of the gate
    assert asked(world, version).answer == "refused"
