"""`manage.py serve`: the portal, with its worker, on what `make demo` left; prints a sign-in per role."""

from __future__ import annotations

import json
import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pyotp
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.demo.stage import Stopped, answering, running, sole_use, until


class Command(BaseCommand):
    help = (
        "Open the portal on the demo's records until interrupted. --code EMAIL prints a present sign-in code."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1:8000", help="host:port, default %(default)s")
        parser.add_argument("--code", metavar="EMAIL", help="print this person's code of the moment and stop")

    def handle(self, *args: Any, bind: str, code: str | None, **options: Any) -> None:
        home = Path(settings.MODELWARRANT_HOME)
        kept = home / "sign-ins.json"
        if not kept.exists():
            raise CommandError("There is no demo yet. Run `make demo` first.")
        rows: list[dict[str, Any]] = json.loads(kept.read_text(encoding="utf-8"))
        if code is not None:
            self._code(rows, code)
            return
        try:
            with sole_use(home), running(home, bind=bind) as processes:
                url = f"http://{bind}"
                until("the web server", lambda: answering(url), seconds=30, logs=home / "logs")
                self._print(rows, url)
                self._wait(processes)
        except Stopped as error:
            raise CommandError(str(error)) from error

    def _code(self, rows: list[dict[str, Any]], email: str) -> None:
        for row in rows:
            if row["email"] == email:
                self.stdout.write(pyotp.TOTP(row["secret"]).now())
                return
        raise CommandError(f"Nobody signs in as {email}.")

    def _print(self, rows: list[dict[str, Any]], url: str) -> None:
        self.stdout.write(f"The portal is at {url} (stop it with Ctrl-C).\n\nSign-ins of the demo:")
        for row in rows:
            roles = ", ".join(row["roles"])
            self.stdout.write(f"  {roles:<24} {row['email']:<32} {row['password']}")
        tool = "MODELWARRANT_HOME=var/demo/home .venv/bin/python manage.py serve --code EMAIL"
        self.stdout.write(f"\nThe second factor's six digits of the moment:\n  {tool}\n")
        self.stdout.flush()

    def _wait(self, processes: list[Any]) -> None:
        over = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: over.set())
        while not over.wait(1.0):
            for process in processes:
                if process.poll() is not None:
                    raise Stopped(f"A process ended ({' '.join(process.args[1:4])}); see its log.")
