"""Findings, validations and comments on a version's page."""

from __future__ import annotations

from governance.selectors.comments import threads_on
from governance.selectors.findings import standing
from governance.selectors.ground import ground_of
from governance.selectors.validations import OPEN, overdue, report_readable
from governance.views.panel import Panel
from ledger import clock
from people.access import Reach
from people.catalogue import P
from registry.models import Version

MOST = 20
NEWEST = 3


def findings_panel(version: Version, reached: Reach) -> Panel:
    """Findings that hold for the version, open ones first, and every dissent."""
    now = clock.now()
    ground = ground_of(version)
    links = {link.finding_id for link in ground.links if reached.allows(P.VERSION_VIEW, link)}
    rows = [(row, standing(row, now)) for row in ground.findings if row.pk in links]
    rows.sort(key=lambda pair: (not pair[1].open, pair[0].due_at))
    seen = {row.pk for row, _ in rows}
    dissents = [row for row in ground.dissents if row.finding_id is None or row.finding_id in seen]
    spoken = {(row.decision_id, row.person) for row in dissents}
    me = reached.actor.id
    may_open = reached.allows(P.FINDING_JUDGE, version)
    decisions = [
        row
        for row in ground.decisions
        if row.decision_round == version.decision_round and row.person != me and (row.pk, me) not in spoken
    ]
    people = {row.person for row in dissents} | {row.person for row in decisions}
    people |= {row.decision.person for row in dissents if row.decision}
    data = {
        "rows": rows[:MOST],
        "more": max(0, len(rows) - MOST),
        "dissents": dissents,
        "decisions": decisions,
        "may_open": may_open,
    }
    return Panel("Findings", "governance/findings_panel.html", data, frozenset(people))


def validations_panel(version: Version, reached: Reach) -> Panel:
    """Independent validations of the version, the newest first. None of them opens or closes a gate."""
    now = clock.now()
    rows = ground_of(version).validations[::-1]
    under_way = any(row.state in OPEN for row in rows)
    data = {
        "rows": [(row, overdue(row, now), report_readable(row, reached)) for row in rows],
        "may_plan": not under_way and reached.allows(P.VALIDATION_ASSIGN, version),
    }
    return Panel(
        "Independent validation",
        "governance/validations_panel.html",
        data,
        frozenset(row.validator for row in rows if row.validator),
    )


def comments_panel(version: Version, reached: Reach) -> Panel:
    """The newest threads on the version."""
    threads = threads_on(version)
    newest = list(threads[:NEWEST])
    data = {
        "threads": newest,
        "thread_count": threads.count(),
        "may_comment": reached.allows(P.COMMENT_WRITE, version),
    }
    return Panel("Comments", "governance/comments_panel.html", data, frozenset(row.author for row in newest))
