"""Evidence from production ends when its feed does (RP-11), and no check of the catalogue breaks a report (RP-10)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from governance.frameworks.assessment import MET, RowState, State, assess
from governance.gates.context import Context
from governance.snapshots import evidence
from governance.snapshots.evidence import items, pack
from ledger import clock
from ledger.services import records
from monitoring.catalogue import CATALOGUE
from monitoring.models import Run
from monitoring.services.batches import batch_report
from monitoring.services.monitors import monitor_move, monitor_set
from registry import events
from registry.models import Deployment
from registry.selectors.versions import version_by_id
from registry.services.models import slot_register
from tests.monitoring.watched import START, Watched, csv_of, day_of, watched, work
from tests.registry.world import ROOT_ACTOR, in_transaction, person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
DAY = dt.timedelta(days=1)
SECOND = dt.timedelta(seconds=1)


def row(model: Watched, at: dt.datetime, name: str = "MAP 2.3") -> RowState:
    """A row of the framework for the watched version, at a moment, in the most patient tier."""
    version = version_by_id(model.deployment.version_id)
    found = assess(pack(), items(Context(version, at)), at=at, tier="low", version=str(version.pk))
    return found.row(name)


def why(model: Watched, at: dt.datetime) -> str:
    return " ".join(row(model, at).why)


def test_a_feed_that_stopped_yesterday_is_stale_since_then(
    home: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RP-11: though the policy's ages would let the last result stand for a year, and whoever pauses the monitor."""
    now = START
    monkeypatch.setattr(clock, "now", lambda: now)
    model = watched(("data-contract", "evaluation"), labels_after_days=5)
    now = START + DAY + SECOND
    assert model.report(0).state == "checked"
    over = START + 3 * DAY  # day 0 ends a day after START; the next data are overdue two days later
    assert "contract-run" not in why(model, over - SECOND)
    assert "stale" not in why(model, over - SECOND)
    assert "stale since 2026-03-05 00:00:00 UTC, when the next data were overdue" in why(model, over)
    monitor_move(actor=person("risk-reviewer"), monitor_id=model.monitor.pk, move="pause")
    assert "stale since 2026-03-05 00:00:00" in why(model, over)
    assert row(model, over).records not in MET
    now = START + 3 * DAY + SECOND
    monitor_move(actor=person("risk-reviewer"), monitor_id=model.monitor.pk, move="resume")
    model.report(2)
    assert "stale" not in why(model, now), "the feed came back"


def test_a_feed_that_never_began_is_stale_and_not_unasked(home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """RP-11: labels have their own patience; what was measured before the deployment doesn't stand in."""
    now = START
    monkeypatch.setattr(clock, "now", lambda: now)
    model = watched(("data-contract", "evaluation"), labels_after_days=5)
    assert "stale" not in why(model, START + 2 * DAY - SECOND)
    assert "stale since 2026-03-04 00:00:00" in why(model, START + 2 * DAY)
    assert row(model, START + 7 * DAY - SECOND, "MEASURE 2.1").state is State.MISSING
    assert row(model, START + 7 * DAY, "MEASURE 2.1").state is State.STALE


def test_one_region_that_is_fed_does_not_speak_for_another(
    home: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RP-11: until the silent deployment has ended."""
    now = START
    monkeypatch.setattr(clock, "now", lambda: now)
    model = watched(("data-contract",), labels_after_days=5)
    other = Watched(model.world, model.ci, model.identity, *_deployed(model, "us"))
    now = START + DAY + SECOND
    columns = csv_of(day_of(0), "id", "x", "kind", "score", "pred")
    batch_report(
        actor=other.ci, deployment_id=other.deployment.pk, label="day 0", upload_id=other.upload(columns).pk,
        period_start=START, period_end=START + DAY,
    )  # fmt: skip
    work()
    now = START + 3 * DAY + SECOND
    model.report(2)
    assert "stale since 2026-03-05 00:00:00" in why(model, now)
    other.deployment.state = "ended"
    in_transaction(
        lambda: records.write(
            actor=ROOT_ACTOR, event=events.DEPLOYMENT_MOVED, row=other.deployment, set={"state": "ended"},
            data={"move": "end", "from": "live", "to": "ended"},
        )
    )  # fmt: skip
    assert "stale" not in why(model, now)


def _deployed(model: Watched, region: str) -> tuple[Deployment, Any]:
    slot = slot_register(
        actor=model.world.owner, model_id=model.world.model.pk, environment="production", region=region, arm="main"
    )  # fmt: skip
    deployment = Deployment(version=model.deployment.version, slot=slot)
    in_transaction(
        lambda: records.write(
            actor=ROOT_ACTOR, event=events.DEPLOYMENT_REQUESTED, row=deployment,
            set={"requested_by": model.ci.id, "requested_at": clock.now(), "state": "live"},
        )
    )  # fmt: skip
    checks = [dict(item) for item in model.monitor.checks]
    monitor = monitor_set(
        actor=model.ci, deployment_id=deployment.pk, checks=checks, response="ticket", every_days=1,
        silent_after_days=2, labels_after_days=5,
    )  # fmt: skip
    return deployment, monitor


def test_every_check_of_the_catalogue_has_a_place_or_none_in_the_evidence(home: Any) -> None:
    """RP-10: a check that is no evidence of its own breaks no report; one that looks at a part can only take away."""
    assert {*evidence._TYPES, *evidence._BESIDE} <= set(CATALOGUE)
    assert {*evidence._TYPES.values(), *evidence._BESIDE.values()} <= set(pack().evidence_types)
    model = watched(("service-health", "drift-over-time", "llm-operations"), labels_after_days=5)
    model.report(0)
    assert Run.objects.exclude(state="due").count() == 3
    version = version_by_id(model.deployment.version_id)
    found = [item for item in items(Context(version, clock.now())) if item.id.startswith("run:")]
    assert {item.topic.split("/")[0] for item in found} == {"service-health", "drift-over-time"}
    Run.objects.filter(check_name="service-health").update(verdict="pass")
    found = [item for item in items(Context(version, clock.now())) if item.id.startswith("run:")]
    assert {item.topic.split("/")[0] for item in found} == {"drift-over-time"}
