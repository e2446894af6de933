"""Who may do what, as one table: the roles that carry permissions, and what system actors may do.

Page, admin, API, projection to guardian and documentation all read this table. It knows no person and no
object: who holds a role, on what and until when are rows of `people.models.Grant`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from people.permissions import DJANGO_PERMISSIONS, INTERACTIVE, PERMISSIONS, P, Permission, codename

__all__ = [
    "AUTOMATIC",
    "DJANGO_PERMISSIONS",
    "INCOMPATIBLE",
    "INTERACTIVE",
    "NEVER_TOGETHER",
    "PERMISSIONS",
    "ROLES",
    "SCOPES",
    "SEATS",
    "SUPERVISED",
    "SYSTEM_PERMISSIONS",
    "VIEWED_BY",
    "P",
    "Permission",
    "Role",
    "codename",
    "faults",
    "permissions_of",
    "roles_with",
    "viewed_by",
]

ScopeType = Literal["organisation", "system", "model"]

SCOPES: Mapping[str, str] = {"system": "registry.System", "model": "registry.AIModel"}
"""Scope type -> content type of the object a grant names. Looked up by name at run time: nothing above is
imported."""


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
                P.WAIVER_REQUEST,
                P.RETRAINING_REQUEST,
                P.RETRAINING_DECIDE,
                P.ATTEST,
                P.REPORT_MAKE,
                P.PEOPLE_VIEW,
                P.GRANT_REQUEST,
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
                P.WAIVER_REQUEST,
                P.RETRAINING_REQUEST,
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
                P.BREACH_CLOSE,
                P.RETRAINING_REQUEST,
                P.INCIDENT_WORK,
                P.ATTEST,
                P.REPORT_MAKE,
            },
            seat=True,
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
                P.WAIVER_APPROVE,
                P.WAIVER_REVOKE,
                P.MONITOR_EDIT,
                P.BREACH_CLOSE,
                P.RETRAINING_REQUEST,
                P.INCIDENT_WORK,
                P.ATTEST,
                P.REPORT_MAKE,
                P.PEOPLE_VIEW,
            },
            seat=True,
        ),
        Role(
            "policy-reviewer",
            "Policy reviewer",
            "Drafts the rules and puts those that others drafted into force; what a rule demands of a "
            "version is judged by others.",
            READING | {P.POLICY_EDIT, P.POLICY_APPROVE, P.ATTEST, P.REPORT_MAKE, P.PEOPLE_VIEW},
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
                P.WAIVER_REVOKE,
                P.INCIDENT_WORK,
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
                P.WAIVER_APPROVE,
                P.WAIVER_REVOKE,
                P.HOLD_PLACE,
                P.HOLD_LIFT,
                P.RETRAINING_DECIDE,
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
            (READING - {P.LEDGER_VIEW}) | BUILDING | {P.DEPLOYMENT_REPORT, P.DEPLOYMENT_MOVE, P.BATCH_REPORT},
            kind="service",
            max_days=366,
        ),
    )
}

SEATS: tuple[str, ...] = tuple(role.name for role in ROLES.values() if role.seat)
"""Roles whose holders can fill an approval seat."""

NEVER_TOGETHER: tuple[tuple[P, P], ...] = (
    (P.VERSION_SUBMIT, P.VERSION_APPROVE),
    (P.VERSION_REGISTER, P.VERSION_APPROVE),
    (P.VERSION_UPLOAD, P.VERSION_APPROVE),
    (P.WAIVER_REQUEST, P.WAIVER_APPROVE),
    (P.GRANT_CONFIRM, P.VERSION_APPROVE),
    (P.GRANT_CONFIRM, P.WAIVER_APPROVE),
    (P.KEY_CONFIRM, P.VERSION_APPROVE),
    (P.POLICY_APPROVE, P.VERSION_APPROVE),
)
"""Pairs no single role may carry: who asks isn't who decides."""

INCOMPATIBLE: frozenset[frozenset[str]] = frozenset(
    frozenset({"operator", other}) for other in (*SEATS, "policy-reviewer", "owner", "developer")
) | frozenset(frozenset({"auditor", other}) for other in ROLES if other != "auditor")
"""Roles one person can't hold at once, on whatever scope: who hands out rights doesn't use them on models,
and who audits does neither."""

AUTOMATIC: frozenset[P] = frozenset({P.VERSION_RESTRICT, P.WARRANT_VOID})
"""Rights of power that our own code may use: both take away, neither lets anything through."""

SYSTEM_PERMISSIONS: Mapping[str, frozenset[P]] = {
    "bootstrap": frozenset(),  # its service asks whether anybody is there yet, which no permission could say
    "sign-in": frozenset(),
    "sequencer": frozenset(),
    "self-audit": frozenset({P.LEDGER_VIEW}),
    "checks-worker": READING
    | {P.RUN_EXECUTE, P.RUN_REQUEST, P.BATCH_CHECK, P.BREACH_OPEN, P.DATASET_REGISTER, P.INCIDENT_WORK},
    "drift-response": READING | {P.VERSION_RESTRICT, P.RETRAINING_REQUEST, P.INCIDENT_WORK},
    "drift-sweep": READING
    | {P.RUN_REQUEST, P.BREACH_OPEN, P.VERSION_RESTRICT, P.RETRAINING_REQUEST, P.INCIDENT_WORK},
    "warrant-issuer": READING | {P.WARRANT_ISSUE, P.WARRANT_VOID, P.DEPLOYMENT_MOVE},
    "report-renderer": READING | {P.REPORT_RENDER},
    "expiry-sweep": READING | {P.GRANT_END, P.VERSION_UPLOAD, P.WARRANT_VOID},
    "integrity-sweep": READING | {P.WARRANT_VOID},
    "key-fallout": READING | {P.VERSION_RESTRICT, P.WARRANT_VOID, P.INCIDENT_WORK},
}
"""What runs without a person. None of it lets anything through: expiry is computed when read, the sweeps only
record it; a warrant is issued only on decisions that people made."""

VIEWED_BY: Mapping[str, P] = {
    "system": P.SYSTEM_VIEW,
    "model": P.SYSTEM_VIEW,
    "slot": P.SYSTEM_VIEW,
    "ownership": P.SYSTEM_VIEW,
    "legal-hold": P.SYSTEM_VIEW,
    "version": P.VERSION_VIEW,
    "component": P.VERSION_VIEW,
    "artifact-file": P.VERSION_VIEW,
    "lineage": P.VERSION_VIEW,
    "upload": P.VERSION_VIEW,
    "deployment-report": P.VERSION_VIEW,
    "contribution": P.VERSION_VIEW,
    "signature": P.VERSION_VIEW,
    "deployment": P.VERSION_VIEW,
    "decision": P.VERSION_VIEW,
    "acceptance": P.VERSION_VIEW,
    "waiver": P.VERSION_VIEW,
    "planned-bound": P.VERSION_VIEW,
    "retraining-request": P.VERSION_VIEW,
    "dataset": P.DATASET_VIEW,
    "dataset-version": P.DATASET_VIEW,
    "run": P.RUN_VIEW,
    "result": P.RUN_VIEW,
    "monitor": P.RUN_VIEW,
    "batch": P.RUN_VIEW,
    "breach": P.RUN_VIEW,
    "alert": P.RUN_VIEW,
    "monitoring-plan": P.RUN_VIEW,
    "baseline": P.RUN_VIEW,
    "missed-slot": P.RUN_VIEW,
    "paging": P.RUN_VIEW,
    "label-set": P.RUN_VIEW,
    "profile": P.RUN_VIEW,
    "incident": P.RUN_VIEW,
    "warrant": P.WARRANT_VIEW,
    "policy": P.REPORT_VIEW,
    "attestation": P.REPORT_VIEW,
    "report": P.REPORT_VIEW,
    "user": P.PEOPLE_VIEW,
    "service-identity": P.PEOPLE_VIEW,
    "token": P.PEOPLE_VIEW,
    "grant": P.PEOPLE_VIEW,
    "recovery": P.PEOPLE_VIEW,
    "erasure": P.PEOPLE_VIEW,
    "key": P.PEOPLE_VIEW,
}
"""Kind of thing in the log -> who may know that it is there. A kind that isn't listed looks absent to whoever
is refused."""

SUPERVISED: frozenset[str] = frozenset(role.name for role in ROLES.values() if role.permissions & INTERACTIVE)
"""Roles whose holders must sign in with a second factor."""


def viewed_by(kind: str) -> P | None:
    """Who may know that a thing of this kind in the log (`version`, `registry.dataset_version`) is there."""
    return VIEWED_BY.get(kind.rpartition(".")[2].replace("_", "-"))


def permissions_of(role: str) -> frozenset[P]:
    """What a role carries; nothing for a role that isn't in the table."""
    return ROLES[role].permissions if role in ROLES else frozenset()


def roles_with(permission: P) -> tuple[str, ...]:
    """Names of the roles that carry `permission`, in the order of the table."""
    return tuple(role.name for role in ROLES.values() if permission in role.permissions)


def faults() -> list[str]:
    """Everything that makes these tables unsound, one sentence each; the service refuses to start on any."""
    return list(_faults(PERMISSIONS, ROLES, SYSTEM_PERMISSIONS, VIEWED_BY))


def _faults(
    permissions: Mapping[P, Permission],
    roles: Mapping[str, Role],
    system: Mapping[str, frozenset[P]],
    viewed_by: Mapping[str, P],
) -> Iterator[str]:
    for name in P:
        if name not in permissions:
            yield f"permission '{name}' has no row"
        elif not permissions[name].title:
            yield f"permission '{name}' has no title"
        carried = any(name in role.permissions for role in roles.values())
        for_system = name in permissions and permissions[name].risk == "system"
        if carried == for_system:
            yield f"permission '{name}' is " + (
                "a role's, and for our own code only" if carried else "no role's"
            )
        if for_system and not any(name in granted for granted in system.values()):
            yield f"permission '{name}' is for our own code, and none of it carries it"
    for role in roles.values():
        where = f"role '{role.name}'"
        if not role.title or not role.purpose:
            yield f"{where} lacks its title or purpose"
        if not role.permissions:
            yield f"{where} carries nothing"
        if role.kind == "service" and role.permissions & INTERACTIVE:
            yield f"{where} is a service's and carries {_list(role.permissions & INTERACTIVE)}"
        if role.seat != (P.VERSION_APPROVE in role.permissions):
            yield f"{where}: a seat and '{P.VERSION_APPROVE}' go together"
        if role.max_days is not None and role.max_days < 1:
            yield f"{where} can't be granted for {role.max_days} days"
        for asks, decides in NEVER_TOGETHER:
            if {asks, decides} <= role.permissions:
                yield f"{where} carries both '{asks}' and '{decides}'"
    for actor, granted in system.items():
        if lets_through := granted & INTERACTIVE - AUTOMATIC:
            yield f"system actor '{actor}' carries {_list(lets_through)}, which only a person may"
    for kind, permission in viewed_by.items():
        if permission in permissions and permissions[permission].risk != "read":
            yield f"kind '{kind}' is seen by '{permission}', which isn't a right to read"


def _list(permissions: frozenset[P]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(permissions))
