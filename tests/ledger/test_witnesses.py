"""Witnesses as the ledger asks them: real ones over HTTP, hostile ones, and what a rolled back database meets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection

from ledger import outbound, selectors, triggers
from ledger.models import Checkpoint, Cosignature, Log, OutsideContact
from ledger.services import audit, export, keys, witnesses
from modelwarrant import note as notes
from modelwarrant import quorum
from modelwarrant.cli.main import main
from modelwarrant.verify_log import verify_log
from modelwarrant.witness import FileStore, Witness
from modelwarrant.witness_server import WitnessServer
from tests.ledger.conftest import SYSTEM

pytestmark = pytest.mark.django_db

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(7, 39)))
COSIGNER = notes.Cosigner.from_private_key("second-line.example", KEY)


@pytest.fixture
def witnessed(log_key, note, sequence, tmp_path: Path, settings) -> Iterator[Callable[[], int]]:
    """A log of 300 entries and a witness of it, as `modelwarrant witness` serves it; call to ask."""
    note(300)
    sequence()
    witness = Witness(selectors.verifiers(), COSIGNER, FileStore(tmp_path / "state"), lambda: 1_795_000_000)
    server = WitnessServer(("127.0.0.1", 0), witness, lambda line: None)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    policy(settings, tmp_path, f"http://127.0.0.1:{server.server_address[1]}")
    yield lambda: witnesses.ask_all(actor=SYSTEM)
    server.shutdown()
    server.server_close()


def policy(settings, folder: Path, url: str) -> Path:
    path = folder / "policy"
    log = selectors.verifiers()[0].vkey
    path.write_text(f"log {log}\nwitness second {COSIGNER.verifier.vkey} {url}\nquorum second\n")
    settings.LEDGER_WITNESS_POLICY = str(path)
    return path


def contact() -> OutsideContact:
    return OutsideContact.objects.get(pk="second")


def test_each_checkpoint_is_cosigned_once_and_goes_out_with_it(witnessed, note, sequence, tmp_path, capsys):
    assert witnessed() == 1
    assert witnessed() == 0
    note(9)
    sequence()
    assert witnessed() == 1
    assert list(Cosignature.objects.values_list("size", flat=True)) == sorted(
        Checkpoint.objects.values_list("size", flat=True)
    )
    done = export.export_log(actor=SYSTEM, target=tmp_path / "export")
    rule = quorum.parse((tmp_path / "policy").read_bytes())
    report = verify_log(done.path, rule.verifiers)
    assert quorum.require(rule, report.note) == {"second": 1_795_000_000}
    assert main(["verify-log", str(done.path), "--quorum", str(tmp_path / "policy")]) == 0
    assert "witnessed by" in capsys.readouterr().out
    assert (contact().ok, contact().size) == (True, done.size)
    assert audit.ledger_audit(actor=SYSTEM).faults == ()


def test_what_the_public_sees_carries_the_cosignature(witnessed, client):
    witnessed()
    body = client.get("/log/checkpoint").content
    _, opened = notes.open_checkpoint(body, [*selectors.verifiers(), COSIGNER.verifier])
    assert {line.name for line in opened.verified} == {Log.objects.get().origin, COSIGNER.name}


def test_a_lost_answer_costs_one_more_request(witnessed, note, sequence):
    witnessed()
    with triggers.disabled(connection):
        Cosignature.objects.all()._raw_delete("default")
    note(3)
    sequence()
    assert witnessed() == 1
    assert contact().ok


def test_a_restored_database_is_told_that_more_was_cosigned(witnessed, note, sequence, caplog):
    note(3)
    sequence()
    witnessed()
    newest = selectors.latest_checkpoint()
    with triggers.disabled(connection):  # as if from a backup of before
        Cosignature.objects.all()._raw_delete("default")
        Checkpoint.objects.filter(pk=newest.pk)._raw_delete("default")
    assert witnessed() == 0
    assert contact().contradicts
    assert f"it has cosigned {newest.size} entries" in contact().detail
    assert "contradicts this log" in caplog.text


def test_a_rewritten_history_is_refused_by_who_saw_the_first(witnessed, tmp_path, settings):
    """Split view: the holder of database and key shows another log of the same origin to others."""
    witnessed()
    true = selectors.latest_checkpoint()
    other = notes.Checkpoint(Log.objects.get().origin, true.size, bytes(32))
    _, signer = keys.log_signers(Log.objects.get())[0]  # the forger has the key as well
    with triggers.disabled(connection):
        Cosignature.objects.all()._raw_delete("default")
        Checkpoint.objects.filter(pk=true.pk).update(
            note=notes.sign_note(other.text(), [signer]), root=bytes(32)
        )
    assert witnessed() == 0
    assert contact().contradicts
    assert "another history" in contact().detail
    assert Cosignature.objects.count() == 0


@pytest.mark.sampled
@pytest.mark.parametrize("column", ["line", "witness", "keyid", "at", "size"])
def test_a_cosignature_that_was_touched_is_found(witnessed, column):
    witnessed()
    row = Cosignature.objects.get()
    changed = {
        "line": bytes(row.line)[:-6] + b"AAAA=\n",
        "witness": "somebody",
        "keyid": "00" * 32,
        "at": row.at.replace(year=2030),
        "size": row.size + 1,
    }
    with triggers.disabled(connection):
        Cosignature.objects.filter(pk=row.pk).update(**{column: changed[column]})
    assert [fault.where for fault in audit.ledger_audit(actor=SYSTEM).faults] == [f"cosignature {row.pk}"]
    if column != "at":
        assert COSIGNER.name.encode() not in selectors.cosigned_note(selectors.latest_checkpoint())


class Hostile(BaseHTTPRequestHandler):
    answer: tuple[int, dict[str, str], bytes] = (200, {}, b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, headers, body = self.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def foreign_line() -> bytes:
    cosigner = notes.Cosigner.from_private_key(COSIGNER.name, Ed25519PrivateKey.generate())
    return cosigner.signature_line(b"x\n", 1).encode()


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("answer", "said", "contradicts"),
    [
        ((200, {}, b""), "malformed", False),
        ((200, {}, foreign_line()), "without a signature", False),
        ((200, {}, COSIGNER.signature_line(b"another text\n", 1).encode()), "does not fit", False),
        ((200, {}, b"x" * (outbound.MAX_ANSWER + 1)), "more than", False),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "status 302", False),
        ((403, {}, b"not your log"), "not your log", False),
        ((500, {}, b"\xff\xfe"), "status 500", False),
        ((409, {"Content-Type": "text/x.tlog.size"}, b"ten"), "without a size", False),
        ((409, {"Content-Type": "text/x.tlog.size"}, b"900000\n"), "has cosigned 900000", True),
        ((409, {"Content-Type": "text/plain"}, b"another tree"), "another history", True),
        ((422, {}, b"no proof"), "another history", True),
    ],
)
def test_a_hostile_witness_changes_nothing(
    log_key, note, sequence, tmp_path, settings, answer, said, contradicts
):
    note(5)
    sequence()
    Hostile.answer = answer
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    policy(settings, tmp_path, f"http://127.0.0.1:{server.server_address[1]}")
    assert witnesses.ask_all(actor=SYSTEM) == 0
    server.shutdown()
    server.server_close()
    assert Cosignature.objects.count() == 0
    assert said in contact().detail
    assert (contact().ok, contact().contradicts) == (False, contradicts)


@pytest.mark.once
def test_nobody_there_and_a_policy_that_cannot_be_meant(log_key, note, sequence, tmp_path, settings):
    note(1)
    sequence()
    path = policy(settings, tmp_path, "http://127.0.0.1:9")
    assert witnesses.ask_all(actor=SYSTEM) == 0
    first = contact()
    assert not first.ok
    witnesses.ask_all(actor=SYSTEM)
    assert contact().since == first.since
    assert witnesses.policy_problem() == ""
    path.write_text("quorum nobody\n")
    assert "line 1" in witnesses.policy_problem()
    policy(settings, tmp_path, "file:///etc/passwd")
    assert "not an http" in witnesses.policy_problem()
    settings.LEDGER_WITNESS_POLICY = str(tmp_path / "absent")
    assert "absent" in witnesses.policy_problem()
