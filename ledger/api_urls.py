"""Resources of this app, under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from ledger import api

app_name = "ledger-api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("ledger/keys", api.KeysView.as_view(), name="keys"),
    path("ledger/checkpoint", api.CheckpointView.as_view(), name="checkpoint"),
    path("ledger/entries/<uuid:entry_id>/proof", api.ProofView.as_view(), name="proof"),
    path("ledger/entries/<uuid:entry_id>/receipt", api.ReceiptView.as_view(), name="receipt"),
]
