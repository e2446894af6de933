from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command

from ledger import selectors
from ledger.errors import IntegrityFault, Invalid, Unavailable
from ledger.models import Entry, Leaf
from ledger.services.export import export_log
from ledger.services.keys import vkey
from tests.ledger.conftest import SYSTEM

pytestmark = pytest.mark.django_db


def verify(folder: Path, key) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "modelwarrant.cli.main", "verify-log", str(folder), "--vkey",
         vkey(key, selectors.current_log())],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.sampled
@pytest.mark.parametrize("count", [10, 300])
def test_a_stranger_verifies_the_export(log_key, note, sequence, tmp_path, count):
    note(count)
    sequence()
    note(2)  # not published: not in the export
    old = os.umask(0o077)
    try:
        done = export_log(actor=SYSTEM, target=tmp_path / "log")
    finally:
        os.umask(old)
    assert done.size == selectors.latest_checkpoint().size
    answer = verify(done.path, log_key)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    for path in [done.path, *done.path.rglob("*")]:
        assert oct(path.stat().st_mode)[-3:] == ("755" if path.is_dir() else "644"), path
    bundle = done.path / "tile/entries/000" if count > 256 else next((done.path / "tile/entries").rglob("1*"))
    data = bytearray(bundle.read_bytes())
    data[len(data) // 2] ^= 1
    bundle.write_bytes(bytes(data))
    assert verify(done.path, log_key).returncode == 1


@pytest.mark.once
def test_nothing_published_is_said(home, tmp_path):
    with pytest.raises(Unavailable, match="Nothing is published"):
        export_log(actor=SYSTEM, target=tmp_path / "log")
    assert not (tmp_path / "log").exists()


def places(tmp_path: Path) -> dict[str, Path]:
    base = Path(django_settings.BASE_DIR)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    (tmp_path / "code").symlink_to(base / "ledger")
    return {
        "not empty": tmp_path / "full",
        "a file": tmp_path / "file",
        "a link": tmp_path / "link",
        "code": base / "ledger/log",
        "code through a link": tmp_path / "code/log",
        "the format's code": base / "modelwarrant/log",
        "static files": base / "static/log",
        "templates": base / "templates/log",
        "git": base / ".git/log",
        "keys": tmp_path / "keys/log",
        "no parent": tmp_path / "a/b",
        "up": tmp_path / "empty/..",
        "root": Path("/"),
    }


@pytest.mark.once
def test_places_that_hold_something_else_are_refused(log_key, note, sequence, tmp_path):
    note(3)
    sequence()
    for name, place in places(tmp_path).items():
        with pytest.raises(Invalid) as caught:
            export_log(actor=SYSTEM, target=place)
        assert caught.value.field == "target", name
    assert (tmp_path / "full/file").read_text() == "mine"
    assert list((tmp_path / "empty").iterdir()) == []
    export_log(actor=SYSTEM, target=tmp_path / "empty")
    assert (tmp_path / "empty/checkpoint").is_file()


def test_a_log_that_is_not_what_was_signed_leaves_no_file(log_key, note, sequence, tmp_path, database_owner):
    note(5)
    sequence()
    with database_owner():
        Entry.objects.filter(pk=Leaf.objects.get(index=3).entry_id).delete()
    with pytest.raises(IntegrityFault, match="ledger_audit"):
        export_log(actor=SYSTEM, target=tmp_path / "log")
    assert not [path for path in tmp_path.iterdir() if "log" in path.name]


@pytest.mark.once
def test_the_command_prints_root_and_chain(log_key, note, sequence, tmp_path):
    note(1)
    sequence()
    out = StringIO()
    call_command("ledger_export", str(tmp_path / "log"), stdout=out)
    assert bytes(selectors.latest_checkpoint().root).hex() in out.getvalue()
    with pytest.raises(CommandError, match="not empty"):
        call_command("ledger_export", str(tmp_path / "log"))
