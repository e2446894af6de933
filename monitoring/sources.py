"""One interface to read a dataset and to run a check on it, for workers and commands alike.

Light to import: pandas, scipy and fairlearn come in only when a check's dotted path is resolved at run time.
Knows paths that its caller vouches for, and tables that an operator named (`warehouses`); never unpickles.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from django.utils.module_loading import import_string

from monitoring.catalogue import CATALOGUE
from monitoring.statistics.inputs import BadInput, Columns, Limits
from monitoring.statistics.results import CheckOutcome
from monitoring.statistics.verdicts import Threshold
from monitoring.warehouses import TableSource, profile_of_table

if TYPE_CHECKING:
    from monitoring.statistics.blocks import File
    from monitoring.statistics.profiles import Profile
    from monitoring.statistics.profiling import Desk
    from monitoring.statistics.tables import Table

_READER = "monitoring.statistics.reading.read_table"
_BLOCKS = "monitoring.statistics.blocks"
_VERSION = "monitoring.statistics.profiles.VERSION"
_ADDED = "monitoring.statistics.profiles.added"
_PROFILING = "monitoring.statistics.profiling.profile_file"
_BASELINE = "monitoring.statistics.baselines"
_HISTORY = "monitoring.statistics.watching.History"
_JOIN = "monitoring.statistics.joining.with_labels"


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

    @classmethod
    def named(cls, digest: str, types: Mapping[str, str]) -> DatasetSource:
        """A dataset of which the bytes aren't at hand."""
        return cls(Path(), types=types, digest=digest)


class Shelf(Protocol):
    """Where profiles that were counted before are found, by `counting_key`."""

    def kept(self, key: str) -> Profile | None: ...

    def keep(self, key: str, source: DatasetSource, profile: Profile) -> None: ...


@dataclass(frozen=True, slots=True)
class Earlier:
    """One earlier batch: its date, what is known of its data without reading them, and how to get at them."""

    date: dt.date
    source: DatasetSource
    opened: Callable[[], AbstractContextManager[Path]]


@dataclass(frozen=True, slots=True)
class Past:
    """What came before the current data: earlier batches of the week, the learnt baseline's text, days known."""

    date: dt.date
    days: tuple[Earlier, ...]
    baseline: str
    known: int


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels that came later: sets in the order they came, joined by a column of ids."""

    sets: tuple[DatasetSource, ...]
    id_column: str
    label_column: str
    declared: str | None


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


def profile_of(
    source: DatasetSource,
    *,
    like: Profile | None = None,
    limits: Limits | None = None,
    threads: int | None = None,
    desk: Desk | None = None,
) -> Profile:
    """Count a dataset, on the edges of `like` where that is given. Raises BadInput with what is wrong and where.

    What `desk` has kept of the same dataset isn't counted again.
    """
    file = open_parts(source, limits=limits)
    profile: Profile = import_string(_PROFILING)(
        file, like=like, desk=desk, **({"threads": threads} if threads else {})
    )
    facts = {"digest": source.digest, "name": source.name}
    return replace(profile, facts={**profile.facts, **{name: said for name, said in facts.items() if said}})


def open_parts(source: DatasetSource, *, limits: Limits | None = None) -> File:
    """Look at a dataset that is counted part by part. Raises BadInput with what is wrong and where."""
    file = import_string(f"{_BLOCKS}.open_file")(
        source.path,
        types=source.types,
        columns=source.columns or None,
        delimiter=source.delimiter,
        decimal=source.decimal,
        limits=limits or import_string(f"{_BLOCKS}.LARGE"),
    )
    return cast("File", file)


def counting_key(source: DatasetSource, like: str) -> str:
    """Hex SHA-256 of all that a dataset's counts follow from. `like` is the digest of the profile on whose edges it
    is counted, or empty."""
    said = [
        import_string(_VERSION), source.digest, sorted(source.types.items()), list(source.columns), source.delimiter,
        source.decimal, like,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def run_check(
    name: str,
    current: DatasetSource | TableSource,
    reference: DatasetSource | TableSource | None = None,
    *,
    columns: Columns,
    thresholds: tuple[Threshold, ...] = (),
    parameters: Mapping[str, Any] | None = None,
    seed: int = 0,
    limits: Limits | None = None,
    threads: int | None = None,
    desks: Callable[[str, str, str], Desk] | None = None,
    past: Past | None = None,
    shelf: Shelf | None = None,
    labels: Labels | None = None,
) -> CheckOutcome:
    """Run one check of the catalogue. Raises BadInput; anything else is a fault of ours.

    Tables in databases are for checks that read a profile: they are counted where they are, and never kept.
    `threads` count beside each other; the outcome is the same with any number. `desks` makes a desk for a side ("current",
    "reference"), a key of what is counted there and the digest of the profile on whose edges it is counted. `past` is for
    checks that read a history, `shelf` spares them counting, `labels` are put beside the rows of checks that read a table.
    """
    check = CATALOGUE.get(name)
    if check is None:
        raise BadInput(
            "unknown-check", f"There is no check {name!r}; known: {', '.join(CATALOGUE)}.", column="name"
        )
    if "reference" in check.needs and reference is None:
        raise BadInput(
            "missing-reference", f"reference: {name} needs data to compare with.", column="reference"
        )
    said: dict[str, Any] = {
        "columns": columns,
        "thresholds": thresholds,
        "parameters": dict(parameters or {}),
        "seed": seed,
    }
    function = import_string(check.function)
    if check.reads == "table":
        if isinstance(current, TableSource) or isinstance(reference, TableSource):
            raise BadInput("reads-rows", _reads_rows(name), column="table")
        table = open_table(current, limits=limits)
        if labels is not None:
            table = _labelled(table, labels, limits)
        against = open_table(reference, limits=limits) if reference else None
        return cast("CheckOutcome", function(table, against, **said))
    sides: list[Profile | None] = [None]
    for side, source in (("reference", reference), ("current", current)):
        if source is None:
            continue
        like = sides[-1]
        if isinstance(source, TableSource):
            sides.append(profile_of_table(source, like=like))
            continue
        edges = like.digest if like else ""
        key = counting_key(source, edges)
        desk = desks(side, key, edges) if desks and source.digest else None
        profile = profile_of(source, like=like, limits=limits, threads=threads, desk=desk)
        sides.append(profile)
        if shelf is not None and source.digest:
            shelf.keep(key, source, profile)
    counted = sides[-1], sides[-2]
    if check.reads == "profile":
        return cast("CheckOutcome", function(*counted, **said))
    if past is None:
        raise BadInput("no-history", f"{name} judges a running model's data; there is no history to read.")
    like = sides[-2]
    count = partial(
        _counted, like=like, edges=like.digest if like else "", shelf=shelf, limits=limits, threads=threads
    )
    return cast("CheckOutcome", function(*counted, history=_history(past, count), **said))


def _reads_rows(name: str) -> str:
    counted = ", ".join(check for check, entry in CATALOGUE.items() if entry.reads == "profile")
    return (
        f"table: {name} reads rows, and a table is only counted where it is ({counted} read counts). Judge a file of "
        "the rows instead: batch_from_table writes one for a deployment."
    )


def _history(past: Past, count: Callable[[Earlier], Profile | None]) -> Any:
    """Earlier days as sums of their batches. One that can't be read was refused when it came, and is left out."""
    by_date: dict[dt.date, list[Profile]] = {}
    for earlier in past.days:
        if (profile := count(earlier)) is not None:
            by_date.setdefault(earlier.date, []).append(profile)
    add, day = import_string(_ADDED), import_string(f"{_BASELINE}.Day")
    days = tuple(day(date, add(profiles)) for date, profiles in sorted(by_date.items()))
    baseline = import_string(f"{_BASELINE}.read")(past.baseline) if past.baseline else None
    return import_string(_HISTORY)(past.date, days, baseline, past.known)


def _counted(
    earlier: Earlier,
    *,
    like: Profile | None,
    edges: str,
    shelf: Shelf | None,
    limits: Limits | None,
    threads: int | None,
) -> Profile | None:
    key = counting_key(earlier.source, edges)
    found = shelf.kept(key) if shelf is not None else None
    if found is not None:
        return found
    try:
        with earlier.opened() as path:
            source = replace(earlier.source, path=path)
            profile = profile_of(source, like=like, limits=limits, threads=threads)
    except BadInput:
        return None
    if shelf is not None:
        shelf.keep(key, earlier.source, profile)
    return profile


def _labelled(table: Table, labels: Labels, limits: Limits | None) -> Table:
    sets = [open_table(source, limits=limits) for source in labels.sets]
    joined = import_string(_JOIN)(
        table, sets, id_column=labels.id_column, label_column=labels.label_column, declared=labels.declared
    )
    return cast("Table", joined)
