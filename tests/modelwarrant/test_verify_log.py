from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from modelwarrant import canonical, compare_logs, merkle, note, tiles
from modelwarrant.errors import CannotCheck, Fault
from modelwarrant.verify_log import verify_log

ORIGIN = "bank.example/modelwarrant"
WriteLog = Callable[..., bytes]


def fault_of(directory: Path, signer: note.Signer, *earlier: bytes) -> tuple[str, int | None]:
    with pytest.raises(Fault) as caught:
        verify_log(directory, [signer.verifier], earlier=earlier)
    return caught.value.kind, caught.value.index


def test_an_intact_log_is_reported_in_full(
    tmp_path: Path, leaves: list[bytes], signer: note.Signer, write_log: WriteLog
) -> None:
    old = write_log(tmp_path / "old", leaves[:300])
    write_log(tmp_path / "log", leaves)
    report = verify_log(tmp_path / "log", [signer.verifier], earlier=[old])
    assert report.ours
    assert report.checkpoint.size == 600
    assert report.chain == report.checkpoint.chain
    assert report.events == {"version.registered": 200, "version.submitted": 400}
    assert (report.first, report.last) == ("2026-11-20T09:00:00.000000Z", "2026-11-20T09:09:59.000000Z")
    assert (report.backwards, report.earlier, report.files) == (0, (300,), 8)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512])
def test_sizes_around_a_tile(
    size: int, tmp_path: Path, leaves: list[bytes], signer: note.Signer, write_log: WriteLog
) -> None:
    write_log(tmp_path, leaves[:size])
    assert verify_log(tmp_path, [signer.verifier]).checkpoint.size == size


def test_every_byte_of_every_file_matters(
    tmp_path: Path, leaves: list[bytes], signer: note.Signer, write_log: WriteLog
) -> None:
    write_log(tmp_path, leaves[:2])
    for path in [path for path in tmp_path.rglob("*") if path.is_file()]:
        good = path.read_bytes()
        for place in range(len(good)):
            bad = bytearray(good)
            bad[place] ^= 1 << place % 8
            path.write_bytes(bad)
            with pytest.raises((Fault, CannotCheck)):
                verify_log(tmp_path, [signer.verifier])
        path.write_bytes(good)
    assert verify_log(tmp_path, [signer.verifier]).checkpoint.size == 2


def rewrite(directory: Path, number: int, width: int, change: Callable[[list[bytes]], object]) -> None:
    path = directory / tiles.Tile(None, number, width).path
    entries = tiles.decode_bundle(path.read_bytes())
    change(entries)
    path.write_bytes(tiles.encode_bundle(entries))


@pytest.mark.parametrize(
    ("number", "width", "change", "expected"),
    [
        (0, 256, lambda e: e.__setitem__(7, e[7].replace(b"review", b"active")), ("changed", 7)),
        (2, 88, lambda e: e.__setitem__(0, e[0].replace(b'"p2"', b'"p3"')), ("changed", 512)),
        (1, 256, lambda e: e.pop(3), ("missing", 259)),
        (1, 256, lambda e: e.pop(), ("missing", 511)),
        (1, 256, lambda e: e.insert(3, e[0]), ("inserted", 259)),
        (1, 256, lambda e: e.append(e[0]), ("inserted", 512)),
        (2, 88, lambda e: e.insert(88, e.pop(5)), ("reordered", 517)),
        (2, 88, lambda e: e.__setitem__(slice(4, 6), [e[5], e[4]]), ("reordered", 516)),
        (2, 88, lambda e: e.__setitem__(slice(4, 88), [*e[5:], e[1]]), ("missing", 516)),
    ],
)
def test_what_was_done_is_named_with_its_place(
    number: int,
    width: int,
    change: Callable[[list[bytes]], object],
    expected: tuple[str, int],
    tmp_path: Path,
    leaves: list[bytes],
    signer: note.Signer,
    write_log: WriteLog,
) -> None:
    write_log(tmp_path, leaves)
    rewrite(tmp_path, number, width, change)
    assert fault_of(tmp_path, signer) == expected


def test_a_changed_length_is_a_changed_entry(
    tmp_path: Path, leaves: list[bytes], signer: note.Signer, write_log: WriteLog
) -> None:
    write_log(tmp_path, leaves)
    path = tmp_path / "tile/entries/001"
    data = bytearray(path.read_bytes())
    place = len(tiles.encode_bundle(leaves[256:266]))
    data[place + 1] ^= 1
    path.write_bytes(data)
    assert fault_of(tmp_path, signer) == ("changed", 266)


def test_a_hash_tile_alone_changed_is_told_from_an_entry(
    tmp_path: Path, leaves: list[bytes], signer: note.Signer, write_log: WriteLog
) -> None:
    write_log(tmp_path, leaves)
    path = tmp_path / "tile/0/001"
    data = bytearray(path.read_bytes())
    data[32 * 4] ^= 1
    path.write_bytes(data)
    with pytest.raises(Fault, match="the entries have the signed root") as caught:
        verify_log(tmp_path, [signer.verifier])
    assert caught.value.index == 260


def test_an_attacker_without_the_key_ends_at_the_signed_root(
    tmp_path: Path, leaves: list[bytes], signer: note.Signer, write_log: WriteLog
) -> None:
    old = write_log(tmp_path / "old", leaves[:500])
    signed = write_log(tmp_path / "log", leaves)
    forged = list(leaves)
    forged[570] = forged[570].replace(b"review", b"active")
    write_log(tmp_path / "forged", forged)
    level1 = (tmp_path / "log/tile/1/000.p/2").read_bytes()
    shutil.copytree(tmp_path / "forged/tile", tmp_path / "log/tile", dirs_exist_ok=True)
    assert fault_of(tmp_path / "log", signer) == ("root mismatch", None)
    assert fault_of(tmp_path / "log", signer, old) == ("root mismatch", 500)
    forged[300] = leaves[301]
    write_log(tmp_path / "again", forged)
    shutil.copytree(tmp_path / "again/tile", tmp_path / "log/tile", dirs_exist_ok=True)
    (tmp_path / "log/tile/1/000.p/2").write_bytes(level1)
    assert fault_of(tmp_path / "log", signer) == ("changed", 256)
    assert (tmp_path / "log/checkpoint").read_bytes() == signed


def test_an_attacker_with_the_key_meets_what_others_kept(
    tmp_path: Path, leaves: list[bytes], signer: note.Signer, write_log: WriteLog
) -> None:
    first = write_log(tmp_path / "a", leaves[:300])
    kept = write_log(tmp_path / "b", leaves)
    write_log(tmp_path / "cut", leaves[:595])
    assert fault_of(tmp_path / "cut", signer, kept) == ("rolled back", 595)
    assert verify_log(tmp_path / "cut", [signer.verifier], earlier=[first]).earlier == (300,)
    write_log(tmp_path / "forged", [*leaves[:400], leaves[401], leaves[400], *leaves[402:]])
    assert fault_of(tmp_path / "forged", signer, kept, first) == ("forked", 300)


def test_files_removed(tmp_path: Path, leaves: list[bytes], signer: note.Signer, write_log: WriteLog) -> None:
    write_log(tmp_path / "log", leaves)
    for name, expected in {
        "checkpoint": ("missing", None),
        "tile/entries/000": ("missing", 0),
        "tile/entries/002.p/88": ("truncated", 512),
        "tile/0/001": ("missing", 256),
        "tile/1/000.p/2": ("missing", 0),
    }.items():
        shutil.copytree(tmp_path / "log", tmp_path / "copy")
        (tmp_path / "copy" / name).unlink()
        for parent in (tmp_path / "copy" / name).parents[:2]:
            if not any(parent.iterdir()):
                parent.rmdir()
        assert fault_of(tmp_path / "copy", signer) == expected
        shutil.rmtree(tmp_path / "copy")


@pytest.mark.parametrize(
    "name", ["notes.txt", "tile/0/000.bak", "tile/entries/00", "tile/2/x", ".hidden", "tile/64/000"]
)
def test_unknown_files(
    name: str, tmp_path: Path, leaves: list[bytes], signer: note.Signer, write_log: WriteLog
) -> None:
    write_log(tmp_path, leaves[:3])
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"x")
    assert fault_of(tmp_path, signer) == ("unknown file", None)


def test_links_empty_directories_and_pipes_are_no_part_of_a_log(
    tmp_path: Path, leaves: list[bytes], signer: note.Signer, write_log: WriteLog
) -> None:
    write_log(tmp_path / "log", leaves[:3])
    bundle = tmp_path / "log/tile/entries/000.p/3"
    bundle.rename(tmp_path / "elsewhere")
    bundle.symlink_to(tmp_path / "elsewhere")
    assert fault_of(tmp_path / "log", signer)[0] == "unknown file"
    bundle.unlink()
    os.mkfifo(bundle)
    assert fault_of(tmp_path / "log", signer)[0] == "unknown file"
    bundle.unlink()
    (tmp_path / "elsewhere").rename(bundle)
    (tmp_path / "log/tile/9").mkdir()
    assert fault_of(tmp_path / "log", signer)[0] == "unknown file"


def test_superseded_partial_tiles_are_verified_and_counted(
    tmp_path: Path, leaves: list[bytes], signer: note.Signer, write_log: WriteLog
) -> None:
    old = write_log(tmp_path, leaves[:300])
    write_log(tmp_path, leaves)
    assert verify_log(tmp_path, [signer.verifier], earlier=[old]).superseded == 3
    path = tmp_path / "tile/entries/001.p/44"
    path.write_bytes(path.read_bytes().replace(b"review", b"active", 1))
    assert fault_of(tmp_path, signer) == ("changed", 256)
    (tmp_path / "checkpoint").write_bytes(old)
    assert fault_of(tmp_path, signer) == ("rolled back", 300)


def test_logs_of_others_are_opaque(tmp_path: Path, signer: note.Signer, write_log: WriteLog) -> None:
    write_log(tmp_path, [b"", b"anything", b"anything"], ours=False)
    report = verify_log(tmp_path, [signer.verifier])
    assert (report.ours, report.checkpoint.chain, report.events) == (False, None, {})


def test_signed_but_wrong_contents(
    tmp_path: Path, leaves: list[bytes], signer: note.Signer, write_log: WriteLog
) -> None:
    foreign = canonical.encode({**canonical.decode(leaves[1]), "log": "other.example/log"})
    later = canonical.encode({"v": 2})
    for name, entries, expected in (
        ("repeated", [*leaves[:300], leaves[0]], ("repeated", 300)),
        ("opaque", [leaves[0], b"x"], ("malformed", 1)),
        ("foreign", [leaves[0], foreign], ("malformed", 1)),
        ("shape", [leaves[0], b'{"v":1}'], ("malformed", 1)),
    ):
        write_log(tmp_path / name, entries)
        assert fault_of(tmp_path / name, signer) == expected
    write_log(tmp_path / "later", [leaves[0], later, later])
    assert verify_log(tmp_path / "later", [signer.verifier]).other_versions == 2


def test_an_earlier_checkpoint_must_be_signed_by_this_log(
    tmp_path: Path, leaves: list[bytes], signer: note.Signer, write_log: WriteLog
) -> None:
    old = write_log(tmp_path, leaves[:3])
    stranger = note.Signer.from_private_key("other.example", Ed25519PrivateKey.from_private_bytes(b"\3" * 32))
    keys = [signer.verifier, stranger.verifier]
    text = note.split_note(old)[0]
    with pytest.raises(CannotCheck):
        verify_log(tmp_path, keys, earlier=[note.sign_note(text, [stranger])])
    foreign = note.sign_note(text.replace(ORIGIN, "other.example"), [stranger])
    with pytest.raises(Fault, match="wrong log"):
        verify_log(tmp_path, keys, earlier=[foreign])


def test_claimed_times_are_reported_not_judged(
    tmp_path: Path, leaves: list[bytes], signer: note.Signer, write_log: WriteLog
) -> None:
    write_log(tmp_path, [leaves[5], leaves[2], leaves[9]])
    assert verify_log(tmp_path, [signer.verifier]).backwards == 1


def test_a_wrong_chain_head_is_found(
    tmp_path: Path, leaves: list[bytes], signer: note.Signer, write_log: WriteLog
) -> None:
    write_log(tmp_path, leaves[:3])
    root = merkle.root([merkle.leaf_hash(leaf) for leaf in leaves[:3]])
    text = note.Checkpoint(ORIGIN, 3, root, (note.chain_extension(bytes(32)),)).text()
    (tmp_path / "checkpoint").write_bytes(note.sign_note(text, [signer]))
    assert fault_of(tmp_path, signer)[0] == "chain mismatch"


def test_no_directory_cannot_be_checked(tmp_path: Path, signer: note.Signer) -> None:
    with pytest.raises(CannotCheck):
        verify_log(tmp_path / "nothing", [signer.verifier])


def test_compare(tmp_path: Path, leaves: list[bytes], signer: note.Signer, write_log: WriteLog) -> None:
    write_log(tmp_path / "old", leaves[:300])
    write_log(tmp_path / "new", leaves)
    write_log(tmp_path / "other", [*leaves[:290], *reversed(leaves[290:310])])
    keys = [signer.verifier]
    assert compare_logs.compare_logs(tmp_path / "old", tmp_path / "new", keys).added == 300
    assert compare_logs.compare_logs(tmp_path / "new", tmp_path / "new", None).added == 0
    for first, second, expected in (
        ("new", "old", ("rolled back", 300)),
        ("other", "new", ("forked", 290)),
        ("new", "other", ("forked", 290)),
    ):
        with pytest.raises(Fault) as caught:
            compare_logs.compare_logs(tmp_path / first, tmp_path / second, keys)
        assert (caught.value.kind, caught.value.index) == expected
