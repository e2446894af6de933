"""`prove`: hand out one entry of an exported log together with its proof."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from modelwarrant import canonical, prove
from modelwarrant.cli.answer import Answer
from modelwarrant.cli.arguments import add_command, read_bytes
from modelwarrant.cli.logs import verifiers
from modelwarrant.cli.models import create
from modelwarrant.errors import Fault, UsageError
from modelwarrant.note import encode_base64
from modelwarrant.tiles import MAX_ENTRY_BYTES

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this domain's commands."""
    command = add_command(
        subparsers, "prove", _prove, "write the proof that one entry is in an exported log (tlog-proof)"
    )
    command.add_argument("directory", metavar="DIR", type=Path)
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("--index", type=int, help="the entry's place in the log, counted from 0")
    which.add_argument("--entry", metavar="UUID", help="the entry's id, as receipts and pages show it")
    which.add_argument("--leaf", metavar="FILE", help="file with the entry's bytes")
    command.add_argument(
        "--proof-out", metavar="FILE", type=Path, required=True, help="new file for the proof"
    )
    command.add_argument("--entry-out", metavar="FILE", type=Path, help="new file for the entry's bytes")
    command.add_argument("--vkey", metavar="KEY", action="append", default=[], help="verifier key of the log")
    command.add_argument("--origin", help="the log expected, where its key goes by another name")


def _prove(args: argparse.Namespace) -> Answer:
    if not args.vkey:
        raise UsageError("--vkey is needed: a proof leads to a checkpoint by a key you trust")
    found = prove.prove(args.directory, verifiers(args.vkey), _wanted(args), origin=args.origin)
    create(args.proof_out, found.proof, 0o644)
    if args.entry_out is not None:
        create(args.entry_out, found.leaf, 0o644)
    facts = [
        ("origin", found.checkpoint.origin),
        ("entry", canonical.digest(found.leaf)),
        ("index", str(found.index)),
        ("size", str(found.checkpoint.size)),
        ("root", encode_base64(found.checkpoint.root)),
        ("proof", str(args.proof_out)),
    ]
    document = {
        "verdict": "ok",
        "origin": found.checkpoint.origin,
        "entry": canonical.digest(found.leaf),
        "index": found.index,
        "size": found.checkpoint.size,
        "proof": str(args.proof_out),
    }
    return Answer(f"OK: entry {found.index} is proved; verify-proof checks it anywhere", facts, document)


def _wanted(args: argparse.Namespace) -> int | Callable[[bytes], bool]:
    if args.index is not None:
        return int(args.index)
    if args.leaf is not None:
        leaf = read_bytes(args.leaf, limit=MAX_ENTRY_BYTES)
        return lambda data: data == leaf
    if not _UUID.fullmatch(args.entry):
        raise UsageError(f"--entry {args.entry[:60]!r} is not a lower-case UUID")
    quoted = f'"id":"{args.entry}"'.encode()

    def has_id(data: bytes) -> bool:
        if quoted not in data:
            return False
        try:
            value = canonical.decode(data)
        except Fault:  # another kind of log's entry
            return False
        return isinstance(value, dict) and value.get("id") == args.entry

    return has_id
