"""The log for everybody: checkpoint and tiles (c2sp.org/tlog-tiles) without signing in.

Entries hold pseudonyms and commitments only, so they may be read by whoever can reach the service; an
operator who wants less puts `/log/` behind the proxy's rules.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from ledger import selectors, tree
from ledger.errors import IntegrityFault, ServiceError
from ledger.models import Checkpoint, Log
from modelwarrant import tiles

IMMUTABLE = "public, max-age=31536000, immutable"
BRIEFLY = "public, max-age=5"


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest signed checkpoint; 404 before the first."""
    newest = selectors.latest_checkpoint()
    if newest is None:
        raise Http404
    return _answer(bytes(newest.note), "text/plain; charset=utf-8", BRIEFLY)


@require_safe
def tile(request: HttpRequest, path: str) -> HttpResponse:
    """A hash tile or entry bundle of the published tree, full or partial; 404 for all others."""
    place = tiles.parse_path(f"tile/{path}")
    newest = selectors.latest_checkpoint()
    if place is None or newest is None or not _published(place, newest):
        raise Http404
    log = Log.objects.get(number=newest.log)
    try:
        data = _bundle(log, place) if place.level is None else _hashes(log, place)
    except IntegrityFault as fault:
        return _problem(fault)
    return _answer(data, "application/octet-stream", IMMUTABLE)


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
