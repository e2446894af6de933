"""Pages of this app, under the portal."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from governance.views import acts, decisions, inbox, records, versions

app_name = "governance"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", inbox.inbox, name="inbox"),
    path("versions/<uuid:version_id>/", versions.version, name="version"),
    path("versions/<uuid:version_id>/decide/", decisions.decide, name="decide"),
    path("act/<slug:name>/<uuid:row_id>/", acts.act, name="act"),
    path("warrants/", records.warrants, name="warrants"),
    path("warrants/<uuid:warrant_id>/", records.warrant, name="warrant"),
    path("warrants/<uuid:warrant_id>/warrant.json", records.warrant_document, name="warrant-document"),
    path("policies/", records.policies, name="policies"),
    path("policies/<uuid:policy_id>/", records.policy, name="policy"),
    path("reports/", records.reports, name="reports"),
    path("reports/<uuid:report_id>/<slug:part>/", records.report_file, name="report-file"),
    path("machines/", records.machines, name="machines"),
    path("ledger/", records.ledger, name="ledger"),
    path("ledger/entries/<uuid:entry_id>/", records.entry, name="entry"),
]
