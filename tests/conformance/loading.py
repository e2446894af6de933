"""Frames into engines, and the same frames through the file kernel."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import ibis
import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql
from pyspark.sql import SparkSession

from monitoring.statistics.blocks import open_file
from monitoring.statistics.profiles import Numbers, Profile, added
from monitoring.statistics.profiling import cut_of, profile_part
from tests.database_server import DEFAULT_URL, OwnServer, reachable

NAMES = ("duckdb", "duckdb-parquet", "postgres", "pyspark")
_POSTGRES = {
    pa.float64(): "double precision",
    pa.float32(): "real",
    pa.int64(): "bigint",
    pa.int16(): "smallint",
    pa.bool_(): "boolean",
    pa.string(): "text",
    pa.date32(): "date",
    pa.decimal128(15, 2): "numeric(15, 2)",
    pa.timestamp("us"): "timestamp",
}
_numbers = count()


@dataclass(frozen=True)
class Engine:
    """An engine and how a frame becomes a table in it."""

    name: str
    load: Callable[[pa.Table], ibis.Table]
    url: str = ""


@contextmanager
def duckdb_tables() -> Iterator[Engine]:
    backend = ibis.duckdb.connect()
    yield Engine("duckdb", lambda frame: backend.create_table(f"frame_{next(_numbers)}", frame))
    backend.disconnect()


@contextmanager
def duckdb_files(folder: Path) -> Iterator[Engine]:
    backend = ibis.duckdb.connect()
    yield Engine("duckdb-parquet", lambda frame: backend.read_parquet(written(folder, frame)))
    backend.disconnect()


@contextmanager
def postgres() -> Iterator[Engine]:
    """The server that is there, or one of our own; tables are in a schema that goes with them."""
    url, server = os.environ.get("TEST_DATABASE_URL", DEFAULT_URL), None
    if not reachable(url):
        server = OwnServer()
        server.start()
        url = server.url
    schema = f"modelwarrant_conformance_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        backend = ibis.connect(url)

        def load(frame: pa.Table) -> ibis.Table:
            name = f"frame_{next(_numbers)}"
            place = sql.Identifier(schema, name)
            columns = [
                sql.SQL("{} {}").format(sql.Identifier(field.name), sql.SQL(_POSTGRES[field.type]))
                for field in frame.schema
            ]
            connection.execute(sql.SQL("CREATE TABLE {} ({})").format(place, sql.SQL(", ").join(columns)))
            with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(place)) as copy:
                for row in zip(*(column.to_pylist() for column in frame.columns), strict=True):
                    copy.write_row(row)
            return backend.table(name, database=schema)

        yield Engine("postgres", load, url)
        backend.disconnect()
        connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
    if server is not None:
        server.stop()


@contextmanager
def pyspark(folder: Path) -> Iterator[Engine]:
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        # Ours are few rows: what compiling a thousand comparisons costs is never earned back.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    }
    builder = SparkSession.builder.master("local[2]")
    for key, value in settings.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    backend = ibis.pyspark.connect(session)
    yield Engine("pyspark", lambda frame: backend.read_parquet(written(folder, frame)))
    session.stop()


def written(folder: Path, frame: pa.Table, group: int = 97) -> Path:
    path = folder / f"frame_{next(_numbers)}.parquet"
    pq.write_table(frame, path, row_group_size=group)
    return path


def kernel_cut(folder: Path, frame: pa.Table) -> Profile:
    return cut_of(open_file(written(folder, frame)))


def kernel(folder: Path, frame: pa.Table, cut: Profile) -> Profile:
    """What the file kernel says of the frame, on the same edges; of no rows, which it refuses, the cut itself."""
    if not frame.num_rows:
        return cut
    file = open_file(written(folder, frame))
    return added([profile_part(file, number, cut) for number in range(len(file.parts))])


def differing(found: Profile, kernel: Profile, frame: pa.Table) -> list[str]:
    """Every cell that the two count differently, and every sum further apart than 1e-9 of what was summed."""
    said = []
    if (found.names, found.rows) != (kernel.names, kernel.rows):
        said.append(f"columns or rows: {found.names} {found.rows} v {kernel.names} {kernel.rows}")
    for name in kernel.names:
        ours, theirs = found[name], kernel[name]
        if type(ours) is not type(theirs) or ours.apart != theirs.apart or ours.rows != theirs.rows:
            said.append(f"{name}: {ours.kind} {ours.apart} v {theirs.kind} {theirs.apart}")
        elif isinstance(ours, Numbers) and isinstance(theirs, Numbers):
            said += [f"{name}: {text}" for text in _numbers_apart(ours, theirs, frame.column(name))]
        elif ours.as_dict() != theirs.as_dict():
            said.append(f"{name}: {ours.as_dict()} v {theirs.as_dict()}")
    return said


def _numbers_apart(ours: Numbers, theirs: Numbers, column: pa.ChunkedArray) -> Iterator[str]:
    for place in np.flatnonzero(ours.counts != theirs.counts):
        yield f"bin {place}: {ours.counts[place]} v {theirs.counts[place]}"
    for one in ("least", "greatest"):
        if not _same(getattr(ours, one), getattr(theirs, one)):
            yield f"{one}: {getattr(ours, one)!r} v {getattr(theirs, one)!r}"
    values = _doubles(column)
    values = values[np.isfinite(values)]
    places = np.searchsorted(ours.edges.at, values)
    for place in np.unique(places):
        inside = values[places == place]
        # Where sums leave the doubles on the way, whoever adds in another order is right too.
        if not _close(
            ours.sums[0][place], theirs.sums[0][place], float(np.abs(inside / 2.0**60).sum()) * 2.0**60
        ):
            yield f"sum of bin {place}: {ours.sums[0][place]!r} v {theirs.sums[0][place]!r}"
    if not _close(ours.squares[0], theirs.squares[0], theirs.squares[0]):
        yield f"squares: {ours.squares[0]!r} v {theirs.squares[0]!r}"
    if not _close(ours.spread, theirs.spread, theirs.spread):
        yield f"spread: {ours.spread!r} v {theirs.spread!r}"


def _doubles(column: pa.ChunkedArray) -> np.ndarray:
    if pa.types.is_temporal(column.type):
        micro = column.cast(pa.timestamp("us")).cast(pa.int64()).to_pylist()
        return np.array([math.nan if v is None else v / 1e6 for v in micro], np.float64)
    return np.array([math.nan if v is None else float(v) for v in column.to_pylist()], np.float64)


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _close(one: float, other: float, size: float) -> bool:
    return _same(one, other) or not math.isfinite(size) or abs(one - other) <= 1e-9 * abs(size) + 1e-300
