from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import psycopg
import pytest


@pytest.fixture
def fresh_database() -> Iterator[Callable[..., str]]:
    """Call with a word, and perhaps a time zone: the address of an empty database on the server of the run."""
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    made: list[str] = []
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:

        def make(word: str, zone: str = "") -> str:
            name = f"modelwarrant_{word}_{os.getpid()}"
            connection.execute(f"CREATE DATABASE {name}".encode())
            made.append(name)
            if zone:
                connection.execute(f"ALTER DATABASE {name} SET timezone TO '{zone}'".encode())
            return f"{server}/{name}"

        yield make
        for name in made:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
