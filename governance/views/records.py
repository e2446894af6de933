"""Reports and the log as pages."""

from __future__ import annotations

import json
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance.models import Report
from governance.selectors.visible import report_by_id
from governance.services.reports import report_files
from ledger import selectors as log
from ledger.errors import NotThere
from ledger.models import Entry
from people import access
from people.catalogue import P
from people.pages import actor_of, named, reading
from people.services.reading import shown
from people.signals import evidence_opened

PARTS = (
    ("sidecar", "signature", ".dsse.json", "application/json"),
    ("data", "data", ".json", "application/json"),
    ("pdf", "PDF", ".pdf", "application/pdf"),
)
"""Part in the address, its name on the page, how its file name ends, media type."""


@reading
def report_file(request: HttpRequest, report_id: UUID, part: str) -> HttpResponse:
    """One file of a finished report: the PDF, its data or its signature, byte for byte."""
    actor = actor_of(request)
    row = shown(actor=actor, permission=P.REPORT_VIEW, row=report_by_id(report_id))
    ending, media_type = next(((end, kind) for name, _, end, kind in PARTS if name == part), ("", ""))
    for name, data in report_files(row).items() if ending else ():
        if name.endswith(ending) and (part == "sidecar" or ".dsse." not in name):
            answer = HttpResponse(data, content_type=media_type)
            answer["Content-Disposition"] = f'attachment; filename="{name}"'
            evidence_opened.send(sender=Report, actor=actor, version=row.version, what="report", about=row.pk)
            return answer
    raise NotThere


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
