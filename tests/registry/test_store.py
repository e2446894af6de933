"""FT-10: files and database restored from different times: exactly what is missing, extra or changed is named."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from django.core.management import call_command

from registry import storage
from registry.models import Blob
from tests.registry.test_artifacts import overwrite
from tests.registry.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def check(*options: str) -> tuple[int, list[str]]:
    out = io.StringIO()
    try:
        call_command("store_check", *options, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


def test_an_empty_store_is_sound(own_store: Path):
    assert check() == (
        0,
        ["ok: 0 stored files are those of the database (sizes compared; --full hashes every byte)"],
    )


def test_a_restore_of_two_times_names_each_difference(own_store: Path, world: World, tmp_path: Path):
    version = world.version()
    world.attach(version, {"old.bin": b"in both backups", "kept.bin": b"as well"})
    shutil.copytree(own_store, tmp_path / "earlier")
    late = b"only in the backup of the database"
    world.attach(version, {"new.bin": late})
    assert check("--full")[0] == 0
    shutil.rmtree(own_store)
    shutil.copytree(tmp_path / "earlier", own_store)
    stranger = own_store / "sha256" / "ab" / ("ab" * 32)
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_bytes(b"only in the backup of the files")
    (own_store / "notes.txt").write_text("left by somebody")
    code, lines = check()
    assert code == 1
    assert lines == [
        f"missing: {storage.sha256(late)}",
        "extra: notes.txt",
        f"extra: sha256/ab/{'ab' * 32}",
        "store and database differ: 2 extra, 1 missing; 3 files are recorded (sizes compared; --full hashes every byte)",
    ]
    assert Blob.objects.count() == 3, "it looks and changes nothing"
    assert stranger.exists()


def test_other_bytes_of_the_same_size_show_in_full_and_others_at_once(own_store: Path, world: World):
    world.attach(world.version(), {"a.bin": b"honest"})
    digest = storage.sha256(b"honest")
    overwrite(digest, b"forged")
    assert check()[0] == 0
    code, lines = check("--full")
    assert (code, lines[0]) == (1, f"changed: {digest}")
    overwrite(digest, b"forged and longer")
    code, lines = check()
    assert (code, lines[0]) == (1, f"changed: {digest}")


def test_what_is_on_its_way_in_is_not_extra(own_store: Path, world: World):
    staged = own_store / storage.STAGING
    staged.mkdir(parents=True)
    (staged / "half.part").write_bytes(b"half")
    assert check()[0] == 0
