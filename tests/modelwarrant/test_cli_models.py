from __future__ import annotations

import json
import stat

import pytest

from modelwarrant import keys
from modelwarrant.cli.main import main


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "model"
    root.mkdir()
    (root / "weights.bin").write_bytes(b"w" * 1000)
    (root / "config.json").write_bytes(b"{}")
    assert main(["keygen", "key.pem", "--no-passphrase"]) == 0
    assert main(["sign-model", "model", "--key", "key.pem", "--bundle", "model.json"]) == 0
    return root


def verify(*more):
    return main(["verify-model", "model", "--bundle", "model.json", "--key", "key.pub.pem", *more])


def test_the_whole_way_in_a_log(model, capsys):
    assert verify() == 0
    said = capsys.readouterr().out
    assert "OK: model is the signed model" in said
    assert "identity" in said


def test_each_outcome_has_its_exit_code(model, capsys):
    main(["keygen", "other.pem", "--no-passphrase", "--curve", "p384"])
    assert main(["verify-model", "model", "--bundle", "model.json"]) == 2
    assert main(["verify-model", "model", "--bundle", "model.json", "--key", "other.pub.pem"]) == 3
    assert main(["verify-model", "model", "--bundle", "absent.json", "--key", "key.pub.pem"]) == 3
    assert main(["verify-model", "absent", "--bundle", "model.json", "--key", "key.pub.pem"]) == 3
    assert main(["verify-model", "model", "--bundle", "model.json", "--key", "key.pem"]) == 3
    (model / "weights.bin").write_bytes(b"v")
    (model / "extra").write_bytes(b"x")
    capsys.readouterr()
    assert verify("--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["verdict"] == "fault"
    assert {(item["kind"], item["path"]) for item in answer["differences"]} == {
        ("changed", "weights.bin"),
        ("extra", "extra"),
    }


def test_json_is_one_document_whatever_the_outcome(model, capsys):
    for arguments, code in (
        (["--json"], 0),
        (["--json", "--key", "absent"], 3),
        (["--json", "--nonsense"], 2),
    ):
        capsys.readouterr()
        assert verify(*arguments) == code
        assert json.loads(capsys.readouterr().out)["code"] == code


def test_a_flag_does_not_hide_a_signed_file_and_strict_tells_the_rest(model, capsys):
    (model / ".git").mkdir()
    (model / ".git" / "planted").write_bytes(b"x")
    assert verify() == 0
    assert verify("--strict") == 1
    assert "planted" in capsys.readouterr().out
    assert verify("--strict", "--ignore", ".git") == 0
    (model / "weights.bin").write_bytes(b"v")
    assert verify("--ignore", "weights.bin") == 1


def test_a_name_cannot_write_on_the_terminal(model, capsys):
    (model / "a\u202eb\u2028c").write_bytes(b"x")
    assert verify() == 1
    said = capsys.readouterr().out
    assert "\u202e" not in said
    assert "\u2028" not in said


def test_the_bundle_may_lie_in_the_model(model):
    arguments = ["--key", "key.pem", "--bundle", "model/model.sig"]
    assert main(["sign-model", "model", *arguments]) == 0
    verify_it = ["verify-model", "model", "--bundle", "model/model.sig", "--key", "key.pub.pem", "--strict"]
    assert main(verify_it) == 0
    assert main(["sign-model", "model", *arguments]) == 2
    assert main(["sign-model", "model", *arguments, "--replace"]) == 0
    assert main(verify_it) == 0


def test_private_keys_are_protected_and_never_overwritten(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["keygen", "key.pem"]) == 2
    monkeypatch.setenv("KEY_PASSPHRASE", "long enough")
    assert main(["keygen", "key.pem", "--passphrase-env", "KEY_PASSPHRASE"]) == 0
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    before = (tmp_path / "key.pem").read_bytes()
    assert b"ENCRYPTED" in before
    assert main(["keygen", "key.pem", "--no-passphrase"]) == 2
    assert (tmp_path / "key.pem").read_bytes() == before
    (tmp_path / "key.pem").unlink()
    assert main(["keygen", "key.pem", "--no-passphrase"]) == 2
    assert not (tmp_path / "key.pem").exists(), "a pair is made whole or not at all"
    assert main(["keygen", "b", "--passphrase-env", "NOT_SET"]) == 2
    (tmp_path / "secret").write_text("long enough\n")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "w").write_bytes(b"w")
    (tmp_path / "key.pem").write_bytes(before)
    sign = ["sign-model", "model", "--key", "key.pem", "--bundle", "out.json"]
    assert main(sign) == 3
    assert main([*sign, "--passphrase-file", "secret"]) == 0
    assert keys.load_private(before, b"long enough")


@pytest.mark.parametrize("files", [{}, {"empty": b""}])
def test_a_model_of_nothing_is_not_signed(tmp_path, monkeypatch, files):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    for name, data in files.items():
        (tmp_path / "model" / name).write_bytes(data)
    main(["keygen", "key.pem", "--no-passphrase"])
    assert main(["sign-model", "model", "--key", "key.pem", "--bundle", "out.json"]) == 1
    assert not (tmp_path / "out.json").exists()
