"""`manage.py ledger_audit`: verify log and governed state; exit 1 when something is wrong."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.actors import Actor
from ledger.services.audit import ledger_audit


class Command(BaseCommand):
    help = (
        "Recompute the log from its entries and compare governed state with it. Exit 1 names what is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--log-only", action="store_true", help="leave governed state out: a partial audit"
        )
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        run = ledger_audit(actor=Actor.system("ledger-audit", door="cli"), state=not options["log_only"])
        if options["json"]:
            self.stdout.write(json.dumps(run.as_dict(), indent=1))
        else:
            for fault in run.faults:
                self.stdout.write(fault.text())
            if run.found > len(run.faults):
                self.stdout.write(f"... and {run.found - len(run.faults)} more")
            extent = "log and governed state" if run.full else "log only, a partial audit"
            self.stdout.write(f"{run.verdict}: {run.size} entries, {extent}, {run.found} faults")
        if run.verdict != "ok":
            sys.exit(1)
