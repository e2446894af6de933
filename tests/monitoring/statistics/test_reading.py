"""Bad files have names; good ones keep every value (attack cases DT-02, DT-06)."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring.statistics.inputs import BadInput, Limits
from monitoring.statistics.reading import read_table

SMALL = Limits(bytes=5_000, rows=3, columns=4, line_bytes=200)
BAD = {
    "empty": (b"", "empty", 1),
    "header only": (b"a,b\n", "header-only", 1),
    "utf-16": ("a,b\n1,2\n".encode("utf-16"), "encoding", 1),
    "latin-1": (b"a,b\n1,\xe9\n", "encoding", 2),
    "semicolons": (b"a;b\n1;2\n", "delimiter", 1),
    "decimal comma": (b'a,b\n"1,5",2\n"2,5",3\n', "decimal-comma", None),
    "duplicate header": (b"a,b,a\n1,2,3\n", "duplicate-header", 1),
    "trailing comma in header": (b"a,b,\n1,2,\n", "empty-header", 1),
    "trailing comma in a row": (b"a,b\n1,2,\n", "ragged", 2),
    "short row": (b"a,b\n1,2\n3\n", "ragged", 3),
    "long row": (b"a,b\n1,2\n1,2,3\n", "ragged", 3),
    "no header": (b"1,2\n3,4\n", "no-header", 1),
    "open quote": (b'a,b\n1,"x\n2,y\n3,z\n', "unterminated-quote", 2),
    "long line": (b"a,b\n" + b"1" * 300 + b",2\n", "long-line", 2),
    "too many columns": (b"a,b,c,d,e\n1,2,3,4,5\n", "too-many-columns", 1),
    "too many rows": (b"a\n1\n2\n3\n4\n", "too-many-rows", None),
    "too large": (b"a\n" + b"1\n" * 3_000, "too-large", None),
    "pickle": (b"\x80\x04\x95x", "not-text", 1),
    "zip": (b"PK\x03\x04abc", "not-text", 1),
    "broken parquet": (b"PAR1 but not really PAR1", "not-parquet", None),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named_with_its_line(tmp_path, case):
    """DT-01, DT-06: limits and dialects, each by its name and line."""
    content, code, line = BAD[case]
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        read_table(path, limits=SMALL)
    assert (caught.value.code, caught.value.line) == (code, line)
    assert caught.value.message


def test_asked_columns_must_be_there_and_declared_types_must_hold(tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(b"a,b\n1,x\n")
    for arguments, code in (
        ({"columns": ["c"]}, "unknown-column"),
        ({"types": {"c": "text"}}, "unknown-column"),
        ({"types": {"b": "number"}}, "bad-value"),
        ({"types": {"b": "pickle"}}, "bad-type"),
    ):
        with pytest.raises(BadInput) as caught:
            read_table(path, **arguments)
        assert caught.value.code == code
    assert read_table(path, columns=["b"]).names == ("b",)
    assert read_table(path, types={"a": "text"})["a"].categories == ("1",)


def test_what_is_not_a_number_is_counted_apart(tmp_path):
    """DT-02."""
    path = tmp_path / "data.csv"
    path.write_bytes(b"\xef\xbb\xbfx\n1\n-0\nNaN\nnull\n\ninf\n-inf\n1e999\n")
    column = read_table(path)["x"]
    assert column.counts() == {"null": 2, "nan": 1, "plus_infinity": 1, "minus_infinity": 1, "overflow": 1}
    assert math.copysign(1, column.numbers[1]) == 1, "-0 is 0"


def test_long_identifiers_stay_different(tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(b"id,n\n12345678901234567890,1\n12345678901234567891,2\n")
    assert read_table(path)["id"].kind == "text"


def test_quoted_newlines_and_other_dialects_are_read(tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(b'a;b\n"x\ny";1,5\n"say ""no""";2\n')
    table = read_table(path, delimiter=";", decimal=",")
    assert table["a"].categories == ('say "no"', "x\ny")
    assert table["b"].numbers.tolist() == [1.5, 2.0]


def test_parquet_keeps_null_and_nan_apart_and_refuses_nesting(tmp_path):
    """DT-02."""
    path = tmp_path / "data.parquet"
    words = pa.array(["x", None, "y"]).dictionary_encode()
    times = pa.array([0, None, 1_000_000], pa.timestamp("us", tz="Europe/Berlin"))
    numbers = pa.array([1.0, None, math.nan])
    pq.write_table(pa.table({"n": numbers, "w": words, "t": times, "b": [True, None, False]}), path)
    table = read_table(path)
    assert (table["n"].null, table["n"].nan) == (1, 1)
    assert table["w"].codes.tolist() == [0, -1, 1]
    assert table["b"].categories == ("false", "true")
    assert np.nanmax(table["t"].numbers) == 1.0
    assert "seconds" in table.warnings[0]
    pq.write_table(pa.table({"n": [[1], [2]]}), path)
    with pytest.raises(BadInput, match="nested"):
        read_table(path)
