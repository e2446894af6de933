"""Fetch the public keys of an issuer of pipeline identities into the file that WORKLOAD_ISSUERS names.

The only time such an issuer is asked anything: at an operator's command, at the address the operator configured.
"""

from __future__ import annotations

import json
import os
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from people.provider import Unreachable, fetched
from people.services.workloads import usable_keys


class Command(BaseCommand):
    help = "Fetch an issuer's public keys into its file (WORKLOAD_ISSUERS). Look at them before they are trusted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "issuer", help="as in WORKLOAD_ISSUERS: https://token.actions.githubusercontent.com"
        )

    def handle(self, *, issuer: str, **options: Any) -> None:
        path = settings.WORKLOAD_ISSUERS.get(issuer)
        if path is None:
            raise CommandError(f"WORKLOAD_ISSUERS names no file for {issuer}.")
        try:
            said = fetched(issuer.rstrip("/") + "/.well-known/openid-configuration")
            if said.get("issuer") != issuer:
                raise CommandError(f"What answers there is another issuer: {said.get('issuer')!r}.")
            keys = usable_keys(fetched(str(said.get("jwks_uri", ""))))
        except (Unreachable, ValueError) as error:
            raise CommandError(f"{issuer}: {error}") from error
        _replace(Path(path), json.dumps({"keys": keys}, indent=1, sort_keys=True))
        for key in keys:
            self.stdout.write(f"{key.get('kid')} {key.get('kty')} {key.get('alg', '')}")
        self.stdout.write(f"{len(keys)} keys in {path}")


def _replace(path: Path, text: str) -> None:
    """The whole file or the old one: a request in between reads no half."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(name).chmod(0o644)
    Path(name).replace(path)
