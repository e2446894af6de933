from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import threading
from datetime import timedelta

import pytest

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotAllowed, NotThere, TooLarge, Unavailable
from registry import storage
from registry.models import Blob, Upload
from registry.services import uploads
from tests.registry.world import World, make_world, person

pytestmark = pytest.mark.django_db
DATA = b"0123456789" * 1000


def start(world: World, data: bytes = DATA, **given):
    fields = {
        "purpose": "artifact",
        "size": len(data),
        "digest": hashlib.sha256(data).hexdigest(),
        "name": "model.bin",
        "model_id": world.model.pk,
    }
    return uploads.upload_start(actor=world.developer, **(fields | given))


def append(world: World, upload: Upload, offset: int, data: bytes) -> int:
    return uploads.upload_append(actor=world.developer, upload_id=upload.pk, offset=offset, chunks=[data])


def test_an_upload_in_pieces_with_repeats_ends_as_one_blob(world: World):
    upload = start(world)
    assert append(world, upload, 0, DATA[:4000]) == 4000
    assert append(world, upload, 0, DATA[:4000]) == 4000  # the answer was lost, the client sends again
    assert append(world, upload, 3000, DATA[3000:6000]) == 6000
    assert append(world, upload, 6000, DATA[6000:]) == len(DATA)
    done = uploads.upload_finish(actor=world.developer, upload_id=upload.pk)
    assert (done.state, done.blob_id) == ("complete", hashlib.sha256(DATA).hexdigest())
    assert storage.read(done.blob_id, limit=10**6) == DATA
    assert uploads.upload_finish(actor=world.developer, upload_id=upload.pk).blob_id == done.blob_id
    assert not storage.staged_path(upload.pk).exists()


def test_a_gap_other_bytes_and_too_many_bytes_are_refused_and_the_upload_goes_on(world: World):
    upload = start(world)
    append(world, upload, 0, DATA[:5000])
    with pytest.raises(Conflict) as gap:
        append(world, upload, 6000, b"x")
    assert (gap.value.code, gap.value.reasons[0]["text"]) == ("offset", "5000")
    with pytest.raises(Conflict) as other:
        append(world, upload, 4990, b"x" * 20)
    assert other.value.code == "bytes-differ"
    with pytest.raises(TooLarge):
        append(world, upload, 5000, DATA)
    with pytest.raises(Conflict) as early:
        uploads.upload_finish(actor=world.developer, upload_id=upload.pk)
    assert early.value.code == "incomplete"
    append(world, upload, 5000, DATA[5000:])
    assert uploads.upload_finish(actor=world.developer, upload_id=upload.pk).state == "complete"


def test_resuming_with_other_bytes_leaves_nothing_visible(world: World):
    upload = start(world)
    append(world, upload, 0, DATA[:-10])
    append(world, upload, len(DATA) - 10, b"x" * 10)
    with pytest.raises(Invalid) as mismatch:
        uploads.upload_finish(actor=world.developer, upload_id=upload.pk)
    assert mismatch.value.code == "digest-mismatch"
    assert Upload.objects.get(pk=upload.pk).state == "aborted"
    assert not Blob.objects.exists()
    assert not storage.staged_path(upload.pk).exists()


def test_what_came_before_the_line_broke_counts(world: World):
    upload = start(world)

    def broken():
        yield DATA[:2500]
        raise ConnectionResetError

    with pytest.raises((ConnectionResetError, Unavailable)):
        uploads.upload_append(actor=world.developer, upload_id=upload.pk, offset=0, chunks=broken())
    upload.refresh_from_db()
    assert upload.offset == 2500
    append(world, upload, 2500, DATA[2500:])
    assert uploads.upload_finish(actor=world.developer, upload_id=upload.pk).state == "complete"


def test_a_second_appender_is_told_so(world: World):
    upload = start(world)
    with storage.staged(upload.pk), pytest.raises(Conflict) as busy:
        append(world, upload, 0, DATA)
    assert busy.value.code == "busy"


def test_bytes_left_by_a_killed_process_are_not_acknowledged(world: World):
    upload = start(world)
    append(world, upload, 0, DATA[:100])
    with storage.staged_path(upload.pk).open("ab") as file:
        file.write(b"garbage" * 5000)
    append(world, upload, 100, DATA[100:])
    assert uploads.upload_finish(actor=world.developer, upload_id=upload.pk).state == "complete"


def test_a_crash_after_storing_and_before_recording_can_be_finished(world: World):
    upload = start(world)
    append(world, upload, 0, DATA)
    storage.put(storage.staged_path(upload.pk))
    assert uploads.upload_finish(actor=world.developer, upload_id=upload.pk).state == "complete"


@pytest.mark.once
def test_a_full_disk_is_said_and_the_upload_stays_resumable(world: World, monkeypatch):
    upload = start(world)
    append(world, upload, 0, DATA[:100])

    def full(file, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(uploads, "_write_all", full)
        with pytest.raises(Unavailable) as refused:
            append(world, upload, 100, DATA[100:])
    assert refused.value.code == "store-full"
    append(world, upload, 100, DATA[100:])

    def full_store(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(storage, "put", full_store)
        with pytest.raises(Unavailable):
            uploads.upload_finish(actor=world.developer, upload_id=upload.pk)
    assert uploads.upload_finish(actor=world.developer, upload_id=upload.pk).state == "complete"


def test_expired_uploads_are_over_before_the_sweep_and_swept_after(world: World, monkeypatch):
    upload = start(world)
    append(world, upload, 0, DATA[:100])
    later = clock.now() + timedelta(hours=25)
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(Conflict) as expired:
        append(world, upload, 100, DATA[100:])
    assert expired.value.code == "expired"
    assert uploads.uploads_expire(actor=Actor.system("expiry-sweep")) == 1
    assert Upload.objects.get(pk=upload.pk).state == "expired"
    assert not storage.staged_path(upload.pk).exists()


@pytest.mark.once
@pytest.mark.parametrize(
    ("given", "error", "field"),
    [
        ({"size": 0}, Invalid, "size"),
        ({"size": -1}, Invalid, "size"),
        ({"size": 10 * 2 * 1024**3}, TooLarge, "size"),
        ({"digest": "latest"}, Invalid, "digest"),
        ({"name": "file:///etc/passwd#x"}, Invalid, "name"),
        ({"name": "s3://other-bucket/x"}, Invalid, "name"),
        ({"name": "a\u202eb"}, Invalid, "name"),
        ({"purpose": "anything"}, Invalid, "purpose"),
        ({"model_id": None}, Invalid, "model"),
    ],
)
def test_bad_beginnings_name_their_field(world: World, given, error, field):
    with pytest.raises(error) as refused:
        start(world, **given)
    assert refused.value.field == field
    assert not Upload.objects.exists()


@pytest.mark.once
def test_nobody_reaches_an_upload_of_others(world: World):
    upload = start(world)
    other = make_world("other")
    colleague = person("developer", on=world.system)
    for actor, error in ((other.developer, NotAllowed), (colleague, NotThere)):
        with pytest.raises(error):
            uploads.upload_append(actor=actor, upload_id=upload.pk, offset=0, chunks=[DATA])
    with pytest.raises(Invalid) as disagree:
        start(world, system_id=other.system.pk)
    assert disagree.value.field == "system"


@pytest.mark.once
def test_a_file_swapped_while_it_is_stored_is_stored_under_its_own_digest(tmp_path):
    """AR-14: whatever lies in the store under a digest has that digest, however the staged file is swapped."""
    tries = 10_000 if "SOAK_SECONDS" in os.environ else 300
    honest, evil = b"honest" * 50, b"evil!!" * 50
    over = threading.Event()
    staged = tmp_path / "staged"

    def swap() -> None:
        number = 0
        while not over.is_set():
            number += 1
            other = tmp_path / f"other-{number % 2}"
            other.write_bytes(evil if number % 2 else honest)
            with contextlib.suppress(OSError):
                os.rename(other, staged)

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        for _ in range(tries):
            with contextlib.suppress(OSError):  # it was gone at that moment
                stored = storage.put(staged)
                held = storage.rehash(stored.digest)
                if held is not None:
                    assert held == stored.digest
    finally:
        over.set()
        swapping.join()
    for data in (honest, evil):
        digest = storage.sha256(data)
        assert storage.rehash(digest) in (None, digest)
