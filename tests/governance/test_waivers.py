"""Waivers beyond one version, and waivers given again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from governance.gates.context import Context
from governance.models import Waiver
from governance.selectors.renewals import next_role, renewal_of
from governance.services.deployments import deployment_request
from governance.services.moves import moves_of
from governance.services.renewals import waiver_renew, wide_waiver_renew
from governance.services.versions import version_start_review
from governance.services.waivers import waiver_approve, waiver_request
from governance.services.wide_waivers import (
    wide_waiver_approve,
    wide_waiver_refuse,
    wide_waiver_request,
    wide_waiver_revoke,
)
from ledger import clock
from ledger.errors import Conflict, Invalid, NotAllowed, Refused
from ledger.workdays import calendar
from registry.selectors.versions import version_by_id
from tests.governance.lifecycle import PLACE, amended, executive

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_store")]
WORDS = {"reason": "Known.", "compensating_control": "A person looks."}


def soon(days: int = 30) -> Any:
    return clock.now() + timedelta(days=days)


def state(version: Any, name: str, place: str = "") -> Any:
    context = Context(version_by_id(version.pk), clock.now(), place)
    return next(item for item in context.requirements if item.requirement.name == name)


def test_a_waiver_of_a_model_is_the_accountable_executives(world: Any) -> None:
    amended(world)
    executive(world)
    version = world.validated()
    version_start_review(actor=world["validator"], version_id=version.pk)
    said = {"model_id": world.model.pk, "requirement": "parity-ratio", **WORDS, "ends": soon()}
    with pytest.raises(NotAllowed):
        wide_waiver_request(actor=world["reviewer"], **said)
    with pytest.raises(Invalid, match="not be waived"):
        wide_waiver_request(actor=world["owner"], **{**said, "requirement": "signature"})
    with pytest.raises(Invalid, match="within 60 days"):
        wide_waiver_request(actor=world["owner"], **{**said, "ends": soon(61)})
    with pytest.raises(Invalid, match="no such version"):
        wide_waiver_request(actor=world["owner"], **said, versions=[99])
    with pytest.raises(Invalid, match="environment/region/arm"):
        wide_waiver_request(actor=world["owner"], **said, slots=["production"])
    before = Context(version, clock.now()).shown_digest
    waiver = wide_waiver_request(actor=world["owner"], **said, slots=["production/eu/main"])
    assert Context(version_by_id(version.pk), clock.now()).shown_digest != before
    with pytest.raises(Conflict, match="already waits"):
        wide_waiver_request(actor=world["owner"], **said)
    assert state(version, "parity-ratio").waiver is None
    for who in ("owner", "reviewer"):
        assert not next(m for m in moves_of(world[who], waiver) if m.transition.name == "approve").open
        with pytest.raises(NotAllowed):
            wide_waiver_approve(actor=world[who], waiver_id=waiver.pk)
    assert next(m for m in moves_of(world["executive"], waiver) if m.transition.name == "approve").open
    wide_waiver_approve(actor=world["executive"], waiver_id=waiver.pk)
    assert state(version, "parity-ratio").waiver == waiver
    assert state(version, "parity-ratio", "production/eu/main").waiver == waiver
    assert state(version, "parity-ratio", "production/us/main").waiver is None
    assert (
        state(world.validated(weights=b"next"), "parity-ratio").waiver == waiver
    )  # every version of the model

    again = wide_waiver_renew(actor=world["owner"], waiver_id=waiver.pk, **WORDS, ends=soon())
    with pytest.raises(Conflict, match="asked for again already"):
        wide_waiver_renew(actor=world["owner"], waiver_id=waiver.pk, **WORDS, ends=soon())
    link = renewal_of(again)
    assert link is not None
    assert (link.number, link.role, link.wide_before, again.slots) == (
        1, "accountable-executive", waiver, waiver.slots,
    )  # fmt: skip
    wide_waiver_refuse(actor=world["executive"], waiver_id=again.pk)
    wide_waiver_revoke(actor=world["reviewer"], waiver_id=waiver.pk)
    assert state(version, "parity-ratio").waiver is None


def test_a_place_that_the_waiver_does_not_name_gets_no_warrant(world: Any) -> None:
    amended(world)
    executive(world)
    version = world.validated()
    version_start_review(actor=world["validator"], version_id=version.pk)
    open_ones = [s.requirement.name for s in Context(version, clock.now()).requirements if s.open]
    waived = [name for name in ("parity-ratio", "equal-errors") if name in open_ones]
    assert waived  # the seeded data leave one open
    for name in waived:
        waiver = wide_waiver_request(
            actor=world["owner"], model_id=world.model.pk, requirement=name, **WORDS, ends=soon(),
            versions=[version.number], slots=["production/eu/main"],
        )  # fmt: skip
        wide_waiver_approve(actor=world["executive"], waiver_id=waiver.pk)
    world.cover(version)
    world.decide(version, "validator", "independent-validator")
    world.decide(version, "reviewer", "risk-reviewer")
    with pytest.raises(Refused) as refused:
        deployment_request(actor=world["owner"], version_id=version.pk, **{**PLACE, "region": "us"})
    assert {reason["about"] for reason in refused.value.reasons} == set(waived)
    warrant = deployment_request(actor=world["owner"], version_id=version.pk, **PLACE)
    assert warrant.not_after <= calendar().within(waiver.ends)
    assert any("waived until" in text for text in warrant.conditions)


@pytest.mark.once
def test_a_renewal_wants_one_level_more(world: Any) -> None:
    assert [next_role(role) for role in ("independent-validator", "risk-reviewer", "accountable-executive", "x")] == [
        "risk-reviewer", "accountable-executive", "accountable-executive", "accountable-executive",
    ]  # fmt: skip
    executive(world)
    version = world.validated()
    first = waiver_request(
        actor=world["owner"], version_id=version.pk, requirement="parity-ratio", **WORDS, ends=soon()
    )
    with pytest.raises(Conflict, match="Only an approved"):
        waiver_renew(actor=world["owner"], waiver_id=first.pk, **WORDS, ends=soon())
    waiver_approve(actor=world["reviewer"], waiver_id=first.pk)
    second = waiver_renew(actor=world["owner"], waiver_id=first.pk, **WORDS, ends=soon(50))
    link = renewal_of(second)
    assert link is not None
    assert (link.number, link.role, link.before) == (1, "accountable-executive", first)
    with pytest.raises(Refused) as refused:
        waiver_approve(actor=world["reviewer"], waiver_id=second.pk)
    assert "Accountable executive" in str(refused.value.reasons)
    with pytest.raises(Conflict, match="asked for again already"):
        waiver_renew(actor=world["owner"], waiver_id=first.pk, **WORDS, ends=soon())
    waiver_approve(actor=world["executive"], waiver_id=second.pk)
    assert state(version, "parity-ratio").waiver == Waiver.objects.get(
        pk=second.pk
    )  # of several, the last to end
    third = renewal_of(waiver_renew(actor=world["owner"], waiver_id=second.pk, **WORDS, ends=soon()))
    assert third is not None
    assert (third.number, third.role) == (2, "accountable-executive")
