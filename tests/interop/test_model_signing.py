"""Bundles are exchanged with `model_signing`, OpenSSF's own implementation, in both directions."""

from __future__ import annotations

import subprocess

import pytest

from modelwarrant import keys, oms


@pytest.fixture
def model(tmp_path):
    root = tmp_path / "model"
    (root / "sub").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".git" / "head").write_bytes(b"ref")
    (root / "weights.bin").write_bytes(bytes(range(256)) * 4000)
    (root / "sub" / "config.json").write_bytes(b"{}")
    (root / "sub-a").write_bytes("ünïcode".encode())
    (root / "gewichte-ä.bin").write_bytes(b"w")
    (root / "empty").write_bytes(b"")
    return root


@pytest.fixture(params=["p256", "p384", "p521"])
def signer(request, tmp_path):
    private = keys.generate(request.param)
    (tmp_path / "key.pem").write_bytes(keys.dump_private(private, None))
    (tmp_path / "key.pub.pem").write_bytes(keys.dump_public(private.public_key()))
    return keys.LocalSigner(private)


def _run(programs, *arguments, **given):
    command = [programs / "model_signing", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **given)


def test_they_verify_what_we_sign(model_signing, model, signer, tmp_path):
    (tmp_path / "ours.json").write_bytes(oms.sign_model(model, signer))
    arguments = ("verify", "key", model, "--signature", tmp_path / "ours.json", "--public_key")
    answer = _run(model_signing, *arguments, tmp_path / "key.pub.pem")
    assert answer.returncode == 0, answer.stderr
    (model / "weights.bin").write_bytes(b"other")
    answer = _run(model_signing, *arguments, tmp_path / "key.pub.pem")
    assert answer.returncode != 0
    assert "weights.bin" in answer.stderr


def test_we_verify_what_they_sign(model_signing, model, signer, tmp_path):
    bundle = model / "model.sig"
    answer = _run(
        model_signing, "sign", "key", model, "--signature", bundle, "--private_key", tmp_path / "key.pem"
    )
    assert answer.returncode == 0, answer.stderr
    trust = [keys.TrustedKey(signer.public)]
    verified = oms.verify_model(model, bundle.read_bytes(), trust)
    assert verified.files == 5
    (model / "weights.bin").write_bytes(b"other")
    with pytest.raises(oms.ModelDiffers, match=r"weights\.bin"):
        oms.verify_model(model, bundle.read_bytes(), trust)


SHARDED = """
import sys, model_signing as m
hashing = m.hashing.Config().use_shard_serialization(shard_size=300000).set_ignored_paths(paths=[])
m.signing.Config().use_elliptic_key_signer(private_key=sys.argv[1]).set_hashing_config(hashing).sign(*sys.argv[2:])
"""


def test_we_verify_the_shards_they_sign(model_signing, model, signer, tmp_path):
    bundle = tmp_path / "theirs.json"
    arguments = [tmp_path / "key.pem", model, bundle]
    subprocess.run([model_signing / "python", "-c", SHARDED, *arguments], check=True, timeout=120)
    trust = [keys.TrustedKey(signer.public)]
    assert oms.verify_model(model, bundle.read_bytes(), trust, strict=True).findings == (
        "'empty' is empty and isn't signed",
        "'.git/head' lies under an ignored path and isn't signed",
    )
    with (model / "weights.bin").open("r+b") as file:
        file.seek(700_000)
        file.write(b"!")
    with pytest.raises(oms.ModelDiffers, match="in bytes 600000 to 900000"):
        oms.verify_model(model, bundle.read_bytes(), trust)
