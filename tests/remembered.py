"""Worlds that many tests begin with, built once in a process and put back as they were.

A world is made by the real services, checks and signatures included, which takes seconds; the same calls on the same
ground leave the same world. The first test that makes one leaves a copy of the database and of the home beside it, and
the next is given that copy. Only while nothing could differ: a home of the test's own (and perhaps a store), nothing
patched, no setting changed, no transaction open, and no row written since the ground was laid, by whomever. Everything
else is built anew, as if this weren't here.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
from django.conf import settings
from django.db import connection

from tests import emptying

Build = TypeVar("Build", bound=Callable[..., Any])
Key = tuple[str, ...]
_HOME = settings.MODELWARRANT_HOME
_STORE = settings.STORAGES["artifacts"]["OPTIONS"]["location"]


Rows = dict[str, bytes]
"""Table -> its rows, as PostgreSQL copies them."""


@dataclass(frozen=True)
class _Kept:
    database: Path | tuple[Rows, list[tuple[str, int]]]
    """SQLite's file; on PostgreSQL rows, and how far each sequence had come."""
    home: Path
    store: Path | None
    """Of a test that has a store of its own, its artifacts."""
    facts: Any


@dataclass
class _Ground:
    """What the database holds now: the calls that made it, and the mark of its rows by then."""

    calls: Key
    changes: tuple[Any, ...]


_kept: dict[Key, _Kept] = {}
_ground: _Ground | None = None
_patched = False


def begin() -> None:
    """A new test: nothing is patched, and the database is empty."""
    global _ground, _patched
    _ground, _patched = None, False


def watch_patches() -> None:
    """From now on, whatever a test patches makes it build its own world."""
    for name in ("setattr", "setitem", "setenv", "delenv"):
        _watched(name)


def _watched(name: str) -> None:
    real = getattr(pytest.MonkeyPatch, name)

    @wraps(real)
    def noticed(self: pytest.MonkeyPatch, *args: Any, **kwargs: Any) -> Any:
        global _patched
        _patched = True
        return real(self, *args, **kwargs)

    setattr(pytest.MonkeyPatch, name, noticed)


def remembered(
    keep: Callable[[Any], Any], give: Callable[[Any], Any], *, first: bool = False
) -> Callable[[Build], Build]:
    """Remember what a function makes. `keep` takes from its result what `give` makes it from again; `first`: it begins
    on an empty database, otherwise on what a remembered one left."""

    def decorate(build: Build) -> Build:
        @wraps(build)
        def made(*args: Any, **kwargs: Any) -> Any:
            global _ground
            said = args if first else args[1:]
            before = _before(first)
            if before is None:
                return build(*args, **kwargs)
            call = (build.__qualname__, repr((said, sorted(kwargs.items()))))
            key = (*before, sha256("".join(call).encode()).hexdigest())
            kept = _kept.get(key)
            if kept is not None:
                _put_back(kept)
                _ground = _Ground(key, _changes())
                return give(kept.facts)
            result = build(*args, **kwargs)
            if not _patched and _settled(first or _ground is not None):
                _kept[key] = _copy(keep(result))
                _ground = _Ground(key, _changes())
            return result

        return cast("Build", made)

    return decorate


def _before(first: bool) -> Key | None:
    """The calls that the present world came by, if it may be remembered."""
    if _patched or not _settled(True):
        return None
    if first:
        return (_settings(),)
    if _ground is None or _ground.changes != _changes() or _ground.calls[0] != _settings():
        return None
    return _ground.calls


def _settled(possible: bool) -> bool:
    own_home = Path(settings.MODELWARRANT_HOME) != Path(_HOME)
    return possible and not connection.in_atomic_block and own_home


def _settings() -> str:
    said = {
        name: getattr(settings, name)
        for name in dir(settings)
        if name.isupper() and name != "MODELWARRANT_HOME"
    }
    text = repr(sorted(said.items()))
    if (own := _own_store()) is not None:
        text = text.replace(str(own), "a store of the test's own")
    return sha256(text.encode()).hexdigest()


def _own_store() -> Path | None:
    location: str = settings.STORAGES["artifacts"]["OPTIONS"]["location"]
    return None if location == _STORE else Path(location)


def _changes() -> tuple[Any, ...]:
    """What differs after every row that this connection or another one writes."""
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        # a version of a row has a place and a transaction of its own
        marks = (
            f"SELECT '{name}', count(*), sum(hashtext(ctid::text || xmin::text)) FROM \"{name}\""
            for name in emptying.filled(connection, _tables())
        )
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(marks))
            return tuple(cursor.fetchall())
    with connection.cursor() as cursor:
        other: int = cursor.execute("PRAGMA data_version").fetchone()[0]
    return connection.connection.total_changes, other


@cache
def _tables() -> list[str]:
    return sorted({*connection.introspection.django_table_names(only_existing=True)} - emptying.KEPT)


def _copy(facts: Any) -> _Kept:
    folder = Path(tempfile.mkdtemp(prefix="world-", dir=_HOME))
    shutil.copytree(settings.MODELWARRANT_HOME, folder / "home")
    store = None
    if (own := _own_store()) is not None:
        store = Path(shutil.copytree(own, folder / "store"))
    if connection.vendor == "postgresql":
        return _Kept((_copied_rows(), _sequences()), folder / "home", store, facts)
    target = sqlite3.connect(folder / "db.sqlite3")
    connection.connection.backup(target)
    target.close()
    return _Kept(folder / "db.sqlite3", folder / "home", store, facts)


def _copied_rows() -> Rows:
    rows = {}
    for name in emptying.filled(connection, _tables()):
        with connection.connection.cursor() as cursor, cursor.copy(f'COPY "{name}" TO STDOUT') as copied:
            rows[name] = b"".join(bytes(part) for part in copied)
    return rows


def _sequences() -> list[tuple[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(sequencename), last_value FROM pg_sequences"
            " WHERE schemaname = 'public' AND last_value IS NOT NULL"
        )
        return list(cursor.fetchall())


def _put_back(kept: _Kept) -> None:
    connection.ensure_connection()
    if isinstance(kept.database, Path):
        source = sqlite3.connect(kept.database)
        source.backup(connection.connection)
        source.close()
    else:
        _put_rows_back(*kept.database)
    _put_files_back(kept.home, Path(settings.MODELWARRANT_HOME))
    if kept.store is not None:
        _put_files_back(kept.store, Path(settings.STORAGES["artifacts"]["OPTIONS"]["location"]))


def _put_files_back(kept: Path, folder: Path) -> None:
    for entry in folder.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    shutil.copytree(kept, folder, dirs_exist_ok=True)


def _put_rows_back(rows: Rows, sequences: list[tuple[str, int]]) -> None:
    with emptying.past_triggers(connection), connection.cursor() as cursor:
        there = emptying.filled(connection, _tables())
        if there:
            cursor.execute(";".join(f'DELETE FROM "{name}"' for name in there))
        for name, data in rows.items():
            with connection.connection.cursor() as raw, raw.copy(f'COPY "{name}" FROM STDIN') as copying:
                copying.write(data)
        # never back: what other tests left may not be given again
        cursor.executemany(
            "SELECT setval(%s, greatest(%s, (SELECT last_value FROM pg_sequences"
            " WHERE schemaname = 'public' AND quote_ident(sequencename) = %s)))",
            [(name, value, name) for name, value in sequences],
        )
    import_module("ledger.services.scope").forget_log()  # another log than before
