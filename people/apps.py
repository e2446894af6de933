from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PeopleConfig(AppConfig):
    name = "people"
    verbose_name = "People"
    default_auto_field = "django.db.models.BigAutoField"


class GovernedAdminConfig(AdminConfig):
    """Django's admin, on our own site class."""

    default = False
    default_site = "people.adminsite.GovernedAdminSite"
