"""`verify-warrant`, `verify-report`, `verify-bundle`: what was decided and shown, checked by a stranger."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modelwarrant import evidence_bundle, report, status, warrant
from modelwarrant.cli.answer import FAULT, Answer
from modelwarrant.cli.arguments import add_command, read_bytes, read_seen, write_whole
from modelwarrant.cli.logs import verifiers
from modelwarrant.cli.models import add_keys, trusted
from modelwarrant.entry import format_time
from modelwarrant.errors import UsageError
from modelwarrant.note import Verifier

_MAX_REPORT = 256 * 2**20


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this domain's commands."""
    one = add_command(subparsers, "verify-warrant", _verify_warrant, "verify a warrant offline")
    one.add_argument("file", metavar="FILE")
    one.add_argument("--model", metavar="DIR", type=Path, help="the model that is to run under it")
    one.add_argument(
        "--status", metavar="FILE",
        help="a current status list (see warrant-status); a stale one can't be checked: exit 3",
    )  # fmt: skip
    one.add_argument(
        "--seen", metavar="FILE",
        help="remember the newest status list here, and refuse an older one (rollback); made if it isn't there",
    )  # fmt: skip
    pack = add_command(
        subparsers, "verify-bundle", _verify_bundle, "verify an auditor's pack, directory or ZIP"
    )
    pack.add_argument("file", metavar="FILE", type=Path)
    pdf = add_command(subparsers, "verify-report", _verify_report, "verify a report against its signature")
    pdf.add_argument("file", metavar="FILE")
    pdf.add_argument("--bundle", metavar="SIDE", help="the signature (default: FILE.dsse.json)")
    pdf.add_argument("--data", metavar="JSON", help="the data the report was made from")
    for command, whose in ((one, "warrant key"), (pack, "keys of the signers"), (pdf, "report key")):
        add_keys(command, whose)
        command.add_argument(
            "--vkey",
            metavar="KEY",
            action="append",
            default=[],
            help="verifier key of the log (name+id+base64, or @FILE); may be repeated",
        )
    for command in (one, pack):
        command.add_argument(
            "--at", metavar="TIME", help="moment asked about, ISO 8601 with zone (default: now)"
        )


def _anchors(args: argparse.Namespace) -> list[Verifier]:
    if not args.key:
        raise UsageError("--key is needed: a signature is checked against a key you trust")
    given = []
    for value in args.vkey:
        text = (
            read_bytes(value[1:], limit=4096).decode("utf-8", "replace") if value.startswith("@") else value
        )
        given.append(text.strip())
    return verifiers(given)


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--at: {text[:60]!r} isn't a time like 2026-01-31T12:00:00Z") from error
    if moment.tzinfo is None:
        raise UsageError(f"--at: {text[:60]!r} names no zone; add Z for UTC")
    return moment.astimezone(UTC)


_MEANING = {
    "active": "in force",
    "due": "in force, renewal is due",
    "grace": "in grace: restarts and scale-out of what runs go on, no new deployment",
    "void": "void: it permits nothing",
    "not yet": "not yet valid: it permits nothing",
    "expired": "expired: it permits nothing",
}


def _verify_warrant(args: argparse.Namespace) -> Answer:
    logs, at = _anchors(args), _moment(args.at)
    if args.seen and not args.status:
        raise UsageError("--seen: there is no --status to hold against it")
    checked = warrant.check(
        read_bytes(args.file, limit=warrant.MAX_BYTES),
        trust=trusted(args.key),
        at=at,
        verifiers=logs,
        model_dir=args.model,
        status_list=read_bytes(args.status, limit=status.MAX_BYTES) if args.status else None,
        seen=read_seen(args.seen),
    )
    if args.seen and checked.seen is not None:
        write_whole(Path(args.seen), checked.seen.document())
    terms = checked.terms
    proof = "NOT CHECKED (no --vkey)"
    if checked.log_proof is not None:
        proof = f"entry {checked.log_proof.index} of {checked.log_proof.size} in {checked.log_origin}"
    files = "NOT CHECKED (no --model)"
    if checked.model_checked:
        files = f"{args.model} is the warranted model"
    elif terms.subject.binding != "bytes":
        files = f"none: the subject is bound as {terms.subject.binding}"
    facts = [
        ("warrant", terms.id),
        (
            "status",
            f"{checked.status} at {format_time(at)}" + (f": {checked.ground}" if checked.ground else ""),
        ),
        ("subject", f"{terms.subject.name} sha256:{terms.subject.digest}"),
        ("binding", terms.subject.binding),
        ("slot", str(terms.slot)),
        ("valid", f"{format_time(terms.not_before)} to {format_time(terms.not_after)}"),
        ("grace ends", format_time(terms.grace_ends)),
        ("policy", f"{terms.policy_uri} sha256:{terms.policy_digest}"),
        ("decisions", ", ".join(f"{item.role} sha256:{item.digest[:16]}" for item in terms.decisions)),
        *[("condition", condition) for condition in terms.conditions],
        ("when void", f"{terms.on_void} {terms.fallback}".strip()),
        ("signed by", f"{checked.key.name} (key id {checked.key.id})"),
        ("log proof", proof),
        ("model files", files),
        ("status list", "checked" if checked.status_checked else "NOT CHECKED (no --status): it may be void"),
    ]
    document: dict[str, Any] = {
        "verdict": "ok" if checked.in_force else "fault",
        "status": checked.status,
        "ground": checked.ground,
        "at": format_time(at),
        "id": terms.id,
        "subject": {
            "name": terms.subject.name,
            "digest": f"sha256:{terms.subject.digest}",
            "binding": terms.subject.binding,
        },
        "slot": str(terms.slot),
        "not_before": format_time(terms.not_before),
        "not_after": format_time(terms.not_after),
        "grace_ends": format_time(terms.grace_ends),
        "conditions": list(terms.conditions),
        "policy": f"sha256:{terms.policy_digest}",
        "decisions": [{"digest": f"sha256:{item.digest}", "role": item.role} for item in terms.decisions],
        "key_id": checked.key.id,
        "log": checked.log_origin,
        "log_proof": None
        if checked.log_proof is None
        else {"index": checked.log_proof.index, "size": checked.log_proof.size},
        "model_checked": checked.model_checked,
        "status_checked": checked.status_checked,
    }
    if checked.in_force:
        return Answer(f"OK: genuine and {_MEANING[checked.status]}", facts, document)
    document["kind"] = checked.status
    return Answer(f"FAULT: genuine, but {_MEANING[checked.status]}", facts, document, FAULT)


def _verify_report(args: argparse.Namespace) -> Answer:
    logs = _anchors(args)
    side = args.bundle or args.file + report.SUFFIX
    checked = report.check(
        read_bytes(side, limit=report.MAX_BYTES),
        read_bytes(args.file, limit=_MAX_REPORT),
        trust=trusted(args.key),
        verifiers=logs,
        data=read_bytes(args.data, limit=_MAX_REPORT) if args.data else None,
    )
    shown = "NOT CHECKED (no --vkey)"
    if checked.checkpoint is not None:
        shown = f"{checked.checkpoint.origin}, {checked.checkpoint.size} entries"
    facts = [
        ("report", f"{checked.facts.kind} {checked.facts.id}"),
        ("snapshot", format_time(checked.facts.snapshot)),
        ("PDF", f"sha256:{checked.pdf_digest}"),
        (
            "data",
            f"sha256:{checked.data_digest}" + ("" if checked.data_checked else " NOT CHECKED (no --data)"),
        ),
        ("policies", ", ".join(f"sha256:{digest}" for digest in checked.facts.policies) or "none"),
        ("signed by", f"{checked.key.name} (key id {checked.key.id})"),
        ("log checkpoint", shown),
    ]
    document = {
        "verdict": "ok",
        "id": checked.facts.id,
        "kind": checked.facts.kind,
        "snapshot": format_time(checked.facts.snapshot),
        "pdf": f"sha256:{checked.pdf_digest}",
        "data": f"sha256:{checked.data_digest}",
        "data_checked": checked.data_checked,
        "checkpoint": checked.facts.checkpoint,
        "checkpoint_checked": checked.checkpoint is not None,
        "key_id": checked.key.id,
    }
    return Answer(f"OK: {args.file} is the report that was signed", facts, document)


def _verify_bundle(args: argparse.Namespace) -> Answer:
    logs, at = _anchors(args), _moment(args.at)
    checked = evidence_bundle.check(args.file, trust=trusted(args.key), at=at, verifiers=logs)
    facts = [
        ("pack", f"{checked.id}, made {format_time(checked.created)}"),
        ("files", f"{len(checked.items)}, all as listed"),
        ("signed by", f"{checked.key.name} (key id {checked.key.id})"),
        *[("verified", line) for line in checked.verified],
        *[("NOT CHECKED", line) for line in checked.not_checked],
    ]
    document = {
        "verdict": "ok",
        "full": not checked.not_checked,
        "id": checked.id,
        "created": format_time(checked.created),
        "files": len(checked.items),
        "verified": list(checked.verified),
        "not_checked": list(checked.not_checked),
        "key_id": checked.key.id,
    }
    extent = "in full" if not checked.not_checked else f"in part: {len(checked.not_checked)} NOT CHECKED"
    return Answer(f"OK: {args.file} is as it was signed, verified {extent}", facts, document)
