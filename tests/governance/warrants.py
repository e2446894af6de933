"""Warrants in force under a policy of the tests' own, and what the gate answers about them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from governance.models import (
    Condition,
    Policy,
    Warrant,
)
from governance.services import gate
from governance.services.conditions import Asked
from governance.services.deployments import deployment_request
from governance.services.policies import policy_approve, policy_draft, policy_submit
from governance.services.warrants import issue_due
from ledger import clock
from ledger.actors import Actor
from ledger.workdays import calendar
from registry.selectors.versions import version_by_id
from tests.policies import shipped
from tests.remembered import remembered
from tests.world import publish

PLACE = {"environment": "production", "region": "eu", "arm": "main"}
ISSUER, SWEEP = Actor.system("warrant-issuer"), Actor.system("expiry-sweep")
DAY = dt.timedelta(days=1)


def policy_text(tier: str = "high", **changes: str) -> str:
    text = shipped(tier, changes.pop("extra", ""), without=("canary",))
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


@remembered(lambda policy: policy.pk, lambda pk: Policy.objects.get(pk=pk))
def put_in_force(world: Any, text: str) -> Any:
    policy = policy_draft(actor=world["author"], text=text)
    policy_submit(actor=world["author"], policy_id=policy.pk)
    return policy_approve(actor=world["approver"], policy_id=policy.pk)


CONDITIONS = "conditions:\n  allowed: true\n  max_days: 20\nrecertification:\n  role: risk-reviewer\n"


def in_force(world: Any, version: Any) -> Warrant:
    granted = deployment_request(actor=world["owner"], version_id=version.pk, **PLACE)
    publish()
    issue_due(actor=ISSUER)
    granted.refresh_from_db()
    assert granted.state == "issued"
    return granted


def asked(world: Any, version: Any) -> gate.Reply:
    return gate.ask(actor=world.ci, version_id=version.pk, **PLACE)


def codes(reply: gate.Reply) -> set[str]:
    return {reason["code"] for reason in reply.reasons}


def condition(world: Any, text: str = "Retrain with newer data.", days: int = 7) -> Asked:
    day = (calendar().after(clock.now(), days)).date()
    return Asked(text, day, world.users["owner"].pseudonym)


def conditional(world: Any) -> tuple[Any, Warrant, Condition]:
    """A version approved under one condition, and its warrant."""
    version = world.in_review()
    world.decide(version, "validator", "independent-validator", conditions=[condition(world)])
    world.decide(version, "reviewer", "risk-reviewer")
    version = version_by_id(version.pk)
    assert version.state == "approved"
    return version, in_force(world, version), Condition.objects.get(version=version)
