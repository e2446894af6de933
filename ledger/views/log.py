"""The log for everybody: checkpoint and tiles (c2sp.org/tlog-tiles) without signing in.

Entries hold pseudonyms and commitments only, so they may be read by whoever can reach the service; an
operator who wants less puts `/log/` behind the proxy's rules.
"""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ledger import selectors, tree
from ledger.errors import IntegrityFault, ServiceError
from ledger.models import Checkpoint, Entry, Log
from modelwarrant import tiles

IMMUTABLE = "public, max-age=31536000, immutable"
BRIEFLY = "public, max-age=5"


@require_safe
def checkpoint(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """The newest signed checkpoint of the present log, or of the one with this number; 404 before the first."""
    newest = selectors.latest_checkpoint(number)
    if newest is None:
        raise Http404
    return _answer(selectors.cosigned_note(newest), "text/plain; charset=utf-8", BRIEFLY)


@require_safe
def tile(request: HttpRequest, path: str, number: int | None = None) -> HttpResponse:
    """A hash tile or entry bundle of the published tree, full or partial; 404 for all others."""
    place = tiles.parse_path(f"tile/{path}")
    newest = selectors.latest_checkpoint(number)
    if place is None or newest is None or not _published(place, newest):
        raise Http404
    log = Log.objects.get(number=newest.log)
    try:
        data = _bundle(log, place) if place.level is None else _hashes(log, place)
    except IntegrityFault as fault:
        return _problem(fault)
    return _answer(data, "application/octet-stream", IMMUTABLE)


@require_safe
def entry(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """The bytes of one entry: what its leaf hash, its receipt and its proof are about."""
    row = Entry.objects.filter(pk=entry_id).first()
    if row is None:
        raise Http404
    answer = _answer(bytes(row.bytes), "application/octet-stream", IMMUTABLE)
    answer["Content-Disposition"] = f'attachment; filename="{entry_id}.entry"'
    return answer


@require_safe
def proof(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """The proof of one entry (c2sp.org/tlog-proof); 404 until a checkpoint covers it, and says so."""
    if not Entry.objects.filter(pk=entry_id).exists():
        raise Http404
    found = selectors.proof_for(entry_id)
    if found is None:
        said = "Recorded, not integrated yet: the proof comes with the next checkpoint.\n"
        return HttpResponse(said, status=404, content_type="text/plain; charset=utf-8")
    answer = _answer(found, "text/plain; charset=utf-8", BRIEFLY)
    answer["Content-Disposition"] = f'attachment; filename="{entry_id}.tlog-proof"'
    return answer


@require_safe
def verify(request: HttpRequest) -> HttpResponse:
    """How to check this log without trusting this service, and a first look in the browser."""
    present = selectors.current_log()
    wanted = request.GET.get("entry", "")
    try:
        entry_id: UUID | None = UUID(wanted)
    except ValueError:
        entry_id = None
    row = Entry.objects.filter(pk=entry_id).first() if entry_id else None
    origin = row.origin if row else present.origin if present else ""
    context = {
        "log": present,
        "entry": row,
        "wanted": wanted[:100],
        "vkeys": [verifier.vkey for verifier in selectors.verifiers(origin)] if origin else [],
        "base": request.build_absolute_uri("/log/"),
    }
    return render(request, "ledger/verify.html", context)


def _published(place: tiles.Tile, newest: Checkpoint) -> bool:
    return place.width <= tiles.tile_width(place.level, place.index, newest.size)


def _hashes(log: Log, place: tiles.Tile) -> bytes:
    return b"".join(tree.hashes(log, place.level or 0, place.index, place.width))


def _bundle(log: Log, place: tiles.Tile) -> bytes:
    start = place.index * tiles.WIDTH
    found = [data for _, _, data in tree.entries(log, start, start + place.width)]
    if len(found) != place.width:
        raise IntegrityFault(f"Entries of {place.path} are missing.")
    return tiles.encode_bundle(found)


def _answer(data: bytes, kind: str, caching: str) -> HttpResponse:
    answer = HttpResponse(data, content_type=kind)
    answer["Cache-Control"] = caching
    answer["Access-Control-Allow-Origin"] = "*"  # auditors verify in their own pages
    return answer


def _problem(error: ServiceError) -> HttpResponse:
    return HttpResponse(error.message, status=error.status, content_type="text/plain; charset=utf-8")
