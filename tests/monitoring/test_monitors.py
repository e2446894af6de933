"""A model in production: days are learnt, lasting drift is told, one odd day is not, labels come late, feeds fall silent."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.models import Entry
from ledger.services.audit import ledger_audit
from monitoring.models import (
    Alert,
    Baseline,
    Breach,
    LabelSet,
    MissedSlot,
    Monitor,
    Paging,
    Run,
    StoredProfile,
)
from monitoring.services import feeds
from monitoring.services.baselines import baseline_ask
from monitoring.services.breaches import breach_close
from monitoring.services.execution import measure
from monitoring.services.labels import labels_report, labels_sweep
from monitoring.services.monitors import monitor_move
from people.models import Notice
from registry.selectors.artifacts import local_copy
from registry.services import datasets
from tests.monitoring.watched import START, WORKER, csv_of, day_of, feeds_sweep, watched, work
from tests.registry.world import person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def rules() -> list[str]:
    return [paging.rule for paging in Paging.objects.order_by("decided_at", "id")]


def outcome_of(batch: Any, check: str = "drift-over-time") -> dict[str, Any]:
    run = Run.objects.get(batch=batch, check_name=check)
    assert run.outcome, (run.error_code, run.error_text)
    found: dict[str, Any] = run.outcome
    return found


@pytest.mark.once
def test_days_are_learnt_and_lasting_drift_is_told_once(home: Any) -> None:
    model = watched(("drift-over-time",), baseline_days=14, labels_after_days=7)
    for number in range(14):
        batch = model.report(number)
        said = outcome_of(batch)
        assert said["inputs"]["baseline"] is None
        assert any(f"from {number} of 14 days" in text for text in said["warnings"])
    assert not Breach.objects.exists(), [b.summary for b in Breach.objects.all()]
    baseline = Baseline.objects.get()
    assert (baseline.number, baseline.state, baseline.days) == (1, "learnt", 14)
    assert StoredProfile.objects.count() == 15

    for number in (14, 15):  # days like those before
        assert Run.objects.get(batch=model.report(number)).verdict in ("pass", "inconclusive")
    odd = model.report(16, shift=1.0)
    said = outcome_of(odd)
    assert said["verdict"] == "fail"
    assert said["inputs"]["baseline"]["days"] == 14
    assert len(said["inputs"]["days"]) == 7
    assert (rules(), Alert.objects.count()) == (["unconfirmed"], 0)
    assert "Nobody was paged: x drifted" in Paging.objects.get().why
    model.report(17, shift=1.0)
    assert (rules()[-1], Alert.objects.count(), Notice.objects.count()) == ("confirmed", 1, 1)
    model.report(18, shift=1.0)
    assert (rules()[-1], Alert.objects.count()) == ("already-open", 1)
    for breach in Breach.objects.filter(state="open"):
        breach_close(actor=person("independent-validator"), breach_id=breach.pk, note="The source changed.")
    model.report(19, shift=1.0)
    assert (rules()[-1], Alert.objects.count()) == ("quiet", 1)

    run = Run.objects.get(batch=odd)
    assert measure(run, threads=1).digest == run.outcome_digest  # counted anew, without what was stored
    StoredProfile.objects.all()._raw_delete("default")
    assert measure(run).digest == run.outcome_digest


@pytest.mark.once
def test_a_new_baseline_takes_a_person_with_a_reason_and_enough_days(home: Any) -> None:
    model = watched(("drift-over-time",), baseline_days=14, labels_after_days=7)
    for number in range(14):
        model.report(number)
    days = {"first_day": START.date(), "last_day": START.date() + dt.timedelta(days=13)}
    asked = {"monitor_id": model.monitor.pk, "reason": "A new market.", **days}
    with pytest.raises(NotAllowed):
        baseline_ask(actor=model.ci, **asked)
    reviewer = person("risk-reviewer")
    with pytest.raises(Invalid, match="Say why"):
        baseline_ask(actor=reviewer, **{**asked, "reason": " "})
    with pytest.raises(Invalid, match="a baseline needs 14"):
        baseline_ask(actor=reviewer, **{**asked, "first_day": START.date() + dt.timedelta(days=3)})
    second = baseline_ask(actor=reviewer, **asked)
    with pytest.raises(Conflict):
        baseline_ask(actor=reviewer, **asked)
    work()
    second.refresh_from_db()
    assert (second.number, second.state) == (2, "learnt")
    assert Baseline.objects.get(number=1).blob_id == second.blob_id  # the same days teach the same
    audit = ledger_audit(actor=Actor.system("self-audit"))
    assert audit.verdict == "ok", audit.faults


def test_labels_come_late_and_both_judgements_stay(home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = START + dt.timedelta(days=1, hours=1)
    monkeypatch.setattr(clock, "now", lambda: now)
    model = watched(("evaluation", "data-contract"), labels_after_days=7)
    batch = model.report(0)
    assert (batch.state, batch.rows) == ("checked", 120)
    assert Run.objects.get(batch=batch).check_name == "data-contract"
    columns = day_of(0)
    some = {name: values[:80] for name, values in columns.items()}
    model.labels(0, some, name="first")
    first = Run.objects.get(batch=batch, check_name="evaluation")
    assert first.outcome, (first.error_code, first.error_text)
    assert first.parameters["monitored"]["stage"] == "provisional"
    assert first.outcome["inputs"]["current"]["labels"] == {
        "labelled": 80, "of": 120, "revised": 0, "of_other_rows": 0,
    }  # fmt: skip
    assert first.verdict == "inconclusive"  # a third without labels may not pass, however good the rest
    assert model.labels(0, some, name="first").pk == LabelSet.objects.get().pk
    with pytest.raises(Conflict):
        model.labels(0, columns, name="first")
    assert labels_sweep(actor=WORKER) == 0
    rest = {name: values[70:] for name, values in columns.items()}
    rest["y"] = [1 - rest["y"][0], *rest["y"][1:]]
    model.labels(0, rest, name="second")
    now = START + dt.timedelta(days=9)
    assert (labels_sweep(actor=WORKER), labels_sweep(actor=WORKER)) == (1, 0)
    work()
    runs = list(Run.objects.filter(batch=batch, check_name="evaluation").order_by("requested_at"))
    assert [run.parameters["monitored"]["stage"] for run in runs] == ["provisional", "provisional", "matured"]
    assert runs[-1].outcome["inputs"]["current"]["labels"]["revised"] == 1
    assert runs[-1].verdict == "pass", runs[-1].outcome["summary"]
    assert measure(runs[-1]).digest == runs[-1].outcome_digest


@pytest.mark.once
@pytest.mark.parametrize(
    ("labels", "code"),
    [
        (b"id,y\n0-1,1\n0-1,0\n", "label-conflict"),
        (b"key,y\n0-1,1\n", "unknown-column"),
        (b"id,y\n", "header-only"),
    ],
)
def test_labels_that_cannot_be_joined_are_a_named_error(home: Any, labels: bytes, code: str) -> None:
    model = watched(("evaluation",), labels_after_days=7)
    model.report(0)
    given = {
        "actor": model.ci,
        "deployment_id": model.deployment.pk,
        "period_start": START,
        "period_end": START + dt.timedelta(days=1),
    }
    labels_report(**given, name="bad", upload_id=model.upload(labels).pk)
    work()
    run = Run.objects.get(check_name="evaluation")
    assert (run.verdict, run.error_code) == ("error", code)
    assert rules() == ["at-once"]


def test_what_does_not_come_is_its_own_breach_once(home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """FT-08: a clock that jumps over slots."""
    now = START
    monkeypatch.setattr(clock, "now", lambda: now)
    model = watched(("data-contract",), labels_after_days=90)
    now = START + dt.timedelta(days=1, hours=1)
    model.report(0)
    assert feeds_sweep() == 0
    now = START + dt.timedelta(days=3, hours=1)  # day 1 is missing, day 2 may still come
    assert (feeds_sweep(), feeds_sweep()) == (1, 0)
    breach = Breach.objects.get()
    assert (breach.batch, breach.run, breach.response) == (None, None, "ticket")
    assert "No data came for 2026-03-03" in breach.summary["text"]
    assert (rules(), Notice.objects.count()) == (["at-once"], 1)
    now = START + dt.timedelta(days=30)  # the clock jumps: each day once, still one outage
    assert feeds_sweep() == 27
    assert feeds_sweep() == 0
    assert (MissedSlot.objects.count(), Breach.objects.count(), Notice.objects.count()) == (28, 1, 1)
    late = model.report(1)  # it comes after all: the slot stays noted as missed
    assert late.state == "checked"
    assert MissedSlot.objects.count() == 28
    monitor_move(actor=person("risk-reviewer"), monitor_id=model.monitor.pk, move="pause")
    now = START + dt.timedelta(days=40)
    assert feeds_sweep() == 0
    assert Entry.objects.filter(event="monitoring.slot.missed").count() == 28


@pytest.mark.once
def test_batches_with_labels_hide_none_without(home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = START
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(feeds, "MOST_AT_ONCE", 1)
    model = watched(("data-contract", "evaluation"), labels_after_days=1)
    for number in (0, 1):
        now = START + dt.timedelta(days=number + 1, hours=1)
        model.report(number)
    model.labels(0)
    now = START + dt.timedelta(days=2, hours=2)
    assert feeds_sweep() == 0  # the second day's labels may still come
    now = START + dt.timedelta(days=3, hours=2)
    feeds_sweep()
    assert [breach.batch.label for breach in Breach.objects.filter(batch__isnull=False, run=None)] == [
        "day 1"
    ]
    assert "expected within a day" in Breach.objects.get(batch__isnull=False, run=None).summary["text"]


@pytest.mark.once
def test_a_broken_feed_is_told_at_once_and_drift_beside_it_joins(home: Any) -> None:
    model = watched(("drift-over-time", "data-contract"), labels_after_days=7)
    broken = csv_of(day_of(0, shift=3.0), "id", "x", "kind", "score")
    batch = model.report(0, broken)
    assert Run.objects.filter(batch=batch, verdict__in=("fail", "error")).count() == 2
    assert sorted(rules()) == ["at-once", "told-together"]
    assert Alert.objects.count() == 1
    unreadable = model.report(1, b"id;x\n1;2\n")
    assert unreadable.state == "refused"
    good = model.report(2)  # the refused day is left out, and others go on
    assert good.state == "checked"
    assert Monitor.objects.get().state == "active"
    assert [date for date, _ in outcome_of(good)["inputs"]["days"]] == ["2026-03-04"]


@pytest.mark.once
def test_a_feed_that_sends_the_training_data_back_is_no_good_day(home: Any) -> None:
    """Current inside training data, and reference equal to current: each has its name, and the next day is judged."""
    model = watched(("drift-over-time", "data-contract"), labels_after_days=7)
    datasets.lineage_set(
        actor=model.ci,
        version_id=model.deployment.version_id,
        dataset_version_id=model.monitor.reference_id,
        role="training",
    )
    with local_copy(model.monitor.reference.digest) as path:
        model.report(0, path.read_bytes())
    runs = {run.check_name: run for run in Run.objects.all()}
    assert (runs["drift-over-time"].verdict, runs["drift-over-time"].error_code) == ("error", "same-data")
    assert runs["data-contract"].verdict == "fail"
    assert "training_overlap" in Breach.objects.get(run=runs["data-contract"]).summary["text"]
    assert model.report(1).state == "checked"
    assert Run.objects.get(batch__label="day 1", check_name="data-contract").verdict == "pass"


@pytest.mark.once
def test_a_feed_that_stands_still_is_told(home: Any) -> None:
    model = watched(("data-contract",), labels_after_days=7)
    columns = csv_of(day_of(0), "id", "x", "kind", "score", "pred")
    assert Run.objects.get(batch=model.report(0, columns)).verdict == "pass"
    again = Run.objects.get(batch=model.report(1, columns))
    failed = [result for result in again.outcome["results"] if result["verdict"] == "fail"]
    assert [result["metric"] for result in failed] == ["repeated_data"]
    assert rules() == ["at-once"]


@pytest.mark.once
def test_how_far_a_baseline_lies_from_what_was_approved_is_told_once(home: Any) -> None:
    model = watched(("drift-over-time",), baseline_days=14, labels_after_days=7, quiet_days=1)
    for number in range(14):
        model.report(number, shift=0.5)
    validator = person("independent-validator")

    def close() -> None:
        for breach in Breach.objects.filter(state="open"):
            breach_close(actor=validator, breach_id=breach.pk, note="It is so.")

    close()
    model.report(16, shift=0.5)  # like the learnt days, and not like what was approved
    newest = Breach.objects.order_by("-opened_at")[0]
    assert {one["metric"] for one in newest.summary["failed"]} == {"baseline_shift"}
    assert newest.paging.paged
    close()
    model.report(20, shift=0.5)
    assert rules()[-1] == "same-baseline"
