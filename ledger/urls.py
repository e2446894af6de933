"""The public log, and pages of this app under the portal."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from ledger.views import log

app_name = "ledger"
urlpatterns: list[URLPattern | URLResolver] = [
    path("log/checkpoint", log.checkpoint, name="checkpoint"),
    path("log/tile/<path:path>", log.tile, name="tile"),
]
