"""Monitoring's workers: execute due runs, and pick up what a killed worker left behind."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial

from celery import shared_task

from ledger.actors import Actor
from monitoring.services.baselines import learn_due
from monitoring.services.desks import desks_sweep
from monitoring.services.execution import WORKER, execute_next, follow, unfollowed
from monitoring.services.feeds import feed_judge, plans_overdue
from monitoring.services.helping import help_next
from monitoring.services.labels import labels_sweep
from monitoring.services.parts import PART_TASK, parts_sweep
from monitoring.services.runs import LEARN_TASK, runs_interrupted

_log = logging.getLogger(__name__)

# One thread of a process counts for others, and none while another executes a run: what is left is for the log and
# whatever else is due.
_helping = threading.Lock()
_executing: set[int] = set()


@shared_task(name="monitoring.run")
def run() -> None:
    """Execute due runs until none is free."""
    actor = Actor.system(WORKER)
    _executing.add(threading.get_ident())
    try:
        while execute_next(actor=actor):
            pass
    finally:
        _executing.discard(threading.get_ident())


@shared_task(name=PART_TASK)
def part() -> None:
    """Help other workers with their runs until there is nothing to count, or a run waits that nobody has."""
    if not _helping.acquire(blocking=False):
        return
    try:
        while not _executing and help_next(actor=Actor.system(WORKER), wanted=lambda: bool(_executing)):
            pass
    finally:
        _helping.release()
    run()


@shared_task(name=LEARN_TASK)
def learn() -> None:
    """Learn the baselines that are due."""
    learn_due(actor=Actor.system(WORKER))


@shared_task(name="monitoring.sweep")
def sweep() -> None:
    """By the clock: end runs whose last lease ran out, finish what follows from ended runs, note what did not come, learn and
    execute what is due, help where help is wanted."""
    actor = Actor.system(WORKER)
    runs_interrupted(actor=actor)
    desks_sweep()
    parts_sweep(actor=actor)
    for ended in unfollowed():
        _apart("follow", partial(follow, ended, actor=actor))
    for plan_id in plans_overdue():
        _apart("feeds", partial(feed_judge, actor=actor, plan_id=plan_id))
    _apart("labels", partial(labels_sweep, actor=actor))
    _apart("baselines", partial(learn_due, actor=actor))
    run()
    part()


def _apart(what: str, work: Callable[[], object]) -> None:
    """Do it; a fault is logged and holds back nothing else. The next beat finds the same rows again."""
    try:
        work()
    except Exception:
        _log.exception("monitoring.sweep: %s", what)
