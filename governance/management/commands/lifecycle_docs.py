"""`manage.py lifecycle_docs`: write docs/lifecycle.md from the tables the services obey."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from governance.services.lifecycle import document


class Command(BaseCommand):
    help = "Write docs/lifecycle.md from the machines, gates, roles and events; --check only compares."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail if the file differs")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "lifecycle.md"
        text = document()
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            raise CommandError("docs/lifecycle.md isn't what the tables say; run manage.py lifecycle_docs.")
