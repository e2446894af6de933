"""Signing keys: making, writing, reading, naming, and what a key may vouch for at a moment.

Model, warrant and report keys are ECDSA on P-256 by default (OpenSSF Model Signing knows no Ed25519);
log keys are Ed25519 (C2SP signed notes). Everything else is refused, small-order Ed25519 points included.
This module knows no file, no clock and no log: what a revocation says comes in from outside.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7

from modelwarrant.errors import CannotCheck
from modelwarrant.note import check_public_key

Purpose = Literal["log", "model", "warrant", "report"]
PURPOSES: tuple[Purpose, ...] = ("log", "model", "warrant", "report")
Verdict = Literal["valid", "invalid", "cannot be checked"]

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_CURVES: dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm]] = {
    "p256": (ec.SECP256R1(), hashes.SHA256()),
    "p384": (ec.SECP384R1(), hashes.SHA384()),
    "p521": (ec.SECP521R1(), hashes.SHA512()),
}
_CURVE_NAMES = {curve.name: name for name, (curve, _) in _CURVES.items()}
ALGORITHMS: tuple[str, ...] = (*_CURVES, "ed25519")
DEFAULT_ALGORITHM: dict[Purpose, str] = {
    "log": "ed25519",
    "model": "p256",
    "warrant": "p256",
    "report": "p256",
}

_MAX_PEM = 16_384
_BLOCK = re.compile(rb"-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----")


class KeyRefused(CannotCheck):
    """A key that is unreadable, weak or of a kind that isn't used: nothing can be checked with it."""


class Signer(Protocol):
    """What signs: a key in memory, or a provider that asks an HSM or KMS.

    `sign` returns an ECDSA signature in DER (SHA-256/384/512 by curve) or 64 bytes of Ed25519.
    """

    @property
    def public(self) -> PublicKey: ...

    def sign(self, message: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class LocalSigner:
    """A private key in this process's memory."""

    private: PrivateKey

    @property
    def public(self) -> PublicKey:
        return self.private.public_key()

    def sign(self, message: bytes) -> bytes:
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(message)
        return self.private.sign(message, ec.ECDSA(_CURVES[algorithm(self.private.public_key())][1]))


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key the caller trusts, for which purposes and how long.

    No `purposes` means any: the caller says by handing it over what it is for. Times are aware datetimes;
    a key is good from `not_before` up to, but not at, `not_after`.
    """

    public: PublicKey
    purposes: frozenset[Purpose] = frozenset()
    not_before: datetime | None = None
    not_after: datetime | None = None
    name: str = ""

    @property
    def id(self) -> str:
        return key_id(self.public)

    def objection(self, purpose: Purpose, at: datetime | None) -> str:
        """Why this key may not vouch for `purpose` at the moment `at`; an empty string when it may."""
        if self.purposes and purpose not in self.purposes:
            return "key of another purpose"
        if at is not None and self.not_before is not None and at < self.not_before:
            return "key not yet valid"
        if at is not None and self.not_after is not None and at >= self.not_after:
            return "expired key"
        return ""


def generate(kind: str = "p256") -> PrivateKey:
    """A new private key; `kind` is one of ALGORITHMS. Raises ValueError for any other."""
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind not in _CURVES:
        raise ValueError(f"unknown key kind '{kind}', choose one of {', '.join(ALGORITHMS)}")
    return ec.generate_private_key(_CURVES[kind][0])


def algorithm(public: PublicKey) -> str:
    """`p256`, `p384`, `p521` or `ed25519`. Raises KeyRefused for what isn't used."""
    if isinstance(public, ed25519.Ed25519PublicKey):
        return "ed25519"
    curve = public.curve.name
    if curve in _CURVE_NAMES:
        return _CURVE_NAMES[curve]
    raise KeyRefused(f"refused key: {curve} isn't one of {', '.join(ALGORITHMS)}")


def check(public: PublicKey) -> PublicKey:
    """The same key, if it may be used at all. Raises KeyRefused for weak kinds, and for Ed25519 keys that are no
    point of the curve, of small order or not encoded canonically."""
    if isinstance(public, ed25519.Ed25519PublicKey):
        try:
            check_public_key(public.public_bytes(ser.Encoding.Raw, ser.PublicFormat.Raw))
        except ValueError as error:
            raise KeyRefused(f"refused key: {error}") from error
    else:
        algorithm(public)
    return public


def load_public(pem: bytes) -> PublicKey:
    """A public key from PEM (SubjectPublicKeyInfo). Raises KeyRefused when unreadable or weak."""
    if len(pem) > _MAX_PEM:
        raise KeyRefused(f"refused key: {len(pem)} bytes is no public key")
    if b"PRIVATE KEY" in pem:
        raise KeyRefused("this is a private key; give the public one (.pub.pem)")
    if pem.count(b"-----BEGIN ") != 1:
        raise KeyRefused("unreadable public key: one PEM block is expected")
    try:
        public = ser.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyRefused("unreadable public key: not PEM of a SubjectPublicKeyInfo") from error
    if not isinstance(public, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        raise KeyRefused(f"refused key: {type(public).__name__} isn't one of {', '.join(ALGORITHMS)}")
    check(public)
    block = _BLOCK.search(pem)
    if block is None or _algorithm_id(base64.b64decode(block[1])) != _algorithm_id(_spki(public)):
        # Parameters that are written out can describe another curve with the same points (CVE-2020-0601).
        raise KeyRefused("refused key: its curve must be given by name, not by parameters")
    return public


def _spki(public: PublicKey) -> bytes:
    return public.public_bytes(ser.Encoding.DER, ser.PublicFormat.SubjectPublicKeyInfo)


def _algorithm_id(der: bytes) -> bytes:
    """The AlgorithmIdentifier of a SubjectPublicKeyInfo that was read without error; short ones only in full."""
    start = 2 + (der[1] & 0x7F if der[1] & 0x80 else 0)
    return der[start : start + 2 + der[start + 1]]


def dump_public(public: PublicKey) -> bytes:
    """PEM (SubjectPublicKeyInfo, RFC 7468) of `public`."""
    return public.public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo)


def key_id(public: PublicKey) -> str:
    """The name of a key: hex SHA-256 of its DER SubjectPublicKeyInfo."""
    return hashlib.sha256(_spki(public)).hexdigest()


def oms_hint(public: PublicKey) -> str:
    """`verificationMaterial.publicKey.hint` as model_signing writes it: hex SHA-256 of the PEM text."""
    return hashlib.sha256(dump_public(public)).hexdigest()


def verify(public: PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether `signature` (DER ECDSA or raw Ed25519) is by `public` over `message`."""
    try:
        if isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(signature, message)
        else:
            public.verify(signature, message, ec.ECDSA(_CURVES[algorithm(public)][1]))
    except InvalidSignature:
        return False
    return True


def load_private(pem: bytes, passphrase: bytes | None = None) -> PrivateKey:
    """A private key from PKCS#8 PEM, encrypted or not.

    Raises KeyRefused when it is unreadable, weak, or the passphrase is missing, needless or wrong.
    """
    if len(pem) > _MAX_PEM:
        raise KeyRefused(f"refused key: {len(pem)} bytes is no private key")
    try:
        private = ser.load_pem_private_key(pem, passphrase)
    except TypeError as error:
        # cryptography says so when a passphrase is missing, or given for a key without one.
        needed = "is encrypted: a passphrase is needed" if not passphrase else "isn't encrypted"
        raise KeyRefused(f"the private key {needed}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyRefused("unreadable private key or wrong passphrase") from error
    if not isinstance(private, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise KeyRefused(f"refused key: {type(private).__name__} isn't one of {', '.join(ALGORITHMS)}")
    check(private.public_key())
    return private


def dump_private(
    private: PrivateKey,
    passphrase: bytes | None,
    *,
    log2_n: int = 17,
    random: Callable[[int], bytes] = os.urandom,
) -> bytes:
    """PKCS#8 PEM of `private`, encrypted under `passphrase` (None: in clear).

    Encrypted as PBES2 with scrypt (RFC 7914 section 7, n = 2**log2_n, r = 8, p = 1) and AES-256-CBC,
    which `openssl pkcs8 -scrypt` writes too and any PKCS#8 reader opens; the library's own choice
    (PBKDF2, 20,000 rounds) is too cheap to guess. Raises ValueError for an empty passphrase.
    """
    if passphrase is None:
        return private.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption())
    if not passphrase:
        raise ValueError("an empty passphrase protects nothing")
    clear = private.private_bytes(ser.Encoding.DER, ser.PrivateFormat.PKCS8, ser.NoEncryption())
    salt, iv = random(16), random(16)
    key = Scrypt(salt=salt, length=32, n=2**log2_n, r=8, p=1).derive(passphrase)
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES256(key), modes.CBC(iv)).encryptor()
    secret = encryptor.update(padder.update(clear) + padder.finalize()) + encryptor.finalize()
    numbers = (_integer(2**log2_n), _integer(8), _integer(1), _integer(32))
    derivation = _der(0x30, _OID_SCRYPT, _der(0x30, _der(0x04, salt), *numbers))
    cipher = _der(0x30, _OID_AES256_CBC, _der(0x04, iv))
    scheme = _der(0x30, _OID_PBES2, _der(0x30, derivation, cipher))
    text = base64.b64encode(_der(0x30, scheme, _der(0x04, secret))).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    label = "ENCRYPTED PRIVATE KEY"
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


_OID_PBES2 = bytes.fromhex("06092a864886f70d01050d")
_OID_SCRYPT = bytes.fromhex("06092b06010401da47040b")
_OID_AES256_CBC = bytes.fromhex("060960864801650304012a")


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + body


def _integer(value: int) -> bytes:
    return _der(0x02, value.to_bytes(value.bit_length() // 8 + 1))
