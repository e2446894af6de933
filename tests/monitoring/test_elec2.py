"""Two years of a real market, day by day over the API as production would be, labels a week late.

The data (elec2: prices and demand in New South Wales, half-hourly, since 7 May 1996) drift: two columns are constant until
Victoria joined the market a year later. A model is fitted to the first four weeks. A person looks at what they were told of
after a week, closes it, and at most every four weeks lets the service learn what is normal now.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient
from sklearn.linear_model import LogisticRegression

from ledger import clock
from monitoring.models import Alert, Baseline, Batch, Breach, Paging, Run
from monitoring.overview import overview
from monitoring.services.baselines import baseline_ask
from monitoring.services.breaches import breach_close
from monitoring.services.labels import labels_sweep
from people.catalogue import permissions_of
from people.services.tokens import token_issue
from tests.monitoring.watched import WORKER, feeds_sweep, watched, work
from tests.registry.world import person

FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "elec2.csv"
FEATURES = ("period", "nswprice", "nswdemand", "vicprice", "vicdemand", "transfer")
COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "dtype": "text", "role": "id"},
    *({"name": name, "dtype": "number", "role": "feature"} for name in FEATURES),
    {"name": "y", "dtype": "number", "role": "label", "positive": 1},
    {"name": "score", "dtype": "number", "role": "score", "min": 0, "max": 1},
    {"name": "pred", "dtype": "number", "role": "prediction", "allowed": [0, 1]},
]
REFERENCE_DAYS, A_DAY = 28, 48
FIRST = dt.datetime(1996, 5, 7, tzinfo=dt.UTC) + dt.timedelta(days=REFERENCE_DAYS)
DAYS = 916 if os.environ.get("SOAK_SECONDS") else 40
DAY = dt.timedelta(days=1)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.once,
    pytest.mark.skipif(not FILE.is_file(), reason="the elec2 data are not beside this checkout"),
]


def days() -> list[list[dict[str, Any]]]:
    """Rows by day, with what the model says of them."""
    with FILE.open(encoding="ascii") as file:
        rows = [
            {
                "id": f"{number // A_DAY}-{number % A_DAY}",
                **dict(zip(FEATURES, map(float, row[2:8]), strict=True)),
                "y": int(row[8] == "UP"),
            }
            for number, row in enumerate(csv.reader(file))
        ]
    table = [[row[name] for name in FEATURES] for row in rows]
    known = REFERENCE_DAYS * A_DAY
    model = LogisticRegression(max_iter=1000).fit(table[:known], [row["y"] for row in rows[:known]])
    for row, score in zip(rows, model.predict_proba(table)[:, 1].tolist(), strict=True):
        row |= {"score": round(score, 6), "pred": int(score > 0.5)}
    return [rows[start : start + A_DAY] for start in range(0, len(rows), A_DAY)]


def csv_of(rows: list[dict[str, Any]]) -> bytes:
    lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def lines_of(rows: list[dict[str, Any]], *, without: str = "", only: tuple[str, ...] = ()) -> str:
    kept = [{k: v for k, v in row.items() if k != without and (not only or k in only)} for row in rows]
    return "\n".join(map(json.dumps, kept)) + "\n"


def test_a_market_is_watched_day_by_day(home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = FIRST
    monkeypatch.setattr(clock, "now", lambda: now)
    every = days()
    reference = [row for day in every[:REFERENCE_DAYS] for row in day]
    model = watched(
        ("data-contract", "drift-over-time", "evaluation"),
        reference=csv_of(reference), columns=COLUMNS, labels_after_days=14, quiet_days=7,
    )  # fmt: skip
    _, secret = token_issue(
        actor=person("operator"),
        identity_id=model.identity.pk,
        label="serving",
        permissions=sorted(permissions_of("ci")),
        expires_at=now + dt.timedelta(days=360),
    )
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    reviewer = person("risk-reviewer")
    asked = [FIRST]

    def send(what: str, number: int, body: str, **said: str) -> None:
        start = FIRST + number * DAY
        query = {**said, "period_start": start.isoformat(), "period_end": (start + DAY).isoformat()}
        answer = client.post(
            f"/api/v1/deployments/{model.deployment.pk}/{what}", body,
            content_type="application/x-ndjson", query_params=query,
        )  # fmt: skip
        assert answer.status_code == 201, answer.content

    def look() -> None:
        """What a person does a week after they were told."""
        old = Breach.objects.filter(paging__paged=True, state="open", opened_at__lte=now - 7 * DAY)
        for breach in old:
            for one in [breach, *Breach.objects.filter(paging__joins=breach, state="open")]:
                breach_close(actor=reviewer, breach_id=one.pk, note="The market moved.")
            newest = Batch.objects.order_by("-period_start")[:REFERENCE_DAYS]
            first, last = newest[len(newest) - 1].period_start, newest[0].period_start
            drifted = breach.run is not None and breach.run.check_name == "drift-over-time"
            if drifted and len(newest) == REFERENCE_DAYS and now - asked[-1] >= REFERENCE_DAYS * DAY:
                asked.append(now)
                baseline_ask(
                    actor=reviewer, monitor_id=model.monitor.pk, first_day=first.date(), last_day=last.date(),
                    reason="The market moved for good.",
                )  # fmt: skip

    for number, rows in enumerate(every[REFERENCE_DAYS : REFERENCE_DAYS + DAYS]):
        now = FIRST + (number + 1) * DAY + dt.timedelta(hours=1)
        if number % 300 == 299:  # a token lives a year at most
            model.identity.tokens.update(expires_at=now + 360 * DAY)
        if number != 20:  # one day the feed is down
            send("rows", number, lines_of(rows, without="y"), label=f"day {number}")
        if number >= 7 and number - 7 != 20:
            week_old = every[REFERENCE_DAYS + number - 7]
            send("label-rows", number - 7, lines_of(week_old, only=("id", "y")), name=f"labels {number - 7}")
        work()
        feeds_sweep()
        labels_sweep(actor=WORKER)
        work()
        look()

    assert Batch.objects.filter(state="checked").count() == DAYS - 1
    assert not Run.objects.exclude(state="done").exists()
    rules = Counter(Paging.objects.values_list("rule", flat=True))
    story = overview(model.monitor)
    drift = story.charts[0].table.rows
    print(json.dumps({
        "days": DAYS, "breaches": Breach.objects.count(), "paged": Alert.objects.count(), "rules": rules,
        "baselines": Baseline.objects.filter(state="learnt").count(),
        "evaluations": Counter(Run.objects.filter(check_name="evaluation").values_list("verdict", flat=True)),
        "told": [[str(a.breach.batch or "feed"), a.breach.paging.why, a.text[:300]] for a in Alert.objects.order_by("raised_at")],
        "words": story.words,
    }, indent=1))  # fmt: skip
    assert sum("no data" in row[2] for row in drift) == (1 if DAYS <= 90 else 0)
    assert Baseline.objects.filter(state="learnt").exists()
    # Everybody who was told was told for a reason, and every other breach says why nobody was.
    assert Breach.objects.filter(paging__isnull=True).count() == 0
    assert Alert.objects.count() <= Breach.objects.count() / 4
    judged = Run.objects.filter(check_name="evaluation")
    stages = Counter(run.parameters["monitored"]["stage"] for run in judged)
    assert stages["provisional"] >= DAYS - 20
    assert stages["matured"] >= DAYS - 28
