"""The witness of c2sp.org/tlog-witness: its answers, its state, and the command over HTTP."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarrant import merkle, note, witness
from modelwarrant.errors import CannotCheck, Fault
from tests.modelwarrant.conftest import ORIGIN

NOW = 1_795_000_000
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
COSIGNER = note.Cosigner.from_private_key("second-line.example/witness", KEY)


class Tree:
    """A log's leaves, their signed checkpoints and proofs."""

    def __init__(self, leaves: list[bytes], signer: note.Signer, origin: str = ORIGIN) -> None:
        self.hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
        self.signer, self.origin = signer, origin

    def checkpoint(self, size: int, *extensions: str) -> bytes:
        root = merkle.root(self.hashes[:size])
        return note.sign_note(note.Checkpoint(self.origin, size, root, extensions).text(), [self.signer])

    def path(self, old: int, size: int) -> tuple[bytes, ...]:
        def read(level: int, index: int) -> bytes:
            return merkle.root(self.hashes[index << level : (index + 1) << level])

        return tuple(merkle.prove_consistency(read, old, size))

    def ask(self, old: int, size: int) -> bytes:
        return witness.Request(old, self.path(old, size), self.checkpoint(size)).encode()


@pytest.fixture
def tree(leaves: list[bytes], signer: note.Signer) -> Tree:
    return Tree(leaves[:64], signer)


@pytest.fixture
def own(tmp_path: Path, signer: note.Signer) -> witness.Witness:
    return witness.Witness([signer.verifier], COSIGNER, witness.FileStore(tmp_path / "state"), lambda: NOW)


def test_a_log_that_grows_is_cosigned_each_time(tree: Tree, own: witness.Witness) -> None:
    for old, size in ((0, 1), (1, 7), (7, 7), (7, 64)):
        answer = own.add_checkpoint(tree.ask(old, size))
        assert answer.status == 200, answer
        cosigned = tree.checkpoint(size) + answer.body
        checkpoint, opened = note.open_checkpoint(cosigned, [tree.signer.verifier, COSIGNER.verifier])
        assert checkpoint.size == size
        assert [(line.name, line.time) for line in opened.verified if line.time] == [(COSIGNER.name, NOW)]
        [(by, line, time)] = witness.read_cosignatures(
            answer.body, tree.checkpoint(size), [COSIGNER.verifier]
        )
        assert (by, line.encode(), time) == (COSIGNER.verifier, answer.body, NOW)


def test_what_is_refused_and_how(
    tree: Tree, own: witness.Witness, leaves: list[bytes], signer: note.Signer
) -> None:
    assert own.add_checkpoint(tree.ask(0, 10)).status == 200

    def status(body: bytes) -> int:
        return own.add_checkpoint(body).status

    other = Tree(leaves[1:64], signer)
    stranger = Tree(leaves, note.Signer.from_private_key(ORIGIN, Ed25519PrivateKey.generate()))
    elsewhere = Tree(leaves, note.Signer.from_private_key("other.example/log", KEY), "other.example/log")
    assert status(b"") == status(b"old 1") == status(b"old 01\n\n" + tree.checkpoint(10)) == 400
    assert status(witness.Request(20, (), tree.checkpoint(10)).encode()) == 400
    assert status(elsewhere.ask(0, 10)) == 404
    assert status(stranger.ask(10, 20)) == 403
    stale = own.add_checkpoint(tree.ask(0, 20))
    assert (stale.status, stale.kind, stale.body) == (409, "text/x.tlog.size", b"10\n")
    assert status(tree.ask(5, 8)) == 409  # rolled back
    same_size = own.add_checkpoint(witness.Request(10, (), other.checkpoint(10)).encode())
    assert (same_size.status, same_size.kind) == (409, witness.TEXT_TYPE)  # split view
    assert status(other.ask(10, 20)) == 422  # rewritten
    assert status(witness.Request(10, tree.path(10, 20)[:-1], tree.checkpoint(20)).encode()) == 422
    # none of all that changed the state
    assert status(tree.ask(10, 20)) == 200


def test_two_histories_are_never_cosigned_even_at_once(
    tmp_path: Path, leaves: list[bytes], signer: note.Signer
) -> None:
    mine, theirs = Tree(leaves[:40], signer), Tree([leaves[50], *leaves[1:40]], signer)
    own = witness.Witness([signer.verifier], COSIGNER, witness.FileStore(tmp_path), lambda: NOW)
    for _ in range(10):
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda one: own.add_checkpoint(one.ask(0, 40)).status, [mine, theirs] * 4))
        assert found.count(200) <= 1
    assert own.add_checkpoint(mine.ask(40, 40)).status in (200, 409)


def test_a_crash_before_the_state_is_durable_gives_no_signature(
    tree: Tree, tmp_path: Path, signer: note.Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = witness.Witness([signer.verifier], COSIGNER, witness.FileStore(tmp_path), lambda: NOW)
    for name in ("open", "write", "fsync", "replace"):

        def broken(*args: object, **kwargs: object) -> int:
            raise OSError("no room")

        with monkeypatch.context() as patched:
            patched.setattr(witness.os, name, broken)
            with pytest.raises(OSError, match="no room"):
                own.add_checkpoint(tree.ask(0, 10))
    # the last crash was after the rename: then the state is ahead, and the log learns it
    assert own.add_checkpoint(tree.ask(0, 10)).status in (200, 409)


def test_an_unreadable_state_is_not_an_empty_one(tree: Tree, tmp_path: Path, signer: note.Signer) -> None:
    own = witness.Witness([signer.verifier], COSIGNER, witness.FileStore(tmp_path), lambda: NOW)
    assert own.add_checkpoint(tree.ask(0, 10)).status == 200
    [state] = tmp_path.glob("*.json")
    for damaged in (
        "",
        "{}",
        "[]",
        state.read_text().replace(ORIGIN, "other"),
        state.read_text().replace("10", "-"),
    ):
        state.write_text(damaged)
        with pytest.raises(CannotCheck):
            own.add_checkpoint(tree.ask(0, 10))


def test_only_the_witness_own_signature_is_taken(tree: Tree) -> None:
    good = COSIGNER.signature_line(note.split_note(tree.checkpoint(5))[0].encode(), NOW).encode()
    foreign = note.Cosigner.from_private_key("w", Ed25519PrivateKey.generate())
    line = foreign.signature_line(b"whatever\n", NOW).encode()
    [taken] = witness.read_cosignatures(line + good, tree.checkpoint(5), [COSIGNER.verifier])
    assert taken[1].encode() == good
    with pytest.raises(Fault, match="bad signature"):
        witness.read_cosignatures(good, tree.checkpoint(6), [COSIGNER.verifier])
    for nonsense in (b"", b"\n", b"ok\n", b"\xff\n", good[:-1]):
        with pytest.raises(Fault):
            witness.read_cosignatures(nonsense, tree.checkpoint(5), [COSIGNER.verifier])


@given(st.binary(max_size=80) | st.text("old 0123\nAB=+/", max_size=40).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_request_in_its_only_form_or_malformed(data: bytes) -> None:
    try:
        request = witness.parse_request(data)
    except Fault:
        return
    assert request.encode() == data


@pytest.fixture
def served(tmp_path: Path, signer: note.Signer) -> Iterator[Callable[[bytes, str], tuple[int, str, bytes]]]:
    """post(body) to `modelwarrant witness` in a process of its own."""
    command = [sys.executable, "-m", "modelwarrant.cli.main"]
    key = str(tmp_path / "witness.key")
    name = ["--name", "second-line.example/witness"]
    made = subprocess.run(
        [*command, "witness-key", key, *name, "--json"], capture_output=True, text=True, check=True
    )
    assert json.loads(made.stdout)["vkey"].startswith("second-line.example/witness+")
    assert (tmp_path / "witness.key").stat().st_mode & 0o777 == 0o600
    run = [
        *command,
        "witness",
        "--key",
        key,
        *name,
        "--state",
        str(tmp_path / "state"),
        "--listen",
        "127.0.0.1:0",
    ]
    process = subprocess.Popen([*run, "--log", signer.verifier.vkey], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    port = int(process.stderr.readline().split("listens on 127.0.0.1:")[1].split()[0])

    def post(body: bytes, path: str = "/add-checkpoint") -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("POST", path, body)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()

    yield post
    process.terminate()
    assert process.wait(timeout=10) == 0


def test_the_command_serves_one_call(tree: Tree, served: Callable[..., tuple[int, str, bytes]]) -> None:
    status, _, body = served(tree.ask(0, 10))
    assert status == 200
    assert body.startswith("— second-line.example/witness ".encode())
    assert served(tree.ask(0, 20)) == (409, "text/x.tlog.size", b"10\n")
    assert served(b"x" * (witness.MAX_REQUEST_BYTES + 1))[0] == 413
    assert served(b"", "/other")[0] == 404
    assert served(tree.ask(10, 20))[0] == 200


def test_a_witness_needs_its_own_key_and_a_log(tmp_path: Path, signer: note.Signer) -> None:
    def code(*arguments: str) -> int:
        command = [
            sys.executable,
            "-m",
            "modelwarrant.cli.main",
            "witness",
            "--state",
            str(tmp_path / "s"),
            *arguments,
        ]
        return subprocess.run(command, capture_output=True, check=False).returncode

    vkey = signer.verifier.vkey
    key = str(tmp_path / "none.key")
    assert code("--name", "w", "--key", key, "--log", vkey) == 3
    assert code("--name", "w", "--key", key, "--log", "nonsense") == 2
    assert code("--name", "w", "--key", key, "--log", COSIGNER.verifier.vkey) == 2
    assert code("--name", "w", "--key", key, "--log", vkey, "--listen", "nowhere") == 2
