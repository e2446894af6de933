"""`manage.py seed`: an installation as large as one of years, made through the services, to measure and to look at."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.seed import build, people
from config.seed.plan import Plan
from ledger.actors import Actor
from ledger.services.checkpoints import publish
from ledger.services.sequencer import integrate_all

REPORT_SECONDS = 10


class Command(BaseCommand):
    help = (
        "Make models, versions and decisions through the services, every one with its entries, in an empty database or "
        "one that a seed began. Started again it goes on where it stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--models", type=int, default=100)
        parser.add_argument("--versions", type=int, default=500, help="of all models together")
        parser.add_argument("--decisions", type=int, default=5_000, help="on all versions together")
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same plan")
        parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
        parser.add_argument("--part", type=int, default=None, help="one process of several, from 0")

    def handle(self, *args: Any, **options: Any) -> None:
        plan = Plan(options["models"], options["versions"], options["decisions"], options["seed"])
        if not 0 < plan.models <= plan.versions:
            raise CommandError("There must be a model at least, and a version of each.")
        parts = max(1, options["processes"])
        if options["part"] is not None:
            self._part(plan, people.known(plan), options["part"], parts)
            return
        try:
            people.crowd(plan)
        except people.Foreign as error:
            raise CommandError(str(error)) from error
        began = time.monotonic()
        self._all(plan, parts)
        self.stdout.write("integrating the log")
        integrate_all(actor=Actor.system("sequencer"))
        publish(actor=Actor.system("sequencer"))
        self.stdout.write(f"done in {_told(time.monotonic() - began)}")

    def _all(self, plan: Plan, parts: int) -> None:
        if parts == 1:
            self._part(plan, people.known(plan), 0, 1)
            return
        said = [f"--{name}={getattr(plan, name)}" for name in ("models", "versions", "decisions", "seed")]
        command = [sys.executable, sys.argv[0], "seed", *said, f"--processes={parts}"]
        started = [subprocess.Popen([*command, f"--part={part}"]) for part in range(parts)]
        if failed := [process.pid for process in started if process.wait()]:
            raise CommandError(f"{len(failed)} of {parts} processes ended early; start it again to go on.")

    def _part(self, plan: Plan, crowd: people.Crowd, part: int, parts: int) -> None:
        began = told = time.monotonic()
        systems, made = list(plan.part(part, parts)), build.Made()
        for done, number in enumerate(systems, 1):
            made += build.system_make(plan, crowd, number)
            now = time.monotonic()
            if now - told >= REPORT_SECONDS or done == len(systems):
                told = now
                left = (now - began) / done * (len(systems) - done)
                self.stdout.write(
                    f"part {part + 1} of {parts}: {made.models:,} models, {made.versions:,} versions, "
                    f"{made.decisions:,} decisions; {made.decisions / (now - began):.1f} decisions/s, {_told(left)} left"
                )
                self.stdout.flush()


def _told(seconds: float) -> str:
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60):02} min {int(seconds % 60):02} s"
