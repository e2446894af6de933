"""Legal holds, and the end of bodies whose term is over.

Order of a deletion, and what a crash leaves at each place: rows are marked and the entry is written in one transaction;
then the files go. A crash in between leaves marked rows with files, and the next sweep removes those.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Invalid, NotThere, Refused
from ledger.models import Entry
from ledger.services import records, replay
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from people.services.moves import move_row
from registry import events, storage
from registry.machines import HOLD
from registry.models import Blob, LegalHold
from registry.selectors import retention
from registry.selectors.systems import system_locked

AT_ONCE = 500


@governed
def hold_place(*, actor: Actor, system_id: UUID | str, reason: str) -> LegalHold:
    """Keep every body of a system, whatever its term. Raises Invalid (reason), NotAllowed, NotThere."""
    system = system_locked(system_id)
    access.require(actor, P.HOLD_PLACE, system)
    reason = reason.strip()
    if not reason or len(reason) > 2000:
        raise Invalid("Say why, in 1 to 2,000 characters.", field="reason")
    hold = LegalHold(system=system)
    said = {"state": HOLD.initial.name, "reason": reason, "placed_by": actor.id, "placed_at": clock.now()}
    records.write(actor=actor, event=events.HOLD_PLACED, row=hold, set=said)
    return hold


@governed
def hold_lift(*, actor: Actor, hold_id: UUID | str) -> LegalHold:
    """End a hold that somebody else placed. Raises NotAllowed ("placer"), Conflict, NotThere."""
    hold = LegalHold.objects.select_for_update().filter(pk=hold_id).first()
    access.require(actor, P.HOLD_LIFT, hold)
    if hold is None:
        raise NotThere
    move_row(
        actor=actor,
        row=hold,
        machine=HOLD,
        move="lift",
        event=events.HOLD_MOVED,
        barred={"placer": frozenset({hold.placed_by})},
        set={"lifted_by": actor.id, "lifted_at": clock.now()},
    )
    return hold


@governed
def bodies_delete(*, actor: Actor, system_id: UUID | str) -> int:
    """Delete the bodies of a retired system whose term is over; returns how many. Entries, digests and signatures stay.

    Raises Refused with everything that keeps them, NotAllowed, NotThere.
    """
    system = system_locked(system_id)
    access.require(actor, P.BODIES_DELETE, system)
    found = retention.term(system)
    kept = [*found.kept_by, *replay.row_faults(system)]
    # A hold that was lifted or removed in the database alone is still one: the log names those that were placed.
    placed = Entry.objects.filter(event=events.HOLD_PLACED.name, system_id=str(system.pk))
    holds = [UUID(subject) for subject in placed.values_list("subject_id", flat=True)]
    kept += [finding.message for finding in replay.compare(LegalHold, holds)]
    if kept:
        reasons = [{"code": "kept", "text": text} for text in kept]
        raise Refused("These bodies are kept.", code="kept", reasons=reasons)
    now = clock.now()
    gone = retention.bodies(system).filter(deleted_at=None).select_for_update()
    digests = list(gone.values_list("pk", flat=True))
    parts = [digests[start : start + AT_ONCE] for start in range(0, len(digests), AT_ONCE)]
    for number, part in enumerate(parts, 1):
        Blob.objects.filter(pk__in=part).update(deleted_at=now)
        records.note(
            actor=actor,
            event=events.BODIES_DELETED,
            subject=Subject.of(system),
            data={
                "rule": found.rule.name,
                "since": clock.text(found.since) if found.since else "",
                "digests": part,
                "part": number,
                "parts": len(parts),
            },
        )
    transaction.on_commit(lambda: remove_files(digests), robust=True)
    return len(digests)


def remove_files(digests: Sequence[str]) -> int:
    """Remove the files of bodies that are marked as deleted; returns how many were there."""
    done = 0
    for digest in digests:
        with transaction.atomic():
            # Locked and asked again: somebody may have brought the same bytes anew since.
            blob = Blob.objects.select_for_update().filter(pk=digest).exclude(deleted_at=None).first()
            done += blob is not None and storage.remove(digest)
    return done


def bodies_sweep() -> int:
    """Remove what a crash left behind after a deletion was recorded; returns how many."""
    marked = Blob.objects.exclude(deleted_at=None).values_list("pk", flat=True)
    return remove_files([digest for digest in marked.iterator() if storage.stat_token(digest) is not None])
