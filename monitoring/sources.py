"""One interface to read a dataset and to run a check on it, for workers and commands alike.

Light to import: pandas, scipy and fairlearn come in only when a check's dotted path is resolved at run time.
Knows paths that its caller vouches for; never fetches an address, never unpickles.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from django.utils.module_loading import import_string

from monitoring.catalogue import CATALOGUE
from monitoring.statistics.inputs import BadInput, Columns, Limits
from monitoring.statistics.results import CheckOutcome
from monitoring.statistics.verdicts import Threshold

if TYPE_CHECKING:
    from monitoring.statistics.profiles import Profile
    from monitoring.statistics.profiling import Desk
    from monitoring.statistics.tables import Table

_READER = "monitoring.statistics.reading.read_table"
_BLOCKS = "monitoring.statistics.blocks"
_VERSION = "monitoring.statistics.profiles.VERSION"
_PROFILING = "monitoring.statistics.profiling.profile_file"


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
    file = import_string(f"{_BLOCKS}.open_file")(
        source.path,
        types=source.types,
        columns=source.columns or None,
        delimiter=source.delimiter,
        decimal=source.decimal,
        limits=limits or import_string(f"{_BLOCKS}.LARGE"),
    )
    profile: Profile = import_string(_PROFILING)(
        file, like=like, desk=desk, **({"threads": threads} if threads else {})
    )
    facts = {"digest": source.digest, "name": source.name}
    return replace(profile, facts={**profile.facts, **{name: said for name, said in facts.items() if said}})


def counting_key(source: DatasetSource, like: Profile | None) -> str:
    """Hex SHA-256 of all that a dataset's counts follow from."""
    said = [
        import_string(_VERSION), source.digest, sorted(source.types.items()), list(source.columns), source.delimiter,
        source.decimal, like.digest if like else "",
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


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
    threads: int | None = None,
    desks: Callable[[str, str], Desk] | None = None,
) -> CheckOutcome:
    """Run one check of the catalogue. Raises BadInput; anything else is a fault of ours.

    `threads` count beside each other; the outcome is the same with any number. `desks` makes a desk for a side
    ("current", "reference") and a key of what is counted there.
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
    given: Any = None
    if check.reads == "profile":
        sides: list[Profile | None] = [None]
        for side, source in (("reference", reference), ("current", current)):
            if source is not None:
                like = sides[-1]
                desk = desks(side, counting_key(source, like)) if desks and source.digest else None
                sides.append(profile_of(source, like=like, limits=limits, threads=threads, desk=desk))
        given = sides[-1], sides[-2]
    else:
        given = (
            open_table(current, limits=limits),
            open_table(reference, limits=limits) if reference else None,
        )
    outcome = import_string(check.function)(
        *given,
        columns=columns,
        thresholds=thresholds,
        parameters=dict(parameters or {}),
        seed=seed,
    )
    return cast("CheckOutcome", outcome)
