"""A list as a file: CSV, XLSX or JSON, of exactly the rows that were asked for, row by row.

A spreadsheet runs what looks like a formula. Text that begins like one gets an apostrophe before it in CSV and XLSX
(OWASP, "CSV injection"); JSON carries every value as it is.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import IO, Any

from people.lists import Cell, Listing

MOST_ROWS = 100_000
_FORMULA = re.compile(r"[\s\x00-\x1f\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
Lines = Iterable[list[Cell]]


def neutral(text: str) -> str:
    """`text` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def note_of_cap(left_off: int) -> str:
    """The last row of a file that could not hold all rows."""
    return f"{left_off} more rows are not in this file: at most {MOST_ROWS} are exported. Filter the list."


def as_csv(listing: Listing, lines: Lines, left_off: int) -> Iterator[bytes]:
    """UTF-8 with a byte order mark, so that spreadsheets read it as that."""
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    yield "\ufeff".encode()
    yield _line(writer, [column.title for column in listing.columns])
    for cells in lines:
        yield _line(writer, [_plain(cell) for cell in cells])
    if left_off:
        yield _line(writer, [note_of_cap(left_off)])


def as_json(listing: Listing, lines: Lines, left_off: int) -> Iterator[bytes]:
    """`{"list", "rows": [{column: value}], "left_off"}`; times as RFC 3339 in UTC."""
    yield json.dumps({"list": listing.name})[:-1].encode() + b', "rows": ['
    names = [column.name for column in listing.columns]
    for number, cells in enumerate(lines):
        row = {name: _said(cell) for name, cell in zip(names, cells, strict=True)}
        yield (b",\n" if number else b"\n") + json.dumps(row, ensure_ascii=False).encode()
    note = {"left_off": left_off, **({"note": note_of_cap(left_off)} if left_off else {})}
    yield b"\n], " + json.dumps(note)[1:].encode() + b"\n"


def as_xlsx(listing: Listing, lines: Lines, left_off: int) -> Iterator[bytes]:
    """One sheet, written to a file of our own before it is sent: the format has its table of contents at the end."""
    # openpyxl looks for numpy when it is imported; only an export needs either
    openpyxl = import_module("openpyxl")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", listing.title)[:31])
    sheet.append([column.title for column in listing.columns])
    for cells in lines:
        sheet.append([_in_sheet(cell) for cell in cells])
    if left_off:
        sheet.append([note_of_cap(left_off)])
    with tempfile.TemporaryFile() as file:
        import_module("openpyxl.writer.excel").save_workbook(book, file)
        file.seek(0)
        yield from _pieces(file)


Write = Callable[[Listing, Lines, int], Iterator[bytes]]
FORMATS: dict[str, tuple[str, str, Write]] = {
    "csv": ("CSV", "text/csv; charset=utf-8", as_csv),
    "xlsx": ("Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_xlsx),
    "json": ("JSON", "application/json", as_json),
}
"""Ending of the file -> its title, media type and writer."""


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _line(writer: Any, cells: list[Any]) -> bytes:
    return str(writer.writerow(cells)).encode()


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(64 * 1024):
        yield piece


def _said(cell: Cell) -> Any:
    if isinstance(cell, dt.datetime):
        return cell.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    return cell


def _plain(cell: Cell) -> Any:
    value = _said(cell)
    return neutral(value) if isinstance(value, str) else "" if value is None else value


def _in_sheet(cell: Cell) -> Any:
    value = _plain(cell)
    return _UNPRINTABLE.sub("\ufffd", value)[:32_767] if isinstance(value, str) else value
