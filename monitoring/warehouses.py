"""Tables in databases and warehouses, for commands: what an address may hold, and the way to the engines.

Light to import: Ibis (extra `[warehouse]`, which need not be installed) comes in when a table is asked for. An address
comes from the operator who types the command, never from a page or the API, and holds no password.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlsplit

from django.conf import settings
from django.utils.module_loading import import_string

from monitoring.statistics.excerpts import Excerpt
from monitoring.statistics.inputs import BadInput

if TYPE_CHECKING:
    from monitoring.statistics.profiles import Profile

NO_DIGEST = "counted in a table, whose bytes have no digest"
_PROFILE = "monitoring.statistics.addressed.profile_at"
_SNAPSHOT = "monitoring.statistics.addressed.snapshot_at"
_WITHOUT_USERS = frozenset({"duckdb", "pyspark", "bigquery"})
_SECRETS = ("password", "passwd", "pwd", "secret", "token", "key", "credential")


@dataclass(frozen=True, slots=True)
class TableSource:
    """A table by address and name. `columns` limits what is counted to those of them that are there; empty: all.

    The address may hold a password and is never shown.
    """

    url: str = field(repr=False)
    name: str
    columns: tuple[str, ...] = ()


def table_at(url: str, name: str, columns: tuple[str, ...] = ()) -> TableSource:
    """A table whose address was typed; its user's password comes from WAREHOUSE_PASSWORD or WAREHOUSE_PASSWORD_FILE.

    Raises BadInput `password` for an address that holds a password or another secret itself (everybody on the machine
    could read it), `password-file`, and `engine` for what is no address.
    """
    scheme, found, rest = url.partition("://")
    if not found:
        raise BadInput("engine", "table: an address is expected, such as duckdb:///data/decisions.duckdb.")
    if scheme.lower() in _WITHOUT_USERS:
        _refuse_secrets(rest)
        return TableSource(url, name, columns)
    try:
        parts = urlsplit(url)
        user, password = parts.username, parts.password
    except ValueError:
        raise BadInput("engine", "table: this is no address.") from None
    # What the parser takes for something else may still have been meant as a password.
    before, at, _ = rest.rpartition("@")
    if password is not None or (at and ":" in before):
        raise BadInput(
            "password",
            "table: the address holds a password, which all on this machine can read. Leave it out, and put it into "
            "WAREHOUSE_PASSWORD_FILE or WAREHOUSE_PASSWORD.",
        )
    _refuse_secrets(rest)
    known = _password()
    if user and known:
        url = f"{scheme}://{before}:{quote(known, safe='')}@{rest[len(before) + 1 :]}"
    return TableSource(url, name, columns)


def profile_of_table(source: TableSource, *, like: Profile | None = None) -> Profile:
    """Count a table where it is. Its facts say that there is no digest of its bytes, and so does a warning.

    Raises BadInput `not-installed` without the extra, and as `addressed.profile_at`.
    """
    profile: Profile = _engines(_PROFILE)(source.url, source.name, columns=source.columns, like=like)
    facts = {**profile.facts, "name": source.name, "digest": None, "note": NO_DIGEST}
    said = f"{source.name} was {NO_DIGEST}: nobody can measure the same rows again once it changes."
    return replace(profile, facts=facts, warnings=(*profile.warnings, said))


def write_snapshot(source: TableSource, excerpt: Excerpt, target: IO[bytes]) -> int:
    """Write rows of a table to `target` as Parquet; returns how many.

    Raises BadInput `not-installed` without the extra, and as `addressed.snapshot_at`.
    """
    rows: int = _engines(_SNAPSHOT)(source.url, source.name, excerpt, target)
    return rows


def _engines(path: str) -> Callable[..., Any]:
    try:
        function: Callable[..., Any] = import_string(path)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "monitoring":
            raise
        raise BadInput(
            "not-installed",
            "Tables in databases need more than is installed here: pip install modelwarrant[warehouse] "
            f"(requirements/warehouse.txt); there is no {error.name}.",
        ) from None
    return function


def _refuse_secrets(rest: str) -> None:
    for name, _ in parse_qsl(rest.partition("?")[2], keep_blank_values=True):
        if any(word in name.lower() for word in _SECRETS):
            raise BadInput(
                "password",
                "table: the address holds a secret, which all on this machine can read. Leave it out, and put it "
                "where the engine's own client looks for it.",
            )


def _password() -> str:
    if settings.WAREHOUSE_PASSWORD_FILE:
        try:
            return Path(settings.WAREHOUSE_PASSWORD_FILE).read_text().strip()
        except (OSError, UnicodeDecodeError):
            raise BadInput(
                "password-file", "WAREHOUSE_PASSWORD_FILE names a file that can't be read."
            ) from None
    return str(settings.WAREHOUSE_PASSWORD)
