"""What speaks against a move beyond its table: rules of the policy and of time, as sentences.

Services refuse with these and pages show them, so that both say the same. An empty string means: nothing does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from governance.gates import material
from governance.models import Emergency, RetrainingPath, Waiver, WideWaiver
from governance.selectors.emergencies import COVERED
from governance.selectors.renewals import LADDER, renewal_of
from governance.selectors.requirements import document_of, policy_of
from governance.services.challenge_rules import CHALLENGE_RULES
from ledger import clock
from ledger.actors import Actor
from monitoring.models import Run
from people import access
from people.catalogue import ROLES
from people.models import Grant
from registry.models import Version

Rule = Callable[[Actor, Any], str]


def submit_needs_policy(actor: Actor, version: Version) -> str:
    return "" if policy_of(version) else "no policy is in force for this risk tier"


def approve_needs_seat(actor: Actor, version: Version) -> str:
    """Approving is deciding in a seat of the policy."""
    policy = policy_of(version)
    if policy is None:
        return "no policy is in force for this risk tier"
    seats = document_of(policy).seats("approve")
    if access.roles(actor, version).isdisjoint(seats):
        return f"the policy asks for: {', '.join(ROLES[seat].title for seat in dict.fromkeys(seats))}"
    return ""


def waiver_needs_its_role(actor: Actor, waiver: Waiver) -> str:
    """The policy names who approves a waiver, a renewal wants one level more; one whose end has passed is approved by
    nobody."""
    if waiver.ends <= clock.now():
        return "its end has passed"
    return _only(actor, waiver.version, *roles_for_waiver(waiver))


def roles_for_waiver(waiver: Waiver) -> tuple[str, ...]:
    """Who may approve it, the least of them first."""
    if renewal := renewal_of(waiver):
        return LADDER[LADDER.index(renewal.role) :]
    policy = policy_of(waiver.version)
    return (document_of(policy).waivers.role,) if policy else ()


def wide_waiver_is_still_wanted(actor: Actor, waiver: WideWaiver) -> str:
    return "its end has passed" if waiver.ends <= clock.now() else ""


def emergency_needs_its_role(actor: Actor, emergency: Emergency) -> str:
    """The policy names who is the second person, and the version may have moved since it was asked for."""
    if emergency.version.state not in COVERED:
        return f"the version is {emergency.version.state} by now"
    policy = policy_of(emergency.version)
    wanted = document_of(policy).break_glass if policy else None
    return _only(actor, emergency.version, wanted.role if wanted and wanted.allowed else "")


def light_needs_the_classifier(actor: Actor, path: RetrainingPath) -> str:
    """Nobody takes the light path against the classifier, or on what has changed since."""
    earlier = material.before(path.version)
    if path.proposal != material.LIGHT:
        return "the classifier proposed the full path"
    if (
        earlier != path.before
        or material.proposal(material.criteria(path.version, path.before)) != material.LIGHT
    ):
        return "a criterion no longer holds; have the path proposed again"
    return ""


def run_is_cancelled_by_its_requester(actor: Actor, run: Run) -> str:
    return "" if run.requested_by in actor.principals else "only who requested it can cancel it"


def grant_is_still_wanted(actor: Actor, grant: Grant) -> str:
    if grant.ends is not None and grant.ends <= clock.now():
        return "its end has passed"
    return "" if grant.holder.is_active else "the holder is locked out"


def _only(actor: Actor, about: Any, *roles: str) -> str:
    known = [role for role in roles if role in ROLES]
    if access.roles(actor, about).isdisjoint(known):
        return f"only for: {', '.join(ROLES[role].title for role in known) or 'nobody, without a policy'}"
    return ""


RULES: Mapping[tuple[str, str], Rule] = {
    ("version", "submit"): submit_needs_policy,
    ("version", "approve"): approve_needs_seat,
    ("waiver", "approve"): waiver_needs_its_role,
    ("wide-waiver", "approve"): wide_waiver_is_still_wanted,
    ("retraining-path", "take-light"): light_needs_the_classifier,
    ("emergency", "agree"): emergency_needs_its_role,
    ("run", "cancel"): run_is_cancelled_by_its_requester,
    ("grant", "confirm"): grant_is_still_wanted,
    **CHALLENGE_RULES,
}
"""Kind and move -> what may speak against it."""
