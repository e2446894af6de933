"""Work on the log, woken by name after commits and by the schedule. Each task finds its own due rows."""

from __future__ import annotations

import logging

from celery import shared_task
from django.conf import settings

from ledger import clock, selectors
from ledger.actors import Actor
from ledger.errors import SignerRefuses, Unavailable
from ledger.services import (
    anchoring,
    audit,
    checkpoints,
    denials,
    idempotency,
    outbox,
    sequencer,
    wakes,
    witnesses,
)
from ledger.services.transactions import in_transaction

_log = logging.getLogger(__name__)


@shared_task(name="ledger.sequence")
def sequence() -> None:
    """Count denials, integrate what is pending, publish a checkpoint where the keys are."""
    actor = Actor.system("sequencer")
    in_transaction(lambda: denials.settle(actor=actor))
    sequencer.integrate_all(actor=actor)
    if not settings.LEDGER_HOLDS_KEYS:
        return
    before = selectors.latest_checkpoint()
    if selectors.unpublished() == 0:
        return
    try:
        after = checkpoints.publish(actor=actor)
    except SignerRefuses as error:
        _log.critical("the log is not signed any more: %s", error)
        return
    except Unavailable as error:
        # Before bootstrap there is no log key; /readyz shows how many entries wait for one.
        _log.warning("nothing published: %s", error)
        return
    if after is not None and (before is None or after.pk != before.pk):
        wakes.wake("governance.issue")
        wakes.wake("ledger.outside")


@shared_task(name="ledger.outside")
def outside() -> None:
    """Have the newest checkpoint cosigned by witnesses and kept by anchors. Nothing waits for it."""
    actor = Actor.system("outside")
    witnesses.ask_all(actor=actor)
    anchoring.anchor_all(actor=actor)


@shared_task(name="ledger.outbox")
def deliver() -> None:
    """Deliver due messages, and forget answers to requests of yesterday."""
    actor = Actor.system("outbox")
    outbox.deliver_due(actor=actor)
    idempotency.forget_old(actor=actor)


@shared_task(name="ledger.self_audit")
def self_audit() -> None:
    """Verify the whole log and the governed state, and keep the verdict."""
    ahead = clock.skew()
    if abs(ahead) > clock.ALARMING_SKEW:
        seconds = abs(ahead).total_seconds()
        _log.warning(
            "this worker's clock and the database's are %.0f s apart; the database's decides", seconds
        )
    run = audit.ledger_audit(actor=Actor.system("self-audit"))
    if run.verdict != "ok":
        _log.critical("the self-audit found %d faults, first: %s", run.found, run.faults[0].text())
