"""Every engine counts what the file kernel counts: no cell may differ (attack cases DT-02, DT-06)."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from monitoring.statistics import profiles, profiling, warehouse
from monitoring.statistics.inputs import BadInput
from monitoring.statistics.profiles import Apart, Edges, Numbers, Profile, Texts
from monitoring.statistics.warehouse import COLUMNS_AT_ONCE, cut_of_table, profile_of_table
from tests.conformance.loading import Engine, differing, kernel, kernel_cut

ROWS = 600
NAN, INF = math.nan, math.inf
ODD = [
    0.0,
    -0.0,
    NAN,
    None,
    INF,
    -INF,
    1.5,
    5e-324,
    -5e-324,
    1e-200,
    1e308,
    -1e308,
    1e160,
    0.1,
    0.1 + 0.2,
    3.0,
]
ON_EDGES = [
    1.0,
    2.0,
    math.nextafter(2.0, 3.0),
    math.nextafter(2.0, 1.0),
    0.30000000000000004,
    0.3,
    1e22,
    9.7e-312,
]
HUGE = [2**53 - 1, 2**53, 2**53 + 1, 2**53 + 2, 2**53 + 3, -(2**63), 2**63 - 1, 2**63 - 513, 0, None]
WORDS = [
    "é",
    "e\u0301",
    "Ж",
    "日本",
    "🙂",
    "a",
    "a ",
    " a",
    "A",
    "ß",
    "ss",
    "na",
    "none",
    "n/a",
    "nanna",
    "n an",
    "0",
    "1.0",
    "'; --",
]
MOMENTS = [
    datetime(1969, 12, 31, 23, 59, 59, 999999),  # noqa: DTZ001
    datetime(1900, 1, 1, 0, 0, 0, 1),  # noqa: DTZ001
    datetime(2026, 5, 5, 5, 5, 5, 500001),  # noqa: DTZ001
    datetime(2026, 5, 5),  # noqa: DTZ001
    None,
]
NO_VALUE = ["", " ", "\t", "\u00a0", "\u2003nan", "nan", "NaN", " -NAN ", "+nan", "null", "NULL\n", None]


def frame(rows: int = ROWS, start: int = 1) -> pa.Table:
    """A column for everything that engines see differently; `start` makes it another draw."""
    rng = np.random.default_rng(start)

    def some(values: list, kind: pa.DataType) -> pa.Array:
        return pa.array([values[i] for i in rng.integers(0, len(values), rows)], kind)

    return pa.table(
        {
            "odd": some(ODD, pa.float64()),
            "normal": pa.array(rng.normal(start, 1, rows)),
            "zero inflated": pa.array(np.where(rng.random(rows) < 0.6, 0.0, rng.exponential(size=rows).round(1))),
            "on edges": some(ON_EDGES, pa.float64()),
            "ties": some([0.1, 0.2, 0.2, 0.2, 0.7], pa.float64()),
            "narrow": pa.array(rng.normal(size=rows).round(1).astype(np.float32)),
            "huge": some(HUGE, pa.int64()),
            "small": some([1, 2, 3, None], pa.int16()),
            "money": some([Decimal("0.01"), Decimal("-1234567.89"), Decimal("0.30"), None], pa.decimal128(15, 2)),
            "moment": some(MOMENTS, pa.timestamp("us")),
            "day": some([m and m.date() for m in MOMENTS], pa.date32()),
            "constant": pa.array([7.25] * rows),
            "no number": pa.array([None] * rows, pa.float64()),
            "all NaN": pa.array([NAN] * rows, pa.float64()),
            "yes": some([True, False, None], pa.bool_()),
            "word": some(WORDS, pa.string()),
            "no word": some(NO_VALUE, pa.string()),
            "both": some(WORDS + NO_VALUE, pa.string()),
            "no text": pa.array([None] * rows, pa.string()),
            "identifier": pa.array([f"id{i}" for i in range(rows)]),
        }
    )  # fmt: skip


@pytest.fixture
def few_values(monkeypatch):
    """Limits that a few hundred rows exceed."""
    monkeypatch.setattr(profiles, "MAXIMUM_VALUES", 20)
    monkeypatch.setattr(profiling, "MAXIMUM_VALUES", 20)
    monkeypatch.setattr(warehouse, "MAXIMUM_VALUES", 20)
    monkeypatch.setattr(warehouse, "SPARE", 3)


def test_no_cell_differs(engine: Engine, tmp_path: Path, few_values) -> None:
    whole = frame()
    table = engine.load(whole)
    cut = kernel_cut(tmp_path, whole)
    found = profile_of_table(table, cut)
    assert differing(found, kernel(tmp_path, whole, cut), whole) == []
    assert found["identifier"].many
    assert not found["both"].many, "a value is a value, however many ways of saying none there are"
    assert ["moment" in found.warnings[0], "day" in found.warnings[1]] == [True, True]
    assert found.facts["engine"].startswith(engine.name.partition("-")[0])
    assert profiles.read(found.json()).json() == found.json()


def test_no_cell_differs_on_the_edges_of_another(engine: Engine, tmp_path: Path) -> None:
    names = ["odd", "zero inflated", "huge", "word", "no number"]
    current, reference = frame().select(names), frame(start=2).slice(0, 100).select(names)
    cut = kernel_cut(tmp_path, reference)
    found = profile_of_table(engine.load(current), cut)
    assert differing(found, kernel(tmp_path, current, cut), current) == []


def test_edges_are_those_of_a_file(engine: Engine, tmp_path: Path) -> None:
    whole = frame()
    cut, expected = cut_of_table(engine.load(whole)), kernel_cut(tmp_path, whole)
    assert cut.json() == expected.json()
    like = kernel_cut(tmp_path, frame(start=2).select(["normal", "word"]))
    again = cut_of_table(engine.load(whole), like)
    assert np.array_equal(again["normal"].edges.at, like["normal"].edges.at)
    assert again["odd"].as_dict() == expected["odd"].as_dict()


def test_edges_of_a_large_table_come_from_a_sample(engine: Engine, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(warehouse, "SAMPLE", ROWS // 4)
    whole = frame().select(["normal", "odd", "ties"])
    cut, expected = cut_of_table(engine.load(whole)), kernel_cut(tmp_path, whole)
    for name in ("odd", "ties"):
        assert cut[name].as_dict() == expected[name].as_dict(), "few values are all found"
    at = cut["normal"].edges.at
    values = whole.column("normal").to_numpy()
    # about 150 of the 600 values, and the double below each
    assert 60 < len(np.intersect1d(at, values)) < 280
    assert set(at) <= {*values, *np.nextafter(values, -INF)}


def test_nothing_is_counted_as_nothing(engine: Engine, tmp_path: Path) -> None:
    # edges of few rows: how many there are is not what is asked here
    empty, cut = frame().slice(0, 0), kernel_cut(tmp_path, frame().slice(0, 30))
    table = engine.load(empty)
    assert differing(profile_of_table(table, cut), cut, empty) == []
    assert {c.rows for c in cut_of_table(table).columns.values()} == {0}


def test_partitions_add(engine: Engine, tmp_path: Path) -> None:
    days = [date(2026, 1, 1), date(2026, 1, 2)]
    whole = frame().select(["odd", "word", "huge"])
    whole = whole.append_column("day", pa.array([days[i % 2] for i in range(ROWS)], pa.date32()))
    whole = whole.append_column("region", pa.array(["north", "so'uth", None][i % 3] for i in range(ROWS)))
    table, counted = engine.load(whole), whole.select(["odd", "word", "huge"])
    cut = kernel_cut(tmp_path, counted)
    parts = [profile_of_table(table, cut, partition={"day": day}) for day in days]
    assert differing(profiles.added(parts), kernel(tmp_path, counted, cut), counted) == []
    kept = [i for i in range(ROWS) if i % 2 == 0 and i % 3 == 1]
    found = profile_of_table(table, cut, partition={"day": days[0], "region": "so'uth"})
    assert differing(found, kernel(tmp_path, counted.take(kept), cut), counted.take(kept)) == []
    assert profile_of_table(table, cut, partition={"day": date(1999, 1, 1)}).rows == 0
    for bad in ({"odd": 1.5}, {"word": None}, {"huge": 2.5}):
        with pytest.raises(BadInput) as caught:
            profile_of_table(table, cut, partition=bad)
        assert caught.value.code == "partition"


def test_what_cannot_be_counted_is_refused(engine: Engine, tmp_path: Path) -> None:
    whole = frame(40).select(["normal", "word"])
    table, cut = engine.load(whole), kernel_cut(tmp_path, whole)
    numbers, texts = cut["normal"], cut["word"]
    # the table's type decides, as the file's does
    turned = Profile({"normal": numbers, "word": numbers}, 0)
    assert differing(profile_of_table(table, turned), kernel(tmp_path, whole, turned), whole) == []
    for columns, code in (
        ({"normal": texts}, "cut"),
        ({}, "cut"),
        ({"absent": texts}, "unknown-column"),
    ):
        with pytest.raises(BadInput) as caught:
            profile_of_table(table, Profile(columns, 0))
        assert caught.value.code == code


doubles = st.one_of(
    st.none(),
    st.floats(),
    st.sampled_from([value for value in ODD if value is not None] + ON_EDGES),
    st.integers(-3, 3).map(float),
    st.floats(-1, 1, width=16),
)
wholes = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.sampled_from(HUGE), st.integers(-3, 3))
letters = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
texts = st.one_of(st.sampled_from(WORDS + NO_VALUE), st.text(letters, max_size=4))
cuts = st.lists(doubles.filter(lambda v: v is not None and math.isfinite(v)), max_size=12, unique=True)


@st.composite
def drawn(draw: st.DrawFn) -> tuple[pa.Table, Profile]:
    """A frame of a few rows and many columns, and edges that have nothing to do with it or much."""
    rows = draw(st.integers(1, 12))

    def column(of: st.SearchStrategy) -> list:
        return draw(st.lists(of, min_size=rows, max_size=rows))

    arrays, columns = {}, {}
    for number in range(COLUMNS_AT_ONCE):
        name = f"c{number}"
        whole = number % 4 == 3
        values = column(wholes if whole else doubles)
        arrays[name] = pa.array(values, pa.int64() if whole else pa.float64())
        own = [float(v) for v in values if v is not None and math.isfinite(v)]
        at = np.unique(np.array(draw(cuts) + draw(st.sampled_from([[], own])), np.float64) + 0.0)
        centre = draw(st.sampled_from([0.0, 1.5, *own, *at.tolist()]))
        columns[name] = Numbers.of(Edges(at, centre + 0.0), np.empty(0))
    for name in ("t0", "t1"):
        arrays[name] = pa.array(column(texts), pa.string())
        columns[name] = Texts({}, 0, Apart())
    return pa.table(arrays), Profile(columns, 0)


EXAMPLES = {"duckdb": 40, "duckdb-parquet": 20, "postgres": 40, "pyspark": 6}


def test_no_cell_differs_whatever_the_rows(engine: Engine, tmp_path: Path) -> None:
    @seed(20261121)
    @settings(
        max_examples=EXAMPLES[engine.name],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(drawn())
    def check(case: tuple[pa.Table, Profile]) -> None:
        rows, cut = case
        found = profile_of_table(engine.load(rows), cut)
        assert differing(found, kernel(tmp_path, rows, cut), rows) == []

    check()


def test_the_comparison_sees_one_row_in_another_bin(engine: Engine, tmp_path: Path) -> None:
    rows = frame(30).select(["normal", "word"])
    cut = kernel_cut(tmp_path, rows)
    found = profile_of_table(engine.load(rows), cut)
    column = found["normal"]
    moved = column.counts.copy()
    moved[np.flatnonzero(moved)[:2]] += [1, -1]
    wrong = Profile({**found.columns, "normal": replace(column, counts=moved)}, found.rows)
    assert len(differing(wrong, kernel(tmp_path, rows, cut), rows)) == 2
