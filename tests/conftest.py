"""The ground of all tests: which database, an own MODELWARRANT_HOME per process, what is needed and isn't there.

MODELWARRANT_TEST_DB=sqlite (default) or postgres chooses the database. A test that touches it is marked `database`
by itself. What a test needs and this machine hasn't (PostgreSQL, Redis, Chromium) makes it a skip with its reason;
with CI=true it makes the run fail.
"""

from __future__ import annotations

import gc
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.database_server import DEFAULT_URL, NoServer, OwnServer, reachable

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
DATABASE = os.environ.get("MODELWARRANT_TEST_DB", "sqlite")
CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
DATABASE_FIXTURES = {
    "db",
    "transactional_db",
    "django_db_reset_sequences",
    "live_server",
    "client",
    "admin_client",
}
ENVIRONMENT = ("DATABASE_URL", "BROKER_URL", "ALLOWED_HOSTS", "DEBUG", "SECRET_KEY_FILE", "LOG_FORMAT")

_server: OwnServer | None = None
_no_database = os.environ.get("MODELWARRANT_TEST_NO_DATABASE", "")


def _prepare_environment() -> None:
    """Before settings are read: a home of this process's own and the chosen database. Runs in each xdist worker."""
    global _server, _no_database
    _keep_bytecode()
    if DATABASE not in {"sqlite", "postgres"}:
        pytest.exit(f"MODELWARRANT_TEST_DB is {DATABASE!r}; it can be sqlite or postgres", returncode=4)
    if WORKER == "main":
        os.environ["MODELWARRANT_TEST_BASE"] = tempfile.mkdtemp(prefix="modelwarrant-test-")
        for name in ENVIRONMENT:
            os.environ.pop(name, None)
    os.environ["MODELWARRANT_HOME"] = f"{os.environ['MODELWARRANT_TEST_BASE']}/{WORKER}"
    os.environ["LOG_LEVEL"] = "WARNING"
    if DATABASE == "postgres" and WORKER == "main":
        url = os.environ.get("TEST_DATABASE_URL", DEFAULT_URL)
        if not reachable(url):
            try:
                _server = OwnServer()
                _server.start()
                url = _server.url
            except NoServer as error:
                if CI:
                    pytest.exit(f"PostgreSQL is needed: {error}", returncode=1)
                os.environ["MODELWARRANT_TEST_NO_DATABASE"] = _no_database = str(error)
        server, _, _ = url.rpartition("/")
        # A name of this run's own: several runs may share a server. As for SQLite below, nothing need outlive it.
        at_ease = "options=-c%20synchronous_commit%3Doff"
        os.environ["DATABASE_URL"] = f"{server}/modelwarrant_{os.getpid()}?{at_ease}"
        os.environ["SECRET_KEY"] = secrets.token_urlsafe(64)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"


def _keep_bytecode() -> None:
    """Where the environment forbids bytecode beside the sources, keep it under var/, for this process and all it starts.

    Without it each of some hundred processes compiles pandas and SciPy anew, three seconds of two cores at a time.
    """
    if sys.dont_write_bytecode and sys.pycache_prefix is None:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(ROOT / "var" / "bytecode")
        sys.dont_write_bytecode = False


_prepare_environment()

from django.conf import settings  # noqa: E402

from tests import emptying, ground, remembered  # noqa: E402

# What a test commits need not outlive the machine; tests of what must have databases of their own.
if DATABASE == "sqlite":
    settings.DATABASES["default"]["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"


def pytest_unconfigure(config: pytest.Config) -> None:
    if WORKER == "main":
        if _server is not None:
            _server.stop()
        elif DATABASE == "postgres" and not _no_database:
            ground.take_away()
        shutil.rmtree(os.environ["MODELWARRANT_TEST_BASE"], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    sampled: set[str] = set()
    for item in items:
        if item.get_closest_marker("sampled"):
            function = item.nodeid.partition("[")[0]
            if function in sampled:
                item.add_marker("once")
            sampled.add(function)
    missing = {name: reason for name, reason in _missing().items() if reason}
    for item in items:
        if item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("database")
        if _no_database and item.get_closest_marker("database"):
            item.add_marker(pytest.mark.skip(reason=f"PostgreSQL: {_no_database}"))
        if DATABASE == "sqlite" and item.get_closest_marker("postgres"):
            item.add_marker(
                pytest.mark.skip(reason="holds for PostgreSQL alone: MODELWARRANT_TEST_DB=postgres runs it")
            )
        if DATABASE == "postgres" and item.get_closest_marker("sqlite"):
            item.add_marker(
                pytest.mark.skip(reason="holds for SQLite alone: MODELWARRANT_TEST_DB=sqlite runs it")
            )
        for name, reason in missing.items():
            if item.get_closest_marker(name):
                if CI:
                    pytest.exit(f"{item.nodeid} needs {name}: {reason}", returncode=1)
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_collection_finish() -> None:
    """What was imported and collected stays: nothing of it need be looked at each time garbage is."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _missing() -> dict[str, str]:
    """What markers ask for and isn't here: marker -> reason, empty when it is here."""
    return {
        "redis": "" if _listens("127.0.0.1", 6379) else "no Redis on localhost:6379",
        "browser": "" if shutil.which("chromium") else "no chromium on the PATH",
    }


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Whether pytest-django takes the file that is there: the copy of the run's tables, which goes with the run."""
    return DATABASE == "sqlite"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: Any
) -> None:
    """Before the database of this process is made."""
    with django_db_blocker.unblock():
        ground.lay()


@pytest.fixture(scope="session", autouse=True)
def _quick_secrets() -> Iterator[None]:
    """Hashing made to be slow, of passwords and of what keeps keys, would be most of the suite's time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("ledger.providers"), "MADE", 4)
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_emptying() -> Iterator[None]:
    """The flush after a transactional test empties append-only tables too, and only what isn't empty."""
    with pytest.MonkeyPatch.context() as patch:
        emptying.install(patch)
        yield


@pytest.fixture(scope="session", autouse=True)
def _watched_patches() -> None:
    """What is patched later builds its own world; what the session patched holds for all."""
    remembered.watch_patches()


@pytest.fixture(autouse=True)
def _remembered_worlds() -> None:
    remembered.begin()


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """The repository's own example data."""
    return ROOT / "fixtures"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Public data and vectors beside the checkout, too large or not ours to carry; skips where they aren't."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} isn't there: public data and vectors beside the checkout")
    return SHARED


@pytest.fixture
def own_store(tmp_path_factory: pytest.TempPathFactory, settings: object) -> Path:
    """A store of artifacts of this test's own, for who deletes: the workers of a run have one together."""
    folder = tmp_path_factory.mktemp("store")
    settings.STORAGES = {  # type: ignore[attr-defined]
        **settings.STORAGES,  # type: ignore[attr-defined]
        "artifacts": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(folder)},
        },
    }
    return folder


@pytest.fixture
def home(tmp_path: Path, settings: object) -> Path:
    """A MODELWARRANT_HOME of this test's own."""
    settings.MODELWARRANT_HOME = tmp_path  # type: ignore[attr-defined]
    return tmp_path
