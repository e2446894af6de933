"""One interface to read a dataset and to run a check on it, for workers and commands alike.

Light to import: pandas, scipy and fairlearn come in only when a check's dotted path is resolved at run time.
Knows paths that its caller vouches for; never fetches an address, never unpickles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from django.utils.module_loading import import_string

from monitoring.catalogue import CATALOGUE
from monitoring.statistics.inputs import BadInput, Columns, Limits
from monitoring.statistics.results import CheckOutcome
from monitoring.statistics.verdicts import Threshold

if TYPE_CHECKING:
    from monitoring.statistics.tables import Table

_READER = "monitoring.statistics.reading.read_table"


@dataclass(frozen=True, slots=True)
class DatasetSource:
    """A file with its declared schema.

    `types` declares columns as `number` or `text`; `columns` limits what is read (empty: all); `digest` is what
    the caller knows of the bytes and goes into the outcome's inputs as it is; `name` is shown instead of the path.
    """

    path: Path
    types: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    delimiter: str = ","
    decimal: str = "."
    digest: str = ""
    name: str = ""


def open_table(source: DatasetSource, *, limits: Limits | None = None) -> Table:
    """Read a dataset. Raises BadInput with what is wrong and where."""
    table = import_string(_READER)(
        source.path,
        types=source.types,
        columns=source.columns or None,
        delimiter=source.delimiter,
        decimal=source.decimal,
        limits=limits or Limits(),
    )
    if source.digest:
        table.facts["digest"] = source.digest
    if source.name:
        table.facts["name"] = source.name
    return cast("Table", table)


def run_check(
    name: str,
    current: DatasetSource,
    reference: DatasetSource | None = None,
    *,
    columns: Columns,
    thresholds: tuple[Threshold, ...] = (),
    parameters: Mapping[str, Any] | None = None,
    seed: int = 0,
    limits: Limits | None = None,
) -> CheckOutcome:
    """Run one check of the catalogue. Raises BadInput; anything else is a fault of ours."""
    check = CATALOGUE.get(name)
    if check is None:
        raise BadInput(
            "unknown-check", f"There is no check {name!r}; known: {', '.join(CATALOGUE)}.", column="name"
        )
    if "reference" in check.needs and reference is None:
        raise BadInput(
            "missing-reference", f"reference: {name} needs data to compare with.", column="reference"
        )
    tables = [open_table(current, limits=limits)]
    if reference is not None:
        tables.append(open_table(reference, limits=limits))
    outcome = import_string(check.function)(
        tables[0],
        tables[1] if reference is not None else None,
        columns=columns,
        thresholds=thresholds,
        parameters=dict(parameters or {}),
        seed=seed,
    )
    return cast("CheckOutcome", outcome)
