"""What waits for people, since when, until when, and who is on it: computed from the log, the policy and the calendar.

Nothing here is stored, so a date can't be moved by hand: it follows from the entry that put the version where it is, the
days that its policy gives, and the installation's working days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from governance.models import Claim, Decision, Policy
from governance.policies.document import PolicyDocument
from governance.selectors.ground import policy_of
from governance.selectors.policies import document_of
from ledger.workdays import Calendar, calendar
from people import access
from people.catalogue import P, roles_with
from people.models import User
from registry.machines import ROUND_OPEN
from registry.models import Version
from registry.selectors.versions import contributors, entered

CLAIM_DAYS = 3
"""Working days that a claim counts: who took it and never came back blocks nobody's view."""
SOON_DAYS = 2
Stage = Literal["", "soon", "today", "late"]


@dataclass(frozen=True, slots=True)
class Due:
    """A version waits since `since` in the state `waits_for`, and its policy wants it to go on by `at`. `escalates` is
    None where the policy never escalates."""

    version: UUID
    waits_for: str
    since: dt.datetime
    at: dt.datetime
    soon_from: dt.datetime | None
    today_from: dt.datetime
    escalates: dt.datetime | None
    role: str

    def overdue(self, now: dt.datetime) -> bool:
        return now > self.at

    def stage(self, now: dt.datetime) -> Stage:
        """The last stage of reminders that has come."""
        if self.escalates is not None and now > self.escalates:
            return "late"
        if now >= self.today_from:
            return "today"
        return "soon" if self.soon_from is not None and now >= self.soon_from else ""


def dues(versions: Iterable[Version]) -> dict[UUID, Due]:
    """When each of these versions is due; none for a version that waits for nobody or that no policy speaks of. A
    constant number of queries."""
    waiting = [row for row in versions if row.state in ROUND_OPEN]
    documents, since, working = documents_of(waiting), entered(waiting), calendar()
    return {
        row.pk: _due(row, documents[row.pk], since[row.pk], working)
        for row in waiting
        if row.pk in documents and row.pk in since
    }


def due_of(version: Version) -> Due | None:
    """When this version is due."""
    policy = policy_of(version) if version.state in ROUND_OPEN else None
    return _due(version, document_of(policy), entered([version])[version.pk], calendar()) if policy else None


def documents_of(versions: Iterable[Version]) -> dict[UUID, PolicyDocument]:
    """The policy each version is held to: the pinned one, or the one in force for its tier."""
    rows = list(versions)
    pinned = {row.policy_digest for row in rows if row.policy_digest}
    by_digest = {policy.digest: policy for policy in Policy.objects.filter(digest__in=pinned)}
    in_force = {policy.tier: policy for policy in Policy.objects.filter(state="in-force")}
    found = {
        row.pk: by_digest.get(row.policy_digest)
        if row.policy_digest
        else in_force.get(row.model.system.risk_tier)
        for row in rows
    }
    return {pk: document_of(policy) for pk, policy in found.items() if policy is not None}


def claims_of(versions: Iterable[Version], *, now: dt.datetime) -> dict[UUID, list[Claim]]:
    """The claims that count now, of the present round."""
    rows = {row.pk: row for row in versions}
    working = calendar()
    found: dict[UUID, list[Claim]] = {}
    for claim in Claim.objects.filter(version__in=rows, state="held").order_by("since"):
        present = claim.decision_round == rows[claim.version_id].decision_round
        if present and now <= counts_until(claim, working):
            found.setdefault(claim.version_id, []).append(claim)
    return found


def counts_until(claim: Claim, working: Calendar | None = None) -> dt.datetime:
    """Until when a held claim counts."""
    return (working or calendar()).after(claim.since, CLAIM_DAYS)


def asked(version: Version, document: PolicyDocument, *, now: dt.datetime) -> set[str]:
    """Pseudonyms of whom a reminder goes to: who is on it; where nobody is, everybody who could be."""
    claims = claims_of([version], now=now).get(version.pk, [])
    rows = Decision.objects.filter(version=version, decision_round=version.decision_round)
    decided = dict(rows.values_list("person", "seat"))
    on_it = {claim.person for claim in claims} - decided.keys()
    taken = {claim.seat for claim in claims} | set(decided.values())
    if version.state == "review":
        roles = [seat for seat in document.seats("approve") if seat not in taken]
    else:
        roles = [] if on_it else list(roles_with(P.VERSION_REVIEW))
    found = on_it | {user.pseudonym for user in who_holds(roles, version)}
    return found - contributors(version.pk) - decided.keys()


def who_holds(roles: Iterable[str], version: Version) -> Iterable[User]:
    """The people who may fill these roles for a version now, and those to whom such a role is lent. Nobody who stands in
    for somebody that took part in the version."""
    names = list(roles)
    if not names:
        return ()
    lent = access.delegations().filter(access.covering(version), grant__role__in=names)
    out = contributors(version.pk)
    standing_in = access.delegations().filter(grant__holder_user__pseudonym__in=out).values("delegate_id")
    delegates = User.objects.filter(pk__in=lent.values("delegate_id")).exclude(pk__in=standing_in)
    return dict.fromkeys([*access.holders(names, version).exclude(pk__in=standing_in), *delegates])


def _due(version: Version, document: PolicyDocument, since: dt.datetime, working: Calendar) -> Due:
    given: Mapping[str, int] = {
        "validation": document.deadlines.review_days,
        "review": document.deadlines.decision_days,
    }
    days, late = given[version.state], document.escalation.after_days
    at = working.after(since, days)
    return Due(
        version.pk,
        version.state,
        since,
        at,
        _opening(working.after(since, days - SOON_DAYS), working) if days > SOON_DAYS else None,
        _opening(at, working),
        working.after(since, days + late) if late else None,
        document.escalation.role,
    )


def _opening(moment: dt.datetime, working: Calendar) -> dt.datetime:
    """When people begin to work on the day of `moment`."""
    local = moment.astimezone(working.zone)
    return working.within(local.replace(hour=working.opens, minute=0, second=0, microsecond=0))
