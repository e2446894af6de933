from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import SQLITE_OPTIONS, database, is_local, secret_key


def test_without_an_address_the_database_is_a_file_at_home(tmp_path: Path) -> None:
    config = database("", tmp_path)
    assert config["ENGINE"] == "config.sqlite"
    assert config["NAME"] == str(tmp_path / "db.sqlite3")
    assert config["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


@pytest.mark.parametrize(
    ("url", "host", "name"),
    [
        ("postgresql://u:p%40ss@db.example:5433/warrants", "db.example", "warrants"),
        ("postgres://u:p%40ss@%2Fvar%2Frun%2FPG%2Fsockets/warrants", "/var/run/PG/sockets", "warrants"),
        ("postgres://u:p%40ss@%2Ftmp%2Fx:5433/warrants", "/tmp/x", "warrants"),
    ],
)
def test_a_server_is_reached_by_name_or_by_socket(url: str, host: str, name: str, tmp_path: Path) -> None:
    config = database(url, tmp_path)
    assert (config["ENGINE"], config["HOST"], config["NAME"]) == ("django.db.backends.postgresql", host, name)
    assert config["PASSWORD"] == "p@ss"


def test_statements_are_prepared_unless_a_pooler_forbids_it(tmp_path: Path) -> None:
    url = "postgresql://me@db/mw"
    usual = database(url, tmp_path)["OPTIONS"]
    assert (usual["prepare_threshold"], usual["server_side_binding"]) == (5, True)
    pooled = database(f"{url}?prepare_threshold=none&sslmode=require", tmp_path)["OPTIONS"]
    assert (pooled["prepare_threshold"], pooled["server_side_binding"]) == (None, False)
    assert pooled["sslmode"] == "require"
    with pytest.raises(ImproperlyConfigured, match="prepare_threshold"):
        database(f"{url}?prepare_threshold=often", tmp_path)


def test_a_password_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from the file\n")
    assert database("postgres://u@db/x", tmp_path, str(tmp_path / "password"))["PASSWORD"] == "from the file"
    with pytest.raises(ImproperlyConfigured, match="DATABASE_PASSWORD_FILE: cannot read"):
        database("postgres://u@db/x", tmp_path, str(tmp_path / "absent"))


def test_other_databases_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="not 'mysql'"):
        database("mysql://u@db/x", tmp_path)


def test_there_is_no_key_that_everybody_knows(tmp_path: Path) -> None:
    first, given = secret_key({}, tmp_path)
    assert (len(first) > 50, given) == (True, False)
    assert secret_key({}, tmp_path) == (first, False)
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "other").mkdir()
    assert secret_key({}, tmp_path / "other")[0] != first


def test_an_operators_key_comes_first(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("filed\n")
    assert secret_key({"SECRET_KEY_FILE": str(tmp_path / "key")}, tmp_path) == ("filed", True)
    assert secret_key({"SECRET_KEY": "said", "SECRET_KEY_FILE": str(tmp_path / "key")}, tmp_path) == (
        "said",
        True,
    )
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY_FILE: cannot read"):
        secret_key({"SECRET_KEY_FILE": str(tmp_path / "absent")}, tmp_path)


def test_one_foreign_host_makes_it_public() -> None:
    assert is_local(["localhost", "127.0.0.1", "[::1]"])
    assert not is_local(["localhost", "modelwarrant.example"])
    assert not is_local(["*"])


@pytest.mark.parametrize("ours", [True, False])
def test_what_is_deleted_is_overwritten_in_the_file(tmp_path: Path, ours: bool) -> None:
    """Without our pragmas the text stays in a freed page; with them it doesn't."""
    path = tmp_path / "db.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA secure_delete=OFF")
        if ours:
            db.executescript(str(SQLITE_OPTIONS["init_command"]))
        db.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)")
        db.executemany("INSERT INTO person (name) VALUES (?)", [("Wilhelmina Quist",)] * 3)
        db.execute("DELETE FROM person WHERE id = 2")
        db.execute("DELETE FROM person")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert (b"Wilhelmina Quist" in path.read_bytes()) is not ours
