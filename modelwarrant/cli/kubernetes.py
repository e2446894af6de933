"""`warrants-configmap`: warrants in force as a Kubernetes ConfigMap, for an admission policy to hold images against."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from modelwarrant import status, warrant
from modelwarrant.cli.answer import FAULT, Answer
from modelwarrant.cli.arguments import add_command, read_bytes, write_whole
from modelwarrant.cli.logs import verifiers
from modelwarrant.cli.models import add_keys, trusted
from modelwarrant.entry import format_time
from modelwarrant.errors import UsageError

VALID_UNTIL: Final = "modelwarrant.dev/valid-until"


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this domain's commands."""
    command = add_command(
        subparsers,
        "warrants-configmap",
        _configmap,
        "write the image digests that warrants in force name as a Kubernetes ConfigMap; nothing is written unless "
        "every file verifies and the status list is current",
    )
    command.add_argument("files", metavar="WARRANT", nargs="+")
    command.add_argument("--slot", metavar="ENVIRONMENT/REGION/ARM", required=True, help="the cluster's slot")
    command.add_argument("--status", metavar="FILE", required=True, help="a current status list")
    command.add_argument("--out", metavar="FILE", required=True, help="where to write it, as JSON")
    command.add_argument("--name", default="modelwarrant-warrants", help="default: %(default)s")
    command.add_argument("--namespace", default="modelwarrant", help="default: %(default)s")
    add_keys(command, "warrant key")
    command.add_argument(
        "--vkey", metavar="KEY", action="append", default=[], help="verifier key of the log; may be repeated"
    )


def _configmap(args: argparse.Namespace) -> Answer:
    if not args.key:
        raise UsageError("--key is needed: a signature is checked against a key you trust")
    at, trust, logs = datetime.now(UTC), trusted(args.key), verifiers(args.vkey)
    listed = read_bytes(args.status, limit=status.MAX_BYTES)
    until = status.check(listed, trust=trust, at=at).expires
    data: dict[str, str] = {}
    facts = []
    for name in args.files:
        checked = warrant.check(
            read_bytes(name, limit=warrant.MAX_BYTES), trust=trust, at=at, verifiers=logs, status_list=listed
        )
        why = _left_out(checked, args.slot)
        digest = checked.terms.subject.digest
        if not why:
            data[digest] = max(data.get(digest, ""), format_time(checked.terms.grace_ends))
        facts.append((name, f"left out: {why}" if why else f"sha256:{digest} until {data[digest]}"))
    manifest = _manifest(args.name, args.namespace, data, until)
    write_whole(Path(args.out), json.dumps(manifest, indent=2, sort_keys=True).encode() + b"\n")
    facts.append(("status list", f"valid until {format_time(until)}"))
    document = {"verdict": "ok" if data else "fault", "images": data, "valid_until": format_time(until)}
    if data:
        return Answer(f"OK: {len(data)} image(s) in {args.out}", facts, document)
    return Answer(f"FAULT: {args.out} allows no image: no warrant is in force", facts, document, FAULT)


def _left_out(checked: warrant.CheckedWarrant, slot: str) -> str:
    terms = checked.terms
    if terms.subject.binding != "container":
        return f"it binds {terms.subject.binding}, not an image"
    if str(terms.slot) != slot:
        return f"it is for {terms.slot}"
    if not checked.in_force:
        return f"it is {checked.status}{f': {checked.ground}' if checked.ground else ''}"
    return ""


def _manifest(name: str, namespace: str, data: dict[str, str], until: datetime) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "annotations": {VALID_UNTIL: format_time(until)},
        },
        "data": data,
    }
