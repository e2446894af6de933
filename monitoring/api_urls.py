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
    path("batches/<uuid:batch_id>", api.OneBatch.as_view(), name="batch"),
    path("breaches", api.Breaches.as_view(), name="breaches"),
    path("incidents", api.Incidents.as_view(), name="incidents"),
]
