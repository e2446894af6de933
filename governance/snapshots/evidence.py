"""What the records hold as evidence for a framework: one item per record, with its own date and its receipt.

Test evidence is bound to the version; evidence of the system and of the organisation is inherited. What a record
doesn't show is left out here, never assumed: the assessment then says that it is missing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from governance.frameworks.evidence import Attestation as Attested
from governance.frameworks.evidence import EvidenceItem, Outcome
from governance.frameworks.pack import Pack, load
from governance.gates.approvals import seats
from governance.gates.context import Context
from governance.models import Attestation, Waiver
from ledger import selectors as log
from monitoring.catalogue import CATALOGUE
from monitoring.models import Incident, Plan, Run
from people.models import Grant
from registry.machines import RUNNING
from registry.models import Deployment, Version
from registry.selectors import artifacts, signatures, versions

PACK = "nist_ai_rmf_1_0.json"
_TYPES = {
    "evaluation": "evaluation-run",
    "fairness": "fairness-run",
    "data-contract": "contract-run",
    "drift": "drift-run",
    "drift-over-time": "drift-run",
}
_BESIDE = {
    "slices": "evaluation-run",
    "non-inferiority": "evaluation-run",
    "robustness": "evaluation-run",
    "fairness-scores": "fairness-run",
    "service-health": "drift-run",
}
"""Checks that look at a part of what a type of evidence stands for: what they find wrong counts, a pass carries no row."""
_STOPPED = ("suspend", "retire")
_ROWS = 500
"""How many records of one kind are looked at, newest first."""


@cache
def pack() -> Pack:
    """The framework pack of this installation."""
    return load(Path(settings.BASE_DIR, "fixtures", "frameworks", PACK).read_text(encoding="utf-8"))


def items(context: Context) -> list[EvidenceItem]:
    """Every item of evidence for the version of `context` at its moment."""
    version = context.version
    found = [
        *_approvals(context),
        *_content(version, context.at),
        *_runs(version, context.at),
        *_system(version),
        *_organisation(context),
    ]
    return sorted(found, key=lambda item: (item.type, item.received, item.id))


def attestations(version: Version, framework: str) -> list[Attested]:
    """Attestations of the organisation and of the version's system that weren't withdrawn."""
    rows = Attestation.objects.filter(framework=framework, state="given")
    rows = rows.filter(Q(system=version.model.system_id) | Q(system__isnull=True)).order_by("given_at", "id")
    made = versions.contributors(version.pk)
    return [
        Attested(
            id=f"attestation:{str(row.pk)[:8]}",
            digest=row.document_digest,
            rows=frozenset({row.subcategory}),
            person=row.person,
            role=row.role,
            statement=row.statement,
            attested=row.given_at,
            expires=row.expires,
            received=row.given_at,
            scope="system" if row.system_id else "organisation",
            by_submitter=row.person in made,
            role_ended=_role_ended(row),
        )
        for row in rows
    ]


def _role_ended(row: Attestation) -> dt.datetime | None:
    """When its giver last held the role; None while they hold it."""
    grants = list(
        Grant.objects.filter(holder_user__pseudonym=row.person, role=row.role, confirmed_at__isnull=False)
    )
    ends = [grant.ended_at or grant.ends for grant in grants]
    if any(end is None for end in ends):
        return None
    return max((end for end in ends if end is not None), default=row.given_at)


def _approvals(context: Context) -> Iterator[EvidenceItem]:
    # An approval counts here while it fills a seat, by the same count that the gate makes.
    filled, _ = seats(context)
    for seat in filled:
        if seat.decision is not None:
            row = seat.decision
            yield EvidenceItem(
                type="approval", id=f"decision:{str(row.pk)[:8]}", digest=row.shown_digest, dated=row.decided_at,
                received=row.decided_at, topic=seat.role, version=str(context.version.pk),
                summary=f"approved as {seat.role}",
            )  # fmt: skip


def _content(version: Version, at: dt.datetime) -> Iterator[EvidenceItem]:
    bound = str(version.pk)
    signature = version.signatures.order_by("-checked_at").first()
    if signature is not None:
        standing = signatures.standing(version)
        yield EvidenceItem(
            type="manifest", id=f"signature:{str(signature.pk)[:8]}", digest=version.subject_digest,
            dated=signature.checked_at, received=signature.checked_at, version=bound,
            intact=standing.valid and not artifacts.faults(version), summary=f"signature {standing.status}",
        )  # fmt: skip
    if version.card:
        entries = [item for item in log.history("version", version.pk) if "card" in _set(item)]
        received = entries[-1].row.at if entries else version.registered_at
        digest = versions.content_digests(version)["card"]
        yield EvidenceItem(
            type="card", id=f"card:{str(version.pk)[:8]}", digest=digest, dated=received, received=received,
            version=bound, filled=frozenset(name for name, text in version.card.items() if str(text).strip()),
        )  # fmt: skip
    for link in versions.lineage(version.pk):
        data = link.dataset_version
        yield EvidenceItem(
            type="dataset", id=f"data:{str(data.pk)[:8]}", digest=data.digest, dated=data.registered_at,
            received=data.registered_at, topic=link.role, version=bound,
            intact=artifacts.blob_fault(data.blob) is None, summary=f"{link.role}, {data.rows} rows",
        )  # fmt: skip


def _set(item: log.HistoryItem) -> dict[str, object]:
    return dict(item.parsed.entry.set) if item.parsed.entry else {}


def _runs(version: Version, at: dt.datetime) -> Iterator[EvidenceItem]:
    runs = Run.objects.filter(
        version__model__system_id=version.model.system_id, check_name__in=(*_TYPES, *_BESIDE)
    )
    runs = runs.exclude(state="due").select_related("batch__deployment__slot").order_by("-requested_at")
    rows, feeds = list(runs[:_ROWS]), _feeds(version)
    places = {plan.monitor.deployment.slot_id for plan in feeds.values()}
    here = {run.check_name for run in rows if run.batch and run.batch.deployment_id in feeds}
    for run in rows:
        # The bytes measured count, not the row: a result on other bytes of the same version is foreign.
        ours = run.version_id == version.pk and run.subject_digest == version.subject_digest
        received = run.finished_at or run.requested_at
        dated, topic, until = received, f"{run.check_name}/declared", None
        if run.batch is not None:
            deployment = run.batch.deployment
            if run.check_name in here and not (ours and deployment.slot_id in places):
                continue  # the version runs elsewhere by now, and is measured there
            dated, topic = min(run.batch.period_end, received), _topic(run.check_name, deployment)
            plan = feeds.get(deployment.pk)
            until = run.batch.period_end + _patience(plan, run.check_name) if plan is not None else None
        if run.check_name in _TYPES or run.verdict != Outcome.PASS:
            yield EvidenceItem(
                type=_TYPES.get(run.check_name) or _BESIDE[run.check_name], id=f"run:{str(run.pk)[:8]}",
                digest=run.outcome_digest, dated=dated, received=received, topic=topic, until=until,
                version=str(run.version_id) if ours else f"other:{run.subject_digest[:12]}",
                outcome=Outcome(run.verdict or "error"),
            )  # fmt: skip
    measured = {(run.check_name, run.batch.deployment_id) for run in rows if run.batch}
    yield from _never_came(version, feeds.values(), measured, at)


def _feeds(version: Version) -> dict[UUID, Plan]:
    """The plan of each running deployment of the version, whether its monitor is active or paused."""
    plans = Plan.objects.filter(
        monitor__deployment__version=version.pk, monitor__deployment__state__in=RUNNING
    ).select_related("monitor__deployment__slot")
    return {plan.monitor.deployment_id: plan for plan in plans}


def _topic(check: str, deployment: Deployment) -> str:
    """Each place is fed by itself: data of one region say nothing of another's."""
    slot = deployment.slot
    return f"{check}/production/{slot.environment}/{slot.region}/{slot.arm}"


def _patience(plan: Plan, check: str) -> dt.timedelta:
    """How long after the end of its data a result counts: until the next data are overdue, and their labels if it needs any."""
    labels = plan.labels_after_days if "label" in CATALOGUE[check].needs else 0
    return dt.timedelta(days=plan.silent_after_days + labels)


def _never_came(
    version: Version, plans: Iterable[Plan], measured: set[tuple[str, UUID]], at: dt.datetime
) -> Iterator[EvidenceItem]:
    """One item for each check that should have been made in production by now and never was."""
    for plan in plans:
        for name in dict.fromkeys(str(item["check"]) for item in plan.monitor.checks):
            due = plan.starts_at + _patience(plan, name)
            if name in _TYPES and (name, plan.monitor.deployment_id) not in measured and at >= due:
                yield EvidenceItem(
                    type=_TYPES[name], id=f"monitor:{str(plan.monitor_id)[:8]}", digest="", dated=plan.starts_at,
                    received=plan.starts_at, topic=_topic(name, plan.monitor.deployment), version=str(version.pk),
                    summary="no data came", until=due,
                )  # fmt: skip


def _system(version: Version) -> Iterator[EvidenceItem]:
    system = version.model.system
    entries = log.history("system", system.pk)
    changed = entries[-1].row.at if entries else system.created_at
    digest = _entry_digest(entries[-1]) if entries else ""
    yield EvidenceItem(
        type="inventory", id=f"system:{str(system.pk)[:8]}", digest=digest, dated=changed, received=changed
    )
    for deployment in Deployment.objects.filter(version__model__system=system).order_by("-pk")[:_ROWS]:
        history = log.history("deployment", deployment.pk)
        if history:
            at = history[-1].row.at
            yield EvidenceItem(
                type="deployment", id=f"deployment:{str(deployment.pk)[:8]}", digest=_entry_digest(history[-1]),
                dated=at, received=at, topic=str(deployment.pk), summary=deployment.state,
            )  # fmt: skip
    for moved in Version.objects.filter(model__system=system):
        for item in log.history("version", moved.pk):
            data = item.parsed.entry.data if item.parsed.entry else {}
            if data.get("move") in _STOPPED:
                yield EvidenceItem(
                    type="suspension", id=f"entry:{str(item.row.pk)[:8]}", digest=_entry_digest(item),
                    dated=item.row.at, received=item.row.at, topic=str(moved.pk), summary=str(data["move"]),
                )  # fmt: skip
    for incident in Incident.objects.filter(system=system).order_by("-opened_at")[:_ROWS]:
        at = incident.closed_at or incident.opened_at
        yield EvidenceItem(
            type="incident", id=f"incident:{str(incident.pk)[:8]}", digest="", dated=at, received=at,
            topic=str(incident.pk), summary=f"{incident.severity}, {incident.state}",
        )  # fmt: skip
    for waiver in Waiver.objects.filter(version__model__system=system).order_by("-starts")[:_ROWS]:
        at = waiver.decided_at or waiver.starts
        yield EvidenceItem(
            type="waiver", id=f"waiver:{str(waiver.pk)[:8]}", digest="", dated=at, received=at,
            topic=str(waiver.pk), summary=waiver.state,
        )  # fmt: skip


def _organisation(context: Context) -> Iterator[EvidenceItem]:
    policy = context.policy
    if policy is not None and policy.effective_from is not None:
        yield EvidenceItem(
            type="policy", id=f"policy:{policy.tier}-{policy.number}", digest=policy.digest,
            dated=policy.effective_from, received=policy.effective_from,
        )  # fmt: skip
    grant = Grant.objects.filter(state="active").order_by("-confirmed_at").first()
    if grant is not None and grant.confirmed_at is not None:
        yield EvidenceItem(
            type="grants", id=f"grant:{str(grant.pk)[:8]}", digest="", dated=grant.confirmed_at,
            received=grant.confirmed_at, summary="newest confirmed grant",
        )  # fmt: skip
    audit = log.last_audit(full=True) or log.last_audit()
    if audit is not None:
        yield EvidenceItem(
            type="ledger-audit", id=f"audit:{audit.pk}", digest="", dated=audit.at, received=audit.at,
            intact=audit.verdict == "ok", summary=f"{'full' if audit.full else 'partial'}, {audit.verdict}",
        )  # fmt: skip


def _entry_digest(item: log.HistoryItem) -> str:
    return hashlib.sha256(bytes(item.row.bytes)).hexdigest()
