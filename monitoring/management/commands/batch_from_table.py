"""`manage.py batch_from_table DEPLOYMENT`: the rows of a period from a table, as a batch or as late labels."""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser, ArgumentTypeError
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger.actors import Actor
from ledger.errors import ServiceError
from monitoring.services.snapshots import snapshot_report
from monitoring.statistics.inputs import BadInput
from monitoring.warehouses import table_at, write_snapshot
from people.actors import for_identity, for_user
from people.catalogue import P
from people.models import User
from people.selectors import principal_named


def moment(written: str) -> dt.datetime:
    """A date or a time in ISO 8601, in UTC where no zone is named. Raises ArgumentTypeError."""
    try:
        found = dt.datetime.fromisoformat(written)
    except ValueError:
        raise ArgumentTypeError(f"{written!r} is no date or time such as 2026-01-31") from None
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


class Command(BaseCommand):
    help = (
        "Read the rows of a period from a table in a database or warehouse, store them as a Parquet file with a digest, "
        "and report that as a batch of a deployment. Meant for cron or a scheduler, once a period is over: the same "
        "command again changes nothing, and fails if the table's rows of the period changed. Exit code 0 when the "
        "batch is there, 1 when it is not, 2 for usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("deployment", metavar="DEPLOYMENT", help="the deployment's id")
        parser.add_argument(
            "--table",
            required=True,
            metavar="URL",
            help="address of the database, such as duckdb:///data/d.duckdb or postgresql://reader@db/lending; its "
            "password comes from WAREHOUSE_PASSWORD_FILE or WAREHOUSE_PASSWORD",
        )
        parser.add_argument(
            "--name", required=True, dest="table_name", metavar="TABLE", help="name, or schema.name"
        )
        parser.add_argument(
            "--time", required=True, metavar="COLUMN", help="the column that says when a row happened"
        )
        parser.add_argument(
            "--start", required=True, type=moment, metavar="WHEN", help="first moment of the period (UTC)"
        )
        parser.add_argument(
            "--end", required=True, type=moment, metavar="WHEN", help="first moment after the period (UTC)"
        )
        parser.add_argument(
            "--label", metavar="TEXT", help="what the batch is called; default: the period, as START/END"
        )
        parser.add_argument(
            "--labels",
            action="store_true",
            help="the table holds labels that came late: ids, labels and the time of the row each belongs to",
        )
        parser.add_argument(
            "--by",
            required=True,
            metavar="WHO",
            help="who reports: a person's e-mail or a service identity's name",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        start, end = options["start"], options["end"]
        label = options["label"] or f"{_short(start)}/{_short(end)}"
        try:
            found = snapshot_report(
                actor=_actor(options["by"]),
                deployment_id=options["deployment"],
                label=label,
                time=options["time"],
                period_start=start,
                period_end=end,
                write=partial(write_snapshot, table_at(options["table"], options["table_name"])),
                labels=options["labels"],
            )
        except (BadInput, ServiceError) as error:
            text = error.message if isinstance(error, BadInput) else str(error)
            raise CommandError(f"{text} [{error.code}]", returncode=1) from None
        what = "labels" if options["labels"] else "batch"
        state = "was reported before" if found.known else "reported"
        self.stdout.write(
            f"{what}  {found.row.pk}  {label}  {state}  {found.rows} rows  sha256:{found.digest}"
        )


def _actor(written: str) -> Actor:
    found = principal_named(written, "by")
    if isinstance(found, User):
        return for_user(found, "cli")
    return for_identity(found, "cli", {P.BATCH_REPORT})


def _short(moment: dt.datetime) -> str:
    return moment.date().isoformat() if moment.time() == dt.time() else moment.isoformat()
