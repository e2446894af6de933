"""Who holds our checkpoints outside, and how each answered: shared by `witnesses` and `anchoring`."""

from __future__ import annotations

import logging

from ledger import clock
from ledger.models import OutsideContact
from ledger.services.transactions import in_transaction

_log = logging.getLogger(__name__)


class Contradicts(Exception):
    """Somebody outside has seen another log under our key than this one."""


def said(place: str, kind: str, *, size: int = 0, error: Exception | None = None) -> None:
    """Keep how `place` answered: well, for the checkpoint of `size`, or with `error`."""
    now = clock.now()
    contradicts = isinstance(error, Contradicts)
    known = OutsideContact.objects.filter(pk=place).first()
    ok = error is None
    since = known.since if known and known.ok is ok and known.contradicts is contradicts else now
    row = OutsideContact(
        place=place, kind=kind, ok=ok, contradicts=contradicts, since=since, at=now,
        size=size or (known.size if known else 0), detail=str(error or "")[:1000],
    )  # fmt: skip
    in_transaction(row.save)
    if contradicts:
        _log.critical("%s %s contradicts this log: %s", kind, place, error)
    elif not ok and since == now:
        _log.warning("%s %s does not answer: %s", kind, place, error)
