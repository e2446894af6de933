"""Warrants, policies, reports, machines and the log as pages."""

from __future__ import annotations

import json
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance import machines as governance_machines
from governance.machines import POLICY
from governance.models import Policy
from governance.policies.sentences import sentences
from governance.selectors.requirements import document_of
from governance.selectors.visible import (
    policy_by_id,
    report_by_id,
    reports_visible,
    warrant_by_id,
    warrants_visible,
)
from governance.selectors.warrants import status_at
from governance.services.reports import report_files
from ledger import clock
from ledger import machines as ledger_machines
from ledger import selectors as log
from ledger.errors import NotThere
from ledger.models import Entry
from modelwarrant.machine import Machine
from monitoring import machines as monitoring_machines
from monitoring.charts import diagrams
from people import access
from people import machines as people_machines
from people.catalogue import P
from people.pages import actor_of, named, paged, reading
from people.services.reading import shown
from registry import machines as registry_machines

PARTS = (
    ("sidecar", "signature", ".dsse.json", "application/json"),
    ("data", "data", ".json", "application/json"),
    ("pdf", "PDF", ".pdf", "application/pdf"),
)
"""Part in the address, its name on the page, how its file name ends, media type."""
MACHINE_MODULES = (
    registry_machines,
    governance_machines,
    monitoring_machines,
    people_machines,
    ledger_machines,
)


@reading
def warrants(request: HttpRequest) -> HttpResponse:
    """Warrants I may see, the newest first."""
    page = paged(request, warrants_visible(actor_of(request)).order_by("-granted_at"))
    now = clock.now()
    rows = [(item, status_at(item, now)) for item in page]
    return render(request, "governance/warrants.html", {"page": page, "rows": rows})


@reading
def warrant(request: HttpRequest, warrant_id: UUID) -> HttpResponse:
    """One warrant: its terms, how it stands, and how anybody checks it."""
    row = shown(actor=actor_of(request), permission=P.WARRANT_VIEW, row=warrant_by_id(warrant_id))
    key = log.key_by_id("warrant", row.keyid) if row.keyid else None
    context = {
        "warrant": row,
        "status": status_at(row, clock.now()),
        "key": key.public if key else "",
        "vkeys": _vkeys(granted.origin) if (granted := log.first_entry("warrant", row.pk)) else [],
        "history": log.history("warrant", row.pk),
    }
    return render(request, "governance/warrant.html", context)


@reading
def warrant_document(request: HttpRequest, warrant_id: UUID) -> HttpResponse:
    """warrant.json, byte for byte."""
    row = shown(actor=actor_of(request), permission=P.WARRANT_VIEW, row=warrant_by_id(warrant_id))
    if not row.document:
        raise NotThere
    answer = HttpResponse(row.document.encode("utf-8"), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="warrant-{row.pk}.json"'
    return answer


@reading
def policies(request: HttpRequest) -> HttpResponse:
    """Every policy: the organisation's law is open to everybody who may sign in."""
    rows = Policy.objects.order_by("tier", "-number")
    return render(request, "governance/policies.html", {"page": paged(request, rows)})


@reading
def policy(request: HttpRequest, policy_id: UUID) -> HttpResponse:
    """One policy as sentences, and its exact text."""
    row = policy_by_id(policy_id)
    reached = access.reach(actor_of(request))
    moves = [move for move in POLICY.legal(row.state) if move.name != "supersede"]
    context = {
        "policy": row,
        "sections": sentences(document_of(row)),
        "moves": [move for move in moves if reached.allows(P(move.permission), row)],
        "names": named([row.drafted_by]),
    }
    return render(request, "governance/policy.html", context)


@reading
def reports(request: HttpRequest) -> HttpResponse:
    """Reports I may read, the newest first."""
    page = paged(request, reports_visible(actor_of(request)).order_by("-requested_at"))
    return render(request, "governance/reports.html", {"page": page, "parts": PARTS})


@reading
def report_file(request: HttpRequest, report_id: UUID, part: str) -> HttpResponse:
    """One file of a finished report: the PDF, its data or its signature, byte for byte."""
    row = shown(actor=actor_of(request), permission=P.REPORT_VIEW, row=report_by_id(report_id))
    ending, media_type = next(((end, kind) for name, _, end, kind in PARTS if name == part), ("", ""))
    for name, data in report_files(row).items() if ending else ():
        if name.endswith(ending) and (part == "sidecar" or ".dsse." not in name):
            answer = HttpResponse(data, content_type=media_type)
            answer["Content-Disposition"] = f'attachment; filename="{name}"'
            return answer
    raise NotThere


@reading
def machines(request: HttpRequest) -> HttpResponse:
    """Every state machine, drawn from the table that the services obey."""
    found = [
        value for module in MACHINE_MODULES for value in vars(module).values() if isinstance(value, Machine)
    ]
    drawn = [(machine, diagrams.machine(machine, "")) for machine in dict.fromkeys(found)]
    return render(request, "governance/machines.html", {"machines": drawn})


@reading
def ledger(request: HttpRequest) -> HttpResponse:
    """The log: how large, under which root, when last audited, and what happened last."""
    _require_log(request)
    before = request.GET.get("before", "")
    entries = log.recent(limit=50, before=int(before) if before.isdigit() and len(before) < 18 else None)
    newest = log.latest_checkpoint()
    present = log.current_log()
    context = {
        "log": present,
        "vkeys": _vkeys(present.origin) if present else [],
        "checkpoint": newest,
        "pending": log.pending_count(),
        "pending_age": log.pending_age(),
        "unpublished": log.unpublished(),
        "audit": log.last_audit(),
        "full_audit": log.last_audit(full=True),
        "cosignatures": log.cosignatures(newest) if newest else [],
        "outside": log.outside(),
        "entries": entries,
        "older": entries[-1].index if entries and entries[-1].index else None,
        "keys": log.key_windows(),
        "earlier": log.earlier_logs(),
        "names": named(item.row.actor_id for item in entries),
    }
    return render(request, "governance/ledger.html", context)


@reading
def entry(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """One entry: its bytes, its place, its proof."""
    _require_log(request)
    row = Entry.objects.filter(pk=entry_id).first()
    if row is None:
        raise NotThere
    proof = log.proof_for(row.pk)
    context = {
        "entry": row,
        "place": log.place_of(row.pk),
        "receipt": log.receipt_for(row.pk),
        "text": json.dumps(json.loads(bytes(row.bytes)), indent=2, ensure_ascii=False),
        "proof": proof.decode("utf-8") if proof else "",
        "vkeys": _vkeys(row.origin),
    }
    return render(request, "governance/entry.html", context)


def _require_log(request: HttpRequest) -> None:
    # An entry may belong to any system, so the log is for those who may read it for the whole organisation.
    shown(actor=actor_of(request), permission=P.LEDGER_VIEW, row=access.Scope())


def _vkeys(origin: str) -> list[str]:
    """The verifier keys of the log that an entry is in, which may have ended since: a proof is by any of them."""
    return [verifier.vkey for verifier in log.verifiers(origin)]
