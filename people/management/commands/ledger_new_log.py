"""`manage.py ledger_new_log`: end the present log and start another that names it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger import selectors
from ledger.actors import Actor
from ledger.errors import ServiceError
from people.services.logs import new_log


class Command(BaseCommand):
    help = (
        "Start a log after the present one, where entries that were signed are lost for good (an old backup was "
        "restored, the signer's state is gone) and the signer refuses. The old log stays readable; the first entry of "
        "the new one names it, what was signed of it and what this database holds of it. Nothing undoes this. Run it "
        "where the keys are; run it again with the same origin if it was interrupted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--origin", required=True, help="name of the new log, as example.org/log2")
        parser.add_argument("--reason", required=True, help="why; kept as a commitment in the log")
        parser.add_argument("--by", required=True, metavar="EMAIL", help="the operator who decides it")
        parser.add_argument("--confirmed-by", required=True, metavar="EMAIL", help="another who agrees")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            started = new_log(
                actor=Actor.system("new-log", door="cli"),
                origin=options["origin"],
                reason=options["reason"],
                by=options["by"],
                confirmed_by=options["confirmed_by"],
            )
        except ServiceError as error:
            raise CommandError(str(error)) from error
        told = "holds all that was signed" if started.sound else "does NOT hold all that was signed"
        self.stdout.write(f"log {started.log.number}: {started.log.origin}")
        self.stdout.write(f"after {started.predecessor.origin}; this database {told} of it")
        for verifier in selectors.verifiers(started.log.origin):
            self.stdout.write(f"vkey  {verifier.vkey}")
        self.stdout.write("Give auditors and witnesses the new verifier key beside the old one.")
