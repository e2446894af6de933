"""What governance does when the apps below report something, inside their transaction.

Monitoring alone opens alerts; the policy's response decides what more follows (DESIGN law 11): a ticket, or no new
deployments. Nothing here suspends a version: for that a person is needed.
"""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.dispatch import receiver

from governance.gates.slots import canary_shown
from governance.models import Report, Validation, VersionDocument, Warrant
from governance.selectors.policies import in_force
from governance.selectors.requirements import document_of
from governance.selectors.standing import answering
from governance.selectors.tasks import inbox_of
from governance.services import fallout
from governance.services.gate import warrant_answer
from governance.services.monitors import monitor_from_policy
from governance.services.retraining import retraining_request
from governance.services.signals import evidence_note
from governance.services.versions import version_restrict
from governance.services.warrants import void_all
from ledger import clock
from ledger.actors import Actor
from ledger.errors import ServiceError
from ledger.models import KeyRecord
from ledger.services import outbox, replay
from monitoring.models import Breach
from monitoring.services.incidents import incident_open
from monitoring.signals import breach_opened
from people.services import calendars
from people.signals import evidence_opened, key_resting, key_revoked
from registry.machines import RUNNING
from registry.models import Deployment, DeploymentReport, Slot, System, Version
from registry.signals import (
    bodies_asked,
    deployment_reported,
    deployment_reporting,
    integrity_failed,
    inventory_due_asked,
)

RESPONSE = Actor.system("drift-response")
INTEGRITY = Actor.system("integrity-sweep")
_log = logging.getLogger(__name__)

outbox.register(fallout.CHANNEL, fallout.deliver)


def decisions_due(actor: Actor) -> list[calendars.DueDate]:
    """What waits for a person with a date, for their calendar."""
    return [
        calendars.DueDate(task.key, f"{task.what}: {task.about}", task.due, task.url)
        for task in inbox_of(actor).tasks
        if task.due is not None
    ]


calendars.register("decisions", decisions_due)


@receiver(breach_opened, dispatch_uid="governance.respond-to-breach")
def respond_to_breach(sender: object, *, breach: Breach, **_: Any) -> None:
    """Ask a person about retraining; restrict the version where its policy says so."""
    version = breach.monitor.deployment.version
    words = breach.summary["text"]
    retraining_request(
        actor=RESPONSE, version_id=version.id, reason=f"Opened by a breach: {words}", breach=breach
    )
    recorded = replay.replayed(version.ledger_kind, version.pk).get("state")
    if breach.response in ("restrict", "suspend") and recorded == "approved":
        version_restrict(
            actor=RESPONSE, version_id=version.id, reason=f"A monitored criterion was not met: {words}"
        )


@receiver(deployment_reporting, dispatch_uid="governance.judge-report")
def judge_report(
    sender: object, *, deployment: Deployment | None, reported_state: str, **_: Any
) -> list[dict[str, Any]] | None:
    """Whether a warrant, and the canary that the policy asks for, allow what serving reports: the reasons against it,
    or an empty list."""
    if deployment is None:
        return None
    now = clock.now()
    warrant = answering(Warrant.objects.filter(deployment=deployment), now)
    if warrant is None:
        return [{"gate": "warrant-active", "code": "no-warrant", "text": "This deployment has no warrant."}]
    answers = [warrant_answer(warrant, now)]
    if reported_state == "live" and deployment.state != "live":
        answers.append(canary_shown(deployment, now))
    return [
        {"gate": answer.gate, "code": reason.code, "text": reason.text}
        for answer in answers
        for reason in answer.reasons
    ]


@receiver(deployment_reported, dispatch_uid="governance.watch-deployment")
def watch_deployment(sender: object, *, actor: Actor, report: DeploymentReport, **_: Any) -> None:
    """What runs is watched from its first report on, as the policy says."""
    if report.unexpected or report.deployment is None or report.deployment.state not in RUNNING:
        return
    monitor_from_policy(report.deployment, actor=actor)


@receiver(deployment_reported, dispatch_uid="governance.open-incident")
def open_incident(sender: object, *, actor: Actor, report: DeploymentReport, **_: Any) -> None:
    """Something runs that nothing allows: people have to look at it."""
    if not report.unexpected:
        return
    slot: Slot = report.slot
    version: Version | None = report.version
    incident_open(
        actor=RESPONSE,
        system_id=slot.model.system_id,
        version_id=version.id if version else None,
        cause="unwarranted-deployment",
        severity="high",
        title=f"Reported as {report.reported_state} in {slot} without a warrant: {report.digest[:12]}",
    )


@receiver(integrity_failed, dispatch_uid="governance.void-on-integrity-failure")
def void_on_integrity_failure(
    sender: object, *, version: Version, faults: list[tuple[str, str]], **_: Any
) -> None:
    """Stored files are not what was attached: warrants end at once, and people have to look at it."""
    void_all(version, actor=INTEGRITY, ground="integrity")
    incident_open(
        actor=RESPONSE,
        system_id=version.model.system_id,
        version_id=version.id,
        cause="integrity",
        severity="high",
        title=f"Stored files of {version} changed: {faults[0][0]}"[:200],
    )


@receiver(bodies_asked, dispatch_uid="governance.name-report-bodies")
def name_report_bodies(sender: object, *, system: System, **_: Any) -> list[str]:
    """The PDFs and data of a system's reports, the documents attached to its versions, and the reports of its
    validations."""
    made = Report.objects.filter(version__model__system=system).values_list("pdf_digest", "data_digest")
    drafted = Validation.objects.filter(version__model__system=system).values_list(
        "report_digest", "responses__report_digest"
    )
    attached = VersionDocument.objects.filter(version__model__system=system).values_list("blob_digest")
    return [digest for digests in (*made, *drafted, *attached) for digest in digests if digest]


@receiver(inventory_due_asked, dispatch_uid="governance.say-inventory-due")
def say_inventory_due(sender: object, *, tier: str, **_: Any) -> int | None:
    """The fewest days that a policy in force gives a model of this tier which was running before it came; None where
    none says any."""
    said = (document_of(policy).inventory.due_days for policy in in_force(tier))
    return min(filter(None, said), default=None)


@receiver(key_revoked, dispatch_uid="governance.follow-revoked-key")
def follow_revoked_key(sender: object, *, key: KeyRecord, **_: Any) -> None:
    """What rested on the key comes back to people, by the outbox."""
    fallout.announce(key)


@receiver(key_resting, dispatch_uid="governance.count-resting-on-key")
def count_resting_on_key(sender: object, *, key: KeyRecord, **_: Any) -> list[tuple[str, int]]:
    """How many versions or warrants rest on a key."""
    return fallout.resting(key)


@receiver(evidence_opened, dispatch_uid="governance.note-opened-evidence")
def note_opened_evidence(
    sender: object, *, actor: Actor, version: Version, what: str, about: UUID, **_: Any
) -> None:
    """Remember it for whoever may decide. Reading goes on where that can't be written."""
    try:
        evidence_note(actor=actor, version=version, what=what, about=about)
    except ServiceError as error:
        _log.warning("opened evidence of %s was not remembered: %s", version.pk, error)
