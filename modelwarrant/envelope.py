"""DSSE envelopes around in-toto statements: the outer form of model, warrant and report signatures.

DSSE v1.0.2 (https://github.com/secure-systems-lab/dsse), in-toto Statement v1. An envelope holds when
every signature in it is by a key the caller trusts for this purpose; one unknown or bad signature beside
good ones is told, never passed over. What a statement says is the business of the modules above.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NoReturn

from modelwarrant import keys
from modelwarrant.errors import CannotCheck, Fault
from modelwarrant.keys import Purpose, Signer, TrustedKey

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
MAX_DOCUMENT: Final = 64 * 2**20
MAX_SIGNATURES: Final = 16
MAX_DEPTH: Final = 32
HEX_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature and the name of its key (empty when the writer didn't give one)."""

    keyid: str
    sig: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """Payload bytes as they were signed, their media type, and the signatures."""

    payload: bytes
    signatures: tuple[Signature, ...]
    payload_type: str = PAYLOAD_TYPE

    def document(self) -> dict[str, Any]:
        """The JSON object of DSSE, standard base64."""
        return {
            "payload": base64.b64encode(self.payload).decode(),
            "payloadType": self.payload_type,
            "signatures": [
                {"keyid": signature.keyid, "sig": base64.b64encode(signature.sig).decode()}
                for signature in self.signatures
            ],
        }


@dataclass(frozen=True, slots=True)
class Statement:
    """An in-toto statement: what it is about (`name`, hex SHA-256), of which kind, and what it says."""

    subjects: tuple[tuple[str, str], ...]
    predicate_type: str
    predicate: Mapping[str, Any]

    def document(self) -> dict[str, Any]:
        return {
            "_type": STATEMENT_TYPE,
            "subject": [{"digest": {"sha256": digest}, "name": name} for name, digest in self.subjects],
            "predicateType": self.predicate_type,
            "predicate": dict(self.predicate),
        }


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: the bytes that are signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, signers: Iterable[Signer], *, name_keys: bool = True) -> Envelope:
    """Sign `payload` as an in-toto statement with every one of `signers`.

    `name_keys=False` leaves the key id empty, as OpenSSF Model Signing does.
    """
    message = pae(PAYLOAD_TYPE, payload)
    signatures = tuple(
        Signature(keys.key_id(signer.public) if name_keys else "", signer.sign(message)) for signer in signers
    )
    if not signatures:
        raise ValueError("an envelope needs a signer")
    return Envelope(payload, signatures)


def verify(
    envelope: Envelope, trust: Sequence[TrustedKey], purpose: Purpose, *, at: datetime | None = None
) -> tuple[TrustedKey, ...]:
    """The trusted key behind each signature, in order, when all of them hold.

    `at` is the moment the keys must be valid at (None: not asked). Raises Fault "bad signature",
    "expired key", "key not yet valid" or "same key twice"; CannotCheck without a key, for an unknown key
    or a key of another purpose. A fault in one signature wins over an unknown key in another.
    """
    if not trust:
        raise CannotCheck("no public key given: nothing says whose signature this should be")
    message = pae(envelope.payload_type, envelope.payload)
    accepted: list[TrustedKey] = []
    unknown = ""
    for number, signature in enumerate(envelope.signatures, 1):
        which = f"signature {number} of {len(envelope.signatures)}"
        named = [key for key in trust if signature.keyid in ("", key.id)]
        if not named:
            unknown = unknown or f"{which} is by an unknown key {signature.keyid[:16]}"
            continue
        good = [key for key in named if keys.verify(key.public, signature.sig, message)]
        if not good:
            raise Fault("bad signature", f"{which} isn't by the given key over this content", number - 1)
        objection = good[0].objection(purpose, at)
        if objection == "key of another purpose":
            unknown = unknown or f"{which}: {objection}, not for {purpose}"
            continue
        if objection:
            raise Fault(objection, f"{which}, key {good[0].id[:16]}", number - 1)
        if good[0].id in [key.id for key in accepted]:
            raise Fault("same key twice", f"{which} repeats key {good[0].id[:16]}", number - 1)
        accepted.append(good[0])
    if unknown:
        raise CannotCheck(unknown)
    return tuple(accepted)


def read(value: Any) -> Envelope:
    """An envelope from its parsed JSON object. Raises Fault "malformed" for anything unusual in it."""
    members(value, "envelope", required=("payload", "payloadType", "signatures"))
    if value["payloadType"] != PAYLOAD_TYPE:
        raise Fault("malformed", f"envelope: payloadType isn't {PAYLOAD_TYPE}")
    listed = value["signatures"]
    if not isinstance(listed, list) or not 0 < len(listed) <= MAX_SIGNATURES:
        raise Fault("malformed", f"envelope: signatures must be a list of 1 to {MAX_SIGNATURES}")
    signatures = []
    for item in listed:
        members(item, "signature", required=("sig",), optional=("keyid",))
        keyid = item.get("keyid") or ""
        if not isinstance(keyid, str):
            raise Fault("malformed", "signature: keyid must be text")
        signatures.append(Signature(keyid, unbase64(item["sig"], "signature")))
    return Envelope(unbase64(value["payload"], "payload"), tuple(signatures))


def read_statement(value: Any, predicate_type: str) -> Statement:
    """A statement of one kind from its parsed JSON object. Raises Fault "malformed" or "wrong statement"."""
    members(value, "statement", required=("_type", "subject", "predicateType", "predicate"))
    if value["_type"] != STATEMENT_TYPE:
        raise Fault("wrong statement", f"_type isn't {STATEMENT_TYPE}")
    if value["predicateType"] != predicate_type:
        raise Fault(
            "wrong statement", f"predicateType is {value['predicateType']!r:.120}, not {predicate_type}"
        )
    if not isinstance(value["subject"], list) or not value["subject"]:
        raise Fault("malformed", "statement: subject must be a list that isn't empty")
    subjects = []
    for item in value["subject"]:
        members(item, "subject", required=("digest",), optional=("name",))
        name = item.get("name", "")
        if not isinstance(name, str):
            raise Fault("malformed", "subject: name must be text")
        members(item["digest"], "subject digest", required=("sha256",))
        subjects.append((name, hex_sha256(item["digest"]["sha256"], "subject digest")))
    if not isinstance(value["predicate"], dict):
        raise Fault("malformed", "statement: predicate must be an object")
    return Statement(tuple(subjects), predicate_type, value["predicate"])


def members(value: Any, what: str, *, required: Sequence[str], optional: Sequence[str] = ()) -> None:
    """Raises Fault "malformed" unless `value` is an object with exactly these members."""
    if not isinstance(value, dict):
        raise Fault("malformed", f"{what}: an object is expected")
    for name in required:
        if name not in value:
            raise Fault("malformed", f"{what}: '{name}' is missing")
    for name in value:
        if name not in required and name not in optional:
            raise Fault("malformed", f"{what}: unknown member {name!r:.80}")


def hex_sha256(value: Any, what: str) -> str:
    """The same 64 lower-case hexadecimal digits. Raises Fault "malformed"."""
    if not isinstance(value, str) or not HEX_SHA256.fullmatch(value):
        raise Fault("malformed", f"{what}: 64 lower-case hexadecimal digits are expected")
    return value


def unbase64(text: Any, what: str) -> bytes:
    """Bytes of standard base64 in its only form (RFC 4648 section 4, padded, no stray bits or spaces)."""
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError) as error:
        raise Fault("malformed", f"{what}: not base64") from error
    if not data or base64.b64encode(data).decode() != text:
        raise Fault("malformed", f"{what}: not base64 in its only form")
    return data


def parse_json(data: bytes, what: str) -> Any:
    """JSON written by others: UTF-8, no repeated keys, no NaN, at most MAX_DEPTH deep. Raises Fault."""
    if len(data) > MAX_DOCUMENT:
        raise Fault("malformed", f"{what}: larger than {MAX_DOCUMENT:,} bytes")
    try:
        value = _DECODER.decode(data.decode("utf-8"))
        _check_depth(value, MAX_DEPTH)
    except (ValueError, RecursionError) as error:
        raise Fault("malformed", f"{what}: not JSON as expected: {str(error)[:200]}") from error
    return value


def _check_depth(value: Any, left: int) -> None:
    if isinstance(value, dict | list):
        if not left:
            raise ValueError(f"nested more than {MAX_DEPTH} deep")
        for item in value.values() if isinstance(value, dict) else value:
            _check_depth(item, left - 1)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"repeated key {next(name for name in names if names.count(name) > 1)!r:.80}")
    return value


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} isn't JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_no_repeats, parse_constant=_no_constant)
