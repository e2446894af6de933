"""Addresses, names and settings of engines: what is let in, and what is never said."""

from __future__ import annotations

import math
import traceback
from pathlib import Path
from urllib.parse import quote

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring.statistics.engines import answer, connect, settle, table_named
from monitoring.statistics.inputs import BadInput
from monitoring.statistics.warehouse import cut_of_table, profile_of_table
from tests.conformance.loading import Engine, differing, kernel, kernel_cut

SECRET = "hunter2"  # pragma: allowlist secret


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "data.duckdb"
    backend = ibis.duckdb.connect(path)
    backend.create_table("scores", pa.table({"x": [1.0, 2.0, math.nan, None]}))
    backend.disconnect()
    return path


@pytest.mark.parametrize(
    "url",
    [
        f"sqlite:///{SECRET}",
        f"mysql://u:{SECRET}@127.0.0.1/db",
        f"http://127.0.0.1/{SECRET}",
        f"postgres:{SECRET}",
        f"postgresql://u:{SECRET}@127.0.0.1:1/db",
        f"postgresql://u:{SECRET}@[bad/db",
        f"duckdb:///nowhere/{SECRET}.db",
        f"duckdb://md:{SECRET}",
        f"duckdb:///tmp/x.db?motherduck_token={SECRET}",
        f"trino://u:{SECRET}@127.0.0.1:1/db",
        SECRET,
        "",
    ],
)
def test_no_connection_and_no_word_of_the_address(url):
    with pytest.raises(BadInput) as caught:
        connect(url)
    assert caught.value.code in {"engine", "connection"}
    assert SECRET not in "".join(traceback.format_exception(caught.value)).split("BadInput")[-1]
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_file_of_duckdb_is_opened_for_reading(file):
    backend = connect(f"duckdb://{file}")
    table = table_named(backend, "main.scores")
    assert profile_of_table(table, cut_of_table(table))["x"].apart.counts()["nan"] == 1
    with pytest.raises(Exception, match="read-only"):
        backend.raw_sql("CREATE TABLE other (x INT)")
    assert backend.raw_sql("SELECT current_setting('autoinstall_known_extensions')").fetchall() == [(False,)]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "scores; DROP TABLE scores",
        'scores"',
        "a.b.c.d",
        "main..scores",
        "scores\n",
        "read_csv('/x')",
        "ß",
    ],
)
def test_names_that_are_none_are_refused(file, name):
    with pytest.raises(BadInput) as caught:
        table_named(connect(f"duckdb://{file}"), name)
    assert caught.value.code == "table-name"


def test_a_table_that_is_not_there(file):
    for name in ("nothing", "nowhere.scores"):
        with pytest.raises(BadInput) as caught:
            table_named(connect(f"duckdb://{file}"), name)
        assert caught.value.code == "unknown-table"


def test_what_an_engine_says_is_not_passed_on():
    backend = ibis.duckdb.connect()
    table = backend.create_table("t", pa.table({"x": [SECRET]}))
    with pytest.raises(BadInput) as caught:
        answer(backend, table.select(y=table.x.cast("int64")))
    assert caught.value.code == "engine-error"
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__


def test_duckdb_finds_the_nan_that_parquet_statistics_hide(tmp_path):
    values = [float(i) for i in range(1000)] + [math.nan]
    pq.write_table(pa.table({"x": values}), tmp_path / "t.parquet")
    backend = ibis.duckdb.connect()
    backend.raw_sql("SET disabled_optimizers = 'filter_pushdown'")
    table = backend.read_parquet(tmp_path / "t.parquet")
    found = profile_of_table(table, cut_of_table(table))["x"]
    assert (found.apart.nan, found.n) == (1, 1000)
    settle(backend)
    ((off,),) = backend.raw_sql("SELECT current_setting('disabled_optimizers')").fetchall()
    assert set(off.split(",")) == {"filter_pushdown", "statistics_propagation"}, "the user's own stay"


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_an_address_of_postgresql(engine: Engine, tmp_path):
    frame = pa.table({"x": [1.0, None, math.nan, math.inf]})
    loaded = engine.load(frame)
    table = table_named(connect(engine.url), f"{loaded.op().namespace.database}.{loaded.op().name}")
    cut = kernel_cut(tmp_path, frame)
    assert differing(profile_of_table(table, cut), kernel(tmp_path, frame, cut), frame) == []


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_a_password_with_signs_reaches_the_driver_as_it_is(engine: Engine):
    password = "a/@:%+ $b"  # pragma: allowlist secret
    scheme, _, rest = engine.url.partition("://")
    user, _, place = rest.rpartition("@")
    backend = connect(f"{scheme}://{user.partition(':')[0]}:{quote(password, safe='')}@{place}")
    assert backend.con.info.password == password
    backend.disconnect()
