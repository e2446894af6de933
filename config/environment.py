"""What the environment says, read into values that settings use. Knows nothing of Django's settings.

Each function takes the environment it reads, so that tests can hand in their own.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import Env

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})

PREPARE_AFTER = 5
"""A connection lives for many requests that ask the same: from so many times on PostgreSQL keeps a statement's plan."""
SQLITE_OPTIONS: Mapping[str, object] = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    # Who is erased must be gone from the file too, and not every build of SQLite overwrites what it frees.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
}


def database(url: str, home: Path, password_file: str = "") -> dict[str, Any]:
    """Django's database settings for `url`; SQLite under `home` where `url` is empty.

    The password may stand in a file of its own instead of the address.

    Raises ImproperlyConfigured for anything but PostgreSQL and SQLite. A socket folder may stand percent-encoded in
    the host's place (`postgresql://user@%2Fvar%2Frun%2Fpostgresql/name`, as in libpq): django-environ would leave it
    encoded and in lower case.
    """
    if not url:
        return sqlite(str(home / "db.sqlite3"))
    scheme = url.partition(":")[0]
    if scheme == "sqlite":
        return sqlite(Env.db_url_config(url)["NAME"])
    if scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"DATABASE_URL: PostgreSQL and SQLite are supported, not {scheme!r}.")
    config = dict(Env.db_url_config(url))
    host = urlsplit(url).netloc.rpartition("@")[2]
    if "%2f" in host.lower():
        config["HOST"] = unquote(host.partition(":")[0])
    if password_file:
        config["PASSWORD"] = _file("DATABASE_PASSWORD_FILE", password_file)
    config["OPTIONS"] = _prepared(config.get("OPTIONS", {}))
    return config | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}


def _prepared(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a connection that prepares what it asks often; `prepare_threshold=none` for a pooler that knows no
    prepared statements."""
    said = str(options.get("prepare_threshold", PREPARE_AFTER))
    if said.lower() != "none" and not said.isdecimal():
        raise ImproperlyConfigured(f"DATABASE_URL: prepare_threshold is a number or none, not {said!r}.")
    after = None if said.lower() == "none" else int(said)
    return {**options, "server_side_binding": after is not None, "prepare_threshold": after}


def mail(url: str, password_file: str = "") -> tuple[bool, dict[str, Any]]:
    """Whether mails are sent, and Django's settings for `url`; nothing is sent without one.

    The password may stand in a file of its own instead of the address. Raises ImproperlyConfigured for another scheme.
    """
    said = Env.email_url_config(url or "dummymail://")
    password = Path(password_file).read_text(encoding="utf-8").strip() if password_file else ""
    found = {
        "EMAIL_BACKEND": said["EMAIL_BACKEND"],
        "EMAIL_HOST": said["EMAIL_HOST"] or "localhost",
        "EMAIL_PORT": said["EMAIL_PORT"] or 25,
        "EMAIL_HOST_USER": said["EMAIL_HOST_USER"] or "",
        "EMAIL_HOST_PASSWORD": password or said["EMAIL_HOST_PASSWORD"] or "",
        "EMAIL_USE_TLS": said.get("EMAIL_USE_TLS", False),
        "EMAIL_USE_SSL": said.get("EMAIL_USE_SSL", False),
    }
    return bool(url), found


def sqlite(name: str) -> dict[str, Any]:
    """SQLite through our backend (file lock before BEGIN IMMEDIATE), write-ahead log, full synchronisation."""
    return {
        "ENGINE": "config.sqlite",
        "NAME": name,
        "OPTIONS": dict(SQLITE_OPTIONS),
        "TEST": {"NAME": f"{name}.test"},
    }


def secret_key(environment: Mapping[str, str], home: Path) -> tuple[str, bool]:
    """(key, given by the operator?). Without SECRET_KEY or SECRET_KEY_FILE a random one is made and kept in `home`.

    There is no built-in default, so nobody can run on a key that everybody knows.
    """
    if key := environment.get("SECRET_KEY", ""):
        return key, True
    if path := environment.get("SECRET_KEY_FILE", ""):
        return _file("SECRET_KEY_FILE", path), True
    kept = home / "secret-key"
    part = kept.with_name(f"{kept.name}.{os.getpid()}")
    if not kept.exists():
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            os.link(part, kept)  # the first of two starting processes wins, both read the same key
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return kept.read_text(), False


def _file(variable: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{variable}: cannot read {path}: {error.strerror}.") from error


def is_local(hosts: Iterable[str]) -> bool:
    """True when every allowed host is this machine."""
    return set(hosts) <= LOCAL_HOSTS
