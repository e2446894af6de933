"""Pages of this app, under the portal."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from registry.views import fields, imports, models, systems, tierings

app_name = "registry"
urlpatterns: list[URLPattern | URLResolver] = [
    path("systems/", systems.systems, name="inventory"),
    path("systems/<uuid:system_id>/", systems.system, name="system"),
    path("systems/<uuid:system_id>/tiering/", tierings.tiering, name="tiering"),
    path("systems/<uuid:system_id>/tiering/propose/", tierings.propose, name="tiering-propose"),
    path("systems/<uuid:system_id>/fields/", fields.system_values, name="system-values"),
    path("models/<uuid:model_id>/", models.model, name="model"),
    path("models/<uuid:model_id>/fields/", fields.model_values, name="model-values"),
    path("models/<uuid:model_id>/dependencies/", models.model_dependencies, name="model-dependencies"),
    path("models/<uuid:model_id>/register/", models.subject_register, name="subject-register"),
    path("dependencies/<uuid:dependency_id>/remove/", models.dependency_end, name="dependency-end"),
    path("versions/<uuid:version_id>/declaration.json", models.declaration, name="declaration"),
    path("datasets/<uuid:dataset_id>/", models.dataset, name="dataset"),
    path("inventory/overdue/", imports.overdue, name="overdue"),
    path("inventory/export.csv", imports.export, name="inventory-export"),
    path("inventory/imports/", imports.imports, name="imports"),
    path("inventory/imports/<uuid:import_id>/", imports.one_import, name="import"),
    path("inventory/imports/<uuid:import_id>/columns/", imports.import_columns, name="import-columns"),
    path("inventory/imports/<uuid:import_id>/confirm/", imports.import_vouch, name="import-confirm"),
    path("inventory/imports/<uuid:import_id>/discard/", imports.import_drop, name="import-discard"),
    path("inventory/imports/<uuid:import_id>/errors.csv", imports.import_faults, name="import-faults"),
    path("inventory/fields/", fields.fields, name="fields"),
    path("inventory/fields/<uuid:field_id>/retire/", fields.field_end, name="field-end"),
]
