from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from modelwarrant import entry, evidence_bundle, keys, manifest, merkle, note, proof, report, status, warrant
from modelwarrant.cli.main import main

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
ORIGIN = "log.example/one"
LOG = note.Signer.from_private_key(ORIGIN, keys.generate("ed25519"))
VKEY = LOG.verifier.vkey
KEY = keys.LocalSigner(keys.generate())


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "w").write_bytes(b"w")
    built = manifest.build(tmp_path / "model")
    subject = warrant.Subject("scoring", "bytes", "ab" * 32, built.digest, built.ignored)
    slot = warrant.Slot("production", "eu", "champion")
    actor, about = (
        entry.Actor("user", "p-aaaaaaaaaaaaaaaa", "portal"),
        entry.Subject("governance.warrant", "w-1"),
    )
    uuid = "00000000-0000-4000-8000-000000000001"
    data = warrant.entry_data(subject, slot)
    leaf = entry.Entry(ORIGIN, uuid, "warrant.decided", 1, START, actor, about, data=data).encode()
    root = base64.b64encode(merkle.leaf_hash(leaf)).decode()
    checkpoint = note.sign_note(f"{ORIGIN}\n1\n{root}\n", [LOG])
    terms = warrant.Terms(
        id="w-1",
        subject=subject,
        slot=slot,
        resource_uri="https://mw.example/versions/1",
        policy_uri="https://mw.example/policies/high/3",
        policy_digest="ef" * 32,
        verifier="https://mw.example/",
        issued=START,
        not_before=START,
        due_from=START + timedelta(60),
        not_after=START + timedelta(90),
        grace_ends=START + timedelta(97),
        decisions=(warrant.Decision("12" * 32, "risk-reviewer"),),
    )
    (tmp_path / "warrant.json").write_bytes(warrant.make(terms, leaf, proof.make(0, [], checkpoint), KEY))
    (tmp_path / "key.pub.pem").write_bytes(keys.dump_public(KEY.public))
    (tmp_path / "other.pub.pem").write_bytes(keys.dump_public(keys.generate().public_key()))
    (tmp_path / "log.vkey").write_text(VKEY + "\n")
    void = [status.Void("w-1", "suspended by a person", START + timedelta(2))]
    (tmp_path / "status.json").write_bytes(
        status.make(void, START, START + timedelta(5), KEY, log=status.Log("log.example/one", 9))
    )
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "report.pdf").write_bytes(b"%PDF")
    facts = report.Facts("r-1", "audit", START, checkpoint.decode())
    (pack / "report.pdf.dsse.json").write_bytes(report.make(facts, "report.pdf", b"%PDF", b"{}", KEY))
    (pack / "warrant.json").write_bytes((tmp_path / "warrant.json").read_bytes())
    roles = {"report.pdf": "report", "report.pdf.dsse.json": "report-signature", "warrant.json": "warrant"}
    evidence_bundle.make(pack, roles.__getitem__, id="b-1", created=START, signer=KEY)
    return tmp_path


def verify(*more, at="2026-03-02T00:00:00Z", key="key.pub.pem"):
    return main(["verify-warrant", "warrant.json", "--key", key, "--at", at, *more])


def test_everything_given_everything_checked(home, capsys):
    assert verify("--vkey", VKEY, "--model", "model", "--at", "2026-03-01T12:00:00+02:00") == 0
    assert verify("--vkey", "@log.vkey", "--model", "model", "--status", "status.json") == 0
    said = capsys.readouterr().out
    assert "entry 0 of 1 in log.example/one" in said
    assert "NOT CHECKED" not in said.rpartition("OK:")[2]


def test_what_was_not_asked_is_said(home, capsys):
    assert verify() == 0
    said = capsys.readouterr().out
    assert "NOT CHECKED (no --vkey)" in said
    assert "NOT CHECKED (no --model)" in said
    assert "NOT CHECKED (no --status)" in said


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"at": "2026-02-01T00:00:00Z"}, 1),
        ({"at": "2026-06-02T00:00:00Z"}, 0),
        ({"at": "2026-06-07T00:00:00Z"}, 1),
        ({"at": "yesterday"}, 2),
        ({"at": "2026-03-02T00:00:00"}, 2),
        ({"key": "other.pub.pem"}, 3),
        ({"key": "absent.pem"}, 3),
    ],
)
def test_time_and_keys_decide_the_exit_code(home, more, code):
    assert verify(**more) == code


def test_faults_and_unknown_anchors_are_told_apart(home, capsys):
    other = note.Signer.from_private_key(ORIGIN, keys.generate("ed25519")).verifier.vkey
    assert verify("--vkey", other) == 3
    assert verify("--vkey", "nonsense") == 2
    assert main(["verify-warrant", "warrant.json"]) == 2
    assert verify("--status", "status.json", at="2026-03-04T00:00:00Z") == 1
    assert "suspended by a person" in capsys.readouterr().out
    assert verify("--status", "status.json", at="2026-03-07T00:00:00Z") == 3
    (home / "model" / "w").write_bytes(b"v")
    assert verify("--model", "model") == 1
    data = (home / "warrant.json").read_bytes()
    (home / "warrant.json").write_bytes(data.replace(b"modelwarrant/warrant/v1", b"modelwarrant/warrant/v2"))
    assert verify() == 1


def test_json_says_what_a_pipeline_needs(home, capsys):
    assert verify("--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["status"] == "active"
    assert answer["subject"]["binding"] == "bytes"
    assert answer["slot"] == "production/eu/champion"
    assert (answer["log_proof"], answer["model_checked"], answer["status_checked"]) == (None, False, False)


def test_reports_and_packs_verify_from_the_command_line(home, capsys):
    arguments = ["--key", "key.pub.pem", "--vkey", "@log.vkey"]
    assert main(["verify-report", "pack/report.pdf", *arguments]) == 0
    assert main(["verify-bundle", "pack", *arguments, "--at", "2026-03-02T00:00:00Z"]) == 0
    assert "verified in full" in capsys.readouterr().out
    assert main(["verify-bundle", "pack", "--key", "other.pub.pem"]) == 3
    assert main(["verify-bundle", "pack"]) == 2
    assert main(["verify-report", "pack/report.pdf", "--key", "other.pub.pem"]) == 3
    assert main(["verify-report", "model/w", "--key", "key.pub.pem"]) == 3
    (home / "pack" / "report.pdf").write_bytes(b"%PDX")
    assert main(["verify-report", "pack/report.pdf", *arguments]) == 1
    assert main(["verify-bundle", "pack", *arguments]) == 1


def test_the_newest_status_list_is_remembered_and_none_before_it_taken(home, capsys):
    at = "2026-03-02T12:00:00Z"
    assert verify("--seen", "seen.json") == 2  # without a list there is nothing to hold against
    assert verify("--status", "status.json", "--seen", "seen.json", at=at) == 0
    first = (home / "seen.json").read_bytes()
    later = status.make(
        [], START + timedelta(1), START + timedelta(5), KEY, log=status.Log("log.example/one", 12)
    )
    (home / "later.json").write_bytes(later)
    assert verify("--status", "later.json", "--seen", "seen.json", at=at) == 0
    assert (home / "seen.json").read_bytes() != first
    capsys.readouterr()
    assert verify("--status", "status.json", "--seen", "seen.json", at=at) == 1
    assert "older than one seen before" in capsys.readouterr().out
    assert verify("--status", "later.json", "--seen", "seen.json", at="2026-03-07T00:00:00Z") == 3  # stale
    (home / "seen.json").write_bytes(b"{}")
    assert verify("--status", "later.json", "--seen", "seen.json", at=at) == 1
