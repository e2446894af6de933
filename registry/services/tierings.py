"""Tiering: the one way in which a system's risk tier changes after it was registered.

A first-line person proposes on answers, somebody of the second line who neither proposed it nor owns the system
confirms. A version keeps the policy that was pinned when it was submitted, whatever happens here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from people.services.moves import move_row
from people.services.notices import notify
from registry import events, inputs, questionnaire
from registry.machines import OWNER, PROPOSER, TIERING
from registry.models import RiskTier, System, Tiering
from registry.selectors.systems import owners, system_locked
from registry.selectors.tierings import tiering_locked
from registry.services.systems import require_active

REVIEW_AFTER = timedelta(days=365)


@governed
def tiering_propose(
    *,
    actor: Actor,
    system_id: UUID | str,
    is_model: bool,
    why: str,
    answers: Mapping[str, Any] | None = None,
    tier: str = "",
    tier_reason: str = "",
) -> Tiering:
    """Propose a tier on answers to the questionnaire, or that this is no model (then without answers and tier).

    Without `tier` the computed one is proposed; another one needs `tier_reason`, which every page prints. Raises
    Invalid with all missing answers, Conflict where a proposal waits already.
    """
    system = system_locked(system_id)
    access.require(actor, P.TIER_PROPOSE, system)
    require_active(system)
    said = inputs.passage("why", why, limit=10_000)
    fields = (
        _asked(system, answers or {}, tier, tier_reason) if is_model else _no_model(system, answers, tier)
    )
    if Tiering.objects.filter(system=system, state="proposed").exists():
        raise Conflict("A proposal for this system waits already; withdraw it first.", code="exists")
    row = Tiering(system=system)
    records.write(
        actor=actor,
        event=events.TIERING_PROPOSED,
        row=row,
        set={
            **fields,
            "is_model": is_model,
            "why": said,
            "before": system.risk_tier,
            "state": TIERING.initial.name,
            "proposed_by": actor.id,
            "proposed_at": clock.now(),
        },
    )
    return row


@governed
def tiering_confirm(
    *, actor: Actor, tiering_id: UUID | str, note: str, cooling_off: timedelta = timedelta(0)
) -> Tiering:
    """Confirm a proposal: its tier becomes the system's, and the tiering in force before is superseded.

    `cooling_off` is how long a former owner stays barred. Raises NotAllowed ("proposer", "owner"), Conflict, NotThere.
    """
    row, system = _locked(tiering_id)
    before = Tiering.objects.select_for_update().filter(system=system, state="confirmed").first()
    # Asked first, so that nothing is superseded by whoever may not confirm.
    access.require(actor, P.TIER_CONFIRM, row)
    if before is not None and row.state == "proposed":
        move_row(actor=actor, row=before, machine=TIERING, move="supersede", event=events.TIERING_MOVED)
    _decide(actor, row, system, "confirm", note, cooling_off, {"review_by": clock.now() + REVIEW_AFTER})
    if row.is_model and system.risk_tier != row.tier:
        records.write(
            actor=actor,
            event=events.SYSTEM_EDITED,
            row=system,
            set={"risk_tier": row.tier},
            data={"fields": ["risk_tier"]},
        )
    return row


@governed
def tiering_send_back(
    *, actor: Actor, tiering_id: UUID | str, note: str, cooling_off: timedelta = timedelta(0)
) -> Tiering:
    """Send a proposal back with a reason. Raises as `tiering_confirm`."""
    row, system = _locked(tiering_id)
    _decide(actor, row, system, "send-back", note, cooling_off, {})
    notify([row.proposed_by], f"The tiering of {system} was sent back.", f"/systems/{system.pk}/tiering/")
    return row


@governed
def tiering_withdraw(*, actor: Actor, tiering_id: UUID | str) -> Tiering:
    """Withdraw a proposal that nobody decided on. Raises NotAllowed, Conflict, NotThere."""
    row, _ = _locked(tiering_id)
    move_row(actor=actor, row=row, machine=TIERING, move="withdraw", event=events.TIERING_MOVED)
    return row


def _decide(
    actor: Actor,
    row: Tiering,
    system: System,
    move: str,
    note: str,
    cooling_off: timedelta,
    fields: Mapping[str, Any],
) -> None:
    move_row(
        actor=actor,
        row=row,
        machine=TIERING,
        move=move,
        event=events.TIERING_MOVED,
        barred={PROPOSER: frozenset({row.proposed_by}), OWNER: owners(system.pk, cooling_off)},
        set={
            "decided_by": actor.id,
            "decided_at": clock.now(),
            "note": inputs.passage("note", note, limit=10_000),
            **fields,
        },
    )


def _locked(tiering_id: UUID | str) -> tuple[Tiering, System]:
    # The system first, as everything that registers under it does.
    found = tiering_locked(tiering_id)
    system = system_locked(found.system_id)
    return found, system


def _asked(system: System, answers: Mapping[str, Any], tier: str, tier_reason: str) -> dict[str, Any]:
    if wrong := questionnaire.faults(answers):
        reasons = [{"code": name, "text": f"{name}: {text}"} for name, text in wrong.items()]
        raise Invalid(
            "Every question needs one of its answers.", field=f"answers.{next(iter(wrong))}", reasons=reasons
        )
    computed = questionnaire.compute(answers)
    proposed = inputs.choice("tier", tier or computed.tier, RiskTier.values)
    differs = proposed != computed.tier
    if tier_reason.strip() and not differs:
        raise Invalid("A reason is for a tier that differs from the computed one.", field="tier_reason")
    reason = inputs.passage("tier_reason", tier_reason, limit=10_000, required=False)
    if differs and not reason:
        text = f"The answers give {computed.tier}. Say why it is to be {proposed}; every page prints it."
        raise Invalid(text, field="tier_reason")
    return {
        "questionnaire": questionnaire.EDITION,
        "answers": dict(answers),
        "computed": computed.tier,
        "tier": proposed,
        "tier_reason": reason,
    }


def _no_model(system: System, answers: Mapping[str, Any] | None, tier: str) -> dict[str, Any]:
    if answers or tier:
        raise Invalid("What is no model has no answers and no tier.", field="answers" if answers else "tier")
    return {"tier": system.risk_tier}
