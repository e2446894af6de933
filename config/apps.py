from __future__ import annotations

from django.apps import AppConfig

from config import startup


class StartupConfig(AppConfig):
    """Last of the installed apps: refuses to start where a setting or a table is unsound.

    Django's system checks alone would not do: they don't run under a web server.
    """

    name = "config"
    verbose_name = "ModelWarrant"

    def ready(self) -> None:
        startup.verify_settings()
        startup.verify_tables()
