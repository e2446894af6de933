from __future__ import annotations

import hashlib
import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarrant import canonical, manifest
from modelwarrant.errors import CannotCheck, Fault


@pytest.fixture
def model(tmp_path):
    root = tmp_path / "model"
    (root / "sub").mkdir(parents=True)
    (root / "weights.bin").write_bytes(b"w" * 3_000_000)
    (root / "sub" / "config.json").write_bytes(b"{}")
    (root / "empty").write_bytes(b"")
    return root


def test_a_manifest_is_the_same_wherever_and_however_it_is_made(model, tmp_path):
    first = manifest.build(model, workers=1)
    copy = tmp_path / "elsewhere"
    copy.mkdir()
    (copy / "sub").mkdir()
    for file in reversed(first.files):
        (copy / file.path).write_bytes((model / file.path).read_bytes())
    assert manifest.build(copy, workers=4) == first
    assert [file.path for file in first.files] == ["empty", "sub/config.json", "weights.bin"]
    assert first.files[2].sha256 == hashlib.sha256(b"w" * 3_000_000).hexdigest()
    assert first.size == 3_000_002
    assert first.digest == hashlib.sha256(first.encode()).hexdigest()


def test_names_and_bytes_both_change_the_digest(model):
    before = manifest.build(model).digest
    (model / "empty").rename(model / "empty2")
    renamed = manifest.build(model).digest
    (model / "empty2").write_bytes(b"x")
    assert len({before, renamed, manifest.build(model).digest}) == 3


def test_ignored_paths_are_left_out_and_named_in_strict_mode(model):
    before = manifest.build(model)
    (model / ".git").mkdir()
    (model / ".git" / "planted.py").write_bytes(b"x")
    (model / "hollow").mkdir()
    (model / "weights.bin").chmod(0o755)
    assert manifest.build(model) == before
    found = manifest.strict_findings(manifest.walk(model))
    assert any(".git/planted.py" in line for line in found)
    assert any("'hollow' is an empty directory" in line for line in found)
    assert any("'weights.bin' is executable" in line for line in found)


@pytest.mark.parametrize("target", ["weights.bin", "/etc/passwd", "sub", "nowhere"])
def test_symbolic_links_are_refused(model, target):
    (model / "link").symlink_to(target)
    with pytest.raises(Fault, match=r"symlink: 'link'"):
        manifest.build(model)


def test_a_root_that_is_a_link_a_file_or_absent_is_refused(model, tmp_path):
    (tmp_path / "link").symlink_to(model)
    with pytest.raises(Fault, match="symlink"):
        manifest.build(tmp_path / "link")
    with pytest.raises(Fault, match="not a directory"):
        manifest.build(model / "weights.bin")
    with pytest.raises(CannotCheck, match="No such file"):
        manifest.build(tmp_path / "absent")


def test_pipes_and_sockets_are_refused_without_being_opened(model):
    os.mkfifo(model / "pipe")
    with pytest.raises(Fault, match="special file: 'pipe'"):
        manifest.build(model)
    (model / "pipe").unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(model / "s"))
        with pytest.raises(Fault, match="special file: 's'"):
            manifest.build(model)


@pytest.mark.parametrize("name", ["line\nbreak", "bell\x07", "del\x7f", b"\xff\xfe"])
def test_names_that_could_deceive_a_log_are_refused(model, name):
    path = os.path.join(os.fsencode(model), name if isinstance(name, bytes) else name.encode())
    with open(path, "wb") as file:
        file.write(b"x")
    with pytest.raises(Fault, match="bad path"):
        manifest.build(model)


@pytest.mark.parametrize(
    "name",
    ["caf\u00e9 cafe\u0301", "A a", "CON.txt", "lpt1", "-rf", "back\\slash", "a\u202egpj.exe", "dot. x"],
)
def test_names_that_read_differently_elsewhere_are_strict_findings(name):
    pair = name.split(" ") if " " in name else [name]
    assert manifest.name_findings(pair)
    assert manifest.name_findings(["weights.bin", ".htaccess", 'quote".txt', "sub/config.json"]) == []


@pytest.mark.parametrize("files", [{}, {"a": b"", "b": b""}, {".gitignore": b"x"}])
def test_a_model_of_nothing_is_refused(tmp_path, files):
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    with pytest.raises(Fault, match="empty model"):
        manifest.build(tmp_path)


def test_a_file_that_changes_while_it_is_read_is_named(model):
    seen = manifest.walk(model)
    (model / "weights.bin").write_bytes(b"v" * 3_000_000)
    with pytest.raises(Fault, match=r"reading: 'weights\.bin'"):
        manifest.build(model, seen=seen)
    seen = manifest.walk(model)
    (model / "weights.bin").unlink()
    (model / "weights.bin").symlink_to("/etc/passwd")
    with pytest.raises(Fault, match=r"reading: 'weights\.bin'"):
        manifest.build(model, seen=seen)


def test_a_file_added_while_others_are_read_is_named(model):
    seen = manifest.walk(model)
    (model / "late").write_bytes(b"x")
    with pytest.raises(Fault, match="changed while reading: 'late'"):
        manifest.build(model, seen=seen)


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../secret", "a/../b", "./a", "a//b", "a/", "a\0b", "x" * 300]
)
def test_paths_that_leave_the_model_are_refused(path):
    with pytest.raises(Fault, match="bad path"):
        manifest.check_path(path)


@given(st.text(max_size=40))
def test_a_checked_path_stays_inside_the_model(path):
    try:
        manifest.check_path(path)
    except Fault:
        return
    assert os.path.normpath(os.path.join("/m", path)) == "/m/" + path


def test_spans_are_hashed_where_they_lie(model):
    seen = manifest.walk(model)
    spans = [manifest.Span("weights.bin", 0, 10), manifest.Span("weights.bin", 2_999_990, 3_000_000)]
    assert set(manifest.hash_spans(model, seen, spans)) == {hashlib.sha256(b"w" * 10).hexdigest()}
    with pytest.raises(CannotCheck, match="blake3"):
        manifest.hash_spans(model, seen, spans, algorithm="blake3")


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1), max_size=6, unique=True))
def test_a_manifest_is_canonical_json(paths):
    files = tuple(manifest.File(path, "ab" * 32, 2**53 - 1) for path in sorted(paths))
    data = manifest.Manifest(files, tuple(paths)).encode()
    assert canonical.encode(canonical.decode(data)) == data


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join), max_size=8))
def test_prefixes_are_what_covers(paths):
    above = manifest.prefixes(paths)
    for path in [*paths, "a", "a/b", "b/c/a"]:
        assert (path in above) == any(manifest.covers({path}, signed) for signed in paths)
