"""The form of an OpenSSF Model Signing (OMS) bundle, version 1.0.

A bundle is a Sigstore bundle that carries a DSSE envelope with an in-toto statement listing every file
(https://github.com/ossf/model-signing-spec). Everything is checked for form here, before any file of a
model is opened; signatures, keys and directories are not known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from modelwarrant import envelope, manifest
from modelwarrant.envelope import members
from modelwarrant.errors import CannotCheck, Fault

MEDIA_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
PREDICATE_TYPE: Final = "https://model_signing/signature/v1.0"
_DIGEST_CHARS: Final = {"sha256": 64, "blake2b": 128, "blake3": 64}


@dataclass(frozen=True, slots=True)
class Resource:
    """One line of the signed list: a whole file (`end` None) or its bytes start..end, with hex digest."""

    name: str
    path: str
    digest: str
    start: int = 0
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that is well-formed; nothing of it is verified yet.

    `payload_digest` (hex SHA-256 of the signed payload) is the identity of the model: it binds contents,
    names and the rules they were listed by. `root_digest` is OMS's own digest over the digests alone.
    """

    envelope: envelope.Envelope
    method: Literal["key", "certificate", "sigstore"]
    hint: str
    name: str
    root_digest: str
    resources: tuple[Resource, ...]
    algorithm: str
    shard_size: int | None
    ignored: tuple[str, ...]
    allow_symlinks: bool

    @property
    def payload_digest(self) -> str:
        return hashlib.sha256(self.envelope.payload).hexdigest()


def read(data: bytes) -> Bundle:
    """A bundle from its bytes, fully checked for form before any file is opened.

    Raises Fault "malformed", "wrong statement", "bad path", "empty model" or "inconsistent".
    """
    document = envelope.parse_json(data, "bundle")
    members(document, "bundle", required=("mediaType", "verificationMaterial", "dsseEnvelope"))
    if document["mediaType"] != MEDIA_TYPE:
        raise Fault("malformed", f"bundle: mediaType isn't {MEDIA_TYPE}")
    method, hint = _material(document["verificationMaterial"])
    signed = envelope.read(document["dsseEnvelope"])
    if len(signed.signatures) != 1:
        raise Fault("malformed", "bundle: a Sigstore bundle holds exactly one signature")
    statement = envelope.read_statement(envelope.parse_json(signed.payload, "payload"), PREDICATE_TYPE)
    if len(statement.subjects) != 1:
        raise Fault("malformed", "statement: exactly one subject is expected")
    (name, root_digest) = statement.subjects[0]
    members(statement.predicate, "predicate", required=("resources", "serialization"))
    rules = statement.predicate["serialization"]
    _check_rules(rules)
    resources = _resources(statement.predicate["resources"], rules)
    combined = hashlib.sha256(b"".join(bytes.fromhex(item.digest) for item in resources)).hexdigest()
    if combined != root_digest:
        raise Fault("inconsistent", "the listed digests don't add up to the subject's digest")
    return Bundle(
        signed,
        method,
        hint,
        name,
        root_digest,
        resources,
        rules["hash_type"],
        rules.get("shard_size"),
        tuple(path.strip("/") for path in rules.get("ignore_paths", ())),
        rules["allow_symlinks"],
    )


def by_path(resources: Iterable[Resource]) -> dict[str, list[Resource]]:
    """Path -> its resources (one for a whole file, one per shard otherwise)."""
    grouped: dict[str, list[Resource]] = {}
    for item in resources:
        grouped.setdefault(item.path, []).append(item)
    return grouped


def _material(value: Any) -> tuple[Literal["key", "certificate", "sigstore"], str]:
    kinds = ("publicKey", "x509CertificateChain", "certificate")
    members(
        value,
        "verificationMaterial",
        required=(),
        optional=(*kinds, "tlogEntries", "timestampVerificationData"),
    )
    present = [kind for kind in kinds if kind in value]
    if len(present) != 1:
        raise Fault("malformed", f"verificationMaterial: exactly one of {', '.join(kinds)} is expected")
    if present[0] == "x509CertificateChain":
        return "certificate", ""
    if present[0] == "certificate":
        if not isinstance(value.get("tlogEntries"), list) or not value["tlogEntries"]:
            raise Fault("malformed", "verificationMaterial: a Sigstore bundle needs a transparency log entry")
        return "sigstore", ""
    if value.get("tlogEntries", []) != [] or "timestampVerificationData" in value:
        raise Fault("malformed", "verificationMaterial: log entries beside a bare key aren't verified here")
    key = value["publicKey"]
    if isinstance(key, dict) and "hint" not in key and "rawBytes" in key:
        raise CannotCheck("the bundle is of a version before 1.1 (rawBytes instead of hint): sign it again")
    members(key, "publicKey", required=("hint",))
    return "key", envelope.hex_sha256(key["hint"], "publicKey hint")


def _check_rules(rules: Any) -> None:
    required = ("method", "hash_type", "allow_symlinks")
    members(rules, "serialization", required=required, optional=("shard_size", "ignore_paths"))
    if rules["method"] not in ("files", "shards"):
        raise Fault("malformed", "serialization: method must be files or shards")
    if not isinstance(rules["hash_type"], str) or rules["hash_type"] not in _DIGEST_CHARS:
        raise Fault("malformed", "serialization: hash_type must be sha256, blake2b or blake3")
    if not isinstance(rules["allow_symlinks"], bool):
        raise Fault("malformed", "serialization: allow_symlinks must be true or false")
    size = rules.get("shard_size")
    # Whole numbers arrive as 1000.0 from writers that go through protobuf's Struct.
    if isinstance(size, float) and size.is_integer():
        size = rules["shard_size"] = int(size)
    if (rules["method"] == "shards") != (type(size) is int and size > 0) or (size is None) == (
        rules["method"] == "shards"
    ):
        raise Fault("malformed", "serialization: shard_size goes with shards, and only with them")
    ignored = rules.get("ignore_paths", [])
    if not isinstance(ignored, list) or not all(isinstance(path, str) for path in ignored):
        raise Fault("malformed", "serialization: ignore_paths must be a list of texts")
    for path in ignored:
        manifest.check_path(path.strip("/"))


def _resources(listed: Any, rules: Mapping[str, Any]) -> tuple[Resource, ...]:
    if not isinstance(listed, list):
        raise Fault("malformed", "predicate: resources must be a list")
    if not listed:
        raise Fault("empty model", "the signature lists no file")
    resources = []
    for item in listed:
        members(item, "resource", required=("name", "digest", "algorithm"))
        name, digest = item["name"], item["digest"]
        # model_signing 1.1 labels shards beyond the schema's words: "sha256-sharded-1000000".
        if item["algorithm"] not in (
            rules["hash_type"],
            f"{rules['hash_type']}-sharded-{rules.get('shard_size')}",
        ):
            raise Fault("malformed", "resource: algorithm isn't the one of the serialization")
        length = _DIGEST_CHARS[rules["hash_type"]]
        if not isinstance(digest, str) or len(digest) != length or not set(digest) <= set("0123456789abcdef"):
            raise Fault("malformed", f"resource: digest must be {length} lower-case hexadecimal digits")
        if not isinstance(name, str):
            raise Fault("malformed", "resource: name must be text")
        if rules["method"] == "files":
            resources.append(Resource(name, manifest.check_path(name), digest))
            continue
        path, start, end = _shard_name(name, rules["shard_size"])
        resources.append(Resource(name, path, digest, start, end))
    names = [resource.name for resource in resources]
    if len(set(names)) != len(names):
        repeated = next(name for name in sorted(names) if names.count(name) > 1)
        raise Fault("malformed", f"resource '{repeated}' is listed twice")
    if rules["method"] == "shards":
        for path, shards in by_path(resources).items():
            ordered = sorted(shards, key=lambda shard: shard.start)
            starts = [shard.start for shard in ordered]
            if starts != [number * rules["shard_size"] for number in range(len(ordered))]:
                raise Fault("inconsistent", f"the shards of '{path}' leave a gap or overlap")
    return tuple(resources)


def _shard_name(name: str, shard_size: int) -> tuple[str, int, int]:
    path, _, rest = name.rpartition(":")
    path, _, first = path.rpartition(":")
    if not (first.isascii() and first.isdigit() and rest.isascii() and rest.isdigit() and len(rest) < 19):
        raise Fault("malformed", f"resource: shard name {name!r:.120} isn't path:start:end")
    start, end = int(first[:19]), int(rest)
    if f"{start}:{end}" != f"{first}:{rest}" or not 0 < end - start <= shard_size:
        raise Fault("malformed", f"resource: shard name {name!r:.120} has a wrong range")
    return manifest.check_path(path), start, end
