"""One row of every kind in one system, and people who may do everything, something or nothing with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.test import Client

from governance.services.deployments import deployment_request
from governance.services.reports import report_claim, report_finish, report_pin, report_request
from governance.services.retraining import retraining_request
from governance.services.warrants import issue_due
from ledger import clock
from ledger import selectors as log
from ledger.actors import Actor
from ledger.models import Entry
from ledger.models.governed import governed_models
from monitoring.models import Run
from monitoring.services.batches import batch_report
from monitoring.services.incidents import incident_open
from people.actors import AUTHENTICATED_AT, SECOND_FACTOR
from people.catalogue import ROLES, P
from people.models import User
from registry.models import Version
from registry.services.deployments import deployment_report
from registry.services.models import model_register
from registry.services.retention import hold_place
from registry.services.systems import system_register
from tests.access.rows import Ids, challenged, described, kept, rare
from tests.registry.world import person
from tests.world import CAST, World, make_world, publish, rows, work

SLOT = {"environment": "production", "region": "eu", "arm": "main"}
KINDS: Mapping[str, str] = {
    "request": "retraining-request",
    "hold": "legal-hold",
    "import": "inventory-import",
    "field": "custom-field",
    "drill": "rollback-drill",
}
"""Words of addresses that aren't the kind of the row they name."""
ROLE_OF = {
    **CAST,
    "executive": "accountable-executive",
    "head": "head-of-validation",
    "one": "operator",
    "ci": "ci",
}
"""Who holds which role for the whole organisation; "ci" asks with its token."""


@dataclass
class Sample:
    """The world after a whole life. `ids` are of its rows, by kind."""

    world: World
    ids: Ids
    nobody: User
    elsewhere: User
    root: User

    def of(self, word: str) -> UUID | str | None:
        """The row that an address means by `<word>_id`."""
        return self.ids.get(KINDS.get(word, word.replace("_", "-")))

    def role(self, key: str) -> str:
        """The role that `key` of the world holds for the whole organisation."""
        return ROLE_OF.get(key, "")

    def holder(self, permission: P, *, but: str = "") -> str:
        """Somebody of the world who holds `permission`, other than `but`; a person where one does. Empty: nobody."""
        holders = (key for key, role in ROLE_OF.items() if permission in ROLES[role].permissions)
        return next((key for key in holders if key != but), "")

    def without(self, permission: P) -> list[str]:
        """Who sees what they can and doesn't hold `permission`."""
        return [key for key in ("auditor", "one") if permission not in ROLES[self.role(key)].permissions]

    def client(self, key: str) -> tuple[Client, dict[str, str]]:
        """A browser session of one of the world, or "ci" with its token: the client, and headers to send."""
        if key == "ci":
            return Client(), {"Authorization": f"Bearer {self.world.token}"}
        user = {"nobody": self.nobody, "elsewhere": self.elsewhere, "root": self.root}.get(key)
        return session_of(user or self.world.users[key]), {}


def session_of(user: User) -> Client:
    """A session as a password and a second factor, shown just now, make it."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session[SECOND_FACTOR] = True
    session[AUTHENTICATED_AT] = clock.now().timestamp()
    session.save()
    return client


def make_sample() -> Sample:
    """Everything there is, once. Runs inside a database fixture, with a home of its own."""
    world = make_world()
    version = world.approved()
    warrant = deployment_request(actor=world["owner"], version_id=version.pk, **SLOT)
    publish()
    issue_due(actor=Actor.system("warrant-issuer"))
    deployment_report(actor=world.ci, slot_id=warrant.slot_id, digest=version.subject_digest, state="canary")
    upload = world.upload("batch", rows(), "batch.csv", system_id=world.system_id)
    batch_report(
        actor=world.ci, deployment_id=warrant.deployment_id, label="day 1", upload_id=upload.pk,
        period_start=clock.now() - timedelta(days=1), period_end=clock.now(),
    )  # fmt: skip
    work()
    world.users["executive"] = User.objects.get(pk=person("accountable-executive").pk)
    _report(world, version)
    retraining_request(actor=world["developer"], version_id=version.pk, reason="It drifted.")
    hold_place(actor=world["security"], system_id=world.system_id, reason="A claim.")
    incident_open(
        actor=world["owner"], system_id=world.system_id, title="Odd answers", severity="low", cause="report"
    )
    ids: Ids = {**described(world), **challenged(world, version), **kept(world, version, warrant)}
    rare(world, version, warrant)
    publish()
    rows_there = {
        kind: row.pk
        for kind, model in governed_models().items()
        if (row := model._default_manager.order_by("pk").first()) is not None
    }
    ids = {**rows_there, "version": version.pk, **ids}
    ids["entry"] = Entry.objects.filter(event="registry.version_registered").values_list("pk", flat=True)[0]
    ids["run"] = Run.objects.filter(requested_by=world.ci.id).values_list("pk", flat=True)[0]
    nobody, elsewhere = User.objects.get(pk=person().pk), _elsewhere(world)
    root: Any = User(email="root@example.org", name="Root", created_at=clock.now())
    root.is_staff = root.is_superuser = True
    root.save()
    return Sample(world, ids, nobody, elsewhere, root)


def _elsewhere(world: World) -> User:
    """Somebody in every role a person can hold, on another system."""
    system = system_register(
        actor=world["owner"], slug="other", name="Other", purpose="Another matter.", affected_people="Others",
        owner=world.users["owner"].pseudonym, legal_entity="Clinic Ltd", risk_tier="low", on_void="stop",
    )  # fmt: skip
    model_register(
        actor=world.ci, system_id=system.pk, slug="other", name="Other model", task="classification"
    )
    roles = [role.name for role in ROLES.values() if role.kind == "person" and "system" in role.scopes]
    user = User.objects.get(pk=person(*roles, on=system).pk)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    user.refresh_from_db()
    return user


def _report(world: World, version: Version) -> None:
    renderer = Actor.system("report-renderer")
    report_request(actor=world["owner"], version_id=version.pk, kind="scorecard")
    report = report_claim(actor=renderer)
    assert report is not None
    assert report.lease_token is not None
    claimed: Any = {"actor": renderer, "report_id": report.pk, "token": report.lease_token}
    newest = log.latest_checkpoint()
    assert newest is not None
    snapshot = {"epoch": 1767225600, "note": log.cosigned_note(newest).decode()}
    data = json.dumps({"snapshot": snapshot, "policy": None}).encode()
    report_pin(**claimed, data=data, at=clock.now(), size=0)
    report_finish(**claimed, data=data, pdf=b"%PDF-")
