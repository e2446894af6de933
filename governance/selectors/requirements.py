"""What the pinned policy asks of a version's results, and where each requirement stands.

A requirement stands on the latest finished run of its check that measured this subject on data declared
for this version under this policy. Anything else (older subject, other policy, too old, errored, no such
metric, too few rows) has its own word, and none of these words is a pass (DESIGN law 6).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from governance.models import Acceptance, Policy, Waiver, WideWaiver
from governance.policies.document import CheckRequirement
from governance.selectors.ground import ground_of, policy_of
from governance.selectors.policies import document_of
from monitoring.models import Run
from registry.models import Version

__all__ = [
    "RequirementState",
    "Standing",
    "accepted",
    "declared",
    "document_of",
    "policy_of",
    "requirement_states",
    "waivers_of",
]


class Standing(StrEnum):
    """Where a requirement stands before anybody's acceptance or waiver is looked at."""

    MET = "met"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    STALE = "stale"
    MISSING = "missing"


_BY_VERDICT = {
    "pass": Standing.MET,
    "fail": Standing.FAILED,
    "inconclusive": Standing.INCONCLUSIVE,
    "error": Standing.ERROR,
}
_WEIGHT = {Standing.MET: 0, Standing.INCONCLUSIVE: 1, Standing.FAILED: 2, Standing.ERROR: 3}


@dataclass(frozen=True, slots=True)
class RequirementState:
    """One requirement, the results it stands on, and the acceptance or waiver that covers it, if any."""

    requirement: CheckRequirement
    standing: Standing
    why: str
    run: Run | None = None
    attempts: int = 0
    results: tuple[dict[str, Any], ...] = ()
    acceptance: Acceptance | None = None
    waiver: Waiver | WideWaiver | None = None

    @property
    def title(self) -> str:
        """The requirement's name as a reader sees it, with its bound where it has one."""
        name = self.requirement.name.replace("-", " ").capitalize()
        bound = self.requirement.bound
        return (
            f"{name} ({self.requirement.metric} {self.requirement.op} {bound})" if bound is not None else name
        )

    @property
    def open(self) -> bool:
        """True while the requirement holds the version back."""
        if not self.requirement.gating or self.standing is Standing.MET or self.waiver is not None:
            return False
        return not (self.standing is Standing.INCONCLUSIVE and self.acceptance is not None)


def waivers_of(version: Version, *, at: dt.datetime, place: str = "") -> dict[str, Waiver | WideWaiver]:
    """Requirement -> the approved waiver that covers it at `at`, the version's own before a wide one, and of several
    the one that ends last. `place` (`environment/region/arm`) leaves out those for other places; without it they all
    count, since nobody knows yet where it will run."""
    found: dict[str, Waiver | WideWaiver] = {}
    ground = ground_of(version)
    for wide in sorted(ground.wide_waivers, key=lambda row: row.ends):
        if _holds(wide, at) and (not place or not wide.slots or place in wide.slots):
            found[wide.requirement] = wide
    for own in sorted(ground.waivers, key=lambda row: row.ends):
        if _holds(own, at):
            found[own.requirement] = own
    return found


def accepted(version: Version, at: dt.datetime) -> list[Acceptance]:
    """The acceptances of inconclusive results that count at `at`."""
    return [row for row in ground_of(version).acceptances if row.state == "active" and row.review_by > at]


def declared(version: Version) -> dict[str, frozenset[UUID]]:
    """Role -> the dataset versions that are declared in it."""
    found: dict[str, set[UUID]] = {}
    for row in ground_of(version).lineage:
        found.setdefault(row.role, set()).add(row.dataset_version_id)
    return {role: frozenset(rows) for role, rows in found.items()}


def _holds(waiver: Waiver | WideWaiver, at: dt.datetime) -> bool:
    return waiver.state == "approved" and waiver.starts <= at < waiver.ends


def requirement_states(
    version: Version,
    *,
    at: dt.datetime,
    move: str = "approve",
    place: str = "",
    policy: Policy | None = None,
) -> tuple[RequirementState, ...]:
    """Every requirement for `move`, in the order of the version's policy, or of the one given (a renewal is judged by the
    one in force); `place` as in `waivers_of`.

    Raises Refused for a task that the policy doesn't speak of. Empty without a policy.
    """
    version = ground_of(version).version
    policy = policy or policy_of(version)
    if policy is None:
        return ()
    runs, data = ground_of(version).evidence, declared(version)
    acceptances = {(row.requirement, row.run_id): row for row in accepted(version, at)}
    waivers = waivers_of(version, at=at, place=place)
    document = document_of(policy)
    states = []
    for requirement in document.required(move, version.model.task):
        mine = [run for run in runs if run.check_name == requirement.check]
        # A run for a renewal under a newer policy says nothing about this one, and hides nothing either.
        mine = [run for run in mine if run.policy_digest == policy.digest] or mine
        state = _standing(requirement, mine, version, policy, data.get(requirement.data, frozenset()), at)
        states.append(
            RequirementState(
                requirement,
                state.standing,
                state.why,
                state.run,
                len(mine),
                state.results,
                acceptances.get((requirement.name, state.run.pk)) if state.run else None,
                waivers.get(requirement.name),
            )
        )
    return tuple(states)


def _standing(
    requirement: CheckRequirement,
    runs: list[Run],
    version: Version,
    policy: Policy,
    current: frozenset[UUID],
    at: dt.datetime,
) -> RequirementState:
    if not runs:
        return RequirementState(requirement, Standing.MISSING, "this check was never run on this version")
    run = runs[-1]
    stale = _stale(requirement, run, version, policy, current, at)
    if stale:
        return RequirementState(requirement, Standing.STALE, stale, run)
    if run.state == "error" or run.outcome is None:
        return RequirementState(
            requirement, Standing.ERROR, f"the run ended in an error: {run.error_text}", run
        )
    results = tuple(result for result in run.outcome["results"] if _answers(requirement, result))
    if not results:
        return RequirementState(
            requirement, Standing.MISSING, "the run gave no result for this requirement", run
        )
    standing = max(
        (_BY_VERDICT.get(result["verdict"], Standing.ERROR) for result in results), key=_WEIGHT.__getitem__
    )
    heaviest = next(r for r in results if _BY_VERDICT.get(r["verdict"], Standing.ERROR) is standing)
    return RequirementState(requirement, standing, heaviest["why"], run, 0, results)


def _stale(
    requirement: CheckRequirement,
    run: Run,
    version: Version,
    policy: Policy,
    current: frozenset[UUID],
    at: dt.datetime,
) -> str:
    if run.subject_digest != version.subject_digest:
        return "the result belongs to other model bytes"
    if run.policy_digest != policy.digest:
        return "the result was judged under another policy"
    if run.current_id not in current:
        return "the result was measured on data no longer declared for this version"
    if run.finished_at is None or run.finished_at + dt.timedelta(days=requirement.maximum_age_days) < at:
        return f"the result is older than {requirement.maximum_age_days} days"
    return ""


def _answers(requirement: CheckRequirement, result: dict[str, Any]) -> bool:
    """A result answers a requirement if it judged the same metric against the same bound, in the slices asked for.

    A requirement without a metric is answered by every judged result: there the check's own rules decide.
    """
    if result["verdict"] is None:
        return False
    if not requirement.metric:
        return True
    threshold = result["threshold"]
    if threshold is None or result["metric"] != requirement.metric:
        return False
    same_bound = threshold["op"] == requirement.op and threshold["bound"] == float(requirement.bound or 0)
    return same_bound and dict(requirement.slice).items() <= dict(result["slice"]).items()
