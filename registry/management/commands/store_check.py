"""`manage.py store_check`: whether the store of artifacts and the database belong together; exit 1 if they don't."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from registry.models import Blob
from registry.selectors.store import store_faults


class Command(BaseCommand):
    help = (
        "Hold the stored files against the database and name each that is missing, changed or extra: to be run after a "
        "restore, above all where database and files were saved at different times. Changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--full", action="store_true", help="hash every byte, instead of comparing sizes")

    def handle(self, *args: Any, **options: Any) -> None:
        found: Counter[str] = Counter()
        for fault in store_faults(full=options["full"]):
            found[fault.kind] += 1
            self.stdout.write(fault.text)
        how = "every byte hashed" if options["full"] else "sizes compared; --full hashes every byte"
        count = Blob.objects.filter(deleted_at=None).count()
        if not found:
            self.stdout.write(f"ok: {count} stored files are those of the database ({how})")
            return
        counts = ", ".join(f"{number} {kind}" for kind, number in sorted(found.items()))
        self.stdout.write(f"store and database differ: {counts}; {count} files are recorded ({how})")
        sys.exit(1)
