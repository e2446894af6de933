"""`witness-key`, `witness`: run a small witness of somebody else's log."""

from __future__ import annotations

import argparse
import re
import signal
import sys
import threading
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from modelwarrant import keys
from modelwarrant.cli.answer import Answer
from modelwarrant.cli.arguments import add_command, read_bytes
from modelwarrant.cli.logs import verifiers
from modelwarrant.cli.models import add_passphrase, create, passphrase
from modelwarrant.errors import CannotCheck, UsageError
from modelwarrant.note import ED25519, Cosigner
from modelwarrant.witness import FileStore, Witness
from modelwarrant.witness_server import WitnessServer

_ADDRESS = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^:\[\]]*):(?P<port>[0-9]{1,5})")


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this domain's commands."""
    made = add_command(
        subparsers, "witness-key", _witness_key, "make a witness's key, and print its public half"
    )
    made.add_argument("key", metavar="FILE", type=Path, help="new file for the private key")
    run = add_command(
        subparsers,
        "witness",
        _witness,
        "cosign a log's checkpoints as long as each continues the last (tlog-witness)",
    )
    run.add_argument("--key", metavar="FILE", required=True, help="the witness's private key")
    run.add_argument(
        "--state", metavar="DIR", type=Path, required=True, help="folder of what was cosigned; back it up"
    )
    run.add_argument(
        "--log",
        dest="logs",
        metavar="KEY",
        action="append",
        required=True,
        help="verifier key of a log; may be repeated",
    )
    run.add_argument("--listen", metavar="HOST:PORT", default="127.0.0.1:8451", help="default %(default)s")
    for command in (made, run):
        command.add_argument(
            "--name", required=True, help="the witness's name, such as second-line.example/witness"
        )
        add_passphrase(command)


def _witness_key(args: argparse.Namespace) -> Answer:
    private = Ed25519PrivateKey.generate()
    cosigner = _cosigner(args.name, private)
    secret = passphrase(args)
    create(args.key, keys.dump_private(private, secret), 0o600)
    vkey = cosigner.verifier.vkey
    facts = [
        ("private key", f"{args.key} ({'in clear' if secret is None else 'encrypted'})"),
        ("verifier key", vkey),
    ]
    return Answer("OK: witness key made", facts, {"verdict": "ok", "private": str(args.key), "vkey": vkey})


def _witness(args: argparse.Namespace) -> Answer:
    logs = verifiers(args.logs)
    if any(log.algorithm != ED25519 for log in logs):
        raise UsageError("--log: a witness's key, not a log's")
    match = _ADDRESS.fullmatch(args.listen)
    if match is None or int(match["port"]) > 65535:
        raise UsageError(f"--listen {args.listen!r} is not HOST:PORT")
    try:
        private = keys.load_private(read_bytes(args.key, limit=16_384), passphrase(args))
    except keys.KeyRefused as error:
        raise CannotCheck(f"{args.key}: {error}") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise CannotCheck(f"{args.key}: not an Ed25519 key; `modelwarrant witness-key` makes one")
    cosigner = _cosigner(args.name, private)
    witness = Witness(logs, cosigner, FileStore(args.state), time.time)
    server = WitnessServer((match["host"].strip("[]"), int(match["port"])), witness, _say)
    for number in (signal.SIGTERM, signal.SIGINT):
        # shutdown() waits for the loop that this handler interrupts
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    listens = f"{match['host']}:{server.server_address[1]}"
    _say(f"{cosigner.verifier.vkey} listens on {listens} for {', '.join(log.name for log in logs)}")
    with server:
        server.serve_forever()
    return Answer("OK: the witness was told to end")


def _cosigner(name: str, private: Ed25519PrivateKey) -> Cosigner:
    cosigner = Cosigner.from_private_key(name, private)
    try:
        cosigner.verifier.vkey  # noqa: B018 - refuses a name that no signature line can carry
    except ValueError as error:
        raise UsageError(f"--name: {error}") from error
    return cosigner


def _say(line: str) -> None:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    safe = "".join(char if char.isprintable() else "?" for char in line)
    print(f"{stamp} {safe}", file=sys.stderr, flush=True)
