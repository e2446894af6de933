from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PeopleConfig(AppConfig):
    name = "people"
    verbose_name = "People"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Says who delivers; it needs all models, so it can't stand at the top.
        import_module("people.reactions")


class GovernedAdminConfig(AdminConfig):
    """Django's admin, on our own site class."""

    default = False
    default_site = "people.adminsite.GovernedAdminSite"
