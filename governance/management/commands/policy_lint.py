"""`manage.py policy_lint FILE`: every problem of a policy text with its line; exit 1 if there are any."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.policies.document import digest, lint
from governance.services.policies import known_words


class Command(BaseCommand):
    help = "Check a policy text against the schema and the words of this installation. Stores nothing."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a YAML file")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        text = text_of(path)
        problems = lint(text, known=known_words())
        if options["json"]:
            said = [
                {"line": item.line, "column": item.column, "path": item.path, "message": item.message}
                for item in problems
            ]
            self.stdout.write(
                json.dumps({"file": str(path), "digest": digest(text), "problems": said}, indent=2)
            )
        else:
            for item in problems:
                self.stdout.write(f"{path}:{item.line}: {item.message}")
            if not problems:
                self.stdout.write(f"{path}: ok, {digest(text)}")
        if problems:
            sys.exit(1)


def text_of(path: Path) -> str:
    """The text of a file. Raises CommandError."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: {error}") from error
