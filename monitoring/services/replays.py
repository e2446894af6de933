"""Measuring a recorded run again: the same inputs, bounds, parameters and seed must give the same digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.errors import Conflict
from ledger.services import replay
from monitoring.models import Run
from monitoring.services.execution import measure


@dataclass(frozen=True, slots=True)
class Replayed:
    """`recorded` and `found` are digests of outcomes; `differences` one line for each place where they part."""

    recorded: str
    found: str
    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        return self.recorded == self.found


def check_replay(run: Run, *, threads: int | None = None) -> Replayed:
    """Measure a run again and compare. Nothing is written.

    Raises Conflict for a run that measured nothing, or whose row isn't what the log says: what is compared must be what
    was recorded. Raises BadInput and IntegrityFault as the check does.
    """
    if run.state != "done":
        raise Conflict("This run has no outcome to compare with.", code="no-outcome")
    if faults := replay.row_faults(run):
        raise Conflict(f"The record of this run was altered: {faults[0]}", code="record-altered")
    outcome = measure(run, threads=threads)
    different = (
        ()
        if outcome.digest == run.outcome_digest
        else tuple(_parting(run.outcome, outcome.as_dict(), "outcome"))
    )
    return Replayed(run.outcome_digest, outcome.digest, different)


def _parting(then: Any, now: Any, where: str) -> list[str]:
    if type(then) is type(now) and isinstance(then, Mapping):
        return [
            line
            for name in sorted({*then, *now})
            for line in _parting(then.get(name), now.get(name), f"{where}.{name}")
        ]
    if type(then) is type(now) and isinstance(then, list) and len(then) == len(now):
        pairs = enumerate(zip(then, now, strict=True))
        return [line for place, pair in pairs for line in _parting(*pair, f"{where}[{place}]")]
    return [] if then == now else [f"{where}: {then!r:.80} then, {now!r:.80} now"]
