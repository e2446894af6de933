from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa, x25519

from modelwarrant import keys

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("kind", keys.ALGORITHMS)
def test_a_key_comes_back_from_its_files(kind):
    private = keys.generate(kind)
    again = keys.load_private(keys.dump_private(private, b"pass phrase", log2_n=10), b"pass phrase")
    public = keys.load_public(keys.dump_public(private.public_key()))
    assert keys.algorithm(public) == kind
    assert keys.key_id(again.public_key()) == keys.key_id(public)
    signature = keys.LocalSigner(again).sign(b"message")
    assert keys.verify(public, signature, b"message")
    assert not keys.verify(public, signature, b"massage")
    assert not keys.verify(keys.generate(kind).public_key(), signature, b"message")


def test_every_flipped_bit_of_a_signature_is_found():
    signer = keys.LocalSigner(keys.generate())
    signature = bytearray(signer.sign(b"message"))
    for bit in range(len(signature) * 8):
        signature[bit // 8] ^= 1 << bit % 8
        assert not keys.verify(signer.public, bytes(signature), b"message")
        signature[bit // 8] ^= 1 << bit % 8


def test_passphrases_are_needed_and_told_apart():
    private = keys.generate()
    encrypted = keys.dump_private(private, b"right", log2_n=10)
    assert encrypted.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    with pytest.raises(keys.KeyRefused, match="passphrase is needed"):
        keys.load_private(encrypted)
    with pytest.raises(keys.KeyRefused, match="wrong passphrase"):
        keys.load_private(encrypted, b"wrong")
    with pytest.raises(keys.KeyRefused, match="isn't encrypted"):
        keys.load_private(keys.dump_private(private, None), b"needless")
    with pytest.raises(ValueError, match="protects nothing"):
        keys.dump_private(private, b"")


def _pem(private):
    return private.public_key().public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "private",
    [
        rsa.generate_private_key(65537, 2048),
        dsa.generate_private_key(1024),
        ec.generate_private_key(ec.SECP256K1()),
        ec.generate_private_key(ec.SECP224R1()),
        x25519.X25519PrivateKey.generate(),
    ],
    ids=lambda key: type(key).__name__,
)
def test_kinds_that_are_not_used_are_refused(private):
    with pytest.raises(keys.KeyRefused):
        keys.load_public(_pem(private))
    pem = private.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption())
    with pytest.raises(keys.KeyRefused):
        keys.load_private(pem)


SMALL = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
]


@pytest.mark.parametrize("raw", SMALL)
def test_points_that_vouch_for_anything_are_refused(raw):
    public = ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(raw))
    with pytest.raises(keys.KeyRefused):
        keys.check(public)


@pytest.mark.parametrize(
    "pem",
    [b"", b"no key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", b"x" * 20_000],
)
def test_unreadable_keys_are_refused(pem):
    with pytest.raises(keys.KeyRefused):
        keys.load_public(pem)
    with pytest.raises(keys.KeyRefused):
        keys.load_private(pem)


def test_a_private_key_is_not_taken_for_a_public_one():
    with pytest.raises(keys.KeyRefused, match="give the public one"):
        keys.load_public(keys.dump_private(keys.generate(), None))


def test_a_key_vouches_only_for_its_purpose_and_time():
    public = keys.generate().public_key()
    key = keys.TrustedKey(public, frozenset({"model"}), NOON, NOON.replace(hour=18))
    assert key.objection("model", NOON) == ""
    assert key.objection("warrant", NOON) == "key of another purpose"
    assert key.objection("model", NOON.replace(hour=11)) == "key not yet valid"
    assert key.objection("model", NOON.replace(hour=18)) == "expired key"
    assert keys.TrustedKey(public).objection("report", None) == ""
