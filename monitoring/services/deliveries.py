"""What a batch and a set of labels have in common when they are reported: whose, which bytes, of which period, and once."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from monitoring.models import Batch, LabelSet
from people import access
from people.catalogue import P
from registry.models import Blob, Deployment
from registry.selectors import versions
from registry.services.uploads import completed

Period = tuple[dt.datetime, dt.datetime]


def delivered(
    actor: Actor, deployment_id: UUID, upload_id: UUID, *, name: str, field: str, period: Period
) -> tuple[Deployment, Blob]:
    """The deployment, its version locked, and the bytes of a finished upload for it. Raises NotThere, NotAllowed, Invalid."""
    deployment = Deployment.objects.select_related("version__model__system").filter(pk=deployment_id).first()
    if deployment is None:
        raise NotThere()
    versions.version_locked(deployment.version_id)
    access.require(actor, P.BATCH_REPORT, deployment)
    if not name.strip() or len(name) > 80:
        raise Invalid("Give a name of 1 to 80 characters; a retry must use the same one.", field=field)
    if not period[0] < period[1]:
        raise Invalid("The period must end after it starts.", field="period_end")
    upload = completed(
        upload_id, system_id=deployment.version.model.system_id, purpose="batch", field="upload_id"
    )
    if upload.blob is None:
        raise Invalid("The upload isn't finished.", field="upload_id")
    return deployment, upload.blob


def require_same(known: Batch | LabelSet, blob: Blob, period: Period, *, field: str) -> None:
    """Raises Conflict unless what is reported again under its name is what it was."""
    if (known.blob_id, known.period_start, known.period_end) != (blob.pk, *period):
        raise Conflict("This name was already reported with other bytes or another period.", field=field)
