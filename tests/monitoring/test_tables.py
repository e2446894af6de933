"""Tables in databases at our doors: counted by `try_check`, written down and reported by `batch_from_table`.

What engines answer is tested in tests/conformance; here a file stands for a table.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from monitoring import warehouses
from monitoring.models import Batch, LabelSet, Run
from monitoring.statistics.blocks import open_file
from monitoring.statistics.excerpts import Excerpt
from monitoring.statistics.inputs import BadInput
from monitoring.statistics.profiling import profile_file
from monitoring.warehouses import table_at
from people.models import ServiceIdentity, User
from registry import storage
from registry.models import Blob, Upload
from tests.monitoring.watched import START, csv_of, day_of, watched, work
from tests.registry.world import person, service

URL = "postgresql://reader@db.invalid/lending"
SECRET = "hunter2/@:%"  # pragma: allowlist secret


# -- try_check -----------------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two files that are tables too, counted by the file kernel."""
    for name, number, shift in (("training", 1, 0.0), ("march", 2, 1.0)):
        (tmp_path / f"{name}.csv").write_bytes(csv_of(day_of(number, rows=400, shift=shift)))

    def profile_at(url: str, name: str, *, columns: tuple[str, ...], like: Any) -> Any:
        assert url == URL
        profile = profile_file(open_file(tmp_path / f"{name}.csv", columns=columns or None), like=like)
        profile.facts.update(format="table", engine="pretended")
        return profile

    monkeypatch.setattr(warehouses, "_engines", {warehouses._PROFILE: profile_at}.__getitem__)
    return tmp_path


def tried(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    call_command("try_check", *map(str, arguments), "--json")
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


TABLES = ("--table", URL, "--name", "march")


@pytest.mark.parametrize(
    "said",
    [
        ("drift",),
        ("drift", "--features", "x,kind", "--prediction", "pred"),
        ("service-health", "--prediction", "pred", "--score", "score"),
    ],
)
def test_a_table_is_judged_as_its_file(files, capsys, said):
    ours = tried(capsys, *said, *TABLES, "--reference-name", "training")
    mixed = tried(capsys, *said, *TABLES, "--reference", files / "training.csv")
    theirs = tried(capsys, *said, "--current", files / "march.csv", "--reference", files / "training.csv")
    assert ours["results"] == mixed["results"] == theirs["results"]
    assert ours["verdict"] == theirs["verdict"] == ("fail" if said[0] == "drift" else ours["verdict"])
    side = ours["inputs"]["current"]
    assert (side["format"], side["name"], side["digest"]) == ("table", "march", None)
    assert side["note"] == warehouses.NO_DIGEST
    assert any("march was counted in a table" in text for text in ours["warnings"])
    assert URL not in json.dumps(ours)
    assert "note" not in theirs["inputs"]["current"]
    assert "note" not in mixed["inputs"]["reference"]


def test_a_person_is_told_that_it_was_a_table(files, capsys):
    call_command("try_check", "service-health", *TABLES, "--score", "score")
    assert "! march was counted in a table, whose bytes have no digest" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("fairness", *TABLES, "--sensitive", "kind", "--prediction", "pred"), "reads-rows"),
        (("drift", *TABLES), "missing-reference"),
        (("drift", *TABLES, "--reference", "a.csv", "--reference-name", "b"), "reference"),
        (("drift", *TABLES, "--current", "a.csv"), "current"),
        (("drift", "--table", URL), "table-name"),
        (("drift", "--current", "a.csv", "--reference-name", "b"), "table"),
        (("drift", *TABLES, "--reference-name", "training", "--text", "x"), "text"),
        (("drift", "--table", "lending", "--name", "march"), "engine"),
        (("drift",), "not-there"),
    ],
)
def test_what_cannot_be_meant_is_named(files, arguments, code):
    with pytest.raises(CommandError, match=rf"\[{code}\]"):
        call_command("try_check", *arguments)


def test_without_the_extra_it_says_what_to_install(monkeypatch, capsys):
    for name in ("ibis", "pyspark"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "monitoring.statistics.addressed", raising=False)
    monkeypatch.delitem(sys.modules, "monitoring.statistics.engines", raising=False)
    with pytest.raises(CommandError, match=r"pip install modelwarrant\[warehouse\].*\[not-installed\]"):
        call_command("try_check", "service-health", *TABLES)


# -- addresses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://reader:{SECRET}@db/lending",
        "postgresql://reader:hunter2@db/lending",
        "trino://:hunter2@db/lending",
        "postgresql://db/lending?password=hunter2",
        "duckdb:///data/d.db?motherduck_token=hunter2",
        "pyspark://?spark.hadoop.fs.s3a.secret.key=hunter2",
        "snowflake://reader@account/db?private_key_pwd=hunter2",
    ],
)
def test_an_address_with_a_password_is_refused_and_not_said(url):
    with pytest.raises(BadInput) as caught:
        table_at(url, "march")
    assert caught.value.code == "password"
    assert "hunter2" not in str(caught.value)


def test_the_password_comes_from_the_environment_or_a_file(settings, tmp_path):
    assert table_at(URL, "march").url == URL
    settings.WAREHOUSE_PASSWORD = SECRET
    source = table_at(URL, "march")
    assert source.url == "postgresql://reader:hunter2%2F%40%3A%25@db.invalid/lending"
    assert "hunter2" not in repr(source)
    (tmp_path / "password").write_text("other\n")
    settings.WAREHOUSE_PASSWORD_FILE = str(tmp_path / "password")
    assert table_at(URL, "march").url == "postgresql://reader:other@db.invalid/lending"
    for url in (
        "postgresql://db.invalid/lending",
        "duckdb:///data/a:b@c.duckdb",
        "pyspark://?spark.master=local[2]",
    ):
        assert table_at(url, "march").url == url, "nobody is named whose password it could be"
    settings.WAREHOUSE_PASSWORD_FILE = str(tmp_path / "nothing")
    with pytest.raises(BadInput, match="WAREHOUSE_PASSWORD_FILE") as caught:
        table_at(URL, "march")
    assert caught.value.code == "password-file"


# -- batch_from_table ----------------------------------------------------------------------------------------------


class Warehouse:
    """Tables as CSV text; writes what the excerpt names, and remembers what it was asked."""

    def __init__(self) -> None:
        self.tables: dict[str, bytes] = {}
        self.asked: list[Excerpt] = []
        self.dies = False

    def snapshot_at(self, url: str, name: str, excerpt: Excerpt, target: IO[bytes]) -> int:
        self.asked.append(excerpt)
        table: pa.Table = pacsv.read_csv(io.BytesIO(self.tables[name])).select(list(excerpt.columns))
        if self.dies:
            target.write(b"PAR1 and no more")
            raise BadInput("engine-error", "postgres could not read the table: OperationalError.")
        pq.write_table(table.sort_by([(excerpt.first, "ascending")]) if excerpt.first else table, target)
        return table.num_rows


@pytest.fixture
def warehouse(monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    made = Warehouse()
    monkeypatch.setattr(warehouses, "_engines", {warehouses._SNAPSHOT: made.snapshot_at}.__getitem__)
    return made


def left() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Batch, LabelSet, Upload, Blob, Run))


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_a_period_of_a_table_becomes_a_batch_and_its_labels(
    home: Path, own_store: Path, warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    model = watched(("evaluation",), labels_after_days=7)
    identity = model.identity.name
    warehouse.tables = {"decisions": csv_of(day_of(0)), "outcomes": csv_of(day_of(0), "y", "id")}

    def run(name: str, *more: str, by: str = identity, day: int = 0) -> str:
        start = (START + dt.timedelta(days=day)).date()
        call_command(
            "batch_from_table", str(model.deployment.pk), "--table", URL, "--name", name, "--time", "at", "--by", by,
            "--start", str(start), "--end", str(start + dt.timedelta(days=1)), *more,
        )  # fmt: skip
        return capsys.readouterr().out

    def refused(code: str, *arguments: Any, **named: Any) -> str:
        with pytest.raises(CommandError, match=rf"\[{code}\]") as caught:
            run(*arguments, **named)
        assert caught.value.returncode == 1
        assert left() == before
        return str(caught.value)

    # Whoever may not, and what cannot be, is known before the warehouse is asked.
    before = left()
    refused(
        "not-allowed",
        "decisions",
        by=ServiceIdentity.objects.get(pk=service(model.world.owner, "auditor").pk).name,
    )
    refused("not-allowed", "decisions", by=User.objects.get(pk=person("auditor").pk).email)
    refused("invalid", "decisions", by="nobody")
    refused("invalid", "decisions", by="nobody@example.org")
    refused("invalid", "decisions", "--end", "2999-01-01")
    refused("invalid", "decisions", "--end", "2026-01-01")
    assert warehouse.asked == []
    # What breaks on the way leaves nothing.
    warehouse.dies = True
    refused("engine-error", "decisions")
    warehouse.dies = False
    assert list(storage.staged_path(model.deployment.pk).parent.glob("*")) == []

    said = run("decisions")
    batch = Batch.objects.get()
    assert (batch.label, batch.period_start, batch.reported_by) == (
        "2026-03-02/2026-03-03",
        START,
        model.ci.id,
    )
    assert f"reported  120 rows  sha256:{batch.blob_id}" in said
    excerpt = warehouse.asked[-1]
    assert (excerpt.columns, excerpt.first, excerpt.time) == (
        ("id", "x", "kind", "score", "pred"),
        "id",
        "at",
    )
    assert (excerpt.start, excerpt.end) == (START, START + dt.timedelta(days=1))
    with storage.opened(batch.blob_id) as file:
        stored = pq.read_table(io.BytesIO(file.read()))
    assert stored.column_names == ["id", "x", "kind", "score", "pred"]
    assert stored.num_rows == 120

    # The same again is the same; other rows are told, and change nothing.
    before = left()
    assert "was reported before" in run("decisions")
    assert left() == before
    warehouse.tables["decisions"] = csv_of(day_of(0, seed=5))
    text = refused("table-changed", "decisions")
    assert "The table changed since '2026-03-02/2026-03-03' was reported" in text
    assert batch.blob_id in text

    assert "labels" in run("outcomes", "--labels", "--label", "first labels")
    assert (warehouse.asked[-1].columns, warehouse.asked[-1].first) == (("id", "y"), "id")
    work()
    judged = Run.objects.get(batch=batch)
    assert judged.state == "done", (judged.error_code, judged.error_text)
    assert judged.outcome["inputs"]["current"]["labels"]["labelled"] == 120
    before = left()
    assert "was reported before" in run("outcomes", "--labels", "--label", "first labels")
    warehouse.tables["outcomes"] = csv_of(day_of(0, seed=5), "y", "id")
    refused("table-changed", "outcomes", "--labels", "--label", "first labels")
    assert LabelSet.objects.count() == 1
    run("decisions", "--label", "corrected", by=User.objects.get(pk=person("developer").pk).email)
    assert Batch.objects.count() == 2


@pytest.mark.parametrize("written", ["yesterday", "", "2026-13-01"])
def test_a_period_is_made_of_dates_or_times(written):
    with pytest.raises(CommandError, match="is no date or time"):
        call_command(
            "batch_from_table", "x", "--table", URL, "--name", "t", "--time", "at", "--by", "ci", "--start", written,
            "--end", "2026-01-02",
        )  # fmt: skip
