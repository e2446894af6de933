"""Full verification of an exported log: every file, every byte, from the entries up to the signed root.

Works on any log in the tlog-tiles layout. In ours, known by the signed `chain` line, the chain head and the
entries' own form are checked too; in logs by others the entries are opaque bytes and the report says so.
Nothing here knows what an event means. Memory does not grow with the log, but for the list of its files.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import IO, Final

from modelwarrant import canonical, entry, tiles
from modelwarrant.errors import CannotCheck, Fault
from modelwarrant.merkle import chain_over, chain_start
from modelwarrant.note import (
    MAX_NOTE_BYTES,
    Checkpoint,
    Note,
    Verifier,
    open_checkpoint,
    parse_checkpoint,
    split_note,
)
from modelwarrant.tiles import Tile

_MAX_BUNDLE_BYTES: Final = tiles.WIDTH * (2 + tiles.MAX_ENTRY_BYTES)
_ID_BYTES: Final = 16
_BUCKETS: Final = 64
_SPOOL_BYTES: Final = 200_000


@dataclass
class LogReport:
    """What full verification found in a log without a fault.

    note: None when no keys were given, so that no signature was checked. ours: the log has a signed chain head.
    read: entries were read as entry v1; False for logs by others, and where it was not asked for. chain: head
    recomputed over all leaves (signed only in our logs). events: entries by event name. first, last: range of the
    claimed times. backwards: entries that claim a time before their predecessor's (order is the index, time a
    claim). other_versions: entries of versions not known here. superseded: older partial tiles found and
    verified. earlier: sizes of earlier checkpoints this log was shown to continue.
    """

    checkpoint: Checkpoint
    note: Note | None
    ours: bool
    read: bool
    chain: bytes
    events: Counter[str] = field(default_factory=Counter)
    first: str | None = None
    last: str | None = None
    backwards: int = 0
    other_versions: int = 0
    files: int = 0
    superseded: int = 0
    earlier: tuple[int, ...] = ()


def verify_log(
    directory: Path,
    verifiers: Sequence[Verifier] | None,
    *,
    earlier: Sequence[bytes] = (),
    origin: str | None = None,
    read: bool = True,
) -> LogReport:
    """Verify an export directory. `earlier`: signed checkpoints of the same log from before, which this one
    must continue. `verifiers` None checks all but signatures. `origin`: see `note.open_checkpoint`. `read` False
    leaves out what our entries say (form, log, no id twice): their hashes, tree and chain are checked all the same.

    Raises Fault: "changed", "missing", "inserted", "reordered", "truncated", "forked", "rolled back",
    "unknown file", "malformed", "bad signature", "root mismatch", "chain mismatch", "repeated", "wrong log";
    with the first bad index where one can be named. CannotCheck: keys unknown, files unreadable.
    """
    return _Verification(directory, verifiers, earlier, origin, read).run()


def read_checkpoint(
    directory: Path, verifiers: Sequence[Verifier] | None, origin: str | None = None
) -> tuple[Checkpoint, Note | None]:
    """An export's checkpoint, verified unless `verifiers` is None."""
    try:
        data = _read(directory / tiles.CHECKPOINT, MAX_NOTE_BYTES)
    except FileNotFoundError as error:
        if not directory.is_dir():
            raise CannotCheck(f"{directory}: no such directory") from error
        raise Fault("missing", f"{directory} has no checkpoint") from error
    if verifiers is None:
        return parse_checkpoint(split_note(data)[0]), None
    return open_checkpoint(data, verifiers, origin)


class _Verification:
    def __init__(
        self,
        directory: Path,
        verifiers: Sequence[Verifier] | None,
        earlier: Sequence[bytes],
        origin: str | None,
        read: bool,
    ) -> None:
        self.directory = directory
        self.origin = origin
        self.checkpoint, note = read_checkpoint(directory, verifiers, origin)
        self.size = self.checkpoint.size
        self.earlier = sorted(
            (self._open_earlier(data, verifiers) for data in earlier), key=lambda checkpoint: checkpoint.size
        )
        self.builder = tiles.TileBuilder()
        self.ours = self.checkpoint.chain is not None
        self.report = LogReport(
            self.checkpoint, note, self.ours, self.ours and read, chain_start(self.checkpoint.origin)
        )
        # Found on the way, judged at the end: only the root tells whether an entry or a hash tile is wrong.
        self.hash_fault: Fault | None = None
        self.content_fault: Fault | None = None
        self.fork_fault: Fault | None = None
        self.agreed = 0
        self.previous = ""

    def run(self) -> LogReport:
        superseded = self._take_stock()
        with ExitStack() as stack:
            ids = [stack.enter_context(tempfile.SpooledTemporaryFile(_SPOOL_BYTES)) for _ in range(_BUCKETS)]
            while self.builder.size < self.size:
                leaf_bytes = self._bundle()
                self._tree(leaf_bytes)
                if self.report.read and self.content_fault is None:
                    self._contents(leaf_bytes, ids)
            for tile, row in self.builder.partial():
                self._compare(tile, row)
            self._judge()
            if self.report.read:
                self._repeated(ids)
        for tile in superseded:
            self._superseded(tile)
        self.report.earlier = tuple(checkpoint.size for checkpoint in self.earlier)
        return self.report

    def _open_earlier(self, data: bytes, verifiers: Sequence[Verifier] | None) -> Checkpoint:
        if verifiers is None:
            old = parse_checkpoint(split_note(data)[0])
        else:
            old, _ = open_checkpoint(data, verifiers, self.origin)
        if old.origin != self.checkpoint.origin:
            raise Fault(
                "wrong log", f"an earlier checkpoint of {old.origin}, not of {self.checkpoint.origin}"
            )
        if old.size > self.size:
            raise Fault(
                "rolled back", f"{old.size} entries were signed earlier, {self.size} are left", self.size
            )
        return old

    def _take_stock(self) -> list[Tile]:
        """Compare the files there are with those there must be. Returns superseded partial tiles."""
        expected = 0
        superseded: list[Tile] = []
        bundles: set[int] = set()
        for path in _files(self.directory):
            self.report.files += 1
            tile = tiles.parse_path(path)
            if tile is None:
                if path != tiles.CHECKPOINT:
                    raise Fault("unknown file", f"{path!r} is no part of a log")
                continue
            width = tiles.tile_width(tile.level, tile.index, self.size)
            if tile.width > width:
                raise Fault(
                    "rolled back",
                    f"{path} belongs to a larger log than the {self.size} entries signed",
                    self.size,
                )
            if tile.width < width:
                superseded.append(tile)
                continue
            expected += 1
            if tile.level is None:
                bundles.add(tile.index)
        if expected < sum(1 for _ in tiles.tiles_of(self.size)):
            raise self._missing(bundles, superseded)
        self.report.superseded = len(superseded)
        return superseded

    def _missing(self, bundles: set[int], superseded: list[Tile]) -> Fault:
        count = -(-self.size // tiles.WIDTH)
        gap = next((number for number in range(count) if number not in bundles), None)
        if gap is not None:
            first = gap * tiles.WIDTH
            if len(bundles) == gap:
                first += max((t.width for t in superseded if t.level is None and t.index == gap), default=0)
                return Fault("truncated", f"entries {first} to {self.size - 1} are not there", first)
            last = min(first + tiles.WIDTH, self.size) - 1
            return Fault("missing", f"the bundle of entries {first} to {last} is not there", first)
        for tile in tiles.tiles_of(self.size):
            if not (self.directory / tile.path).is_file():
                return Fault("missing", f"{tile.path} is not there", _start(tile))
        return Fault("missing", "a file vanished during verification")

    def _bundle(self) -> list[bytes]:
        """The entries of the next bundle, which has the right number of them."""
        start = self.builder.size
        tile = Tile(None, start // tiles.WIDTH, min(tiles.WIDTH, self.size - start))
        data = _read(self.directory / tile.path, _MAX_BUNDLE_BYTES)
        try:
            entries = tiles.decode_bundle(data)
            whole = True
        except Fault as broken:
            entries = tiles.decode_bundle(data[: _readable(data, broken.index or 0)])
            whole = False
        if whole and len(entries) == tile.width:
            return entries
        if self.hash_fault is not None:
            raise self.hash_fault
        there = tiles.split_hashes(self._hashes(Tile(0, tile.index, tile.width)))
        fault = _difference([sha256(b"\x00" + item).digest() for item in entries], there, start)
        if not whole and fault.kind != "reordered":
            raise Fault("changed", f"{tile.path} can't be read from entry {fault.index} on", fault.index)
        raise fault

    def _tree(self, entries: list[bytes]) -> None:
        leaves = [sha256(b"\x00" + item).digest() for item in entries]
        self.report.chain = chain_over(self.report.chain, leaves)
        start = self.builder.size
        for old in self.earlier:
            if start < old.size <= start + len(leaves) or (old.size == start == 0):
                frontier = self.builder.frontier()
                for leaf in leaves[: old.size - start]:
                    frontier.append(leaf)
                self._fork(old, frontier.root())
        for tile, row in self.builder.append(leaves):
            self._compare(tile, row)

    def _fork(self, old: Checkpoint, root: bytes) -> None:
        if root == old.root:
            self.agreed = max(self.agreed, old.size)
        elif self.fork_fault is None:
            text = f"entries {self.agreed} to {old.size - 1} are not all those signed at size {old.size}"
            self.fork_fault = Fault(
                "forked", f"{text}: the log was rewritten or shown differently", self.agreed
            )

    def _compare(self, tile: Tile, row: list[bytes]) -> None:
        """Compare a hash tile with what the entries hash to."""
        data = self._hashes(tile)
        if data == b"".join(row) or self.hash_fault is not None:
            return
        there = [data[at : at + 32] for at in range(0, len(data), 32)]
        if tile.level == 0:
            self.hash_fault = _difference(row, there, _start(tile))
            return
        place = next((at for at, pair in enumerate(zip(row, there, strict=False)) if pair[0] != pair[1]), 0)
        span = 1 << tiles.HEIGHT * (tile.level or 0)
        first = _start(tile) + place * span
        last = min(first + span, self.size) - 1
        message = f"entries {first} to {last} do not have the hash in {tile.path}"
        self.hash_fault = Fault("changed", message, first)

    def _hashes(self, tile: Tile) -> bytes:
        data = _read(self.directory / tile.path, tiles.WIDTH * 32)
        if len(data) != tile.width * 32:
            raise self.hash_fault or Fault(
                "changed", f"{tile.path} has {len(data)} bytes, not {tile.width * 32}", _start(tile)
            )
        return data

    def _contents(self, entries: list[bytes], ids: Sequence[IO[bytes]]) -> None:
        start = self.builder.size - len(entries)
        report = self.report
        try:
            values = canonical.decode_all(entries)
        except Fault as fault:
            self.content_fault = Fault(fault.kind, fault.message, start + (fault.index or 0))
            return
        for at, value in enumerate(values, start):
            try:
                version = entry.read_version(value)
                problem = entry.shape_problem(value) if version == entry.VERSION else None
            except Fault as fault:
                problem, version = fault.message, 0
            if problem is None and len(entries[at - start]) > entry.MAX_BYTES:
                problem = f"larger than {entry.MAX_BYTES} bytes"
            if problem is None and version == entry.VERSION and value["log"] != self.checkpoint.origin:
                problem = f"log: an entry of another log, not of {self.checkpoint.origin}"
            if problem is not None:
                self.content_fault = Fault("malformed", f"entry {at}: {problem}", at)
                return
            if version != entry.VERSION:
                report.other_versions += 1
                continue
            key = bytes.fromhex(value["id"].replace("-", ""))
            ids[key[-1] % _BUCKETS].write(key + at.to_bytes(8, "big"))
            report.events[value["event"]] += 1
            time = value["at"]
            report.backwards += time < self.previous
            self.previous = time
            report.first = time if report.first is None else min(report.first, time)
            report.last = time if report.last is None else max(report.last, time)

    def _repeated(self, ids: Sequence[IO[bytes]]) -> None:
        """No id twice. Ids were spooled by their last byte, so that only a share of them is in memory at a time."""
        twice: list[int] = []
        for bucket in ids:
            bucket.seek(0)
            data = bucket.read()
            seen: set[bytes] = set()
            for at in range(0, len(data), _ID_BYTES + 8):
                key = data[at : at + _ID_BYTES]
                if key in seen:
                    twice.append(int.from_bytes(data[at + _ID_BYTES : at + _ID_BYTES + 8], "big"))
                    break
                seen.add(key)
        if twice:
            raise Fault("repeated", f"entry {min(twice)} has the id of an earlier entry", min(twice))

    def _judge(self) -> None:
        if self.builder.frontier().root() != self.checkpoint.root:
            if self.hash_fault is not None:
                raise self.hash_fault
            since = f"from entry {self.agreed} on, " if self.agreed else ""
            message = f"{since}entries and hash tiles agree with each other but not with the signed root"
            raise Fault("root mismatch", f"{message}: rewritten after signing", self.agreed or None)
        if self.checkpoint.chain not in (None, self.report.chain):
            raise Fault("chain mismatch", "the entries do not lead to the signed chain head")
        if self.fork_fault is not None:
            raise self.fork_fault
        if self.hash_fault is not None:
            fault = self.hash_fault
            message = f"a hash tile was changed at {fault.index}; the entries have the signed root"
            raise Fault("changed", message, fault.index)
        if self.content_fault is not None:
            raise self.content_fault

    def _superseded(self, tile: Tile) -> None:
        full = Tile(tile.level, tile.index, tiles.tile_width(tile.level, tile.index, self.size))
        limit = _MAX_BUNDLE_BYTES if tile.level is None else tiles.WIDTH * 32
        old = _read(self.directory / tile.path, limit)
        new = _read(self.directory / full.path, limit)
        count = len(tiles.decode_bundle(old)) if tile.level is None else len(old) / 32
        if count != tile.width or not new.startswith(old):
            raise Fault("changed", f"{tile.path} is not the start of {full.path}", _start(tile))


def _difference(here: list[bytes], there: list[bytes], start: int) -> Fault:
    """Name how leaf hashes of entries differ from those of a hash tile, and where first."""
    places = range(max(len(here), len(there)))
    at = next((n for n in places if here[n : n + 1] != there[n : n + 1]), len(here))
    index = start + at
    if len(here) < len(there):
        if here[at : at + 1] == there[at + 1 : at + 2] or at == len(here):
            return Fault("missing", f"entry {index} is not there", index)
    elif len(here) > len(there):
        if here[at + 1 : at + 2] == there[at : at + 1] or at == len(there):
            return Fault("inserted", f"entry {index} was put in", index)
    elif sorted(here) == sorted(there):
        return Fault("reordered", f"entry {index} is not in its place", index)
    elif here[at:-1] == there[at + 1 :] != []:
        return Fault("missing", f"entry {index} is not there, later ones moved up", index)
    elif here[at + 1 :] == there[at:-1] != []:
        return Fault("inserted", f"entry {index} was put in, later ones moved down", index)
    return Fault("changed", f"entry {index} does not have the leaf hash in its hash tile", index)


def _readable(data: bytes, entries: int) -> int:
    """Length of the first `entries` entries of a bundle."""
    at: int = 0
    for _ in range(entries):
        at += 2 + (data[at] << 8 | data[at + 1])
    return at


def _start(tile: Tile) -> int:
    return tile.index << tiles.HEIGHT * ((tile.level or 0) + 1)


def _files(directory: Path, prefix: str = "") -> list[str]:
    """Paths of all files below, "/" between parts. All but files and non-empty directories is a fault."""
    found: list[str] = []
    try:
        names = sorted(os.listdir(directory))
        for name in names:
            mode = (directory / name).lstat().st_mode
            if S_ISDIR(mode):
                found += _files(directory / name, f"{prefix}{name}/")
            elif S_ISREG(mode):
                found.append(prefix + name)
            else:
                raise Fault("unknown file", f"{prefix + name!r} is neither a file nor a directory")
    except OSError as error:
        raise CannotCheck(f"{error.filename}: {error.strerror}") from error
    if prefix and not names:
        raise Fault("unknown file", f"{prefix!r} is an empty directory")
    return found


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CannotCheck(f"{path}: {error.strerror}") from error
    if len(data) > limit:
        raise Fault("malformed", f"{path}: more than {limit} bytes")
    return data
