"""The version page: what it is, what holds it back, what may be done, and all it rests on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance.gates.answers import GateAnswer
from governance.gates.approvals import seats
from governance.gates.context import Context
from governance.gates.table import evaluate
from governance.models import Decision
from governance.selectors.shown import difference, shown_set
from governance.selectors.warrants import status_at
from governance.views.acts import ACTS
from ledger import clock
from ledger import selectors as log
from modelwarrant.machine import Transition
from monitoring.charts import diagrams
from monitoring.models import Monitor
from people import access
from people.catalogue import P
from people.pages import actor_of, named, reading
from people.services.reading import shown
from registry.machines import VERSION
from registry.models import Version
from registry.selectors import artifacts, cards, signatures, versions
from registry.selectors.described import described
from registry.selectors.graph import lineage_graph

COLUMN = {"dataset-version": 0, "version": 1, "deployment": 2}


@dataclass(frozen=True, slots=True)
class Move:
    """One way on from here: open to me, or why it is closed."""

    transition: Transition
    act: str
    open: bool
    why: str


@reading
def version(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """One version."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.VERSION_VIEW, row=versions.version_by_id(version_id))
    reached = access.reach(actor)
    context = Context(row, clock.now())
    legal = VERSION.legal(row.state)
    answers = {
        transition.name: evaluate(transition.gates, context) for transition in legal if transition.gates
    }
    moves = [_move(transition, reached, context, actor.principals, answers) for transition in legal]
    onward = next((move for move in legal if move.gates and move.name not in BACK), None)
    filled, uncounted = seats(context)
    history = log.history("version", row.pk, limit=200)
    warrants = row.warrants.select_related("slot").order_by("-granted_at")
    contributions = versions.contributions(row.pk)
    people = {row.registered_by, *(item.row.actor_id for item in history)}
    people |= {decision.person for decision in row.decisions.all()} | {
        item.principal for item in contributions
    }
    standing = signatures.standing(row)
    return render(
        request,
        "governance/version.html",
        {
            "version": row,
            "policy": context.policy,
            "requirements": context.requirements,
            "onward": onward,
            "answers": answers.get(onward.name, ()) if onward else (),
            "moves": moves,
            "acts": [
                (name, ACTS[name].title)
                for name in (*EXTRA.get(row.state, ()), *ALWAYS)
                if reached.allows(EXTRA_PERMISSION[name], row)
            ],
            "diagram": diagrams.machine(VERSION, row.state),
            "lineage": _lineage(row),
            "signature": standing,
            "described": described(row, standing),
            "rests_on_revoked": signatures.rests_on_revoked(row),
            "files": versions.files(row.pk),
            "risky": artifacts.executable(row),
            "components": versions.components(row.pk),
            "card": cards.rendered(row.card),
            "seats": filled,
            "uncounted": uncounted,
            "decisions": _recorded(row.decisions.order_by("decided_at")),
            "acceptances": row.acceptances.order_by("accepted_at"),
            "waivers": row.waivers.order_by("starts"),
            "planned": row.planned_bounds.order_by("requirement"),
            "monitors": Monitor.objects.filter(deployment__version=row).select_related(
                "deployment__slot__model"
            ),
            "warrants": [(item, status_at(item, context.at)) for item in warrants],
            "retraining": row.retraining_requests.order_by("requested_at"),
            "runs": row.runs.order_by("-requested_at")[:50],
            "contributions": contributions,
            "history": history[::-1],
            "names": named(people),
            "may_decide": row.state in ("validation", "review") and bool(decidable_seats(request, row)),
        },
    )


BACK = ("lift", "recheck")
"""Moves with gates that don't lead towards a warrant: what stands before them isn't what the page is about."""
ALWAYS = ("make-report",)
EXTRA: dict[str, tuple[str, ...]] = {
    "draft": ("request-checks", "plan-bound"),
    "validation": ("request-checks", "accept-result", "request-waiver"),
    "review": ("request-checks", "accept-result", "request-waiver"),
    "approved": ("request-checks", "request-deployment"),
    "restricted": ("request-checks",),
}
"""What else can be done in a state, beside its moves."""
EXTRA_PERMISSION = {
    "request-checks": P.RUN_REQUEST,
    "accept-result": P.VERSION_VALIDATE,
    "plan-bound": P.VERSION_EDIT,
    "request-waiver": P.WAIVER_REQUEST,
    "request-deployment": P.DEPLOYMENT_REQUEST,
    "make-report": P.REPORT_MAKE,
}


def decidable_seats(request: HttpRequest, row: Version) -> list[str]:
    """The seats of the policy that I hold a role for, in the policy's order; empty if I took part in the version."""
    actor = actor_of(request)
    context = Context(row, clock.now())
    document = context.document
    if document is None or actor.principals & versions.contributors(row.pk):
        return []
    mine = access.roles(actor, row)
    return [seat for seat in dict.fromkeys(document.seats("approve")) if seat in mine]


def since_last_approved(row: Version) -> tuple[Version | None, list[str]]:
    """The version of the model that was approved last, and what differs from it; None if there is none."""
    before = (
        Version.objects.filter(
            model=row.model_id, state__in=("approved", "restricted", "suspended", "retired")
        )
        .exclude(pk=row.pk)
        .order_by("-number")
        .first()
    )
    if before is None:
        return None, []
    stable = (
        "binding",
        "subject",
        "manifest",
        "declared",
        "card",
        "code",
        "environment",
        "components",
        "data",
        "policy",
    )
    old, new = shown_set(before), shown_set(row)
    return before, difference({key: old[key] for key in stable}, {key: new[key] for key in stable})


def _move(
    transition: Transition,
    reached: access.Reach,
    context: Context,
    principals: frozenset[str],
    answers: dict[str, tuple[GateAnswer, ...]],
) -> Move:
    act = transition.name if transition.name in ACTS else ""
    permission = P(transition.permission)
    if not reached.allows(permission, context.version):
        return Move(transition, act, False, "your roles don't allow it")
    barred = versions.barred(transition, context.version, principals, context.cooling_off)
    if barred:
        return Move(transition, act, False, next(iter(barred.values())))
    closed = [answer.title for answer in answers.get(transition.name, ()) if not answer.ok]
    if closed and act:
        return Move(transition, act, False, f"gates closed: {', '.join(closed)}")
    return Move(transition, act, True, "")


def _recorded(decisions: Iterable[Decision]) -> list[tuple[Decision, UUID | None]]:
    """Decisions, each with the entry that records it: the one to hold a proof of."""
    rows = list(decisions)
    entries = log.recording("decision", [row.pk for row in rows])
    return [(row, entries.get(str(row.pk))) for row in rows]


def _lineage(row: Version) -> object:
    graph = lineage_graph(row)
    things = [
        diagrams.Thing(node.id, COLUMN[node.kind], node.title, node.state, current=node.kind == "version")
        for node in graph.nodes
    ]
    return diagrams.lineage(
        "Lineage", things, [(edge.source, edge.target, edge.label) for edge in graph.edges]
    )
