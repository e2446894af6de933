"""Connections to the databases and warehouses whose tables are read (extra `[warehouse]`).

An address comes from the operator's configuration, never from a user; a table's name may come from a user and is
looked up, never put into a statement. What a driver says is never passed on: it may hold a password or a row.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl
from uuid import uuid4

import ibis
import pyarrow as pa
from pyspark.sql import SparkSession

from monitoring.statistics.inputs import BadInput

TESTED = ("duckdb", "postgres", "pyspark")
"""Engines that the conformance suite compares with the file kernel, cell by cell."""
UNTESTED = ("bigquery", "clickhouse", "snowflake", "trino")
"""Engines that get the same expressions from Ibis and that no test of ours has ever run on."""

_ALIASES = {"postgresql": "postgres"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,127}", re.ASCII)
_PROPAGATION = "statistics_propagation"
# A profile is counts: what these would add is other people's code, fetched while we look.
_DUCKDB_OFF = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
DUCKDB_MEMORY = "1GB"
"""What DuckDB, which runs in this process, may hold; sorting more goes by way of the disk."""


def connect(url: str) -> ibis.BaseBackend:
    """A connection by address: `duckdb:///file.db`, `postgresql://user@host/db`, `pyspark://?spark.master=local[2]`.

    DuckDB files are opened for reading alone. The engines of UNTESTED go through `ibis.connect` with the same address
    as there. Raises BadInput `engine` for any other engine and `connection` where none comes about; neither says
    more of the address than its engine.
    """
    scheme, _, rest = url.partition("://")
    name = _ALIASES.get(scheme.lower(), scheme.lower())
    if name not in TESTED + UNTESTED or not rest:
        raise BadInput("engine", f"An address begins with one of: {', '.join(TESTED + UNTESTED)}.")
    try:
        if name == "duckdb":
            backend = _duckdb(rest)
        elif name == "pyspark":
            backend = _pyspark(rest)
        else:
            backend = ibis.connect(url)
    except BadInput:
        raise
    except Exception as error:
        raise BadInput("connection", f"No connection to {name}: {type(error).__name__}.") from None
    settle(backend)
    return backend


def table_named(backend: ibis.BaseBackend, name: str) -> ibis.Table:
    """A table or view by `name`, `schema.name` or `catalog.schema.name`, each of ASCII letters, digits, `_` and `$`.

    Raises BadInput `table-name` for other names and `unknown-table` where there is none.
    """
    parts = name.split(".")
    if len(parts) > 3 or not all(_NAME.fullmatch(part) for part in parts):
        raise BadInput("table-name", "A table's name is name, schema.name or catalog.schema.name.")
    *place, table = parts
    database = tuple(place) if len(place) == 2 else (place[0] if place else None)
    try:
        return backend.table(table, database=database)
    except Exception as error:
        raise BadInput(
            "unknown-table", f"There is no table {name} to read: {type(error).__name__}."
        ) from None


def settle(backend: ibis.BaseBackend) -> None:
    """Make an engine answer truly about NaN. Raises BadInput `nan-as-null` where it was told not to.

    DuckDB takes the minimum and maximum in Parquet files, which know no NaN, as bounds of all values, and so finds
    no NaN at all (duckdb#25521): this optimisation is switched off, beside whichever are off already.
    """
    if backend.name == "duckdb":
        ((off,),) = backend.raw_sql("SELECT current_setting('disabled_optimizers')").fetchall()
        names = {part.strip() for part in off.split(",") if part.strip()}
        if _PROPAGATION not in names:
            listed = ",".join(sorted(names | {_PROPAGATION}))
            backend.raw_sql(f"SET disabled_optimizers = '{listed}'")
    if backend.name == "pyspark" and ibis.options.pyspark.treat_nan_as_null:
        raise BadInput("nan-as-null", "Ibis is set to take NaN for NULL (pyspark.treat_nan_as_null).")


def answer(backend: ibis.BaseBackend, query: ibis.Table) -> pa.Table:
    """The rows of a query. Raises BadInput `engine-error` with the kind of fault alone."""
    with _unsaid(backend):
        return backend.to_pyarrow(query)


def batches(backend: ibis.BaseBackend, query: ibis.Table, rows: int) -> Iterator[pa.RecordBatch]:
    """The rows of a query, block by block, with the engine's own types and every digit; Spark's are all fetched first.

    `rows` is how many an engine is asked for at once. Raises BadInput `engine-error` with the kind of fault alone, and
    `engine` for the engines of UNTESTED: whether their rows come out as they are, nobody has seen.
    """
    if backend.name not in TESTED:
        raise BadInput(
            "engine", f"Rows are read from {', '.join(TESTED)} alone; {backend.name} was never tried."
        )
    with _unsaid(backend):
        if backend.name == "postgres":
            yield from backend.to_pyarrow_batches(query, chunk_size=rows)
        elif backend.name == "duckdb":
            # Ibis 12 asks by a name that DuckDB 2 no longer has; and what `execute` answers lies in memory as a whole.
            yield from backend.con.sql(backend.compile(query)).to_arrow_reader(rows)
        else:
            # Ibis goes by way of pandas, where whole numbers beside NULL become doubles.
            yield from backend.raw_sql(backend.compile(query)).toArrow().to_batches(rows)


@contextmanager
def _unsaid(backend: ibis.BaseBackend) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise BadInput(
            "engine-error", f"{backend.name} could not read the table: {type(error).__name__}."
        ) from None


def _duckdb(rest: str) -> ibis.BaseBackend:
    path = Path(rest)
    # Anything else in an address of DuckDB is another place (md:, s3://) or a setting.
    if not path.is_absolute() or "?" in rest or not path.is_file():
        raise BadInput("connection", "DuckDB's address is duckdb:// and the absolute path of a file.")
    return ibis.duckdb.connect(
        path,
        read_only=True,
        memory_limit=DUCKDB_MEMORY,
        # Made when it is needed, and removed, by DuckDB; otherwise it would lie beside the operator's file.
        temp_directory=str(Path(tempfile.gettempdir()) / f"modelwarrant-duckdb-{uuid4().hex}"),
        **_DUCKDB_OFF,
    )


def _pyspark(rest: str) -> ibis.BaseBackend:
    # Not by ibis.connect: it gives the settings to the session too, which refuses those of the cluster.
    builder = SparkSession.builder
    for key, value in parse_qsl(rest.partition("?")[2]):
        builder = builder.config(key, value)
    return ibis.pyspark.connect(builder.getOrCreate())
