"""Rows of a period as a Parquet file: the same bytes for the same rows, every type as it was, nothing half-written."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import ibis
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring.statistics import snapshots
from monitoring.statistics.addressed import profile_at, snapshot_at
from monitoring.statistics.blocks import open_file
from monitoring.statistics.engines import connect
from monitoring.statistics.excerpts import Excerpt
from monitoring.statistics.inputs import BadInput
from monitoring.statistics.profiling import profile_file
from monitoring.statistics.snapshots import write_snapshot
from tests.conformance.loading import Engine, differing, kernel_cut, written

DAY = datetime(2026, 5, 5, tzinfo=UTC)
ROWS = 500


def moment(hours: float) -> datetime:
    return DAY.replace(tzinfo=None) + timedelta(hours=hours)


def frame() -> pa.Table:
    """Rows of three days, out of order; ids repeat, times lie on the period's ends and are missing."""
    order = [(n * 7) % ROWS for n in range(ROWS)]
    times = [moment(-24 + n * 72 / ROWS) for n in order]
    times[:6] = [moment(0), moment(24), moment(24) - timedelta(microseconds=1), None, moment(0), moment(12)]
    odd = [0.1, -0.0, math.nan, math.inf, None, 5e-324, 1e308]
    return pa.table(
        {
            "score": pa.array([odd[n % 7] for n in order], pa.float64()),
            "at": pa.array(times, pa.timestamp("us")),
            "id": pa.array([f"é{n // 2}" if n % 11 else None for n in order], pa.string()),
            "whole": pa.array([2**53 + 1 + n if n % 5 else None for n in order], pa.int64()),
            "small": pa.array([n % 300 for n in order], pa.int16()),
            "yes": pa.array([bool(n % 3) if n % 4 else None for n in order], pa.bool_()),
            "day": pa.array([(DAY + timedelta(days=n % 3 - 1)).date() for n in order], pa.date32()),
            "cost": pa.array([Decimal(n) / 100 for n in order], pa.decimal128(15, 2)),
            "row": pa.array(range(ROWS), pa.int64()),
        }
    )


EXCERPT = Excerpt(
    columns=("id", "whole", "small", "yes", "day", "cost", "at", "score", "row"),
    first="id",
    time="at",
    start=DAY,
    end=DAY + timedelta(days=1),
    most_bytes=10_000_000,
)


def bytes_of(table: ibis.Table, excerpt: Excerpt = EXCERPT) -> bytes:
    target = io.BytesIO()
    rows = write_snapshot(table, excerpt, target)
    assert pq.read_metadata(io.BytesIO(target.getvalue())).num_rows == rows
    return target.getvalue()


def read(data: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(data))


def within(rows: pa.Table, start: datetime, end: datetime) -> list[int]:
    pairs = zip(rows.column("row").to_pylist(), rows.column("at").to_pylist(), strict=True)
    return sorted(row for row, at in pairs if at is not None and start <= at < end)


def test_a_period_of_every_engine(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    rows = frame()
    data = bytes_of(engine.load(rows))
    found = read(data)
    assert found.column_names == list(EXCERPT.columns)
    assert sorted(found.column("row").to_pylist()) == within(rows, moment(0), moment(24))
    by_row = {row["row"]: row for row in rows.to_pylist()}
    for row in found.to_pylist():
        want = by_row[row["row"]]
        if row["at"].tzinfo is not None:  # Spark knows times with a zone
            row["at"] = row["at"].astimezone(UTC).replace(tzinfo=None)
        assert {name: repr(value) for name, value in row.items()} == {name: repr(want[name]) for name in row}
    types = {field.name: field.type for field in found.schema}
    for name in ("whole", "small", "yes", "day", "cost", "score", "id"):
        assert types[name] == rows.schema.field(name).type, name
    ids = found.column("id").to_pylist()
    assert len([n for n in range(1, len(ids)) if ids[n] != ids[n - 1]]) == len(set(ids)) - 1, (
        "ids lie together"
    )
    # Rows in another order, handed out in other blocks, are the same bytes.
    assert bytes_of(engine.load(rows.take(pa.array(range(ROWS - 1, -1, -1))))) == data
    changed = rows.set_column(4, "small", pa.array([7] * ROWS, pa.int16()))
    assert bytes_of(engine.load(changed)) != data
    if engine.name == "pyspark":
        monkeypatch.setattr(snapshots, "COLLECTED_ROWS", 100)
        with pytest.raises(BadInput) as caught:
            bytes_of(engine.load(rows))
        assert caught.value.code == "too-many-rows"


@pytest.mark.parametrize("engine", ["duckdb", "postgres"], indirect=True)
def test_blocks_of_the_engine_change_no_byte(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    rows = frame()
    monkeypatch.setattr(snapshots, "BLOCK_ROWS", 50)
    table = engine.load(rows)
    whole = bytes_of(table)
    sizes = pq.read_metadata(io.BytesIO(whole))
    assert [sizes.row_group(n).num_rows for n in range(sizes.num_row_groups - 1)] == [50] * (
        sizes.num_row_groups - 1
    )
    asked = snapshots.batches
    monkeypatch.setattr(snapshots, "batches", lambda backend, query, _: asked(backend, query, 7))
    assert bytes_of(table) == whole


@pytest.mark.parametrize("engine", ["duckdb", "postgres"], indirect=True)
def test_dates_as_times(engine: Engine):
    rows = frame()
    table = engine.load(rows)
    found = read(bytes_of(table, replace(EXCERPT, time="day", first=None)))
    assert set(found.column("day").to_pylist()) == {date(2026, 5, 5)}
    assert found.num_rows == rows.column("day").to_pylist().count(date(2026, 5, 5))
    with pytest.raises(BadInput) as caught:
        bytes_of(table, replace(EXCERPT, time="day", start=DAY + timedelta(hours=1)))
    assert caught.value.code == "period"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"start": DAY + timedelta(days=90), "end": DAY + timedelta(days=91)}, "no-rows"),
        ({"most_bytes": 100}, "too-large"),
        ({"columns": ("id", "nothing")}, "unknown-column"),
        ({"time": "nothing"}, "unknown-column"),
        ({"time": "whole"}, "time-column"),
    ],
)
@pytest.mark.parametrize("engine", ["duckdb"], indirect=True)
def test_what_is_no_snapshot_is_named(engine: Engine, changed, code):
    with pytest.raises(BadInput) as caught:
        write_snapshot(engine.load(frame()), replace(EXCERPT, **changed), io.BytesIO())
    assert caught.value.code == code


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_types_of_postgresql(engine: Engine):
    with psycopg.connect(engine.url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS odd_types")
        connection.execute(
            "CREATE TABLE odd_types (id uuid NOT NULL, at timestamptz, amount numeric, mood text NOT NULL, body jsonb)"
        )
        connection.execute(
            "INSERT INTO odd_types SELECT gen_random_uuid(), '2026-05-05 02:00+03'::timestamptz + n * interval '1 hour', "
            "n + 0.1234567890123456789, 'x', '{}' FROM generate_series(0, 30) n"
        )
        try:
            wide = replace(EXCERPT, columns=("id", "at", "amount", "mood"))
            target = io.BytesIO()
            assert snapshot_at(engine.url, "public.odd_types", wide, target) == 24
            found = read(target.getvalue())
            assert found.schema.field("at").type == pa.timestamp("us", "UTC")
            assert min(found.column("at").to_pylist()) == DAY
            assert found.column("amount").to_pylist().count(1.1234567890123457) == 1
            assert all(len(one) == 36 for one in found.column("id").to_pylist())
            with pytest.raises(BadInput) as caught:
                snapshot_at(engine.url, "public.odd_types", replace(wide, columns=("body",)), io.BytesIO())
            assert caught.value.code == "unsupported-type"
        finally:
            connection.execute("DROP TABLE odd_types")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "data.duckdb"
    backend = ibis.duckdb.connect(path)
    backend.create_table("decisions", frame())
    backend.create_table("nothing", frame().slice(0, 0))
    backend.raw_sql("CREATE TABLE kinds (\"at\" TIMESTAMPTZ, mood ENUM ('sad', 'glad'), n HUGEINT)")
    backend.raw_sql(
        "INSERT INTO kinds VALUES ('2026-05-05 01:00+02', 'sad', 1), ('2026-05-05 03:00+02', 'glad', 2)"
    )
    backend.disconnect()
    return path


def test_a_table_by_its_address_is_counted_as_its_file(file: Path, tmp_path: Path):
    rows = frame()
    url = f"duckdb://{file}"
    found = profile_at(url, "decisions")
    kernel = profile_file(open_file(written(tmp_path, rows)))
    assert differing(found, kernel, rows) == []
    again = profile_at(url, "main.decisions", columns=("whole", "score", "elsewhere"), like=kernel)
    assert again.names == ("score", "whole")
    assert again["score"].as_dict()["counts"] == kernel["score"].as_dict()["counts"]
    assert kernel_cut(tmp_path, rows).names == found.names
    for name, columns, code in (
        ("nothing", (), "header-only"),
        ("decisions", ("elsewhere",), "unknown-column"),
    ):
        with pytest.raises(BadInput) as caught:
            profile_at(url, name, columns=columns)
        assert caught.value.code == code
    connect(url).disconnect()


def test_zones_and_enumerations_of_duckdb(file: Path):
    target = io.BytesIO()
    excerpt = replace(EXCERPT, columns=("mood", "n", "at"), first=None)
    assert snapshot_at(f"duckdb://{file}", "kinds", excerpt, target) == 1
    (row,) = read(target.getvalue()).to_pylist()
    assert (row["mood"], row["n"], row["at"]) == ("glad", 2, DAY + timedelta(hours=1))
