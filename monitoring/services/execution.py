"""Execute one claimed run: read verified bytes, call the check, store the outcome once.

No transaction is open while a check computes. Whatever goes wrong with the input has a name and becomes an error
verdict; a fault of ours becomes one too, because trying it again would give the same. Only a worker that dies
leaves its lease to run out, so that another one tries.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from django.db import DatabaseError
from django.db.models import Q

from ledger.actors import Actor
from ledger.errors import IntegrityFault, ServiceError
from monitoring.catalogue import CATALOGUE
from monitoring.models import Monitor, Run
from monitoring.services.baselines import baseline_begin
from monitoring.services.batches import batch_settle
from monitoring.services.breaches import SEVERITY, breach_judge
from monitoring.services.contracts import contract_judge, unjudged
from monitoring.services.desks import LeaseLost, RunDesk
from monitoring.services.paging import paging_decide
from monitoring.services.parts import parts_withdraw
from monitoring.services.runs import (
    MONITORED,
    kinds_of,
    monitored_of,
    run_claim,
    run_fail,
    run_finish,
    run_progress,
)
from monitoring.services.shelves import SystemShelf, profile_store
from monitoring.sources import DatasetSource, Earlier, Labels, Past, run_check
from monitoring.statistics.inputs import BadInput, Columns
from monitoring.statistics.results import CheckOutcome
from monitoring.statistics.verdicts import Threshold
from registry import storage
from registry.selectors.artifacts import local_copy

WORKER = "checks-worker"
MAX_BASELINE_BYTES = 64 * 1024 * 1024
_log = logging.getLogger(__name__)


def execute_next(*, actor: Actor) -> bool:
    """Claim and execute one due run; False if nothing was due."""
    run = run_claim(actor=actor)
    if run is None:
        return False
    execute(run, actor=actor)
    return True


def execute(run: Run, *, actor: Actor) -> None:
    """Execute a claimed run to its end: done, or error with a named reason."""
    token = run.lease_token
    if token is None:
        raise ValueError("only a claimed run can be executed")
    try:
        run_progress(actor=actor, run_id=run.pk, token=token, words="measuring")
        shelf = SystemShelf(run.version.model.system_id)
        try:
            outcome = measure(
                run,
                desks=lambda side, key, like: RunDesk(
                    actor=actor, run_id=run.pk, token=token, side=side, key=key, like=like
                ),
                shelf=shelf,
            )
        finally:
            parts_withdraw(actor=actor, token=token)
        if "history" in monitored_of(run):
            for key, (data, profile) in shelf.fresh.items():
                profile_store(
                    actor=actor,
                    system_id=run.version.model.system_id,
                    key=key,
                    data=data,
                    text=profile.json(),
                )
    except LeaseLost:
        _log.warning("run %s: the lease was lost while it was counted", run.pk)
        return
    except BadInput as error:
        ended = run_fail(actor=actor, run_id=run.pk, token=token, code=error.code, text=_located(error))
    except IntegrityFault as error:
        ended = run_fail(actor=actor, run_id=run.pk, token=token, code="integrity", text=str(error))
    except (ServiceError, DatabaseError):
        raise  # the database, not the check: the lease runs out and the run is tried again
    except Exception as error:
        _log.exception("run %s: %s failed", run.pk, run.check_name)
        text = f"A fault of the check itself ({type(error).__name__}); the worker's log has the details."
        ended = run_fail(actor=actor, run_id=run.pk, token=token, code="fault", text=text)
    else:
        ended = run_finish(
            actor=actor, run_id=run.pk, token=token, outcome=outcome.as_dict(), digest=outcome.digest
        )
    if ended is None:
        _log.warning("run %s: the lease was lost; another worker's outcome stands", run.pk)
        return
    follow(ended, actor=actor)


def measure(
    run: Run,
    *,
    threads: int | None = None,
    desks: Callable[[str, str, str], RunDesk] | None = None,
    shelf: SystemShelf | None = None,
) -> CheckOutcome:
    """What the check says of the run's inputs, by the parameters, bounds and seed that were recorded with it.

    Raises BadInput and IntegrityFault. Nothing is written, so that anybody may do it again and compare digests.
    """
    parameters = {name: value for name, value in run.parameters.items() if name != MONITORED}
    with _sources(run) as (current, reference), _labels(run) as labels:
        return run_check(
            run.check_name,
            current=current,
            reference=reference,
            columns=_columns(run.columns),
            thresholds=tuple(_threshold(said) for said in run.thresholds),
            parameters=parameters,
            seed=run.seed,
            threads=threads,
            desks=desks,
            past=past_of(run),
            shelf=shelf,
            labels=labels,
        )


def follow(run: Run, *, actor: Actor) -> None:
    """What an ended run leads to. Safe to repeat: each step looks at what is already there."""
    if run.batch_id is None:
        contract_judge(actor=actor, run_id=run.pk)
        return
    breach_judge(actor=actor, run_id=run.pk)
    batch_settle(actor=actor, batch_id=run.batch_id)
    paging_decide(actor=actor, batch_id=run.batch_id)
    monitor = Monitor.objects.filter(deployment__batches=run.batch_id).first()
    if monitor is not None:
        baseline_begin(actor=actor, monitor_id=monitor.pk)


def unfollowed() -> list[Run]:
    """Ended runs from which not everything has followed: a worker died in between."""
    ended = Run.objects.filter(batch__deployment__monitor__isnull=False).exclude(state="due")
    open_ones = ended.filter(
        Q(batch__state="received")
        | Q(verdict__in=SEVERITY, breach__isnull=True)
        | Q(breach__isnull=False, breach__paging__isnull=True)
    )
    return [*open_ones.order_by("finished_at")[:100], *unjudged()[:100]]


@contextmanager
def _sources(run: Run) -> Iterator[tuple[DatasetSource, DatasetSource | None]]:
    with ExitStack() as stack:
        current, reference = source_named(run, "current"), source_named(run, "reference")
        if current is None:
            raise BadInput("no-data", "The run names no data.")
        same = run.reference is not None and run.reference.digest == current.digest
        if same and "reference" in CATALOGUE[run.check_name].needs:
            text = (
                "The data are the reference itself, byte for byte; nothing can be learnt from comparing them."
            )
            raise BadInput("same-data", text)
        yield (
            replace(current, path=stack.enter_context(local_copy(current.digest))),
            replace(reference, path=stack.enter_context(local_copy(reference.digest))) if reference else None,
        )


def source_named(run: Run, side: str) -> DatasetSource | None:
    """What a run reads as its "current" or "reference" data, without the bytes; None if it reads nothing there."""
    described = run.current or run.reference
    if described is None:
        return None
    digest = run.batch.blob_id if run.batch else described.digest
    if side == "current":
        return replace(DatasetSource.named(digest, kinds_of(described, late=_late(run))), name=str(described))
    if run.reference is None or run.reference.digest == digest:
        return None
    return replace(
        DatasetSource.named(run.reference.digest, kinds_of(run.reference)), name=str(run.reference)
    )


def _late(run: Run) -> bool:
    return bool(monitored_of(run).get("late"))


def past_of(run: Run) -> Past | None:
    """The history that was recorded with a run; None for a run without one."""
    said = monitored_of(run).get("history")
    if said is None or run.reference is None:
        return None
    types = kinds_of(run.reference, late=_late(run))
    days = tuple(
        Earlier(
            dt.date.fromisoformat(day["date"]),
            DatasetSource.named(day["data"], types),
            partial(local_copy, day["data"]),
        )
        for day in said["days"]
    )
    baseline = storage.read(said["baseline"], limit=MAX_BASELINE_BYTES).decode() if said["baseline"] else ""
    return Past(dt.date.fromisoformat(said["date"]), days, baseline, said["known"])


@contextmanager
def _labels(run: Run) -> Iterator[Labels | None]:
    said = monitored_of(run).get("labels")
    if said is None or run.reference is None:
        yield None
        return
    with ExitStack() as stack:
        sets = tuple(
            DatasetSource(stack.enter_context(local_copy(digest)), digest=digest) for digest in said["sets"]
        )
        yield Labels(sets, said["id"], said["label"], kinds_of(run.reference).get(said["label"]))


def _columns(said: dict[str, Any]) -> Columns:
    return Columns(**{**said, "sensitive": tuple(said["sensitive"]), "features": tuple(said["features"])})


def _threshold(said: dict[str, Any]) -> Threshold:
    return Threshold(**{**said, "slice": tuple((str(name), str(value)) for name, value in said["slice"])})


def _located(error: BadInput) -> str:
    places = [f"line {error.line}" if error.line else "", f"column {error.column}" if error.column else ""]
    where = ", ".join(place for place in places if place)
    return f"{where}: {error.message}" if where else error.message
