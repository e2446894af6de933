"""Who may not judge a finding, from history: makers, owners, who answered, who found it. And which policy holds for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Q

from governance.models import Finding, FindingLink, FindingStatement, Policy
from governance.policies.document import PolicyDocument
from governance.selectors.requirements import document_of, policy_of
from modelwarrant.machine import Transition
from registry.models import Contribution
from registry.selectors.systems import owners

FINDERS = frozenset({"accept-response", "return-response", "uphold", "withdraw", "reopen", "close", "resume"})
"""Moves of whoever found it, or was named in their place, alone."""
ANSWERS = frozenset({"respond", "dispute", "report-remedied"})


def document_for(link: FindingLink) -> PolicyDocument | None:
    """The policy that holds for a subject: a version's own, otherwise the one in force for the tier."""
    if link.version is not None:
        policy = policy_of(link.version)
    else:
        policy = Policy.objects.filter(tier=link.system.risk_tier, state="in-force").first()
    return document_of(policy) if policy else None


def barred(finding: Finding) -> dict[str, frozenset[str]]:
    """Relation of `not_by` -> pseudonyms that stand in it, from history: every subject's makers and owners count."""
    links = list(finding.links.all())
    return {
        "contributor": _makers(links),
        "owner": _owners(links),
        "responder": frozenset(
            FindingStatement.objects.filter(finding=finding, kind__in=ANSWERS).values_list(
                "person", flat=True
            )
        ),
        "finder": frozenset({finding.found_by}),
    }


def judges(finding: Finding) -> frozenset[str]:
    """Who may judge the answers: whoever found it, and whoever was named in their place."""
    return frozenset({finding.found_by, finding.closer} - {""})


WHY_BARRED = {
    "contributor": "You took part in making what it is about.",
    "owner": "You own a system it is about, or did until recently.",
    "responder": "You answered it; somebody else judges the answer.",
    "finder": "You found it; somebody else answers it or accepts its risk.",
}


def why_closed(finding: Finding, move: Transition, principals: frozenset[str], own: str) -> str:
    """Why a person who holds the right for `move` may still not make it; empty: may."""
    bars = barred(finding)
    for relation in move.not_by:
        if principals & bars[relation]:
            return WHY_BARRED[relation]
    if move.name in FINDERS and own not in judges(finding):
        return "Only who found it, or was named in their place by the head of validation, can do this."
    return ""


def _makers(links: Iterable[FindingLink]) -> frozenset[str]:
    condition = Q(pk__in=())
    for link in links:
        if link.version_id:
            condition |= Q(version=link.version_id)
        elif link.model_id:
            condition |= Q(version__model=link.model_id)
        else:
            condition |= Q(version__model__system=link.system_id)
    rows = Contribution.objects.filter(condition).values_list("principal", "controller").distinct()
    return frozenset(name for row in rows for name in row if name)


def _owners(links: Iterable[FindingLink]) -> frozenset[str]:
    found: set[str] = set()
    for link in links:
        document = document_for(link)
        days = dt.timedelta(days=document.cooling_off_days if document else 0)
        found |= owners(link.system_id, days)
    return frozenset(found)
