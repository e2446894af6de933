"""A model that runs and is watched: data of days, made by a seeded generator, reported through the services."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ledger import clock
from ledger.actors import Actor
from ledger.services import records
from monitoring.models import Batch, LabelSet, Monitor
from monitoring.services.baselines import learn_due
from monitoring.services.batches import batch_report
from monitoring.services.execution import execute_next
from monitoring.services.feeds import feed_judge, plans_overdue
from monitoring.services.labels import labels_report
from monitoring.services.monitors import monitor_set
from people.models import ServiceIdentity
from registry import events
from registry.models import Deployment, Upload
from registry.services import datasets, uploads
from registry.services.models import slot_register
from tests.registry.world import ROOT_ACTOR, World, in_transaction, make_world, service

WORKER = Actor.system("checks-worker")
START = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)  # a Monday
COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "dtype": "text", "role": "id"},
    {"name": "x", "dtype": "number", "role": "feature"},
    {"name": "kind", "dtype": "text", "role": "feature"},
    {"name": "y", "dtype": "number", "role": "label", "positive": 1},
    {"name": "score", "dtype": "number", "role": "score", "min": 0, "max": 1},
    {"name": "pred", "dtype": "number", "role": "prediction", "allowed": [0, 1]},
]
ACCURACY = {
    "metric": "accuracy", "op": ">=", "bound": 0.7, "unit": "share", "set_by": "test", "source": "test",
    "minimum_n": 30, "slice": {},
}  # fmt: skip


def day_of(number: int, *, rows: int = 120, shift: float = 0.0, seed: int = 0) -> dict[str, list[Any]]:
    """One day's columns: `x` moves with the weekend and from day to day, and by `shift`; the score follows `x`."""
    rng = np.random.default_rng([seed, number])
    x = rng.standard_normal(rows) + (0.15 if number % 7 >= 5 else 0.0) + 0.05 * rng.standard_normal() + shift
    score = np.clip(0.5 + 0.2 * (x - shift) + 0.05 * rng.standard_normal(rows), 0.01, 0.99)
    return {
        "id": [f"{number}-{row}" for row in range(rows)],
        "x": x.round(4).tolist(),
        "kind": rng.choice(["a", "b", "c"], rows, p=[0.5, 0.3, 0.2]).tolist(),
        "y": (rng.random(rows) < np.where(score > 0.5, 0.9, 0.1)).astype(int).tolist(),
        "score": score.round(4).tolist(),
        "pred": (score > 0.5).astype(int).tolist(),
    }


def csv_of(columns: Mapping[str, list[Any]], *names: str) -> bytes:
    """A CSV of the named columns, or of all."""
    wanted = names or tuple(columns)
    lines = [
        ",".join(wanted),
        *(",".join(map(str, row)) for row in zip(*(columns[n] for n in wanted), strict=True)),
    ]
    return ("\n".join(lines) + "\n").encode()


@dataclass
class Watched:
    world: World
    ci: Actor
    identity: ServiceIdentity
    deployment: Deployment
    monitor: Monitor

    def upload(self, data: bytes) -> Upload:
        upload = uploads.upload_start(
            actor=self.ci,
            purpose="batch",
            size=len(data),
            digest=hashlib.sha256(data).hexdigest(),
            name="day.csv",
            system_id=self.world.system.pk,
        )
        uploads.upload_append(actor=self.ci, upload_id=upload.pk, offset=0, chunks=[data])
        return uploads.upload_finish(actor=self.ci, upload_id=upload.pk)

    def report(self, number: int, data: bytes | None = None, *, label: str = "", **made: Any) -> Batch:
        """One day's batch without labels, checked."""
        columns = day_of(number, **made)
        given = data if data is not None else csv_of(columns, "id", "x", "kind", "score", "pred")
        start = START + dt.timedelta(days=number)
        batch = batch_report(
            actor=self.ci,
            deployment_id=self.deployment.pk,
            label=label or f"day {number}",
            upload_id=self.upload(given).pk,
            period_start=start,
            period_end=start + dt.timedelta(days=1),
        )
        work()
        batch.refresh_from_db()
        return batch

    def labels(
        self, number: int, columns: Mapping[str, list[Any]] | None = None, *, name: str = ""
    ) -> LabelSet:
        start = START + dt.timedelta(days=number)
        found = labels_report(
            actor=self.ci,
            deployment_id=self.deployment.pk,
            name=name or f"labels {number}",
            upload_id=self.upload(csv_of(columns or day_of(number), "id", "y")).pk,
            period_start=start,
            period_end=start + dt.timedelta(days=1),
        )
        work()
        return found


def work() -> None:
    """What the checks worker does until nothing is due."""
    while execute_next(actor=WORKER) or learn_due(actor=WORKER):
        pass


def feeds_sweep() -> int:
    """What the worker's beat does about feeds; how many spans and label sets are noted."""
    return sum(feed_judge(actor=WORKER, plan_id=plan_id) for plan_id in plans_overdue())


def seeded_reference() -> bytes:
    """Two weeks of `day_of`, as they were approved."""
    days = [day_of(number, rows=300, seed=1) for number in range(14)]
    reference = {name: [value for day in days for value in day[name]] for name in days[0]}
    reference["id"] = [f"r{row}" for row in range(len(reference["id"]))]
    return csv_of(reference)


def watched(
    checks: tuple[str, ...],
    *,
    reference: bytes | None = None,
    columns: list[dict[str, Any]] | None = None,
    slug: str = "visits",
    **plan: Any,
) -> Watched:
    """A live deployment with a monitor of these checks."""
    world = make_world(slug)
    ci = service(world.owner, "ci", "developer", on=world.system)
    version = world.version()
    dataset = datasets.dataset_register(
        actor=ci, system_id=world.system.pk, slug="study", name="Study", source="a seeded generator"
    )
    data = reference if reference is not None else seeded_reference()
    upload = uploads.upload_start(
        actor=ci,
        purpose="dataset",
        size=len(data),
        digest=hashlib.sha256(data).hexdigest(),
        name="reference.csv",
        system_id=world.system.pk,
    )
    uploads.upload_append(actor=ci, upload_id=upload.pk, offset=0, chunks=[data])
    uploads.upload_finish(actor=ci, upload_id=upload.pk)
    registered = datasets.dataset_version_register(
        actor=ci,
        dataset_id=dataset.pk,
        upload_id=upload.pk,
        media_type="text/csv",
        rows=data.count(b"\n") - 1,
        schema={"columns": columns or COLUMNS},
        sensitive=[],
        label_column="y",
        prediction_column="pred",
        score_column="score",
    )
    datasets.lineage_set(actor=ci, version_id=version.pk, dataset_version_id=registered.pk, role="reference")
    slot = slot_register(
        actor=world.owner, model_id=world.model.pk, environment="production", region="eu", arm="main"
    )
    deployment = Deployment(version=version, slot=slot)
    in_transaction(
        lambda: records.write(
            actor=ROOT_ACTOR,
            event=events.DEPLOYMENT_REQUESTED,
            row=deployment,
            set={"requested_by": ci.id, "requested_at": clock.now(), "state": "live"},
        )
    )
    monitor = monitor_set(
        actor=ci,
        deployment_id=deployment.pk,
        checks=[
            {
                "check": name,
                "thresholds": [ACCURACY] if name == "evaluation" else [],
                "policy_digest": "sha256:" + "0" * 64,
            }
            for name in checks
        ],
        response="ticket",
        **{"every_days": 1, "silent_after_days": 2, **plan},
    )
    return Watched(world, ci, ServiceIdentity.objects.get(pk=ci.pk), deployment, monitor)
