"""Resources of this app, under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from governance.api import (
    challenge,
    desk,
    findings,
    lifecycle,
    machines,
    policies,
    readiness,
    versions,
    waivers,
    warrants,
)

app_name = "governance-api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("versions/<uuid:version_id>/submit", versions.Submit.as_view(), name="submit"),
    path("versions/<uuid:version_id>/checks", versions.Checks.as_view(), name="checks"),
    path(
        "versions/<uuid:version_id>/planned-bounds", versions.PlannedBounds.as_view(), name="planned-bounds"
    ),
    path("versions/<uuid:version_id>/requirements", versions.Requirements.as_view(), name="requirements"),
    path("versions/<uuid:version_id>/gates", versions.Gates.as_view(), name="gates"),
    path("versions/<uuid:version_id>/deployments", versions.Deployments.as_view(), name="request-deployment"),
    path("emergencies", lifecycle.Emergencies.as_view(), name="emergencies"),
    path("deployments/<uuid:deployment_id>/roll-back", lifecycle.RollBack.as_view(), name="roll-back"),
    path("deployments/<uuid:deployment_id>/drills", lifecycle.Drills.as_view(), name="drills"),
    path("drills/<uuid:drill_id>/outcome", lifecycle.DrillOutcome.as_view(), name="drill-outcome"),
    path("versions/<uuid:version_id>/retraining", lifecycle.Candidates.as_view(), name="retraining"),
    path("versions/<uuid:version_id>/path", lifecycle.Paths.as_view(), name="path"),
    path("machines", machines.Machines.as_view(), name="machines"),
    path("machines/<slug:name>", machines.OneMachine.as_view(), name="machine"),
    path("things/<slug:kind>/<uuid:row_id>/moves", machines.Moves.as_view(), name="moves"),
    path("schema/policy.json", policies.policy_schema, name="policy-schema"),
    path("policies", policies.Policies.as_view(), name="policies"),
    path("policies/lint", policies.Lint.as_view(), name="policy-lint"),
    path("policies/<uuid:policy_id>", policies.OnePolicy.as_view(), name="policy"),
    path("findings", challenge.Findings.as_view(), name="findings"),
    path("findings/<uuid:finding_id>", challenge.OneFinding.as_view(), name="finding"),
    path("findings/<uuid:finding_id>/response", challenge.Respond.as_view(), name="finding-respond"),
    path("findings/<uuid:finding_id>/moves", findings.Moves.as_view(), name="finding-moves"),
    path("findings/<uuid:finding_id>/severity", findings.Severity.as_view(), name="finding-severity"),
    path("findings/<uuid:finding_id>/successor", findings.Successor.as_view(), name="finding-successor"),
    path("findings/<uuid:finding_id>/extensions", findings.Extensions.as_view(), name="finding-extensions"),
    path("findings/<uuid:finding_id>/dissents", findings.Dissents.as_view(), name="finding-dissents"),
    path(
        "extensions/<uuid:finding_extension_id>/decision",
        findings.ExtensionDecision.as_view(),
        name="finding-extension-decide",
    ),
    path("findings/<uuid:finding_id>/comments", challenge.FindingComments.as_view(), name="finding-comments"),
    path("versions/<uuid:version_id>/documents", readiness.Documents.as_view(), name="documents"),
    path("documents/<uuid:document_id>", readiness.OneDocument.as_view(), name="document"),
    path(
        "documents/<uuid:document_id>/content", readiness.DocumentContent.as_view(), name="document-content"
    ),
    path("versions/<uuid:version_id>/checklists", readiness.Checklists.as_view(), name="checklists"),
    path("models/<uuid:model_id>/wide-waivers", waivers.WideWaivers.as_view(), name="wide-waivers"),
    path("wide-waivers/<uuid:wide_waiver_id>", waivers.OneWideWaiver.as_view(), name="wide-waiver"),
    path("wide-waivers/<uuid:wide_waiver_id>/approve", waivers.Approve.as_view(), name="wide-waiver-approve"),
    path("wide-waivers/<uuid:wide_waiver_id>/refuse", waivers.Refuse.as_view(), name="wide-waiver-refuse"),
    path("wide-waivers/<uuid:wide_waiver_id>/revoke", waivers.Revoke.as_view(), name="wide-waiver-revoke"),
    path("wide-waivers/<uuid:wide_waiver_id>/renewal", waivers.Renewal.as_view(), name="wide-waiver-renew"),
    path("validations", challenge.Validations.as_view(), name="validations"),
    path("validations/<uuid:validation_id>", challenge.OneValidation.as_view(), name="validation"),
    path("validations/<uuid:validation_id>/report", challenge.Report.as_view(), name="validation-report"),
    path(
        "validations/<uuid:validation_id>/comments",
        challenge.ValidationComments.as_view(),
        name="validation-comments",
    ),
    path("versions/<uuid:version_id>/comments", challenge.VersionComments.as_view(), name="version-comments"),
    path("versions/<uuid:version_id>/compare/<uuid:other_id>", desk.Compare.as_view(), name="compare"),
    path("search", desk.Search.as_view(), name="search"),
    path("gate", warrants.Gate.as_view(), name="gate"),
    path("warrants", warrants.Warrants.as_view(), name="warrants"),
    path("warrants/<uuid:warrant_id>", warrants.OneWarrant.as_view(), name="warrant"),
    path("warrants/<uuid:warrant_id>/document", warrants.Document.as_view(), name="warrant-document"),
    path("warrants/status", warrants.Status.as_view(), name="warrant-status"),
    path("warrants/<uuid:warrant_id>/recertification", warrants.Renewal.as_view(), name="renew"),
    path(
        "warrants/<slug:digest>/<str:environment>/<str:region>/<str:arm>",
        warrants.InSlot.as_view(),
        name="warrant-in-slot",
    ),
    path("recertifications", warrants.Renewals.as_view(), name="recertifications"),
    path("recertifications/<uuid:recertification_id>", warrants.OneRenewal.as_view(), name="recertification"),
    path("versions/<uuid:version_id>/conditions", warrants.Conditions.as_view(), name="conditions"),
]
