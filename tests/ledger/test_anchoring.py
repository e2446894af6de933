"""Checkpoints kept outside: a folder where nothing is overwritten, a handover, a local `openssl ts` authority."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.db import connection

from ledger import outbound, selectors, triggers
from ledger.models import Anchored, Checkpoint, OutsideContact
from ledger.services import anchoring, audit, export
from modelwarrant.cli.main import main
from tests.ledger.conftest import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def grown(log_key, note, sequence) -> Callable[[int], None]:
    def grow(count: int) -> None:
        note(count)
        sequence()

    grow(5)
    return grow


def keep() -> int:
    return anchoring.anchor_all(actor=SYSTEM)


@pytest.fixture
def worm(tmp_path: Path) -> Path:
    folder = tmp_path / "worm"
    folder.mkdir()
    return folder


def faults() -> list[str]:
    return [fault.text() for fault in audit.ledger_audit(actor=SYSTEM).faults]


def test_a_write_once_folder_gets_each_checkpoint_once(grown, worm, settings):
    settings.LEDGER_ANCHORS = [f"write-once:{worm}"]
    assert keep() == 1
    assert keep() == 0
    grown(2)
    assert keep() == 1
    kept = sorted(worm.glob("*/*"))
    assert [path.name for path in kept] == [
        f"{row.size}.checkpoint" for row in Checkpoint.objects.order_by("size")
    ]
    assert [path.read_bytes() for path in kept] == [
        bytes(row.note) for row in Checkpoint.objects.order_by("size")
    ]
    assert {oct(path.stat().st_mode & 0o777) for path in kept} == {"0o444"}
    assert faults() == []
    done = export.export_log(actor=SYSTEM, target=worm.parent / "export")
    vkey = selectors.verifiers()[0].vkey
    assert main(["verify-log", str(done.path), "--vkey", vkey, "--earlier", str(kept[0])]) == 0


def test_what_lies_there_already_is_never_overwritten(grown, worm, settings, caplog):
    settings.LEDGER_ANCHORS = [f"write-once:{worm}"]
    keep()
    [path] = worm.glob("*/*")
    with triggers.disabled(connection):
        Anchored.objects.all()._raw_delete("default")
    assert keep() == 1  # the same checkpoint: found there, and good
    path.chmod(0o644)
    path.write_bytes(b"another")
    with triggers.disabled(connection):
        Anchored.objects.all()._raw_delete("default")
    assert keep() == 0
    assert path.read_bytes() == b"another"
    assert OutsideContact.objects.get().contradicts
    assert "contradicts this log" in caplog.text
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_an_anchored_checkpoint_that_changes_or_goes_is_found(grown, worm, settings):
    settings.LEDGER_ANCHORS = [f"write-once:{worm}"]
    keep()
    [path] = worm.glob("*/*")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"x")
    assert "is not the checkpoint that was put there" in faults()[0]
    path.unlink()
    assert "No such file" in faults()[0]
    settings.LEDGER_ANCHORS = []
    assert faults() == []
    with triggers.disabled(connection):
        Anchored.objects.update(size=999)
    assert "isn't there" in faults()[0]


def test_a_folder_that_is_gone_is_tried_again(grown, tmp_path, settings):
    settings.LEDGER_ANCHORS = [f"write-once:{tmp_path}/absent"]
    assert keep() == 0
    assert (OutsideContact.objects.get().ok, Anchored.objects.count()) == (False, 0)
    (tmp_path / "absent").mkdir()
    assert keep() == 1
    assert OutsideContact.objects.get().ok


@pytest.mark.once
def test_a_handover_is_all_an_auditor_needs(grown, tmp_path, settings, capsys):
    settings.LEDGER_ANCHORS = [f"handover:{tmp_path}/for-the-auditor.txt"]
    assert keep() == 1
    text = (tmp_path / "for-the-auditor.txt").read_bytes()
    assert selectors.verifiers()[0].vkey.encode() in text
    kept = tmp_path / "kept"
    kept.write_bytes(text.partition(b"-" * 72 + b"\n")[2])
    grown(4)
    done = export.export_log(actor=SYSTEM, target=tmp_path / "export")
    vkey = selectors.verifiers()[0].vkey
    assert main(["verify-log", str(done.path), "--vkey", vkey, "--earlier", str(kept)]) == 0


class Authority(BaseHTTPRequestHandler):
    """`openssl ts -reply` behind HTTP; `spoil` changes what it answers."""

    folder: Path
    spoil: Callable[[bytes], bytes] = staticmethod(lambda data: data)
    status = 200

    def do_POST(self) -> None:
        query = self.rfile.read(int(self.headers["Content-Length"]))
        (self.folder / "query.tsq").write_bytes(query)
        command = [
            "openssl",
            "ts",
            "-reply",
            "-config",
            "tsa.cnf",
            "-queryfile",
            "query.tsq",
            "-out",
            "reply.tsr",
        ]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        body = type(self).spoil((self.folder / "reply.tsr").read_bytes())
        self.send_response(type(self).status)
        if type(self).status == 302:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


CONFIGURATION = """
[tsa]
default_tsa = one
[one]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def authority(folder: Path) -> None:
    """A root and a time stamping certificate, made by openssl."""
    folder.mkdir()
    (folder / "tsa.cnf").write_text(CONFIGURATION)
    (folder / "serial").write_text("01\n")
    (folder / "ext.cnf").write_text(
        "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n"
    )

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *ec, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=root", "-days", "9")
    openssl("req", "-new", *ec, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=stamp")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "ext.cnf", "-days", "9")
    openssl("x509", "-req", "-in", "tsa.csr", *signed, "-out", "tsa.pem")


@pytest.fixture(scope="module")
def stamping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a local authority, whose root is at <address>,<folder>/ca.pem."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl on the PATH")
    Authority.folder = tmp_path_factory.mktemp("tsa") / "own"
    authority(Authority.folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Authority)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def honest(monkeypatch):
    monkeypatch.setattr(Authority, "spoil", staticmethod(lambda data: data))
    monkeypatch.setattr(Authority, "status", 200)


@pytest.mark.once
def test_a_time_stamp_is_kept_and_openssl_verifies_it_too(grown, stamping, settings, tmp_path):
    root = Authority.folder / "ca.pem"
    settings.LEDGER_ANCHORS = [f"rfc3161:{stamping},{root}"]
    assert keep() == 1
    row = Anchored.objects.get()
    (tmp_path / "reply.tsr").write_bytes(bytes(row.evidence))
    (tmp_path / "checkpoint").write_bytes(bytes(selectors.latest_checkpoint().note))
    command = ["openssl", "ts", "-verify", "-data", "checkpoint", "-in", "reply.tsr", "-CAfile", str(root)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verification: OK" in done.stdout + done.stderr
    assert faults() == []
    with triggers.disabled(connection):
        Anchored.objects.update(evidence=bytes(row.evidence)[:-9] + bytes(9))
    assert "the time stamp doesn't hold" in faults()[0]


@pytest.mark.once
def test_stamps_that_are_not_for_this_checkpoint_are_refused(
    grown, stamping, settings, tmp_path, monkeypatch
):
    settings.LEDGER_ANCHORS = [f"rfc3161:{stamping},{Authority.folder / 'ca.pem'}"]

    def refused(said: str) -> None:
        assert keep() == 0
        contact = OutsideContact.objects.get()
        assert (contact.ok, contact.contradicts) == (False, False)
        assert said in contact.detail

    first = []
    monkeypatch.setattr(Authority, "spoil", staticmethod(lambda data: first.append(data) or b""))
    refused("the time stamp doesn't hold")
    monkeypatch.setattr(Authority, "spoil", staticmethod(lambda data: first[0]))
    refused("Nonce mismatch")  # an old answer, played again
    grown(1)
    refused("doesn't hold")
    monkeypatch.setattr(Authority, "spoil", staticmethod(lambda data: b"\x30\x03\x02\x01\x02"))
    refused("doesn't hold")
    monkeypatch.setattr(Authority, "spoil", staticmethod(lambda data: b"x" * (outbound.MAX_ANSWER + 1)))
    refused("more than")
    monkeypatch.setattr(Authority, "status", 302)
    monkeypatch.setattr(Authority, "spoil", staticmethod(lambda data: b""))
    refused("status 302")
    assert Anchored.objects.count() == 0


@pytest.mark.once
def test_a_stamp_by_somebody_elses_authority_is_refused(grown, stamping, settings, tmp_path):
    authority(tmp_path / "other")
    settings.LEDGER_ANCHORS = [f"rfc3161:{stamping},{tmp_path / 'other' / 'ca.pem'}"]
    assert keep() == 0
    assert "doesn't hold" in OutsideContact.objects.get().detail


@pytest.mark.once
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense", "not KIND:PLACE"),
        ("worm:/x", "not KIND:PLACE"),
        ("write-once:relative", "not absolute"),
        ("rfc3161:ftp://x,/etc/passwd", "not an http"),
        ("rfc3161:http://127.0.0.1:1/,/absent", "PEM file"),
    ],
)
def test_an_anchor_that_cannot_be_meant_stops_the_start(settings, line, said):
    settings.LEDGER_ANCHORS = [line]
    assert said in anchoring.anchors_problem()
