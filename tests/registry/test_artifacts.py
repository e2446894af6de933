from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from datetime import timedelta

import pytest
from django.db import connection

from ledger import clock
from ledger.actors import Actor
from ledger.errors import IntegrityFault, Invalid, NotThere, Refused
from ledger.models import Entry
from modelwarrant import manifest
from registry import storage
from registry.models import ArtifactFile, Blob
from registry.selectors import artifacts as selected
from registry.selectors import versions as stand
from registry.services import artifacts
from registry.signals import integrity_failed
from tests.registry.world import World, make_world, service

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_store")]


def overwrite(digest: str, data: bytes) -> None:
    """As somebody with access to the disk would: same name, same size, same modification time."""
    path = storage.backend().path(storage.blob_name(digest))
    before = os.stat(path)
    os.chmod(path, 0o600)
    with open(path, "r+b") as file:
        file.write(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.chmod(path, 0o440)


def test_files_have_the_manifest_anybody_makes_from_the_directory(world: World, tmp_path):
    version = world.version()
    files = {"weights/model.bin": b"weights", "config.json": b"{}"}
    world.attach(version, files)
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(data)
    version.refresh_from_db()
    assert version.manifest_digest == manifest.build(tmp_path).digest


def test_who_uploaded_took_part_though_another_attached(world: World):
    controller, pipeline = world.owner, service(world.owner, "ci", on=world.system)
    upload = world.upload(b"by the pipeline", by=pipeline)
    version = world.version()
    artifacts.artifact_attach(actor=world.developer, version_id=version.pk, files={"a.bin": upload.pk})
    assert stand.contributors(version.pk) == {world.developer.id, pipeline.id, controller.id}


def test_removing_and_replacing_changes_the_manifest_and_keeps_the_rows(world: World):
    version = world.version()
    world.attach(version, {"a.bin": b"one", "b.bin": b"two"})
    version.refresh_from_db()
    before = version.manifest_digest
    artifacts.artifact_remove(actor=world.developer, version_id=version.pk, path="b.bin")
    world.attach(version, {"a.bin": b"three"})
    version.refresh_from_db()
    assert version.manifest_digest != before
    assert [row.path for row in stand.files(version.pk)] == ["a.bin"]
    assert ArtifactFile.objects.filter(version=version).count() == 2


@pytest.mark.once
@pytest.mark.parametrize(
    "path",
    [
        "../a",
        "/etc/passwd",
        "a//b",
        "a/./b",
        "a\\b",
        "C:/a",
        "a\nb",
        "a\u202eb",
        "http://#/../x",
        "x" * 300,
        "",
    ],
)
def test_paths_that_could_lead_elsewhere_are_refused(world: World, path):
    version = world.version()
    upload = world.upload(b"x")
    with pytest.raises(Invalid):
        artifacts.artifact_attach(actor=world.developer, version_id=version.pk, files={path: upload.pk})
    assert not ArtifactFile.objects.exists()


@pytest.mark.once
def test_odd_but_harmless_names_are_kept(world: World):
    version = world.version()
    world.attach(version, {"-rf": b"1", "CON": b"2", ".htaccess": b"3", 'a"b.bin': b"4"})
    assert stand.files(version.pk).count() == 4


def test_all_files_or_none(world: World):
    version = world.version()
    other = make_world("other")
    mine, foreign = world.upload(b"mine"), other.upload(b"foreign")
    with pytest.raises(NotThere):
        artifacts.artifact_attach(
            actor=world.developer, version_id=version.pk, files={"a": mine.pk, "b": foreign.pk}
        )
    with pytest.raises(Invalid):
        artifacts.artifact_attach(
            actor=world.developer, version_id=version.pk, files={"a.bin": mine.pk, "A.bin": mine.pk}
        )
    assert not ArtifactFile.objects.exists()


def test_a_file_overwritten_with_same_name_size_and_time_is_found(world: World):
    version = world.version()
    world.attach(version, {"model.bin": b"the real weights"})
    assert selected.faults(version) == []
    blob = Blob.objects.get()
    overwrite(blob.digest, b"the fake weights")
    assert [path for path, _ in selected.faults(version)] == ["model.bin"]
    told = []
    integrity_failed.connect(lambda faults, **_: told.extend(faults), weak=False, dispatch_uid="test")
    try:
        assert artifacts.versions_rehash(actor=Actor.system("integrity-sweep")) == 1
        assert artifacts.versions_rehash(actor=Actor.system("integrity-sweep")) == 0  # told once
    finally:
        integrity_failed.disconnect(dispatch_uid="test")
    assert [path for path, _ in told] == ["model.bin"]
    assert Entry.objects.filter(event="registry.artifact_rehashed").count() == 1
    assert selected.faults(version)
    with pytest.raises(IntegrityFault), selected.local_copy(blob.digest):
        pass


def test_an_overdue_hash_is_made_though_nothing_seems_changed(world: World, monkeypatch):
    version = world.version()
    world.attach(version, {"model.bin": b"the real weights"})
    blob = Blob.objects.get()
    overwrite(blob.digest, b"the fake weights")
    Blob.objects.update(stat_token=storage.stat_token(blob.digest))  # by the owner of the database
    assert selected.faults(version) == []
    later = clock.now() + timedelta(days=31)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert selected.faults(version)


def test_the_same_bytes_given_again_heal_the_store(world: World):
    version = world.version()
    world.attach(version, {"model.bin": b"the real weights"})
    overwrite(Blob.objects.get().digest, b"the fake weights")
    world.upload(b"the real weights")
    assert selected.faults(version) == []


def archive(kind: str, files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
            for path, data in files.items():
                made.writestr(path, data)
    else:
        with tarfile.open(fileobj=target, mode="w:gz" if kind == "tar.gz" else "w") as made:
            for path, data in files.items():
                info = tarfile.TarInfo(path)
                info.size = len(data)
                made.addfile(info, io.BytesIO(data))
    return target.getvalue()


def special(kind: bytes, name: str = "link", target: str = "/etc/passwd") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        made.addfile(info)
    return out.getvalue()


def unpack(world: World, data: bytes):
    version = world.version()
    upload = world.upload(data, name="model.archive", purpose="archive")
    return version, lambda: artifacts.artifact_unpack(
        actor=world.developer, version_id=version.pk, upload_id=upload.pk
    )


@pytest.mark.once
@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_an_archive_becomes_files(world: World, kind):
    version, run = unpack(world, archive(kind, {"m/a.bin": b"a" * 512, "m/b.json": b"{}", "c": b"c" * 1024}))
    run()
    assert [row.path for row in stand.files(version.pk)] == ["c", "m/a.bin", "m/b.json"]
    assert selected.faults(version) == []


BOMB = gzip.compress(b"\0" * (64 * 1024 * 1024))


def many() -> bytes:
    return archive("zip", {f"f{number}": b"" for number in range(artifacts.FILES_LIMIT + 1)})


@pytest.mark.once
@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: archive("tar", {"ok": b"1", "../evil": b"2"}), "bad-path"),
        (lambda: archive("zip", {"ok": b"1", "/evil": b"2"}), "bad-path"),
        (lambda: archive("zip", {"a": b"1", "A": b"2"}), "bad-path"),
        (lambda: special(tarfile.SYMTYPE), "not-a-file"),
        (lambda: special(tarfile.LNKTYPE), "not-a-file"),
        (lambda: special(tarfile.CHRTYPE), "not-a-file"),
        (lambda: archive("tar.gz", {"zeros": b"\0" * (64 * 1024 * 1024)}), "ratio"),
        (lambda: archive("zip", {"zeros": b"\0" * (64 * 1024 * 1024)}), "ratio"),
        (lambda: BOMB, "empty-archive"),
        (lambda: archive("zip", {"inner.zip": archive("zip", {"x": b"1"})}), "nested"),
        (lambda: archive("tar", {"inner.tgz": archive("tar.gz", {"x": b"1"})}), "nested"),
        (many, "too-many-files"),
        (lambda: archive("zip", {"x": b"12345"})[:-20], "broken-archive"),
        (lambda: archive("tar", {"x": b"1" * 5000})[:2048], "broken-archive"),
        (lambda: archive("zip", {}), "empty-archive"),
        (lambda: b"no archive at all", "not-an-archive"),
    ],
)
def test_an_archive_that_breaks_a_rule_is_refused_whole(world: World, make, code):
    data = make()
    if code == "broken-archive" and data[:2] == b"PK":
        with pytest.raises(Invalid):  # its own header contradicts it, so it isn't even taken in
            unpack(world, data)
        return
    version, run = unpack(world, data)
    with pytest.raises(Refused) as refused:
        run()
    assert refused.value.code == code
    assert not ArtifactFile.objects.exists()
    version.refresh_from_db()
    assert version.manifest_digest == ""


@pytest.mark.once
def test_a_lying_header_costs_no_memory(world: World):
    """A PAX header that claims 5 GB must be refused before anybody reads it into memory."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 5 * 1024**3
    _, run = unpack(world, info.tobuf(tarfile.GNU_FORMAT) + b"\0" * 1024)
    with pytest.raises(Refused) as refused:
        run()
    assert refused.value.code in ("bad-header", "too-large")


@pytest.mark.once
def test_another_purpose_is_refused(world: World):
    version = world.version()
    upload = world.upload(b"x")
    with pytest.raises(Invalid):
        artifacts.artifact_unpack(actor=world.developer, version_id=version.pk, upload_id=upload.pk)


@pytest.mark.once
def test_a_pickle_is_named_and_never_loaded(world: World, tmp_path):
    canary = tmp_path / "canary"
    evil = b"\x80\x04cos\nsystem\n(S'touch " + str(canary).encode() + b"'\ntR."
    version = world.version()
    world.attach(version, {"model.pkl": evil, "model.joblib": evil, "weights.bin": evil})
    assert not canary.exists()
    found = dict(selected.executable(version))
    assert set(found) == {"model.pkl", "model.joblib", "weights.bin"}
    assert all("not verified" in note and "clean" not in note for note in found.values())


def test_a_stored_row_cannot_name_another_place(world: World):
    """The place in the store follows from the digest, so there is no column that could point elsewhere."""
    with connection.cursor() as cursor:
        columns = [
            column.name for column in connection.introspection.get_table_description(cursor, "registry_blob")
        ]
    assert not {"path", "name", "location", "url"} & set(columns)
    for digest in ("../../etc/passwd", "A" * 64, ""):
        with pytest.raises(ValueError):
            storage.blob_name(digest)
