"""Files into tables: CSV, Parquet and Arrow, and a name for everything that can be wrong with them.

The kind of file is read from its first bytes, never from its name. Nothing is unpickled, unzipped or evaluated.
A CSV file is comma separated UTF-8 with one header line unless the caller says otherwise; what would shift
columns or lose a value is refused with the line it stands on.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from monitoring.statistics.inputs import BadInput, Limits
from monitoring.statistics.tables import Column, Table, column_from_arrow, column_from_strings

_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_NUMBER = re.compile(r"^\s*[+-]?\d+([.,]\d+)?\s*$")


def read_table(
    path: str | Path,
    *,
    types: Mapping[str, str] | None = None,
    columns: Sequence[str] | None = None,
    delimiter: str = ",",
    decimal: str = ".",
    limits: Limits | None = None,
) -> Table:
    """The table in one file.

    `types` declares columns as `number` or `text`; others are inferred. `columns` reads these alone.
    Raises BadInput with codes empty, header-only, encoding, not-text, delimiter, no-header, empty-header,
    duplicate-header, ragged, unterminated-quote, long-line, too-large, too-many-rows, too-many-columns,
    unknown-column, bad-value, decimal-comma, unsupported-type, not-parquet or not-there.
    """
    limits, types, path = limits or Limits(), dict(types or {}), Path(path)
    if (kind := kind_of_file(path, limits)) == "CSV":
        return _read_csv(path, types, columns, delimiter, decimal, limits)
    return _read_arrow(path, kind, types, columns, limits)


def kind_of_file(path: Path, limits: Limits) -> str:
    """CSV, Parquet or Arrow. Raises BadInput not-there, empty, too-large."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise BadInput(
            "not-there", f"The file {path.name} cannot be read: {error.strerror or error}."
        ) from None
    if size == 0:
        raise BadInput("empty", f"{path.name} is empty: no header, no rows.", line=1)
    if size > limits.bytes:
        raise BadInput("too-large", f"{path.name} has {size} bytes; at most {limits.bytes} are read.")
    if head.startswith(b"PAR1"):
        return "Parquet"
    return "Arrow" if head.startswith(b"ARROW1") else "CSV"


def _read_csv(
    path: Path,
    types: Mapping[str, str],
    wanted: Sequence[str] | None,
    delimiter: str,
    decimal: str,
    limits: Limits,
) -> Table:
    header = checked_header(path, types, wanted, delimiter, limits)
    try:
        table = _parse(path, header, wanted, delimiter, limits, threads=True)
    except BadInput as error:
        if error.code != "ragged" or error.line is not None:
            raise
        table = _parse(path, header, wanted, delimiter, limits, threads=False)
    if table.num_rows == 0:
        raise BadInput("header-only", f"{path.name} has a header and no rows.", line=1)
    check_rows(path, table.num_rows, limits)
    columns: dict[str, Column] = {}
    for name in table.column_names:
        array = table.column(name).combine_chunks()
        columns[name] = column_from_strings(name, array, declared=types.get(name), decimal=decimal)
    return Table(columns=columns, rows=table.num_rows, facts={"format": "CSV"})


def checked_header(
    path: Path, types: Mapping[str, str], wanted: Sequence[str] | None, delimiter: str, limits: Limits
) -> list[str]:
    """Column names of a CSV file whose every byte was looked at once."""
    header = _header(path, delimiter, limits)
    _scan(path, limits)
    check_names(header, types, wanted)
    return header


def _header(path: Path, delimiter: str, limits: Limits) -> list[str]:
    with path.open("rb") as file:
        start = file.readline(limits.line_bytes + 1)
    if start.startswith(_UTF16_BOMS) or b"\0" in start[:64]:
        if start.startswith(_UTF16_BOMS) or start[1:2] == b"\0" or start[:1] == b"\0":
            raise BadInput("encoding", f"{path.name} is UTF-16. Save it as UTF-8.", line=1)
        raise BadInput("not-text", f"{path.name} is neither text nor Parquet nor Arrow.", line=1)
    if start.startswith((b"\x80", b"PK\x03\x04", b"\x1f\x8b")):
        raise BadInput(
            "not-text",
            f"{path.name} is a pickle or an archive, which are never opened. Give CSV, Parquet or Arrow.",
            line=1,
        )
    if len(start) > limits.line_bytes:
        raise BadInput(
            "long-line", f"Line 1 of {path.name} is longer than {limits.line_bytes} bytes.", line=1
        )
    try:
        text = start.removeprefix(_UTF8_BOM).decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput(
            "encoding", f"Line 1 of {path.name} is not UTF-8. Save the file as UTF-8.", line=1
        ) from None
    if text.count('"') % 2:
        raise BadInput("unterminated-quote", f"A quote in the header of {path.name} is never closed.", line=1)
    if not text.strip():
        raise BadInput(
            "empty-header", f"Line 1 of {path.name} is blank; column names are expected there.", line=1
        )
    header = next(csv.reader(io.StringIO(text), delimiter=delimiter))
    if len(header) == 1 and (other := next((d for d in ";\t|," if d != delimiter and d in text), None)):
        raise BadInput(
            "delimiter",
            f"{path.name} seems to be separated by {_sign(other)}, not {_sign(delimiter)}. "
            "Save it with commas, or name the delimiter.",
            line=1,
        )
    if len(header) > limits.columns:
        raise BadInput(
            "too-many-columns",
            f"{path.name} has {len(header)} columns; at most {limits.columns} are read.",
            line=1,
        )
    if sum(bool(_NUMBER.match(name)) for name in header) * 2 > len(header):
        raise BadInput(
            "no-header", f"Line 1 of {path.name} holds numbers, not column names. Add a header.", line=1
        )
    for place, name in enumerate(header, start=1):
        if not name.strip():
            raise BadInput(
                "empty-header", f"Column {place} of {path.name} has no name.", line=1, column=str(place)
            )
    seen: set[str] = set()
    for name in header:
        if name in seen:
            raise BadInput(
                "duplicate-header", f"Column {name!r} stands twice in {path.name}.", line=1, column=name
            )
        seen.add(name)
    return header


def _scan(path: Path, limits: Limits) -> None:
    """One pass over the bytes in constant memory: line lengths, encoding, balance of quotes."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, carried, quotes, odd_since = 1, 0, 0, 1
    with path.open("rb") as file:
        while chunk := file.read(min(1 << 18, limits.line_bytes)):
            first, last = chunk.find(b"\n"), chunk.rfind(b"\n")
            if carried + (first if first >= 0 else len(chunk)) > limits.line_bytes:
                raise BadInput(
                    "long-line",
                    f"Line {line} of {path.name} is longer than {limits.line_bytes} bytes.",
                    line=line,
                )
            if b"\0" in chunk:
                raise BadInput("not-text", f"{path.name} holds NUL bytes near line {line}.", line=line)
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                place = line + chunk.count(b"\n", 0, max(error.start, 0))
                raise BadInput(
                    "encoding",
                    f"Line {place} of {path.name} is not UTF-8. Save the file as UTF-8.",
                    line=place,
                ) from None
            if b'"' in chunk:
                for piece in chunk.split(b"\n"):
                    marks = piece.count(b'"')
                    if marks % 2 and quotes % 2 == 0:
                        odd_since = line
                    quotes += marks
                    line += 1
                line -= 1
            else:
                line += chunk.count(b"\n")
            carried = len(chunk) - last - 1 if last >= 0 else carried + len(chunk)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise BadInput(
            "encoding", f"Line {line} of {path.name} is not UTF-8. Save the file as UTF-8.", line=line
        ) from None
    if quotes % 2:
        raise BadInput(
            "unterminated-quote",
            f"A quote opened on line {odd_since} of {path.name} is never closed.",
            line=odd_since,
        )


def _parse(
    path: Path,
    header: list[str],
    wanted: Sequence[str] | None,
    delimiter: str,
    limits: Limits,
    *,
    threads: bool,
) -> pa.Table:
    bad: list[Any] = []
    options = csv_options(header, wanted, delimiter, bad)
    reading = pacsv.ReadOptions(use_threads=threads, block_size=max(1 << 20, 2 * limits.line_bytes))
    try:
        return pacsv.read_csv(path, read_options=reading, **options)
    except pa.ArrowInvalid as error:
        raise csv_fault(path, error, bad) from None


def csv_options(
    header: list[str], wanted: Sequence[str] | None, delimiter: str, bad: list[Any]
) -> dict[str, Any]:
    """How pyarrow parses: every field as text. Rows of another width end it and are put into `bad`."""

    def ragged(row: Any) -> str:
        bad.append(row)
        return "error"

    return {
        "parse_options": pacsv.ParseOptions(
            delimiter=delimiter,
            newlines_in_values=True,
            ignore_empty_lines=len(header) > 1,
            invalid_row_handler=ragged,
        ),
        "convert_options": pacsv.ConvertOptions(
            column_types={name: pa.string() for name in header},
            strings_can_be_null=False,
            include_columns=list(wanted) if wanted else [],
        ),
    }


def csv_fault(path: Path, error: Exception, bad: list[Any]) -> BadInput:
    """What pyarrow's refusal means."""
    if not bad and "Empty CSV" in str(error):
        return BadInput("header-only", f"{path.name} has a header and no rows.", line=1)
    if not bad:
        return BadInput("not-csv", f"{path.name} is not readable as CSV: {error}.")
    row = bad[0]
    return BadInput(
        "ragged",
        f"Record {row.number if row.number is not None else '?'} of {path.name} (the header is 1, blank lines "
        f"are not counted) has {row.actual_columns} fields; "
        f"the header has {row.expected_columns}.",
        line=row.number,
    )


def _read_arrow(
    path: Path, name: str, types: Mapping[str, str], wanted: Sequence[str] | None, limits: Limits
) -> Table:
    try:
        if name == "Parquet":
            with pq.ParquetFile(path) as file:
                check_rows(path, file.metadata.num_rows, limits)
                check_schema(path, file.schema_arrow, types, wanted, limits)
                table = file.read(columns=list(wanted) if wanted else None)
        else:
            with pa.OSFile(str(path)) as source, pa.ipc.open_file(source) as reader:
                check_schema(path, reader.schema, types, wanted, limits)
                table = reader.read_all()
                table = table.select(list(wanted)) if wanted else table
    except (pa.ArrowException, OSError) as error:
        raise arrow_fault(path, name, error) from None
    if table.num_rows == 0:
        raise BadInput("header-only", f"{path.name} has columns and no rows.")
    check_rows(path, table.num_rows, limits)
    columns = {
        field.name: declared_column(
            field.name, table.column(field.name).combine_chunks(), types.get(field.name)
        )
        for field in table.schema
    }
    return Table(
        columns=columns, rows=table.num_rows, warnings=time_warnings(table.schema), facts={"format": name}
    )


def arrow_fault(path: Path, name: str, error: Exception) -> BadInput:
    """What it means that pyarrow can't read a file of this kind."""
    return BadInput("not-parquet", f"{path.name} begins like {name} but cannot be read: {error}.")


def time_warnings(schema: pa.Schema) -> tuple[str, ...]:
    """One sentence for each column of times."""
    return tuple(
        f"Column {field.name!r} holds times; they are compared as seconds since 1970 in UTC."
        for field in schema
        if pa.types.is_temporal(field.type)
    )


def declared_column(name: str, array: pa.Array, declared: str | None) -> Column:
    """A typed array as a column of the declared kind. Raises BadInput bad-value, unsupported-type."""
    column = column_from_arrow(name, array)
    if declared == "text" and column.kind == "number":
        names, codes = column.coded()
        return Column(
            name=name,
            kind="text",
            numbers=column.numbers[:0],
            codes=codes,
            categories=names,
            null=column.null,
            nan=column.nan,
        )
    if declared == "number" and column.kind == "text":
        raise BadInput(
            "bad-value", f"Column {name!r} is declared a number, but the file says {array.type}.", column=name
        )
    return column


def check_schema(
    path: Path, schema: pa.Schema, types: Mapping[str, str], wanted: Sequence[str] | None, limits: Limits
) -> None:
    """Raises BadInput too-many-columns, duplicate-header, unsupported-type, unknown-column."""
    if len(schema.names) > limits.columns:
        raise BadInput(
            "too-many-columns",
            f"{path.name} has {len(schema.names)} columns; at most {limits.columns} are read.",
        )
    for name in schema.names:
        if schema.names.count(name) > 1:
            raise BadInput("duplicate-header", f"Column {name!r} stands twice in {path.name}.", column=name)
    for field in schema:
        held = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_nested(held):
            raise BadInput(
                "unsupported-type",
                f"Column {field.name!r} is nested ({field.type}); flatten it first.",
                column=field.name,
            )
    check_names(schema.names, types, wanted)


def check_names(header: Sequence[str], types: Mapping[str, str], wanted: Sequence[str] | None) -> None:
    """Raises BadInput unknown-column for a name that the header hasn't."""
    for name in (*types, *(wanted or ())):
        if name not in header:
            listed = ", ".join(header[:20]) + (", ..." if len(header) > 20 else "")
            raise BadInput(
                "unknown-column", f"There is no column {name!r}. The file has: {listed}.", column=name
            )


def check_rows(path: Path, rows: int, limits: Limits) -> None:
    """Raises BadInput too-many-rows."""
    if rows > limits.rows:
        raise BadInput("too-many-rows", f"{path.name} has {rows} rows; at most {limits.rows} are read.")


def _sign(delimiter: str) -> str:
    return {"\t": "tabs", ";": "semicolons", ",": "commas", "|": "vertical bars"}.get(
        delimiter, repr(delimiter)
    )
