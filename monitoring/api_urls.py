"""Resources of this app, under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from monitoring import api

app_name = "monitoring-api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("versions/<uuid:version_id>/runs", api.Runs.as_view(), name="runs"),
    path("runs/<uuid:run_id>", api.OneRun.as_view(), name="run"),
    path("runs/<uuid:run_id>/cancel", api.CancelRun.as_view(), name="run-cancel"),
    path("deployments/<uuid:deployment_id>/batches", api.Batches.as_view(), name="batches"),
    path("deployments/<uuid:deployment_id>/rows", api.Rows.as_view(), name="rows"),
    path("deployments/<uuid:deployment_id>/labels", api.LabelSets.as_view(), name="labels"),
    path("deployments/<uuid:deployment_id>/label-rows", api.LabelRows.as_view(), name="label-rows"),
    path("deployments/<uuid:deployment_id>/monitor", api.OneMonitor.as_view(), name="monitor"),
    path("batches/<uuid:batch_id>", api.OneBatch.as_view(), name="batch"),
    path("breaches", api.Breaches.as_view(), name="breaches"),
    path("incidents", api.Incidents.as_view(), name="incidents"),
]
