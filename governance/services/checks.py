"""Ask for the checks of the policy. Bounds come from the policy and are frozen into the run before it starts."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from governance.models import Policy
from governance.selectors.requirements import document_of, policy_of
from governance.services.refusals import no_policy
from ledger.actors import Actor
from ledger.errors import Invalid
from ledger.services.transactions import governed
from monitoring.models import Run
from monitoring.services.runs import run_request
from people import access
from people.catalogue import P
from registry.models import Version
from registry.selectors.versions import version_locked


@governed
def checks_request(*, actor: Actor, version_id: UUID, checks: Iterable[str] = ()) -> list[Run]:
    """Request the named checks, or all that the policy asks for. Raises Invalid for a check it doesn't name.

    Each check runs on the version's declared evaluation data, against its training data where it compares.
    """
    version = version_locked(version_id)
    access.require(actor, P.RUN_REQUEST, version)
    policy = policy_of(version)
    if policy is None:
        raise no_policy("No checks can be requested.", version, P.RUN_REQUEST)
    return runs_request(version, policy, actor=actor, checks=checks)


def runs_request(version: Version, policy: Policy, *, actor: Actor, checks: Iterable[str] = ()) -> list[Run]:
    """Request the named checks of `policy` on a locked version, or all of them, with its bounds."""
    requirements = document_of(policy).required("approve", version.model.task)
    asked = list(dict.fromkeys(requirement.check for requirement in requirements))
    wanted = list(dict.fromkeys(checks)) or asked
    for name in wanted:
        if name not in asked:
            raise Invalid(
                f"The policy asks for no check '{name}'; it asks for: {', '.join(asked)}.", field="checks"
            )
    return [
        run_request(
            actor=actor,
            version_id=version.id,
            check=name,
            thresholds=[
                threshold
                for requirement in requirements
                if requirement.check == name
                and (threshold := requirement.threshold(set_by=str(policy), source=policy.digest))
            ],
            policy_digest=policy.digest,
        )
        for name in wanted
    ]
