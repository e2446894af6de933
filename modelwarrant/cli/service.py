"""`gate`, `warrant-status`, `register`, `check`: what CI and serving ask a ModelWarrant service.

`gate` exits with 0 pass, 1 refused, 2 usage, 3 pending a person, 4 service unavailable, and whatever isn't a clear
`pass` is not 0. The token comes from the environment or a file, never from the command line.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from modelwarrant import description, manifest, status
from modelwarrant.cli.answer import CANNOT_CHECK, FAULT, OK, USAGE, Answer
from modelwarrant.cli.arguments import add_command, read_bytes, read_seen, write_whole
from modelwarrant.cli.models import add_keys, trusted
from modelwarrant.client import Client, Problem, Unreachable
from modelwarrant.entry import format_time
from modelwarrant.envelope import MAX_DOCUMENT
from modelwarrant.errors import UsageError

PENDING: Final = 3
UNAVAILABLE: Final = 4
TOKEN: Final = "MODELWARRANT_TOKEN"  # noqa: S105 - the name of a variable
URL: Final = "MODELWARRANT_URL"
_POLL_SECONDS: Final = 1.0


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this domain's commands."""
    gate = add_command(
        subparsers,
        "gate",
        _gate,
        "ask whether a version may run in a slot: exit 0 pass, 1 refused, 2 usage, 3 pending a person, "
        "4 service unavailable",
    )
    _add_service(gate)
    what = gate.add_mutually_exclusive_group(required=True)
    what.add_argument("--version", metavar="ID", help="the version's id")
    what.add_argument("--digest", metavar="SHA256", help="the subject's digest")
    gate.add_argument("--environment", required=True)
    gate.add_argument("--region", required=True)
    gate.add_argument("--arm", default="main", help="default: %(default)s")
    gate.add_argument(
        "--wait", metavar="SECONDS", type=float, default=0.0, help="ask again while it is pending"
    )

    listed = add_command(
        subparsers,
        "warrant-status",
        _warrant_status,
        "fetch the signed list of void warrants, for verify-warrant --status; exit 4 service unavailable",
    )
    _add_service(listed)
    listed.add_argument("--out", metavar="FILE", type=Path, required=True, help="where to keep it")
    add_keys(listed, "warrant key")
    listed.add_argument("--seen", metavar="FILE", help="refuse a list that is older than the one kept here")

    make = add_command(
        subparsers, "register", _register, "register a model directory as the next version of a model"
    )
    _add_service(make)
    make.add_argument("directory", metavar="DIR", type=Path)
    make.add_argument("--model", metavar="ID", required=True, help="the model's id")
    make.add_argument(
        "--bundle", metavar="FILE", required=True, help="the model's signature (see sign-model)"
    )
    make.add_argument(
        "--card", metavar="FILE",
        help="the model card as a JSON object of texts, where it isn't signed with the model (sign-model --card)",
    )  # fmt: skip
    make.add_argument("--label", default="")
    make.add_argument("--code-ref", default="", help="where the training code is, for example git:<commit>")
    make.add_argument(
        "--data", metavar="ROLE=ID", action="append", default=[],
        help="a dataset version this version rests on: training=ID, evaluation=ID, reference=ID; may be repeated",
    )  # fmt: skip

    check = add_command(
        subparsers, "check", _check, "request the policy's checks of a version and wait for them"
    )
    _add_service(check)
    check.add_argument("--version", metavar="ID", required=True)
    check.add_argument("--only", metavar="CHECK", action="append", default=[], help="may be repeated")
    check.add_argument("--wait", metavar="SECONDS", type=float, default=600.0, help="default: %(default)s")


def _add_service(command: argparse.ArgumentParser) -> None:
    command.add_argument("--url", default=os.environ.get(URL), help=f"the service's address (or {URL})")
    command.add_argument(
        "--token-file", metavar="FILE", help=f"file with the token (or {TOKEN} in the environment)"
    )
    command.add_argument("--timeout", metavar="SECONDS", type=float, default=30.0, help="per request")


def _client(args: argparse.Namespace) -> Client:
    if not args.url:
        raise UsageError(f"--url: give the service's address, or set {URL}")
    if args.token_file:
        token = read_bytes(args.token_file, limit=4096).decode("ascii", "replace").strip()
    else:
        token = os.environ.get(TOKEN, "").strip()
    if not re.fullmatch(r"[A-Za-z0-9_-]{10,200}", token):
        raise UsageError(f"--token-file: there is no token in the file or in {TOKEN}")
    try:
        return Client(args.url, token, timeout=args.timeout)
    except ValueError as error:
        raise UsageError(f"--url: {error}") from error


def _gate(args: argparse.Namespace) -> Answer:
    query = {"environment": args.environment, "region": args.region, "arm": args.arm}
    query |= {"version": args.version} if args.version else {"digest": args.digest}
    deadline = time.monotonic() + args.wait
    try:
        client = _client(args)
        while True:
            reply = client.get("/gate", **query)
            if _word(reply) != "pending" or time.monotonic() >= deadline:
                return _gate_answer(reply)
            time.sleep(_POLL_SECONDS)
    except Unreachable as error:
        return _unavailable(error)
    except Problem as error:
        return _refused(error, USAGE if error.status == 400 else FAULT)


def _word(reply: Any) -> str:
    answer = reply.get("answer") if isinstance(reply, dict) else None
    if answer not in ("pass", "pending", "refused"):
        raise Unreachable("the service's answer to the gate can't be understood")
    return str(answer)


def _gate_answer(reply: dict[str, Any]) -> Answer:
    word = _word(reply)
    headline, code = {
        "pass": ("PASS: a warrant is in force", OK),
        "pending": ("PENDING: a person or a proof is still missing", PENDING),
        "refused": ("REFUSED: nothing allows this", FAULT),
    }[word]
    facts = [("slot", str(reply.get("slot", "")))]
    if reply.get("warrant"):
        facts.append(("warrant", f"{reply['warrant']} ({reply.get('warrant_status', '')})"))
    if reply.get("ground"):
        facts.append(("ground", _sentence(str(reply.get("ground_title") or ""), str(reply["ground"]))))
    facts += [_fact(reason) for reason in reply.get("reasons", [])]
    if word != "pass" and reply.get("on_void"):
        facts.append(("when void", str(reply["on_void"])))
    facts += [("condition", str(note)) for note in reply.get("notes", [])]
    return Answer(headline, facts, {"verdict": word, **reply}, code)


def _warrant_status(args: argparse.Namespace) -> Answer:
    if not args.key:
        raise UsageError("--key is needed: a signature is checked against a key you trust")
    try:
        data = _client(args).get_bytes("/warrants/status")
    except Unreachable as error:
        return _unavailable(error)
    except Problem as error:
        return _refused(error, FAULT)
    seen = read_seen(args.seen)
    listed = status.check(data, trust=trusted(args.key), at=datetime.now(UTC), seen=seen)
    write_whole(args.out, data)
    if args.seen:
        write_whole(Path(args.seen), status.Seen(listed.issued, listed.log).document())
    ends = format_time(listed.expires)
    facts = [("void", str(len(listed.void))), ("limited", str(len(listed.limited))), ("valid until", ends)]
    document = {"verdict": "ok", "void": len(listed.void), "valid_until": ends}
    return Answer(f"OK: kept {args.out}", facts, document)


def _register(args: argparse.Namespace) -> Answer:
    try:
        return _registered(args)
    except Unreachable as error:
        return _unavailable(error)
    except Problem as error:
        return _refused(error, FAULT)


def _registered(args: argparse.Namespace) -> Answer:
    links = [_link(said) for said in args.data]
    said = _description(args.directory, args.card)
    signature = read_bytes(args.bundle, limit=MAX_DOCUMENT)
    listed = manifest.build(args.directory)
    client = _client(args)
    body = {"label": args.label, "code_ref": args.code_ref, "card": dict(said.card)}
    version = client.post(f"/models/{args.model}/versions", body)
    files = {
        file.path: client.upload(args.directory / file.path, purpose="artifact", model=args.model)["id"]
        for file in listed.files
    }
    where = f"/versions/{version['id']}"
    client.post(f"{where}/files", {"files": files})
    for component in said.components:
        client.post(f"{where}/components", asdict(component))
    given = client.post_bytes(f"{where}/signatures", signature, "application/json")
    for role, dataset_version in links:
        client.post(f"{where}/lineage", {"role": role, "dataset_version": dataset_version})
    version = client.get(where)
    valid = given["status"] == "valid"
    facts = [
        ("version", f"{version['id']} (number {version['number']})"),
        ("files", str(len(files))),
        ("components", str(len(said.components))),
        ("subject", version["subject_digest"] or "none"),
        ("signature", f"{given['status']}: {given['detail']}"),
        ("state", version["state"]),
    ]
    headline = "OK: registered" if valid else "FAULT: registered, but its signature doesn't hold"
    document = {"verdict": "ok" if valid else "fault", "version": version, "signature": given}
    return Answer(headline, facts, document, OK if valid else FAULT)


def _check(args: argparse.Namespace) -> Answer:
    try:
        client = _client(args)
        runs = client.post(f"/versions/{args.version}/checks", {"checks": args.only})
        deadline = time.monotonic() + args.wait
        while any(run["state"] == "due" for run in runs) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            runs = [client.get(f"/runs/{run['id']}") for run in runs]
    except Unreachable as error:
        return _unavailable(error)
    except Problem as error:
        return _refused(error, FAULT)
    return _check_answer(runs)


def _check_answer(runs: list[dict[str, Any]]) -> Answer:
    waiting = [run for run in runs if run["state"] == "due"]
    passed = bool(runs) and all(run["verdict"] == "pass" for run in runs)
    facts = [(run["check_name"], _said(run)) for run in runs]
    document = {"verdict": "ok" if passed else "not passed", "runs": [_brief(run) for run in runs]}
    if waiting:
        return Answer(f"PENDING: {len(waiting)} checks have not ended", facts, document, CANNOT_CHECK)
    if passed:
        return Answer("OK: every check passed", facts, document, OK)
    return Answer("FAULT: not every check passed", facts, document, FAULT)


def _said(run: dict[str, Any]) -> str:
    if run["state"] == "due":
        return "still running" if run["running"] else "waiting"
    summary = run["error_text"] or (run.get("outcome") or {}).get("summary", "")
    return f"{run['verdict']}: {summary}" if summary else str(run["verdict"])


def _brief(run: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "check_name", "state", "verdict", "outcome_digest", "error_code", "error_text")
    return {name: run[name] for name in names}


def _link(said: str) -> tuple[str, str]:
    role, _, dataset_version = said.partition("=")
    if role not in ("training", "evaluation", "reference") or not dataset_version:
        raise UsageError(f"--data: {said!r} is not training=ID, evaluation=ID or reference=ID")
    return role, dataset_version


def _description(directory: Path, card_path: str | None) -> description.Description:
    """Card and components as the model's own signed file has them; else the card that was given."""
    signed = directory / description.FILE_NAME
    if not signed.exists():
        return description.Description(_card(card_path) if card_path else {}, ())
    found = description.read(read_bytes(str(signed), limit=description.MAX_BYTES))
    if card_path and _card(card_path) != found.card:
        raise UsageError(f"--card: {card_path} isn't the card that is signed in {signed}")
    return found


def _card(path: str) -> dict[str, str]:
    try:
        card = json.loads(read_bytes(path, limit=MAX_DOCUMENT))
    except ValueError as error:
        raise UsageError(f"--card: {path} is not JSON: {error}") from error
    if not isinstance(card, dict) or not all(isinstance(text, str) for text in card.values()):
        raise UsageError(f"--card: {path} is not an object of texts")
    return card


def _fact(reason: dict[str, Any]) -> tuple[str, str]:
    """One reason as whoever reads the log of a pipeline needs it: a sentence, and in brackets the word for programs."""
    code = "/".join(str(reason[name]) for name in ("gate", "code") if reason.get(name))
    return "reason", _sentence(str(reason.get("text") or ""), code)


def _sentence(text: str, code: str) -> str:
    said = text.strip() or "The service gave no words for this"
    return f"{said if said.endswith(('.', '!', '?')) else said + '.'} [{code or 'no code'}]"


def _unavailable(error: Exception) -> Answer:
    document = {"verdict": "unavailable", "message": str(error)}
    return Answer(f"UNAVAILABLE: {error}", (), document, UNAVAILABLE)


def _refused(error: Problem, code: int) -> Answer:
    facts = [_fact(reason) for reason in error.reasons]
    facts += [(str(item.get("field", "")), str(item.get("detail", item))) for item in error.errors]
    document = {"verdict": "refused", "problem": error.code, "message": str(error), "reasons": error.reasons}
    return Answer(f"REFUSED: {error}", facts, document, code)
