"""A finished data-contract run accepts or refuses the data it read, and nothing else does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from governance.gates.context import Context
from governance.gates.table import evaluate
from governance.services.checks import checks_request
from ledger import clock
from ledger.services import audit
from monitoring.models import Run
from monitoring.services.contracts import contract_judge
from monitoring.services.execution import unfollowed
from registry.models import DatasetVersion
from registry.selectors.versions import version_by_id
from tests.world import WORKER, make_world, rows, work

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_store")]


@pytest.fixture
def world(home: Path, db: None) -> Any:
    return make_world()


def evaluated(world: Any, data: bytes) -> tuple[Any, DatasetVersion]:
    version = world.draft(evaluation=data)
    checks_request(actor=world.ci, version_id=version.pk, checks=["data-contract"])
    work()
    return version, version.lineage.get(role="evaluation").dataset_version


def test_data_that_keep_their_contract_are_accepted_once(world: Any) -> None:
    version, data = evaluated(world, rows(seed=3))
    assert (data.state, data.profile["rows"], data.faults) == ("accepted", 300, [])
    run = Run.objects.get()
    assert contract_judge(actor=WORKER, run_id=run.pk) is None  # a redelivered message
    assert unfollowed() == []
    assert audit.row_faults(data) == []
    assert version.lineage.get(role="training").dataset_version.state == "registered"  # nobody read it
    assert evaluate(("datasets-declared",), Context(version_by_id(version.pk), clock.now()))[0].ok


@pytest.mark.once
def test_data_that_break_their_contract_are_refused_with_every_fault(world: Any) -> None:
    broken = rows(seed=3).replace(b",1\n", b",7\n").replace(b",a,", b",,")
    version, data = evaluated(world, broken)
    assert data.state == "refused"
    assert {fault["code"] for fault in data.faults} == {"not_allowed", "missing_share"}
    assert "column prediction" in " ".join(fault["text"] for fault in data.faults)
    (answer,) = evaluate(("datasets-declared",), Context(version_by_id(version.pk), clock.now()))
    assert [reason.code for reason in answer.reasons] == ["dataset-refused"]


@pytest.mark.once
def test_data_used_for_training_are_not_refused_for_that(world: Any) -> None:
    version, data = evaluated(world, rows(seed=2))  # the training data, byte for byte
    run = Run.objects.get()
    assert run.verdict == "fail"
    assert data.state == "accepted"
    assert version.pk == run.version_id


def test_what_a_killed_worker_left_is_found_again(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.services.execution.contract_judge", lambda **_: None)
    _, data = evaluated(world, rows(seed=3))
    assert data.state == "registered"
    monkeypatch.undo()
    (run,) = unfollowed()
    assert contract_judge(actor=WORKER, run_id=run.pk).state == "accepted"  # type: ignore[union-attr]
