"""Pages of this app, under the portal."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

app_name = "monitoring"
urlpatterns: list[URLPattern | URLResolver] = []
