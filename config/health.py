"""/healthz: the process answers. /readyz: it can do its work. Neither tells an anonymous caller anything secret."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ledger import clock, selectors

MAX_PENDING_SECONDS = 60
"""Longer than this an entry waits only where no worker integrates."""

logger = logging.getLogger(__name__)


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(waiting)} migrations are not applied" if waiting else ""


def _triggers() -> str:
    missing = len(selectors.triggers_missing())
    return f"{missing} triggers that keep the log append-only are missing; run migrate" if missing else ""


def _sequencer() -> str:
    age = selectors.pending_age() or 0.0
    if age <= MAX_PENDING_SECONDS:
        return ""
    return f"entries have waited {age:.0f} s for the sequencer; is a worker running?"


def _outside() -> str:
    contradicting = [contact.kind for contact in selectors.outside() if contact.contradicts]
    if contradicting:
        return f"{' and '.join(sorted(set(contradicting)))} outside saw another log than this one; see the ledger's page"
    silent = sum(not contact.ok for contact in selectors.outside())
    return f"{silent} witnesses or anchors do not answer; see the ledger's page" if silent else ""


def _audit() -> str:
    last = selectors.last_audit()
    return "the last self-audit found faults; see the ledger's page" if last and last.verdict != "ok" else ""


def _clock() -> str:
    skew = clock.skew()
    if abs(skew) <= clock.ALARMING_SKEW:
        return ""
    ahead = skew.total_seconds()
    return f"this machine's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the database's, which decides"


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "triggers": _triggers,
    "sequencer": _sequencer,
}
"""Name -> what is wrong, empty when nothing is."""

WARNINGS: dict[str, Callable[[], str]] = {"outside": _outside, "audit": _audit, "clock": _clock}
"""Name -> what an operator must look at, while the service still does its work."""


@never_cache
@require_safe
def alive(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "alive"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when all checks hold, otherwise 503 and which don't; the first failure ends it, later ones build on it."""
    checks: dict[str, str] = {}
    for name, check in CHECKS.items():
        try:
            wrong = check()
        except DatabaseError:
            logger.exception("readiness: %s", name)
            wrong = "failed; see the log"
        checks[name] = wrong or "ok"
        if wrong:
            break
    ok = set(checks.values()) == {"ok"}
    # Told, but no reason to take the service out: what governs must not be the outage.
    warnings = {name: said for name, warn in WARNINGS.items() if (said := warn())} if ok else {}
    return JsonResponse(
        {"status": "ready" if ok else "not ready", "checks": checks, "warnings": warnings},
        status=200 if ok else 503,
    )
