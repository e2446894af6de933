"""Keys in a PKCS#11 token, held against SoftHSM."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ledger import hsm, providers, selectors
from ledger.errors import Unavailable
from ledger.models import KeyRecord
from ledger.services import checkpoints, keys, sequencer
from modelwarrant import keys as key_formats
from modelwarrant.note import open_checkpoint
from tests.ledger.conftest import ALICE, SYSTEM, note_many

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
LACKS = [
    name
    for name, there in (
        ("python-pkcs11", hsm.pkcs11 is not None),
        ("softhsm2", MODULE.exists() and shutil.which("softhsm2-util")),
    )
    if not there
]
needs_token = pytest.mark.skipif(bool(LACKS), reason=f"not installed: {', '.join(LACKS)}")
pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def token(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, settings, home: Path
) -> Path:
    """An empty token of this test's own, and its PIN file."""
    folder = tmp_path_factory.mktemp("softhsm")
    config = folder / "softhsm2.conf"
    (folder / "tokens").mkdir()
    config.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(config))
    command = [
        "softhsm2-util",
        "--init-token",
        "--free",
        "--label",
        "test",
        "--pin",
        "1234",
        "--so-pin",
        "5678",
    ]
    subprocess.run(command, check=True, capture_output=True)
    pin = folder / "pin"
    pin.write_text("1234\n")
    pin.chmod(0o600)
    settings.PKCS11_MODULE, settings.PKCS11_TOKEN, settings.PKCS11_PIN_FILE = str(MODULE), "test", str(pin)
    hsm._library.cache_clear()
    hsm._library(str(MODULE), 0)  # a library that was loaded before has read another configuration
    hsm._library.cache_clear()
    return pin


@needs_token
@pytest.mark.parametrize(
    ("purpose", "algorithm"),
    [("warrant", "p256"), ("warrant", "p384"), ("report", "p521"), ("log", "ed25519")],
)
def test_a_key_of_the_token_signs_what_anybody_verifies(token: Path, home: Path, purpose, algorithm) -> None:
    row = keys.key_create(actor=SYSTEM, purpose=purpose, algorithm=algorithm, provider="pkcs11")
    keys.key_move(actor=SYSTEM, key_id=row.pk, move="activate")
    held = keys.signer(purpose)
    assert (row.provider, held.key_id, row.algorithm) == (
        "pkcs11",
        key_formats.key_id(held.public),
        algorithm,
    )
    for message in (b"", b"text", b"x" * 5000):
        assert key_formats.verify(held.public, held.sign(message), message)
        assert not key_formats.verify(held.public, held.sign(message), message + b".")
    assert not (home / "keys").exists()
    if purpose == "log":
        note_many(actor=ALICE, count=3)
        sequencer.integrate_all(actor=SYSTEM)
        made = checkpoints.publish(actor=SYSTEM)
        assert made
        assert open_checkpoint(bytes(made.note), selectors.verifiers())[0].size == made.size


@needs_token
def test_what_stands_in_the_way_is_named(token: Path, settings) -> None:
    row = keys.key_create(actor=SYSTEM, purpose="warrant", provider="pkcs11")
    keys.key_move(actor=SYSTEM, key_id=row.pk, move="activate")
    holder = providers.provider("pkcs11")
    with pytest.raises(Unavailable, match="holds 0 keys"):
        holder.signer("00" * 32)
    token.chmod(0o644)
    with pytest.raises(Unavailable, match="open to others"):
        keys.signer("warrant")
    token.chmod(0o600)
    token.write_text("9999")
    with pytest.raises(Unavailable, match="can't be used"):
        keys.signer("warrant")
    token.write_text("1234")
    settings.PKCS11_TOKEN = "another"
    with pytest.raises(Unavailable, match="'another' can't be used"):
        keys.signer("warrant")
    settings.PKCS11_TOKEN = "test"
    assert keys.signer("warrant").key_id == row.keyid
    holder.discard(row.keyid)
    with pytest.raises(Unavailable, match="holds 0 keys"):
        keys.signer("warrant")


def test_without_a_module_or_its_library_nothing_is_made(
    settings, monkeypatch: pytest.MonkeyPatch, home
) -> None:
    with pytest.raises(Unavailable, match="no key provider 'pkcs11'"):
        keys.key_create(actor=SYSTEM, purpose="warrant", provider="pkcs11")
    settings.PKCS11_MODULE, settings.PKCS11_PIN_FILE = "/nowhere.so", "/nowhere"
    monkeypatch.setattr(hsm, "pkcs11", None)
    with pytest.raises(Unavailable, match="isn't installed"):
        keys.key_create(actor=SYSTEM, purpose="warrant", provider="pkcs11")
    assert not KeyRecord.objects.exists()
