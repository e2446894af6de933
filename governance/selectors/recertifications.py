"""What a renewal needs, and where each of it stands: the question a recertification puts, read for its page and its act."""

from __future__ import annotations

import datetime as dt

from governance.models import Policy, Recertification
from governance.policies.document import PolicyDocument
from governance.selectors.ground import ground_of
from governance.selectors.policies import document_of
from governance.selectors.requirements import RequirementState, requirement_states
from registry.models import Version

OPEN = ("requested", "review")


def policy_in_force(version: Version) -> Policy | None:
    """The policy in force that speaks of the version's model, whichever the version was approved under."""
    return ground_of(version).choice_now.policy


def policy_for(renewal: Recertification) -> Policy | None:
    """The policy that the renewal is judged by: pinned when it was taken into review, before that the one in force."""
    if renewal.policy_digest:
        return Policy.objects.filter(digest=renewal.policy_digest).first()
    return policy_in_force(renewal.version)


def renewal_states(
    renewal: Recertification, policy: Policy, *, at: dt.datetime
) -> tuple[RequirementState, ...]:
    """The requirements that must hold again, measured since the review began, under `policy`."""
    wanted = checks_again(document_of(policy), renewal.version.model.task)
    if not wanted:
        return ()
    states = requirement_states(renewal.version, at=at, policy=policy)
    return tuple(state for state in states if state.requirement.name in wanted)


def measured_again(renewal: Recertification, state: RequirementState) -> bool:
    """Whether what the requirement stands on was asked for after the review began: an old result renews nothing."""
    since = renewal.reviewed_from
    return state.run is not None and since is not None and state.run.requested_at >= since


def checks_again(document: PolicyDocument, task: str) -> frozenset[str]:
    """Names of the requirements that must hold again: those the policy lists, otherwise those of the approval; none where
    the policy doesn't speak of the task."""
    if task not in document.tasks:
        return frozenset()
    required = {need.name for need in document.required("approve", task)}
    named = frozenset(document.recertification.checks)
    return frozenset(required & named if named else required)
