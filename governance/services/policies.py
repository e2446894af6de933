"""Policies: drafted by one person, put into force by another, never changed again."""

from __future__ import annotations

import math
from uuid import UUID

from django.db.models import Max

from governance import events
from governance.machines import POLICY
from governance.models import Policy
from governance.policies.document import Known, digest, load
from governance.policies.reading import PolicyInvalid
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from monitoring.catalogue import CATALOGUE
from people import access
from people.catalogue import ROLES, P
from people.services.moves import move_row
from registry.models.versions import ComponentKind
from registry.selectors.cards import CARD

BOUNDED_UNITS = frozenset({"share", "area", "ratio", "squared error", "distance"})
"""Units of metrics that lie within one of zero: a bound of 80 there means 0.8, and is refused."""


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
    """Put a policy into force and supersede the one before it. Its author can't."""
    policy = _locked(policy_id)
    before = Policy.objects.select_for_update().filter(tier=policy.tier, state="in-force").first()
    barred = {"author": frozenset({policy.drafted_by})}
    if before:
        move_row(actor=actor, row=before, machine=POLICY, move="supersede", event=events.POLICY_MOVED)
    move_row(
        actor=actor,
        row=policy,
        machine=POLICY,
        move="approve",
        event=events.POLICY_MOVED,
        barred=barred,
        set={"effective_from": clock.now()},
    )
    return policy


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


def _locked(policy_id: UUID) -> Policy:
    policy = Policy.objects.select_for_update().filter(pk=policy_id).first()
    if policy is None:
        raise NotThere()
    return policy
