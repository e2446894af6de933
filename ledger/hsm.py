"""Private keys in a hardware module, by PKCS#11 (OASIS v3.0): made there, never seen here.

Needs `python-pkcs11` beside the locked requirements, and an operator's module, token and PIN file. What a key may do is
not known here: that is `KeyRecord`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256, sha384, sha512
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ledger.errors import Unavailable
from modelwarrant import keys

pkcs11: Any = None
encode_ec_public_key: Any = None
if find_spec("pkcs11"):  # optional: only who has a module needs it
    pkcs11 = import_module("pkcs11")
    encode_ec_public_key = import_module("pkcs11.util.ec").encode_ec_public_key

# DER of the curve's object identifier (CKA_EC_PARAMS), and the digest that goes with it.
_CURVES: Final = {
    "p256": (bytes.fromhex("06082a8648ce3d030107"), sha256),
    "p384": (bytes.fromhex("06052b81040022"), sha384),
    "p521": (bytes.fromhex("06052b81040023"), sha512),
}
_ED25519: Final = bytes.fromhex("06032b6570")


@dataclass(frozen=True, slots=True)
class Pkcs11Provider:
    """Keys of one token. Each use opens a session of its own, so that nothing is shared between threads."""

    module: Path
    token: str
    pin_file: Path

    name = "pkcs11"

    def create(self, algorithm: str) -> keys.PublicKey:
        with self._session(rw=True) as session:
            curve = algorithm == "ed25519"
            kind = pkcs11.KeyType.EC_EDWARDS if curve else pkcs11.KeyType.EC
            how = pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN if curve else pkcs11.Mechanism.EC_KEY_PAIR_GEN
            params = {pkcs11.Attribute.EC_PARAMS: _ED25519 if curve else _CURVES[algorithm][0]}
            public, private = session.create_domain_parameters(kind, params, local=True).generate_keypair(
                mechanism=how,
                store=True,
                id=os.urandom(16),
                private_template={
                    pkcs11.Attribute.SENSITIVE: True,
                    pkcs11.Attribute.EXTRACTABLE: False,
                },
            )
            found = _public(public)
            for half in (public, private):
                half[pkcs11.Attribute.ID] = bytes.fromhex(keys.key_id(found))
            return found

    def signer(self, keyid: str) -> keys.Signer:
        with self._session() as session:
            return Pkcs11Signer(self, keyid, _public(_one(session, keyid, "PUBLIC_KEY")))

    def discard(self, keyid: str) -> None:
        with self._session(rw=True) as session:
            for found in list(session.get_objects({pkcs11.Attribute.ID: bytes.fromhex(keyid)})):
                found.destroy()

    @contextmanager
    def _session(self, *, rw: bool = False) -> Iterator[Any]:
        if pkcs11 is None:
            raise Unavailable("python-pkcs11 isn't installed here.", code="no-key")
        try:
            pin = self._pin()
            token = _library(str(self.module), os.getpid()).get_token(token_label=self.token)
            with token.open(rw=rw, user_pin=pin) as session:
                yield session
        except (pkcs11.PKCS11Error, OSError, RuntimeError) as error:
            said = str(error) or type(error).__name__
            raise Unavailable(f"The token '{self.token}' can't be used: {said}", code="no-key") from error

    def _pin(self) -> str:
        mode = stat.S_IMODE(self.pin_file.stat().st_mode)
        if mode & 0o077:
            text = f"{self.pin_file} is open to others (mode {mode:04o}); nothing is signed until it is 0600."
            raise Unavailable(text, code="key-mode")
        return self.pin_file.read_text("utf-8").strip()


@dataclass(frozen=True, slots=True)
class Pkcs11Signer:
    """A key of the token that signs: a `modelwarrant.keys.Signer`."""

    provider: Pkcs11Provider
    keyid: str
    public: keys.PublicKey

    def sign(self, message: bytes) -> bytes:
        with self.provider._session() as session:
            private = _one(session, self.keyid, "PRIVATE_KEY")
            if isinstance(self.public, Ed25519PublicKey):
                return bytes(private.sign(message, mechanism=pkcs11.Mechanism.EDDSA))
            digest = _CURVES[keys.algorithm(self.public)][1](message).digest()
            raw = private.sign(digest, mechanism=pkcs11.Mechanism.ECDSA)
        half = len(raw) // 2
        return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))


def _one(session: Any, keyid: str, kind: str) -> Any:
    wanted = {
        pkcs11.Attribute.ID: bytes.fromhex(keyid),
        pkcs11.Attribute.CLASS: getattr(pkcs11.ObjectClass, kind),
    }
    found = list(session.get_objects(wanted))
    if len(found) != 1:
        raise Unavailable(f"The token holds {len(found)} keys {keyid[:12]}..., not one.", code="no-key")
    return found[0]


def _public(found: Any) -> keys.PublicKey:
    """The public half, refused like anybody's when it is weak."""
    if found.key_type == pkcs11.KeyType.EC_EDWARDS:
        # CKA_EC_POINT: the 32 bytes as a DER OCTET STRING, or bare, as modules differ.
        return keys.check(Ed25519PublicKey.from_public_bytes(bytes(found[pkcs11.Attribute.EC_POINT])[-32:]))
    public = load_der_public_key(encode_ec_public_key(found))
    return keys.load_public(keys.dump_public(public))  # type: ignore[arg-type]


@lru_cache(maxsize=4)
def _library(module: str, process: int) -> Any:
    """The module, initialised once in each process: PKCS#11 forgets everything in a fork."""
    found = pkcs11.lib(module)
    if process != _FIRST:
        found.reinitialize()
    return found


_FIRST = os.getpid()
