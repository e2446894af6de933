from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa, x25519
from cryptography.x509.oid import NameOID

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


# Every encoding of the eight points whose order divides 8, canonical or not ("Taming the many EdDSAs", 2020, table 1).
_P = 2**255 - 19
_Y8 = (
    int.from_bytes(
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
    ),
    int.from_bytes(
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
    ),
)
SMALL = [
    (y | sign << 255).to_bytes(32, "little") for y in (0, 1, _P - 1, _P, _P + 1, *_Y8) for sign in (0, 1)
]


def test_there_are_fourteen():
    assert len(set(SMALL)) == 14


@pytest.mark.parametrize("raw", SMALL, ids=bytes.hex)
def test_points_that_vouch_for_anything_are_refused(raw):
    public = ed25519.Ed25519PublicKey.from_public_bytes(raw)
    with pytest.raises(keys.KeyRefused, match=r"small order|only form"):
        keys.check(public)
    with pytest.raises(keys.KeyRefused):
        keys.load_public(keys.dump_public(public))


def test_what_is_no_point_of_the_curve_is_refused():
    public = ed25519.Ed25519PublicKey.from_public_bytes((2).to_bytes(32, "little"))
    with pytest.raises(keys.KeyRefused, match="not a point"):
        keys.check(public)


EXPLICIT = b"""-----BEGIN PUBLIC KEY-----
MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA
AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////
///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd
NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5
RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA
//////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABDcOFezsz5v8wHkWUkJ4/60H
K/JFcrxTlK64v8p7hVVt+/kPj4ymb8nZaj2i+trNLB9whui3Oq/bB5jWEqcKNWc=
-----END PUBLIC KEY-----
"""
"""P-256, its parameters written out: `openssl ecparam -name prime256v1 -genkey -param_enc explicit`."""


def armoured(der):
    return b"-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(der) + b"-----END PUBLIC KEY-----\n"


def of_p256(point):
    algorithm = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
    bits = bytes([0x03, len(point) + 1, 0]) + point
    return armoured(bytes([0x30, len(algorithm) + len(bits)]) + algorithm + bits)


def certificate():
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    made = made.serial_number(1).not_valid_before(NOON).not_valid_after(NOON + timedelta(days=1))
    return made.sign(private, hashes.SHA256()).public_bytes(ser.Encoding.PEM)


@pytest.mark.parametrize(
    ("pem", "why"),
    [
        (EXPLICIT, "by name"),
        (of_p256(b"\x00"), "unreadable"),
        (of_p256(b"\x04" + bytes(64)), "unreadable"),
        (of_p256(b"\x04" + (1).to_bytes(32, "big") + (1).to_bytes(32, "big")), "unreadable"),
        (certificate(), "unreadable"),
        (_pem(keys.generate()) + _pem(keys.generate()), "one PEM block"),
        (keys.dump_private(keys.generate(), b"secret", log2_n=10), "give the public one"),
        (keys.dump_private(keys.generate("ed25519"), None), "give the public one"),
    ],
    ids=[
        "explicit curve",
        "infinity",
        "zero",
        "off the curve",
        "certificate",
        "two keys",
        "encrypted",
        "private",
    ],
)
def test_what_is_pasted_by_mistake_or_on_purpose(pem, why):
    with pytest.raises(keys.KeyRefused, match=why):
        keys.load_public(pem)


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
