"""Who is on a decision. A claim tells colleagues; it keeps nobody from deciding, and it ends by itself."""

from __future__ import annotations

from uuid import UUID

from governance import events
from governance.gates.context import Context
from governance.machines import CLAIM
from governance.models import Claim
from governance.services.refusals import require_free
from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Conflict, NotAllowed, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import ROLES, P
from people.selectors import name_of
from people.services.moves import move_row
from people.services.notices import notify
from registry.machines import ROUND_OPEN
from registry.models import Version
from registry.selectors.versions import version_locked


@governed
def claim_take(*, actor: Actor, version_id: UUID, seat: str = "") -> Claim:
    """Say that the acting person works on this version, in `seat` or the first of the policy's seats they may fill.

    A claim that somebody else holds in this seat is taken over, and they are told. The same person's second click gives
    the first claim back. Raises NotAllowed for who made the version or holds no seat, Conflict where nothing is open.
    """
    version = version_locked(version_id)
    access.require(actor, P.VERSION_APPROVE, version)
    context = Context(version, clock.now())
    require_free(actor, context, P.VERSION_APPROVE, about=version, what="claim it")
    if version.state not in ROUND_OPEN:
        raise Conflict(f"The version is {version.state}; there is nothing to decide now.")
    seat = _seat(actor, seat, context)
    held = Claim.objects.select_for_update().filter(
        version=version, decision_round=version.decision_round, seat=seat, state="held"
    )
    present = held.first()
    if present is not None and present.person == actor.id:
        return present
    if present is not None:
        _end(actor, present, "take-over")
        notify(
            [present.person],
            f"{name_of(actor.id)} has taken over the decision on {version} as {ROLES[seat].title}.",
            f"/versions/{version.pk}/",
        )
    claim = Claim()
    records.write(
        actor=actor,
        event=events.CLAIM_TAKEN,
        row=claim,
        set={
            "version": version, "decision_round": version.decision_round, "seat": seat, "person": actor.id,
            "since": context.at, "state": CLAIM.initial.name,
        },
    )  # fmt: skip
    return claim


@governed
def claim_release(*, actor: Actor, claim_id: UUID) -> Claim:
    """Give one's own claim back. A second click finds it given back and changes nothing."""
    version_id = Claim.objects.filter(pk=claim_id).values_list("version_id", flat=True).first()
    if version_id is None:
        raise NotThere
    version_locked(version_id)  # what every change of a claim locks first
    claim = Claim.objects.select_for_update().get(pk=claim_id)
    access.require(actor, P.VERSION_APPROVE, claim)
    if claim.person != actor.id:
        raise NotAllowed(
            "Only whoever holds a claim gives it back. You can take it over.",
            permission=P.VERSION_APPROVE, subject=Subject.of(claim), reason="not-holder", visible=True,
        )  # fmt: skip
    if claim.state == "held":
        _end(actor, claim, "release")
    return claim


def claims_settle(*, actor: Actor, version: Version, person: str) -> None:
    """Release the claims of who has just decided. The caller has locked the version and asked for permission."""
    rows = Claim.objects.select_for_update().filter(version=version, person=person, state="held")
    for claim in rows:
        _end(actor, claim, "release")


def _end(actor: Actor, claim: Claim, move: str) -> None:
    move_row(
        actor=actor,
        row=claim,
        machine=CLAIM,
        move=move,
        event=events.CLAIM_MOVED,
        set={"ended_at": clock.now(), "ended_by": actor.id},
    )


def _seat(actor: Actor, wanted: str, context: Context) -> str:
    mine = access.roles(actor, context.version)
    seats = context.document.seats("approve") if context.document else ()
    fitting = [seat for seat in seats if seat in mine and wanted in ("", seat)]
    if not fitting:
        raise NotAllowed(
            "You hold none of the seats that the policy asks for.",
            permission=P.VERSION_APPROVE, subject=Subject.of(context.version), reason="seat", visible=True,
        )  # fmt: skip
    filled = {decision.seat for decision in context.decisions if decision.outcome == "approve"}
    return next((seat for seat in fitting if seat not in filled), fitting[0])
