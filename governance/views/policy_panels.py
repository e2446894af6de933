"""What a version's page says of its policy: which it is and why, a newer one, the documents and checklists it asks for."""

from __future__ import annotations

from governance.models import Policy
from governance.policies.compare import compare
from governance.selectors.ground import ground_of, newer_for, policy_of
from governance.selectors.policies import document_of
from governance.selectors.readiness import answers_of, documents_of
from governance.services.readiness import ANSWERED_BY, ANSWERED_IN
from governance.views.panel import Panel
from people.access import Reach
from people.catalogue import P
from registry.machines import CONTENT_OPEN
from registry.models import Version


def policy_panel(version: Version, reached: Reach) -> Panel | None:
    """Which policy the version is held to and why; whether a newer one is in force."""
    choice = ground_of(version).choice
    newer = (
        newer_for(version) if version.state in ("validation", "review", "approved", "restricted") else None
    )
    data = {
        "policy": choice.policy,
        "why": choice.why,
        "others": choice.others,
        "newer": newer,
        "looser": _looser(choice.policy, newer),
    }
    return Panel("Policy", "governance/panel_policy.html", data)


def readiness_panel(version: Version, reached: Reach) -> Panel | None:
    """Documents there and missing, and every question with its answer."""
    policy = policy_of(version)
    documents = documents_of(version)
    moves = document_of(policy).moves if policy else ()
    kinds = {document.kind for document in documents}
    missing = [(kind, move.name) for move in moves for kind in move.documents if kind not in kinds]
    lists = []
    for move in moves:
        given = answers_of(version, move.name) if move.checklist else {}
        if move.checklist:
            may = version.state in ANSWERED_IN[move.name] and reached.allows(ANSWERED_BY[move.name], version)
            lists.append((move.name, may, [(question, given.get(question)) for question in move.checklist]))
    if not (documents or missing or lists):
        return None
    may_attach = version.state in CONTENT_OPEN and any(
        reached.allows(permission, version) for permission in (P.VERSION_EDIT, P.VERSION_VALIDATE)
    )
    data = {"documents": documents, "missing": missing, "lists": lists, "may_attach": may_attach}
    people = {document.attached_by for document in documents}
    people |= {answer.person for _, _, rows in lists for _, answer in rows if answer is not None}
    return Panel("Documents and checklists", "governance/panel_readiness.html", data, frozenset(people))


def _looser(policy: Policy | None, newer: Policy | None) -> int:
    if policy is None or newer is None:
        return 0
    return sum(item.kind == "looser" for item in compare(document_of(policy), document_of(newer)))
