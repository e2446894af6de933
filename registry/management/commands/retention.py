"""`manage.py retention`: which retired systems' bodies are kept how long; with `--delete`, end those whose term is over."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger import clock
from ledger.errors import Refused, ServiceError
from people.actors import for_user
from people.selectors import operator_named
from registry.models import System
from registry.selectors import retention
from registry.services.retention import bodies_delete


class Command(BaseCommand):
    help = (
        "List the retired systems with their term and what keeps their files, data and reports. Nothing is deleted "
        "without --delete, and nothing ever that is in its term or under a legal hold."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--delete", metavar="SYSTEM", help="slug of the system whose bodies are to be deleted"
        )
        parser.add_argument("--by", metavar="EMAIL", help="the operator who deletes them")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["delete"]:
            self._delete(options["delete"], options["by"])
            return
        found = retention.terms()
        for term in found:
            state = "due" if term.due else f"kept: {'; '.join(term.kept_by)}"
            self.stdout.write(f"{term.system.slug}  {term.rule.name} ({term.rule.years} years)  {state}")
        if not found:
            self.stdout.write("No system is retired.")

    def _delete(self, slug: str, email: str | None) -> None:
        if not email:
            raise CommandError("--by names the operator who deletes them")
        system = System.objects.filter(slug=slug).first()
        if system is None:
            raise CommandError(f"there is no system {slug}")
        try:
            actor = for_user(
                operator_named(email, "by"), "cli", authenticated_at=clock.now(), interactive=True
            )
            count = bodies_delete(actor=actor, system_id=system.pk)
        except Refused as error:
            reasons = "".join(f"\n- {reason['text']}" for reason in error.reasons)
            raise CommandError(f"{error}{reasons}") from error
        except ServiceError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{slug}: {count} bodies deleted; their digests, signatures and every entry are kept"
        )
