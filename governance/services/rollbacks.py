"""Back to what was live before: a decision that the policy made in advance, and its drill.

Giving a slot back is no new approval: the version was approved, ran here, and is under a warrant that the policy lets
be granted again within its window. What serving reports moves the deployments; nothing here claims that it happened.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from governance import events
from governance.gates.answers import GateAnswer, Reason
from governance.gates.context import Context
from governance.gates.table import evaluate
from governance.machines import DRILL
from governance.models import Rollback, RollbackDrill, Warrant
from governance.selectors.slots import live_before, live_since
from governance.services.deployments import approved, slot_allowed
from governance.services.refusals import closed
from governance.services.warrants import grant
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from people.services.moves import move_row
from registry.models import Deployment
from registry.selectors.deployments import deployment_by_id
from registry.selectors.versions import version_locked
from registry.services.deployments import deployment_return

GATES = ("records-intact", "signature-valid", "described-as-signed", "artifact-intact")
"""What must still hold of the version that comes back; its checks were passed when it was approved, and their age
doesn't keep people on a version that fails now."""
LONGEST_DRILL = 7 * 24 * 3600


@governed
def deployment_roll_back_to(*, actor: Actor, deployment_id: UUID, reason: str) -> Rollback:
    """Give the slot of a live deployment back to the version that was live there before, under a new warrant.

    Asking twice gives the same answer. Raises Refused with every reason, Conflict where nothing is live, Invalid.
    """
    leaving = deployment_by_id(deployment_id)
    version_locked(leaving.version_id)
    leaving = deployment_by_id(deployment_id)
    access.require(actor, P.DEPLOYMENT_MOVE, leaving)
    if not reason.strip():
        raise Invalid("Say why the slot is given back; it is kept with the record.", field="reason")
    if leaving.state != "live":
        raise Conflict(
            f"This deployment is {leaving.state}; a slot is given back while something is live in it."
        )
    if standing := _standing(leaving):
        return standing
    before = live_before(leaving)
    if before is None:
        raise Conflict("Nothing else was live in this slot before.")
    version = version_locked(before.version_id)
    slot = leaving.slot
    context = Context(version, clock.now(), f"{slot.environment}/{slot.region}/{slot.arm}")
    window = _window(context, leaving)
    answers = [approved(context), slot_allowed(context, leaving.slot.environment), window[0],
               *evaluate(GATES, context)]  # fmt: skip
    document = context.document
    if document is None or not all(answer.ok for answer in answers):
        raise closed(f"The slot can't be given back to {version}.", version, P.DEPLOYMENT_MOVE, answers)
    returned = deployment_return(actor=actor, version_id=version.pk, slot_id=leaving.slot_id)
    warrant = _warrant(returned, context.at) or grant(
        returned, actor=actor, context=context, document=document
    )
    row = Rollback(version=version, left=leaving, returned=returned, warrant=warrant)
    records.write(
        actor=actor,
        event=events.ROLLED_BACK,
        row=row,
        set={
            "window_ends": window[1],
            "requested_by": actor.id,
            "requested_at": context.at,
            "reason": reason.strip(),
        },
    )
    return row


@governed
def drill_plan(*, actor: Actor, deployment_id: UUID, planned_for: dt.datetime) -> RollbackDrill:
    """Plan a trial of the way back from a live deployment. One may be planned at a time."""
    deployment = deployment_by_id(deployment_id)
    version_locked(deployment.version_id)
    access.require(actor, P.DEPLOYMENT_MOVE, deployment)
    if deployment.state != "live":
        raise Conflict(
            f"This deployment is {deployment.state}; the way back is tried while something is live."
        )
    if RollbackDrill.objects.filter(deployment=deployment, state="planned").exists():
        raise Conflict("A drill is planned for this deployment already.")
    now = clock.now()
    if not now - dt.timedelta(days=1) <= planned_for <= now + dt.timedelta(days=366):
        raise Invalid("A drill is planned for a day within the next year.", field="planned_for")
    drill = RollbackDrill(version=deployment.version, deployment=deployment)
    records.write(
        actor=actor,
        event=events.DRILL_PLANNED,
        row=drill,
        set={
            "state": DRILL.initial.name,
            "planned_by": actor.id,
            "planned_at": now,
            "planned_for": planned_for,
        },
    )
    return drill


@governed
def drill_perform(*, actor: Actor, drill_id: UUID, outcome: str, seconds: int, note: str) -> RollbackDrill:
    """Record how a drill went and how many seconds the way back took."""
    drill = _locked(drill_id)
    access.require(actor, P.DEPLOYMENT_MOVE, drill)
    if outcome not in RollbackDrill.Outcome.values:
        raise Invalid(f"Possible: {', '.join(RollbackDrill.Outcome.values)}.", field="outcome")
    if not 0 <= seconds <= LONGEST_DRILL:
        raise Invalid("Give the seconds it took, at most a week.", field="seconds")
    if not note.strip():
        raise Invalid("Say what was tried and seen.", field="note")
    said = {"outcome": outcome, "seconds": seconds, "note": note.strip()}
    return _move(actor, drill, "perform", **said, performed_by=actor.id, performed_at=clock.now())


@governed
def drill_cancel(*, actor: Actor, drill_id: UUID) -> RollbackDrill:
    """Give up a planned drill; it stays due."""
    return _move(actor, _locked(drill_id), "cancel")


def _standing(leaving: Deployment) -> Rollback | None:
    """The slot was given back already and waits for serving."""
    made = Rollback.objects.filter(left=leaving, warrant__state__in=("granted", "issued")).order_by(
        "-requested_at"
    )
    return made.exclude(returned__state__in=("rolled-back", "superseded", "ended")).first()


def _window(context: Context, leaving: Deployment) -> tuple[GateAnswer, dt.datetime]:
    days = context.document.rollback.window_days if context.document else 0
    ends = (live_since(leaving) or context.at) + dt.timedelta(days=days)
    reasons: tuple[Reason, ...] = ()
    if not days:
        reasons = (Reason("no-window", "The policy lets nothing come back without a new approval."),)
    elif context.at > ends:
        text = f"What was live before may come back within {days} days; that ended {clock.text(ends)}."
        reasons = (Reason("window-over", text),)
    return GateAnswer("rollback-window", "Within the window of the policy", reasons), ends


def _warrant(deployment: Deployment, at: dt.datetime) -> Warrant | None:
    rows = Warrant.objects.filter(deployment=deployment, state__in=("granted", "issued"), not_after__gt=at)
    return rows.order_by("-granted_at").first()


def _locked(drill_id: UUID) -> RollbackDrill:
    drill = RollbackDrill.objects.select_for_update().filter(pk=drill_id).first()
    if drill is None:
        raise NotThere
    return drill


def _move(actor: Actor, drill: RollbackDrill, move: str, **fields: object) -> RollbackDrill:
    move_row(actor=actor, row=drill, machine=DRILL, move=move, event=events.DRILL_MOVED, set=fields)
    return drill
