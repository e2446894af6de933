"""A period of a table as a batch or as late labels: written once as a file with a digest, then reported like any file.

Who writes the file is given: this module knows no engine. The file has no name on disk until it is in the store, so that a
process that dies leaves no half of one; an upload that was begun then expires by itself.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO
from uuid import UUID

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services.transactions import governed
from monitoring.models import Batch, LabelSet, Monitor
from monitoring.services.batches import batch_report
from monitoring.services.labels import id_column, labels_report
from monitoring.services.runs import labels_are_late
from monitoring.statistics.excerpts import Excerpt
from people import access
from people.catalogue import P
from registry import storage
from registry.models import Deployment
from registry.services.uploads import max_upload, upload_append, upload_finish, upload_start

Writer = Callable[[Excerpt, IO[bytes]], int]
"""Writes the rows of an excerpt to a file as Parquet and returns how many; the same rows must give the same bytes."""


@dataclass(frozen=True, slots=True)
class Reported:
    """What was reported. `rows` and `digest` (hex SHA-256) are the file's; `known`: it had been reported before."""

    row: Batch | LabelSet
    rows: int
    digest: str
    known: bool


def snapshot_report(
    *,
    actor: Actor,
    deployment_id: UUID | str,
    label: str,
    time: str,
    period_start: dt.datetime,
    period_end: dt.datetime,
    write: Writer,
    labels: bool = False,
) -> Reported:
    """Report the rows of a period that is over, as `batch_report`; with `labels` as `labels_report`.

    The file has the columns that the monitor's reference declares, in its order, without the label where labels come
    late (it would change the bytes when it comes); labels are the column of ids and the label. `time` names the table's
    column of times. The same label with the same bytes and period is the same batch; with other bytes it is a Conflict
    (`table-changed`). Raises what `write` raises, and as the service that reports.
    """
    excerpt, system_id = _excerpt(
        actor=actor,
        deployment_id=deployment_id,
        time=time,
        period_start=period_start,
        period_end=period_end,
        labels=labels,
    )
    deployment = UUID(str(deployment_id))
    with tempfile.TemporaryFile() as file:
        rows = write(excerpt, file)
        size = file.seek(0, 2)
        file.seek(0)
        digest = storage.digest_of(file)
        known = _known(deployment, label, labels=labels)
        if known is not None and known.blob_id != digest:
            raise Conflict(_changed(label, known.blob_id, digest), field="label", code="table-changed")
        if known is not None and (known.period_start, known.period_end) == (period_start, period_end):
            return Reported(known, rows, digest, known=True)
        upload = upload_start(
            actor=actor,
            purpose="batch",
            size=size,
            digest=digest,
            name=f"{label}.parquet",
            system_id=system_id,
        )
        file.seek(0)
        upload_append(actor=actor, upload_id=upload.pk, offset=0, chunks=_chunks(file))
    upload_finish(actor=actor, upload_id=upload.pk)
    row: Batch | LabelSet
    if labels:
        row = labels_report(
            actor=actor, deployment_id=deployment, name=label, upload_id=upload.pk, period_start=period_start,
            period_end=period_end,
        )  # fmt: skip
    else:
        row = batch_report(
            actor=actor, deployment_id=deployment, label=label, upload_id=upload.pk, period_start=period_start,
            period_end=period_end,
        )  # fmt: skip
    return Reported(row, rows, digest, known=False)


@governed
def _excerpt(
    *,
    actor: Actor,
    deployment_id: UUID | str,
    time: str,
    period_start: dt.datetime,
    period_end: dt.datetime,
    labels: bool,
) -> tuple[Excerpt, UUID]:
    """What is to be written, and the system it belongs to; asked before any warehouse is."""
    try:
        deployment = (
            Deployment.objects.select_related("version__model__system")
            .filter(pk=UUID(str(deployment_id)))
            .first()
        )
    except ValueError:
        raise NotThere() from None
    if deployment is None:
        raise NotThere()
    access.require(actor, P.BATCH_REPORT, deployment)
    if not period_start < period_end:
        raise Invalid("The period must end after it starts.", field="period_end")
    if period_end > clock.now():
        raise Invalid("The period isn't over: the table may still get rows of it.", field="period_end")
    monitor = Monitor.objects.select_related("plan", "reference").filter(deployment=deployment).first()
    if monitor is None:
        raise Conflict(
            "The deployment has no monitor, whose reference data say which columns to read.",
            field="deployment",
        )
    columns, first = _columns(monitor, labels=labels)
    excerpt = Excerpt(columns, first, time, period_start, period_end, max_upload())
    return excerpt, deployment.version.model.system_id


def _columns(monitor: Monitor, *, labels: bool) -> tuple[tuple[str, ...], str | None]:
    """The columns of the file, and the one its rows are sorted by first."""
    label = monitor.reference.label_column
    if labels:
        if not label:
            raise Conflict("The reference data declare no label.", field="deployment")
        ident = id_column(monitor)
        return (ident, label), ident
    declared = monitor.reference.schema["columns"]
    late = labels_are_late(monitor)
    columns = tuple(one["name"] for one in declared if not (late and one["name"] == label))
    return columns, next((one["name"] for one in declared if one.get("role") == "id"), None)


def _known(deployment_id: UUID, label: str, *, labels: bool) -> Batch | LabelSet | None:
    if labels:
        return LabelSet.objects.filter(deployment=deployment_id, name=label).first()
    return Batch.objects.filter(deployment=deployment_id, label=label).first()


def _changed(label: str, reported: str, digest: str) -> str:
    return (
        f"The table changed since {label!r} was reported: its rows of the period were sha256:{reported} and are "
        f"sha256:{digest} now. What was reported stays; rows that came or were corrected later need a label of their "
        "own. (A snapshot that another version of pyarrow wrote has other bytes as well.)"
    )


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(storage.CHUNK):
        yield chunk
