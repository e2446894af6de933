from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class LedgerConfig(AppConfig):
    name = "ledger"
    verbose_name = "Ledger"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models can be imported only once the registry is full, so not at the top of this module.
        after_migrate = import_module("ledger.signals").after_migrate
        post_migrate.connect(after_migrate, sender=self, dispatch_uid="ledger.after_migrate")
        # Every app's events are known before the first of them is recorded or read.
        autodiscover_modules("events")
