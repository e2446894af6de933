from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarrant import merkle, note, proof, tiles
from modelwarrant.errors import CannotCheck, Fault

ENTRIES = [b"one", b"two", b"three", b"four", b"five"]
HASHES = [merkle.leaf_hash(entry) for entry in ENTRIES]


@pytest.fixture(scope="module")
def text(signer: note.Signer) -> bytes:
    read = tiles.tile_reader(lambda path: b"".join(HASHES), 5)
    checkpoint = note.sign_note(note.Checkpoint(signer.name, 5, merkle.root(HASHES)).text(), [signer])
    return proof.make(2, merkle.prove_inclusion(read, 2, 5), checkpoint)


def test_a_proof_holds_for_its_entry_alone(text: bytes, signer: note.Signer) -> None:
    checked = proof.check(b"three", text, [signer.verifier])
    assert (checked.index, checked.size, checked.origin) == (2, 5, signer.name)
    for other in (b"two", b"", b"three "):
        with pytest.raises(Fault, match="not included"):
            proof.check(other, text, [signer.verifier])


def test_layout(text: bytes) -> None:
    lines = text.decode().split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 2"]
    assert [note.decode_base64(line) for line in lines[2:5]] == list(proof.parse(text).path)
    assert lines[5] == ""
    assert lines[7] == "5"


def test_every_bit_matters(text: bytes, signer: note.Signer) -> None:
    for place in range(len(text)):
        for bit in (0, 1, 6):
            data = bytearray(text)
            data[place] ^= 1 << bit
            with pytest.raises((Fault, CannotCheck)):
                proof.check(b"three", bytes(data), [signer.verifier])


def test_extra_data_come_back_and_prove_nothing(text: bytes, signer: note.Signer) -> None:
    parsed = proof.parse(text)
    extra = proof.make(parsed.index, parsed.path, parsed.checkpoint, b"hint")
    assert proof.parse(extra).extra == b"hint"
    assert proof.check(b"three", extra, [signer.verifier]).index == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("index 2", "index 02"),
        ("index 2", "index +2"),
        ("index 2", "index ٢"),
        ("index 2", "index 2 "),
        ("index 2\n", ""),
        ("index 2", "index 9223372036854775808"),
        ("@v1", "@v2"),
        ("\n\n", "\n"),
        ("@v1\n", "@v1\nextra aGludB==\n"),
        ("@v1\n", "@v1\r\n"),
    ],
)
def test_other_forms_are_malformed(text: bytes, old: str, new: str) -> None:
    with pytest.raises(Fault, match="malformed"):
        proof.parse(text.decode().replace(old, new).encode())


def test_a_path_longer_than_any_tree_is_refused(text: bytes) -> None:
    parsed = proof.parse(text)
    with pytest.raises(ValueError):
        proof.make(2, [bytes(32)] * 64, parsed.checkpoint)
    line = note.encode_base64(bytes(32)) + "\n"
    with pytest.raises(Fault):
        proof.parse(text.replace(b"index 2\n", b"index 2\n" + line.encode() * 64))


@given(st.binary(max_size=80), st.booleans())
@settings(max_examples=100, deadline=None)
def test_any_bytes_get_an_answer(data: bytes, magic: bool) -> None:
    if magic:
        data = b"c2sp.org/tlog-proof@v1\nindex 0\n" + data
    with contextlib.suppress(Fault):
        assert proof.parse(data).encode() == data
