"""A file as a sequence of small blocks, so that memory doesn't grow with its rows.

Where a block begins follows from the file alone, never from threads or memory, so that whatever is summed block by
block is the same everywhere. Blocks make up parts: what a worker does in one go and never has to do again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from monitoring.statistics.inputs import BadInput, Limits
from monitoring.statistics.reading import (
    arrow_fault,
    check_rows,
    check_schema,
    checked_header,
    csv_fault,
    csv_options,
    declared_column,
    kind_of_file,
    time_warnings,
)
from monitoring.statistics.tables import Column, column_from_strings

BLOCK_ROWS = 1 << 17
PART_ROWS = 1 << 20
CSV_BLOCK_BYTES = 8 << 20
_HELD_VALUES = 2 << 20  # pyarrow holds about this much of a row group, however small the batches it gives

LARGE = Limits(bytes=500_000_000_000, rows=5_000_000_000)
"""What one profile may read: no row is kept."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows. `first` is the number of the first in the file, from 0."""

    arrays: Mapping[str, pa.Array]
    rows: int
    first: int


@dataclass(frozen=True, slots=True)
class File:
    """A file that can be read: its columns, and its parts as ranges of row groups or record batches.

    `types` holds the declared kind of columns, `number` or `text`; `largest` is the rows of the largest row group.
    """

    path: Path
    kind: str
    names: tuple[str, ...]
    types: Mapping[str, str]
    parts: tuple[tuple[int, int], ...]
    largest: int = 0
    delimiter: str = ","
    decimal: str = "."
    limits: Limits = LARGE
    warnings: tuple[str, ...] = ()
    header: tuple[str, ...] = field(default=(), repr=False)

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The columns in groups that are read together: all of a CSV file, few where they lie apart."""
        width = len(self.names) if self.kind == "CSV" else max(1, _HELD_VALUES // max(1, self.largest))
        return tuple(self.names[at : at + width] for at in range(0, len(self.names), width))

    def blocks(self, part: int, names: Sequence[str]) -> Iterator[Block]:
        """These columns of one part, block by block, in order. Raises BadInput as `read_table` does."""
        read = {"CSV": self._csv, "Parquet": self._parquet, "Arrow": self._arrow}[self.kind]
        yield from read(*self.parts[part], list(names))

    def column(self, block: Block, name: str) -> Column:
        """One column of a block, typed as declared, or as its values in this block allow."""
        array = block.arrays[name]
        if self.kind != "CSV":
            return declared_column(name, array, self.types.get(name))
        return column_from_strings(
            name, array, declared=self.types.get(name), decimal=self.decimal, first=block.first
        )

    def _csv(self, begin: int, end: int, names: list[str]) -> Iterator[Block]:
        bad: list[Any] = []
        first = 0
        try:
            with pacsv.open_csv(
                self.path,
                read_options=pacsv.ReadOptions(use_threads=False, block_size=CSV_BLOCK_BYTES),
                **csv_options(list(self.header), names, self.delimiter, bad),
            ) as reader:
                for batch in reader:
                    yield from _cut(batch, first)
                    first += batch.num_rows
                    check_rows(self.path, first, self.limits)
        except pa.ArrowInvalid as error:
            raise csv_fault(self.path, error, bad) from None

    def _parquet(self, begin: int, end: int, names: list[str]) -> Iterator[Block]:
        with _named(self.path, "Parquet"), pq.ParquetFile(self.path) as file:
            first = sum(file.metadata.row_group(group).num_rows for group in range(begin))
            for group in range(begin, end):
                for batch in file.iter_batches(
                    BLOCK_ROWS, row_groups=[group], columns=names, use_threads=False
                ):
                    yield Block(
                        dict(zip(batch.schema.names, batch.columns, strict=True)), batch.num_rows, first
                    )
                    first += batch.num_rows

    def _arrow(self, begin: int, end: int, names: list[str]) -> Iterator[Block]:
        with _named(self.path, "Arrow"), _ipc(self.path) as reader:
            first = sum(reader.get_batch(number).num_rows for number in range(begin))
            for number in range(begin, end):
                batch = reader.get_batch(number).select(names)
                yield from _cut(batch, first)
                first += batch.num_rows


def open_file(
    path: str | Path,
    *,
    types: Mapping[str, str] | None = None,
    columns: Sequence[str] | None = None,
    delimiter: str = ",",
    decimal: str = ".",
    limits: Limits = LARGE,
) -> File:
    """Look at a file without keeping it: kind, columns, parts. Raises BadInput as `reading.read_table` does."""
    path, declared = Path(path), dict(types or {})
    kind = kind_of_file(path, limits)
    if kind == "CSV":
        header = checked_header(path, declared, columns, delimiter, limits)
        names = tuple(columns or header)
        return File(path, kind, names, declared, ((0, 1),), 0, delimiter, decimal, limits, (), tuple(header))
    with _named(path, kind):
        if kind == "Parquet":
            with pq.ParquetFile(path) as file:
                schema = file.schema_arrow
                sizes = [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)]
        else:
            with _ipc(path) as reader:
                schema = reader.schema
                sizes = [reader.get_batch(n).num_rows for n in range(reader.num_record_batches)]
    check_rows(path, sum(sizes), limits)
    check_schema(path, schema, declared, columns, limits)
    if not sum(sizes):
        raise BadInput("header-only", f"{path.name} has columns and no rows.")
    names = tuple(columns or schema.names)
    wanted = [schema.field(name) for name in names]
    return File(
        path,
        kind,
        names,
        declared,
        _parts(sizes),
        max(sizes),
        limits=limits,
        warnings=time_warnings(pa.schema(wanted)),
    )


def _parts(sizes: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Row groups in a row, until a part has enough rows."""
    parts, begin, rows = [], 0, 0
    for number, size in enumerate(sizes, 1):
        rows += size
        if rows >= PART_ROWS or number == len(sizes):
            parts.append((begin, number))
            begin, rows = number, 0
    return tuple(parts)


def _cut(batch: pa.RecordBatch, first: int) -> Iterator[Block]:
    for start in range(0, batch.num_rows, BLOCK_ROWS):
        piece = batch.slice(start, BLOCK_ROWS)
        yield Block(dict(zip(piece.schema.names, piece.columns, strict=True)), piece.num_rows, first + start)


@contextmanager
def _ipc(path: Path) -> Iterator[pa.ipc.RecordBatchFileReader]:
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as reader:
        yield reader


@contextmanager
def _named(path: Path, kind: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise arrow_fault(path, kind, error) from None
