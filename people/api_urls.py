"""Resources of this app, under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from people import api

app_name = "people-api"
urlpatterns: list[URLPattern | URLResolver] = [path("me", api.Me.as_view(), name="me")]
