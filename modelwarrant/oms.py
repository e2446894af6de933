"""OpenSSF Model Signing: sign a model directory, verify one.

Bundles signed with a bare key are written and verified, interchangeable with `model_signing`; bundles
signed with certificates or through Sigstore are answered "cannot be checked". What the signature says
(ignored paths, links) wins over what the caller asks for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from modelwarrant import envelope, keys, manifest
from modelwarrant.bundle import MEDIA_TYPE, PREDICATE_TYPE, Bundle, by_path, read
from modelwarrant.errors import CannotCheck, Fault
from modelwarrant.keys import Signer, TrustedKey
from modelwarrant.manifest import Span


@dataclass(frozen=True, slots=True)
class Difference:
    """How the directory differs from what was signed: changed, missing, extra or renamed."""

    kind: Literal["changed", "missing", "extra", "renamed"]
    path: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: '{self.path}'" + (f" {self.detail}" if self.detail else "")


class ModelDiffers(Fault):
    """The signature holds but the directory isn't what was signed; `differences` names every file."""

    def __init__(self, differences: Sequence[Difference]) -> None:
        self.differences = tuple(differences)
        more = f" (and {len(differences) - 1} more)" if len(differences) > 1 else ""
        super().__init__(differences[0].kind, f"{str(differences[0]).split(': ', 1)[1]}{more}")


@dataclass(frozen=True, slots=True)
class VerifiedModel:
    """A model that is what its signature says. `findings` are strict mode's remarks (empty otherwise)."""

    payload_digest: str
    root_digest: str
    key: TrustedKey
    name: str
    files: int
    size: int
    ignored: tuple[str, ...]
    manifest_digest: str | None = None
    findings: tuple[str, ...] = field(default=())


def sign_model(
    root: Path,
    signer: Signer,
    *,
    ignored: Iterable[str] = manifest.GIT_PATHS,
    name: str | None = None,
    shard_size: int | None = None,
    workers: int | None = None,
) -> bytes:
    """The bundle for model directory `root`, signed with an ECDSA key.

    `ignored` are the paths left out (the bundle's own path must be among them if it lies in `root`);
    `shard_size` in bytes signs shards instead of whole files. Raises what `manifest.build` raises, and
    ValueError for an Ed25519 key, which OMS doesn't know.
    """
    if keys.algorithm(signer.public) == "ed25519":
        raise ValueError("OMS knows no Ed25519: use p256, p384 or p521")
    leave = sorted({manifest.check_path(path.strip("/")) for path in ignored})
    seen = manifest.walk(root, leave)
    serialization: dict[str, Any] = {"allow_symlinks": False, "hash_type": "sha256", "ignore_paths": leave}
    if shard_size is None:
        built = manifest.build(root, leave, workers=workers, seen=seen)
        listed = [(file.path, file.sha256) for file in built.files]
        serialization["method"] = "files"
    else:
        manifest.check_substance(seen)
        spans = [span for file in seen.files for span in _shards(file.path, file.size, shard_size)]
        digests = manifest.hash_spans(root, seen, spans, workers=workers)
        names = [f"{span.path}:{span.start}:{span.end}" for span in spans]
        listed = list(zip(names, digests, strict=True))
        serialization |= {"method": "shards", "shard_size": shard_size}
    resources = [{"algorithm": "sha256", "digest": digest, "name": name} for name, digest in listed]
    digest = hashlib.sha256(b"".join(bytes.fromhex(digest) for _, digest in listed)).hexdigest()
    subject = ((name or root.resolve().name, digest),)
    predicate = {"resources": resources, "serialization": serialization}
    statement = envelope.Statement(subject, PREDICATE_TYPE, predicate).document()
    payload = json.dumps(statement, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    signed = envelope.sign(payload, [signer], name_keys=False)
    document = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": keys.oms_hint(signer.public)}, "tlogEntries": []},
        "dsseEnvelope": signed.document(),
    }
    return json.dumps(document, indent=2).encode() + b"\n"


def verify_bundle(bundle: Bundle, trust: Sequence[TrustedKey], *, at: datetime | None = None) -> TrustedKey:
    """The trusted key that signed `bundle`. Raises Fault for a bad signature, CannotCheck for unknown keys,
    certificates and Sigstore."""
    if bundle.method != "key":
        raise CannotCheck(f"the bundle is signed with a {bundle.method}; only bare keys are verified here")
    if not trust:
        raise CannotCheck("no public key given: nothing says whose signature this should be")
    hinted = [key for key in trust if keys.oms_hint(key.public) == bundle.hint]
    if not hinted:
        raise CannotCheck(f"the bundle is signed by an unknown key (hint {bundle.hint[:16]})")
    (key,) = envelope.verify(bundle.envelope, hinted[:1], "model", at=at)
    return key


def verify_model(
    root: Path,
    data: bytes,
    trust: Sequence[TrustedKey],
    *,
    ignored: Iterable[str] = (),
    strict: bool = False,
    at: datetime | None = None,
    workers: int | None = None,
) -> VerifiedModel:
    """Verify signature and directory. `ignored` are unsigned files the caller expects (the bundle itself).

    An ignored path never hides a signed file. Raises ModelDiffers naming the files, any other Fault of the
    bundle or the directory, or CannotCheck. With `strict`, findings are returned for the caller to refuse.
    """
    bundle = read(data)
    key = verify_bundle(bundle, trust, at=at)
    if bundle.allow_symlinks:
        raise CannotCheck("the bundle was signed with symbolic links followed; they are refused here")
    signed = {resource.path for resource in bundle.resources}
    ignored = tuple(ignored)
    leave = {*bundle.ignored, *(path.strip("/") for path in ignored)}
    above = manifest.prefixes(signed)
    if not above.isdisjoint(bundle.ignored):
        hidden = min(path for path in signed if manifest.covers(bundle.ignored, path))
        raise Fault("inconsistent", f"'{hidden}' is both signed and ignored")
    leave -= above
    seen = manifest.walk(root, leave)
    there = {file.path: file for file in seen.files}
    spans = []
    for resource in bundle.resources:
        if resource.path in there:
            size = there[resource.path].size
            end = size if resource.end is None else resource.end
            if resource.start <= end <= size:
                spans.append(Span(resource.path, resource.start, end))
    extra = sorted(set(there) - signed)
    # An empty file has no shard, so a sharded signature can't tell; strict mode does.
    unseen = [path for path in extra if bundle.shard_size is not None and not there[path].size]
    extra = [path for path in extra if path not in unseen]
    spans += [Span(path, 0, there[path].size) for path in extra]
    spans = list(dict.fromkeys(spans))
    found = dict(
        zip(
            spans,
            manifest.hash_spans(root, seen, spans, algorithm=bundle.algorithm, workers=workers),
            strict=True,
        )
    )
    differences = _compare(bundle, there, found, extra)
    if differences:
        raise ModelDiffers(differences)
    again = manifest.walk(root, leave)
    if {(file.path, file.mark) for file in again.files} != {(file.path, file.mark) for file in seen.files}:
        raise Fault("changed while reading", f"{root}")
    digest = None
    if bundle.shard_size is None and bundle.algorithm == "sha256":
        files = [manifest.File(item.path, item.digest, there[item.path].size) for item in bundle.resources]
        digest = manifest.Manifest(tuple(sorted(files, key=lambda file: file.path)), bundle.ignored).digest
    findings = [f"'{path}' is empty and isn't signed" for path in unseen] if strict else []
    if strict:
        expected = {path.strip("/") for path in ignored}
        unexpected = tuple(path for path in seen.left_out if not manifest.covers(expected, path))
        findings += manifest.strict_findings(replace(seen, left_out=unexpected))
    return VerifiedModel(
        bundle.payload_digest,
        bundle.root_digest,
        key,
        bundle.name,
        len(there),
        sum(file.size for file in seen.files),
        bundle.ignored,
        digest,
        tuple(findings),
    )


def _compare(
    bundle: Bundle, there: Mapping[str, manifest.Found], found: Mapping[Span, str], extra: Sequence[str]
) -> list[Difference]:
    changed: dict[str, str] = {}
    missing = []
    lengths: dict[str, int] = {}
    for item in bundle.resources:
        if item.path not in there:
            missing.append(item)
            continue
        size = there[item.path].size
        span = Span(item.path, item.start, size if item.end is None else item.end)
        lengths[item.path] = max(lengths.get(item.path, 0), span.end)
        if found.get(span) != item.digest:
            changed.setdefault(item.path, "" if item.end is None else f"in bytes {item.start} to {item.end}")
    for path, length in lengths.items():
        if length != there[path].size:
            changed.setdefault(path, f"holds {there[path].size} bytes, signed were {length}")
    differences = [Difference("changed", path, detail) for path, detail in sorted(changed.items())]
    left = {path: found[Span(path, 0, there[path].size)] for path in extra}
    for path, items in by_path(missing).items():
        twin = next(
            (name for name, digest in left.items() if len(items) == 1 and digest == items[0].digest), None
        )
        if twin is None:
            differences.append(Difference("missing", path))
        else:
            differences.append(Difference("renamed", path, f"is now '{twin}'"))
            del left[twin]
    return differences + [Difference("extra", path, "isn't signed") for path in left]


def _shards(path: str, size: int, shard_size: int) -> list[Span]:
    if shard_size <= 0:
        raise ValueError("shard_size must be positive")
    if not size:
        raise Fault("empty file", f"'{path}' has no byte to put into a shard: sign whole files instead")
    return [Span(path, start, min(start + shard_size, size)) for start in range(0, size, shard_size)]
