"""Lists of this app: versions, warrants, policies and reports, each as one table that page and export share."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.db.models import DateTimeField, Q, QuerySet, Value
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from governance.machines import POLICY, REPORT
from governance.models import Report, Warrant
from governance.selectors.standing import STANDING, standing_at
from governance.selectors.visible import policies_visible, reports_visible, warrants_visible
from governance.views.records import PARTS
from ledger import clock
from ledger.actors import Actor
from people.lists import Column, Filter, Listing, choices_of, equals, register, shown_list
from people.pages import reading
from registry.machines import VERSION
from registry.models import Version
from registry.models.systems import RiskTier
from registry.selectors.versions import versions_visible

TIERS = choices_of(RiskTier.values)
STATUSES = ("granted", "active", "due", "grace", "lapsed", "superseded", "void")


def _page(row: Version) -> str:
    return reverse("governance:version", args=[row.pk])


def _named(rows: QuerySet[Version], text: str) -> QuerySet[Version]:
    return rows.filter(
        Q(model__name__icontains=text) | Q(model__system__name__icontains=text) | Q(label__icontains=text)
    )


VERSIONS = register(
    Listing(
        "versions", "Versions", "governance:versions", versions_visible, order="-registered",
        columns=(
            Column("version", "Version", str, link=_page, sort=("model__name", "number")),
            Column("label", "Label", lambda row: row.label, sort=("label",)),
            Column("system", "System", lambda row: row.model.system.name, sort=("model__system__name",),
                   link=lambda row: reverse("registry:system", args=[row.model.system_id])),
            Column("tier", "Risk tier", lambda row: row.model.system.risk_tier, "tier", sort=("model__system__risk_tier",)),
            Column("state", "State", lambda row: row.state, "tag", sort=("state",)),
            Column("subject", "Subject", lambda row: row.subject_digest, "digest"),
            Column("registered", "Registered", lambda row: row.registered_at, "moment", sort=("registered_at",)),
            Column("by", "By", lambda row: row.registered_by, "person"),
        ),
        filters=(
            Filter("q", "Name or label", _named),
            Filter("state", "State", equals("state"), choices_of(state.name for state in VERSION.states)),
            Filter("tier", "Risk tier", equals("model__system__risk_tier"), TIERS),
            Filter("model", "Model", lambda rows, value: rows.filter(model=UUID(value)), hidden=True),
        ),
        things=("version", "versions"),
        empty="No version is registered of anything you may see.",
    )
)  # fmt: skip


def _warrants(actor: Actor) -> QuerySet[Warrant]:
    rows = warrants_visible(actor).prefetch_related(*STANDING)
    return rows.annotate(read_at=Value(clock.now(), output_field=DateTimeField()))


def _status(row: Any) -> str:
    return standing_at(row, row.read_at).status


def _ground(row: Any) -> str:
    return standing_at(row, row.read_at).ground_title


def _with_status(rows: QuerySet[Warrant], status: str) -> QuerySet[Warrant]:
    now: dt.datetime = clock.now()
    issued = Q(state="issued")
    wanted = {
        "active": issued & Q(due_from__gt=now),
        "due": issued & Q(due_from__lte=now, not_after__gt=now),
        "grace": issued & Q(not_after__lte=now, grace_ends__gt=now),
        "lapsed": issued & Q(grace_ends__lte=now),
    }
    # Endings and conditions bring a term forward; the few warrants that have any are judged one by one.
    forward = rows.filter(issued).filter(Q(endings__isnull=False) | Q(version__conditions__isnull=False))
    judged = {row.pk: standing_at(row, now).status for row in forward.prefetch_related(*STANDING).distinct()}
    fitting = [pk for pk, said in judged.items() if said == status]
    by_term = wanted.get(status, Q(state=status)) & ~Q(pk__in=list(judged))
    return rows.filter(by_term | Q(pk__in=fitting))


WARRANTS = register(
    Listing(
        "warrants", "Warrants", "governance:warrants", _warrants, order="-granted",
        columns=(
            Column("version", "Version", lambda row: str(row.version), sort=("version__model__name", "version__number"),
                   link=lambda row: reverse("governance:warrant", args=[row.pk])),
            Column("slot", "Slot", lambda row: str(row.slot), sort=("slot__environment", "slot__region", "slot__arm")),
            Column("status", "Status", _status, "tag"),
            Column("until", "Until", lambda row: standing_at(row, row.read_at).not_after, "moment", sort=("not_after",)),
            Column("granted", "Granted", lambda row: row.granted_at, "moment", sort=("granted_at",)),
            Column("ground", "Ground", _ground),
        ),
        filters=(Filter("status", "Status", _with_status, choices_of(STATUSES)),),
        things=("warrant", "warrants"),
        empty="No warrant is recorded for anything you may see.",
    )
)  # fmt: skip


POLICIES = register(
    Listing(
        "policies", "Policies", "governance:policies", policies_visible, order="tier",
        columns=(
            Column("policy", "Policy", lambda row: f"{row.title} ({row.number})", sort=("title", "number"),
                   link=lambda row: reverse("governance:policy", args=[row.pk])),
            Column("tier", "Tier", lambda row: row.tier, "tier", sort=("tier", "-number")),
            Column("state", "State", lambda row: row.state, "tag", sort=("state",)),
            Column("from", "In force from", lambda row: row.effective_from, "moment", sort=("effective_from",)),
            Column("digest", "Digest", lambda row: row.digest, "digest"),
        ),
        filters=(
            Filter("tier", "Tier", equals("tier"), TIERS),
            Filter("state", "State", equals("state"), choices_of(state.name for state in POLICY.states)),
        ),
        things=("policy", "policies"),
        empty="No policy yet. Until one is in force, nothing of its tier can be submitted.",
    )
)  # fmt: skip

REPORTS = register(
    Listing(
        "reports", "Reports", "governance:reports", reports_visible, order="-requested",
        columns=(
            Column("report", "Report", lambda row: row.kind.title(), sort=("kind",)),
            Column("version", "Version", lambda row: str(row.version), sort=("version__model__name", "version__number")),
            Column("state", "State", lambda row: row.state, "tag", sort=("state",)),
            Column("requested", "Requested", lambda row: row.requested_at, "moment", sort=("requested_at",)),
            Column("snapshot", "Snapshot", lambda row: row.snapshot_at, "moment", sort=("snapshot_at",)),
            Column("data", "Data", lambda row: row.data_digest, "digest"),
        ),
        filters=(
            Filter("kind", "Report", equals("kind"), choices_of(("scorecard", "audit"))),
            Filter("state", "State", equals("state"), choices_of(state.name for state in REPORT.states)),
        ),
        things=("report", "reports"),
        empty="No report was made yet of anything you may see.",
    )
)  # fmt: skip


@reading
def versions(request: HttpRequest) -> HttpResponse:
    """Versions I may see, of every model."""
    return render(request, "components/listing.html", shown_list(request, VERSIONS))


@reading
def warrants(request: HttpRequest) -> HttpResponse:
    """Warrants I may see, the newest first."""
    return render(request, "components/listing.html", shown_list(request, WARRANTS))


@reading
def reports(request: HttpRequest) -> HttpResponse:
    """Reports I may read, the newest first."""
    context: dict[str, Any] = shown_list(request, REPORTS)
    made: list[Report] = context["objects"]
    return render(request, "governance/reports.html", {**context, "made": made, "parts": PARTS})
