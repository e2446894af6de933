"""The tables of a run, migrated once: the databases of its workers, and those that tests have made, are copies."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.core.management import call_command
from django.db import connection

MADE = "migrated"
"""In the folder of the run: a home with SQLite's tables."""


def server() -> str:
    """Address of the database that is there on every server, to make others from."""
    return os.environ["DATABASE_URL"].rpartition("/")[0] + "/postgres"


def template() -> str:
    """Name of the database on PostgreSQL that others are made after."""
    return urlsplit(os.environ["DATABASE_URL"]).path.lstrip("/") + "_template"


@contextmanager
def turn() -> Iterator[Path]:
    """One process at a time: where what it makes should stand."""
    base = Path(os.environ["MODELWARRANT_TEST_BASE"])
    with (base / f"{MADE}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield base / MADE


def lay() -> None:
    """Let the test database of this process be made from tables that some process of the run has migrated."""
    settings = connection.settings_dict
    if connection.vendor == "postgresql":
        with turn() as made:
            there = made.with_suffix(".template")
            if not there.exists():
                with psycopg.connect(server(), autocommit=True) as database:
                    database.execute(f"CREATE DATABASE {template()}".encode())
                _migrate(template())
                there.touch()
        settings["TEST"]["TEMPLATE"] = template()
        return
    with turn() as made:
        if not made.exists():
            part = made.with_suffix(".part")
            part.mkdir(mode=0o700)
            _migrate(str(part / "db.sqlite3"))
            part.rename(made)
    shutil.copy(made / "db.sqlite3", settings["TEST"]["NAME"])


def _migrate(name: str) -> None:
    usual = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        call_command("migrate", verbosity=0)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual


def take_away() -> None:
    """At the end of a run on PostgreSQL: its template."""
    with psycopg.connect(server(), autocommit=True) as database:
        database.execute(f"DROP DATABASE IF EXISTS {template()} WITH (FORCE)".encode())
