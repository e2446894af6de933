"""Operators look the registry up here and change nothing: every change has its service and its page.

Rows are those that the operator's grants reach; nobody adds, changes, deletes or runs an action, whatever
Django's own permissions or a superuser flag say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from ledger.models import Governed
from people import access, actors
from people.catalogue import P, viewed_by
from registry.models import (
    AIModel,
    ArtifactFile,
    Component,
    Contribution,
    CustomField,
    CustomValue,
    Dataset,
    DatasetVersion,
    Dependency,
    Deployment,
    DeploymentReport,
    ImportedModel,
    InventoryImport,
    LegalHold,
    Lineage,
    Ownership,
    Signature,
    Slot,
    System,
    Tiering,
    Upload,
    Version,
)

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
else:
    _Admin = admin.ModelAdmin


class ReadOnlyAdmin(_Admin):
    """Shows every column of the rows one may see, and offers nothing else."""

    actions = None
    list_per_page = 50
    list_select_related = True
    show_full_result_count = False

    def __init__(self, model: type[Governed], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        self.permission = P(viewed_by(model.ledger_kind) or P.PEOPLE_EDIT)
        self.list_display = ("__str__", *(model.ledger_columns[:5]))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return access.visible(actors.of(request), self.permission, super().get_queryset(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [field.name for field in self.model._meta.concrete_fields]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """These lists have no filters, so no address may filter them."""
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        reach = access.reach(actors.of(request))
        return reach.anywhere(self.permission) if obj is None else reach.allows(self.permission, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ValueAdmin(ReadOnlyAdmin):
    """Who wrote a field when; what stands in it is for whom the field is for, on the pages of its system or model."""

    exclude = ("text",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for name in super().get_readonly_fields(request, obj) if name not in self.exclude]


for governed in (
    System,
    Ownership,
    AIModel,
    Version,
    ArtifactFile,
    Component,
    Signature,
    Contribution,
    Dataset,
    DatasetVersion,
    LegalHold,
    Lineage,
    Upload,
    Slot,
    Deployment,
    DeploymentReport,
    Tiering,
    Dependency,
    CustomField,
    InventoryImport,
    ImportedModel,
):
    admin.site.register(governed, ReadOnlyAdmin)
admin.site.register(CustomValue, ValueAdmin)
