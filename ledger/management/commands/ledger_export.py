"""`manage.py ledger_export DIR`: the published log as files that anybody can verify."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.actors import Actor
from ledger.errors import ServiceError
from ledger.services.export import export_log


class Command(BaseCommand):
    help = "Write the published log to DIR, a new or empty folder, in the C2SP tlog-tiles layout."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dir", type=Path, metavar="DIR")
        parser.add_argument(
            "--log", type=int, metavar="N", help="the log with this number, not the present one"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = export_log(
                actor=Actor.system("ledger-export", door="cli"), target=options["dir"], number=options["log"]
            )
        except ServiceError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{done.path}: {done.size} entries of {done.origin}")
        self.stdout.write(f"root  {done.root.hex()}")
        self.stdout.write(f"chain {done.chain.hex()}")
