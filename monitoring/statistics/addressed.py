"""A table by its address, in one call each: its profile, or the rows of a period as a file (extra `[warehouse]`).

Connects, asks and disconnects. Knows no verdict and no deployment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

import ibis

from monitoring.statistics.engines import connect, table_named
from monitoring.statistics.excerpts import Excerpt
from monitoring.statistics.inputs import BadInput
from monitoring.statistics.profiles import Profile
from monitoring.statistics.snapshots import write_snapshot
from monitoring.statistics.warehouse import cut_of_table, profile_of_table


def profile_at(url: str, name: str, *, columns: Sequence[str] = (), like: Profile | None = None) -> Profile:
    """Count a table where it is, on the edges of `like` where it has them.

    `columns` limits what is counted to those of them that are there; empty: all. Raises BadInput `header-only` for a
    table without rows, and as `connect`, `table_named`, `cut_of_table` and `profile_of_table`.
    """
    with _connected(url) as backend:
        table = table_named(backend, name)
        there = [column for column in table.columns if column in columns]
        if columns and not there:
            raise BadInput("unknown-column", f"Table {name} has none of these columns: {', '.join(columns)}.")
        table = table.select(*there) if there else table
        profile = profile_of_table(table, cut_of_table(table, like))
    if not profile.rows:
        raise BadInput("header-only", f"Table {name} has columns and no rows.")
    return profile


def snapshot_at(url: str, name: str, excerpt: Excerpt, target: IO[bytes]) -> int:
    """Write the excerpt's rows to `target` as Parquet; returns how many.

    Raises BadInput as `connect`, `table_named` and `write_snapshot`.
    """
    with _connected(url) as backend:
        return write_snapshot(table_named(backend, name), excerpt, target)


@contextmanager
def _connected(url: str) -> Iterator[ibis.BaseBackend]:
    backend = connect(url)
    try:
        yield backend
    finally:
        backend.disconnect()
