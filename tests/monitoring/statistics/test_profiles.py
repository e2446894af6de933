"""Counts add in any order to the same digits, and say what the rows say (attack cases DT-02, DT-06)."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.statistics import blocks
from monitoring.statistics.blocks import open_file
from monitoring.statistics.inputs import BadInput
from monitoring.statistics.profiles import (
    EXACT,
    MAXIMUM_EDGES,
    Apart,
    Edges,
    Numbers,
    Profile,
    Texts,
    added,
    read,
)
from monitoring.statistics.profiling import cut_of, finish, profile_file, profile_part, profile_table
from monitoring.statistics.reading import read_table
from tests.monitoring.statistics.test_reading import BAD, SMALL

ODD = [0.0, -0.0, 1.5, 1.5, -1e308, 1e308, 5e-324, math.nan, math.inf, -math.inf, None, 2.0**53 + 2, 3.0]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks and parts of a few rows, so that small files have many."""
    monkeypatch.setattr(blocks, "BLOCK_ROWS", 7)
    monkeypatch.setattr(blocks, "PART_ROWS", 20)


def frame(rows: int, seed: int = 1) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "normal": pa.array(rng.normal(size=rows)),
            "odd": pa.array([ODD[i] for i in rng.integers(0, len(ODD), rows)], pa.float64()),
            "whole": pa.array(
                [None if i % 9 == 0 else int(i) for i in rng.integers(0, 40, rows)], pa.int32()
            ),
            "word": pa.array([None if i == 3 else f"w{i}" for i in rng.integers(0, 6, rows)]),
            "yes": pa.array(rng.integers(0, 2, rows).astype(bool)),
            "when": pa.array(rng.integers(0, 10**9, rows), pa.timestamp("s")),
            "nothing": pa.nulls(rows, pa.float64()),
        }
    )


def written(folder: Path, table: pa.Table, kind: str, group: int = 11) -> Path:
    path = folder / f"data.{kind}"
    if kind == "parquet":
        pq.write_table(table, path, row_group_size=group)
    elif kind == "arrow":
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=group)
    else:
        pacsv.write_csv(table, path)
    return path


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_a_file_has_the_profile_of_its_rows(tmp_path, kind):
    path = written(tmp_path, frame(300), kind)
    alike(profile_file(open_file(path)), profile_table(read_table(path)))


def test_a_csv_file_has_the_counts_of_its_rows(tmp_path):
    path = written(tmp_path, frame(300).drop_columns(["when"]), "csv")
    alike(profile_file(open_file(path)), profile_table(read_table(path)))


def alike(found: Profile, rows: Profile) -> None:
    """Equal counts; sums are of other blocks, and equal as far as doubles go."""
    assert found.names == rows.names
    for name in rows.names:
        ours, theirs = found[name], rows[name]
        assert (ours.kind, ours.rows, ours.apart) == (theirs.kind, theirs.rows, theirs.apart)
        if isinstance(ours, Numbers):
            assert ours.counts.tolist() == theirs.counts.tolist()
            assert np.allclose(ours.means, theirs.means, rtol=1e-12, equal_nan=True)
            assert ours.spread == pytest.approx(theirs.spread, rel=1e-9, nan_ok=True)
        else:
            assert ours.counts == theirs.counts


class Desk:
    """Keeps texts, as a process that dies and one that comes after it would share them."""

    def __init__(self, texts: dict[str, str] | None = None, dies_after: int = 10**9) -> None:
        self.texts, self.said, self.dies_after = dict(texts or {}), [], dies_after
        self.new: list[str] = []
        self.order: Any = None

    def kept(self, name: str) -> Profile | None:
        return read(self.texts[name]) if name in self.texts else None

    def keep(self, name: str, profile: Profile) -> None:
        assert name not in self.texts, "nothing is done twice"
        self.texts[name] = profile.json()
        self.new.append(name)

    def turns(self, of: int) -> list[int]:
        return sorted(range(of), key=self.order)

    def told(self, done: int, of: int) -> None:
        self.said.append((done, of))
        if done >= self.dies_after:
            raise KeyboardInterrupt


def test_threads_parts_and_their_order_change_no_digit(tmp_path):
    """DT-13."""
    path = written(tmp_path, frame(400), "parquet")
    file = open_file(path)
    cut = cut_of(file)
    assert len(file.parts) > 5
    whole = profile_file(open_file(path), threads=1)
    parts = [profile_part(file, number, cut, threads=3) for number in range(len(file.parts))]
    assert finish(file, parts[::-1]).json() == whole.json()
    halves = added(parts[:3]), added(parts[3:])
    assert halves[1].names == whole.names
    assert (halves[0] + halves[1]).rows == 400


@pytest.mark.parametrize("kind", ["parquet", "arrow", "csv"])
def test_what_is_done_is_not_read_again(tmp_path, kind):
    path = written(tmp_path, frame(400).drop_columns(["when"]), kind)
    desk = Desk()
    whole = profile_file(open_file(path), desk=desk)
    count = len(desk.texts) - 1
    assert desk.said == [(number, count) for number in range(1, count + 1)]
    for dies_after in range(1, count):
        first = Desk(dies_after=dies_after)
        with pytest.raises(KeyboardInterrupt):
            profile_file(open_file(path), desk=first)
        second = Desk(first.texts)
        assert profile_file(open_file(path), desk=second).json() == whole.json()
        assert second.new == desk.new[dies_after + 1 :]
    turned = Desk()
    turned.order = lambda number: (number % 2, -number)
    assert profile_file(open_file(path), desk=turned).json() == whole.json()
    assert sorted(turned.new) == sorted(desk.new)


def test_it_is_counted_on_the_edges_of_the_reference(tmp_path):
    reference = profile_file(open_file(written(tmp_path, frame(300), "parquet")))
    current = profile_file(open_file(written(tmp_path, frame(250, 2), "arrow")), like=reference)
    for name, column in reference.columns.items():
        if isinstance(column, Numbers):
            assert np.array_equal(current[name].edges.at, column.edges.at)
    with pytest.raises(ValueError, match="different edges"):
        profile_file(open_file(written(tmp_path, frame(250, 2), "arrow"))) + reference


def test_another_kind_than_the_references_stays_what_it_is(tmp_path):
    reference = profile_table(read_table(written(tmp_path, pa.table({"x": [1.0, 2.0, 3.0] * 20}), "parquet")))
    words = pa.table({"x": pa.array([None] * 15 + ["a", "b"] * 20)})
    assert profile_file(open_file(written(tmp_path, words, "parquet")), like=reference)["x"].kind == "text"
    blank = pa.table({"x": pa.nulls(30, pa.float64())})
    found = profile_file(open_file(written(tmp_path, blank, "parquet")), like=reference)["x"]
    assert (found.kind, found.apart.null, found.n) == ("number", 30, 0)


@given(
    st.lists(
        st.one_of(st.none(), st.floats(), st.sampled_from([v for v in ODD if v is not None]), st.integers(-5, 5).map(float)),
        min_size=1, max_size=60,
    ),
    st.integers(0, 60),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_nothing_is_lost_whatever_the_values(values, cut):
    array = np.array([math.nan if value is None else value for value in values])
    null = sum(value is None for value in values)
    edges = Edges.of(array[np.isfinite(array)])
    found = Numbers.of(edges, array, null=null)
    assert found.rows == len(values)
    assert found.apart == Apart(
        null, int(np.isnan(array).sum()) - null, int(np.isposinf(array).sum()), int(np.isneginf(array).sum())
    )
    for value in set(array[np.isfinite(array)].tolist()):
        place = int(np.searchsorted(edges.at, value))
        assert found.counts[place] == int((array == value).sum()), "up to EXACT values each has its bin"
    first, second = array[:cut], array[cut:]
    nulls = sum(value is None for value in values[:cut])
    parts = Numbers.of(edges, first, null=nulls), Numbers.of(edges, second, null=null - nulls)
    total = parts[1] + parts[0]
    assert total.counts.tolist() == found.counts.tolist()
    assert total.apart == found.apart
    text = Profile({"x": found}, len(values)).json()
    assert read(text).json() == text


def test_edges_stay_few_and_common_values_have_bins_of_their_own():
    rng = np.random.default_rng(3)
    sample = np.concatenate([np.zeros(50_000), rng.exponential(size=50_000)])
    edges = Edges.of(sample)
    assert len(edges.at) <= MAXIMUM_EDGES
    found = Numbers.of(edges, sample)
    assert found.counts[int(np.searchsorted(edges.at, 0.0))] == 50_000
    assert len(Edges.of(np.arange(EXACT, dtype=float)).at) == 2 * EXACT
    assert len(Edges.of(np.empty(0)).at) == 0


def test_too_many_values_are_an_identifier_in_whichever_order(monkeypatch):
    monkeypatch.setattr("monitoring.statistics.profiles.MAXIMUM_VALUES", 3)
    parts = [Texts({name: 1}, 1, Apart()) for name in "abcd"]
    for order in (parts, parts[::-1], [parts[0], parts[1] + parts[2], parts[3]]):
        total = order[0]
        for part in order[1:]:
            total += part
        assert (total.many, total.n, total.counts) == (True, 4, {})
    assert (parts[0] + parts[0] + parts[1]).counts == {"a": 2, "b": 1}


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 1}', '{"columns":[],"rows":0,"version":1}'])
def test_what_is_no_profile_is_refused(text):
    with pytest.raises(ValueError):
        read(text)


@pytest.mark.parametrize("case", BAD)
def test_bad_input_has_the_same_name_and_line_as_for_every_check(tmp_path, case):
    """DT-01, DT-06: the kernel refuses what the table reader refuses."""
    content, code, line = BAD[case]
    (tmp_path / "data.csv").write_bytes(content)
    with pytest.raises(BadInput) as caught:
        profile_file(open_file(tmp_path / "data.csv", limits=SMALL))
    assert (caught.value.code, caught.value.line) == (code, line)


def test_bad_values_late_in_a_file_are_named_where_they_stand(tmp_path):
    (tmp_path / "late.csv").write_text("a,b\n" + "1,2\n" * 50 + "x,2\n")
    with pytest.raises(BadInput) as caught:
        profile_file(open_file(tmp_path / "late.csv", types={"a": "number"}))
    assert (caught.value.code, "row 51" in caught.value.message) == ("bad-value", True)
    assert profile_file(open_file(tmp_path / "late.csv"))["a"].kind == "text"
    (tmp_path / "ragged.csv").write_text("a,b\n" + "1,2\n" * 50 + "1,2,3\n")
    with pytest.raises(BadInput) as caught:
        profile_file(open_file(tmp_path / "ragged.csv"))
    assert caught.value.code == "ragged"
    (tmp_path / "none.csv").write_text("a,b\n")
    with pytest.raises(BadInput) as caught:
        profile_file(open_file(tmp_path / "none.csv"))
    assert caught.value.code == "header-only"
    whole = (written(tmp_path, frame(100), "parquet")).read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput) as caught:
        profile_file(open_file(tmp_path / "cut.parquet"))
    assert caught.value.code == "not-parquet"


def test_a_row_group_that_cannot_be_read_is_named_and_nothing_is_half_counted(tmp_path):
    path = written(tmp_path, frame(200), "parquet")
    with pq.ParquetFile(path) as file:
        start = file.metadata.row_group(9).column(3).data_page_offset
    data = bytearray(path.read_bytes())
    data[start : start + 20] = b"\xff" * 20
    path.write_bytes(data)
    with pytest.raises(BadInput) as caught:
        profile_file(open_file(path))
    assert caught.value.code == "not-parquet"


def test_warnings_and_facts_are_the_files(tmp_path):
    found = profile_file(open_file(written(tmp_path, frame(50), "parquet")))
    assert found.facts == {"format": "Parquet"}
    assert "when" in found.warnings[0]
    assert found.digest == replace(found, facts={"name": "other"}).digest, (
        "what it is called is not what it holds"
    )
