"""`manage.py check_replay RUN`: measure a recorded run again; exit 0 if it gives the same digest, 1 if not."""

from __future__ import annotations

import sys
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.errors import ServiceError
from monitoring.models import Run
from monitoring.services.replays import check_replay
from monitoring.statistics.inputs import BadInput

_SHOWN = 20


class Command(BaseCommand):
    help = (
        "Measure a recorded run of a check again, from the stored bytes, with the bounds, parameters and seed that were "
        "recorded, and compare the digests of the outcomes. Writes nothing. Exit 0 same, 1 different, 3 cannot be checked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", help="id of the run")
        parser.add_argument(
            "--threads", type=int, metavar="N", help="threads that count (any number gives the same)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = (
                Run.objects.select_related("batch", "current", "reference")
                .filter(pk=UUID(options["run"]))
                .first()
            )
        except ValueError as error:
            raise CommandError(f"{options['run']} is no run's id") from error
        if run is None:
            raise CommandError(f"there is no run {options['run']}")
        try:
            found = check_replay(run, threads=options["threads"])
        except (ServiceError, BadInput) as error:
            self.stdout.write(f"CANNOT BE CHECKED: {error} [{error.code}]")
            sys.exit(3)
        if found.same:
            self.stdout.write(f"SAME: {run.check_name} of {run.version} gives {found.found}")
            return
        self.stdout.write(f"DIFFERENT: {run.check_name} of {run.version}")
        self.stdout.write(f"  recorded  {found.recorded}\n  found     {found.found}")
        for line in found.differences[:_SHOWN]:
            self.stdout.write(f"  {line}")
        if len(found.differences) > _SHOWN:
            self.stdout.write(f"  and {len(found.differences) - _SHOWN} more")
        sys.exit(1)
