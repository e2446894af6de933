"""Runs, batches, breaches and incidents as they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Count, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from ledger.actors import Actor
from ledger.errors import NotThere
from monitoring.models import Batch, Breach, Incident, Monitor, Run
from monitoring.statistics.verdicts import Threshold, judge
from people import access
from people.catalogue import P

Row = TypeVar("Row", bound=Model)

_RUNS = Run.objects.select_related("version__model__system", "batch", "current", "reference")
_BATCHES = Batch.objects.select_related("deployment__version__model__system", "deployment__slot")
_BREACHES = Breach.objects.select_related(
    "monitor__deployment__version__model__system", "batch", "run", "paging"
)
_MONITORS = Monitor.objects.select_related(
    "deployment__version__model__system", "deployment__slot", "reference__dataset", "plan"
)
_INCIDENTS = Incident.objects.select_related("system", "version__model")


def run_by_id(run_id: UUID) -> Run:
    """Raises NotThere."""
    return _one(_RUNS, run_id)


def batch_by_id(batch_id: UUID) -> Batch:
    """Raises NotThere."""
    return _one(_BATCHES, batch_id)


def breach_by_id(breach_id: UUID) -> Breach:
    """Raises NotThere."""
    return _one(_BREACHES, breach_id)


def monitor_of(deployment_id: UUID) -> Monitor:
    """The monitor of a deployment. Raises NotThere."""
    row = _MONITORS.filter(deployment_id=deployment_id).first()
    if row is None:
        raise NotThere
    return row


def runs_of(version_id: UUID) -> QuerySet[Run]:
    """All runs on a version, those on production batches too."""
    return _RUNS.filter(version_id=version_id)


def monitors_visible(actor: Actor) -> QuerySet[Monitor]:
    """With `newest` (end of the newest data's period) and `open_breaches` (of which people were told)."""
    told = Breach.objects.filter(monitor=OuterRef("pk"), state="open", paging__paged=True)
    newest = Batch.objects.filter(deployment=OuterRef("deployment")).order_by("-period_end")
    rows = _MONITORS.annotate(
        newest=Subquery(newest.values("period_end")[:1]),
        open_breaches=Coalesce(
            Subquery(told.order_by().values("monitor").annotate(count=Count("pk")).values("count")), 0
        ),
    )
    return access.visible(actor, P.RUN_VIEW, rows)


def breaches_visible(actor: Actor) -> QuerySet[Breach]:
    return access.visible(actor, P.RUN_VIEW, _BREACHES.all())


def incidents_visible(actor: Actor) -> QuerySet[Incident]:
    return access.visible(actor, P.SYSTEM_VIEW, _INCIDENTS.all())


def _one(rows: QuerySet[Row], row_id: UUID) -> Row:
    row = rows.filter(pk=row_id).first()
    if row is None:
        raise NotThere
    return row


def judged_again(result: Mapping[str, Any], asked: Mapping[str, Any]) -> tuple[str, str] | None:
    """Verdict and reason of a recorded result under another threshold; None where its intervals aren't on record.

    What kept a result from passing beside its bound (too few of a group, a hold) keeps it now.
    """
    before = result["threshold"]
    terms = ("metric", "op", "bound", "minimum_n")
    if before is not None and all(before[name] == asked[name] for name in terms):
        return str(result["verdict"]), str(result["why"])
    details = result.get("details") or {}
    ends: list[Any] = [details.get(name) for name in ("own_low", "own_high", "widened_low", "widened_high")]
    if before is None or any(end is None for end in ends):
        return None
    value, n = result["value"], result["n"]
    own, wide = (float(ends[0]), float(ends[1])), (float(ends[2]), float(ends[3]))
    held = Threshold(**{**before, "slice": tuple(sorted(before["slice"].items()))})
    if str(judge(held, value, n, own=own, simultaneous=wide)[0]) != result["verdict"]:
        return ("inconclusive", str(result["why"])) if result["verdict"] == "inconclusive" else None
    verdict, why = judge(Threshold(**asked), value, n, own=own, simultaneous=wide)
    return str(verdict), why
