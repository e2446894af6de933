from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests import ground


@pytest.fixture
def fresh_database(django_db_modify_db_settings: None) -> Iterator[Callable[..., str]]:
    """Call with a word, and perhaps a time zone: the address of a database of our own on the server of the run.

    It has every table, as `migrate` leaves them; none at all if `empty`.
    """
    made: list[str] = []
    with psycopg.connect(ground.server(), autocommit=True) as connection:

        def make(word: str, zone: str = "", *, empty: bool = False) -> str:
            name = f"modelwarrant_{word}_{os.getpid()}"
            after = "" if empty else f" TEMPLATE {ground.template()}"
            connection.execute(f"CREATE DATABASE {name}{after}".encode())
            made.append(name)
            if zone:
                connection.execute(f"ALTER DATABASE {name} SET timezone TO '{zone}'".encode())
            return ground.server().rpartition("/")[0] + f"/{name}"

        yield make
        for name in made:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
