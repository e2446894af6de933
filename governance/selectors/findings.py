"""Findings as they stand, what they hold for, and what a reader may see of them.

A finding across systems is shown to whoever may see one of its subjects, with those subjects alone.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from governance.challenge import FINDING
from governance.models import Dissent, Finding, FindingExtension, FindingLink
from ledger.actors import Actor
from people import access
from people.catalogue import P
from registry.models import Version
from registry.selectors.lookup import locked, one

ENDED = ("closed", "withdrawn")
_FINDINGS = Finding.objects.select_related("system", "validation__version__model__system").prefetch_related(
    "links__system", "links__model", "links__version__model__system"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a finding stands at a moment: its state as it counts then, and whether its due date has passed."""

    state: str
    open: bool
    accepted: bool
    overdue: bool

    @property
    def title(self) -> str:
        return FINDING.state(self.state).title


def standing(finding: Finding, at: dt.datetime) -> Standing:
    """Where `finding` stands at `at`. An acceptance of its risk that has ended counts as none."""
    state = finding.state
    if lapsed(finding, at):
        state = FINDING.initial.name
    accepted = state == "risk-accepted"
    is_open = state not in ENDED and not accepted
    return Standing(state, is_open, accepted, is_open and finding.due_at < at)


def lapsed(finding: Finding, at: dt.datetime) -> bool:
    """Whether its risk was accepted until a date that has come."""
    ends = finding.accepted_until
    return finding.state == "risk-accepted" and (ends is None or ends <= at)


def lapsed_at(at: dt.datetime, limit: int) -> list[UUID]:
    """Ids of findings whose acceptance has ended and isn't recorded so yet."""
    rows = Finding.objects.filter(state="risk-accepted", accepted_until__lte=at).order_by("accepted_until")
    return list(rows.values_list("pk", flat=True)[:limit])


def open_at(at: dt.datetime) -> Q:
    """The condition on findings that they are open at `at`."""
    shut = [*ENDED, "risk-accepted"]
    return ~Q(state__in=shut) | Q(state="risk-accepted", accepted_until__lte=at)


def finding_by_id(finding_id: UUID) -> Finding:
    """Raises NotThere."""
    return one(_FINDINGS, finding_id)


def finding_locked(finding_id: UUID) -> Finding:
    """The finding, locked until the transaction ends. Raises NotThere."""
    return locked(_FINDINGS, finding_id)


def extension_locked(extension_id: UUID) -> FindingExtension:
    """Raises NotThere."""
    return locked(FindingExtension.objects.all(), extension_id)


def findings_visible(actor: Actor) -> QuerySet[Finding]:
    """Findings with at least one subject that `actor` may see, each once."""
    return _FINDINGS.filter(pk__in=_seen(access.reach(actor)).values("finding"))


def links_visible(reached: access.Reach, finding: Finding) -> list[FindingLink]:
    """The subjects of `finding` that somebody of this reach may see; how many others there are isn't told."""
    return [link for link in finding.links.all() if reached.allows(P.VERSION_VIEW, link)]


def links_on(version: Version) -> QuerySet[FindingLink]:
    """The links by which findings hold for `version`: on itself, its model, its system."""
    return FindingLink.objects.filter(
        Q(version=version)
        | Q(version__isnull=True, model=version.model_id)
        | Q(version__isnull=True, model__isnull=True, system=version.model.system_id)
    )


def findings_on(version: Version) -> QuerySet[Finding]:
    """Every finding that holds for `version`: on itself, its model, its system; whoever may see them."""
    return _FINDINGS.filter(pk__in=links_on(version).values("finding")).order_by("found_at", "id")


def dissents_on(version: Version) -> QuerySet[Dissent]:
    """Dissents to decisions on `version`, and to how findings on it ended; oldest first."""
    on_it = Q(decision__version=version) | Q(finding__in=links_on(version).values("finding"))
    rows = Dissent.objects.filter(on_it).select_related("decision__version__model", "finding")
    return rows.order_by("recorded_at", "id")


def _seen(reached: access.Reach) -> QuerySet[FindingLink]:
    return access.within(reached, P.VERSION_VIEW, FindingLink.objects.all())
