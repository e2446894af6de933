"""Who may do what, as one table: the roles that carry permissions, and what system actors may do.

Page, admin, API, projection to guardian and documentation all read this table. It knows no person and no
object: who holds a role, on what and until when are rows of `people.models.Grant`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from people.permissions import DJANGO_PERMISSIONS, INTERACTIVE, PERMISSIONS, P, Permission, codename
from people.roles import READING, ROLES, SEATS, Role

__all__ = [
    "AUTOMATIC",
    "DELEGABLE",
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

SCOPES: Mapping[str, str] = {"system": "registry.System", "model": "registry.AIModel"}
"""Scope type -> content type of the object a grant names. Looked up by name at run time: nothing above is
imported."""

NEVER_TOGETHER: tuple[tuple[P, P], ...] = (
    (P.VERSION_SUBMIT, P.VERSION_APPROVE),
    (P.VERSION_REGISTER, P.VERSION_APPROVE),
    (P.VERSION_UPLOAD, P.VERSION_APPROVE),
    (P.WAIVER_REQUEST, P.WAIVER_APPROVE),
    (P.EMERGENCY_REQUEST, P.EMERGENCY_AGREE),
    (P.VERSION_SUBMIT, P.CONDITION_CONFIRM),
    (P.VERSION_SUBMIT, P.RECERTIFICATION_DECIDE),
    (P.GRANT_CONFIRM, P.VERSION_APPROVE),
    (P.GRANT_CONFIRM, P.WAIVER_APPROVE),
    (P.KEY_CONFIRM, P.VERSION_APPROVE),
    (P.POLICY_APPROVE, P.VERSION_APPROVE),
    (P.FINDING_RESPOND, P.FINDING_JUDGE),
    (P.FINDING_RESPOND, P.FINDING_ACCEPT),
    (P.VERSION_UPLOAD, P.VALIDATION_WORK),
    (P.VERSION_SUBMIT, P.VALIDATION_ASSIGN),
)
"""Pairs no single role may carry: who asks isn't who decides."""

INCOMPATIBLE: frozenset[frozenset[str]] = frozenset(
    frozenset({"operator", other})
    for other in (*SEATS, "head-of-validation", "policy-reviewer", "owner", "developer")
) | frozenset(frozenset({"auditor", other}) for other in ROLES if other != "auditor")
"""Roles one person can't hold at once, on whatever scope: who hands out rights doesn't use them on models,
and who audits does neither."""

DELEGABLE: frozenset[str] = frozenset({*SEATS, "owner", "policy-reviewer", "security-reviewer"})
"""Roles that their holder may lend to another for a time. Never an operator's (who hands out rights could then be
both persons of two), an auditor's, or what is a grant of work alone."""

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
    "expiry-sweep": READING
    | {P.GRANT_END, P.VERSION_UPLOAD, P.WARRANT_VOID, P.RECERTIFICATION_REQUEST, P.FINDING_LAPSE},
    "emergency-clock": READING | {P.EMERGENCY_CLOSE, P.WARRANT_VOID, P.DEPLOYMENT_MOVE},
    "integrity-sweep": READING | {P.WARRANT_VOID},
    "notices": frozenset(),
    "desk-sweep": READING,
    "dry-runs": READING,
    "key-fallout": READING | {P.VERSION_RESTRICT, P.WARRANT_VOID, P.INCIDENT_WORK},
    "inventory-importer": READING | {P.IMPORT_WRITE, P.SYSTEM_CREATE, P.MODEL_CREATE, P.VERSION_REGISTER},
    "inventory-sweep": READING,
}
"""What runs without a person. None of it lets anything through: expiry is computed when read, the sweeps only
record it; a warrant is issued only on decisions that people made."""

VIEWED_BY: Mapping[str, P] = {
    "system": P.SYSTEM_VIEW,
    "model": P.SYSTEM_VIEW,
    "slot": P.SYSTEM_VIEW,
    "ownership": P.SYSTEM_VIEW,
    "legal-hold": P.SYSTEM_VIEW,
    "tiering": P.SYSTEM_VIEW,
    "dependency": P.SYSTEM_VIEW,
    "custom-field": P.SYSTEM_VIEW,
    "custom-value": P.SYSTEM_VIEW,
    "inventory-import": P.SYSTEM_VIEW,
    "imported-model": P.VERSION_VIEW,
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
    "wide-waiver": P.SYSTEM_VIEW,
    "waiver-renewal": P.SYSTEM_VIEW,
    "emergency": P.VERSION_VIEW,
    "rollback": P.VERSION_VIEW,
    "rollback-drill": P.VERSION_VIEW,
    "retraining-candidate": P.VERSION_VIEW,
    "retraining-path": P.VERSION_VIEW,
    "data-disposal": P.VERSION_VIEW,
    "planned-bound": P.VERSION_VIEW,
    "document": P.VERSION_VIEW,
    "checklist-answer": P.VERSION_VIEW,
    "claim": P.VERSION_VIEW,
    "escalation": P.VERSION_VIEW,
    "round-content": P.VERSION_VIEW,
    "retraining-request": P.VERSION_VIEW,
    "finding": P.VERSION_VIEW,
    "finding-link": P.VERSION_VIEW,
    "finding-statement": P.VERSION_VIEW,
    "finding-extension": P.VERSION_VIEW,
    "dissent": P.VERSION_VIEW,
    "validation": P.VERSION_VIEW,
    "validation-assignment": P.VERSION_VIEW,
    "validation-response": P.VERSION_VIEW,
    "comment": P.VERSION_VIEW,
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
    "warrant-ending": P.WARRANT_VIEW,
    "warrant-notice": P.WARRANT_VIEW,
    "recertification": P.WARRANT_VIEW,
    "condition": P.VERSION_VIEW,
    "void-drill": P.SYSTEM_VIEW,
    "policy": P.REPORT_VIEW,
    "attestation": P.REPORT_VIEW,
    "report": P.REPORT_VIEW,
    "user": P.PEOPLE_VIEW,
    "service-identity": P.PEOPLE_VIEW,
    "token": P.PEOPLE_VIEW,
    "grant": P.PEOPLE_VIEW,
    "recovery": P.PEOPLE_VIEW,
    "passkey": P.PEOPLE_VIEW,
    "identity-link": P.PEOPLE_VIEW,
    "workload-trust": P.PEOPLE_VIEW,
    "delegation": P.PEOPLE_VIEW,
    "acted-for": P.PEOPLE_VIEW,
    "absence": P.PEOPLE_VIEW,
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
