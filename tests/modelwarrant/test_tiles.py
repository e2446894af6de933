from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarrant import merkle, note, tiles
from modelwarrant.errors import Fault
from modelwarrant.tiles import Tile


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(63, 1000, 255), "tile/63/x001/000.p/255"),
        (Tile(None, 999, 1), "tile/entries/999.p/1"),
    ],
)
def test_paths_as_in_the_specification(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert tiles.parse_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "checkpoint",
        "tile/64/000",
        "tile/00/000",
        "tile/0/0",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000/",
        "tile/0/٠٠٠",
        "tile/entries/000\n",
        "../tile/0/000",
        "tile/0/" + "x999/" * 9 + "999",
    ],
)
def test_other_paths_are_no_tiles(path: str) -> None:
    assert tiles.parse_path(path) is None


def test_tiles_of_70000_as_in_the_specification() -> None:
    found = list(tiles.tiles_of(70_000))
    full = {level: sum(t.level == level and t.width == 256 for t in found) for level in (None, 0, 1, 2)}
    assert full == {None: 273, 0: 273, 1: 1, 2: 0}
    partial = {t.level: t.width for t in found if t.width < 256}
    assert partial == {None: 112, 0: 112, 1: 17, 2: 1}
    assert [(t.level, t.width) for t in tiles.tiles_of(256)] == [(None, 256), (0, 256), (1, 1)]
    assert list(tiles.tiles_of(0)) == []


@given(st.lists(st.binary(max_size=300), max_size=6))
@settings(max_examples=50, deadline=None)
def test_bundle_round_trip(entries: list[bytes]) -> None:
    data = tiles.encode_bundle(entries)
    assert tiles.decode_bundle(data) == entries
    for cut in range(1, min(len(data), 40)):
        with contextlib.suppress(Fault):
            assert tiles.encode_bundle(tiles.decode_bundle(data[:-cut])) == data[:-cut]


def test_bundle_limits() -> None:
    assert len(tiles.encode_bundle([bytes(65_535)])) == 65_537
    with pytest.raises(ValueError):
        tiles.encode_bundle([bytes(65_536)])
    for data in (b"\0", b"\0\1", b"\0\0\0"):
        with pytest.raises(Fault):
            tiles.decode_bundle(data)


def test_export_serves_every_proof() -> None:
    size = 256 * 256 + 300
    entries = [b"%d" % number for number in range(size)]
    hashes = [merkle.leaf_hash(entry) for entry in entries]
    root = merkle.root(hashes)
    checkpoint = f"log.example/t\n{size}\n{note.encode_base64(root)}\n\n— k AAAAAAA=\n".encode()
    files: dict[str, bytes] = {}
    assert tiles.write_export(files.__setitem__, iter(entries), checkpoint) == size
    assert list(files)[-1] == "checkpoint"
    assert set(files) == {tile.path for tile in tiles.tiles_of(size)} | {"checkpoint"}
    read = tiles.tile_reader(files.__getitem__, size, cached=4)
    for index in (0, 255, 256, 65_535, 65_536, 65_800, size - 1):
        path = merkle.prove_inclusion(read, index, size)
        merkle.check_inclusion(path, index, size, hashes[index], root)
    for old in (1, 255, 256, 300, 65_536, 65_537, size - 1, size):
        path = merkle.prove_consistency(read, old, size)
        merkle.check_consistency(path, old, size, merkle.root(hashes[:old]), root)


def test_an_export_that_is_not_what_was_signed_gets_no_checkpoint() -> None:
    entries = [b"a", b"b", b"c"]
    root = note.encode_base64(merkle.root([merkle.leaf_hash(entry) for entry in entries]))
    checkpoint = f"log.example/t\n3\n{root}\n\n— k AAAAAAA=\n".encode()
    for wrong in ([b"a", b"b"], [b"a", b"c", b"b"]):
        files: dict[str, bytes] = {}
        with pytest.raises(ValueError):
            tiles.write_export(files.__setitem__, wrong, checkpoint)
        assert "checkpoint" not in files


def test_a_tile_of_the_wrong_length_is_found() -> None:
    read = tiles.tile_reader(lambda path: bytes(32), 3)
    with pytest.raises(Fault, match="hashes"):
        read(0, 1)


@given(st.text("tile/enrs0123456789x.p\n-", max_size=24) | st.integers(0, 10**20).map("tile/0/{}".format))
@settings(max_examples=200, deadline=None)
def test_a_path_is_read_only_in_its_own_form(path: str) -> None:
    tile = tiles.parse_path(path)
    assert tile is None or tile.path == path


@given(st.integers(0, 63) | st.none(), st.integers(0, 2**63 - 1), st.integers(1, 256))
@settings(max_examples=100, deadline=None)
def test_every_tile_has_a_path(level: int | None, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert tiles.parse_path(tile.path) == tile
