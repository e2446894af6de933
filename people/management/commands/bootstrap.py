"""`manage.py bootstrap`: the recorded beginning. Names two operators, makes the first keys, closes itself."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger.actors import Actor
from ledger.errors import ServiceError
from people.services.bootstrap import Named, bootstrap


class Command(BaseCommand):
    help = (
        "Make two people operators and create the first keys; can be done once. Passwords are taken from "
        "FIRST_PASSWORD and SECOND_PASSWORD or FIRST_PASSWORD_FILE and SECOND_PASSWORD_FILE, otherwise made and "
        "printed; each must be changed at the first sign-in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        for which in ("first", "second"):
            parser.add_argument(
                f"--{which}", nargs=2, metavar=("NAME", "EMAIL"), required=True, help=f"the {which} operator"
            )
        parser.add_argument(
            "--again",
            action="store_true",
            help="begin again where fewer than two operators are left in force",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            begun = bootstrap(
                actor=Actor.system("bootstrap", door="cli"),
                first=_named(options["first"], "FIRST"),
                second=_named(options["second"], "SECOND"),
                again=options["again"],
            )
        except ServiceError as error:
            raise CommandError(str(error)) from error
        people = [
            {
                "name": user.name,
                "email": user.email,
                "pseudonym": user.pseudonym,
                "password": password or None,
            }
            for user, password in begun.people
        ]
        keys = [{"purpose": key.purpose, "keyid": key.keyid} for key in begun.keys]
        if options["json"]:
            self.stdout.write(json.dumps({"people": people, "keys": keys}, indent=2))
            return
        for person in people:
            told = person["password"] or "as given"
            self.stdout.write(f"operator  {person['name']} <{person['email']}>  one-time password: {told}")
        for key in keys:
            self.stdout.write(f"key       {key['purpose']:8}  {key['keyid']}")
        self.stdout.write(
            "Both sign in, replace the password and set up a second factor. This door is closed now."
        )


def _named(given: list[str], which: str) -> Named:
    name, email = given
    return Named(name=name, email=email, password=_password(which))


def _password(which: str) -> str | None:
    if path := os.environ.get(f"{which}_PASSWORD_FILE"):
        try:
            return Path(path).read_text().rstrip("\n")
        except OSError as error:
            raise CommandError(f"{which}_PASSWORD_FILE: cannot read {path}: {error.strerror}.") from error
    return os.environ.get(f"{which}_PASSWORD") or None
