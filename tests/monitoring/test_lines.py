"""JSON Lines become the CSV that says the same, or are refused with their line."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.lines import BadLines, csv_of

NAMES = st.text(st.characters(categories=("L", "N", "P", "Zs")), min_size=1, max_size=8).filter(
    lambda name: name.strip() and name.isprintable()
)
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS


def said(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), min_size=1, max_size=5))
def test_every_value_is_where_it_was(rows: list[dict[str, object]]) -> None:
    text = "\n".join(json.dumps(row) for row in rows)
    header, *found = csv.reader(io.StringIO(csv_of(text).decode(), newline=""))
    assert header == list(dict.fromkeys(name for row in rows for name in row))
    assert [dict(zip(header, row, strict=True)) for row in found] == [
        {name: said(row.get(name)) for name in header} for row in rows
    ]


def test_digits_stay_as_they_were_written() -> None:
    assert csv_of('{"a": 1e999, "b": 0.10, "c": 9007199254740993, "d": -0.0}\n') == (
        b"a,b,c,d\n1e999,0.10,9007199254740993,-0.0\n"
    )


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 1, "no row"),
        ('{"a": 1}\n{"a": NaN}', 2, "NaN"),
        ('{"a": Infinity}', 1, "Infinity"),
        ('{"a": 1, "a": 2}', 1, "repeated"),
        ('{"a": 1}\n[1]', 2, "object"),
        ("{}", 1, "at least one member"),
        ('{"a": {"b": 1}}', 1, "neither"),
        ('{"a": [1]}', 1, "neither"),
        ('{"a": 1', 1, "not JSON"),
        ('{" ": 1}', 1, "no name"),
        ('{"a\\u0000": 1}', 1, "no name"),
        ('{"a": "x\\ny"}', 1, "line break"),
        ('{"a": "\\ud800"}', 1, "character"),
        ('{"a": "' + "x" * 10_001 + '"}', 1, "10,000 characters"),
        ("[" * 100_000, 1, "not JSON"),
        ("\n".join(f'{{"c{n}": 1}}' for n in range(2001)), 2001, "2,000 columns"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_cannot_be_read_is_named_with_its_line(text: str, line: int, why: str) -> None:
    with pytest.raises(BadLines, match=f"^Line {line}: .*{why}") as refused:
        csv_of(text)
    assert refused.value.line == line


def test_rows_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.lines.MAX_ROWS", 3)
    assert csv_of('{"a": 1}\n' * 3).count(b"\n") == 4
    with pytest.raises(BadLines, match="Line 4: more than 3 rows"):
        csv_of('{"a": 1}\n' * 4)
