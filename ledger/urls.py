"""The public log, and pages of this app under the portal."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from ledger.views import log

app_name = "ledger"
urlpatterns: list[URLPattern | URLResolver] = [
    path("log/checkpoint", log.checkpoint, name="checkpoint"),
    path("log/entry/<uuid:entry_id>", log.entry, name="entry"),
    path("log/proof/<uuid:entry_id>", log.proof, name="proof"),
    path("log/verify", log.verify, name="verify"),
    path("log/tile/<path:path>", log.tile, name="tile"),
    path("log/<int:number>/checkpoint", log.checkpoint, name="checkpoint-of"),
    path("log/<int:number>/tile/<path:path>", log.tile, name="tile-of"),
]
