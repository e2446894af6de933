"""`manage.py policy_dry_run FILE | --policy ID`: what a policy would have changed, by name. Records nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.management.commands.policy_lint import text_of
from governance.policies.document import PolicyDocument, PolicyInvalid, load
from governance.selectors.dry_run import Answer, Looked, dry_run
from governance.selectors.policies import document_of
from governance.selectors.visible import policy_by_id
from governance.services.policies import known_words
from ledger.errors import NotThere
from registry.models import Version


class Command(BaseCommand):
    help = (
        "Ask every past approval and every present version of the policy's tier again under another policy, on the same "
        "evidence, and name those that would come out differently. Nothing is changed or recorded."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="a YAML file")
        parser.add_argument("--policy", type=UUID, metavar="ID", help="a stored policy instead of a file")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        if (options["file"] is None) == (options["policy"] is None):
            raise CommandError("Give either a file or --policy ID.")
        document = _stored(options["policy"]) if options["policy"] else self._written(options["file"])
        found = dry_run(document, Version.objects.all())
        if options["json"]:
            self.stdout.write(json.dumps(_as_dict(document, found), indent=2, ensure_ascii=False))
            return
        for item in found.differing:
            self.stdout.write(f"{item.version} ({item.what}): {item.before} -> {item.after}")
            for text in item.gained:
                self.stdout.write(f"  in the way: {text}")
            for text in item.lost:
                self.stdout.write(f"  no longer in the way: {text}")
        for item in found.untold:
            for text in item.unknown:
                self.stdout.write(f"{item.version} ({item.what}): can't be told: {text}")
        self.stdout.write(
            f"{len(found.differing)} would come out differently, {found.stays} stay, {found.rejected} were rejected by "
            f"people; {len(found.versions)} versions of the {document.tier} tier looked at."
        )

    def _written(self, path: Path) -> PolicyDocument:
        try:
            return load(text_of(path), known=known_words())
        except PolicyInvalid as error:
            for problem in error.problems:
                self.stderr.write(f"{path}:{problem.line}: {problem.message}")
            sys.exit(1)


def _stored(policy_id: UUID) -> PolicyDocument:
    try:
        return document_of(policy_by_id(policy_id))
    except NotThere as error:
        raise CommandError(f"There is no policy {policy_id}.") from error


def _as_dict(document: PolicyDocument, found: Looked) -> dict[str, Any]:
    return {
        "policy": document.digest,
        "tier": document.tier,
        "looked_at": len(found.versions),
        "stays": found.stays,
        "rejected_by_people": found.rejected,
        "differing": [_row(item) for item in found.differing],
        "cannot_be_told": [_row(item) for item in found.untold],
    }


def _row(item: Answer) -> dict[str, Any]:
    return {
        "version": str(item.version.pk), "name": str(item.version), "what": item.what, "before": item.before,
        "after": item.after, "in_the_way": item.gained, "no_longer": item.lost, "cannot_be_told": item.unknown,
    }  # fmt: skip
