"""`manage.py key_request PURPOSE`: make a key of ours, to be confirmed by another operator."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger import clock
from ledger.errors import ServiceError
from modelwarrant.keys import ALGORITHMS
from people.actors import for_user
from people.selectors import operator_named
from people.services.bootstrap import OWN_KEYS
from people.services.keys import key_request


class Command(BaseCommand):
    help = (
        "Make a log, warrant or report key where the keys are: the web server holds none. It signs nothing before "
        "another operator confirms it in the administration; from then on the newest signs, and the ones before it "
        "stay good until they are retired."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("purpose", choices=OWN_KEYS)
        parser.add_argument("--by", required=True, metavar="EMAIL", help="the operator who asks for it")
        parser.add_argument(
            "--algorithm", choices=ALGORITHMS, help="default: ed25519 for the log, p256 otherwise"
        )
        parser.add_argument(
            "--provider",
            choices=("file", "pkcs11"),
            default="file",
            help="where the private half is made and kept",
        )
        parser.add_argument("--label", default="", help="what people will know it by")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = operator_named(options["by"], "by")
            # Whoever may run this reads the keys themselves; the second person signs in to confirm.
            actor = for_user(user, "cli", authenticated_at=clock.now(), interactive=True)
            key = key_request(
                actor=actor,
                purpose=options["purpose"],
                algorithm=options["algorithm"],
                label=options["label"],
                provider=options["provider"],
            )
        except ServiceError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"key  {key.purpose}  {key.keyid}  requested")
        self.stdout.write("Another operator confirms it in the administration.")
