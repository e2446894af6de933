"""Rows of every kind for tests/access/sample.py: through their services where that is cheap, written as they are elsewhere."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.db.models import Model

from governance import events
from governance.models import (
    Acceptance,
    Attestation,
    Claim,
    Condition,
    Decision,
    Emergency,
    Policy,
    RetrainingPath,
    RollbackDrill,
    Waiver,
    Warrant,
    WideWaiver,
)
from governance.services.comments import comment_write
from governance.services.drills import drill_plan
from governance.services.extensions import extension_request
from governance.services.findings import Subjects, finding_open
from governance.services.policy_copies import copy_start
from governance.services.recertifications import recertification_request
from governance.services.status_lists import status_publish
from governance.services.validations import (
    validation_ask_response,
    validation_assign,
    validation_begin,
    validation_draft,
    validation_plan,
)
from ledger import clock
from ledger.actors import Actor
from ledger.catalogue import Event
from ledger.models import Governed
from ledger.services import records
from monitoring import events as monitoring_events
from monitoring.models import Alert, Baseline, Batch, Breach, Monitor, Run
from people import events as people_events
from people.models import (
    Erasure,
    Grant,
    IdentityLink,
    Passkey,
    Recovery,
    ServiceIdentity,
    User,
    WorkloadTrust,
)
from people.services.absences import absence_announce
from people.services.delegations import delegation_make
from people.services.desks import view_save
from registry.models import Version
from registry.services.dependencies import dependency_set
from registry.services.fields import field_define, system_values_set
from registry.services.imports import import_read
from registry.services.models import model_register
from registry.services.tierings import tiering_propose
from registry.services.versions import version_register
from tests.registry.world import ROOT_ACTOR, in_transaction, person
from tests.world import MILDEST, World

Ids = dict[str, uuid.UUID | str]


def described(world: World) -> Ids:
    """What describes the inventory: tier, fields, dependencies, an import, a version that is only declared."""
    owner, ci = world["owner"], world.ci
    tiering_propose(
        actor=owner, system_id=world.system_id, is_model=True, why="It scores people.", answers=MILDEST,
        tier="high", tier_reason="Rather careful.",
    )  # fmt: skip
    field_define(
        actor=world["reviewer"], about="system", name="cost-centre", title="Cost centre", kind="text"
    )
    system_values_set(actor=owner, system_id=world.system_id, values={"cost-centre": "7"})
    import_read(actor=owner, name="list.csv", data=b"System,Model\nOld,Old model\n")
    upstream = model_register(
        actor=ci,
        system_id=world.system_id,
        slug="upstream",
        name="Risk model's source",
        task="classification",
    )
    dependency_set(actor=ci, downstream_id=world.model.pk, upstream_id=upstream.pk, kind="same-data")
    declaration = {
        "vendor": "Acme", "name": "Score", "version": "1", "contract": "C-1", "probe_set_digest": "a" * 64,
    }  # fmt: skip
    declared = version_register(
        actor=ci, model_id=upstream.pk, binding="declared", declared=declaration, card={}
    )
    return {"model": world.model.pk, "upstream": upstream.pk, "declared": declared.pk}


def challenged(world: World, version: Version) -> Ids:
    """What speaks against a version: a validation, a finding, a request for more time, comments."""
    world.users["head"] = User.objects.get(pk=person("head-of-validation").pk)
    head, validator = world["head"], world["validator"]
    planned = validation_plan(actor=head, version_id=version.pk, scope="All of it.")
    assigned: dict[str, Any] = {"actor": validator, "validation_id": planned.pk}
    validation_assign(actor=head, validation_id=planned.pk, validator=world.users["validator"].pseudonym)
    validation_begin(**assigned)
    validation_draft(
        **assigned,
        rating="fit",
        summary="It holds.",
        limitations="None.",
        report=b"%PDF-",
        report_name="r.pdf",
    )
    validation_ask_response(**assigned)
    finding = finding_open(
        actor=world["reviewer"], about=Subjects(versions=(version.pk,)), title="Few people",
        description="There are few people.", severity="low",
    )  # fmt: skip
    extension_request(
        actor=world["owner"],
        finding_id=finding.pk,
        until=finding.due_at + timedelta(days=7),
        reason="Too much.",
    )
    comment = comment_write(actor=world["owner"], about="version", row_id=version.pk, text="Why so few?")
    return {"comment": comment.pk}


def kept(world: World, version: Version, warrant: Warrant) -> Ids:
    """What follows an approval, and what is somebody's own."""
    owner, now = world["owner"], clock.now()
    status_publish(actor=Actor.system("warrant-issuer"))
    recertification_request(actor=owner, warrant_id=warrant.pk, reason="It ends.")
    drill_plan(actor=owner, system_id=world.system_id, day=(now + timedelta(days=30)).date())
    lent = Grant.objects.get(holder_user=world.users["owner"], role="owner")
    delegation_make(
        actor=owner, grant_ids=[lent.pk], delegate_id=world.users["author"].pk, starts=now + timedelta(days=30),
        ends=now + timedelta(days=40), reason="Holidays.",
    )  # fmt: skip
    absence_announce(actor=owner, starts=now + timedelta(days=30), ends=now + timedelta(days=40))
    mine = {"user": world.users["owner"], "label": "Key", "host": "testserver", "state": "active"}
    key = {"credential_id": "abc", "public_key": "def", "added_at": now}
    row(people_events.PASSKEY_ADDED, Passkey(), {**mine, **key})
    view = view_save(actor=owner, listing="systems", name="Mine", query="")
    text = Policy.objects.values_list("text", flat=True)[0]
    copy = copy_start(actor=world["author"], text=text, started_from="Another")
    return {"view": view.pk, "copy": copy.pk, "subject-digest": version.subject_digest}


def rare(world: World, version: Version, warrant: Warrant) -> None:
    """What a good model never meets, or only some policies ask for."""
    now, end = clock.now(), clock.now() + timedelta(days=30)
    people = {"requested_by": "p-x", "reason": "x"}
    if not Waiver.objects.exists():
        said = {"version": version, "requirement": "x", "compensating_control": "x", "state": "requested"}
        row(events.WAIVER_REQUESTED, Waiver(), {**said, **people, "starts": now, "ends": end})
    if not Acceptance.objects.exists():
        said = {"version": version, "run": Run.objects.first(), "requirement": "x", "state": "active"}
        more = {"limitation": "x", "compensating_test": "x", "validator": "p-x", "accepted_at": now}
        row(events.ACCEPTANCE_GIVEN, Acceptance(), {**said, **more, "review_by": end})
    if not Breach.objects.exists():
        said = {"monitor": Monitor.objects.first(), "batch": Batch.objects.first(), "state": "open"}
        breach = row(
            monitoring_events.BREACH_OPENED,
            Breach(),
            {**said, "response": "ticket", "opened_at": now, "summary": {"text": "x"}},
        )
        said = {"breach": breach, "severity": "high", "text": "x", "state": "open", "raised_at": now}
        row(monitoring_events.ALERT_RAISED, Alert(), said)
    of_it: dict[str, Any] = {"version": version}
    there = {**of_it, "deployment": warrant.deployment}
    asked = {**people, "requested_at": now}
    row(events.EMERGENCY_REQUESTED, Emergency(), {**there, **asked, "state": "requested", "hours": 4})
    drill = {"state": "planned", "planned_by": "p-x", "planned_at": now, "planned_for": end}
    row(events.DRILL_PLANNED, RollbackDrill(), {**there, **drill})
    wide = {"model": version.model, "requirement": "x", "compensating_control": "x", "state": "requested"}
    row(events.WIDE_WAIVER_REQUESTED, WideWaiver(), {**wide, **asked, "starts": now, "ends": end})
    path = {"before": version, "proposal": "light", "criteria": [], "state": "proposed"}
    row(events.PATH_PROPOSED, RetrainingPath(), {**of_it, **path, "proposed_by": "p-x", "proposed_at": now})
    round_ = {**of_it, "decision_round": version.decision_round}
    claim = {
        "seat": "risk-reviewer",
        "person": world.users["validator"].pseudonym,
        "since": now,
        "state": "held",
    }
    row(events.CLAIM_TAKEN, Claim(), {**round_, **claim})
    condition = {"decision": Decision.objects.first(), "kind": "set", "text": "x", "responsible": "p-x"}
    terms = {"due_from": end, "not_after": end, "grace_ends": end, "set_by": "p-x", "set_at": now}
    row(events.CONDITION_SET, Condition(), {**round_, **condition, **terms, "state": "open"})

    first = Monitor.objects.first()
    days = {"first_day": now.date(), "last_day": now.date(), "asked_by": "p-x", "asked_at": now}
    row(
        monitoring_events.BASELINE_ASKED,
        Baseline(),
        {"monitor": first, "number": 9, **days, "state": "due"},
    )
    given = {
        "system": version.model.system,
        "framework": "x",
        "subcategory": "x",
        "person": "p-x",
        "role": "owner",
    }
    row(
        events.ATTESTATION_GIVEN,
        Attestation(),
        {**given, "statement": "x", "given_at": now, "expires": end, "state": "given"},
    )
    of_people(world)


def of_people(world: World) -> None:
    """What operators request for people and pipelines."""
    now, end = clock.now(), clock.now() + timedelta(days=30)
    asked = {"state": "requested", "requested_by": "p-x", "requested_at": now}
    of_one = {**asked, "user": world.users["auditor"]}
    row(people_events.RECOVERY_REQUESTED, Recovery(), {**of_one, "what": "password", "reason": "x"})
    row(people_events.ERASURE_REQUESTED, Erasure(), {**of_one, "ground": "request"})
    row(
        people_events.LINK_REQUESTED, IdentityLink(), {**of_one, "issuer": "x", "subject": "x", "reason": "x"}
    )
    job = {"label": "x", "platform": "x", "issuer": "x", "audience": "x", "ends": end}
    row(
        people_events.WORKLOAD_REQUESTED,
        WorkloadTrust(),
        {**asked, **job, "identity": ServiceIdentity.objects.first()},
    )


def row(event: Event, made: Governed, columns: dict[str, Any]) -> Model:
    """Write a row of a kind as it is, with its entry."""
    in_transaction(
        lambda: records.write(
            actor=ROOT_ACTOR, event=event, row=made, set=columns, data=dict.fromkeys(event.data, "x")
        )
    )
    return made
