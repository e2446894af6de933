from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelwarrant import note, proof, prove
from modelwarrant.cli.main import main
from modelwarrant.errors import CannotCheck, Fault

WriteLog = Callable[..., bytes]


@pytest.fixture
def log(tmp_path: Path, leaves: list[bytes], write_log: WriteLog) -> Path:
    write_log(tmp_path / "log", leaves)
    return tmp_path / "log"


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 600])
def test_each_entry_has_a_proof_that_stands_alone(
    size: int, tmp_path: Path, leaves: list[bytes], signer: note.Signer, write_log: WriteLog
) -> None:
    write_log(tmp_path, leaves[:size])
    for index in {0, 1, size // 2, size - 2, size - 1} & set(range(size)):
        found = prove.prove(tmp_path, [signer.verifier], index)
        assert found.leaf == leaves[index]
        checked = proof.check(found.leaf, found.proof, [signer.verifier])
        assert (checked.index, checked.size) == (index, size)


def test_by_index_by_id_and_by_bytes(
    log: Path, tmp_path: Path, leaves: list[bytes], signer: note.Signer, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "leaf").write_bytes(leaves[300])
    entry_id = json.loads(leaves[300])["id"]
    vkey = signer.verifier.vkey

    def run(*arguments: object) -> tuple[int, Any]:
        code = main([*map(str, arguments), "--vkey", vkey, "--json"])
        return code, json.loads(capsys.readouterr().out)

    ways = [("--index", 300), ("--entry", entry_id), ("--leaf", tmp_path / "leaf")]
    for number, way in enumerate(ways):
        out, entry = tmp_path / f"proof{number}", tmp_path / f"entry{number}"
        code, document = run("prove", log, *way, "--proof-out", out, "--entry-out", entry)
        assert (code, document["index"], document["size"]) == (0, 300, 600)
        code, document = run("verify-proof", entry, out)
        assert (code, document["index"]) == (0, 300)
    assert run("prove", log, "--index", 300, "--proof-out", tmp_path / "proof0")[0] == 2  # never overwritten
    for way in (("--index", 600), ("--index", -1), ("--entry", entry_id.replace("0", "f"))):
        code, document = run("prove", log, *way, "--proof-out", tmp_path / "other")
        assert (code, document["kind"]) == (1, "not included")
    assert run("prove", log, "--entry", "not-an-id", "--proof-out", tmp_path / "other")[0] == 2
    assert run("prove", log, "--proof-out", tmp_path / "other")[0] == 2
    assert main(["prove", str(log), "--index", "1", "--proof-out", str(tmp_path / "other")]) == 2
    capsys.readouterr()
    assert run("prove", tmp_path / "absent", "--index", 1, "--proof-out", tmp_path / "other")[0] == 3
    assert not (tmp_path / "other").exists()


def test_no_proof_is_made_from_files_that_were_touched(log: Path, signer: note.Signer) -> None:
    """Flip bits of every file: either the proof is the same and good, or there is none."""
    honest = prove.prove(log, [signer.verifier], 300)
    silent = 0
    for path in sorted(path for path in log.rglob("*") if path.is_file()):
        good = path.read_bytes()
        for place in range(0, len(good), 1 + len(good) // 40):
            bad = bytearray(good)
            bad[place] ^= 1 << place % 8
            path.write_bytes(bad)
            try:
                found = prove.prove(log, [signer.verifier], 300)
            except (Fault, CannotCheck):
                continue
            finally:
                path.write_bytes(good)
            silent += 1
            assert found == honest
    assert silent  # what is not on the path isn't read, and nobody says it was
