"""The version page: what it is, what holds it back, what may be done, and all it rests on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance.gates.approvals import seats
from governance.gates.context import Context
from governance.models import Decision
from governance.selectors.broken import broken
from governance.selectors.ground import which
from governance.selectors.rounds import newer_versions, requested_changes
from governance.selectors.standing import STANDING, standing_at
from governance.services.moves import moves_of
from governance.views.acts import ACTS, act_for
from governance.views.desk import desk_of
from governance.views.lifecycle_acts import LIFECYCLE, LIFECYCLE_PERMISSION
from governance.views.panels import panels
from ledger import clock
from ledger import selectors as log
from ledger.actors import Actor
from monitoring.charts import diagrams
from monitoring.models import Monitor
from people import access
from people.catalogue import P
from people.pages import actor_of, named, reading
from people.selectors import acted_for
from people.services.reading import shown
from registry.machines import VERSION
from registry.models import ImportedModel, Version
from registry.selectors import artifacts, cards, signatures, versions
from registry.selectors.described import described
from registry.selectors.graph import lineage_graph

COLUMN = {"dataset-version": 0, "version": 1, "deployment": 2}


@reading
def version(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """One version."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.VERSION_VIEW, row=versions.version_by_id(version_id))
    reached = access.reach(actor)
    context = Context(row, clock.now())
    row, ground = context.version, context.ground
    moves = [move for move in moves_of(actor, row, reached=reached, context=context) if move.here]
    onward = next((move for move in moves if move.answers and move.transition.name not in BACK), None)
    filled, uncounted = seats(context)
    history = log.history("version", row.pk, limit=200)
    people = {row.registered_by, *(item.row.actor_id for item in history)}
    people |= {decision.person for decision in ground.decisions}
    people |= {item.principal for item in ground.contributions}
    shown_panels = panels(row, reached)
    people = people.union(*(panel.people for panel in shown_panels))
    lenders = acted_for("decision", [decision.pk for decision in ground.decisions])
    desk, requested = desk_of(row, actor, reached), requested_changes(row)
    people |= {*lenders.values(), *desk.people, *(decision.person for decision, _ in requested)}
    standing = context.signature
    return render(
        request,
        "governance/version.html",
        {
            "version": row,
            "newer": newer_versions(row),
            "policy": context.policy,
            "requirements": context.requirements,
            "titles": {state.requirement.name: state.title for state in context.requirements},
            "broken": broken(row, context.requirements, context.at),
            "onward": onward.transition if onward else None,
            "answers": onward.answers if onward else (),
            "moves": [(move, act_for("version", move.transition.name)) for move in moves],
            "acts": [
                (name, ACTS[name].title)
                for name in (*EXTRA.get(row.state, ()), *LIFECYCLE.get(row.state, ()), *ALWAYS)
                if reached.allows(EXTRA_PERMISSION[name], row)
            ],
            "diagram": diagrams.machine(VERSION, row.state),
            "lineage": _lineage(row),
            "signature": standing,
            "described": described(row, standing),
            "rests_on_revoked": signatures.rests_on_revoked(row),
            "files": ground.files,
            "risky": artifacts.executable(row),
            "components": ground.components,
            "card": cards.rendered(row.card),
            "seats": filled,
            "uncounted": uncounted,
            "decisions": _recorded(ground.decisions, lenders),
            "acceptances": sorted(ground.acceptances, key=lambda item: item.accepted_at),
            "waivers": sorted(ground.waivers, key=lambda item: item.starts),
            "planned": sorted(ground.planned_bounds, key=lambda item: item.requirement),
            **_beside(row, context.at),
            "runs": row.runs.order_by("-requested_at")[:50],
            "contributions": ground.contributions,
            "history": history[::-1],
            "panels": shown_panels,
            "desk": desk,
            "requested": requested,
            "names": named(people),
            "may_decide": row.state in ("validation", "review") and bool(decidable_seats(actor, context)),
        },
    )


BACK = ("lift", "recheck", "retire")
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
    **LIFECYCLE_PERMISSION,
}


def _beside(row: Version, at: dt.datetime) -> dict[str, Any]:
    """What came of the version, where there is any of it: warrants, monitors, requests to retrain it, its import."""
    rows: dict[str, QuerySet[Any]] = {
        "warrants": row.warrants.select_related("slot", "version")
        .prefetch_related(*STANDING)
        .order_by("-granted_at"),
        "monitors": Monitor.objects.filter(deployment__version=row).select_related("deployment__slot__model"),
        "retraining": row.retraining_requests.order_by("requested_at"),
        "imported": ImportedModel.objects.filter(version=row).select_related("inventory_import"),
    }
    there = which(row, rows)
    found = {name: list(one) if name in there else [] for name, one in rows.items()}
    found["warrants"] = [(item, standing_at(item, at)) for item in found["warrants"]]
    return {**found, "imported": next(iter(found["imported"]), None)}


def decidable_seats(actor: Actor, context: Context) -> list[str]:
    """The seats of the policy that I hold a role for, in the policy's order; empty if I took part in the version."""
    document = context.document
    if document is None or actor.principals & context.ground.contributors:
        return []
    mine = access.roles(actor, context.version)
    return [seat for seat in dict.fromkeys(document.seats("approve")) if seat in mine]


def _recorded(
    decisions: Iterable[Decision], lenders: Mapping[UUID, str]
) -> list[tuple[Decision, UUID | None, str]]:
    """Decisions, each with the entry that records it (the one to hold a proof of) and whose right it was taken in,
    where its maker stood in for somebody."""
    rows = list(decisions)
    entries = log.recording("decision", [row.pk for row in rows])
    return [(row, entries.get(str(row.pk)), lenders.get(row.pk, "")) for row in rows]


def _lineage(row: Version) -> object:
    graph = lineage_graph(row)
    things = [
        diagrams.Thing(node.id, COLUMN[node.kind], node.title, node.state, current=node.kind == "version")
        for node in graph.nodes
    ]
    return diagrams.lineage(
        "Lineage", things, [(edge.source, edge.target, edge.label) for edge in graph.edges]
    )
