"""Keeping what a version consisted of when it goes back to its makers."""

from __future__ import annotations

from governance import events
from governance.models import RoundContent
from governance.selectors.contents import content_of
from ledger import clock
from ledger.actors import Actor
from ledger.services import records
from registry.models import Version


def round_keep(*, actor: Actor, version: Version) -> None:
    """Keep the present content as that of the present round. In the transaction of the move that sends it back, whose
    service has locked the version and asked for permission."""
    if RoundContent.objects.filter(version=version, decision_round=version.decision_round).exists():
        return
    now = clock.now()
    records.write(
        actor=actor,
        event=events.ROUND_KEPT,
        row=RoundContent(),
        set={
            "version": version,
            "decision_round": version.decision_round,
            "taken_at": now,
            "content": content_of(version, at=now),
        },
    )
