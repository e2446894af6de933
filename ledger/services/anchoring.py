"""Puts signed checkpoints where others keep them (`ledger.anchors`), and looks whether they are still there.

Nothing waits for an anchor: what is missing or differs shows on the ledger's page and in the self-audit.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from ledger import anchors, clock, selectors
from ledger.actors import Actor
from ledger.models import Anchored, Checkpoint, Log
from ledger.services.outside import Contradicts, said
from ledger.services.sequencer import require_system
from ledger.services.transactions import in_transaction


def configured() -> list[anchors.Anchor]:
    """The anchors of the settings. Raises ValueError (start-up refuses it too)."""
    return [anchors.make(line) for line in settings.LEDGER_ANCHORS]


def anchors_problem() -> str:
    """Why the configured anchors can't be used; empty where they can."""
    try:
        configured()
    except ValueError as error:
        return f"LEDGER_ANCHORS: {error}"
    return ""


def anchor_all(*, actor: Actor) -> int:
    """Put the newest checkpoint wherever it isn't yet; returns into how many places it went now."""
    require_system(actor)
    newest = selectors.latest_checkpoint()
    if newest is None:
        return 0
    done = 0
    for anchor in configured():
        if Anchored.objects.filter(
            log=newest.log, size=newest.size, kind=anchor.kind, anchor=anchor.name
        ).exists():
            continue
        try:
            _keep(anchor, newest)
            said(anchor.name, anchor.kind, size=newest.size)
            done += 1
        except anchors.AnchorFails as error:
            said(anchor.name, anchor.kind, error=error)
        except anchors.AnchorDiffers as error:
            said(anchor.name, anchor.kind, error=Contradicts(str(error)))
    return done


def _keep(anchor: anchors.Anchor, newest: Checkpoint) -> None:
    evidence = anchor.keep(_statement(newest))
    row = Anchored(
        log=newest.log,
        size=newest.size,
        kind=anchor.kind,
        anchor=anchor.name,
        evidence=evidence,
        at=clock.now(),
    )
    in_transaction(lambda: Anchored.objects.bulk_create([row], ignore_conflicts=True))


def _statement(checkpoint: Checkpoint) -> anchors.Statement:
    log = Log.objects.get(number=checkpoint.log)
    vkeys = tuple(verifier.vkey for verifier in selectors.verifiers() if verifier.name == log.origin)
    return anchors.Statement(log.origin, checkpoint.size, bytes(checkpoint.note), vkeys)


def check_rows(log: Log) -> Iterator[tuple[Anchored, str]]:
    """Anchored checkpoints of one log that aren't what was put there, with what is wrong: for the self-audit.

    A place that isn't configured any more is not looked at.
    """
    by_name = {(anchor.kind, anchor.name): anchor for anchor in configured()}
    for row in Anchored.objects.filter(log=log.number).order_by("id").iterator():
        rows = list(Checkpoint.objects.filter(log=log.number, size=row.size))
        anchor = by_name.get((row.kind, row.anchor))
        if not rows:
            yield row, f"a checkpoint of {row.size} entries was anchored and isn't there"
        elif row.kind not in anchors.KINDS:
            yield row, f"there is no anchor of kind {row.kind}"
        elif anchor is not None:
            problems = [anchor.problem(_statement(one), bytes(row.evidence)) for one in rows]
            if all(problems):
                yield row, problems[0]
