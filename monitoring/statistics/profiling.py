"""The kernel: files into profiles, block by block, in memory that doesn't grow with rows.

Two questions are answered by a first pass where they must be: of which kind a column of an untyped CSV file is, and where
a reference is cut. The second pass counts. What is compared with a stored reference needs the second alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitoring.statistics.blocks import Block, File
from monitoring.statistics.inputs import BadInput
from monitoring.statistics.profiles import (
    MAXIMUM_VALUES,
    Apart,
    ColumnProfile,
    Edges,
    Numbers,
    Profile,
    Texts,
    added,
)
from monitoring.statistics.tables import NAN_WORDS, NULL_WORDS, Column, Table, not_utf8

SAMPLE = 200_000
"""Values of a column that its edges are taken from, evenly spaced in the file."""
THREADS = 2

CUT = "cut"
"""The name under which a desk keeps how the columns are counted; parts are kept under `part_name`."""


class Desk(Protocol):
    """Where finished parts are kept while others are counted, and who is told of it."""

    def kept(self, name: str) -> Profile | None:
        """What was kept under a name before, by this process or one that died."""

    def keep(self, name: str, profile: Profile) -> None: ...

    def turns(self, of: int) -> Iterable[int]:
        """The numbers of all parts, each once: what this process shall look for on the desk next, or count."""

    def told(self, done: int, of: int) -> None:
        """After each part. Whatever this raises ends the work."""


class NoDesk:
    """Keeps nothing and tells nobody."""

    def kept(self, name: str) -> Profile | None:
        return None

    def keep(self, name: str, profile: Profile) -> None:
        pass

    def turns(self, of: int) -> Iterable[int]:
        return range(of)

    def told(self, done: int, of: int) -> None:
        pass


def profile_file(
    file: File, *, like: Profile | None = None, desk: Desk | None = None, threads: int = THREADS
) -> Profile:
    """The profile of a whole file; on the edges of `like`, where that is given and has the column as numbers.

    What the desk has kept isn't read again. The result is the same whatever was done before, in whichever order and
    with how many threads.
    """
    desk, count = desk or NoDesk(), len(file.parts)
    if (cut := desk.kept(CUT)) is None:
        cut = cut_of(file, like, threads=threads)
        desk.keep(CUT, cut)
    done: dict[int, Profile] = {}
    for number in desk.turns(count):
        done[number] = part_on(desk, file, number, cut, threads=threads)
        desk.told(len(done), count)
    return finish(file, [done[number] for number in range(count)])


def part_on(desk: Desk, file: File, number: int, cut: Profile, *, threads: int = THREADS) -> Profile:
    """The profile of one part: as the desk has it, or counted now and kept there."""
    name = part_name(file, number)
    if (part := desk.kept(name)) is None:
        part = profile_part(file, number, cut, threads=threads)
        desk.keep(name, part)
    return part


def part_name(file: File, number: int) -> str:
    """The name of a part on a desk: its range, so that who cuts files into other parts finds nothing to mistake."""
    begin, end = file.parts[number]
    return f"{begin}-{end}"


def cut_of(file: File, like: Profile | None = None, *, threads: int = THREADS) -> Profile:
    """How the columns of a file are counted, as a profile of no rows: as text, or as numbers on which edges.

    Reads what isn't known yet once: columns of a CSV file whose kind nobody declared, and numbers without edges.
    """
    known = {
        name: column.edges
        for name, column in (like.columns if like else {}).items()
        if isinstance(column, Numbers)
    }
    unknown = [
        name
        for name in file.names
        if (file.kind == "CSV" and name not in file.types)
        or (name not in known and file.types.get(name) != "text")
    ]
    looks = {name: _Look(name, file, typed=file.kind != "CSV" or name in file.types) for name in unknown}
    groups = [[looks[name] for name in group if name in looks] for group in file.groups]
    if unknown:
        for number in range(len(file.parts)):
            _work(file, number, [group for group in groups if group], threads)
    wanted = [name for name, look in looks.items() if look.kind == "number" and name not in known]
    with ThreadPoolExecutor(max(1, threads)) as pool:
        made = dict(zip(wanted, pool.map(lambda name: looks[name].edges(), wanted), strict=True))
    columns: dict[str, ColumnProfile] = {}
    for name in file.names:
        look = looks.get(name)
        # What wasn't looked at is declared, or known as numbers.
        kind = look.kind if look is not None else file.types.get(name, "number")
        edges = known.get(name) or made.get(name)
        counted = edges if kind == "number" else None
        columns[name] = Numbers.of(counted, np.empty(0)) if counted else Texts({}, 0, Apart())
    return Profile(columns, 0)


def profile_part(file: File, number: int, cut: Profile, *, threads: int = THREADS) -> Profile:
    """The profile of one part of a file, counted as `cut` says."""
    if file.kind == "CSV":
        file = replace(file, types={name: _kind(column) for name, column in cut.columns.items()})
    edges = {name: column.edges for name, column in cut.columns.items() if isinstance(column, Numbers)}
    counters = [[_Counter(name, edges.get(name)) for name in group] for group in file.groups]
    rows = _work(file, number, counters, threads)
    return Profile({one.name: one.settled() for group in counters for one in group}, rows)


def _kind(column: ColumnProfile) -> str:
    return "number" if isinstance(column, Numbers) else "text"


def _work(file: File, number: int, groups: Sequence[Sequence[_Reader]], threads: int) -> int:
    """Have each reader take its column of every block of a part; returns the rows.

    Groups of columns that lie apart are read beside each other; of one group the columns are taken beside each other.
    """

    def read(group: Sequence[_Reader], take: Callable[[Sequence[_Reader], Block], None]) -> int:
        rows = 0
        for block in file.blocks(number, [one.name for one in group]):
            take(group, block)
            rows += block.rows
        return rows

    def in_turn(group: Sequence[_Reader], block: Block) -> None:
        for one in group:
            one.take(file, block)

    def beside(group: Sequence[_Reader], block: Block) -> None:
        for job in [pool.submit(one.take, file, block) for one in group]:
            job.result()

    with ThreadPoolExecutor(max(1, threads)) as pool:
        if len(groups) == 1:
            return read(groups[0], beside)
        return max(pool.map(lambda group: read(group, in_turn), groups))


def finish(file: File, parts: Sequence[Profile]) -> Profile:
    """The parts of a file in one. Raises BadInput header-only."""
    total = added(parts)
    if not total.rows:
        raise BadInput("header-only", f"{file.path.name} has a header and no rows.", line=1)
    return replace(total, warnings=file.warnings, facts={"format": file.kind})


def profile_table(table: Table, like: Profile | None = None) -> Profile:
    """The profile of a table in memory."""
    columns: dict[str, ColumnProfile] = {}
    for name, column in table.columns.items():
        if column.kind == "number":
            other = like.columns.get(name) if like else None
            finite = column.numbers[np.isfinite(column.numbers)]
            edges = other.edges if isinstance(other, Numbers) else Edges.of(_spaced(finite, len(finite)))
            columns[name] = _numbers(edges, column)
        else:
            columns[name] = _texts(column)
    return replace(added([Profile(columns, table.rows)]), warnings=table.warnings, facts=dict(table.facts))


class _Reader(Protocol):
    """One column of one part, block after block."""

    name: str

    def take(self, file: File, block: Block) -> None: ...


class _Look:
    """Of which kind a column is, and evenly spaced rows of it: every `step`-th, at most twice SAMPLE."""

    def __init__(self, name: str, file: File, *, typed: bool) -> None:
        self.name, self.typed, self.kind = name, typed, ""
        self.step, self.held, self.rows = 1, 0, 0
        self.pieces: list[NDArray[np.float64]] = []

    def take(self, file: File, block: Block) -> None:
        if self.kind == "text":
            return
        array = block.arrays[self.name]
        if file.kind != "CSV" and _plain(array.type) and file.types.get(self.name) != "text":
            self.kind, numbers = "number", _doubles(array)
        elif self.typed and _is_text(array.type) and file.types.get(self.name) != "number":
            self.kind = "text"
            return
        else:
            column = file.column(block, self.name)
            self.kind = column.kind if column.kind != "empty" else self.kind
            numbers = column.numbers if column.kind == "number" else np.full(block.rows, np.nan)
        spaced = numbers[-block.first % self.step :: self.step].copy()
        self.pieces.append(spaced)
        self.held += len(spaced)
        while self.held > 2 * SAMPLE:
            # Rows 0, s, 2s ... of the file are held: every other of them are rows 0, 2s, 4s ...
            every = np.concatenate(self.pieces)[::2]
            self.pieces, self.held, self.step = [every], len(every), self.step * 2

    def edges(self) -> Edges:
        sample = np.concatenate(self.pieces)
        return Edges.of(sample[np.isfinite(sample)])


class _Counter:
    """What a column holds."""

    def __init__(self, name: str, edges: Edges | None) -> None:
        self.name, self.edges = name, edges
        self.total: ColumnProfile | None = None

    def take(self, file: File, block: Block) -> None:
        found = self._count(file, block)
        self.total = found if self.total is None else self.total + found  # type: ignore[operator]

    def settled(self) -> ColumnProfile:
        return self.total.settled() if self.total is not None else Texts({}, 0, Apart())

    def _count(self, file: File, block: Block) -> ColumnProfile:
        array, declared = block.arrays[self.name], file.types.get(self.name)
        # The file's types decide, never the values of one block: all blocks of a column have one kind.
        if file.kind != "CSV" and declared != "text" and _plain(array.type) and self.edges is not None:
            return Numbers.of(self.edges, _doubles(array), null=array.null_count)
        if file.kind != "CSV" and declared != "number" and _is_text(array.type):
            return _values(self.name, array)
        column = file.column(block, self.name)
        numeric = declared == "number" if file.kind == "CSV" else column.kind != "text"
        return _numbers(self.edges, column) if self.edges is not None and numeric else _texts(column)


def _plain(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _doubles(array: pa.Array) -> NDArray[np.float64]:
    """The values as doubles, NULL as NaN. By the buffer: `to_numpy` loads pandas, which takes a second."""
    if array.type != pa.float64():
        array = array.cast(pa.float64(), safe=False)
    if array.null_count:
        array = pc.fill_null(array, math.nan)
    doubles = np.frombuffer(array.buffers()[1], np.float64)
    return doubles[array.offset : array.offset + len(array)]


def _values(name: str, array: pa.Array) -> Texts:
    """Rows of each value of text as it stands, as `tables.column_from_arrow` sees it."""
    counted = array.value_counts()
    null = nan = 0
    found: dict[str, int] = {}
    # In Python, value by distinct value: what pyarrow needs for it loads pandas.
    try:
        values = counted.field("values").to_pylist()
    except UnicodeDecodeError:
        raise not_utf8(name) from None
    for value, count in zip(values, counted.field("counts").to_pylist(), strict=True):
        word = value.strip().lower() if value is not None else ""
        if word in NULL_WORDS:
            null += count
        elif word in NAN_WORDS:
            nan += count
        else:
            found[value] = count
    apart = Apart(null=null, nan=nan)
    n = len(array) - apart.missing
    return Texts({}, n, apart, many=True) if len(found) > MAXIMUM_VALUES else Texts(found, n, apart)


def _numbers(edges: Edges, column: Column) -> Numbers:
    values = column.numbers if column.kind == "number" else np.full(column.rows, np.nan)
    return Numbers.of(edges, values, null=column.null, overflow=column.overflow)


def _texts(column: Column) -> Texts:
    if column.kind == "number":
        names, codes = column.coded()
    else:
        names, codes = column.categories, column.codes
    apart = Apart(null=column.null, nan=column.nan)
    n = column.rows - apart.missing
    if len(names) > MAXIMUM_VALUES:
        return Texts({}, n, apart, many=True)
    tally = np.bincount(codes[codes >= 0], minlength=len(names))
    return Texts({name: int(count) for name, count in zip(names, tally, strict=True) if count}, n, apart)


def _spaced(values: NDArray[np.float64], total: int) -> NDArray[np.float64]:
    return values[:: max(1, -(-total // SAMPLE))]
