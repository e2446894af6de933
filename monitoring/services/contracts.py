"""What a finished data-contract run says about the dataset version itself: accepted, refused, or still open.

Only the declared contract counts here. A policy's further bounds, and whether the data were used before, judge the model
version that uses the data, not the data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from ledger import clock
from ledger.actors import Actor
from ledger.services.transactions import governed
from monitoring.models import Run
from registry.machines import DATASET_VERSION
from registry.models import DatasetVersion
from registry.selectors.datasets import dataset_version_locked
from registry.services.datasets import dataset_version_move

CHECK = "data-contract"
SET_BY = "the data contract"
CIRCUMSTANCES = frozenset({"training_overlap", "repeated_data", "hours_behind"})
"""Figures of the check that are about when and for what the data are used."""
LOOKED_AFTER = dt.timedelta(days=1)


@governed
def contract_judge(*, actor: Actor, run_id: UUID) -> DatasetVersion | None:
    """Accept or refuse the dataset version that a finished run of its contract read; None if that decides nothing.

    Nothing but `pass` accepts: where one rule couldn't be told, the version stays registered. Safe to repeat.
    """
    run = Run.objects.filter(pk=run_id, check_name=CHECK, batch__isnull=True, state="done").first()
    if run is None or run.current_id is None or run.outcome is None:
        return None
    version = dataset_version_locked(run.current_id)
    if version.state != DATASET_VERSION.initial.name:
        return None
    rules = [result for result in run.outcome["results"] if _is_rule(result)]
    broken = [_fault(result) for result in rules if result["verdict"] == "fail"]
    if not broken and (not rules or any(result["verdict"] != "pass" for result in rules)):
        return None
    return dataset_version_move(
        actor=actor,
        dataset_version_id=version.pk,
        move="refuse" if broken else "accept",
        profile=run.outcome["inputs"]["current"],
        faults=broken,
    )


def unjudged() -> QuerySet[Run]:
    """Runs of the last day that decided about data and were not followed: a worker died in between."""
    ended = Run.objects.filter(
        check_name=CHECK, batch__isnull=True, state="done", verdict__in=("pass", "fail")
    )
    since = clock.now() - LOOKED_AFTER
    return ended.filter(current__state=DATASET_VERSION.initial.name, finished_at__gt=since).order_by(
        "finished_at"
    )


def _is_rule(result: Mapping[str, Any]) -> bool:
    if result["verdict"] is None or result["metric"] in CIRCUMSTANCES:
        return False
    # What couldn't be counted has no bound and is a rule of the contract all the same.
    return result["threshold"] is None or result["threshold"]["set_by"] == SET_BY


def _fault(result: Mapping[str, Any]) -> dict[str, Any]:
    where = "".join(f" of {name} {value}" for name, value in result["slice"].items())
    bound = result["threshold"]
    text = f"{result['metric']}{where} is {result['value']:g}; {bound['op']} {bound['bound']:g} was declared"
    return {"code": result["metric"], "text": text}
