"""Pages of this app, under the portal."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from governance.views import (
    acts,
    comments,
    comparison,
    decisions,
    emergencies,
    findings,
    inbox,
    lists,
    machines,
    policies,
    policy_editor,
    readiness,
    reading,
    records,
    search,
    seats,
    validations,
    versions,
    warrants,
)

app_name = "governance"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", inbox.inbox, name="inbox"),
    path("versions/", lists.versions, name="versions"),
    path("versions/<uuid:version_id>/", versions.version, name="version"),
    path("versions/<uuid:version_id>/decide/", decisions.decide, name="decide"),
    path("versions/<uuid:version_id>/compare/", comparison.choose, name="compare-choose"),
    path("versions/<uuid:version_id>/compare/<uuid:other_id>/", comparison.compared, name="compare"),
    path("search/", search.search, name="search"),
    path("reading/", reading.reading, name="reading"),
    path("act/<slug:name>/<uuid:row_id>/", acts.act, name="act"),
    path("warrants/", lists.warrants, name="warrants"),
    path("reports/", lists.reports, name="reports"),
    path("versions/<uuid:version_id>/documents/", readiness.documents, name="documents"),
    path("versions/<uuid:version_id>/checklist/<slug:move>/", readiness.checklist, name="checklist"),
    path("documents/<uuid:document_id>/", readiness.document, name="document"),
    path("documents/<uuid:document_id>/remove/", readiness.remove, name="document-remove"),
    path("policies/", policies.policies, name="policies"),
    path("policies/new/", policy_editor.new, name="policy-new"),
    path("policies/text/", policy_editor.text, name="policy-text"),
    path("policies/drafts/<uuid:copy_id>/", policy_editor.copy, name="policy-copy"),
    path("policies/drafts/<uuid:copy_id>/discard/", policy_editor.discard, name="policy-copy-discard"),
    path(
        "policies/drafts/<uuid:copy_id>/change/<str:part>/", policy_editor.change, name="policy-copy-change"
    ),
    path(
        "policies/drafts/<uuid:copy_id>/remove/<str:part>/", policy_editor.remove, name="policy-copy-remove"
    ),
    path("policies/<uuid:policy_id>/", policies.policy, name="policy"),
    path("policies/<uuid:policy_id>/edit/", policy_editor.edit, name="policy-edit"),
    path("policies/<uuid:policy_id>/compare/<uuid:other_id>/", policies.comparison, name="policy-compare"),
    path("policies/<uuid:policy_id>/dry-run/", policies.trial, name="policy-dry-run"),
    path("warrants/<uuid:warrant_id>/", warrants.warrant, name="warrant"),
    path("warrants/<uuid:warrant_id>/warrant.json", warrants.warrant_document, name="warrant-document"),
    path("recertifications/<uuid:recertification_id>/", warrants.recertification, name="recertification"),
    path("systems/<uuid:system_id>/drills/", warrants.drills, name="drills"),
    path("seats/", seats.seats, name="seats"),
    path("workload/", seats.work, name="workload"),
    path("findings/", findings.findings, name="findings"),
    path("findings/new/", findings.new, name="finding-new"),
    path("findings/<uuid:finding_id>/", findings.finding, name="finding"),
    path("validations/", validations.validations, name="validations"),
    path("validations/workload/", validations.workload, name="validators"),
    path("validations/reassign/", validations.reassign, name="reassign"),
    path("validations/<uuid:validation_id>/", validations.validation, name="validation"),
    path("validations/<uuid:validation_id>/report/", validations.report, name="validation-report"),
    path("comments/<slug:kind>/<uuid:row_id>/", comments.threads, name="comments"),
    path("reports/<uuid:report_id>/<slug:part>/", records.report_file, name="report-file"),
    path("emergencies/", emergencies.emergencies, name="emergencies"),
    path("machines/", machines.machines, name="machines"),
    path("machines/<slug:name>/", machines.machine, name="machine"),
    path("things/<slug:kind>/<uuid:row_id>/", machines.one, name="thing"),
    path("ledger/", records.ledger, name="ledger"),
    path("ledger/entries/<uuid:entry_id>/", records.entry, name="entry"),
]
