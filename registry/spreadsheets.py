"""Spreadsheets that people send, as text cells: XLSX and CSV. Pure: bytes in, text out.

A sender is a stranger: sizes, counts and ratios are judged before anything is unpacked, formulas are never evaluated,
and what could shift a column is refused by name instead of guessed.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from ledger.errors import Invalid, TooLarge

MAX_BYTES = 5 * 1024 * 1024
MAX_UNPACKED = 24 * 1024 * 1024
MAX_RATIO = 200
MAX_ENTRIES = 500
MAX_ROWS, MAX_COLUMNS, MAX_CELL = 2_000, 60, 10_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
ERRORS = frozenset({"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"})
"""What a spreadsheet writes where its formula failed."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True)
class Sheet:
    """`rows` are (number as the spreadsheet counts them, cells); each has as many cells as `header`. `name` is that of
    the sheet that was read, empty for CSV."""

    media_type: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    name: str = ""


def read(data: bytes) -> Sheet:
    """The first sheet of a workbook, or a CSV file. Raises Invalid (field "file") saying what is wrong, TooLarge."""
    if len(data) > MAX_BYTES:
        raise TooLarge(f"The file is larger than {MAX_BYTES // 1024 // 1024} MiB.", field="file")
    if not data.strip():
        raise _refused("The file is empty.")
    if data.startswith(_OLE):
        raise _refused(
            "This is an old or an encrypted Excel file. Save it as .xlsx without a password, or as CSV."
        )
    if data.startswith(b"PK"):
        name, lines = _xlsx(data)
        return _sheet(XLSX, lines, name)
    return _sheet(CSV, _csv(_text(data)))


def _sheet(media_type: str, lines: Iterable[tuple[int, list[str]]], name: str = "") -> Sheet:
    header: tuple[str, ...] = ()
    rows: list[tuple[int, tuple[str, ...]]] = []
    for number, cells in lines:
        trimmed = _trimmed(cells)
        if not trimmed:
            continue
        if not header:
            header = _header(trimmed)
            continue
        if len(trimmed) > len(header):
            text = f"Row {number} has {len(trimmed)} cells, the header {len(header)}: a column would shift."
            raise _refused(text)
        if len(rows) == MAX_ROWS:
            raise TooLarge(f"More than {MAX_ROWS:,} rows; split the file.", field="file")
        _require_short(number, trimmed)
        rows.append((number, (*trimmed, *[""] * (len(header) - len(trimmed)))))
    if not header:
        raise _refused("The file holds no text.")
    if not rows:
        raise _refused("The file has a header and no rows.")
    return Sheet(media_type, header, tuple(rows), name)


def _header(cells: list[str]) -> tuple[str, ...]:
    if len(cells) > MAX_COLUMNS:
        raise TooLarge(f"More than {MAX_COLUMNS} columns.", field="file")
    if "" in cells:
        raise _refused(f"Column {cells.index('') + 1} has no name in the header.")
    _require_short(1, cells)
    folded = [cell.casefold() for cell in cells]
    for cell in cells:
        if folded.count(cell.casefold()) > 1:
            raise _refused(f"The header names the column '{cell}' twice.")
    return tuple(cells)


def _trimmed(cells: list[str]) -> list[str]:
    """Without blanks around cells and without empty cells at the end."""
    texts = [cell.strip() for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return texts


def _require_short(number: int, cells: Iterable[str]) -> None:
    for place, cell in enumerate(cells, 1):
        if len(cell) > MAX_CELL:
            raise TooLarge(f"Row {number}, column {place}: more than {MAX_CELL:,} characters.", field="file")


# -- CSV -------------------------------------------------------------------------------------------------------------


def _text(data: bytes) -> str:
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        text = f"The text is neither UTF-8 nor UTF-16 (byte {error.start}). Save it as “CSV UTF-8”."
        raise _refused(text) from error
    if "\x00" in text:
        raise _refused(
            "The file holds NUL characters: it is no CSV, or UTF-16 without its mark. Save it as “CSV UTF-8”."
        )
    return text


def _csv(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        yield from enumerate(reader, 1)
    except csv.Error as error:
        raise _refused(f"Line {reader.line_num} can't be read as CSV: {error}.") from error


def _delimiter(text: str) -> str:
    """The character that parts the header's cells; what stands in quotes parts nothing."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    quoted, counts = False, dict.fromkeys(DELIMITERS, 0)
    for letter in first:
        quoted ^= letter == '"'
        if not quoted and letter in counts:
            counts[letter] += 1
    most = max(counts.values())
    found = [letter for letter, count in counts.items() if count == most]
    if most and len(found) > 1:
        names = " and ".join(DELIMITERS[letter] for letter in found)
        raise _refused(f"The header has as many of {names}, so nobody can tell what parts its columns.")
    return found[0]


# -- XLSX ------------------------------------------------------------------------------------------------------------


def _xlsx(data: bytes) -> tuple[str, Iterator[tuple[int, list[str]]]]:
    _require_harmless(data)
    # openpyxl takes a while to import and is needed here alone. With defusedxml installed it reads all XML through it.
    from openpyxl import DEFUSEDXML, load_workbook  # noqa: PLC0415

    if not DEFUSEDXML:
        raise RuntimeError("openpyxl reads XML without defusedxml: install what the requirements name")
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = next((item for item in book.worksheets if item.sheet_state == "visible"), None)
    except Exception as error:  # a broken workbook fails anywhere in the library, with anything
        raise _broken(error) from error
    if sheet is None:
        raise _refused("The workbook has no visible sheet.")
    return str(sheet.title)[:100], _cells(sheet)


def _cells(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    try:
        sheet.reset_dimensions()  # what the file says of its size is only what its writer says
        rows = sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS + 1)
        for number, cells in enumerate(rows, 1):
            if number > 10 * MAX_ROWS:
                raise TooLarge(
                    f"Cells stand below row {10 * MAX_ROWS:,}; remove the empty rows.", field="file"
                )
            yield number, [_cell(value) for value in cells]
    except (TooLarge, Invalid):
        raise
    except Exception as error:
        raise _broken(error) from error


def _cell(value: object) -> str:
    """A cell's saved value as text; a formula counts as the value that was saved with it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def _require_harmless(data: bytes) -> None:
    """Refuse what would unpack to more than the limits, by the sizes in its own directory and by unpacking to nowhere."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > MAX_ENTRIES:
                raise TooLarge(f"The workbook holds more than {MAX_ENTRIES} parts.", field="file")
            if any(member.flag_bits & 1 for member in members):
                raise _refused("The workbook is encrypted. Save it without a password.")
            _require_small(archive, members)
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        EOFError,
        OSError,
        RuntimeError,
        ValueError,
        zlib.error,
    ) as error:
        raise _broken(error) from error


def _require_small(archive: zipfile.ZipFile, members: Iterable[zipfile.ZipInfo]) -> None:
    total = 0
    for member in members:
        limit = min(MAX_UNPACKED - total, 1024 * 1024 + MAX_RATIO * member.compress_size)
        size = 0
        with archive.open(member) as part:
            while piece := part.read(64 * 1024):
                size += len(piece)
                if size > limit:
                    text = f"The part '{member.filename[:60]}' unpacks to more than is accepted."
                    raise TooLarge(text, field="file")
        total += size


def _broken(error: Exception) -> Invalid:
    return _refused(f"This can't be read as an .xlsx workbook ({type(error).__name__}).")


def _refused(text: str) -> Invalid:
    return Invalid(text, field="file")
