"""The state machines of governed decisions, as tables. Pages, buttons, API answers and docs read them."""

from __future__ import annotations

from governance.challenge import COMMENT, EXTENSION, FINDING, VALIDATION
from modelwarrant.machine import Machine, State, Transition
from people.catalogue import P

POLICY = Machine(
    name="policy",
    title="Policy",
    states=(
        State("draft", "Draft", "initial"),
        State("review", "In review"),
        State("in-force", "In force"),
        State("superseded", "Superseded", "final"),
        State("withdrawn", "Withdrawn", "final"),
    ),
    transitions=(
        Transition(
            "submit", ("draft",), "review", "Submit for approval", P.POLICY_EDIT,
            consequence="The text can no longer be changed.",
        ),
        Transition(
            "approve", ("review",), "in-force", "Approve and put in force", P.POLICY_APPROVE, not_by=("author",),
            consequence="New versions of this tier are held to it from now on; the policy before it is superseded.",
        ),
        Transition(
            "supersede", ("in-force",), "superseded", "Supersede", P.POLICY_APPROVE,
            consequence="Versions already in review keep this policy.",
        ),
        Transition(
            "withdraw", ("draft", "review"), "withdrawn", "Withdraw", P.POLICY_EDIT,
            consequence="The text is kept and never takes effect.",
        ),
    ),
    event="governance.policy.moved",
)  # fmt: skip

WAIVER = Machine(
    name="waiver",
    title="Waiver",
    states=(
        State("requested", "Requested", "initial"),
        State("approved", "Approved"),
        State("refused", "Refused", "final"),
        State("revoked", "Revoked", "final"),
    ),
    transitions=(
        Transition(
            "approve", ("requested",), "approved", "Approve the waiver", P.WAIVER_APPROVE,
            not_by=("requester", "contributor"),
            consequence="The requirement counts as waived, never as met, until the waiver ends.",
        ),
        Transition("refuse", ("requested",), "refused", "Refuse the waiver", P.WAIVER_APPROVE, not_by=("requester",)),
        Transition(
            "revoke", ("approved",), "revoked", "Revoke the waiver", P.WAIVER_REVOKE,
            consequence="The requirement blocks again from now on.",
        ),
    ),
    event="governance.waiver.moved",
)  # fmt: skip

WIDE_WAIVER = Machine(
    name="wide-waiver",
    title="Waiver beyond one version",
    states=WAIVER.states,
    transitions=(
        Transition(
            "approve", ("requested",), "approved", "Approve the waiver", P.WAIVER_APPROVE,
            not_by=("requester", "contributor"), roles=("accountable-executive",),
            consequence="The requirement counts as waived, never as met, for every version it names, until it ends.",
        ),
        Transition("refuse", ("requested",), "refused", "Refuse the waiver", P.WAIVER_APPROVE, not_by=("requester",)),
        Transition(
            "revoke", ("approved",), "revoked", "Revoke the waiver", P.WAIVER_REVOKE,
            consequence="The requirement blocks again from now on, for every version it named.",
        ),
    ),
    event="governance.wide_waiver.moved",
)  # fmt: skip

EMERGENCY = Machine(
    name="emergency",
    title="Emergency (break-glass)",
    states=(
        State("requested", "Waits for a second person", "initial"),
        State("open", "Runs without approval"),
        State("reversed", "Reversed, review due"),
        State("approved", "Approved afterwards", "final"),
        State("not-approved", "Not approved afterwards", "final"),
        State("refused", "Refused", "final"),
    ),
    transitions=(
        Transition(
            "agree", ("requested",), "open", "Agree to the emergency", P.EMERGENCY_AGREE,
            not_by=("requester", "contributor"),
            consequence="The version may run in this slot until the clock ends. It is counted and shown for ever, and "
            "the normal seats have to approve it afterwards.",
        ),
        Transition(
            "refuse", ("requested",), "refused", "Refuse the emergency", P.EMERGENCY_AGREE, not_by=("requester",),
            consequence="Nothing runs. The request stays recorded.",
        ),
        Transition("withdraw", ("requested",), "refused", "Withdraw the request", P.EMERGENCY_REQUEST),
        Transition(
            "reverse", ("open",), "reversed", "Reverse it now", P.WARRANT_VOID,
            consequence="The warrant is void at once and the slot returns to what the system declared.",
        ),
        Transition(
            "confirm", ("open", "reversed"), "approved", "Record the approval", P.EMERGENCY_CLOSE,
            consequence="The normal seats approved the version. The emergency's own warrant still ends with its clock.",
        ),
        Transition(
            "lapse", ("reversed",), "not-approved", "Record that nobody approved it", P.EMERGENCY_CLOSE,
            consequence="It stays on every list as an emergency that was never approved.",
        ),
    ),
    event="governance.emergency.moved",
)  # fmt: skip

DRILL = Machine(
    name="rollback-drill",
    title="Roll-back drill",
    states=(
        State("planned", "Planned", "initial"),
        State("performed", "Performed", "final"),
        State("cancelled", "Cancelled", "final"),
    ),
    transitions=(
        Transition(
            "perform", ("planned",), "performed", "Record the drill", P.DEPLOYMENT_MOVE,
            consequence="Whether the way back worked, and how long it took, stays recorded.",
        ),
        Transition(
            "cancel", ("planned",), "cancelled", "Cancel the drill", P.DEPLOYMENT_MOVE,
            consequence="The policy's date for the next one doesn't move.",
        ),
    ),
    event="governance.rollback_drill.moved",
)  # fmt: skip

PATH = Machine(
    name="retraining-path",
    title="Path of a retrained version",
    states=(
        State("proposed", "Proposed", "initial"),
        State("light", "Light path", "final"),
        State("full", "Full path", "final"),
    ),
    transitions=(
        Transition(
            "take-light", ("proposed",), "light", "Confirm the light path", P.VERSION_VALIDATE,
            not_by=("contributor",),
            consequence="One independent approval is enough, as long as every criterion still holds.",
        ),
        Transition(
            "take-full", ("proposed",), "full", "Take the full path", P.VERSION_VALIDATE, not_by=("contributor",),
            consequence="Every seat of the policy decides.",
        ),
    ),
    event="governance.retraining_path.moved",
)  # fmt: skip

ACCEPTANCE = Machine(
    name="acceptance",
    title="Acceptance of an inconclusive result",
    states=(State("active", "Active", "initial"), State("revoked", "Revoked", "final")),
    transitions=(Transition("revoke", ("active",), "revoked", "Revoke the acceptance", P.VERSION_VALIDATE),),
    event="governance.acceptance.moved",
)

WARRANT = Machine(
    name="warrant",
    title="Warrant",
    states=(
        State("granted", "Granted, waiting for its proof", "initial"),
        State("issued", "Issued"),
        State("superseded", "Superseded by a newer one"),
        State("void", "Void", "final"),
    ),
    transitions=(
        Transition("issue", ("granted",), "issued", "Sign the warrant", P.WARRANT_ISSUE),
        Transition(
            "supersede", ("issued",), "superseded", "Supersede by a newer warrant", P.WARRANT_ISSUE,
            consequence="The newer one answers for the slot. This one's document stays genuine until its own end.",
        ),
        Transition(
            "void", ("granted", "issued", "superseded"), "void", "Void the warrant", P.WARRANT_VOID,
            consequence="The gate refuses this deployment from now on.",
        ),
    ),
    event="governance.warrant.moved",
)  # fmt: skip

CONDITION = Machine(
    name="condition",
    title="Condition of an approval",
    states=(State("open", "Open", "initial"), State("met", "Met", "final")),
    transitions=(
        Transition(
            "meet", ("open",), "met", "Confirm that the condition is met", P.CONDITION_CONFIRM,
            not_by=("contributor", "responsible"),
            consequence="What an overdue condition took from the warrants of this version comes back, unless they are void.",
        ),
    ),
    event="governance.condition.moved",
)  # fmt: skip

RECERTIFICATION = Machine(
    name="recertification",
    title="Recertification",
    states=(
        State("requested", "Requested", "initial"),
        State("review", "In review"),
        State("granted", "Granted", "final"),
        State("refused", "Refused", "final"),
        State("withdrawn", "Withdrawn", "final"),
    ),
    transitions=(
        Transition(
            "start", ("requested",), "review", "Take the recertification into review", P.RECERTIFICATION_DECIDE,
            not_by=("contributor",),
            consequence="The policy in force is pinned, and its checks run again under it.",
        ),
        Transition(
            "grant", ("review",), "granted", "Renew the warrant", P.RECERTIFICATION_DECIDE,
            not_by=("contributor", "requester"),
            consequence="A new warrant is granted; once it is signed it supersedes the old one, without a gap.",
        ),
        Transition(
            "refuse", ("requested", "review"), "refused", "Refuse the renewal", P.RECERTIFICATION_DECIDE,
            not_by=("contributor",),
            consequence="The warrant stands until its own end and is not renewed by this request.",
        ),
        Transition(
            "withdraw", ("requested", "review"), "withdrawn", "Withdraw the request", P.RECERTIFICATION_REQUEST,
            consequence="Nothing changes; it may be requested again.",
        ),
    ),
    event="governance.recertification.moved",
)  # fmt: skip

VOID_DRILL = Machine(
    name="void-drill",
    title="Drill of a void warrant",
    states=(
        State("planned", "Planned", "initial"),
        State("performed", "Performed", "final"),
        State("cancelled", "Cancelled", "final"),
    ),
    transitions=(
        Transition(
            "perform", ("planned",), "performed", "Record the drill", P.DRILL_RUN,
            consequence="The observation is kept, and the date of the next drill follows from it.",
        ),
        Transition("cancel", ("planned",), "cancelled", "Cancel the drill", P.DRILL_RUN),
    ),
    event="governance.void_drill.moved",
)  # fmt: skip

RETRAINING = Machine(
    name="retraining-request",
    title="Retraining request",
    states=(
        State("requested", "Waits for a person", "initial"),
        State("approved", "Approved"),
        State("refused", "Refused", "final"),
        State("done", "Done", "final"),
    ),
    transitions=(
        Transition(
            "approve", ("requested",), "approved", "Approve retraining", P.RETRAINING_DECIDE,
            consequence="Training may begin; the candidate arrives as a new version.",
        ),
        Transition("refuse", ("requested",), "refused", "Refuse retraining", P.RETRAINING_DECIDE),
        Transition("finish", ("approved",), "done", "Record the new version", P.VERSION_REGISTER),
    ),
    event="governance.retraining.moved",
)  # fmt: skip

ATTESTATION = Machine(
    name="attestation",
    title="Attestation",
    states=(State("given", "Given", "initial"), State("withdrawn", "Withdrawn", "final")),
    transitions=(Transition("withdraw", ("given",), "withdrawn", "Withdraw the attestation", P.ATTEST),),
    event="governance.attestation.moved",
)

REPORT = Machine(
    name="report",
    title="Report",
    states=(
        State("due", "Being made", "initial"),
        State("done", "Done", "final"),
        State("error", "Could not be made", "final"),
    ),
    transitions=(
        Transition("finish", ("due",), "done", "Store the report", P.REPORT_RENDER),
        Transition("fail", ("due",), "error", "Give up", P.REPORT_RENDER),
    ),
    event="governance.report.moved",
)

CLAIM = Machine(
    name="claim",
    title="Claim",
    states=(
        State("held", "Held", "initial"),
        State("released", "Released", "final"),
        State("taken-over", "Taken over", "final"),
    ),
    transitions=(
        Transition(
            "release", ("held",), "released", "Release the claim", P.VERSION_APPROVE,
            consequence="Others see that nobody works on it in this seat.",
        ),
        Transition(
            "take-over", ("held",), "taken-over", "Take it over", P.VERSION_APPROVE,
            consequence="The person before is told. Both may still decide; the claim only says who is on it.",
        ),
    ),
    event="governance.claim.moved",
)  # fmt: skip

MACHINES = (
    POLICY,
    WAIVER,
    WIDE_WAIVER,
    EMERGENCY,
    DRILL,
    ACCEPTANCE,
    WARRANT,
    CONDITION,
    RECERTIFICATION,
    VOID_DRILL,
    RETRAINING,
    PATH,
    ATTESTATION,
    REPORT,
    FINDING,
    EXTENSION,
    VALIDATION,
    COMMENT,
    CLAIM,
)
NOT_BY = ("author", "requester", "contributor", "responsible", "owner", "responder", "finder")
