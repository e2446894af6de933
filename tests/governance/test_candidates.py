"""A retrained version: named, classified by criteria, confirmed by a person; never light against the classifier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from governance.gates import material
from governance.gates.approvals import LIGHT_NOTE, seats
from governance.gates.context import Context
from governance.models import RetrainingRequest
from governance.services.candidates import candidate_name, path_confirm_light, path_propose, path_take_full
from governance.services.checks import checks_request
from governance.services.deployments import deployment_request
from governance.services.moves import moves_of
from governance.services.retraining import retraining_decide, retraining_request
from governance.services.versions import version_start_review, version_submit
from ledger import clock
from ledger.errors import Conflict, Invalid, NotAllowed
from registry.selectors.versions import version_by_id
from registry.services.components import component_set
from registry.services.datasets import lineage_remove, lineage_set
from tests.governance.lifecycle import LIGHT, PLACE, amended
from tests.world import COLUMNS, make_world, rows, work

pytestmark = pytest.mark.slow


@pytest.fixture
def world(home: Path, transactional_db: None) -> Any:
    """The medium tier's: the high one knows no light path."""
    return make_world(tier="medium")


def approved_request(world: Any, version: Any) -> RetrainingRequest:
    asked = retraining_request(actor=world["developer"], version_id=version.pk, reason="Ages moved.")
    return retraining_decide(actor=world["owner"], request_id=asked.pk, approve=True, note="Yes.")


def answers(path: Any) -> dict[str, bool | None]:
    return {item["name"]: item["answer"] for item in path.criteria}


def test_the_same_kind_of_model_takes_the_light_path(world: Any) -> None:
    amended(world, tier="medium", more=LIGHT)
    first = world.approved()
    asked = retraining_request(actor=world["developer"], version_id=first.pk, reason="Ages moved.")
    version = world.draft(weights=b"trained anew")
    with pytest.raises(Conflict, match="training begins once a person"):
        candidate_name(actor=world.ci, version_id=version.pk, request_id=asked.pk)
    retraining_decide(actor=world["owner"], request_id=asked.pk, approve=True, note="Yes.")
    with pytest.raises(Invalid, match="no such retraining request"):
        candidate_name(actor=world.ci, version_id=first.pk, request_id=asked.pk)
    with pytest.raises(Invalid, match="no such retraining request"):
        candidate_name(actor=world.ci, version_id=version.pk, request_id=version.pk)
    named = candidate_name(actor=world.ci, version_id=version.pk, request_id=asked.pk)
    assert candidate_name(actor=world.ci, version_id=version.pk, request_id=asked.pk) == named
    asked.refresh_from_db()
    assert asked.state == "done"
    with pytest.raises(Conflict, match="in validation or review"):
        path_propose(actor=world.ci, version_id=version.pk)
    version_submit(actor=world["developer"], version_id=version.pk)
    unmeasured = path_propose(actor=world.ci, version_id=version.pk)
    assert unmeasured.proposal == "full"  # what can't be told isn't light
    assert {answers(unmeasured)[name] for name in ("policy", "features", "contract", "components")} == {True}
    assert None in answers(unmeasured).values()
    version = measured(world, version)
    path = path_propose(actor=world.ci, version_id=version.pk)
    assert path_propose(actor=world.ci, version_id=version.pk) == path
    assert (path.proposal, set(answers(path).values())) == ("light", {True}), path.criteria
    assert "at worst by" in path.criteria[-1]["why"]
    for who, move in (("developer", "take-light"), ("validator", "take-light"), ("owner", "take-full")):
        state = next(m for m in moves_of(world[who], path) if m.transition.name == move)
        assert state.open == (who == "validator")
    with pytest.raises(NotAllowed):
        path_confirm_light(actor=world["developer"], path_id=path.pk, reason="Mine.")
    with pytest.raises(Conflict, match="proposed the full path"):
        path_confirm_light(actor=world["validator"], path_id=unmeasured.pk, reason="Still.")
    version_start_review(actor=world["validator"], version_id=version.pk)
    assert len(seats(Context(version_by_id(version.pk), clock.now()))[0]) == 2
    path_confirm_light(actor=world["validator"], path_id=path.pk, reason="Same features, same contract.")
    world.cover(version)
    assert [seat.role for seat in seats(Context(version_by_id(version.pk), clock.now()))[0]] == [
        "independent-validator"
    ]
    world.decide(version, "validator", "independent-validator")
    version = version_by_id(version.pk)
    assert version.state == "approved"
    warrant = deployment_request(actor=world["owner"], version_id=version.pk, **PLACE)
    assert LIGHT_NOTE in warrant.conditions


def measured(world: Any, version: Any) -> Any:
    checks_request(actor=world.ci, version_id=version.pk)
    work()
    return version_by_id(version.pk)


@pytest.mark.sampled
@pytest.mark.parametrize("changed", ["features", "components", "worse"])
def test_what_differs_takes_the_full_path(world: Any, changed: str) -> None:
    amended(world, tier="medium", more=LIGHT.replace("0.9", "0.05"))
    first = world.approved()
    request = approved_request(world, first)
    version = world.draft(
        weights=b"new", **({"evaluation": rows(seed=3, telling=0.2)} if changed == "worse" else {})
    )
    if changed == "components":
        component_set(actor=world.ci, version_id=version.pk, kind="tool", name="lookup", licence="MIT")
    if changed == "features":
        wider = [*COLUMNS, {"name": "weight", "dtype": "number", "role": "feature"}]
        data = world.dataset(widened(rows(seed=2)), columns=wider)
        old = version.lineage.get(role="training", present=True)
        lineage_remove(actor=world.ci, version_id=version.pk, lineage_id=old.pk)
        lineage_set(actor=world.ci, version_id=version.pk, dataset_version_id=data.pk, role="training")
    candidate_name(actor=world.ci, version_id=version.pk, request_id=request.pk)
    version_submit(actor=world["developer"], version_id=version.pk)
    version = measured(world, version)
    path = path_propose(actor=world["developer"], version_id=version.pk)
    said = answers(path)
    assert path.proposal == "full"
    if changed == "worse":
        assert False in [value for name, value in said.items() if name.startswith("metric:")], path.criteria
    else:
        assert said[changed] is False
    assert path_take_full(actor=world["validator"], path_id=path.pk, reason="As proposed.").state == "full"
    assert material.path_of(version) == "full"


def widened(data: bytes) -> bytes:
    head, *lines = data.decode().strip().split("\n")
    return "\n".join([f"{head},weight", *(f"{line},70" for line in lines), ""]).encode()
