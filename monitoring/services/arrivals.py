"""Rows and labels that are sent as they are, without an upload of their own: stored first, then reported like any file."""

from __future__ import annotations

import datetime as dt
import hashlib
from uuid import UUID

from django.db.models import QuerySet

from ledger.actors import Actor
from ledger.errors import Invalid
from monitoring.lines import BadLines, csv_of
from monitoring.models import Batch, LabelSet
from monitoring.services.batches import batch_report
from monitoring.services.labels import labels_report
from registry.models import Upload
from registry.selectors.deployments import deployment_by_id
from registry.services.uploads import upload_append, upload_finish, upload_start


def rows_report(
    *,
    actor: Actor,
    deployment_id: UUID,
    label: str,
    lines: str,
    period_start: dt.datetime,
    period_end: dt.datetime,
) -> Batch:
    """As `batch_report`, of JSON Lines. Raises Invalid naming the line, and as `batch_report`."""
    return batch_report(
        actor=actor,
        deployment_id=deployment_id,
        label=label,
        upload_id=_stored(actor, deployment_id, lines, f"{label}.csv", Batch.objects.filter(label=label)),
        period_start=period_start,
        period_end=period_end,
    )


def label_rows_report(
    *,
    actor: Actor,
    deployment_id: UUID,
    name: str,
    lines: str,
    period_start: dt.datetime,
    period_end: dt.datetime,
) -> LabelSet:
    """As `labels_report`, of JSON Lines. Raises Invalid naming the line, and as `labels_report`."""
    return labels_report(
        actor=actor,
        deployment_id=deployment_id,
        name=name,
        upload_id=_stored(actor, deployment_id, lines, f"{name}.csv", LabelSet.objects.filter(name=name)),
        period_start=period_start,
        period_end=period_end,
    )


def _stored(
    actor: Actor, deployment_id: UUID, lines: str, name: str, reported: QuerySet[Batch] | QuerySet[LabelSet]
) -> UUID:
    """The upload that holds these rows. What comes again under its name (`reported`) was stored when it came first."""
    try:
        data = csv_of(lines)
    except BadLines as error:
        raise Invalid(str(error), field="lines") from None
    system_id = deployment_by_id(deployment_id).version.model.system_id
    digest = hashlib.sha256(data).hexdigest()
    known = reported.filter(deployment=deployment_id, blob=digest).first()
    if known is not None:
        uploads = Upload.objects.filter(
            system=system_id, purpose="batch", state="complete", blob=known.blob_id
        )
        if (first := uploads.order_by("created_at").first()) is not None:
            return first.pk
    upload = upload_start(
        actor=actor,
        purpose="batch",
        size=len(data),
        digest=digest,
        name=name,
        system_id=system_id,
    )
    upload_append(actor=actor, upload_id=upload.pk, offset=0, chunks=[data])
    upload_finish(actor=actor, upload_id=upload.pk)
    return upload.pk
