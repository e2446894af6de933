"""Moves of a version that governance decides on: submit, review, restrict, suspend, reinstate, retire.

Gates are evaluated in the transaction of the move, and every reason of every gate comes back in one refusal.
Approving isn't here: it follows from decisions.
"""

from __future__ import annotations

from uuid import UUID

from governance.gates.context import Context
from governance.gates.table import evaluate
from governance.selectors.requirements import policy_of
from governance.services.endings import end_early
from governance.services.refusals import closed, no_policy
from governance.services.rounds import round_keep
from governance.services.warrants import void_all
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Invalid
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from registry.machines import ROUND_OPEN, VERSION
from registry.models import Version
from registry.selectors.versions import version_locked
from registry.services.versions import version_apply_move


@governed
def version_submit(*, actor: Actor, version_id: UUID) -> Version:
    """Submit a draft for validation; pins the policy in force for the tier of its system."""
    version = version_locked(version_id)
    policy = policy_of(version)
    if policy is None:
        access.require(actor, P.VERSION_SUBMIT, version)
        raise no_policy("The version can't be submitted.", version, P.VERSION_SUBMIT)
    return _gated(actor, version, "submit", policy_digest=policy.digest)


@governed
def version_start_review(*, actor: Actor, version_id: UUID) -> Version:
    """Take a validated version into review."""
    return _gated(actor, version_locked(version_id), "start-review")


@governed
def version_return(*, actor: Actor, version_id: UUID, reason: str) -> Version:
    """Send a version back to its makers."""
    said, version = _said(reason), version_locked(version_id)
    if version.state in ROUND_OPEN:
        access.require(actor, P.VERSION_REVIEW, version)
        round_keep(actor=actor, version=version)
    return _gated(actor, version, "return", reason=said)


@governed
def version_withdraw(*, actor: Actor, version_id: UUID) -> Version:
    """Close a version without a judgement on it."""
    return _gated(actor, version_locked(version_id), "withdraw")


@governed
def version_restrict(*, actor: Actor, version_id: UUID, reason: str) -> Version:
    """Stop new deployments. What runs goes on under its warrant (DESIGN law 11)."""
    return _gated(actor, version_locked(version_id), "restrict", reason=_said(reason))


@governed
def version_lift(*, actor: Actor, version_id: UUID, reason: str) -> Version:
    """Allow new deployments again."""
    return _gated(actor, version_locked(version_id), "lift", reason=_said(reason))


@governed
def version_suspend(*, actor: Actor, version_id: UUID, reason: str) -> Version:
    """A named person's suspension: every warrant of the version is void at once."""
    version = _gated(actor, version_locked(version_id), "suspend", reason=_said(reason))
    void_all(version, actor=actor, ground="suspended")
    return version


@governed
def version_recheck(*, actor: Actor, version_id: UUID, reason: str) -> Version:
    """Take an approved version back into review, once the key under its signature was revoked: its warrants are
    void at once (DESIGN law 11), and nothing approves it again before a trusted key has signed it."""
    version = _gated(actor, version_locked(version_id), "recheck", reason=_said(reason))
    void_all(version, actor=actor, ground="key-revoked")
    return version


@governed
def version_reinstate(*, actor: Actor, version_id: UUID, reason: str) -> Version:
    """Take up the review of a suspended version again. Void warrants stay void."""
    return _gated(actor, version_locked(version_id), "reinstate", reason=_said(reason))


@governed
def version_retire(*, actor: Actor, version_id: UUID, reason: str) -> Version:
    """Take a version out of use for good; its warrants pass through due and grace into void (DESIGN law 11)."""
    version = _gated(actor, version_locked(version_id), "retire", reason=_said(reason))
    end_early(version, actor=actor, ground="retired")
    return version


def _gated(
    actor: Actor, version: Version, move: str, *, policy_digest: str = "", reason: str = ""
) -> Version:
    # Permission before gates: reasons are for those who may see the version.
    transition = next((t for t in VERSION.legal(version.state) if t.name == move), None)
    if transition is not None:
        access.require(actor, P(transition.permission), version)
    context = Context(version, clock.now())
    answers = evaluate(transition.gates if transition else (), context, move=move)
    if transition is not None and not all(answer.ok for answer in answers):
        raise closed(f"{version}: {move} is refused.", version, P(transition.permission), answers)
    return version_apply_move(
        actor=actor,
        version_id=version.id,
        move=move,
        answers={answer.gate: answer.ok for answer in answers},
        cooling_off=context.cooling_off,
        policy_digest=policy_digest,
        reason=reason,
    )


def _said(reason: str) -> str:
    if not reason.strip():
        raise Invalid("Say why: the reason is recorded with the move.", field="reason")
    return reason.strip()
