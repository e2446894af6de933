"""Every permission there is, as a table. Who carries them stands in `people.catalogue`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Risk = Literal["read", "work", "power", "system"]
"""`read` changes nothing; `work` makes or moves things that others still judge; `power` decides, lets
through, takes away, or says who may; `system` carries out by itself what was decided, and is no role's."""


class P(StrEnum):
    """Every permission there is. The value is what logs, tokens and machines store."""

    SYSTEM_VIEW = "registry.system.view"
    SYSTEM_CREATE = "registry.system.create"
    SYSTEM_EDIT = "registry.system.edit"
    MODEL_CREATE = "registry.model.create"
    VERSION_VIEW = "registry.version.view"
    VERSION_REGISTER = "registry.version.register"
    VERSION_UPLOAD = "registry.version.upload"
    VERSION_EDIT = "registry.version.edit"
    VERSION_SUBMIT = "registry.version.submit"
    VERSION_WITHDRAW = "registry.version.withdraw"
    VERSION_REVIEW = "governance.version.review"
    VERSION_VALIDATE = "governance.version.validate"
    VERSION_APPROVE = "governance.version.approve"
    VERSION_REJECT = "governance.version.reject"
    VERSION_RESTRICT = "governance.version.restrict"
    VERSION_SUSPEND = "governance.version.suspend"
    VERSION_REINSTATE = "governance.version.reinstate"
    VERSION_RETIRE = "governance.version.retire"
    SIGNATURE_ADD = "registry.signature.add"
    DATASET_VIEW = "registry.dataset.view"
    DATASET_REGISTER = "registry.dataset.register"
    DEPLOYMENT_REQUEST = "registry.deployment.request"
    DEPLOYMENT_REPORT = "registry.deployment.report"
    DEPLOYMENT_MOVE = "registry.deployment.move"
    RUN_VIEW = "monitoring.run.view"
    RUN_REQUEST = "monitoring.run.request"
    RUN_EXECUTE = "monitoring.run.execute"
    MONITOR_EDIT = "monitoring.monitor.edit"
    BATCH_REPORT = "monitoring.batch.report"
    BATCH_CHECK = "monitoring.batch.check"
    BREACH_OPEN = "monitoring.breach.open"
    BREACH_CLOSE = "monitoring.breach.close"
    INCIDENT_WORK = "monitoring.incident.work"
    GATE_ASK = "governance.gate.ask"
    WARRANT_VIEW = "governance.warrant.view"
    WARRANT_ISSUE = "governance.warrant.issue"
    WARRANT_VOID = "governance.warrant.void"
    CONDITION_CONFIRM = "governance.condition.confirm"
    RECERTIFICATION_REQUEST = "governance.recertification.request"
    RECERTIFICATION_DECIDE = "governance.recertification.decide"
    DRILL_RUN = "governance.drill.run"
    WAIVER_REQUEST = "governance.waiver.request"
    WAIVER_APPROVE = "governance.waiver.approve"
    WAIVER_REVOKE = "governance.waiver.revoke"
    EMERGENCY_REQUEST = "governance.emergency.request"
    EMERGENCY_AGREE = "governance.emergency.agree"
    EMERGENCY_CLOSE = "governance.emergency.close"
    POLICY_EDIT = "governance.policy.edit"
    POLICY_APPROVE = "governance.policy.approve"
    RETRAINING_REQUEST = "governance.retraining.request"
    RETRAINING_DECIDE = "governance.retraining.decide"
    FINDING_JUDGE = "governance.finding.judge"
    FINDING_RESPOND = "governance.finding.respond"
    FINDING_ACCEPT = "governance.finding.accept"
    FINDING_LAPSE = "governance.finding.lapse"
    VALIDATION_ASSIGN = "governance.validation.assign"
    VALIDATION_WORK = "governance.validation.work"
    COMMENT_WRITE = "governance.comment.write"
    ATTEST = "governance.attestation.give"
    REPORT_VIEW = "governance.report.view"
    REPORT_MAKE = "governance.report.make"
    REPORT_RENDER = "governance.report.render"
    LEDGER_VIEW = "ledger.view"
    PEOPLE_VIEW = "people.view"
    PEOPLE_EDIT = "people.edit"
    GRANT_REQUEST = "people.grant.request"
    GRANT_CONFIRM = "people.grant.confirm"
    GRANT_REVOKE = "people.grant.revoke"
    GRANT_END = "people.grant.end"
    TOKEN_ISSUE = "people.token.issue"  # noqa: S105
    TOKEN_REVOKE = "people.token.revoke"  # noqa: S105
    KEY_REQUEST = "people.key.request"
    KEY_CONFIRM = "people.key.confirm"
    KEY_REVOKE = "people.key.revoke"
    HOLD_PLACE = "registry.hold.place"
    HOLD_LIFT = "registry.hold.lift"
    BODIES_DELETE = "registry.bodies.delete"
    TIER_PROPOSE = "registry.tiering.propose"
    TIER_CONFIRM = "governance.tiering.confirm"
    IMPORT_UPLOAD = "registry.import.upload"
    IMPORT_CONFIRM = "registry.import.confirm"
    IMPORT_WRITE = "registry.import.write"
    FIELD_DEFINE = "registry.field.define"


@dataclass(frozen=True, slots=True)
class Permission:
    """One row: `title` is shown as it stands; `risk` says how grave a mistaken grant would be."""

    name: P
    title: str
    risk: Risk


PERMISSIONS: Mapping[P, Permission] = {
    row.name: row
    for row in (
        Permission(P.SYSTEM_VIEW, "See AI systems and their models", "read"),
        Permission(P.SYSTEM_CREATE, "Register AI systems", "work"),
        Permission(P.SYSTEM_EDIT, "Change the description and owner of a system", "power"),
        Permission(P.MODEL_CREATE, "Register models of a system and what they depend on", "work"),
        Permission(P.VERSION_VIEW, "See versions, their evidence and decisions", "read"),
        Permission(P.VERSION_REGISTER, "Register versions", "work"),
        Permission(P.VERSION_UPLOAD, "Upload artifacts", "work"),
        Permission(P.VERSION_EDIT, "Change a version's card and components", "work"),
        Permission(P.VERSION_SUBMIT, "Submit a version for validation", "work"),
        Permission(P.VERSION_WITHDRAW, "Withdraw a version", "work"),
        Permission(P.VERSION_REVIEW, "Start a review or return a version to its makers", "power"),
        Permission(P.VERSION_VALIDATE, "Accept an inconclusive result with a limitation", "power"),
        Permission(P.VERSION_APPROVE, "Approve a version", "power"),
        Permission(P.VERSION_REJECT, "Reject a version", "power"),
        Permission(P.VERSION_RESTRICT, "Stop new deployments of a version", "power"),
        Permission(P.VERSION_SUSPEND, "Suspend a version and void its warrants", "power"),
        Permission(P.VERSION_REINSTATE, "Lift a restriction or reopen a suspended version", "power"),
        Permission(P.VERSION_RETIRE, "Retire a version", "power"),
        Permission(P.SIGNATURE_ADD, "Add a signature to a version", "work"),
        Permission(P.DATASET_VIEW, "See datasets and their profiles", "read"),
        Permission(P.DATASET_REGISTER, "Register datasets and dataset versions", "work"),
        Permission(P.DEPLOYMENT_REQUEST, "Request a deployment", "work"),
        Permission(P.DEPLOYMENT_REPORT, "Report what runs where", "work"),
        Permission(P.DEPLOYMENT_MOVE, "Move a deployment between its states", "work"),
        Permission(P.RUN_VIEW, "See checks and their results", "read"),
        Permission(P.RUN_REQUEST, "Request checks", "work"),
        Permission(P.RUN_EXECUTE, "Execute requested checks", "system"),
        Permission(P.MONITOR_EDIT, "Change what is monitored and the response to a breach", "power"),
        Permission(P.BATCH_REPORT, "Report production data", "work"),
        Permission(P.BATCH_CHECK, "Check received production data", "system"),
        Permission(P.BREACH_OPEN, "Open a breach", "system"),
        Permission(P.BREACH_CLOSE, "Close a breach", "power"),
        Permission(P.INCIDENT_WORK, "Work on incidents", "work"),
        Permission(P.GATE_ASK, "Ask the gate", "read"),
        Permission(P.WARRANT_VIEW, "See warrants", "read"),
        Permission(P.WARRANT_ISSUE, "Issue a warrant that was decided on", "system"),
        Permission(P.WARRANT_VOID, "Void a warrant", "power"),
        Permission(P.CONDITION_CONFIRM, "Confirm that a condition of an approval is met", "power"),
        Permission(P.RECERTIFICATION_REQUEST, "Request that a warrant is renewed", "work"),
        Permission(P.RECERTIFICATION_DECIDE, "Decide on the renewal of a warrant", "power"),
        Permission(P.DRILL_RUN, "Plan and record drills of a void warrant", "work"),
        Permission(P.WAIVER_REQUEST, "Request a waiver", "work"),
        Permission(P.WAIVER_APPROVE, "Approve or refuse a waiver", "power"),
        Permission(P.WAIVER_REVOKE, "Revoke a waiver", "power"),
        Permission(P.EMERGENCY_REQUEST, "Ask to run a version without approval in an emergency", "work"),
        Permission(P.EMERGENCY_AGREE, "Agree, as second person, to an emergency", "power"),
        Permission(P.EMERGENCY_CLOSE, "Record how an emergency was reviewed", "system"),
        Permission(P.POLICY_EDIT, "Draft policies", "work"),
        Permission(P.POLICY_APPROVE, "Put a policy into force", "power"),
        Permission(P.RETRAINING_REQUEST, "Request retraining", "work"),
        Permission(P.RETRAINING_DECIDE, "Decide on retraining", "power"),
        Permission(P.FINDING_JUDGE, "Open findings, judge the answers and close them", "power"),
        Permission(P.FINDING_RESPOND, "Respond to findings and draft validation reports", "work"),
        Permission(P.FINDING_ACCEPT, "Accept the risk of a finding until a date", "power"),
        Permission(P.FINDING_LAPSE, "Record that the acceptance of a finding's risk ended", "system"),
        Permission(P.VALIDATION_ASSIGN, "Plan and assign validations, name who closes a finding", "power"),
        Permission(P.VALIDATION_WORK, "Carry out validations assigned to oneself", "power"),
        Permission(P.COMMENT_WRITE, "Comment on what one may see", "work"),
        Permission(P.ATTEST, "Give attestations", "power"),
        Permission(P.REPORT_VIEW, "Read reports", "read"),
        Permission(P.REPORT_MAKE, "Make reports", "work"),
        Permission(P.REPORT_RENDER, "Render requested reports", "system"),
        Permission(P.LEDGER_VIEW, "Read the log", "read"),
        Permission(P.PEOPLE_VIEW, "See who holds which role", "read"),
        Permission(P.PEOPLE_EDIT, "Manage people and service identities", "power"),
        Permission(P.GRANT_REQUEST, "Request a grant for somebody", "work"),
        Permission(P.GRANT_CONFIRM, "Confirm or refuse a grant somebody else requested", "power"),
        Permission(P.GRANT_REVOKE, "Revoke a grant", "power"),
        Permission(P.GRANT_END, "Record that a grant's end has passed", "system"),
        Permission(P.TOKEN_ISSUE, "Issue tokens to service identities", "power"),
        Permission(P.TOKEN_REVOKE, "Revoke tokens", "power"),
        Permission(P.KEY_REQUEST, "Request a key", "work"),
        Permission(P.KEY_CONFIRM, "Confirm a key somebody else requested", "power"),
        Permission(P.KEY_REVOKE, "Revoke a key", "power"),
        Permission(P.HOLD_PLACE, "Place a legal hold on a system", "power"),
        Permission(P.HOLD_LIFT, "Lift a legal hold somebody else placed", "power"),
        Permission(P.BODIES_DELETE, "Delete bodies whose term is over", "power"),
        Permission(P.TIER_PROPOSE, "Propose the risk tier of a system", "work"),
        Permission(P.TIER_CONFIRM, "Confirm or send back a proposed risk tier", "power"),
        Permission(P.IMPORT_UPLOAD, "Upload a list of models that already run", "work"),
        Permission(P.IMPORT_CONFIRM, "Confirm or discard an inventory import", "power"),
        Permission(P.IMPORT_WRITE, "Write the rows of a confirmed import", "system"),
        Permission(P.FIELD_DEFINE, "Define fields of systems and models", "power"),
    )
}

INTERACTIVE: frozenset[P] = frozenset(
    name
    for name, row in PERMISSIONS.items()
    if row.risk == "power"
    or name
    in {
        P.WAIVER_REQUEST,
        P.EMERGENCY_REQUEST,
        P.FINDING_RESPOND,
        P.POLICY_EDIT,
        P.GRANT_REQUEST,
        P.KEY_REQUEST,
    }
)
"""Only a person in a session with a second factor; no token can carry these."""


def codename(permission: P) -> str:
    """The name of a permission in Django's table, which allows no dots: `registry_version_view`."""
    return permission.value.replace(".", "_")


DJANGO_PERMISSIONS: tuple[tuple[str, str], ...] = tuple(
    (codename(name), row.title) for name, row in PERMISSIONS.items()
)
"""For `Meta.permissions` of what a grant can name (registry.System, registry.AIModel)."""
