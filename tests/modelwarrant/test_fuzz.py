"""Every parser of bytes from outside, on noise and on sound input that was cut, doubled, moved and flipped.

What is read at all is read in its only form: encoding it again gives the same bytes. Everything else is a named fault,
and nothing that was touched counts as signed.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarrant import bundle, canonical, description, entry, keys, note, oms, proof, quorum, tiles
from modelwarrant.errors import CannotCheck, Fault

EXAMPLES = 5_000 if "SOAK_SECONDS" in os.environ else 50
LOG = note.Signer.from_private_key("log.example/x", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
ROOT = bytes(range(32))
CHECKPOINT = note.Checkpoint("log.example/x", 7, ROOT, ("chain " + note.encode_base64(ROOT), "time 1"))
NOTE = note.sign_note(CHECKPOINT.text(), [LOG])
POLICY = f"log {LOG.verifier.vkey}\nquorum none\n".encode()
ENTRY = canonical.encode(
    {
        "actor": {"id": "p-1", "kind": "user", "via": "web"},
        "at": "2026-01-02T03:04:05.678901Z",
        "data": {"n": 1},
        "ev": 1,
        "event": "a.b",
        "hidden": {},
        "id": "00000000-0000-4000-8000-000000000000",
        "log": "log.example/x",
        "set": {"state": "x"},
        "subject": {"id": "s", "kind": "thing"},
        "v": 1,
    }
)


@st.composite
def mangled(draw: Any, sound: bytes) -> bytes:
    """Sound bytes after some mishaps; now and then noise, or the sound bytes themselves."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=80))
    data = bytearray(sound)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        count = draw(st.integers(1, 12))
        piece = data[at : at + count]
        match draw(st.sampled_from(["flip", "cut", "insert", "double", "move", "end"])):
            case "flip" if data:
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del data[at : at + count]
            case "insert":
                data[at:at] = draw(st.binary(min_size=1, max_size=count))
            case "double":
                data[at:at] = piece
            case "move":
                del data[at : at + count]
                data += piece
            case "end":
                del data[at:]
    return bytes(data)


def signed_note(data: bytes) -> bytes:
    text, signatures = note.split_note(data)
    lines = (
        f"\u2014 {line.name} {note.encode_base64(line.key_id + line.signature)}\n" for line in signatures
    )
    return f"{text}\n{''.join(lines)}".encode()


def parsed_entry(data: bytes) -> bytes:
    found = entry.parse(data)
    return found.entry.encode() if found.entry else canonical.encode(found.raw)


def described(data: bytes) -> bytes:
    found = description.read(data)
    return description.build(found.card, found.components)


READERS: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "entry bundle": (
        tiles.encode_bundle([b"one", b"", b"three" * 20]),
        lambda data: tiles.encode_bundle(tiles.decode_bundle(data)),
    ),
    "hash tile": (ROOT * 5, lambda data: b"".join(tiles.split_hashes(data))),
    "checkpoint": (
        CHECKPOINT.text().encode(),
        lambda data: note.parse_checkpoint(data.decode()).text().encode(),
    ),
    "note": (NOTE, signed_note),
    "proof": (proof.make(3, [ROOT, ROOT[::-1]], NOTE), lambda data: proof.parse(data).encode()),
    "entry": (ENTRY, parsed_entry),
    "description": (description.build({"a": "b"}, [description.Component("code", "x")]), described),
}


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
@settings(max_examples=EXAMPLES, deadline=None)
def test_what_is_read_has_one_form(name: str, data: Any) -> None:
    sound, again = READERS[name]
    assert again(sound) == sound
    mangled_bytes = data.draw(mangled(sound))
    with contextlib.suppress(Fault, UnicodeDecodeError):
        assert again(mangled_bytes) == mangled_bytes


@given(mangled(NOTE))
@settings(max_examples=EXAMPLES, deadline=None)
def test_no_touched_checkpoint_says_anything_else_under_its_signature(data: bytes) -> None:
    with contextlib.suppress(Fault, CannotCheck):
        found, _ = note.open_checkpoint(data, [LOG.verifier])
        assert found == CHECKPOINT


@given(mangled(POLICY))
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_policy_is_read_or_named(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        quorum.parse(data)


SIGNER = keys.LocalSigner(keys.generate("p256"))


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    model = tmp_path_factory.mktemp("fuzz") / "model"
    model.mkdir()
    (model / "weights.bin").write_bytes(b"w" * 100)
    return oms.sign_model(model, SIGNER)


@given(data=st.data())
@settings(max_examples=EXAMPLES, deadline=None)
def test_no_touched_bundle_says_anything_else_under_its_signature(signed: bytes, data: Any) -> None:
    sound = bundle.read(signed)
    touched = data.draw(mangled(signed))
    with contextlib.suppress(Fault, CannotCheck):
        read = bundle.read(touched)
        oms.verify_bundle(read, [keys.TrustedKey(SIGNER.public)])
        assert (read.payload_digest, read.resources) == (sound.payload_digest, sound.resources)


@given(st.binary(max_size=200))
@settings(max_examples=EXAMPLES, deadline=None)
def test_noise_is_no_bundle(data: bytes) -> None:
    with pytest.raises((Fault, CannotCheck)):
        bundle.read(data)
    with pytest.raises((Fault, CannotCheck)):
        bundle.read(json.dumps({"mediaType": data.hex()}).encode())
