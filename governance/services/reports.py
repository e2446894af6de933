"""Reports: requested as a due row, read from one snapshot, rendered elsewhere, stored whole and signed.

The row is the queue (DESIGN law 8). The data are pinned before anything is rendered, so that another try renders the
same data to the same bytes; a renderer that dies leaves no PDF, and after MAX_LEASES tries the row says so.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import F, Q

from governance import events
from governance.machines import REPORT
from governance.models import Report
from governance.rendering import RenderFailed, encode, pdf_of
from governance.snapshots.reports import KINDS, NoCheckpoint, report_data
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Gone, Invalid, NotThere
from ledger.services import keys, records
from ledger.services.transactions import governed
from ledger.services.wakes import wake_after_commit
from modelwarrant import report as signatures
from people import access
from people.catalogue import P
from people.services.moves import move_row
from registry import storage
from registry.models import Blob
from registry.selectors import versions
from registry.services.blobs import blob_of_bytes

LEASE = dt.timedelta(minutes=6)
MAX_LEASES = 3
REPORT_TASK = "governance.report"
NAMES = {"scorecard": "scorecard.pdf", "audit": "audit-report.pdf"}
LARGEST = 64 * 2**20
_log = logging.getLogger(__name__)


@governed
def report_request(*, actor: Actor, version_id: UUID, kind: str) -> Report:
    """Ask for a report on a version: `scorecard` or `audit`. Raises Invalid, NotThere, NotAllowed."""
    version = versions.version_locked(version_id)
    access.require(actor, P.REPORT_MAKE, version)
    if kind not in KINDS:
        raise Invalid(f"One of {', '.join(KINDS)}.", field="kind")
    report = Report()
    records.write(
        actor=actor,
        event=events.REPORT_REQUESTED,
        row=report,
        set={
            "kind": kind,
            "version": version,
            "requested_by": actor.id,
            "requested_at": clock.now(),
            "state": REPORT.initial.name,
        },
    )
    wake_after_commit(REPORT_TASK)
    return report


def reports_make(*, actor: Actor) -> int:
    """Make every report that is due and free; returns how many were claimed."""
    reports_interrupted(actor=actor)
    made = 0
    while (report := report_claim(actor=actor)) is not None:
        report_make(actor=actor, report=report)
        made += 1
    return made


def report_claim(*, actor: Actor, report_id: UUID | None = None) -> Report | None:
    """Take a lease on one due report whose lease is free or over; None if there is none. Oldest first."""
    access.require(actor, P.REPORT_RENDER)
    now = clock.now()
    free = Report.objects.filter(state="due", attempts__lt=MAX_LEASES).filter(
        Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    )
    if report_id is not None:
        free = free.filter(pk=report_id)
    for candidate in free.order_by("requested_at").values_list("pk", flat=True)[:20]:
        token = uuid4()
        # One conditional UPDATE: of two workers, the second finds the lease taken and changes no row.
        taken = free.filter(pk=candidate).update(
            lease_token=token, lease_until=now + LEASE, attempts=F("attempts") + 1
        )
        if taken:
            return Report.objects.get(pk=candidate, lease_token=token)
    return None


def report_make(*, actor: Actor, report: Report) -> Report | None:
    """Make one claimed report to its end. No transaction is open while it renders. None if the lease was lost."""
    token = report.lease_token
    if token is None:
        raise ValueError("only a claimed report can be made")
    try:
        return _make(report, token, actor=actor)
    except NotThere as error:
        _log.warning("report %s: %s", report.pk, error)
        return None


def _make(report: Report, token: UUID, *, actor: Actor) -> Report:
    try:
        data = _pinned(report, actor=actor)
        pdf = pdf_of(data)
    except (RenderFailed, NoCheckpoint) as error:
        code = error.code if isinstance(error, RenderFailed) else "no-checkpoint"
        _log.warning("report %s: %s", report.pk, error)
        if code != "no-libraries" and report.attempts < MAX_LEASES:
            _release(report)
            return report
        return report_fail(actor=actor, report_id=report.pk, token=token, code=code)
    return report_finish(actor=actor, report_id=report.pk, token=token, data=data, pdf=pdf)


@governed
def report_pin(
    *, actor: Actor, report_id: UUID, token: UUID, data: bytes, at: dt.datetime, size: int
) -> bytes:
    """Keep the data a report is made from. A report that has its data already keeps those, and gets them back."""
    report = _held(report_id, token)
    if report.data_digest:
        return storage.read(report.data_digest, limit=LARGEST)
    blob = blob_of_bytes(data, "report.json")
    access.require(actor, P.REPORT_RENDER, report)
    records.write(
        actor=actor,
        event=events.REPORT_PINNED,
        row=report,
        set={"data_digest": blob.digest, "snapshot_at": at, "checkpoint_size": size},
    )
    return data


@governed
def report_finish(*, actor: Actor, report_id: UUID, token: UUID, data: bytes, pdf: bytes) -> Report:
    """Store the PDF and its signature beside the data it was made from. Raises NotThere if the lease was lost."""
    report = _held(report_id, token)
    if hashlib.sha256(data).hexdigest() != report.data_digest:
        raise Invalid("The PDF was made from other data than the report's.", field="data")
    said = json.loads(data)
    facts = signatures.Facts(
        id=str(report.pk),
        kind=report.kind,
        snapshot=dt.datetime.fromtimestamp(said["snapshot"]["epoch"], dt.UTC),
        checkpoint=said["snapshot"]["note"],
        policies=(said["policy"]["digest"],) if said["policy"] else (),
    )
    sidecar = signatures.make(facts, NAMES[report.kind], pdf, data, keys.signer("report"))
    move_row(
        actor=actor,
        row=report,
        machine=REPORT,
        move="finish",
        event=events.REPORT_MOVED,
        set={
            "pdf_digest": blob_of_bytes(pdf, "report.pdf").digest,
            "sidecar": json.loads(sidecar),
            "finished_at": clock.now(),
        },
    )
    return report


@governed
def report_fail(*, actor: Actor, report_id: UUID, token: UUID, code: str) -> Report:
    """Record that a report could not be made, and why in one word."""
    return _fail(actor, _held(report_id, token), code)


@governed
def reports_interrupted(*, actor: Actor) -> list[Report]:
    """End every report whose last lease ran out: its worker was killed or hung each time."""
    over = Report.objects.select_for_update().filter(
        state="due", attempts__gte=MAX_LEASES, lease_until__lt=clock.now()
    )
    return [_fail(actor, report, "interrupted") for report in over.order_by("requested_at")]


def report_files(report: Report) -> dict[str, bytes]:
    """The files of a finished report by name: PDF, data, signature.

    Raises NotThere for one that isn't finished, Gone for one that retention has deleted.
    """
    if report.state != "done":
        raise NotThere
    if Blob.objects.filter(pk__in=(report.pdf_digest, report.data_digest)).exclude(deleted_at=None).exists():
        raise Gone("This report was deleted at the end of its term; its digests and signature are kept.")
    name = NAMES[report.kind]
    sidecar = json.dumps(report.sidecar, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n"
    return {
        name: storage.read(report.pdf_digest, limit=LARGEST),
        f"{name.removesuffix('.pdf')}.json": storage.read(report.data_digest, limit=LARGEST),
        f"{name}{signatures.SUFFIX}": sidecar.encode(),
    }


def _pinned(report: Report, *, actor: Actor) -> bytes:
    """The report's data: those pinned by an earlier try, or a fresh snapshot."""
    if report.data_digest:
        return storage.read(report.data_digest, limit=LARGEST)
    if report.lease_token is None:
        raise ValueError("only a claimed report has data taken for it")
    with transaction.atomic():
        if connection.vendor == "postgresql" and len(connection.atomic_blocks) == 1:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        at = clock.now().replace(microsecond=0)
        read = report_data(report_id=report.pk, version_id=report.version_id, kind=report.kind, at=at)
    return report_pin(
        actor=actor, report_id=report.pk, token=report.lease_token, data=encode(read), at=at,
        size=read["snapshot"]["size"],
    )  # fmt: skip


def _release(report: Report) -> None:
    Report.objects.filter(pk=report.pk, lease_token=report.lease_token, state="due").update(
        lease_until=clock.now()
    )


def _fail(actor: Actor, report: Report, code: str) -> Report:
    move_row(
        actor=actor,
        row=report,
        machine=REPORT,
        move="fail",
        event=events.REPORT_MOVED,
        set={"error_code": code, "finished_at": clock.now()},
    )
    return report


def _held(report_id: UUID, token: UUID) -> Report:
    report = Report.objects.select_for_update().filter(pk=report_id, state="due", lease_token=token).first()
    if report is None:
        raise NotThere("The report has ended, or another worker has it.")
    return report
