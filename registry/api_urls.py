"""Resources of this app, under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from registry.api import data, described, imports, inventory, versions

app_name = "registry-api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("systems", inventory.Systems.as_view(), name="systems"),
    path("systems/<uuid:system_id>", inventory.OneSystem.as_view(), name="system"),
    path("systems/<uuid:system_id>/models", inventory.Models.as_view(), name="system-models"),
    path("systems/<uuid:system_id>/datasets", data.Datasets.as_view(), name="datasets"),
    path("systems/<uuid:system_id>/tierings", described.Tierings.as_view(), name="tierings"),
    path("systems/<uuid:system_id>/fields", described.SystemValues.as_view(), name="system-values"),
    path("tierings/<uuid:tiering_id>", described.OneTiering.as_view(), name="tiering"),
    path("models/<uuid:model_id>/fields", described.ModelValues.as_view(), name="model-values"),
    path("models/<uuid:model_id>/dependencies", described.Dependencies.as_view(), name="dependencies"),
    path("dependencies/<uuid:dependency_id>", described.OneDependency.as_view(), name="dependency"),
    path("fields", described.Fields.as_view(), name="fields"),
    path("imports", imports.Imports.as_view(), name="imports"),
    path("imports/<uuid:import_id>", imports.OneImport.as_view(), name="import"),
    path("imports/<uuid:import_id>/rows", imports.ImportRows.as_view(), name="import-rows"),
    path("inventory/overdue", imports.OverdueModels.as_view(), name="overdue"),
    path("models", inventory.AllModels.as_view(), name="models"),
    path("models/<uuid:model_id>", inventory.OneModel.as_view(), name="model"),
    path("models/<uuid:model_id>/versions", versions.Versions.as_view(), name="model-versions"),
    path("models/<uuid:model_id>/slots", inventory.Slots.as_view(), name="slots"),
    path("versions", versions.AllVersions.as_view(), name="versions"),
    path("versions/<uuid:version_id>", versions.OneVersion.as_view(), name="version"),
    path("versions/<uuid:version_id>/files", versions.Files.as_view(), name="files"),
    path("versions/<uuid:version_id>/unpack", versions.Unpack.as_view(), name="unpack"),
    path("versions/<uuid:version_id>/components", versions.Components.as_view(), name="components"),
    path(
        "versions/<uuid:version_id>/components/<uuid:component_id>",
        versions.OneComponent.as_view(),
        name="component",
    ),
    path("versions/<uuid:version_id>/lineage", versions.LineageOf.as_view(), name="lineage"),
    path(
        "versions/<uuid:version_id>/lineage/<uuid:lineage_id>",
        versions.OneLineage.as_view(),
        name="lineage-row",
    ),
    path("versions/<uuid:version_id>/signatures", versions.Signatures.as_view(), name="signatures"),
    path("datasets/<uuid:dataset_id>", data.OneDataset.as_view(), name="dataset"),
    path("datasets/<uuid:dataset_id>/versions", data.DatasetVersions.as_view(), name="dataset-versions"),
    path(
        "dataset-versions/<uuid:dataset_version_id>",
        data.OneDatasetVersion.as_view(),
        name="dataset-version",
    ),
    path("uploads", data.Uploads.as_view(), name="uploads"),
    path("uploads/<uuid:upload_id>", data.OneUpload.as_view(), name="upload"),
    path("uploads/<uuid:upload_id>/finish", data.FinishUpload.as_view(), name="upload-finish"),
    path("slots/<uuid:slot_id>/reports", inventory.Reports.as_view(), name="reports"),
    path("deployments", inventory.Deployments.as_view(), name="deployments"),
    path("deployments/<uuid:deployment_id>", inventory.OneDeployment.as_view(), name="deployment"),
]
