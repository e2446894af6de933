from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class StartupConfig(AppConfig):
    """Last of the installed apps: refuses to start where a setting or a table is unsound.

    Django's system checks alone would not do: they don't run under a web server.
    """

    name = "config"
    verbose_name = "ModelWarrant"

    def ready(self) -> None:
        # by name: it imports models, which are ready only now
        startup = import_module("config.startup")
        startup.verify_settings()
        startup.verify_tables()
