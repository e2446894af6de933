"""The warrant: signed permission for one subject in one deployment slot until a date.

A DSSE-signed in-toto statement in the form of a SLSA verification summary
(https://slsa.dev/spec/v1.0/verification_summary) with our own facts under EXTENSION, put into one file
together with the log entry of the decision it rests on and the proof that this entry is in the log. It is
checked offline against keys the caller gives. Time comes from the caller.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from modelwarrant import canonical, entry, envelope, manifest, merkle, note, proof, status
from modelwarrant.envelope import hex_sha256, members
from modelwarrant.errors import CannotCheck, Fault
from modelwarrant.keys import Signer, TrustedKey
from modelwarrant.status import Seen

FORMAT: Final = "modelwarrant/warrant/v1"
PREDICATE_TYPE: Final = "https://slsa.dev/verification_summary/v1"
EXTENSION: Final = "https://modelwarrant.dev/warrant/v1"
MAX_BYTES: Final = 4 * 2**20

Binding = Literal["bytes", "container", "declared"]
Status = Literal["active", "due", "grace", "void", "not yet", "expired"]
ON_VOID: Final = ("keep", "fall back", "stop")
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Slot:
    """Where the subject may run. Each part is 1 to 64 letters, digits, dots, underscores or hyphens."""

    environment: str
    region: str
    arm: str

    def __str__(self) -> str:
        return f"{self.environment}/{self.region}/{self.arm}"


@dataclass(frozen=True, slots=True)
class Subject:
    """What may run.

    `digest` (hex SHA-256) is the model's identity: of the signed OMS payload for `bytes`, of the image
    manifest for `container`, of the canonical declaration for `declared`. For `bytes`, `manifest_digest`
    (see modelwarrant.manifest) can be made again from the directory alone, leaving out `ignored`.
    """

    name: str
    binding: Binding
    digest: str
    manifest_digest: str | None = None
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision the warrant rests on: hex SHA-256 of its log entry's bytes, and the seat it filled."""

    digest: str
    role: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What a warrant says. Times are aware; notBefore <= dueFrom <= notAfter <= graceEnds.

    `on_void` is one of ON_VOID, `fallback` what to fall back to. `levels` are SLSA's verifiedLevels (own
    words; those that begin with SLSA_ are reserved). `policy_digest` is hex SHA-256.
    """

    id: str
    subject: Subject
    slot: Slot
    resource_uri: str
    policy_uri: str
    policy_digest: str
    verifier: str
    issued: datetime
    not_before: datetime
    due_from: datetime
    not_after: datetime
    grace_ends: datetime
    decisions: tuple[Decision, ...]
    conditions: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    on_void: str = "stop"
    fallback: str = ""


@dataclass(frozen=True, slots=True)
class CheckedWarrant:
    """A genuine warrant. It permits nothing by itself: ask `in_force`.

    `log_proof` is None when no log key was given, `model_checked` and `status_checked` are False when no
    directory or status list was given: whoever shows this says so. `ground` says why it is void, or due or in grace
    before its own dates.
    """

    terms: Terms
    status: Status
    key: TrustedKey
    ground: str
    log_origin: str
    log_proof: proof.CheckedProof | None
    model_checked: bool
    status_checked: bool
    seen: Seen | None = None

    @property
    def in_force(self) -> bool:
        """Active, due or in grace. In grace only restarts and scale-out of what already runs go on."""
        return self.status in ("active", "due", "grace")


def entry_data(subject: Subject, slot: Slot) -> dict[str, str]:
    """What the log entry of the decision must hold in its `data` (it may hold more)."""
    return {"slot": str(slot), "subject_digest": f"sha256:{subject.digest}"}


def make(terms: Terms, leaf: bytes, log_proof: bytes, signer: Signer) -> bytes:
    """The warrant file. `leaf` is the entry's bytes, `log_proof` its proof (C2SP tlog-proof).

    Raises ValueError for terms that contradict themselves or an entry that decides something else, so that
    no warrant is signed that its own check would refuse.
    """
    origin = _origin(leaf)
    predicate = _predicate(terms, origin, leaf)
    subjects = [(terms.subject.name, terms.subject.digest)]
    if terms.subject.manifest_digest:
        subjects.append((f"{terms.subject.name}#manifest", terms.subject.manifest_digest))
    statement = envelope.Statement(tuple(subjects), PREDICATE_TYPE, predicate)
    try:
        read = _read_terms(statement)[0]
        _check_entry(terms, origin, leaf)
        proof.parse(log_proof)
    except Fault as fault:
        raise ValueError(str(fault)) from fault
    if read != terms:
        raise ValueError("the terms don't survive being written and read")
    document = {
        "entry": base64.b64encode(leaf).decode(),
        "envelope": envelope.sign(canonical.encode(statement.document()), [signer]).document(),
        "format": FORMAT,
        "proof": log_proof.decode("utf-8"),
    }
    return canonical.encode(document) + b"\n"


def check(
    data: bytes,
    *,
    trust: Sequence[TrustedKey],
    at: datetime,
    verifiers: Sequence[note.Verifier] = (),
    model_dir: Path | None = None,
    status_list: bytes | None = None,
    seen: Seen | None = None,
) -> CheckedWarrant:
    """Verify a warrant file at the moment `at`.

    The signature, the terms and the decision's entry are always checked; the log proof with `verifiers`,
    the model's files with `model_dir`, voidness with `status_list`, which may not be older than `seen`.
    Raises Fault for anything altered or contradictory; CannotCheck without a key, for unknown keys, a
    stale status list, or a directory for a warrant that isn't bound to bytes. Expired, void and
    not-yet-valid warrants are returned as such.
    """
    signed, leaf, log_proof = _open(data)
    key = envelope.verify(signed, trust, "warrant")[0]
    statement = envelope.read_statement(canonical.decode(signed.payload), PREDICATE_TYPE)
    terms, origin, committed = _read_terms(statement)
    # Whether the key was good is asked for the moment of signing: rotating a key must not end the warrants
    # it signed before. A stolen key's warrants end by leaving the key out of `trust`.
    if objection := key.objection("warrant", terms.issued):
        raise Fault(
            objection, f"the warrant was signed at {entry.format_time(terms.issued)}, key {key.id[:16]}"
        )
    if merkle.leaf_hash(leaf).hex() != committed:
        raise Fault("wrong entry", "the log entry in the file isn't the one the warrant commits to")
    _check_entry(terms, origin, leaf)
    proved = None
    if verifiers:
        proved = proof.check(leaf, log_proof, verifiers)
        if proved.origin != origin:
            raise Fault("wrong log", f"the proof is of log {proved.origin!r}, not {origin!r}")
    else:
        proof.parse(log_proof)
    if model_dir is not None:
        _check_model(terms.subject, model_dir)
    word, ground = _status(terms, at), ""
    newest: Seen | None = None
    if status_list is not None:
        listed = status.check(status_list, trust=trust, at=at, seen=seen)
        newest = Seen(listed.issued, listed.log)
        word, ground = _limited(terms.id, word, listed, at)
    return CheckedWarrant(
        terms, word, key, ground, origin, proved, model_dir is not None, status_list is not None, newest
    )


_ORDER: Final[tuple[Status, ...]] = ("active", "due", "grace", "expired")


def _limited(warrant: str, word: Status, listed: status.StatusList, at: datetime) -> tuple[Status, str]:
    """The word that a status list makes of a warrant's own, and why; a list takes away and gives nothing."""
    void, limited = listed.void.get(warrant), listed.limited.get(warrant)
    if void is not None and void.at <= at:
        return "void", f"{void.ground} ({entry.format_time(void.at)})"
    if limited is not None and limited.at <= at and word in _ORDER:
        other: Status = "due" if limited.status == "due" else "grace"
        if _ORDER.index(other) > _ORDER.index(word):
            return other, f"{limited.ground} ({entry.format_time(limited.at)})"
    return word, ""


def _open(data: bytes) -> tuple[envelope.Envelope, bytes, bytes]:
    if len(data) > MAX_BYTES:
        raise Fault("malformed", f"a warrant of {len(data):,} bytes")
    # The file is canonical too, so that nothing in it can change without being seen.
    document = canonical.decode(data.removesuffix(b"\n"))
    members(document, "warrant", required=("entry", "envelope", "format", "proof"))
    if document["format"] != FORMAT:
        raise Fault("malformed", f"warrant: format isn't {FORMAT}")
    text = document["proof"]
    if not isinstance(text, str):
        raise Fault("malformed", "warrant: proof must be text")
    leaf = envelope.unbase64(document["entry"], "entry")
    return envelope.read(document["envelope"]), leaf, text.encode("utf-8")


def _origin(leaf: bytes) -> str:
    try:
        parsed = entry.parse(leaf).entry
    except Fault as fault:
        raise ValueError(str(fault)) from fault
    if parsed is None:
        raise ValueError("the entry is of a version that isn't known here")
    return parsed.log


def _check_entry(terms: Terms, origin: str, leaf: bytes) -> None:
    parsed = entry.parse(leaf).entry
    if parsed is None:
        raise CannotCheck("the decision's log entry is of a version that isn't known here")
    if parsed.log != origin:
        raise Fault("wrong entry", f"the entry is of log {parsed.log!r}, not {origin!r}")
    for name, expected in entry_data(terms.subject, terms.slot).items():
        if parsed.data.get(name) != expected:
            kind = "subject mismatch" if name == "subject_digest" else "slot mismatch"
            raise Fault(
                kind, f"the decision in the log says {name} {parsed.data.get(name)!r:.120}, not {expected}"
            )


def _check_model(subject: Subject, model_dir: Path) -> None:
    if subject.binding != "bytes" or subject.manifest_digest is None:
        raise CannotCheck(
            f"the warrant is bound to a {subject.binding} subject: a directory can't be compared"
        )
    found = manifest.build(model_dir, subject.ignored).digest
    if found != subject.manifest_digest:
        raise Fault(
            "subject mismatch",
            f"{model_dir} isn't the warranted model (manifest {found[:16]}, warranted "
            f"{subject.manifest_digest[:16]}); verify-model with its bundle names the files",
        )


def _status(terms: Terms, at: datetime) -> Status:
    if at < terms.not_before:
        return "not yet"
    if at < terms.due_from:
        return "active"
    if at < terms.not_after:
        return "due"
    return "grace" if at < terms.grace_ends else "expired"


def _predicate(terms: Terms, origin: str, leaf: bytes) -> dict[str, Any]:
    return {
        "verifier": {"id": terms.verifier},
        "timeVerified": entry.format_time(terms.issued),
        "resourceUri": terms.resource_uri,
        "policy": {"digest": {"sha256": terms.policy_digest}, "uri": terms.policy_uri},
        "inputAttestations": [{"digest": {"sha256": decision.digest}} for decision in terms.decisions],
        "verificationResult": "PASSED",
        "verifiedLevels": list(terms.levels),
        EXTENSION: {
            "binding": terms.subject.binding,
            "conditions": list(terms.conditions),
            "decisions": [{"digest": item.digest, "role": item.role} for item in terms.decisions],
            "dueFrom": entry.format_time(terms.due_from),
            "fallback": terms.fallback,
            "graceEnds": entry.format_time(terms.grace_ends),
            "id": terms.id,
            "ignored": list(terms.subject.ignored),
            "log": {"leafHash": merkle.leaf_hash(leaf).hex(), "origin": origin},
            "notAfter": entry.format_time(terms.not_after),
            "notBefore": entry.format_time(terms.not_before),
            "onVoid": terms.on_void,
            "slot": {
                "arm": terms.slot.arm,
                "environment": terms.slot.environment,
                "region": terms.slot.region,
            },
        },
    }


_SUMMARY: Final = (
    "verifier",
    "timeVerified",
    "resourceUri",
    "policy",
    "inputAttestations",
    "verificationResult",
    "verifiedLevels",
    EXTENSION,
)
_FACTS: Final = (
    "binding",
    "conditions",
    "decisions",
    "dueFrom",
    "fallback",
    "graceEnds",
    "id",
    "ignored",
    "log",
    "notAfter",
    "notBefore",
    "onVoid",
    "slot",
)


def _read_terms(statement: envelope.Statement) -> tuple[Terms, str, str]:
    """The terms, the log's origin and the committed leaf hash (hex). Raises Fault if it is no warrant."""
    summary = statement.predicate
    members(summary, "summary", required=_SUMMARY)
    facts = summary[EXTENSION]
    members(facts, "warrant", required=_FACTS)
    if summary["verificationResult"] != "PASSED":
        raise Fault("malformed", "summary: a warrant's verificationResult is PASSED")
    members(summary["verifier"], "verifier", required=("id",))
    members(summary["policy"], "policy", required=("digest", "uri"))
    members(summary["policy"]["digest"], "policy digest", required=("sha256",))
    members(facts["log"], "log", required=("leafHash", "origin"))
    members(facts["slot"], "slot", required=("arm", "environment", "region"))
    decisions = []
    for item in _list(facts["decisions"], "decisions"):
        members(item, "decision", required=("digest", "role"))
        decisions.append(Decision(hex_sha256(item["digest"], "decision digest"), _text(item["role"], "role")))
    if summary["inputAttestations"] != [{"digest": {"sha256": item.digest}} for item in decisions]:
        raise Fault("malformed", "summary: inputAttestations aren't the decisions")
    times = {name: _time(facts[name], name) for name in ("notBefore", "dueFrom", "notAfter", "graceEnds")}
    if list(times.values()) != sorted(times.values()) or times["notBefore"] == times["notAfter"]:
        raise Fault("malformed", "warrant: notBefore <= dueFrom <= notAfter <= graceEnds doesn't hold")
    if not decisions:
        raise Fault("malformed", "warrant: it rests on no decision")
    if facts["onVoid"] not in ON_VOID or (facts["onVoid"] == "fall back") != bool(facts["fallback"]):
        raise Fault("malformed", "warrant: onVoid is keep, stop, or fall back with what to")
    slot = Slot(*(_word(facts["slot"][name], name) for name in ("environment", "region", "arm")))
    terms = Terms(
        id=_word(facts["id"], "id"),
        subject=_read_subject(statement, facts),
        slot=slot,
        resource_uri=_text(summary["resourceUri"], "resourceUri"),
        policy_uri=_text(summary["policy"]["uri"], "policy uri"),
        policy_digest=hex_sha256(summary["policy"]["digest"]["sha256"], "policy digest"),
        verifier=_text(summary["verifier"]["id"], "verifier id"),
        issued=_time(summary["timeVerified"], "timeVerified"),
        not_before=times["notBefore"],
        due_from=times["dueFrom"],
        not_after=times["notAfter"],
        grace_ends=times["graceEnds"],
        decisions=tuple(decisions),
        conditions=_texts(facts["conditions"], "conditions"),
        levels=_texts(summary["verifiedLevels"], "verifiedLevels"),
        on_void=facts["onVoid"],
        fallback=_text(facts["fallback"], "fallback", empty=True),
    )
    origin = _text(facts["log"]["origin"], "log origin")
    return terms, origin, hex_sha256(facts["log"]["leafHash"], "leafHash")


def _read_subject(statement: envelope.Statement, facts: Mapping[str, Any]) -> Subject:
    binding: Any = facts["binding"]
    if binding not in ("bytes", "container", "declared"):
        raise Fault("malformed", "warrant: binding is bytes, container or declared")
    name, digest = statement.subjects[0]
    rest = statement.subjects[1:]
    if [other for other, _ in rest] != ([f"{name}#manifest"] if binding == "bytes" else []):
        raise Fault("malformed", "statement: subjects are the model and, for bytes, its manifest")
    ignored = _texts(facts["ignored"], "ignored")
    if ignored and binding != "bytes":
        raise Fault("malformed", "warrant: ignored paths go with bytes")
    for path in ignored:
        manifest.check_path(path)
    return Subject(_text(name, "subject name"), binding, digest, rest[0][1] if rest else None, ignored)


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > 1000:
        raise Fault("malformed", f"warrant: {what} must be a list of at most 1,000")
    return value


def _text(value: Any, what: str, *, empty: bool = False) -> str:
    if not isinstance(value, str) or len(value) > 2000 or not (value or empty):
        raise Fault("malformed", f"warrant: {what} must be text of 1 to 2,000 characters")
    return value


def _texts(value: Any, what: str) -> tuple[str, ...]:
    return tuple(_text(item, what) for item in _list(value, what))


def _word(value: Any, what: str) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise Fault("malformed", f"warrant: {what} 1 to 64 of A-Z a-z 0-9 . _ - are expected")
    return value


def _time(value: Any, what: str) -> datetime:
    if not isinstance(value, str):
        raise Fault("malformed", f"warrant: {what} must be a time")
    return entry.parse_time(value)
