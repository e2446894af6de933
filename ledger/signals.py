"""After every `migrate`: triggers back in place, and a log to write to."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.db import connections

from ledger import triggers
from ledger.models import Log
from ledger.services import scope


def after_migrate(*, using: str, **kwargs: Any) -> None:
    """Install triggers and open log 1 where there is none. Does nothing while the tables aren't there."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    if not {model._meta.db_table for model in triggers.APPEND_ONLY} <= tables:
        return
    triggers.install(connection)
    scope.forget_log()
    if not Log.objects.using(using).exists():
        # Two installations must never share an origin: their checkpoints would look like forks of one log.
        origin = f"{settings.LEDGER_ORIGIN}/{secrets.token_hex(4)}"
        Log.objects.using(using).create(number=1, origin=origin)
