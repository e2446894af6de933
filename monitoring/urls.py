"""Pages of this app, under the portal."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from monitoring import views

app_name = "monitoring"
urlpatterns: list[URLPattern | URLResolver] = [
    path("runs/<uuid:run_id>/", views.run, name="run"),
    path("monitoring/", views.monitors, name="monitors"),
    path("deployments/<uuid:deployment_id>/monitoring/", views.monitor, name="monitor"),
    path("breaches/", views.breaches, name="breaches"),
    path("breaches/<uuid:breach_id>/", views.breach, name="breach"),
    path("incidents/", views.incidents, name="incidents"),
]
