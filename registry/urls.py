"""Pages of this app, under the portal."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from registry import views

app_name = "registry"
urlpatterns: list[URLPattern | URLResolver] = [
    path("systems/", views.systems, name="inventory"),
    path("systems/<uuid:system_id>/", views.system, name="system"),
    path("models/<uuid:model_id>/", views.model, name="model"),
]
