"""Runs: requested with everything frozen, claimed with a lease, finished once.

The row is the queue (DESIGN law 8). A claim takes a lease by token; only the holder of the present token can finish
the run, so a redelivered message or a worker that comes back from the dead changes nothing. After MAX_LEASES
leases without an end the run is an error that says so, never running for ever.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db.models import F, Q, QuerySet

from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Invalid, NotAllowed, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from ledger.services.wakes import wake_after_commit
from monitoring import events
from monitoring.catalogue import CATALOGUE
from monitoring.machines import RUN
from monitoring.models import Batch, Monitor, Plan, Run
from people import access
from people.catalogue import P
from people.services.moves import move_row
from registry.models import DatasetVersion, Version
from registry.selectors import versions

LEASE = dt.timedelta(seconds=settings.CHECK_LEASE_SECONDS)
MAX_LEASES = 3
RUN_TASK = "monitoring.run"
LEARN_TASK = "monitoring.learn"
MONITORED = "monitored"
"""Parameter that holds what a monitor adds to a run: history, late labels, stage. The check itself isn't told of it."""


@governed
def run_request(
    *,
    actor: Actor,
    version_id: uuid.UUID,
    check: str,
    thresholds: Sequence[Mapping[str, Any]],
    policy_digest: str,
    batch: Batch | None = None,
    reference: DatasetVersion | None = None,
    data: str = "evaluation",
    parameters: Mapping[str, Any] | None = None,
    monitored: Mapping[str, Any] | None = None,
) -> Run:
    """Request one run of `check`: on the version's declared `data`, or on `batch` against `reference`.

    `thresholds` are keyword arguments of `monitoring.statistics.verdicts.Threshold`; they, the inputs by digest and
    the seed are recorded now, before anything is measured. `monitored` is what a monitor adds. Raises Invalid naming what
    is missing.
    """
    version = versions.version_locked(version_id)
    access.require(actor, P.RUN_REQUEST, version)
    if check not in CATALOGUE:
        raise Invalid(
            f"There is no check '{check}'; there are: {', '.join(sorted(CATALOGUE))}.", field="check"
        )
    current = None if batch else _declared(version, data)
    if not batch:
        reference = _training(version)
    described = current or reference
    if described is None:
        raise Invalid("The monitor has no reference data to compare with.", field="reference")
    late = bool(monitored and monitored["late"])
    run = Run()
    records.write(
        actor=actor,
        event=events.RUN_REQUESTED,
        row=run,
        set={
            "check_name": check,
            "version": version,
            "subject_digest": version.subject_digest,
            "batch": batch,
            "current": current,
            "reference": reference,
            "columns": columns_of(described, late=late and "labels" not in (monitored or {})),
            "thresholds": [dict(threshold) for threshold in thresholds],
            "parameters": {
                **_contract(check, described, version if data != "training" else None, late=late),
                **(parameters or {}),
                **({MONITORED: dict(monitored)} if monitored else {}),
            },
            "policy_digest": policy_digest,
            "seed": uuid.uuid4().int % 2**32,
            "decision_round": version.decision_round,
            "requested_by": actor.id,
            "requested_as": _labelled(actor, version),
            "requested_at": clock.now(),
            "state": RUN.initial.name,
        },
        data={
            "inputs": {
                "current": batch.blob_id if batch else described.digest,
                "reference": reference.digest if reference else "",
            }
        },
    )
    wake_after_commit(RUN_TASK)
    return run


def run_claim(*, actor: Actor, run_id: uuid.UUID | None = None) -> Run | None:
    """Take a lease on one due run whose lease is free or over; None if there is none. Oldest first.

    Queue columns only: a lost lease costs a repeat and nothing else.
    """
    access.require(actor, P.RUN_EXECUTE)
    now = clock.now()
    free = _free(now)
    if run_id is not None:
        free = free.filter(pk=run_id)
    for candidate in free.order_by("requested_at").values_list("pk", flat=True)[:20]:
        token = uuid.uuid4()
        # One conditional UPDATE: of two workers, the second finds the lease taken and changes no row.
        taken = free.filter(pk=candidate).update(
            lease_token=token, lease_until=now + LEASE, attempts=F("attempts") + 1, progress="starting"
        )
        if taken:
            return Run.objects.select_related("batch", "current", "reference").get(
                pk=candidate, lease_token=token
            )
    return None


def runs_wait() -> bool:
    """Whether a run could be claimed now."""
    return _free(clock.now()).exists()


def run_progress(*, actor: Actor, run_id: uuid.UUID, token: uuid.UUID, words: str) -> bool:
    """Say how far a run is and keep its lease; False if the lease was lost."""
    access.require(actor, P.RUN_EXECUTE)
    mine = Run.objects.filter(pk=run_id, lease_token=token, state="due")
    return bool(mine.update(progress=words[:80], lease_until=clock.now() + LEASE))


@governed
def run_finish(
    *, actor: Actor, run_id: uuid.UUID, token: uuid.UUID, outcome: Mapping[str, Any], digest: str
) -> Run | None:
    """Store the outcome of a claimed run. None, and no change, if the lease was lost or the run has ended."""
    run = _held(run_id, token)
    if run is None:
        return None
    move_row(
        actor=actor,
        row=run,
        machine=RUN,
        move="finish",
        event=events.RUN_MOVED,
        set={
            "verdict": outcome["verdict"],
            "outcome": dict(outcome),
            "outcome_digest": digest,
            "finished_at": clock.now(),
        },
        data={"attempts": run.attempts},
    )
    return run


@governed
def run_fail(*, actor: Actor, run_id: uuid.UUID, token: uuid.UUID, code: str, text: str) -> Run | None:
    """Record that a claimed run ended in a named error. None if the lease was lost or the run has ended."""
    run = _held(run_id, token)
    return None if run is None else _fail(actor, run, code, text)


@governed
def run_cancel(*, actor: Actor, run_id: uuid.UUID) -> Run:
    """End a run that waits or runs, by whoever requested it. Raises NotAllowed ("not-requester"), Conflict, NotThere."""
    run = Run.objects.select_for_update().filter(pk=run_id).first()
    if run is None:
        raise NotThere
    access.require(actor, P.RUN_REQUEST, run)
    if run.requested_by not in actor.principals:
        raise NotAllowed(
            "Only who requested a run can cancel it.",
            permission=P.RUN_REQUEST,
            subject=Subject.of(run),
            reason="not-requester",
            visible=True,
        )
    return _fail(
        actor, run, "cancelled", "Cancelled by who requested it; nothing was measured.", move="cancel"
    )


@governed
def runs_interrupted(*, actor: Actor) -> list[Run]:
    """End every run whose last lease ran out: its worker was killed or hung each time."""
    now = clock.now()
    over = Run.objects.select_for_update().filter(state="due", attempts__gte=MAX_LEASES, lease_until__lt=now)
    text = f"No worker finished this within {MAX_LEASES} attempts of {int(LEASE.total_seconds())} seconds."
    return [_fail(actor, run, "interrupted", text) for run in over.order_by("requested_at")]


def _fail(actor: Actor, run: Run, code: str, text: str, *, move: str = "fail") -> Run:
    move_row(
        actor=actor,
        row=run,
        machine=RUN,
        move=move,
        event=events.RUN_MOVED,
        set={"verdict": "error", "error_code": code, "error_text": text[:2000], "finished_at": clock.now()},
        data={"attempts": run.attempts},
    )
    return run


def _free(now: dt.datetime) -> QuerySet[Run]:
    return Run.objects.filter(state="due", attempts__lt=MAX_LEASES).filter(
        Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    )


def _held(run_id: uuid.UUID, token: uuid.UUID) -> Run | None:
    run = Run.objects.select_for_update().filter(pk=run_id).first()
    if run is None:
        raise NotThere()
    return run if run.state == "due" and run.lease_token == token else None


def _declared(version: Version, role: str) -> DatasetVersion:
    link = versions.lineage(version.pk).filter(role=role).order_by("-dataset_version__number").first()
    if link is None:
        raise Invalid(f"No dataset version is declared as {role} data of this version.", field="datasets")
    return link.dataset_version


def _training(version: Version) -> DatasetVersion | None:
    for role in ("reference", "training"):
        link = versions.lineage(version.pk).filter(role=role).order_by("-dataset_version__number").first()
        if link is not None:
            return link.dataset_version
    return None


def monitored_of(run: Run) -> dict[str, Any]:
    """What a monitor added to a run; empty for one that no monitor requested."""
    found: dict[str, Any] = run.parameters.get(MONITORED, {})
    return found


def labels_are_late(monitor: Monitor) -> bool:
    """Whether batches come without the label, which follows by itself."""
    plan = plan_of(monitor)
    return plan is not None and plan.labels_after_days > 0


def plan_of(monitor: Monitor) -> Plan | None:
    """The monitor's plan; None for one that was set up before there were plans."""
    found: Plan | None = getattr(monitor, "plan", None)
    return found


def waiting_checks(monitor: Monitor) -> list[dict[str, Any]]:
    """Those of a monitor's checks that wait for labels which come later than the data."""
    late = labels_are_late(monitor)
    return [item for item in monitor.checks if late and "label" in CATALOGUE[item["check"]].needs]


def columns_of(dataset: DatasetVersion, *, late: bool = False) -> dict[str, Any]:
    """Keyword arguments of `monitoring.statistics.inputs.Columns`, from what the dataset version declares.

    `late`: without the label, which isn't there yet.
    """
    declared = dataset.schema["columns"]
    named = {dataset.label_column, dataset.prediction_column, dataset.score_column}
    label: dict[str, Any] = next(
        (column for column in declared if column["name"] == dataset.label_column), {}
    )
    positive = label.get("positive")
    return {
        "label": None if late else dataset.label_column or None,
        "prediction": dataset.prediction_column or None,
        "score": dataset.score_column or None,
        "sensitive": list(dataset.sensitive),
        "features": [
            column["name"]
            for column in declared
            if column.get("role", "feature") == "feature" and column["name"] not in named
        ],
        "positive": None if positive is None else str(positive),
    }


def kinds_of(dataset: DatasetVersion, *, late: bool = False) -> dict[str, str]:
    """Column name -> `number` or `text`, as checks read them, from the declared types; `late`: without the label."""
    numbers = ("number", "integer")
    return {
        column["name"]: "number" if column["dtype"] in numbers else "text"
        for column in dataset.schema["columns"]
        if not (late and column["name"] == dataset.label_column)
    }


def _contract(check: str, dataset: DatasetVersion, version: Version | None, *, late: bool) -> dict[str, Any]:
    """The declared schema, and what `version` was trained on, as parameters of the data-contract check; nothing for others."""
    if check != "data-contract":
        return {}
    kinds = kinds_of(dataset, late=late)
    rules: dict[str, dict[str, Any]] = {}
    for column in dataset.schema["columns"]:
        if column["name"] not in kinds:
            continue
        rule: dict[str, Any] = {"kind": kinds[column["name"]]}
        rule |= {key: column[key] for key in ("min", "max", "allowed") if column.get(key) is not None}
        if not column.get("nullable", False):
            rule["missing"] = 0.0
        rules[column["name"]] = rule
    trained = versions.lineage(version.pk).filter(role="training") if version is not None else ()
    return {"columns": rules, "training_digests": sorted({link.dataset_version.digest for link in trained})}


def _labelled(actor: Actor, version: Version) -> str:
    """Whose run this is: what a validator re-runs is labelled theirs and never bars them (DESIGN law 5)."""
    if actor.kind == "system":
        return "monitoring"
    return "contributor" if actor.principals & versions.contributors(version.pk) else "reviewer"
