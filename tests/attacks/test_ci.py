"""CI: what a pipeline or serving sends, sent again, at once, out of order or late.

CI-01 and CI-03 are tests/people/test_workloads.py's (test_everything_else_gets_the_one_answer and the tests after it), for
people tests/people/test_provider_tokens.py's; CI-04 is tests/registry/test_signatures.py's. A batch that comes days late is
told as missed first and stays so: test_what_does_not_come_is_its_own_breach_once of tests/monitoring/test_monitors.py.
Nothing is delivered to others by webhook; what is sent from the outbox is tests/ledger/test_queues.py's.
"""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client

from governance.services.deployments import deployment_request
from governance.services.warrants import issue_due
from ledger import clock
from ledger import selectors as log
from ledger.actors import Actor
from ledger.models import Entry
from ledger.services.idempotency import forget_old
from ledger.services.replay import row_faults
from monitoring.models import Batch
from people.catalogue import P
from people.services.tokens import token_issue, token_revoke
from registry.models import Deployment, DeploymentReport
from tests.monitoring.watched import START, Watched, watched
from tests.registry.world import person
from tests.world import publish

PLACE = {"environment": "production", "region": "eu", "arm": "main"}
DAY = "".join(f'{{"id": "{n}", "x": 0.{n}, "kind": "a", "score": 0.6, "pred": 1}}\n' for n in range(1, 40))
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("home")]


class Pipeline:
    """Reports one day's rows of a running model, by HTTP and a token of its own."""

    def __init__(self) -> None:
        self.model: Watched = watched(("data-contract",))
        self.operator = person("operator")
        self.token, self.secret = token_issue(
            actor=self.operator,
            identity_id=self.model.identity.pk,
            label="feed",
            permissions=[P.BATCH_REPORT.value, P.RUN_VIEW.value],
            expires_at=clock.now() + dt.timedelta(days=3),
        )

    def send(self, lines: str = DAY, *, key: str = "", to: Deployment | None = None) -> Any:
        said = {"label": "day 0", "period_start": START.isoformat()}
        query = urlencode({**said, "period_end": (START + dt.timedelta(days=1)).isoformat()})
        headers = {"Authorization": f"Bearer {self.secret}", **({"Idempotency-Key": key} if key else {})}
        where = f"/api/v1/deployments/{(to or self.model.deployment).pk}/rows?{query}"
        return Client().post(where, lines, content_type="application/x-ndjson", headers=headers)


def recorded(*events: str) -> int:
    rows = Entry.objects.exclude(event__startswith="ledger.denied")
    return (rows.filter(event__in=events) if events else rows).count()


def test_an_upload_that_is_played_again_has_one_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    """CI-02: after a second, an hour, and when its key is forgotten; with other bytes; to another project; revoked."""
    pipeline, other = Pipeline(), watched(("data-contract",), slug="other")
    first = pipeline.send(key="day-0")
    assert first.status_code == 201, first.content
    before, now = recorded(), clock.now()
    for later in (dt.timedelta(seconds=1), dt.timedelta(hours=1)):
        monkeypatch.setattr(clock, "now", lambda at=now + later: at)
        again = pipeline.send(key="day-0")
        assert (again.status_code, again.json(), recorded()) == (201, first.json(), before)
    monkeypatch.setattr(clock, "now", lambda: now + dt.timedelta(hours=25))
    assert forget_old(actor=Actor.system("retention")) == 1
    assert pipeline.send(key="day-0").json()["id"] == pipeline.send().json()["id"] == first.json()["id"]
    assert recorded() == before
    altered = DAY.replace("0.6", "0.9")
    assert pipeline.send(altered, key="day-0").status_code == 422
    assert pipeline.send(altered).status_code == 409
    assert (Batch.objects.count(), recorded("monitoring.batch.received")) == (1, 1)
    before = recorded()
    assert pipeline.send(key="day-0", to=other.deployment).status_code in (404, 422)
    assert pipeline.send(to=other.deployment).status_code == 404
    token_revoke(actor=pipeline.operator, token_id=pipeline.token.pk)
    for key in ("day-0", ""):
        assert pipeline.send(key=key).status_code == 401
    assert (recorded(), Batch.objects.count()) == (before + 1, 1)  # the revocation


@pytest.mark.parametrize("key", ["day-0", ""])
def test_twenty_deliveries_at_once_are_one(key: str) -> None:
    """CI-06: the same delivery in parallel, with a key and without."""
    pipeline = Pipeline()
    barrier, answers = threading.Barrier(20), []

    def deliver() -> None:
        barrier.wait()
        try:
            answers.append(pipeline.send(key=key))
        finally:
            connection.close()

    threads = [threading.Thread(target=deliver) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert {answer.status_code for answer in answers} == {201}, [answer.content for answer in answers]
    assert len(answers) == 20
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (Batch.objects.count(), recorded("monitoring.batch.received")) == (1, 1)


def test_what_comes_out_of_order_is_recorded_in_the_order_it_came_and_moves_nothing(world: Any) -> None:
    """CI-06: serving says that it runs before a warrant is there, and says it again after it was rolled back."""
    version = world.approved()
    granted = deployment_request(actor=world["owner"], version_id=version.pk, **PLACE)
    serving = Client(headers={"Authorization": f"Bearer {world.token}"})
    body = {"digest": version.subject_digest}

    def report(state: str) -> tuple[bool, str]:
        answer = serving.post(
            f"/api/v1/slots/{granted.slot_id}/reports",
            {**body, "state": state},
            content_type="application/json",
        )
        assert answer.status_code == 201, answer.content
        return answer.json()["unexpected"], Deployment.objects.get().state

    early = report("canary")
    assert (early[0], early[1] == "canary") == (True, False)
    publish()
    assert issue_due(actor=Actor.system("warrant-issuer")) == 1
    assert report("canary") == (False, "canary")
    assert report("rolled-back") == (False, "rolled-back")
    assert report("canary") == (True, "rolled-back")
    publish()
    rows = list(DeploymentReport.objects.order_by("reported_at"))
    assert [row.unexpected for row in rows] == [True, False, False, True]
    places = [
        log.place_of(entry.pk)
        for entry in (log.first_entry("deployment-report", row.pk) for row in rows)
        if entry
    ]
    indexes = [place.index for place in places if place]
    assert len(indexes) == 4
    assert indexes == sorted(indexes)
    assert row_faults(Deployment.objects.get()) == []
