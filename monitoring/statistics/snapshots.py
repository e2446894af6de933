"""The rows of a period of a table as one Parquet file, the same bytes for the same rows (extra `[warehouse]`).

A table changes, and what a decision rests on must not: the file is what is stored, and its digest what is recorded.
Rows come in the order of their values and lie in row groups of a fixed size, so that the bytes follow from the rows, the
columns' types and the version of pyarrow alone, never from how an engine hands them out.

Knows no addresses (see `engines`) and no deployment.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import IO

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from monitoring.statistics.engines import batches, settle
from monitoring.statistics.excerpts import Excerpt
from monitoring.statistics.inputs import BadInput
from monitoring.statistics.tables import unknown_column
from monitoring.statistics.warehouse import kind_of

BLOCK_ROWS = 1 << 16
"""Rows of one row group: the most that is held here at once, beside the block that comes next."""
STREAMING = ("duckdb", "postgres")
"""Engines that hand out rows block by block; of all others the whole answer is held in memory."""
COLLECTED_ROWS = 2_000_000
"""The most rows that are taken from an engine that doesn't stream."""


def write_snapshot(table: ibis.Table, excerpt: Excerpt, target: IO[bytes]) -> int:
    """Write the excerpt's rows to `target` as Parquet; returns how many.

    Types are the table's, with two exceptions: UUIDs become text, and decimals without a declared precision the nearest
    double. Rows whose time is NULL are in no period. One statement reads all rows, so that they are of one moment. Times
    without a zone are taken as UTC.

    Raises BadInput `no-rows`, `too-large`, `too-many-rows` (of an engine that doesn't stream), `unknown-column`,
    `unsupported-type`, `time-column`, `period` and `engine-error`; what `target` then holds is no snapshot.
    """
    for name in (*excerpt.columns, excerpt.time):
        if name not in table.columns:
            raise unknown_column(name, table.columns)
    backend = table.get_backend()
    settle(backend)
    held = table.filter(_within(table[excerpt.time], excerpt)).select(
        **{name: _kept(table, name) for name in excerpt.columns}
    )
    first = [excerpt.first] if excerpt.first in excerpt.columns else []
    rest = [name for name in excerpt.columns if name not in first]
    query = held.order_by([held[name] for name in (*first, *rest) if not held[name].type().is_null()])
    most = None if backend.name in STREAMING else COLLECTED_ROWS
    if most is not None:
        query = query.limit(most + 1)
    schema = pa.schema([(field.name, field.type) for field in query.schema().to_pyarrow()])
    rows = 0
    with pq.ParquetWriter(target, schema, version="2.6", compression="zstd") as writer:
        for block in _regrouped(batches(backend, query, BLOCK_ROWS), schema):
            rows += block.num_rows
            if most is not None and rows > most:
                raise BadInput(
                    "too-many-rows",
                    f"{backend.name} hands out all rows at once; of more than {most:,} take a shorter period.",
                )
            writer.write_table(block, row_group_size=BLOCK_ROWS)
            if target.tell() > excerpt.most_bytes:
                raise BadInput(
                    "too-large",
                    f"The rows take more than {excerpt.most_bytes:,} bytes as a file: take a shorter period.",
                )
    if not rows:
        raise BadInput(
            "no-rows",
            f"The table has no row from {excerpt.start.isoformat()} to {excerpt.end.isoformat()} by {excerpt.time!r}.",
            column=excerpt.time,
        )
    return rows


def _within(time: ibis.Value, excerpt: Excerpt) -> ibis.Value:
    kind = time.type()
    start, end = (moment.astimezone(dt.UTC) for moment in (excerpt.start, excerpt.end))
    if kind.is_date():
        if start.time() != dt.time() or end.time() != dt.time():
            raise BadInput(
                "period",
                f"Column {excerpt.time!r} holds dates: a period begins and ends at midnight UTC.",
                column=excerpt.time,
            )
        return (time >= ibis.literal(start.date())) & (time < ibis.literal(end.date()))
    if kind.is_timestamp():
        zone = None if kind.timezone is None else "UTC"
        low, high = (moment if zone else moment.replace(tzinfo=None) for moment in (start, end))
        moment = ibis.dtype(f"timestamp('{zone}')") if zone else ibis.dtype("timestamp")
        return (time >= ibis.literal(low, moment)) & (time < ibis.literal(high, moment))
    raise BadInput(
        "time-column", f"Column {excerpt.time!r} has type {kind}, which is no time.", column=excerpt.time
    )


def _kept(table: ibis.Table, name: str) -> ibis.Value:
    column = table[name]
    kind = column.type()
    if kind.is_uuid():
        return column.cast("string")
    kind_of(table, name)
    if kind.is_decimal() and kind.precision is None:
        return column.cast("string").cast("float64")
    return column


def _regrouped(read: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """The same rows in blocks of BLOCK_ROWS, each in one piece: where pages end depends on pieces."""
    held: list[pa.Table] = []
    rows = 0
    for batch in read:
        left = pa.Table.from_batches([batch]).cast(schema)
        while left.num_rows:
            piece = left.slice(0, BLOCK_ROWS - rows)
            left = left.slice(piece.num_rows)
            held.append(piece)
            rows += piece.num_rows
            if rows == BLOCK_ROWS:
                yield pa.concat_tables(held).combine_chunks()
                held, rows = [], 0
    if held:
        yield pa.concat_tables(held).combine_chunks()
