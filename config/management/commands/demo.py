"""`manage.py demo`: the main job end to end, on real data, with a real worker. Leaves its results in var/demo."""

from __future__ import annotations

import os
import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config.demo import cast as casting
from config.demo import evidence, study
from config.demo.stage import Stopped, answering, free_port, running, sole_use, until
from config.demo.story import Story
from config.demo.told import Told
from config.demo.training import Trained
from ledger import clock
from ledger.actors import Actor
from ledger.services.audit import ledger_audit
from registry.selectors.versions import version_by_id

POLICY = settings.BASE_DIR / "fixtures" / "policies" / "high.yaml"
TRIAL = (
    ("bound: 0.65", "bound: 0.50"),
    ("bound: 0.70", "bound: 0.55"),
    ("High-risk models", "Trial on other data"),
)
"""Other people's data get bounds that were set before it was looked at and that a useful model can meet."""


class Command(BaseCommand):
    help = "Tell the whole story on real data and leave its results in var/demo."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dataset", type=Path, help="a CSV file (default: the bundled diabetes study)")
        parser.add_argument("--label", help="its column of two labels")
        parser.add_argument("--sensitive", help="its sensitive columns, separated by commas")

    def handle(self, *args: Any, **options: Any) -> None:
        home = Path(settings.MODELWARRANT_HOME)
        if home.name != "home" or settings.DATABASES["default"]["ENGINE"] != "config.sqlite":
            raise CommandError("Run it as `make demo`: it makes a home of its own and never touches another.")
        told = Told(self.stdout)  # type: ignore[arg-type]
        try:
            with sole_use(home):
                self._tell(told, home, self._study(options))
        except (Stopped, study.UnfitData) as error:
            raise CommandError(str(error)) from error

    def _study(self, options: dict[str, Any]) -> study.Study:
        if options["dataset"] is None:
            return study.diabetes()
        if not options["label"] or not options["sensitive"]:
            raise CommandError("DATASET needs LABEL=column and SENSITIVE=a,b as well.")
        names = tuple(name.strip() for name in options["sensitive"].split(",") if name.strip())
        return study.of_file(options["dataset"], options["label"], names)

    def _tell(self, told: Told, home: Path, chosen: study.Study) -> None:
        target = home.parent
        told.chapter(f"Setting the stage: {chosen.name}. {chosen.question}")
        for note in (f"Data: {chosen.source}.", *chosen.notes):
            told.line(note)
        self._clear(target)
        call_command("migrate", verbosity=0)
        trained = Trained(study.train(chosen, target / "work"), study.schema(chosen))
        cast = casting.assemble()
        casting.write_sign_ins(cast, home / "sign-ins.json")
        bind = f"127.0.0.1:{free_port()}"
        url = f"http://{bind}"
        with running(home, bind=bind):
            until("the web server", lambda: answering(url), seconds=30, logs=home / "logs")
            policy = POLICY.read_text(encoding="utf-8")
            for before, after in TRIAL if chosen.trial else ():
                policy = policy.replace(before, after)
            story = Story(told, cast, chosen, trained, target=target, url=url, policy=policy)
            story.prepare()
            self._chapters(told, story, cast, chosen, trained, target)
        told.facts["study"] = {"name": chosen.name, "source": chosen.source, "notes": list(chosen.notes)}
        told.write(target / "summary.json")
        shutil.rmtree(target / "work")
        told.table([(name, os.path.relpath(target / name)) for name in self._left(target)])
        self.stdout.write("\n`make serve` opens the portal on this.")

    def _chapters(
        self,
        told: Told,
        story: Story,
        cast: casting.Cast,
        chosen: study.Study,
        trained: Trained,
        target: Path,
    ) -> None:
        told.chapter("1. Two versions are trained, signed and registered by CI")
        first, second = story.register(1), story.register(2)
        told.chapter("2. The first misses a gate, and its submitter can't help it")
        story.refuse(first)
        told.chapter("3. The second is judged by people who took no part in it")
        story.approve(second)
        told.chapter("4. A warrant for production")
        warrant = story.deploy(second)
        told.chapter(f"5. Production drifts: {chosen.shift}")
        batch = target / "work" / "batch.csv"
        told.line(f"{study.batch(chosen, trained[1], batch)} rows")
        story.drift(second, warrant, batch)
        story.suspend(second)
        told.chapter("6. What a stranger can check")
        shutil.copytree(trained[1].directory, target / "model")
        shutil.copy(trained[1].directory.parent / "model.bundle.json", target / "model.bundle.json")
        vkey = evidence.keys_and_warrant(warrant, target)
        audit = ledger_audit(actor=Actor.system("self-audit"))
        told.happened("Governed state and log", "equal" if audit.verdict == "ok" else f"{audit.found} faults")
        evidence.reports(told, cast, second, target)
        evidence.export(cast, told, target)
        evidence.verify(told, target, vkey)
        for version in (version_by_id(first.pk), version_by_id(second.pk)):
            told.versions.append(
                {
                    "number": version.number,
                    "id": str(version.pk),
                    "state": version.state,
                    "subject_digest": version.subject_digest,
                    "manifest_digest": version.manifest_digest,
                    "policy_digest": version.policy_digest,
                }
            )
        told.facts["warrant"] = {"id": str(warrant.pk), "not_after": clock.text(warrant.not_after)}

    def _clear(self, target: Path) -> None:
        """Everything of an earlier telling goes, but for what this process has read or opened already."""
        home = Path(settings.MODELWARRANT_HOME)
        for path in (*target.iterdir(), *home.iterdir()):
            if path == home or path.name in (".home.lock", "secret-key", "broker"):
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for message in (home / "broker").rglob("*"):
            if message.is_file():
                message.unlink()
        (target / "keys").mkdir()

    def _left(self, target: Path) -> list[str]:
        return sorted(path.name for path in target.iterdir() if not path.name.startswith("."))
