from __future__ import annotations

from pathlib import Path

import pytest

from ledger import machines, selectors
from ledger.errors import Conflict, Invalid, NotThere, Unavailable
from ledger.models import Entry, KeyRecord
from ledger.providers import FileProvider
from ledger.services import keys
from modelwarrant import keys as key_formats
from tests.ledger.conftest import SYSTEM

pytestmark = pytest.mark.django_db


def active(purpose: str) -> KeyRecord:
    row = keys.key_create(actor=SYSTEM, purpose=purpose)
    return keys.key_move(actor=SYSTEM, key_id=row.pk, move="activate")


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("purpose", "algorithm"), [("log", "ed25519"), ("warrant", "p256"), ("report", "p256")]
)
def test_an_active_key_signs_and_its_private_half_is_nobody_elses(home: Path, purpose, algorithm):
    row = keys.key_create(actor=SYSTEM, purpose=purpose)
    assert (row.state, row.algorithm) == ("requested", algorithm)
    with pytest.raises(Unavailable, match="no active"):
        keys.signer(purpose)
    row = keys.key_move(actor=SYSTEM, key_id=row.pk, move="activate")
    held = keys.signer(purpose)
    assert held.key_id == row.keyid == key_formats.key_id(held.public)
    assert key_formats.verify(held.public, held.sign(b"text"), b"text")
    assert row.not_before is not None
    file = home / "keys" / f"{row.keyid}.pem"
    assert b"ENCRYPTED" in file.read_bytes()
    assert [oct(path.stat().st_mode)[-3:] for path in (file, file.parent, file.with_name("secret"))] == [
        "600",
        "700",
        "600",
    ]
    everything = b"".join(bytes(entry.bytes) for entry in Entry.objects.all())
    assert b"PRIVATE" not in everything


@pytest.mark.sampled
@pytest.mark.parametrize("which", ["file", "folder", "secret"])
def test_a_key_that_others_can_read_signs_nothing(home: Path, which):
    row = active("warrant")
    path = {"file": home / f"keys/{row.keyid}.pem", "folder": home / "keys", "secret": home / "keys/secret"}[
        which
    ]
    path.chmod(0o755)
    with pytest.raises(Unavailable, match="open to others"):
        keys.signer("warrant")


@pytest.mark.once
def test_a_lost_key_or_a_wrong_secret_is_named(home: Path, tmp_path):
    row = active("warrant")
    secret = tmp_path / "other-secret"
    secret.write_text("another")
    secret.chmod(0o600)
    with pytest.raises(Unavailable, match="wrong passphrase"):
        FileProvider(home / "keys", secret).signer(row.keyid)
    (home / f"keys/{row.keyid}.pem").unlink()
    with pytest.raises(Unavailable, match="is not in"):
        keys.signer("warrant")
    with pytest.raises(Unavailable, match="hexadecimal"):
        FileProvider(home / "keys").signer("../../etc/passwd")


def test_the_newest_active_key_signs_and_retired_ones_stay_trusted(home):
    first, second = active("warrant"), active("warrant")
    assert keys.signer("warrant").record == second
    keys.key_move(actor=SYSTEM, key_id=second.pk, move="retire")
    assert keys.signer("warrant").record == first
    trusted = {key.id: key for key in selectors.trusted_keys("warrant")}
    assert trusted[first.keyid].not_after is None
    assert trusted[second.keyid].not_after is not None
    revoked = keys.key_move(actor=SYSTEM, key_id=first.pk, move="revoke", revoked_from=4)
    assert revoked.revoked_from == 4
    assert first.keyid not in {key.id for key in selectors.trusted_keys("warrant")}


def test_moves_follow_the_table(home):
    row = active("warrant")
    with pytest.raises(Conflict, match="not possible"):
        keys.key_move(actor=SYSTEM, key_id=row.pk, move="activate")
    with pytest.raises(Invalid):
        keys.key_move(actor=SYSTEM, key_id=row.pk, move="retire", revoked_from=1)
    with pytest.raises(NotThere):
        keys.key_move(actor=SYSTEM, key_id="00000000-0000-4000-8000-000000000000", move="retire")
    assert not machines.KEY.faults(
        permissions={"people.key.confirm", "people.key.revoke"},
        gates=(),
        events={"ledger.key_moved"},
        not_by={"requester"},
    )


def test_public_keys_are_imported_and_weak_or_private_ones_are_not(home):
    private = key_formats.generate("p256")
    pem = key_formats.dump_public(private.public_key())
    row = keys.key_import(actor=SYSTEM, purpose="model", public_pem=pem, label="CI")
    assert (row.state, row.provider) == ("requested", "")
    with pytest.raises(Conflict):
        keys.key_import(actor=SYSTEM, purpose="model", public_pem=pem)
    for wrong in (b"nonsense", key_formats.dump_private(private, None)):
        with pytest.raises(Invalid) as caught:
            keys.key_import(actor=SYSTEM, purpose="model", public_pem=wrong)
        assert caught.value.field == "public_pem"
    with pytest.raises(Invalid, match="ed25519"):
        keys.key_import(actor=SYSTEM, purpose="log", public_pem=pem)
    with pytest.raises(Invalid, match="one of"):
        keys.key_create(actor=SYSTEM, purpose="door")


@pytest.mark.once
def test_a_web_process_makes_no_key(home, settings):
    settings.LEDGER_HOLDS_KEYS = False
    with pytest.raises(Unavailable, match="holds no keys"):
        keys.key_create(actor=SYSTEM, purpose="log")
    assert not (home / "keys").exists()


def test_a_key_has_one_purpose(home):
    pem = key_formats.dump_public(key_formats.generate("p256").public_key())
    first = keys.key_import(actor=SYSTEM, purpose="model", public_pem=pem)
    with pytest.raises(Conflict, match="known as a model key"):
        keys.key_import(actor=SYSTEM, purpose="warrant", public_pem=pem)
    keys.key_move(actor=SYSTEM, key_id=first.pk, move="revoke")
    with pytest.raises(Conflict, match="known as a model key"):
        keys.key_import(actor=SYSTEM, purpose="report", public_pem=pem)
    own = active("warrant")
    with pytest.raises(Conflict, match="known as a warrant key"):
        keys.key_import(actor=SYSTEM, purpose="model", public_pem=own.public.encode())


def test_two_requests_at_once_for_one_key_are_not_both_trusted(home, monkeypatch):
    pem = key_formats.dump_public(key_formats.generate("p256").public_key())
    first = keys.key_import(actor=SYSTEM, purpose="model", public_pem=pem)
    second = keys.key_import(
        actor=SYSTEM,
        purpose="warrant",
        public_pem=key_formats.dump_public(key_formats.generate("p256").public_key()),
    )
    # what the second would have written, had it not seen the first
    KeyRecord.objects.filter(pk=second.pk).update(keyid=first.keyid, public=first.public)
    keys.key_move(actor=SYSTEM, key_id=first.pk, move="activate")
    with pytest.raises(Conflict, match="another purpose"):
        keys.key_move(actor=SYSTEM, key_id=second.pk, move="activate")
