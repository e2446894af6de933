"""The medium tier's world with what its policy doesn't ship: emergencies, a way back, a light path."""

from __future__ import annotations

from typing import Any

from governance.models import Policy
from governance.selectors.requirements import document_of
from governance.services.policies import policy_approve, policy_draft, policy_submit
from governance.services.warrants import issue_due
from ledger import clock
from ledger.actors import Actor
from people.actors import for_user
from people.models import User
from people.services.grants import grant_confirm, grant_request
from people.services.people import user_create
from registry.services.deployments import deployment_report
from tests.policies import shipped
from tests.remembered import remembered
from tests.world import PASSWORD, World, publish

PLACE = {"environment": "production", "region": "eu", "arm": "main"}
ISSUER = Actor.system("warrant-issuer")
SECTIONS = """
rollback:
  window_days: 30
  drill_days: 90
break_glass:
  allowed: true
  role: accountable-executive
  max_hours: 24
  review_days: 3
"""
LIGHT = "retraining:\n  light: true\n  margin: 0.9\n"
"""Not for the high tier, where a retrained model takes the full path."""


@remembered(lambda policy: policy.pk, lambda pk: Policy.objects.get(pk=pk))
def amended(world: World, *, tier: str = "high", more: str = "", **changes: str) -> Policy:
    """Put the shipped policy in force with SECTIONS and `more` in place of its own sections of those names, and below the
    high tier with a light path; `changes` replace whole words of its text."""
    light = "" if tier == "high" or "retraining:" in more else LIGHT
    text = shipped(tier, SECTIONS + light + more, without=("canary",))
    present = Policy.objects.get(tier=tier, state="in-force")
    text = text.replace(f'version: "{document_of(present).version}"', 'version: "9.9"')
    for old, new in changes.items():
        text = text.replace(old, new)
    policy = policy_draft(actor=world["author"], text=text)
    policy_submit(actor=world["author"], policy_id=policy.pk)
    return policy_approve(actor=world["approver"], policy_id=policy.pk)


def executive(world: World) -> None:
    """Somebody who is accountable: `world["executive"]`."""
    user, _ = user_create(
        actor=world["one"],
        email="executive@example.org",
        name="Executive",
        password=PASSWORD,
        temporary=False,
    )
    asked = grant_request(
        actor=world["one"], role="accountable-executive", holder_id=user.pk, reason="Answers.", ends=None
    )
    grant_confirm(actor=world["two"], grant_id=asked.pk)
    world.users["executive"] = User.objects.get(pk=user.pk)


def session(user: User) -> Actor:
    return for_user(user, "test", authenticated_at=clock.now(), interactive=True)


def issued() -> None:
    """Publish the log and sign what is granted."""
    publish()
    issue_due(actor=ISSUER)


def reported(world: World, deployment: Any, state: str = "live") -> Any:
    """What serving says; the deployment is read again."""
    report = deployment_report(
        actor=world.ci, slot_id=deployment.slot_id, digest=deployment.version.subject_digest, state=state
    )
    deployment.refresh_from_db()
    return report
