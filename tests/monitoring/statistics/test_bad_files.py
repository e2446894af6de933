"""Attacks on what checks read (DT-01, DT-02, DT-06, DT-12): each file is read right or refused by name, by both readers alike."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring.statistics.blocks import open_file
from monitoring.statistics.inputs import BadInput, Limits, Sensitive
from monitoring.statistics.profiles import Numbers, Profile
from monitoring.statistics.profiling import profile_file, profile_table
from monitoring.statistics.reading import read_table

LAST = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
FIRST = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
LAST_SECOND, FIRST_SECOND = 253_402_300_799.0, -62_135_596_800.0


def write(path: Path, kind: str, **columns: pa.Array) -> Path:
    table = pa.table(columns)
    if kind == "Parquet":
        pq.write_table(table, path)
    else:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    return path


def told(read: Any) -> str:
    with pytest.raises(BadInput) as caught:
        read()
    assert caught.value.message
    return caught.value.code


def refused(path: Path, **said: Any) -> set[str]:
    """The names by which the table reader and the kernel refuse a file."""
    return {
        told(lambda: read_table(path, **said)),
        told(lambda: profile_file(open_file(path, **said))),
    }


def counted(path: Path) -> Profile:
    """A file's profile, which is that of its table."""
    found = profile_file(open_file(path))
    assert found.json() == profile_table(read_table(path)).json()
    return found


@pytest.mark.parametrize("kind", ["Parquet", "Arrow"])
@pytest.mark.parametrize(
    "column",
    [
        *(pa.timestamp(unit, tz=zone) for unit in ("s", "ms", "us") for zone in (None, "Europe/Berlin", "+14:00")),
        pa.date32(),
        pa.date64(),
    ],
    ids=str,
)  # fmt: skip
def test_times_of_every_year_unit_and_zone_are_seconds(
    tmp_path: Path, kind: str, column: pa.DataType
) -> None:
    """DT-02: the year 9999, as some write "never", is no fault of a check; zones change no instant."""
    whole = pa.types.is_date(column)
    later = dt.datetime(2255, 6, 6, tzinfo=dt.UTC)
    moments: list[Any] = [LAST, None, FIRST, dt.datetime(1969, 12, 31, tzinfo=dt.UTC), later]
    array = pa.array([m.date() if m and whole else m for m in moments], column)
    found = read_table(write(tmp_path / "x", kind, t=array))["t"]
    last = LAST_SECOND - 86_399 if whole else LAST_SECOND
    expected = [last, np.nan, FIRST_SECOND, -86_400.0, later.timestamp()]
    assert np.array_equal(found.numbers, expected, equal_nan=True)
    assert (found.kind, found.null) == ("number", 1)
    numbers = counted(tmp_path / "x")["t"]
    assert isinstance(numbers, Numbers)
    assert (numbers.n, numbers.least, numbers.greatest, numbers.apart.null) == (4, FIRST_SECOND, last, 1)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_no_calendar_has_are_read_too(tmp_path: Path, unit: str) -> None:
    """DT-02: the ends of 64 bits, and nanoseconds that are no whole microseconds, which a cast refuses."""
    path = write(tmp_path / "x", "Arrow", t=pa.array([2**63 - 1, -(2**63) + 1, 0, 1], pa.timestamp(unit)))
    per = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    found = read_table(path)["t"].numbers
    assert found[:2] == pytest.approx([2**63 / per, -(2**63) / per], rel=1e-15)
    assert found[3] == pytest.approx(1 / per, abs=1e-6)
    assert counted(path).rows == 4


@pytest.mark.parametrize("kind", ["Parquet", "Arrow"])
def test_zones_of_two_columns_do_not_shift_one_against_the_other(tmp_path: Path, kind: str) -> None:
    """DT-02: mixed zones; an instant is the same number in each."""
    moments = pa.array([0, 1_700_000_000], pa.timestamp("s", "UTC"))
    zones = {zone: moments.cast(pa.timestamp("s", zone)) for zone in ("UTC", "Asia/Kathmandu", "-11:00")}
    path = write(tmp_path / "x", kind, **zones)
    table = read_table(path)
    assert {tuple(table[name].numbers) for name in zones} == {(0.0, 1_700_000_000.0)}
    assert len(table.warnings) == len(counted(path).warnings) == 3


def test_times_in_a_csv_are_text_with_their_zone(tmp_path: Path) -> None:
    """DT-02: no zone is guessed."""
    path = tmp_path / "x.csv"
    path.write_text("t\n2026-01-01T00:00:00+02:00\n2025-12-31T22:00:00Z\n9999-12-31\n")
    assert read_table(path)["t"].kind == "text"
    assert "2026-01-01T00:00:00+02:00" in read_table(path)["t"].categories
    assert counted(path)["t"].n == 3


STRANGE = {
    "list": pa.array([[1], [2]]),
    "struct": pa.array([{"x": 1}] * 2),
    "map": pa.array([[(1, 2)]] * 2, pa.map_(pa.int64(), pa.int64())),
    "dictionary of lists": pa.DictionaryArray.from_arrays(pa.array([0, 0], pa.int8()), pa.array([[1, 2]])),
    "run-end encoded": pa.RunEndEncodedArray.from_arrays(pa.array([2], pa.int32()), pa.array(["a"])),
    "union": pa.UnionArray.from_sparse(pa.array([0, 0], pa.int8()), [pa.array([1, 2])]),
    "bytes": pa.array([b"\xff", b"b"]),
    "time of day": pa.array([0, 1], pa.time32("s")),
    "duration": pa.array([0, 1], pa.duration("us")),
    "identifier type": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16] * 2, pa.binary(16))),
}


@pytest.mark.parametrize("name", STRANGE)
def test_types_no_check_can_read_are_named(tmp_path: Path, name: str) -> None:
    """Parquet and Arrow with nested types, and a dictionary that hides one."""
    assert refused(write(tmp_path / "x", "Arrow", a=pa.array([1, 2]), t=STRANGE[name])) == {
        "unsupported-type"
    }
    if name in ("list", "struct", "map", "bytes", "time of day", "duration"):
        path = write(tmp_path / "y", "Parquet", a=pa.array([1, 2]), t=STRANGE[name])
        assert refused(path) == {"unsupported-type"}


@pytest.mark.parametrize("kind", ["Parquet", "Arrow"])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array(["x", "y", "x"]), ("x", "y")),
        (pa.array([5, 7, 5]), [5.0, 7.0, 5.0]),
        (pa.array([0, 2**40, 0], pa.timestamp("s")), [0.0, 2.0**40, 0.0]),
    ],
    ids=["text", "numbers", "times"],
)
def test_dictionaries_are_what_they_hold(tmp_path: Path, kind: str, values: pa.Array, expected: Any) -> None:
    """Parquet and Arrow with dictionary types: values count, never codes."""
    path = write(tmp_path / "x", kind, t=values.dictionary_encode())
    column = read_table(path)["t"]
    assert (column.categories if column.kind == "text" else column.numbers.tolist()) == expected
    assert counted(path).rows == 3


@pytest.mark.parametrize("kind", ["Parquet", "Arrow"])
def test_text_that_is_not_utf_8_inside_a_typed_file_is_named(tmp_path: Path, kind: str) -> None:
    """DT-06: bytes that call themselves text."""
    offsets = pa.py_buffer(np.array([0, 1, 2], np.int32).tobytes())
    text = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"\xff\xfe")])
    assert refused(write(tmp_path / "x", kind, t=text)) == {"encoding"}


BAD = {
    "empty": (b"", "empty"),
    "header only": (b"a,b\n", "header-only"),
    "header without an end of line": (b"a,b", "header-only"),
    "BOM alone": (b"\xef\xbb\xbf", "empty-header"),
    "UTF-16": ("a,b\n1,2\n".encode("utf-16"), "encoding"),
    "UTF-16 without BOM": ("a,b\n1,2\n".encode("utf-16-be"), "encoding"),
    "UTF-32": ("a,b\n1,2\n".encode("utf-32"), "encoding"),
    "semicolons and decimal commas": (b"a;b\n1,5;2\n", "delimiter"),
    "decimal commas in quotes": (b'a,b\n"1,5",2\n', "decimal-comma"),
    "duplicate header": (b"a,a\n1,2\n", "duplicate-header"),
    "trailing commas": (b"a,b,\n1,2,\n", "empty-header"),
    "trailing comma in a row": (b"a,b\n1,2,\n", "ragged"),
    "quote in the header": (b'a,"b\n1,2\n', "unterminated-quote"),
    "quoted newline without end": (b'a,b\n"1\n2,3\n4,5\n', "unterminated-quote"),
    "NUL": (b"a,b\n1,\x00\n", "not-text"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_text_files_have_one_name(tmp_path: Path, case: str) -> None:
    """DT-06: refused, never read with shifted columns."""
    content, code = BAD[case]
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    assert refused(path) == {code}


def test_a_line_of_a_gigabyte_is_refused_after_its_first_megabyte(tmp_path: Path) -> None:
    """DT-01: by the limit as shipped; the file has holes, so that only what is read costs anything."""
    path = tmp_path / "x.csv"
    with path.open("wb") as file:
        file.write(b"a,b\n" + b"1" * 2_000_000)
        file.truncate(1_000_000_000)
    assert refused(path) == {"long-line"}
    with path.open("wb") as file:
        file.write(b"a" * 2_000_000)
        file.truncate(1_000_000_000)
    assert refused(path) == {"long-line"}


class _Counting:
    """A file that counts what is read of it."""

    def __init__(self, file: Any, taken: list[int]) -> None:
        self.file, self.taken = file, taken

    def read(self, size: int = -1) -> bytes:
        found: bytes = self.file.read(size)
        self.taken.append(len(found))
        return found

    def readline(self, size: int = -1) -> bytes:
        found: bytes = self.file.readline(size)
        self.taken.append(len(found))
        return found

    def __enter__(self) -> _Counting:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()


@pytest.mark.parametrize("start", [b"a,b\n", b'a,b\n"', b""], ids=["row", "quoted", "header"])
def test_of_a_line_without_end_no_more_is_read_than_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    """DT-01: bounded memory is bounded reading, in pieces no larger than the limit; a quote gives no longer line."""
    path, limit = tmp_path / "x.csv", 10_000
    path.write_bytes(start + b"x" * 50 * limit)
    taken: list[int] = []
    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *said: _Counting(opened(self, *said), taken))
    assert told(lambda: read_table(path, limits=Limits(line_bytes=limit))) == "long-line"
    assert max(taken) <= limit + 1
    assert sum(taken) <= 4 * limit


def test_20_000_columns_are_refused_before_a_row_is_read(tmp_path: Path) -> None:
    """DT-01: in each kind of file."""
    names = [f"c{number}" for number in range(20_000)]
    path = tmp_path / "x.csv"
    path.write_text(",".join(names) + "\n" + ",".join("1" * 20_000) + "\n")
    assert refused(path) == {"too-many-columns"}
    for kind in ("Parquet", "Arrow"):
        columns = {name: pa.array([1]) for name in names[:2_001]}
        assert refused(write(tmp_path / kind, kind, **columns)) == {"too-many-columns"}


def test_duplicate_columns_of_a_typed_file_are_refused(tmp_path: Path) -> None:
    """DT-06: a name that stands twice in Arrow is refused as in CSV."""
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    pq.write_table(table, tmp_path / "x")
    assert refused(tmp_path / "x") == {"duplicate-header"}


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('id')",
        "@pd.eval('1')",
        "{0.__class__}",
        "age<=25 or 1=1",
        "age; DROP TABLE run",
        "age<=__import__",
        "age<=1e999",
        "<=25",
    ],
)
def test_expressions_are_names_or_tiny_cuts_and_never_evaluated(text: str) -> None:
    """DT-12: what isn't NAME<=NUMBER is at most the name of a column, looked up and not found."""
    no_cuts = {"age<=25 or 1=1", "age<=__import__", "age<=1e999", "<=25"}
    if text in no_cuts:
        assert told(lambda: Sensitive.parse(text)) == "sensitive"
    else:
        found = Sensitive.parse(text)
        assert (found.column, found.op) == (text, "")


def test_words_for_numbers_are_counted_apart_in_every_column(tmp_path: Path) -> None:
    """DT-02: NaN, "nan", NULL, inf, -0.0 and 1e999, in numbers and in text."""
    path = tmp_path / "x.csv"
    path.write_text("x,w\n-0.0,a\nNaN,nan\n nan ,NULL\nNULL,\n1e999,1e999\n-inf,inf\ninfinity,-0.0\n")
    found = counted(path)
    assert found["x"].apart.counts() == {
        "null": 1, "nan": 2, "plus_infinity": 1, "minus_infinity": 1, "overflow": 1,
    }  # fmt: skip
    assert found["w"].apart.counts() | {"n": found["w"].n} == {
        "null": 2, "nan": 1, "plus_infinity": 0, "minus_infinity": 0, "overflow": 0, "n": 4,
    }  # fmt: skip
