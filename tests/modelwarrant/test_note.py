from __future__ import annotations

import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarrant import note
from modelwarrant.errors import CannotCheck, Fault
from modelwarrant.merkle import EMPTY_ROOT

# The example of Go's golang.org/x/mod/sumdb/note, also in the C2SP signed-note specification's test data.
PETER_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJ"
    "nAM=\n"
)
TEXT = note.Checkpoint("log.example/a", 3, bytes(range(32)), (note.chain_extension(bytes(32)),)).text()
OTHER = note.Signer.from_private_key("other.example", Ed25519PrivateKey.from_private_bytes(bytes(32)))
LOG = note.Signer.from_private_key("log.example/a", Ed25519PrivateKey.from_private_bytes(b"\1" * 32))
NOTE = note.sign_note(TEXT, [LOG])


def test_the_published_note_opens() -> None:
    peter = note.Verifier.from_vkey(PETER_VKEY)
    opened = note.open_note(PETER_NOTE.encode(), [peter])
    assert opened.text.endswith("your problem is.\n")
    assert [line.name for line in opened.verified] == ["PeterNeumann"]
    assert peter.vkey == PETER_VKEY


def test_every_bit_of_a_checkpoint_matters() -> None:
    for place in range(len(NOTE)):
        for bit in range(8):
            data = bytearray(NOTE)
            data[place] ^= 1 << bit
            with pytest.raises((Fault, CannotCheck)):
                note.open_checkpoint(bytes(data), [LOG.verifier])


def test_checkpoint_round_trip() -> None:
    checkpoint, opened = note.open_checkpoint(NOTE, [LOG.verifier])
    assert (checkpoint.origin, checkpoint.size, checkpoint.chain) == ("log.example/a", 3, bytes(32))
    assert checkpoint.text() == opened.text == TEXT
    assert note.parse_checkpoint(f"o\n0\n{note.encode_base64(EMPTY_ROOT)}\n").chain is None


def test_unknown_keys_are_reported_and_never_enough() -> None:
    both = note.sign_note(TEXT, [LOG, OTHER])
    assert [line.name for line in note.open_note(both, [LOG.verifier]).unverified] == ["other.example"]
    with pytest.raises(CannotCheck, match=r"log\.example/a"):
        note.open_note(NOTE, [OTHER.verifier])
    with pytest.raises(CannotCheck):
        note.open_note(NOTE, [])


def test_a_key_of_one_log_does_not_vouch_for_another() -> None:
    signed = note.sign_note(TEXT, [OTHER])
    with pytest.raises(CannotCheck, match=r"other\.example"):
        note.open_checkpoint(signed, [OTHER.verifier])
    assert note.open_checkpoint(signed, [OTHER.verifier], "log.example/a")[0].size == 3
    with pytest.raises(Fault, match="wrong log"):
        note.open_checkpoint(signed, [OTHER.verifier], "log.example/b")


def test_a_known_key_signs_once_and_rightly() -> None:
    with pytest.raises(Fault, match="two signatures"):
        note.open_note(NOTE + LOG.signature_line(TEXT.encode()).encode(), [LOG.verifier])
    forged = TEXT.replace("\n3\n", "\n4\n").encode() + NOTE[len(TEXT) :]
    with pytest.raises(Fault, match="bad signature"):
        note.open_note(forged, [LOG.verifier])


def test_cosignature_v1() -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"\2" * 32)
    witness = note.Verifier("witness.example", key.public_key().public_bytes_raw(), note.COSIGNATURE_V1)
    assert note.Verifier.from_vkey(witness.vkey) == witness
    time = struct.pack(">Q", 1679315147)
    signature = key.sign(b"cosignature/v1\ntime 1679315147\n" + TEXT.encode())
    line = f"— witness.example {note.encode_base64(witness.key_id + time + signature)}\n".encode()
    _, opened = note.open_checkpoint(NOTE + line, [LOG.verifier, witness])
    assert [signed.time for signed in opened.verified] == [None, 1679315147]
    with pytest.raises(CannotCheck, match="own key"):
        note.open_checkpoint(NOTE + line, [witness])
    late = note.encode_base64(witness.key_id + struct.pack(">Q", 1679315148) + signature)
    with pytest.raises(Fault, match="bad signature"):
        note.open_note(NOTE + f"— witness.example {late}\n".encode(), [LOG.verifier, witness])


@pytest.mark.parametrize(
    "public",
    [
        bytes(32),  # order 4
        b"\1" + bytes(31),  # the neutral element
        b"\1" + bytes(30) + b"\x80",
        bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),  # order 2
        bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),  # 0 again
        bytes.fromhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),  # 1 again
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),  # order 8
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),  # order 8
        b"\2" + bytes(31),  # no point of the curve
        bytes(31),
    ],
)
def test_keys_under_which_anybody_can_sign_are_refused(public: bytes) -> None:
    with pytest.raises(ValueError, match="Ed25519"):
        note.check_public_key(public)
    with pytest.raises(ValueError, match="Ed25519"):
        note.Verifier("a", public)


def test_real_keys_are_accepted() -> None:
    for seed in range(20):
        key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        note.check_public_key(key.public_key().public_bytes_raw())


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "a+b",
        PETER_VKEY.replace("c74f20a3", "c74f20a4"),
        PETER_VKEY.replace("c74f20a3", "C74F20A3"),
        PETER_VKEY.replace("Peter", "Paul"),
        PETER_VKEY + "=",
        PETER_VKEY.replace("+ARpc", "+AhpC"),
        " " + PETER_VKEY,
    ],
)
def test_a_broken_verifier_key_is_refused(vkey: str) -> None:
    with pytest.raises(ValueError):
        note.Verifier.from_vkey(vkey)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n1\n",
        "o\n01\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "o\n-1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "o\n١\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "o\n9223372036854775808\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "o\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n",
        "o\n1\nAAAA\n",
        "\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n",
        "o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nchain AAAA\n",
    ],
)
def test_a_checkpoint_has_one_form(text: str) -> None:
    with pytest.raises(Fault, match="malformed"):
        note.parse_checkpoint(text)


def test_what_cannot_be_a_checkpoint_is_not_written() -> None:
    for bad in (("a\nb", 1, bytes(32)), ("", 1, bytes(32)), ("a", -1, bytes(32)), ("a", 1, bytes(31))):
        with pytest.raises(ValueError):
            note.Checkpoint(*bad).text()
    for text in ("", "no newline", "a\tb\n"):
        with pytest.raises(ValueError):
            note.sign_note(text, [LOG])


@given(st.binary(max_size=60) | st.lists(st.sampled_from([TEXT, "\n", "— ", "a", "YWFhYWE=", " ", "\x7f"])))
@settings(max_examples=200, deadline=None)
def test_any_bytes_get_an_answer(parts: bytes | list[str]) -> None:
    data = parts if isinstance(parts, bytes) else "".join(parts).encode()
    try:
        text, signatures = note.split_note(data)
    except Fault:
        return
    lines = "".join(f"— {s.name} {note.encode_base64(s.key_id + s.signature)}\n" for s in signatures)
    assert f"{text}\n{lines}".encode() == data
