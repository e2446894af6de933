"""Policies: drafted by one person, put into force by another, never changed again."""

from __future__ import annotations

import math
from uuid import UUID

from django.db.models import Max, QuerySet

from governance import events
from governance.machines import POLICY
from governance.models import Policy
from governance.policies.document import Known, digest, load
from governance.policies.reading import PolicyInvalid, Problem, read
from governance.policies.scope import Scope
from governance.selectors.policies import document_of, in_force, speaks_of
from governance.selectors.visible import policies_visible, reads_policies
from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Conflict, Invalid, NotThere, Refused
from ledger.services import records
from ledger.services.transactions import governed
from monitoring.catalogue import CATALOGUE
from people import access
from people.catalogue import ROLES, SEATS, P
from people.services.moves import move_row
from people.services.notices import notify
from people.services.reading import shown
from registry.models import Version
from registry.models.versions import ComponentKind
from registry.selectors.cards import CARD
from registry.selectors.lookup import one
from registry.selectors.versions import contributors

BOUNDED_UNITS = frozenset({"share", "area", "ratio", "squared error", "distance"})
"""Units of metrics that lie within one of zero: a bound of 80 there means 0.8, and is refused."""


def policies_shown(*, actor: Actor) -> QuerySet[Policy]:
    """All policies, for whoever reads them. Raises NotAllowed, recorded."""
    if not reads_policies(actor):
        shown(actor=actor, permission=P.REPORT_VIEW, row=None)
    return policies_visible(actor)


def policy_shown(*, actor: Actor, policy_id: UUID) -> Policy:
    """One policy, for whom `policies_shown` has it. Raises NotThere; NotAllowed, recorded, whether it is there or not."""
    return one(policies_shown(actor=actor), policy_id)


@governed
def policy_draft(*, actor: Actor, text: str) -> Policy:
    """Store a policy text as a draft. Raises Invalid with every problem and its line."""
    access.require(actor, P.POLICY_EDIT)
    try:
        document = load(text, known=known_words())
    except PolicyInvalid as error:
        raise Invalid(
            "The policy text has problems.",
            field="text",
            reasons=[
                {"gate": "policy-text", "code": "problem", "text": f"line {problem.line}: {problem.message}"}
                for problem in error.problems
            ],
        ) from error
    bare = digest(text).removeprefix("sha256:")
    if Policy.objects.filter(digest=bare).exists():
        raise Conflict("This very text is already stored as a policy.", field="text")
    number = Policy.objects.filter(tier=document.tier).aggregate(last=Max("number"))["last"] or 0
    policy = Policy()
    records.write(
        actor=actor,
        event=events.POLICY_DRAFTED,
        row=policy,
        set={
            "tier": document.tier,
            "number": number + 1,
            "title": document.title,
            "text": text,
            "digest": bare,
            "state": POLICY.initial.name,
            "drafted_by": actor.id,
        },
    )
    return policy


@governed
def policy_submit(*, actor: Actor, policy_id: UUID) -> Policy:
    """Hand a draft to whoever may put it into force; its text was immutable from the start."""
    return _move(actor, policy_id, "submit")


@governed
def policy_withdraw(*, actor: Actor, policy_id: UUID) -> Policy:
    """Close a draft or a policy in review without effect."""
    return _move(actor, policy_id, "withdraw")


@governed
def policy_approve(*, actor: Actor, policy_id: UUID) -> Policy:
    """Put a policy into force and supersede the one of the same tier and scope before it. Its author can't.

    Whoever works on or reviews an open version of the tier is told. Raises Refused for a scope that would tie with
    another in force, so that which policy holds is never a pick.
    """
    policy, standing = _locked_with_tier(policy_id)
    access.require(actor, P.POLICY_APPROVE, policy)
    scope = document_of(policy).scope
    before = next((row for row in standing if document_of(row).scope.key == scope.key), None)
    barred = {"author": frozenset({policy.drafted_by})}
    if before and policy.state == "review":
        move_row(actor=actor, row=before, machine=POLICY, move="supersede", event=events.POLICY_MOVED)
    if policy.state == "review":
        _require_no_tie(policy, scope, [row for row in standing if row is not before])
    move_row(
        actor=actor,
        row=policy,
        machine=POLICY,
        move="approve",
        event=events.POLICY_MOVED,
        barred=barred,
        set={"effective_from": clock.now()},
    )
    _tell_of(policy)
    return policy


def scope_problems(text: str) -> list[Problem]:
    """With which policies in force a sound text would tie, at the line of its scope; an empty list where with none."""
    reading, document = read(text), load(text)
    return [
        reading.problem(("scope",) if document.scope.key != ((), ()) else ("tier",), _tie(row))
        for row in in_force(document.tier)
        if document_of(row).scope.key != document.scope.key
        and document_of(row).scope.ties_with(document.scope)
    ]


def known_words() -> Known:
    """The words a policy may use, read from the tables of this installation."""
    return Known(
        metrics={
            name: {metric.name: (metric.unit, *_range(metric.unit)) for metric in check.metrics}
            for name, check in CATALOGUE.items()
        },
        roles={role.name: role.seat for role in ROLES.values()},
        components=set(ComponentKind.values),
        card_fields={field.name for field in CARD},
    )


def _range(unit: str) -> tuple[float, float]:
    return (-1.0, 1.0) if unit in BOUNDED_UNITS else (-math.inf, math.inf)


def _move(actor: Actor, policy_id: UUID, move: str) -> Policy:
    policy = _locked(policy_id)
    move_row(actor=actor, row=policy, machine=POLICY, move=move, event=events.POLICY_MOVED)
    return policy


def _locked_with_tier(policy_id: UUID) -> tuple[Policy, list[Policy]]:
    """The policy and those in force for its tier. All of the tier are locked, in one order: of two approvals at once the
    second sees what the first put in force, though nothing in the database but this keeps a scope to one policy."""
    tier = Policy.objects.filter(pk=policy_id).values_list("tier", flat=True).first()
    if tier is None:
        raise NotThere()
    rows = list(Policy.objects.select_for_update().filter(tier=tier).order_by("pk"))
    mine = next(row for row in rows if row.pk == policy_id)
    return mine, [row for row in rows if row.state == "in-force"]


def _require_no_tie(policy: Policy, scope: Scope, others: list[Policy]) -> None:
    tied = [row for row in others if document_of(row).scope.ties_with(scope)]
    if tied:
        raise Refused(
            "This policy and another in force would speak equally closely of some model.",
            permission=P.POLICY_APPROVE.value,
            subject=Subject.of(policy),
            reasons=[
                {"gate": "policy-scope", "code": "tie", "text": f"line {problem.line}: {problem.message}"}
                for problem in scope_problems(policy.text)
            ],
        )


def _tie(other: Policy) -> str:
    return (
        f"{other.title} ({other.number}) in force would speak of some models equally closely. Name kinds or slots "
        "apart, or change that policy."
    )


def _tell_of(policy: Policy) -> None:
    document = document_of(policy)
    open_ones = Version.objects.select_related("model__system").filter(
        model__system__risk_tier=policy.tier, state__in=("draft", "validation", "review")
    )
    for version in open_ones:
        if not speaks_of(document, version.model):
            continue
        keeps = (
            "is submitted under it" if version.state == "draft" else "keeps the policy it was submitted under"
        )
        text = f"{policy.title} ({policy.number}) is in force for the {policy.tier} tier. {version} {keeps}."
        notify(
            {*contributors(version.pk), *access.holders(SEATS, version)},
            text,
            f"/versions/{version.pk}/",
        )


def _locked(policy_id: UUID) -> Policy:
    policy = Policy.objects.select_for_update().filter(pk=policy_id).first()
    if policy is None:
        raise NotThere()
    return policy
