"""The signature beside a report: `<name>.pdf.dsse.json`.

A DSSE-signed in-toto statement about the PDF's bytes and the data it was made from. It says which snapshot
of which log the report shows and under which policies, so that a printed figure can be traced back. How a
report is laid out is not known here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from modelwarrant import canonical, entry, envelope, note
from modelwarrant.envelope import hex_sha256, members
from modelwarrant.errors import Fault
from modelwarrant.keys import Signer, TrustedKey

PREDICATE_TYPE: Final = "https://modelwarrant.dev/report/v1"
SUFFIX: Final = ".dsse.json"
MAX_BYTES: Final = 2**20


@dataclass(frozen=True, slots=True)
class Facts:
    """What a report rests on.

    `kind` such as `scorecard` or `audit`; `snapshot` the moment its data were read; `checkpoint` the signed
    note of the log at that moment; `policies` the hex SHA-256 digests of the policies it applies.
    """

    id: str
    kind: str
    snapshot: datetime
    checkpoint: str
    policies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedReport:
    """A report that is as it was signed. `checkpoint` is None when no log key was given, and
    `data_checked` False when no data were given: whoever shows this says so."""

    facts: Facts
    name: str
    key: TrustedKey
    pdf_digest: str
    data_digest: str
    checkpoint: note.Checkpoint | None
    data_checked: bool


def make(facts: Facts, name: str, pdf: bytes, data: bytes, signer: Signer) -> bytes:
    """The sidecar for the PDF called `name` and its data JSON, both as bytes."""
    predicate = {
        "checkpoint": facts.checkpoint,
        "id": facts.id,
        "kind": facts.kind,
        "policies": [{"sha256": digest} for digest in facts.policies],
        "snapshot": entry.format_time(facts.snapshot),
    }
    subjects = ((name, hashlib.sha256(pdf).hexdigest()), (f"{name}#data", hashlib.sha256(data).hexdigest()))
    statement = envelope.Statement(subjects, PREDICATE_TYPE, predicate)
    try:
        _read_facts(statement)
    except Fault as fault:
        raise ValueError(str(fault)) from fault
    return (
        canonical.encode(envelope.sign(canonical.encode(statement.document()), [signer]).document()) + b"\n"
    )


def check(
    sidecar: bytes,
    pdf: bytes,
    *,
    trust: Sequence[TrustedKey],
    verifiers: Sequence[note.Verifier] = (),
    data: bytes | None = None,
) -> CheckedReport:
    """Verify a report's bytes against its sidecar. Fault: altered; CannotCheck: unknown key."""
    if len(sidecar) > MAX_BYTES:
        raise Fault("malformed", f"a report signature of {len(sidecar):,} bytes")
    signed = envelope.read(canonical.decode(sidecar.removesuffix(b"\n")))
    key = envelope.verify(signed, trust, "report")[0]
    statement = envelope.read_statement(canonical.decode(signed.payload), PREDICATE_TYPE)
    facts = _read_facts(statement)
    if objection := key.objection("report", facts.snapshot):
        raise Fault(objection, f"the report was made at {entry.format_time(facts.snapshot)}")
    (name, pdf_digest), (_, data_digest) = statement.subjects
    if hashlib.sha256(pdf).hexdigest() != pdf_digest:
        raise Fault("changed", f"the PDF isn't the one that was signed as '{name}'")
    if data is not None and hashlib.sha256(data).hexdigest() != data_digest:
        raise Fault("changed", f"the data aren't those of '{name}'")
    checkpoint = None
    if verifiers:
        checkpoint = note.open_checkpoint(facts.checkpoint.encode(), verifiers)[0]
    return CheckedReport(facts, name, key, pdf_digest, data_digest, checkpoint, data is not None)


def _read_facts(statement: envelope.Statement) -> Facts:
    says = statement.predicate
    members(says, "report", required=("checkpoint", "id", "kind", "policies", "snapshot"))
    names = [name for name, _ in statement.subjects]
    if len(names) != 2 or not names[0] or names[1] != f"{names[0]}#data":
        raise Fault("malformed", "report: the subjects are the PDF and its data")
    for field in ("checkpoint", "id", "kind", "snapshot"):
        if not isinstance(says[field], str) or not says[field]:
            raise Fault("malformed", f"report: {field} must be text")
    note.split_note(says["checkpoint"].encode())
    if not isinstance(says["policies"], list):
        raise Fault("malformed", "report: policies must be a list")
    policies = tuple(_digest(item) for item in says["policies"])
    return Facts(says["id"], says["kind"], entry.parse_time(says["snapshot"]), says["checkpoint"], policies)


def _digest(value: Any) -> str:
    members(value, "policy digest", required=("sha256",))
    return hex_sha256(value["sha256"], "policy digest")
