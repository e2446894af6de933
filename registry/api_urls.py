"""Resources of this app, under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

app_name = "registry-api"
urlpatterns: list[URLPattern | URLResolver] = []
