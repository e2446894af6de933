"""One check of the catalogue on files or tables: nothing recorded, no database of ours, the same code as in the worker."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError

from monitoring.catalogue import CATALOGUE, INPUTS
from monitoring.sources import DatasetSource, run_check
from monitoring.statistics.inputs import BadInput, Columns, Sensitive
from monitoring.statistics.results import CheckOutcome, Result
from monitoring.statistics.verdicts import OPERATORS, Threshold
from monitoring.warehouses import TableSource, table_at

_SIGNS = sorted(OPERATORS, key=len, reverse=True)
_SHOWN_UNJUDGED = 60


class Command(BaseCommand):
    help = (
        "Run one check on files, or on tables in a database, and print what it says; nothing is recorded. Exit code "
        "0 when it ran, whatever the verdict; 1 when the input cannot be judged; 2 for usage."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help=f"the check: {', '.join(CATALOGUE)}")
        parser.add_argument("--current", metavar="FILE", help="CSV, Parquet or Arrow")
        parser.add_argument("--reference", metavar="FILE", help="data to compare with (drift)")
        parser.add_argument(
            "--table",
            metavar="URL",
            help="instead of --current: address of a database or warehouse, such as duckdb:///data/d.duckdb or "
            "postgresql://reader@db/lending, whose tables are counted where they are (checks that read counts). Its "
            "password comes from WAREHOUSE_PASSWORD_FILE or WAREHOUSE_PASSWORD",
        )
        parser.add_argument(
            "--name", dest="table_name", metavar="TABLE", help="the table to judge: name, or schema.name"
        )
        parser.add_argument(
            "--reference-name", metavar="TABLE", help="the table to compare with, in the same database"
        )
        parser.add_argument("--label", metavar="C", help="column of what really happened")
        parser.add_argument("--prediction", metavar="C", help="column of the model's decision")
        parser.add_argument("--score", metavar="C", help="column of the model's score")
        parser.add_argument(
            "--sensitive", default="", metavar="A,B", help="columns, or cuts such as 'age<=25'"
        )
        parser.add_argument(
            "--features", default="", metavar="C,D", help="columns to compare (drift); all if not given"
        )
        parser.add_argument(
            "--positive", metavar="V", help="the value of label and prediction that counts as 1"
        )
        parser.add_argument(
            "--threshold",
            action="append",
            default=[],
            metavar="'M>=B'",
            help="judge a metric, such as 'demographic_parity_ratio>=0.8'; may be repeated; without any, what the "
            "catalogue suggests",
        )
        parser.add_argument(
            "--parameter",
            action="append",
            default=[],
            metavar="P=V",
            help="set a parameter of the check (text or JSON)",
        )
        parser.add_argument("--text", default="", metavar="C,D", help="columns to read as text")
        parser.add_argument("--delimiter", default=",", help="of CSV files; default: comma")
        parser.add_argument("--decimal", default=".", help="decimal sign in CSV files; default: point")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument(
            "--json", action="store_true", help="one JSON document on standard output, nothing else"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            outcome = self._run(options)
        except BadInput as error:
            self._refuse(options, error)
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {**outcome.as_dict(), "digest": outcome.digest},
                    ensure_ascii=False,
                    allow_nan=False,
                    indent=2,
                )
            )
        else:
            self._tell(outcome)

    def _run(self, options: dict[str, Any]) -> CheckOutcome:
        if options["seed"] < 0:
            raise BadInput("seed", "seed: a whole number, 0 or more.", column="seed")
        for name, least in (("delimiter", ","), ("decimal", ".")):
            if len(options[name]) != 1 or options[name] in '"\n\r':
                raise BadInput(name, f"{name}: one character, such as {least!r}.", column=name)
        if options["delimiter"] == options["decimal"]:
            raise BadInput("decimal", "decimal: it cannot be the delimiter as well.", column="decimal")
        current, reference = _sides(options)
        return run_check(
            options["name"],
            current,
            reference,
            columns=Columns(
                label=options["label"],
                prediction=options["prediction"],
                score=options["score"],
                sensitive=_listed(options["sensitive"]),
                features=_listed(options["features"]),
                positive=options["positive"],
            ),
            thresholds=tuple(_threshold(written) for written in options["threshold"]) or _suggested(options),
            parameters=dict(_parameter(written) for written in options["parameter"]),
            seed=options["seed"],
        )

    def _refuse(self, options: dict[str, Any], error: BadInput) -> NoReturn:
        if options["json"]:
            self.stdout.write(
                json.dumps({"check": options["name"], "error": error.as_dict()}, ensure_ascii=False, indent=2)
            )
            sys.exit(1)
        raise CommandError(f"{error.message} [{error.code}]", returncode=1)

    def _tell(self, outcome: CheckOutcome) -> None:
        self.stdout.write(f"{CATALOGUE[outcome.check].title}: {outcome.verdict.value}. {outcome.summary}")
        for warning in outcome.warnings:
            self.stdout.write(f"! {warning}")
        judged = [result for result in outcome.results if result.verdict is not None]
        others = [result for result in outcome.results if result.verdict is None]
        for result in judged + others[:_SHOWN_UNJUDGED]:
            self.stdout.write(_line(result))
        if len(others) > _SHOWN_UNJUDGED:
            self.stdout.write(f"... and {len(others) - _SHOWN_UNJUDGED} more figures; --json prints all.")
        self.stdout.write(f"It cannot tell: {CATALOGUE[outcome.check].cannot_tell}")
        self.stdout.write(f"seed {outcome.seed}, {outcome.digest}")


def _line(result: Result) -> str:
    where = ", ".join(f"{key}={value}" for key, value in result.slice.items()) or "all"
    value = "undefined" if result.value is None else f"{result.value:.6g}"
    interval = (
        f" [{result.low:.6g}, {'no end' if result.high is None else format(result.high, '.6g')}]"
        if result.low is not None
        else ""
    )
    word = f"{result.verdict.value:<13}" if result.verdict is not None else " " * 13
    return f"{word}{result.metric:<30} {where:<28} {value}{interval} n={result.n}" + (
        f"  {result.why}" if result.why else ""
    )


def _sides(
    options: dict[str, Any],
) -> tuple[DatasetSource | TableSource, DatasetSource | TableSource | None]:
    """What is judged and what it is compared with: files, tables, or a table and a file."""
    if options["reference"] and options["reference_name"]:
        raise BadInput("reference", "reference: a file or a table, not both.", column="reference")
    if not options["table"]:
        for name in ("table_name", "reference_name"):
            if options[name]:
                raise BadInput("table", "table: give the address of the tables' database.", column="table")
        if not options["current"]:
            raise BadInput("not-there", "current: name a file, or a table with --table.", column="current")
        return _file(options, "current"), _file(options, "reference") if options["reference"] else None
    if options["current"]:
        raise BadInput("current", "current: a file or a table, not both.", column="current")
    if not options["table_name"]:
        raise BadInput("table-name", "name: name the table.", column="name")
    if options["text"] and not options["reference"]:
        raise BadInput("text", "text: a table's columns have types; this is for files.", column="text")
    columns = _counted_columns(options)
    against = options["reference_name"]
    return table_at(options["table"], options["table_name"], columns), (
        table_at(options["table"], against, columns)
        if against
        else _file(options, "reference")
        if options["reference"]
        else None
    )


def _file(options: dict[str, Any], part: str) -> DatasetSource:
    return DatasetSource(
        path=Path(options[part]),
        types=dict.fromkeys(_listed(options["text"]), "text"),
        delimiter=options["delimiter"],
        decimal=options["decimal"],
        name=Path(options[part]).name,
    )


def _counted_columns(options: dict[str, Any]) -> tuple[str, ...]:
    """The columns of a table that are counted: with features named, those and the ones that play a part."""
    features = _listed(options["features"])
    if not features:
        return ()
    sensitive = _listed(options["sensitive"])
    cuts = (Sensitive.parse(written).column for written in sensitive)
    named = (options["label"], options["prediction"], options["score"], *sensitive, *cuts)
    return tuple(dict.fromkeys((*features, *(name for name in named if name))))


def _suggested(options: dict[str, Any]) -> tuple[Threshold, ...]:
    check = CATALOGUE.get(options["name"])
    given = {**options, "reference": options["reference"] or options["reference_name"]}
    return check.suggested(name for name in INPUTS if given.get(name)) if check is not None else ()


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _threshold(written: str) -> Threshold:
    for sign in _SIGNS:
        metric, found, bound = written.partition(sign)
        if found:
            try:
                return Threshold(metric.strip(), sign, float(bound), set_by="command line")
            except ValueError as error:
                raise BadInput("threshold", f"threshold: {written!r}: {error}", column="threshold") from None
    raise BadInput(
        "threshold",
        f"threshold: {written!r} is not METRIC OPERATOR NUMBER, such as accuracy>=0.8.",
        column="threshold",
    )


def _parameter(written: str) -> tuple[str, Any]:
    name, found, text = written.partition("=")
    if not found or not name.strip():
        raise BadInput("parameter", f"parameter: {written!r} is not NAME=VALUE.", column="parameter")
    if text[:1] in "[{" and text:
        try:
            return name.strip(), json.loads(text)
        except json.JSONDecodeError as error:
            raise BadInput("parameter", f"parameter {name}: not JSON: {error.msg}.", column=name) from None
    return name.strip(), text
