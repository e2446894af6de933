"""The ASGI application."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["LEDGER_HOLDS_KEYS"] = "false"  # whoever breaks into the web process finds no signing key there

application = get_asgi_application()
