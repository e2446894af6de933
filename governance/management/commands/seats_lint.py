"""`manage.py seats_lint`: the seats of the policies in force that today's people can't fill; exit code 1 where there are any."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from governance.selectors.seats import Line, Lint, in_use


class Command(BaseCommand):
    help = (
        "List the seats that today's people can't fill, by system and model. Exit code 1 where there are any."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        lines = list(Lint().lines(in_use().iterator()))
        faults = [line for line in lines if not line.sound]
        for line in faults:
            where = f"{line.system.slug}/{line.model.slug}" if line.model else line.system.slug
            self.stdout.write(f"{where}: {_why(line)}")
        self.stdout.write(f"{len(lines)} looked at, {len(faults)} with seats that nobody could fill")
        if faults:
            sys.exit(1)


def _why(line: Line) -> str:
    if line.policy is None:
        return f"no policy is in force for the tier {line.system.risk_tier}"
    if not line.seats:
        return f"{line.policy} names no seat"
    empty = "; ".join(f"{seat.role} ({len(seat.able)} could)" for seat in line.empty)
    return f"{line.policy}: {empty}"
