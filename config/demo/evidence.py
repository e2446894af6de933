"""The last chapter: reports, the exported log, and everything checked by the stand-alone tool, as a stranger would."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from config.demo.cast import Cast
from config.demo.stage import command, until
from config.demo.told import Told
from governance.models import Report, Warrant
from governance.services.reports import report_files, report_request
from ledger import selectors as log
from ledger.services import keys as signing
from ledger.services.export import export_log
from modelwarrant.keys import Purpose
from registry.models import Version

FILES = {"scorecard": "scorecard", "audit": "audit-report"}
PURPOSES: tuple[Purpose, ...] = ("warrant", "report")


def reports(told: Told, cast: Cast, version: Version, target: Path) -> None:
    """Scorecard and evidence report, made by the worker, one after the other."""
    for kind, name in FILES.items():
        asked = report_request(actor=cast["owner"], version_id=version.pk, kind=kind)
        done = until(
            f"the {kind} report",
            lambda wanted=asked.pk: Report.objects.filter(pk=wanted).exclude(state="due").first(),  # type: ignore[misc]
            seconds=180,
            logs=target / "home" / "logs",
        )
        if done.state != "done":
            told.happened(f"Report {name}.pdf", f"could not be made: {done.error_code}")
            continue
        for file, data in report_files(done).items():
            (target / file).write_bytes(data)
        told.happened(f"Report {name}.pdf", "made by the worker and signed")


def keys_and_warrant(warrant: Warrant, target: Path) -> str:
    """The warrant, and the public keys a stranger needs. Returns the log's verifier key."""
    (target / "warrant.json").write_text(warrant.document, encoding="utf-8")
    for purpose in PURPOSES:
        record = signing.signer(purpose).record
        (target / "keys" / f"{purpose}.pub.pem").write_text(record.public, encoding="ascii")
    vkey = log.verifiers()[0].vkey
    (target / "keys" / "log.vkey").write_text(vkey + "\n", encoding="ascii")
    return vkey


def export(cast: Cast, told: Told, target: Path) -> None:
    """The log as files, up to the newest checkpoint."""
    exported = export_log(actor=cast["auditor"], target=target / "ledger")
    told.facts["log"] = {
        "origin": exported.origin,
        "size": exported.size,
        "root": exported.root.hex(),
        "chain_head": exported.chain.hex(),
    }
    told.happened("Ledger exported", f"{exported.size} entries, root {exported.root.hex()[:16]}")


def verify(told: Told, target: Path, vkey: str) -> None:
    """Every file checked offline with keys given on the command line; then one byte of a copy is flipped."""
    keys = target / "keys"
    model = ("--key", str(keys / "model.pub.pem"))
    warrant = ("--key", str(keys / "warrant.pub.pem"), "--vkey", vkey)
    _check(
        told, 0, "verify-model", str(target / "model"), "--bundle", str(target / "model.bundle.json"), *model
    )
    _check(told, 0, "verify-log", str(target / "ledger"), "--vkey", vkey)
    _check(
        told, 0, "verify-warrant", str(target / "warrant.json"), *warrant, "--model", str(target / "model")
    )
    for name in FILES.values():
        if (target / f"{name}.pdf").exists():
            sidecar = ("--bundle", str(target / f"{name}.pdf.dsse.json"))
            _check(
                told,
                0,
                "verify-report",
                str(target / f"{name}.pdf"),
                *sidecar,
                "--key",
                str(keys / "report.pub.pem"),
            )
    told.happened("Verified offline", "model, log, warrant and reports, with the given keys alone")
    _flip(told, target, vkey)


def _flip(told: Told, target: Path, vkey: str) -> None:
    copy = target / "home" / "flipped"
    shutil.copytree(target / "ledger", copy)
    bundle = min((copy / "tile" / "entries").rglob("*"), key=lambda path: (path.is_dir(), str(path)))
    data = bytearray(bundle.read_bytes())
    data[len(data) // 2] ^= 1
    bundle.write_bytes(bytes(data))
    headline = _check(told, 1, "verify-log", str(copy), "--vkey", vkey)
    told.happened("One byte of a copy flipped", headline)
    shutil.rmtree(copy)


def _check(told: Told, wanted: int, *arguments: str) -> str:
    done = command(*arguments, "--json")
    answer = json.loads(done.stdout)
    told.verified(" ".join(arguments[:1]), done.returncode, wanted, answer["headline"])
    if done.returncode != wanted:
        raise AssertionError(f"{arguments[0]}: exit {done.returncode}, not {wanted}: {done.stdout}")
    return str(answer["headline"])
