"""Results that are on record, held to the bounds of another policy than the one they were judged under."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from governance.policies.document import CheckRequirement, PolicyDocument
from monitoring.models import Run
from monitoring.selectors import judged_again
from registry.models import Version


@dataclass(frozen=True)
class Evidence:
    """Finished runs, oldest first, as they stood at a time; data by role; what was waived and accepted then."""

    at: dt.datetime
    runs: tuple[Run, ...]
    declared: Mapping[str, frozenset[Any]]
    waived: frozenset[str]
    accepted: frozenset[tuple[str, Any]]


def requirement_obstacles(
    document: PolicyDocument, version: Version, evidence: Evidence
) -> tuple[dict[str, str], list[str]]:
    """Requirements of the policy for an approval that aren't met: key -> sentence; and what can't be told.

    Raises UncoveredTask.
    """
    found: dict[str, str] = {}
    unknown: list[str] = []
    for need in document.required("approve", version.model.task):
        if not need.gating:
            continue
        name = need.name.replace("-", " ").capitalize()
        standing, why, run = _standing(need, version, evidence)
        if standing == "unknown":
            unknown.append(f"{name}: {why}")
        elif standing != "pass" and not _covered(document, need, standing, run, evidence):
            found[f"check:{need.name}"] = f"{name}: {standing}, {why}"
    return found, unknown


def _covered(
    document: PolicyDocument, need: CheckRequirement, standing: str, run: Run | None, evidence: Evidence
) -> bool:
    if need.name in evidence.waived and document.waivable(need.name):
        return True
    accepted = run is not None and (need.name, run.pk) in evidence.accepted
    return standing == "inconclusive" and accepted and document.acceptable(need.name)


def _standing(need: CheckRequirement, version: Version, evidence: Evidence) -> tuple[str, str, Run | None]:
    """A verdict's word, `missing`, `stale` or `unknown`; why; and the run it rests on."""
    runs = [run for run in evidence.runs if run.check_name == need.check]
    if not runs:
        return "missing", f"the check {need.check} was not run.", None
    run = runs[-1]
    if run.subject_digest != version.subject_digest or run.current_id not in evidence.declared.get(
        need.data, ()
    ):
        return "stale", "the result belongs to other bytes or data.", run
    if run.finished_at is None or run.finished_at + dt.timedelta(days=need.maximum_age_days) < evidence.at:
        return "stale", f"the result was older than {need.maximum_age_days} days.", run
    if run.state == "error" or run.outcome is None:
        return "error", "the run ended in an error.", run
    results = [result for result in run.outcome["results"] if _about(need, result)]
    results = [result for result in results if result["verdict"] is not None] or results
    if not results:
        return "unknown", f"{need.metric or need.check} was not measured then.", run
    judged = [_judged(need, result) for result in results]
    order = ("error", "fail", "unknown", "inconclusive", "pass")
    verdict, why = min(judged, key=lambda item: order.index(item[0]))
    return verdict, why, run


def _about(need: CheckRequirement, result: Mapping[str, Any]) -> bool:
    if not need.metric:
        return result["verdict"] is not None
    if result["metric"] != need.metric:
        return False
    return dict(need.slice).items() <= dict(result["slice"]).items()


def _judged(need: CheckRequirement, result: Mapping[str, Any]) -> tuple[str, str]:
    asked = need.threshold(set_by="dry run", source="")
    if asked is None:
        return result["verdict"], result["why"]
    again = judged_again(result, asked)
    return again or (
        "unknown",
        f"{need.metric} was measured then, and its intervals for another bound are not on record.",
    )
