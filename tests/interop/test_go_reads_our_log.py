"""Our export, read by Go's own transparency log library (golang.org/x/mod/sumdb): the second opinion."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from modelwarrant import merkle, note, tiles

SOURCE = Path(__file__).with_name("readlog.go")
DEBIAN_MODULES = Path("/usr/share/gocode")


@pytest.fixture(scope="module")
def readlog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not installed (Debian: golang-go golang-golang-x-mod-dev)")
    if not (DEBIAN_MODULES / "src/golang.org/x/mod/sumdb").is_dir():
        pytest.skip("golang.org/x/mod is not installed (Debian: golang-golang-x-mod-dev)")
    directory = tmp_path_factory.mktemp("go")
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": str(DEBIAN_MODULES),
        "GOCACHE": str(directory / "cache"),
        "GOFLAGS": "",
    }
    command = [go, "build", "-o", str(directory / "readlog"), str(SOURCE)]
    built = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return directory / "readlog"


@pytest.mark.slow
def test_go_reads_proves_and_checks_our_export(readlog: Path, tmp_path: Path) -> None:
    size, old = 256 * 256 + 700, 65_000
    entries = [b'{"n":%d}' % number for number in range(size)]
    hashes = [merkle.leaf_hash(entry) for entry in entries]
    signer = note.Signer.from_private_key("log.example/go", Ed25519PrivateKey.from_private_bytes(b"\7" * 32))
    head = merkle.chain_start(signer.name)
    for leaf in hashes:
        head = merkle.chain_next(head, leaf)
    root = merkle.root(hashes)
    text = note.Checkpoint(signer.name, size, root, (note.chain_extension(head),)).text()

    def put(path: str, data: bytes) -> None:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)

    tiles.write_export(put, entries, note.sign_note(text, [signer]))
    command = [str(readlog), str(tmp_path), signer.verifier.vkey, str(old)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 0, answer.stderr
    first, *proof = answer.stdout.splitlines()
    assert first == f"{signer.name} {size} {note.encode_base64(root)}"
    go_proof = [note.decode_base64(line) for line in proof]
    read = tiles.tile_reader(lambda path: (tmp_path / path).read_bytes(), size)
    assert go_proof == merkle.prove_consistency(read, old, size)
    merkle.check_consistency(go_proof, old, size, merkle.root(hashes[:old]), root)
