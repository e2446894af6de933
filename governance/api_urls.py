"""Resources of this app, under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from governance.api import versions, warrants

app_name = "governance-api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("versions/<uuid:version_id>/submit", versions.Submit.as_view(), name="submit"),
    path("versions/<uuid:version_id>/checks", versions.Checks.as_view(), name="checks"),
    path(
        "versions/<uuid:version_id>/planned-bounds", versions.PlannedBounds.as_view(), name="planned-bounds"
    ),
    path("versions/<uuid:version_id>/requirements", versions.Requirements.as_view(), name="requirements"),
    path("versions/<uuid:version_id>/gates", versions.Gates.as_view(), name="gates"),
    path("versions/<uuid:version_id>/deployments", versions.Deployments.as_view(), name="request-deployment"),
    path("gate", warrants.Gate.as_view(), name="gate"),
    path("warrants", warrants.Warrants.as_view(), name="warrants"),
    path("warrants/<uuid:warrant_id>", warrants.OneWarrant.as_view(), name="warrant"),
    path("warrants/<uuid:warrant_id>/document", warrants.Document.as_view(), name="warrant-document"),
]
