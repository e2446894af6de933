"""A worker that has nothing else to do counts parts of a run that another worker holds.

It reads what the run says it reads, from a verified copy of its own, and leaves counts on the desk; it never ends a run.
What it can't read it leaves to the run's worker, who finds the same and has a name for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

from django.utils.module_loading import import_string

from ledger.actors import Actor
from ledger.errors import IntegrityFault
from ledger.services.wakes import wake
from monitoring.models import Run
from monitoring.services.desks import Folder
from monitoring.services.execution import source_named
from monitoring.services.parts import (
    PART_TASK,
    Share,
    part_claim,
    part_finish,
    parts_open,
    share_stands,
)
from monitoring.services.runs import runs_wait
from monitoring.sources import DatasetSource, counting_key, open_parts
from monitoring.statistics.inputs import BadInput
from registry.selectors.artifacts import local_copy

_CUT = "monitoring.statistics.profiling.CUT"
_PART_ON = "monitoring.statistics.profiling.part_on"
_log = logging.getLogger(__name__)


def help_next(*, actor: Actor, wanted: Callable[[], bool] = lambda: False) -> bool:
    """Count parts of one run that wants help until none is free; False if there was nothing to count.

    Gives way to runs that wait for a worker, as one large file must not keep them all; and after the part in which
    `wanted` says that the caller is wanted elsewhere.
    """
    return not runs_wait() and any(_help(actor, share, wanted) for share in parts_open(actor=actor))


def _help(actor: Actor, share: Share, wanted: Callable[[], bool]) -> bool:
    run = Run.objects.select_related("batch", "current", "reference").get(pk=share.run_id)
    source = source_named(run, share.side)
    if source is None:
        return False
    # The key follows from the run, so that a row can't have these data counted as others'.
    desk = Folder(counting_key(source, share.like))
    if desk.kept(import_string(_CUT)) is None:
        return False  # the run's worker has a disk of its own: it wouldn't find what is counted here
    try:
        with local_copy(source.digest) as path:
            return _count(actor, share, desk, replace(source, path=path), wanted)
    except (IntegrityFault, BadInput, OSError) as error:
        _log.warning("run %s: no help with the %s data: %s", share.run_id, share.side, error)
        return False


def _count(
    actor: Actor, share: Share, desk: Folder, source: DatasetSource, wanted: Callable[[], bool]
) -> bool:
    file, cut, part_on = open_parts(source), desk.kept(import_string(_CUT)), import_string(_PART_ON)
    holder, counted = uuid4(), 0
    while share_stands(share) and not (counted and (wanted() or runs_wait())):
        number = part_claim(actor=actor, share=share, holder=holder)
        if number is None:
            break
        if not counted:
            wake(PART_TASK)  # there may be more: the next one asks the next one, until none is left
        try:
            part_on(desk, file, number, cut)
        except Exception as error:
            _log.warning("run %s: part %s was not counted: %s", share.run_id, number, error)
        part_finish(actor=actor, share=share, number=number, holder=holder)
        counted += 1
    return counted > 0
