"""The roles, as one table: what each is for, what it carries, who can hold it and on what.

`people.catalogue` holds the table to its rules and is what others import. Knows no person and no object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from people.permissions import P

ScopeType = Literal["organisation", "system", "model"]


@dataclass(frozen=True, slots=True)
class Role:
    """One role.

    `kind` says who can hold it; `scopes` on what; `seat` whether it is an approval seat; `max_days` the
    longest a grant may last (None: until revoked).
    """

    name: str
    title: str
    purpose: str
    permissions: frozenset[P]
    kind: Literal["person", "service"] = "person"
    scopes: tuple[ScopeType, ...] = ("organisation", "system", "model")
    seat: bool = False
    max_days: int | None = None


READING = frozenset(
    {
        P.SYSTEM_VIEW,
        P.VERSION_VIEW,
        P.DATASET_VIEW,
        P.RUN_VIEW,
        P.WARRANT_VIEW,
        P.REPORT_VIEW,
        P.LEDGER_VIEW,
        P.GATE_ASK,
    }
)

BUILDING = frozenset(
    {
        P.MODEL_CREATE,
        P.VERSION_REGISTER,
        P.VERSION_UPLOAD,
        P.VERSION_EDIT,
        P.SIGNATURE_ADD,
        P.DATASET_REGISTER,
        P.RUN_REQUEST,
    }
)

ROLES: Mapping[str, Role] = {
    role.name: role
    for role in (
        Role(
            "owner",
            "Owner",
            "Answers for the system in the first line: describes it, submits versions, asks for deployments "
            "and waivers, decides on retraining, and may stop it at any time. Never judges its versions.",
            READING
            | {
                P.SYSTEM_CREATE,
                P.SYSTEM_EDIT,
                P.MODEL_CREATE,
                P.VERSION_EDIT,
                P.VERSION_SUBMIT,
                P.VERSION_WITHDRAW,
                P.VERSION_RESTRICT,
                P.VERSION_SUSPEND,
                P.VERSION_RETIRE,
                P.DATASET_REGISTER,
                P.DEPLOYMENT_REQUEST,
                P.DEPLOYMENT_MOVE,
                P.RUN_REQUEST,
                P.MONITOR_EDIT,
                P.INCIDENT_WORK,
                P.RECERTIFICATION_REQUEST,
                P.DRILL_RUN,
                P.WAIVER_REQUEST,
                P.EMERGENCY_REQUEST,
                P.RETRAINING_REQUEST,
                P.RETRAINING_DECIDE,
                P.FINDING_RESPOND,
                P.COMMENT_WRITE,
                P.ATTEST,
                P.REPORT_MAKE,
                P.PEOPLE_VIEW,
                P.GRANT_REQUEST,
                P.TIER_PROPOSE,
                P.IMPORT_UPLOAD,
                P.IMPORT_CONFIRM,
            },
        ),
        Role(
            "developer",
            "Developer",
            "Builds models: registers versions and data, uploads and signs artifacts, asks for checks, "
            "submits.",
            READING
            | BUILDING
            | {
                P.VERSION_SUBMIT,
                P.VERSION_WITHDRAW,
                P.BATCH_REPORT,
                P.INCIDENT_WORK,
                P.RECERTIFICATION_REQUEST,
                P.DRILL_RUN,
                P.WAIVER_REQUEST,
                P.RETRAINING_REQUEST,
                P.FINDING_RESPOND,
                P.COMMENT_WRITE,
                P.REPORT_MAKE,
            },
        ),
        Role(
            "independent-validator",
            "Independent validator",
            "Tests the model without having built it: re-runs checks, accepts inconclusive results with a "
            "limitation, reviews and approves or rejects. Second line; no part in building.",
            READING
            | {
                P.DATASET_REGISTER,
                P.RUN_REQUEST,
                P.VERSION_REVIEW,
                P.VERSION_VALIDATE,
                P.VERSION_APPROVE,
                P.VERSION_REJECT,
                P.VERSION_RESTRICT,
                P.CONDITION_CONFIRM,
                P.RECERTIFICATION_REQUEST,
                P.RECERTIFICATION_DECIDE,
                P.BREACH_CLOSE,
                P.RETRAINING_REQUEST,
                P.FINDING_JUDGE,
                P.VALIDATION_WORK,
                P.COMMENT_WRITE,
                P.INCIDENT_WORK,
                P.ATTEST,
                P.REPORT_MAKE,
                P.TIER_CONFIRM,
            },
            seat=True,
        ),
        Role(
            "head-of-validation",
            "Head of validation",
            "Answers for independent validation: plans and assigns it, balances the work, names who closes a "
            "finding when its finder can't. Holds no approval seat; no part in building.",
            READING
            | {
                P.RUN_REQUEST,
                P.FINDING_JUDGE,
                P.VALIDATION_ASSIGN,
                P.VALIDATION_WORK,
                P.COMMENT_WRITE,
                P.ATTEST,
                P.REPORT_MAKE,
                P.PEOPLE_VIEW,
            },
        ),
        Role(
            "risk-reviewer",
            "Risk reviewer",
            "Weighs the risk of using the model: reviews, approves or rejects, decides on waivers that "
            "others requested, restricts, suspends and reinstates.",
            READING
            | {
                P.RUN_REQUEST,
                P.VERSION_REVIEW,
                P.VERSION_APPROVE,
                P.VERSION_REJECT,
                P.VERSION_RESTRICT,
                P.VERSION_SUSPEND,
                P.VERSION_REINSTATE,
                P.WARRANT_VOID,
                P.CONDITION_CONFIRM,
                P.RECERTIFICATION_REQUEST,
                P.RECERTIFICATION_DECIDE,
                P.WAIVER_APPROVE,
                P.WAIVER_REVOKE,
                P.EMERGENCY_AGREE,
                P.MONITOR_EDIT,
                P.BREACH_CLOSE,
                P.RETRAINING_REQUEST,
                P.FINDING_JUDGE,
                P.FINDING_ACCEPT,
                P.COMMENT_WRITE,
                P.INCIDENT_WORK,
                P.ATTEST,
                P.REPORT_MAKE,
                P.PEOPLE_VIEW,
                P.TIER_PROPOSE,
                P.TIER_CONFIRM,
                P.IMPORT_UPLOAD,
                P.IMPORT_CONFIRM,
                P.FIELD_DEFINE,
            },
            seat=True,
        ),
        Role(
            "policy-reviewer",
            "Policy reviewer",
            "Drafts the rules and puts those that others drafted into force; what a rule demands of a "
            "version is judged by others.",
            READING
            | {
                P.POLICY_EDIT,
                P.POLICY_APPROVE,
                P.COMMENT_WRITE,
                P.ATTEST,
                P.REPORT_MAKE,
                P.PEOPLE_VIEW,
                P.FIELD_DEFINE,
            },
            scopes=("organisation",),
        ),
        Role(
            "security-reviewer",
            "Security reviewer",
            "Guards integrity: restricts or suspends what can't be trusted, revokes keys, tokens and "
            "grants, works on incidents. Lets nothing through.",
            READING
            | {
                P.VERSION_RESTRICT,
                P.VERSION_SUSPEND,
                P.WARRANT_VOID,
                P.DRILL_RUN,
                P.WAIVER_REVOKE,
                P.EMERGENCY_AGREE,
                P.INCIDENT_WORK,
                P.COMMENT_WRITE,
                P.ATTEST,
                P.REPORT_MAKE,
                P.PEOPLE_VIEW,
                P.TOKEN_REVOKE,
                P.GRANT_REVOKE,
                P.KEY_REVOKE,
                P.HOLD_PLACE,
            },
        ),
        Role(
            "accountable-executive",
            "Accountable executive",
            "Carries the decision for the business: approves or rejects, decides on waivers, suspends, "
            "retires.",
            READING
            | {
                P.VERSION_APPROVE,
                P.VERSION_REJECT,
                P.VERSION_RESTRICT,
                P.VERSION_SUSPEND,
                P.VERSION_RETIRE,
                P.WARRANT_VOID,
                P.CONDITION_CONFIRM,
                P.RECERTIFICATION_DECIDE,
                P.WAIVER_APPROVE,
                P.WAIVER_REVOKE,
                P.EMERGENCY_AGREE,
                P.HOLD_PLACE,
                P.HOLD_LIFT,
                P.RETRAINING_DECIDE,
                P.FINDING_ACCEPT,
                P.COMMENT_WRITE,
                P.ATTEST,
                P.REPORT_MAKE,
                P.PEOPLE_VIEW,
            },
            seat=True,
        ),
        Role(
            "operator",
            "Operator",
            "Runs the service: people, service identities, tokens, keys and grants, two persons at a time. "
            "Sees the log, decides about no model.",
            frozenset(
                {
                    P.PEOPLE_VIEW,
                    P.PEOPLE_EDIT,
                    P.GRANT_REQUEST,
                    P.GRANT_CONFIRM,
                    P.GRANT_REVOKE,
                    P.TOKEN_ISSUE,
                    P.TOKEN_REVOKE,
                    P.KEY_REQUEST,
                    P.KEY_CONFIRM,
                    P.KEY_REVOKE,
                    P.BODIES_DELETE,
                    P.SYSTEM_VIEW,
                    P.LEDGER_VIEW,
                }
            ),
            scopes=("organisation",),
        ),
        Role(
            "auditor",
            "Auditor",
            "Reads everything, changes nothing, for a limited time.",
            READING | {P.PEOPLE_VIEW},
            max_days=366,
        ),
        Role(
            "ci",
            "CI identity",
            "A pipeline: registers and uploads what was built, asks for checks and the gate, reports "
            "deployments and production data. Counts as its controller; submitting and asking for a "
            "deployment stay with people.",
            (READING - {P.LEDGER_VIEW})
            | BUILDING
            | {P.DEPLOYMENT_REPORT, P.DEPLOYMENT_MOVE, P.BATCH_REPORT, P.IMPORT_UPLOAD},
            kind="service",
            max_days=366,
        ),
    )
}

SEATS: tuple[str, ...] = tuple(role.name for role in ROLES.values() if role.seat)
"""Roles whose holders can fill an approval seat."""
