"""AR-01, AR-02: files that run code when loaded go through everything we do with a model, and none of them runs."""

from __future__ import annotations

import io
import json
import pickle
import socket
import struct
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from governance.rendering import html_of
from governance.services.checks import checks_request
from governance.services.versions import version_submit
from governance.snapshots.reports import report_data
from ledger import clock
from modelwarrant import keys, oms
from registry.selectors import artifacts
from registry.selectors.versions import version_by_id
from registry.services.artifacts import artifact_attach, artifact_rehash
from registry.services.signatures import signature_add
from registry.tasks import sweep
from tests.portal.test_pages import signed_in
from tests.world import make_world, publish, work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.once]


@pytest.fixture
def listener() -> Iterator[tuple[int, threading.Event]]:
    """A port, and whether anybody called it."""
    server = socket.create_server(("127.0.0.1", 0))
    heard = threading.Event()

    def accept() -> None:
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            heard.set()
            peer.close()

    threading.Thread(target=accept, daemon=True).start()
    yield server.getsockname()[1], heard
    server.close()


class _Call:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.said = function, arguments

    def __reduce__(self) -> Any:
        return self.said


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def canaries(touched: Path, port: int) -> dict[str, bytes]:
    """Path -> bytes that leave a file or call a port as soon as a loader of their kind believes them."""
    evil = pickle.dumps([_Call(touched.touch), _Call(socket.create_connection, ("127.0.0.1", port))])
    code = f"open({str(touched)!r}, 'w')"
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    keras = {"class_name": "Lambda", "config": {"function": ["code", code]}, "module": "os"}
    return {
        "model.pkl": evil,
        "model.joblib": evil,
        "weights.bin": evil + b"more after STOP" + evil,
        "model.pt": zipped(**{"archive/data.pkl": evil}),
        "broken.pt": zipped(**{"archive/data.pkl": evil})[:-4],
        "array.npy": b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + evil,
        "model.keras": zipped(**{"config.json": json.dumps(keras).encode(), "metadata.json": b"{}"}),
        "model.skops": zipped(
            **{"schema.json": json.dumps({"__module__": "os", "__class__": "system"}).encode()}
        ),
        "model.yaml": f"!!python/object/apply:os.system ['touch {touched}']\n".encode(),
        "model.h5": b"\x89HDF\r\n\x1a\n" + evil,
        "model.onnx": b"\x08\x07:\x10../../etc/passwd",
        "sitecustomize.py": code.encode(),
        "conftest.py": code.encode(),
        "model.7z": b"7z\xbc\xaf\x27\x1c" + evil,
        "polyglot.jpg": b"\xff\xd8\xff\xe0" + zipped(**{"archive/data.pkl": evil}),
        "card.html": b"<script>document.title='run'</script>",
    }


def test_no_canary_sings(home: Path, tmp_path: Path, listener: tuple[int, threading.Event]) -> None:
    port, heard = listener
    touched = tmp_path / "touched"
    world = make_world(tier="low")
    version = world.draft()
    given = canaries(touched, port)
    refused = {}
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        for row in version.files.filter(present=True):
            (directory / row.path).write_bytes(b"weights" if row.path == "weights.bin" else b"")
        ids = {}
        for path, data in given.items():
            try:
                ids[path] = world.upload("artifact", data, path, model_id=world.model.pk).pk
            except Exception as error:  # a file that contradicts its own header isn't taken in
                refused[path] = error
        artifact_attach(actor=world.ci, version_id=version.pk, files=ids)
        stored = {row.path: row.blob_id for row in version.files.filter(present=True)}
        for path, digest in stored.items():
            with artifacts.local_copy(digest) as copy:
                (directory / path).write_bytes(copy.read_bytes())
        bundle = oms.sign_model(directory, keys.LocalSigner(world.private), ignored=())
        signature_add(actor=world.ci, version_id=version.pk, bundle=bundle)
        assert oms.verify_model(
            directory, bundle, [keys.TrustedKey(world.private.public_key())], strict=True
        ).files == len(stored)
    assert set(refused) <= {"broken.pt"}, refused
    version_submit(actor=world["developer"], version_id=version.pk)
    checks_request(actor=world.ci, version_id=version.pk)
    work()
    publish()
    assert artifact_rehash(actor=world.ci, version_id=version.pk) == []
    sweep()
    version = version_by_id(version.pk)
    browser = signed_in(world, "auditor")
    pages = [
        f"/versions/{version.pk}/",
        f"/api/v1/versions/{version.pk}",
        f"/api/v1/versions/{version.pk}/files",
    ]
    seen = [browser.get(path).content.decode() for path in pages]
    seen += [
        html_of(report_data(report_id=uuid4(), version_id=version.pk, kind=kind, at=clock.now()))
        for kind in ("scorecard", "audit")
    ]
    assert not touched.exists()
    assert not heard.is_set()
    said = dict(artifacts.executable(version))
    assert {"model.pkl", "model.joblib", "weights.bin", "model.pt", "array.npy"} <= set(said)
    assert all("not verified" in note for note in said.values())
    assert not any("clean" in note.lower() for note in said.values())
    assert "model.pkl" in seen[0]

    # they do sing where somebody believes them: the test would see it
    pickle.loads(given["model.pkl"])
    assert touched.exists()
    assert heard.wait(10)
