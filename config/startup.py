"""What must hold before any process of the service starts: settings that can be meant, tables that are sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from governance import catalogue as governance_catalogue
from governance import machines as governance_machines
from governance.gates.catalogue import GATES
from governance.selectors.things import RELATIONS
from ledger import catalogue as ledger_catalogue
from ledger import machines as ledger_machines
from ledger.services.anchoring import anchors_problem
from ledger.services.witnesses import policy_problem
from ledger.workdays import calendar_problem
from modelwarrant.machine import Machine
from monitoring import catalogue as monitoring_catalogue
from monitoring import machines as monitoring_machines
from people import catalogue as people_catalogue
from people import machines as people_machines
from people.catalogue import ROLES, P, permissions_of
from people.services.notices import mail_problem
from people.services.provider_settings import provider_problems
from registry import machines as registry_machines
from registry.selectors.retention import house_problem

MACHINES = (ledger_machines, people_machines, registry_machines, monitoring_machines, governance_machines)
CATALOGUES = (ledger_catalogue, people_catalogue, monitoring_catalogue, governance_catalogue)
MINIMUM_KEY_LENGTH = 50


class Settings(Protocol):
    DEBUG: bool
    LOCAL: bool
    ALLOWED_HOSTS: list[str]
    SECRET_KEY: str
    SECRET_KEY_GIVEN: bool
    BROKER_EMBEDDED: bool
    CELERY_BROKER_URL: str
    DATABASES: dict[str, dict[str, Any]]


def setting_faults(settings: Settings) -> Iterator[str]:
    """One sentence per combination of settings that cannot be meant.

    Production is what is reachable from elsewhere or shared: a host name beyond this machine, a network broker, a
    database server.
    """
    database = settings.DATABASES["default"]
    embedded_database = database["ENGINE"] == "config.sqlite"
    production = not settings.LOCAL or not settings.BROKER_EMBEDDED or not embedded_database
    if production and settings.DEBUG:
        yield "DEBUG is on in production: it shows settings and source to whoever meets an error. Unset it."
    if production and not settings.SECRET_KEY_GIVEN:
        yield "SECRET_KEY or SECRET_KEY_FILE is not set: in production all processes must be given the same key."
    if settings.SECRET_KEY_GIVEN and _weak(settings.SECRET_KEY):
        yield (
            f"SECRET_KEY is weak: at least {MINIMUM_KEY_LENGTH} random characters are needed, for example from "
            "`python3 -c 'import secrets; print(secrets.token_urlsafe(64))'`."
        )
    if embedded_database and not settings.BROKER_EMBEDDED:
        yield "SQLite with a network broker: workers elsewhere cannot reach the file. Set DATABASE_URL to PostgreSQL."
    if embedded_database and (":memory:" in database["NAME"] or "mode=memory" in database["NAME"]):
        yield "DATABASE_URL names a database in memory: the record would end with the process. Name a file."
    if settings.CELERY_BROKER_URL.startswith("memory:"):
        yield "BROKER_URL names a broker in memory: no worker could ever read it. Use redis:// or amqp://."


def _weak(key: str) -> bool:
    return len(key) < MINIMUM_KEY_LENGTH or len(set(key)) < 10 or key.startswith("django-insecure-")


def table_faults() -> Iterator[str]:
    """One sentence per fault of the tables: every machine of `<app>.machines`, and each catalogue's own `faults()`."""
    words = {
        "permissions": frozenset(P),
        "gates": frozenset(GATES),
        "events": ledger_catalogue.catalogue.names,
        "roles": frozenset(ROLES),
    }
    named: dict[str, Machine] = {}
    for module in MACHINES:
        machines = [value for value in vars(module).values() if isinstance(value, Machine)]
        if not machines:
            yield f"{module.__name__} holds no machine"
        yield from (
            f"{module.__name__}: the relation '{relation}' has no words in governance.selectors.things"
            for relation in module.NOT_BY
            if relation not in RELATIONS
        )
        for machine in machines:
            for fault in machine.faults(**words, not_by=module.NOT_BY):
                yield f"{module.__name__}: {fault}"
            if named.setdefault(machine.name, machine) is not machine:
                yield f"{module.__name__}: two machines are called '{machine.name}'"
            yield from (f"{module.__name__}: {fault}" for fault in _idle_roles(machine))
    for catalogue in CATALOGUES:
        for fault in catalogue.faults():
            yield f"{catalogue.__name__}: {fault}"


def _idle_roles(machine: Machine) -> Iterator[str]:
    """A move kept to a role that doesn't carry its permission is one that nobody could make."""
    for move in machine.transitions:
        for role in move.roles:
            if role in ROLES and move.permission not in permissions_of(role):
                yield f"{machine.name}: '{move.name}' is kept to '{role}', which doesn't carry '{move.permission}'"


def verify_settings() -> None:
    """Raise ImproperlyConfigured with every fault of the settings."""
    problems = (
        policy_problem(),
        anchors_problem(),
        house_problem(),
        calendar_problem(),
        mail_problem(),
        *provider_problems(),
    )
    _refuse(chain(setting_faults(settings), filter(None, problems)))


def verify_tables() -> None:
    """Raise ImproperlyConfigured with every fault of the tables the service is run by."""
    _refuse(table_faults())


def _refuse(faults: Iterable[str]) -> None:
    if found := list(faults):
        raise ImproperlyConfigured(
            "ModelWarrant does not start:\n" + "\n".join(f"- {fault}" for fault in found)
        )
