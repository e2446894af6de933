"""`verify-log`, `compare-logs`, `verify-proof`: the record, checked by a stranger."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modelwarrant import proof, quorum
from modelwarrant.canonical import digest
from modelwarrant.cli.answer import CANNOT_CHECK, Answer
from modelwarrant.cli.arguments import add_command, read_bytes
from modelwarrant.compare_logs import compare_logs
from modelwarrant.errors import UsageError
from modelwarrant.note import ED25519, MAX_NOTE_BYTES, Note, Verifier, encode_base64
from modelwarrant.tiles import MAX_ENTRY_BYTES
from modelwarrant.verify_log import LogReport, verify_log


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this domain's commands."""
    log = add_command(subparsers, "verify-log", _verify_log, "verify an exported log in full")
    log.add_argument("directory", metavar="DIR", type=Path)
    log.add_argument(
        "--earlier",
        metavar="CHECKPOINT",
        action="append",
        default=[],
        help="a checkpoint kept from before, which the log must continue; may be repeated",
    )
    log.add_argument(
        "--hashes-only",
        action="store_true",
        help="check hashes, tree, chain and signature, and do not read what the entries say; several times faster",
    )
    compare = add_command(
        subparsers, "compare-logs", _compare_logs, "show that a later copy of a log continues an earlier one"
    )
    compare.add_argument("first", metavar="EARLIER_DIR", type=Path)
    compare.add_argument("second", metavar="LATER_DIR", type=Path)
    leaf = add_command(
        subparsers, "verify-proof", _verify_proof, "verify a proof that an entry's bytes are in a log"
    )
    leaf.add_argument("leaf", metavar="ENTRY", help="file with the entry's bytes")
    leaf.add_argument("proof", metavar="PROOF", help="file with the proof (tlog-proof)")
    for command in (log, compare, leaf):
        command.add_argument(
            "--vkey",
            metavar="KEY",
            action="append",
            default=[],
            help="verifier key of the log (name+id+base64); may be repeated",
        )
        command.add_argument("--origin", help="the log expected, where its key goes by another name")
        command.add_argument(
            "--quorum",
            metavar="POLICY",
            help="file naming the witnesses that must have cosigned (c2sp.org/tlog-policy)",
        )


def verifiers(vkeys: Sequence[str]) -> list[Verifier]:
    """The keys given with `--vkey`. Raises UsageError for one that can't be read."""
    found: list[Verifier] = []
    for vkey in vkeys:
        try:
            found.append(Verifier.from_vkey(vkey.strip()))
        except ValueError as error:
            raise UsageError(f"--vkey {vkey[:80]!r}: {error}") from error
    return found


def _policy(args: argparse.Namespace) -> quorum.Policy | None:
    if args.quorum is None:
        return None
    try:
        return quorum.parse(read_bytes(args.quorum, limit=quorum.MAX_BYTES))
    except ValueError as error:
        raise UsageError(f"--quorum {args.quorum}: {error}") from error


def _keys(args: argparse.Namespace, policy: quorum.Policy | None) -> list[Verifier]:
    """Keys from `--vkey` and the policy. Raises UsageError when no log's is among them."""
    found = verifiers(args.vkey)
    if policy is not None:
        found += [key for key in policy.verifiers if key not in found]
    if not any(key.algorithm == ED25519 for key in found):
        raise UsageError("--vkey is needed: a log is checked against a key you trust, not against itself")
    return found


def _witnessed(
    policy: quorum.Policy | None, note: Note | None
) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """Facts and document about witnesses. Raises Fault("quorum not reached")."""
    if policy is None or note is None:
        return [("witnesses", "none was asked for (--quorum names who must have seen this log)")], {}
    found = quorum.require(policy, note)
    times = {
        name: datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for name, at in found.items()
    }
    return [("witnessed by", f"{name} at {at}") for name, at in times.items()], {"witnesses": times}


def _verify_log(args: argparse.Namespace) -> Answer:
    policy = _policy(args)
    trusted = _keys(args, policy)
    earlier = [read_bytes(path, limit=MAX_NOTE_BYTES) for path in args.earlier]
    report = verify_log(
        args.directory,
        trusted,
        earlier=earlier,
        origin=args.origin,
        read=not args.hashes_only,
    )
    extent = "verified in part: hashes only" if _partial(report) else "verified in full"
    headline = f"OK: {report.checkpoint.origin}, {report.checkpoint.size} entries, {extent}"
    facts, document = _witnessed(policy, report.note)
    return Answer(headline, [*_facts(report), *facts], {"verdict": "ok", **_document(report), **document})


def _compare_logs(args: argparse.Namespace) -> Answer:
    policy = _policy(args)
    keys = _keys(args, policy) if policy else verifiers(args.vkey) or None
    compared = compare_logs(args.first, args.second, keys, origin=args.origin)
    for report in (compared.first, compared.second):
        _witnessed(policy, report.note)
    origin, added = compared.first.checkpoint.origin, compared.added
    agreed = f"{origin}, the later copy continues the earlier by {added} entries"
    facts = [("earlier", _head(compared.first)), ("later", _head(compared.second))]
    document = {"earlier": _document(compared.first), "later": _document(compared.second), "added": added}
    if keys is None:
        headline = f"CANNOT BE CHECKED: no --vkey, so nobody vouches for either copy; as they stand: {agreed}"
        return Answer(headline, facts, {"verdict": "cannot be checked", **document}, CANNOT_CHECK)
    return Answer(f"OK: {agreed}", facts, {"verdict": "ok", **document})


def _verify_proof(args: argparse.Namespace) -> Answer:
    policy = _policy(args)
    trusted = _keys(args, policy)
    leaf = read_bytes(args.leaf, limit=MAX_ENTRY_BYTES)
    text = read_bytes(args.proof, limit=proof.MAX_BYTES)
    checked = proof.check(leaf, text, trusted, args.origin)
    witnesses, witnessed = _witnessed(policy, checked.note)
    facts = [
        ("origin", checked.origin),
        ("entry", digest(leaf)),
        ("index", str(checked.index)),
        ("size", str(checked.size)),
        ("root", encode_base64(checked.checkpoint.root)),
        *_signatures(checked.note),
        *witnesses,
    ]
    document = {
        "verdict": "ok",
        "origin": checked.origin,
        "index": checked.index,
        "size": checked.size,
        "root": encode_base64(checked.checkpoint.root),
        "entry": digest(leaf),
        **witnessed,
    }
    return Answer(f"OK: the entry is number {checked.index} of {checked.origin}", facts, document)


def _facts(report: LogReport) -> list[tuple[str, str]]:
    checkpoint = report.checkpoint
    facts = [
        ("origin", checkpoint.origin),
        ("size", f"{checkpoint.size} entries"),
        ("root", encode_base64(checkpoint.root)),
        ("chain head", f"{encode_base64(report.chain)} ({'signed' if report.ours else 'not in this log'})"),
    ]
    if report.note is not None:
        facts += _signatures(report.note)
    if report.read:
        facts += [
            (f"event {name}", str(count)) for name, count in sorted(report.events.items(), key=lambda e: e[0])
        ]
        if report.other_versions:
            facts.append(("other versions", f"{report.other_versions} entries this tool is too old to read"))
        if report.first is not None:
            facts.append(("claimed times", f"{report.first} to {report.last}"))
        facts.append(("time going back", f"{report.backwards} entries"))
    facts += [("continues", f"the checkpoint of {size} entries") for size in report.earlier]
    if not report.earlier:
        facts.append(
            ("continues", "no earlier checkpoint was given (--earlier shows a cut or rewritten log)")
        )
    facts.append(("files", f"{report.files}, {report.superseded} of them superseded partial tiles"))
    facts.append(("verification", _extent(report)))
    return facts


def _partial(report: LogReport) -> bool:
    return report.ours and not report.read


def _extent(report: LogReport) -> str:
    if _partial(report):
        return "partial: every hash, hash tile, the chain, the root, the signature; entries not read (--hashes-only)"
    if report.ours:
        return "full: every entry, hash tile, the chain, the root, the signature"
    return "full for hashes and signature; entries are opaque bytes of another kind of log, not read"


def _signatures(note: Note) -> list[tuple[str, str]]:
    return [("signed by", f"{line.name}+{line.key_id.hex()}") for line in note.verified] + [
        ("unknown key", f"{line.name}+{line.key_id.hex()} (not verified)") for line in note.unverified
    ]


def _head(report: LogReport) -> str:
    return f"{report.checkpoint.size} entries, root {encode_base64(report.checkpoint.root)}"


def _document(report: LogReport) -> dict[str, Any]:
    checkpoint, note = report.checkpoint, report.note
    return {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": encode_base64(checkpoint.root),
        "chain": encode_base64(report.chain),
        "chain_signed": report.ours,
        "verification": "partial" if _partial(report) else "full",
        "entries_read": report.read,
        "signatures": [f"{line.name}+{line.key_id.hex()}" for line in (note.verified if note else ())],
        "unknown_signatures": [
            f"{line.name}+{line.key_id.hex()}" for line in (note.unverified if note else ())
        ],
        "events": dict(sorted(report.events.items())),
        "other_versions": report.other_versions,
        "first_time": report.first,
        "last_time": report.last,
        "times_going_back": report.backwards,
        "earlier": list(report.earlier),
        "files": report.files,
        "superseded": report.superseded,
    }
