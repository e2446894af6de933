"""Break-glass: running without approval, never without a reason, a second person, an end and a review.

It opens what people would have decided, never what the bytes and the records say: integrity is asked as always. The
clock ends it by itself, and nothing prolongs it; a second use is a row of its own and counted for ever.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from governance import events
from governance.gates.answers import GateAnswer
from governance.gates.context import Context
from governance.gates.table import evaluate
from governance.machines import EMERGENCY
from governance.models import Emergency, Warrant
from governance.policies.document import PolicyDocument
from governance.selectors.emergencies import COVERED, fallback_of
from governance.services import rules
from governance.services.deployments import slot_allowed
from governance.services.refusals import because, closed
from governance.services.warrants import grant, void_row
from ledger import clock
from ledger.actors import Actor
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services import records, replay
from ledger.services.transactions import governed
from people import access
from people.catalogue import ROLES, P
from people.services import notices
from people.services.moves import move_row
from registry.models import Deployment, Version
from registry.selectors import versions
from registry.selectors.deployments import deployment_locked
from registry.selectors.versions import version_locked
from registry.services.deployments import deployment_apply_move
from registry.services.deployments import deployment_request as registry_request

CLOCK = Actor.system("emergency-clock")
GATES = ("records-intact", "signature-valid", "described-as-signed", "artifact-intact")
"""What no emergency opens."""
GROUND = "break-glass-ended"
ENDABLE = frozenset({"requested", "warranted", "shadow", "canary", "live"})


@governed
def emergency_request(
    *, actor: Actor, version_id: UUID, environment: str, region: str, arm: str, reason: str, hours: int
) -> Emergency:
    """Ask that a version may run without approval for `hours`. Somebody else has to agree.

    Raises Refused where the policy, the state or a gate of integrity speaks against it, Conflict while another one
    of this version is requested or open, Invalid.
    """
    version = version_locked(version_id)
    access.require(actor, P.EMERGENCY_REQUEST, version)
    context = Context(version, clock.now())
    document = _allowed(context)
    _require_state(version)
    if not reason.strip():
        raise Invalid("Say what the emergency is; it is shown for ever.", field="reason")
    if not 1 <= hours <= document.break_glass.max_hours:
        raise Invalid(
            f"The policy lets the clock run for 1 to {document.break_glass.max_hours} hours.", field="hours"
        )
    if Emergency.objects.filter(version=version, state__in=("requested", "open")).exists():
        raise Conflict("An emergency of this version is requested or open already; nothing prolongs it.")
    _require_gates(context, environment)
    deployment = registry_request(
        actor=actor, version_id=version.pk, environment=environment, region=region, arm=arm
    )
    emergency = Emergency(version=version, deployment=deployment)
    records.write(
        actor=actor,
        event=events.EMERGENCY_REQUESTED,
        row=emergency,
        set={
            "state": EMERGENCY.initial.name,
            "reason": reason.strip(),
            "hours": hours,
            "requested_by": actor.id,
            "requested_at": context.at,
        },
    )
    role = document.break_glass.role
    asked = [user for user in access.holders(role, version) if user.pseudonym not in actor.principals]
    notices.notify(
        asked,
        f"An emergency of {version} waits for you as {ROLES[role].title}.",
        f"/things/emergency/{emergency.pk}/",
    )
    return emergency


@governed
def emergency_agree(*, actor: Actor, emergency_id: UUID) -> Emergency:
    """Let it run, as second person: the clock starts, and the warrant is granted without an approval."""
    emergency = _locked(emergency_id)
    version = emergency.version
    context = Context(version, clock.now())
    access.require(actor, P.EMERGENCY_AGREE, emergency)
    if emergency.state != EMERGENCY.initial.name:
        raise Conflict(f"This emergency is {emergency.state}: nothing waits for a second person.")
    document = _allowed(context)
    _require_state(version)
    if why := rules.emergency_needs_its_role(actor, emergency):
        raise _refused(version, P.EMERGENCY_AGREE, "second-person", f"You can't agree to this: {why}.")
    _require_gates(context, emergency.deployment.slot.environment)
    _move(
        actor,
        emergency,
        "agree",
        ends=context.at + dt.timedelta(hours=emergency.hours),
        review_by=context.at + dt.timedelta(days=document.break_glass.review_days),
        agreed_as=document.break_glass.role,
        agreed_by=actor.id,
        agreed_at=context.at,
    )
    warrant = grant(
        emergency.deployment, actor=actor, context=context, document=document, emergency=emergency
    )
    records.write(actor=actor, event=events.EMERGENCY_WARRANTED, row=emergency, set={"warrant": warrant})
    return emergency


@governed
def emergency_refuse(*, actor: Actor, emergency_id: UUID) -> Emergency:
    """Refuse it: nothing runs."""
    return _move(actor, _locked(emergency_id), "refuse", closed_at=clock.now())


@governed
def emergency_withdraw(*, actor: Actor, emergency_id: UUID) -> Emergency:
    """Take a request back before anybody agreed."""
    return _move(actor, _locked(emergency_id), "withdraw", closed_at=clock.now())


@governed
def emergency_reverse(*, actor: Actor, emergency_id: UUID) -> Emergency:
    """End an open emergency, by a person before its time or by its clock: the warrant is void, and the slot returns to
    what the system declared. The review stays due."""
    emergency = _locked(emergency_id)
    now = clock.now()
    access.require(actor, P.WARRANT_VOID, emergency)
    if actor == CLOCK and emergency.ends is not None and now < emergency.ends:
        raise Conflict("The clock of this emergency hasn't ended.")
    slot = emergency.deployment.slot
    others = (
        Warrant.objects.filter(slot=slot)
        .exclude(emergencies=emergency)
        .select_related("version__model__system")
    )
    fallback = fallback_of(emergency.version.model.system, others, now)
    _move(actor, emergency, "reverse", fallback=fallback)
    warrant = emergency.warrant
    if warrant is not None and warrant.state != "void":
        # The agreement was for these hours alone: no due and no grace follows them, as nothing was approved.
        void_row(Warrant.objects.select_for_update().get(pk=warrant.pk), actor=actor, ground=GROUND)
    _return_slot(emergency, fallback)
    return emergency


def emergencies_sweep(*, actor: Actor) -> int:
    """Record what time or the seats decided since: ended clocks, approvals and reviews that never came. Each in its own
    transaction; returns how many moved."""
    rows = Emergency.objects.filter(state__in=("open", "reversed")).order_by("requested_at")
    return sum(_settle(actor=actor, emergency_id=pk) for pk in list(rows.values_list("pk", flat=True)))


@governed
def _settle(*, actor: Actor, emergency_id: UUID) -> bool:
    emergency = _locked(emergency_id)
    now = clock.now()
    version = replay.replayed(emergency.version.ledger_kind, emergency.version_id).get("state")
    if version in ("approved", "restricted") and emergency.state in ("open", "reversed"):
        _move(actor, emergency, "confirm", closed_at=now)
    elif emergency.state == "open" and emergency.ends is not None and now >= emergency.ends:
        emergency_reverse(actor=actor, emergency_id=emergency.pk)
    elif emergency.state == "reversed" and emergency.review_by is not None and now >= emergency.review_by:
        _move(actor, emergency, "lapse", closed_at=now)
    else:
        return False
    return True


def _allowed(context: Context) -> PolicyDocument:
    document = context.document
    if document is None or not document.break_glass.allowed:
        raise _refused(
            context.version, P.EMERGENCY_REQUEST, "not-allowed", "The policy knows no emergencies."
        )
    return document


def _require_state(version: Version) -> None:
    if version.state not in COVERED:
        text = f"The version is {version.state}; an emergency is for one in validation or review."
        raise _refused(version, P.EMERGENCY_REQUEST, f"version-{version.state}", text)


def _require_gates(context: Context, environment: str) -> None:
    answers: list[GateAnswer] = [slot_allowed(context, environment), *evaluate(GATES, context)]
    if not all(answer.ok for answer in answers):
        raise closed(
            f"No emergency lets {context.version} run.", context.version, P.EMERGENCY_REQUEST, answers
        )


def _refused(version: Version, permission: P, code: str, text: str) -> Exception:
    return because(
        "This emergency is refused.", version, permission, gate="break-glass", code=code, text=text
    )


def _return_slot(emergency: Emergency, fallback: str) -> None:
    deployment: Deployment = deployment_locked(emergency.deployment_id)
    now = clock.now()
    standing = Warrant.objects.filter(
        deployment=deployment, state__in=("granted", "issued"), not_after__gt=now
    )
    kept = emergency.version.model.system.on_void == "keep" or standing.exists()
    if kept or deployment.state not in ENDABLE:
        return
    deployment_apply_move(actor=CLOCK, deployment_id=deployment.pk, move="end", answers={}, reason=fallback)


def _locked(emergency_id: UUID) -> Emergency:
    found = Emergency.objects.filter(pk=emergency_id).first()
    if found is None:
        raise NotThere
    # The version is what every other decision locks first.
    version_locked(found.version_id)
    return Emergency.objects.select_for_update(of=("self",)).select_related(
        "version__model__system", "deployment__slot", "warrant"
    ).get(pk=emergency_id)  # fmt: skip


def _move(actor: Actor, emergency: Emergency, move: str, **fields: Any) -> Emergency:
    move_row(
        actor=actor,
        row=emergency,
        machine=EMERGENCY,
        move=move,
        event=events.EMERGENCY_MOVED,
        barred={
            "requester": frozenset({emergency.requested_by}),
            "contributor": versions.contributors(emergency.version_id),
        },
        set=fields,
    )
    return emergency
