from __future__ import annotations

from dataclasses import replace

import pytest

from people import catalogue
from people.catalogue import INTERACTIVE, PERMISSIONS, ROLES, SYSTEM_PERMISSIONS, VIEWED_BY, P
from people.machines import MACHINES, NOT_BY

DANGEROUS: dict[P, set[str]] = {
    P.VERSION_APPROVE: {"independent-validator", "risk-reviewer", "accountable-executive"},
    P.VERSION_REJECT: {"independent-validator", "risk-reviewer", "accountable-executive"},
    P.VERSION_VALIDATE: {"independent-validator"},
    P.VERSION_REINSTATE: {"risk-reviewer"},
    P.VERSION_SUSPEND: {"owner", "risk-reviewer", "security-reviewer", "accountable-executive"},
    P.WAIVER_APPROVE: {"risk-reviewer", "accountable-executive"},
    P.WARRANT_VOID: {"risk-reviewer", "security-reviewer", "accountable-executive"},
    P.POLICY_APPROVE: {"policy-reviewer"},
    P.RETRAINING_DECIDE: {"owner", "accountable-executive"},
    P.FINDING_JUDGE: {"independent-validator", "head-of-validation", "risk-reviewer"},
    P.FINDING_RESPOND: {"owner", "developer"},
    P.FINDING_ACCEPT: {"risk-reviewer", "accountable-executive"},
    P.VALIDATION_ASSIGN: {"head-of-validation"},
    P.VALIDATION_WORK: {"independent-validator", "head-of-validation"},
    P.SYSTEM_EDIT: {"owner"},
    P.PEOPLE_EDIT: {"operator"},
    P.GRANT_REQUEST: {"owner", "operator"},
    P.GRANT_CONFIRM: {"operator"},
    P.GRANT_REVOKE: {"operator", "security-reviewer"},
    P.TOKEN_ISSUE: {"operator"},
    P.KEY_REQUEST: {"operator"},
    P.KEY_CONFIRM: {"operator"},
    P.KEY_REVOKE: {"operator", "security-reviewer"},
    P.WARRANT_ISSUE: set(),
    P.GRANT_END: set(),
}
"""Written down a second time, by hand: whoever widens a role must change both."""


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("permission", DANGEROUS, ids=str)
def test_who_may_do_what_is_dangerous(permission: P, role: str) -> None:
    assert (permission in ROLES[role].permissions) == (role in DANGEROUS[permission])


def test_an_auditor_changes_nothing_and_a_pipeline_decides_nothing() -> None:
    assert {PERMISSIONS[name].risk for name in ROLES["auditor"].permissions} == {"read"}
    assert not ROLES["ci"].permissions & INTERACTIVE
    assert P.VERSION_SUBMIT not in ROLES["ci"].permissions


def test_our_own_code_lets_nothing_through() -> None:
    carried = frozenset().union(*SYSTEM_PERMISSIONS.values())
    through = {P.VERSION_APPROVE, P.VERSION_VALIDATE, P.VERSION_REINSTATE, P.WAIVER_APPROVE, P.POLICY_APPROVE}
    assert not carried & (through | {P.GRANT_CONFIRM, P.KEY_CONFIRM, P.RETRAINING_DECIDE, P.ATTEST})


def test_the_tables_are_sound() -> None:
    assert catalogue.faults() == []
    words = {name.value for name in P}
    events = {move.event for machine in MACHINES for move in machine.transitions}
    assert [
        fault
        for machine in MACHINES
        for fault in machine.faults(permissions=words, gates=(), events=events, not_by=NOT_BY)
    ] == []


def _with(role: str, *more: P) -> dict[str, catalogue.Role]:
    return {**ROLES, role: replace(ROLES[role], permissions=ROLES[role].permissions | set(more))}


@pytest.mark.parametrize(
    ("roles", "told"),
    [
        (_with("developer", P.VERSION_APPROVE), "carries both"),
        (_with("developer", P.VERSION_APPROVE), "a seat and"),
        (_with("risk-reviewer", P.WAIVER_REQUEST), "carries both"),
        (_with("operator", P.VERSION_APPROVE), "carries both"),
        (_with("ci", P.ATTEST), "is a service's and carries"),
        (_with("owner", P.WARRANT_ISSUE), "for our own code only"),
        ({name: role for name, role in ROLES.items() if name != "policy-reviewer"}, "is no role's"),
        ({**ROLES, "owner": replace(ROLES["owner"], purpose="")}, "lacks its title or purpose"),
    ],
)
def test_an_unsound_table_is_told(roles: dict[str, catalogue.Role], told: str) -> None:
    found = list(catalogue._faults(PERMISSIONS, roles, SYSTEM_PERMISSIONS, VIEWED_BY))
    assert any(told in fault for fault in found), found


def test_a_sweep_that_may_approve_is_told() -> None:
    system = {**SYSTEM_PERMISSIONS, "drift-sweep": frozenset({P.VERSION_APPROVE})}
    found = list(catalogue._faults(PERMISSIONS, ROLES, system, VIEWED_BY))
    assert any("which only a person may" in fault for fault in found)
