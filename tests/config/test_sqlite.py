from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.db.utils import OperationalError

from config.environment import sqlite
from config.sqlite.base import DatabaseWrapper

pytestmark = pytest.mark.sqlite
WRITERS, EACH = 8, 25


def connect(name: str, **options: Any) -> DatabaseWrapper:
    configured = sqlite(name)
    configured["OPTIONS"] |= options
    defaults = {"ATOMIC_REQUESTS": False, "AUTOCOMMIT": True, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}
    rest = {"TIME_ZONE": None, "USER": "", "PASSWORD": "", "HOST": "", "PORT": ""}
    return DatabaseWrapper(defaults | rest | configured, alias="default")


def execute(connection: DatabaseWrapper, statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


@pytest.fixture
def path(tmp_path: Path, django_db_blocker: Any) -> Iterator[str]:
    """A database with one counter; the blocker guards the default connection, these are our own."""
    with django_db_blocker.unblock():
        name = str(tmp_path / "db.sqlite3")
        connection = connect(name)
        execute(connection, "CREATE TABLE counter (value INTEGER)")
        execute(connection, "INSERT INTO counter VALUES (0)")
        connection.close()
        yield name


class Transaction:
    """`transaction.atomic` for a connection that isn't registered under an alias."""

    def __init__(self, connection: DatabaseWrapper) -> None:
        self.connection = connection

    def __enter__(self) -> None:
        self.connection.ensure_connection()
        self.connection._start_transaction_under_autocommit()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.connection.rollback() if kind else self.connection.commit()


def add_one(connection: DatabaseWrapper) -> None:
    with Transaction(connection):
        ((value,),) = execute(connection, "SELECT value FROM counter")
        execute(connection, f"UPDATE counter SET value = {value + 1}")


def add_many(name: str) -> None:
    connection = connect(name)
    for _ in range(EACH):
        add_one(connection)
    connection.close()


def is_locked(connection: DatabaseWrapper) -> bool:
    return connection._lock is not None


@pytest.mark.parametrize("kind", [threading.Thread, multiprocessing.get_context("fork").Process])
def test_eight_writers_lose_nothing(path: str, kind: type) -> None:
    writers = [kind(target=add_many, args=(path,)) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert execute(connect(path), "SELECT value FROM counter") == [(WRITERS * EACH,)]


def test_the_turn_ends_with_commit_rollback_and_close(path: str) -> None:
    connection = connect(path)
    with Transaction(connection):
        assert is_locked(connection)
    assert not is_locked(connection)
    with pytest.raises(ZeroDivisionError), Transaction(connection):
        1 / 0  # noqa: B018
    assert not is_locked(connection)
    connection._start_transaction_under_autocommit()
    connection.close()
    assert not is_locked(connection)
    add_one(connect(path))


def test_who_waits_too_long_is_told_and_keeps_nothing(path: str) -> None:
    first, second = connect(path), connect(path, timeout=0.05)
    with Transaction(first):
        second.ensure_connection()
        with pytest.raises(OperationalError, match="locked"):
            second._start_transaction_under_autocommit()
        assert not is_locked(second)
    add_one(second)


def test_a_turn_ends_with_its_process(path: str) -> None:
    ready, done = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=hold, args=(path, done))
    process.start()
    assert ready.poll(20)
    assert ready.recv() == "holding"
    process.kill()
    process.join()
    add_one(connect(path))


def hold(name: str, pipe: Any) -> None:
    connection = connect(name)
    connection.ensure_connection()
    connection._start_transaction_under_autocommit()
    pipe.send("holding")
    threading.Event().wait()


def test_a_forked_child_neither_holds_nor_ends_the_parents_turn(path: str) -> None:
    parent, other = connect(path), connect(path, timeout=0.05)
    gate_read, gate_write = os.pipe()
    with Transaction(parent):
        child = os.fork()
        if child == 0:
            os.close(gate_write)
            os.read(gate_read, 1)
            os._exit(1 if is_locked(parent) else 0)
        other.ensure_connection()
        with pytest.raises(OperationalError):
            other._start_transaction_under_autocommit()
    add_one(other)  # while the child lives
    os.close(gate_read)
    os.close(gate_write)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_database_in_memory_needs_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    connection = connect(":memory:")
    with Transaction(connection):
        assert not is_locked(connection)
    assert not Path(":memory:.lock").exists()


def test_the_file_is_as_durable_as_configured(path: str) -> None:
    connection = connect(path)
    assert execute(connection, "PRAGMA journal_mode") == [("wal",)]
    assert execute(connection, "PRAGMA synchronous") == [(2,)]  # FULL
    assert execute(connection, "PRAGMA foreign_keys") == [(1,)]


@pytest.mark.django_db(transaction=True)
def test_an_atomic_block_takes_and_ends_a_turn() -> None:
    with transaction.atomic():
        connection = transaction.get_connection()
        assert is_locked(connection)
        with transaction.atomic():
            pass
        assert is_locked(connection)
    assert not is_locked(connection)
