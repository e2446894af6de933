from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelwarrant import merkle, note, proof, tiles
from modelwarrant.cli.main import main

OTHER_VKEY = "example.org/other+27199f28+Adi16k8/brA7pxptpb2BXh2aBSPSGq+4rF7blHPNjMWT"
WriteLog = Callable[..., bytes]
Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """run(*arguments) runs the command with --json and returns its exit code and document."""

    def command(*arguments: object) -> tuple[int, Any]:
        code = main([*map(str, arguments), "--json"])
        document = json.loads(capsys.readouterr().out)
        assert document["code"] == code
        return code, document

    return command


@pytest.fixture
def log(tmp_path: Path, leaves: list[bytes], write_log: WriteLog) -> Path:
    write_log(tmp_path / "log", leaves[:300])
    return tmp_path / "log"


def test_verify_log_exit_codes(log: Path, signer: note.Signer, run: Run) -> None:
    vkey = signer.verifier.vkey
    code, document = run("verify-log", log, "--vkey", vkey)
    assert (code, document["size"], document["verification"]) == (0, 300, "full")
    assert run("verify-log", log)[0] == 2
    assert run("verify-log", log, "--vkey", "nonsense")[0] == 2
    assert run("verify-log")[0] == 2
    assert run("no-such-command")[0] == 2
    assert run("verify-log", log, "--vkey", OTHER_VKEY)[0] == 3
    assert run("verify-log", log / "absent", "--vkey", vkey)[0] == 3
    assert run("verify-log", log, "--vkey", vkey, "--earlier", log / "absent")[0] == 3
    bundle = log / "tile/entries/000"
    bundle.write_bytes(bundle.read_bytes().replace(b"review", b"active", 1))
    code, document = run("verify-log", log, "--vkey", vkey)
    assert (code, document["kind"], document["index"]) == (1, "changed", 0)


def test_hashes_alone_are_called_partial(
    leaves: list[bytes], tmp_path: Path, signer: note.Signer, write_log: WriteLog, run: Run
) -> None:
    twice = tmp_path / "twice"
    write_log(twice, [*leaves[:300], leaves[7]])
    command = ("verify-log", twice, "--vkey", signer.verifier.vkey)
    code, document = run(*command)
    assert (code, document["kind"], document["index"]) == (1, "repeated", 300)
    code, document = run(*command, "--hashes-only")
    assert (code, document["verification"], document["entries_read"]) == (0, "partial", False)
    assert "verified in part" in document["headline"]
    bundle = twice / "tile/entries/001.p/45"
    bundle.write_bytes(bundle.read_bytes().replace(b"review", b"active", 1))
    code, document = run(*command, "--hashes-only")
    assert (code, document["kind"], document["index"]) == (1, "changed", 256)


def test_a_tail_cut_and_signed_again_is_found_with_a_kept_checkpoint(
    log: Path, tmp_path: Path, leaves: list[bytes], signer: note.Signer, write_log: WriteLog, run: Run
) -> None:
    write_log(tmp_path / "cut", leaves[:290])
    cut = ("verify-log", tmp_path / "cut", "--vkey", signer.verifier.vkey)
    assert run(*cut)[0] == 0
    code, document = run(*cut, "--earlier", log / "checkpoint")
    assert (code, document["kind"]) == (1, "rolled back")


def test_a_person_reads_one_headline_and_facts(
    log: Path, signer: note.Signer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify-log", str(log), "--vkey", signer.verifier.vkey]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "OK: bank.example/modelwarrant, 300 entries, verified in full"
    facts = dict(line.strip().split("  ", 1) for line in lines[1:])
    assert {"origin", "size", "root", "chain head", "signed by", "claimed times", "verification"} <= set(
        facts
    )
    (log / "\x1b[2J").write_bytes(b"")
    assert main(["verify-log", str(log), "--vkey", signer.verifier.vkey]) == 1
    out = capsys.readouterr().out
    assert out.startswith("FAULT: unknown file")
    assert "\x1b" not in out


def test_a_crash_is_never_ok_and_never_a_traceback(
    log: Path, signer: note.Signer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("modelwarrant.cli.logs.verify_log", broken)
    code, document = run("verify-log", log, "--vkey", signer.verifier.vkey)
    assert (code, document["verdict"]) == (3, "cannot be checked")
    assert "unforeseen" in document["message"]


def test_compare_logs(
    log: Path, tmp_path: Path, leaves: list[bytes], signer: note.Signer, write_log: WriteLog, run: Run
) -> None:
    write_log(tmp_path / "later", leaves)
    vkey = ("--vkey", signer.verifier.vkey)
    assert run("compare-logs", log, tmp_path / "later", *vkey)[0] == 0
    assert run("compare-logs", log, tmp_path / "later")[0] == 3
    code, document = run("compare-logs", tmp_path / "later", log, *vkey)
    assert (code, document["kind"], document["index"]) == (1, "rolled back", 300)


def test_verify_proof(log: Path, tmp_path: Path, leaves: list[bytes], signer: note.Signer, run: Run) -> None:
    read = tiles.tile_reader(lambda path: (log / path).read_bytes(), 300)
    path = merkle.prove_inclusion(read, 270, 300)
    (tmp_path / "proof").write_bytes(proof.make(270, path, (log / "checkpoint").read_bytes()))
    (tmp_path / "leaf").write_bytes(leaves[270])
    (tmp_path / "wrong").write_bytes(leaves[271])
    vkey = ("--vkey", signer.verifier.vkey)
    code, document = run("verify-proof", tmp_path / "leaf", tmp_path / "proof", *vkey)
    assert (code, document["index"], document["size"]) == (0, 270, 300)
    assert run("verify-proof", tmp_path / "wrong", tmp_path / "proof", *vkey)[0] == 1
    assert run("verify-proof", tmp_path / "leaf", tmp_path / "proof")[0] == 2
    assert run("verify-proof", tmp_path / "leaf", tmp_path / "proof", "--vkey", OTHER_VKEY)[0] == 3
    assert run("verify-proof", tmp_path / "leaf", tmp_path / "absent", *vkey)[0] == 3
