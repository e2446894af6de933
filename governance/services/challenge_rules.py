"""What speaks against a move of effective challenge beyond its table: whose question it is, and what must come first.

The services refuse for the same reasons; pages show these sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from governance.challenge import FINDING
from governance.gates.approvals import bars
from governance.gates.context import Context
from governance.models import (
    Claim,
    Comment,
    Condition,
    Decision,
    Finding,
    FindingExtension,
    Recertification,
    Validation,
)
from governance.selectors.conditions import REVIEW
from governance.selectors.finding_bars import ANSWERS, why_closed
from governance.selectors.findings import standing
from governance.selectors.recertifications import policy_for
from governance.selectors.requirements import document_of
from ledger import clock
from ledger.actors import Actor
from people import access
from people.catalogue import ROLES, P
from registry.machines import ROUND_OPEN

Rule = Callable[[Actor, Any], str]
WIDER = "it is about more than you hold such a role for"


def _finding_is_theirs(move: str) -> Rule:
    transition = next(item for item in FINDING.transitions if item.name == move)

    def rule(actor: Actor, finding: Finding) -> str:
        if move not in ANSWERS and not _everywhere(actor, P(transition.permission), finding):
            return WIDER
        return why_closed(finding, transition, actor.principals, actor.id)

    return rule


def extension_is_still_wanted(actor: Actor, extension: FindingExtension) -> str:
    if not standing(extension.finding, clock.now()).open:
        return "the finding is no longer open"
    if extension.until <= clock.now():
        return "the date that was asked for has passed"
    return extension_reaches(actor, extension)


def extension_reaches(actor: Actor, extension: FindingExtension) -> str:
    return "" if _everywhere(actor, P.FINDING_JUDGE, extension.finding) else WIDER


def validation_is_theirs(actor: Actor, validation: Validation) -> str:
    return "" if validation.validator == actor.id else "it is somebody else's"


def report_was_answered(actor: Actor, validation: Validation) -> str:
    """The makers' word comes first, or the time for it is over."""
    if why := validation_is_theirs(actor, validation):
        return why
    answered = validation.responses.filter(report_digest=validation.report_digest).exists()
    until = validation.response_due
    if not answered and until and clock.now() < until:
        return f"the makers haven't responded yet; without their word it can be issued after {until.date()}"
    return ""


def thread_is_theirs(actor: Actor, comment: Comment) -> str:
    if comment.parent_id is not None:
        return "only a thread as a whole is resolved"
    return "" if comment.author == actor.id else "only for who began the thread"


def claim_is_theirs(actor: Actor, claim: Claim) -> str:
    return "" if claim.person == actor.id else "only for who holds the claim; you can take it over"


def claim_is_anothers(actor: Actor, claim: Claim) -> str:
    """Taking over is claiming the same seat of the same decision."""
    version = claim.version
    if claim.person == actor.id:
        return "it is yours"
    if claim.decision_round != version.decision_round or version.state not in ROUND_OPEN:
        return "there is nothing to decide now"
    if claim.seat not in access.roles(actor, version):
        return f"only for: {ROLES[claim.seat].title}"
    return next(iter(bars(Context(version, clock.now()), actor.principals).values()), "")


def review_afterwards_is_anothers(actor: Actor, condition: Condition) -> str:
    """An independent review afterwards is for its seat, and for nobody who approved."""
    if condition.kind != REVIEW:
        return ""
    if condition.seat not in access.roles(actor, condition.version):
        return f"only for: {ROLES[condition.seat].title}"
    approvals = Decision.objects.filter(
        version=condition.version_id, decision_round=condition.decision_round, outcome="approve"
    )
    mine = approvals.filter(person__in=actor.principals).exists()
    return "you approved this version; the review afterwards is another person's" if mine else ""


def renewal_needs_its_role(actor: Actor, renewal: Recertification) -> str:
    """The policy names who renews, barred like an approver."""
    policy = policy_for(renewal)
    if policy is None:
        return "no policy is in force for this risk tier"
    role = document_of(policy).recertification.role
    if role not in access.roles(actor, renewal.version):
        return f"only for: {ROLES[role].title if role in ROLES else role}"
    return next(
        iter(bars(Context(renewal.version, clock.now(), judged_by=policy), actor.principals).values()), ""
    )


def _everywhere(actor: Actor, permission: P, finding: Finding) -> bool:
    reached = access.reach(actor)
    return all(reached.allows(permission, link) for link in finding.links.all())


CHALLENGE_RULES: Mapping[tuple[str, str], Rule] = {
    **{
        ("finding", move.name): _finding_is_theirs(move.name)
        for move in FINDING.transitions
        if move.name != "lapse"
    },
    ("finding-extension", "grant"): extension_is_still_wanted,
    ("finding-extension", "refuse"): extension_reaches,
    **{("validation", move): validation_is_theirs for move in ("begin", "draft", "ask-response", "rework")},
    ("validation", "issue"): report_was_answered,
    ("comment", "resolve"): thread_is_theirs,
    ("comment", "reopen"): thread_is_theirs,
    ("claim", "release"): claim_is_theirs,
    ("claim", "take-over"): claim_is_anothers,
    ("condition", "meet"): review_afterwards_is_anothers,
    ("recertification", "grant"): renewal_needs_its_role,
}
"""Kind and move -> what may speak against it."""
