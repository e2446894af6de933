"""What a version consists of and how it measured, as one JSON value: what two versions, or two rounds of one, are
compared by.

A round's content is kept when the version is sent back (`RoundContent`), because its card and components may change
afterwards. The form below is stored, so its members only ever grow.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from governance.models import RoundContent
from governance.policies.document import UncoveredTask
from governance.selectors.ground import Ground, ground_of
from governance.selectors.requirements import RequirementState, requirement_states
from ledger import clock
from registry.models import Version
from registry.selectors import signatures

Content = dict[str, Any]
FORMAT = 1


def content_of(
    version: Version,
    *,
    at: dt.datetime,
    standing: signatures.Judgement | None = None,
    states: Sequence[RequirementState] | None = None,
) -> Content:
    """The content of `version` as it stands. `standing` of its signatures and `states` of its requirements are for who
    has just found them out at `at`."""
    ground = ground_of(version)
    version, policy = ground.version, ground.choice.policy
    return {
        "format": FORMAT,
        "version": {"id": str(version.pk), "title": str(version), "number": version.number,
                    "round": version.decision_round, "state": version.state},
        "subject": {"binding": version.binding, "digest": version.subject_digest, "manifest": version.manifest_digest,
                    "signature": (standing or signatures.standing(version)).status},
        "code": version.code_ref,
        "environment": dict(version.environment),
        "declared": {name: str(value) for name, value in version.declared.items()},
        "card": {name: str(text) for name, text in version.card.items()},
        "components": [
            {"kind": row.kind, "name": row.name, "digest": row.digest, "size": row.size, "licence": row.licence,
             "origin": row.origin} for row in ground.components
        ],
        "data": [
            {"role": row.role, "dataset": row.dataset_version.dataset.name, "number": row.dataset_version.number,
             "rows": row.dataset_version.rows, "digest": row.dataset_version.digest}
            for row in sorted(ground.lineage, key=lambda row: (row.role, row.dataset_version.dataset.name, row.pk))
        ],
        "metrics": [_measured(state) for state in (_states(version, at) if states is None else states)],
        "policy": {"digest": policy.digest, "title": str(policy)} if policy else None,
        "exceptions": _exceptions(ground),
    }  # fmt: skip


def last_round(version: Version) -> RoundContent | None:
    """What the version consisted of when it was sent back last; None if it never was, or before this was kept."""
    rows = RoundContent.objects.filter(version=version, decision_round__lt=version.decision_round)
    return rows.order_by("-decision_round").first()


def _states(version: Version, at: dt.datetime) -> tuple[RequirementState, ...]:
    try:
        return requirement_states(version, at=at)
    except UncoveredTask:
        return ()


def _measured(state: RequirementState) -> dict[str, Any]:
    # The worst of its results is what a requirement stands on.
    order = {"error": 0, "fail": 1, "inconclusive": 2, "pass": 3}
    worst = min(state.results, key=lambda one: order.get(one["verdict"], 0), default=None)
    bound = state.requirement.bound
    return {
        "name": state.requirement.name,
        "title": state.title,
        "standing": str(state.standing),
        "metric": worst["metric"] if worst else state.requirement.metric,
        "slice": {name: str(value) for name, value in worst["slice"].items()} if worst else {},
        "value": worst["value"] if worst else None,
        "low": worst["low"] if worst else None,
        "high": worst["high"] if worst else None,
        "n": worst["n"] if worst else 0,
        "op": state.requirement.op or (worst["threshold"]["op"] if worst and worst["threshold"] else ""),
        "bound": str(bound) if bound is not None else _bound_of(worst),
        "run": str(state.run.pk) if state.run else "",
    }


def _bound_of(result: dict[str, Any] | None) -> str:
    return f"{result['threshold']['bound']:g}" if result and result["threshold"] else ""


def _exceptions(ground: Ground) -> list[dict[str, str]]:
    # Without what people wrote about them: this is kept, and what a person wrote must be erasable.
    found = [
        {"kind": "waiver", "name": row.requirement, "state": row.state, "until": clock.text(row.ends)}
        for row in sorted(ground.waivers, key=lambda row: (row.requirement, row.starts, row.pk))
    ]
    found += [
        {
            "kind": "acceptance",
            "name": row.requirement,
            "state": row.state,
            "until": clock.text(row.review_by),
        }
        for row in sorted(ground.acceptances, key=lambda row: (row.requirement, row.accepted_at, row.pk))
    ]
    return found + [
        {"kind": "planned bound", "name": row.requirement, "state": row.bound, "until": ""}
        for row in sorted(ground.planned_bounds, key=lambda row: (row.requirement, row.pk))
    ]
