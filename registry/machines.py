"""What exists moves by these tables: version, deployment, dataset version, upload, system.

Pages, buttons, API answers and the replay of the log read the same tables. A table names its gates and
permissions; who evaluates a gate and who holds a permission isn't known here.
"""

from __future__ import annotations

from modelwarrant.machine import Machine, State, Transition
from people.catalogue import P

CONTRIBUTOR = "contributor"
"""Whoever took part in making the version, and the controller of a service identity that did."""
OWNER = "owner"
"""Whoever owns the system, or owned it within the cooling-off period of the policy."""
PLACER = "placer"
"""Whoever placed a legal hold."""
PROPOSER = "proposer"
"""Whoever proposed a tier."""
NOT_BY = (CONTRIBUTOR, OWNER, PLACER, PROPOSER)

VERSION = Machine(
    "version",
    "Version",
    (
        State("draft", "Draft", "initial"),
        State("in-use-not-warranted", "In use, not warranted", "intake"),
        State("validation", "In validation"),
        State("review", "In review"),
        State("approved", "Approved"),
        State("restricted", "Restricted"),
        State("suspended", "Suspended"),
        State("rejected", "Rejected", "final"),
        State("withdrawn", "Withdrawn", "final"),
        State("retired", "Retired", "final"),
    ),
    (
        Transition(
            "submit",
            ("draft", "in-use-not-warranted"),
            "validation",
            "Submit for validation",
            P.VERSION_SUBMIT,
            gates=(
                "tier-confirmed",
                "card-complete",
                "artifact-complete",
                "signature-valid",
                "described-as-signed",
                "datasets-declared",
                "documents-attached",
                "checklist-answered",
            ),
            consequence="Validators are asked to test this version. The policy in force is pinned; "
            "any later change to the content starts the decisions anew.",
        ),
        Transition(
            "start-review",
            ("validation",),
            "review",
            "Start the review",
            P.VERSION_REVIEW,
            gates=("card-complete", "checks-complete", "documents-attached", "checklist-answered"),
            consequence="Reviewers are asked to decide on the results as they stand now.",
        ),
        Transition(
            "return",
            ("validation", "review"),
            "draft",
            "Return to draft",
            P.VERSION_REVIEW,
            consequence="The version goes back to its makers. Approvals given so far no longer count.",
        ),
        Transition(
            "approve",
            ("review",),
            "approved",
            "Approve",
            P.VERSION_APPROVE,
            gates=(
                "system-active",
                "records-intact",
                "tier-confirmed",
                "signature-valid",
                "described-as-signed",
                "artifact-intact",
                "card-complete",
                "checks-pass",
                "documents-attached",
                "checklist-answered",
                "findings-closed",
                "approvals-complete",
            ),
            not_by=(CONTRIBUTOR, OWNER),
            consequence="The content can never be changed again, and warrants are issued for the "
            "deployments that were asked for.",
        ),
        Transition(
            "reject",
            ("validation", "review"),
            "rejected",
            "Reject",
            P.VERSION_REJECT,
            not_by=(CONTRIBUTOR,),
            consequence="This version is closed for good. A better one is registered as a new version.",
        ),
        Transition(
            "withdraw",
            ("draft", "validation", "review"),
            "withdrawn",
            "Withdraw",
            P.VERSION_WITHDRAW,
            consequence="This version is closed for good, without a judgement on it.",
        ),
        Transition(
            "restrict",
            ("approved",),
            "restricted",
            "Restrict",
            P.VERSION_RESTRICT,
            consequence="Nothing new is deployed. What already runs goes on under its warrant.",
        ),
        Transition(
            "lift",
            ("restricted",),
            "approved",
            "Lift the restriction",
            P.VERSION_REINSTATE,
            gates=("signature-valid", "artifact-intact"),
            not_by=(CONTRIBUTOR, OWNER),
            consequence="New deployments are possible again.",
        ),
        Transition(
            "suspend",
            ("approved", "restricted"),
            "suspended",
            "Suspend",
            P.VERSION_SUSPEND,
            consequence="Every warrant of this version is void at once. Each system follows what it "
            "declared for that case: keep, fall back or stop.",
        ),
        Transition(
            "reinstate",
            ("suspended",),
            "review",
            "Take up the review again",
            P.VERSION_REINSTATE,
            not_by=(CONTRIBUTOR, OWNER),
            consequence="Reviewers decide afresh. Earlier approvals do not count; void warrants stay void.",
        ),
        Transition(
            "recheck",
            ("approved", "restricted"),
            "review",
            "Review again: its signature no longer counts",
            P.VERSION_RESTRICT,
            gates=("signature-lost",),
            consequence="Every warrant of this version is void at once. It has to be signed by a trusted key, and "
            "reviewers decide afresh.",
        ),
        Transition(
            "retire",
            ("approved", "restricted", "suspended", "in-use-not-warranted"),
            "retired",
            "Retire",
            P.VERSION_RETIRE,
            gates=("nothing-running", "disposal-attested"),
            consequence="The version is taken out of use for good: its warrants pass through due and grace into void, and its "
            "manifest and record stay as they are.",
        ),
    ),
    event="registry.version_moved",
)
CONTENT_OPEN = frozenset({"draft", "in-use-not-warranted", "validation", "review"})
"""States in which the content of a version may change."""
ROUND_OPEN = frozenset({"validation", "review"})
"""States in which a change of content voids the decisions taken so far."""
NEW_ROUND = frozenset({"submit", "reinstate", "recheck"})
"""Moves that begin a fresh round of decisions."""
DEPLOYABLE = frozenset({"validation", "review", "approved", "in-use-not-warranted"})
"""States in which a deployment may be asked for; `restricted` means: nothing new."""

_WARRANT = ("warrant-active",)  # asked of the warrant itself at the moment of the report

DEPLOYMENT = Machine(
    "deployment",
    "Deployment",
    (
        State("requested", "Requested", "initial"),
        State("warranted", "Warranted"),
        State("shadow", "Shadow"),
        State("canary", "Canary"),
        State("live", "Live"),
        State("rolled-back", "Rolled back", "final"),
        State("superseded", "Superseded", "final"),
        State("ended", "Ended", "final"),
    ),
    (
        Transition(
            "warrant",
            ("requested",),
            "warranted",
            "Mark as warranted",
            P.DEPLOYMENT_MOVE,
            gates=("warrant-issued",),
            consequence="The version may now run in this slot.",
        ),
        Transition(
            "start-shadow",
            ("warranted",),
            "shadow",
            "Report shadow running",
            P.DEPLOYMENT_REPORT,
            gates=_WARRANT,
            consequence="The version sees real input; its answers are not used.",
        ),
        Transition(
            "start-canary",
            ("warranted", "shadow"),
            "canary",
            "Report canary running",
            P.DEPLOYMENT_REPORT,
            gates=_WARRANT,
            consequence="The version answers a part of real requests.",
        ),
        Transition(
            "go-live",
            ("warranted", "shadow", "canary"),
            "live",
            "Report live running",
            P.DEPLOYMENT_REPORT,
            gates=(*_WARRANT, "canary-shown"),
            consequence="The version answers real requests; what was live in this slot is superseded.",
        ),
        Transition(
            "roll-back",
            ("shadow", "canary", "live"),
            "rolled-back",
            "Report a roll-back",
            P.DEPLOYMENT_REPORT,
            consequence="The version no longer runs in this slot.",
        ),
        Transition(
            "supersede",
            ("shadow", "canary", "live"),
            "superseded",
            "Report as superseded",
            P.DEPLOYMENT_REPORT,
            consequence="Another version took the slot.",
        ),
        Transition(
            "end",
            ("requested", "warranted", "shadow", "canary", "live"),
            "ended",
            "End",
            P.DEPLOYMENT_MOVE,
            consequence="The deployment is over; a new one has to be asked for.",
        ),
    ),
    event="registry.deployment_moved",
)
RUNNING = frozenset({"shadow", "canary", "live"})
REPORTED = {
    "shadow": "start-shadow",
    "canary": "start-canary",
    "live": "go-live",
    "rolled-back": "roll-back",
    "superseded": "supersede",
}
"""What serving may report -> the move that follows from it."""

DATASET_VERSION = Machine(
    "dataset-version",
    "Dataset version",
    (
        State("registered", "Registered", "initial"),
        State("accepted", "Accepted"),
        State("refused", "Refused", "final"),
        State("retired", "Retired", "final"),
    ),
    (
        Transition(
            "accept",
            ("registered",),
            "accepted",
            "Accept",
            P.DATASET_REGISTER,
            consequence="The stored bytes were read and agree with the declared schema.",
        ),
        Transition(
            "refuse",
            ("registered",),
            "refused",
            "Refuse",
            P.DATASET_REGISTER,
            consequence="The stored bytes contradict the declared schema; nothing may rest on them.",
        ),
        Transition(
            "retire",
            ("registered", "accepted"),
            "retired",
            "Retire",
            P.DATASET_REGISTER,
            consequence="No new version may use this data. What rests on it stays recorded.",
        ),
    ),
    event="registry.dataset_version_moved",
)

UPLOAD_PERMISSION = {
    "artifact": P.VERSION_UPLOAD,
    "archive": P.VERSION_UPLOAD,
    "dataset": P.DATASET_REGISTER,
    "batch": P.BATCH_REPORT,
}
"""What an upload is for -> what whoever uploads must be allowed."""


def _upload(purpose: str, permission: P) -> Machine:
    return Machine(
        f"upload-{purpose}",
        f"Upload ({purpose})",
        (
            State("open", "Open", "initial"),
            State("complete", "Complete", "final"),
            State("aborted", "Aborted", "final"),
            State("expired", "Expired", "final"),
        ),
        (
            Transition(
                "finish",
                ("open",),
                "complete",
                "Finish",
                permission,
                consequence="The stored bytes are hashed and, if they are the announced ones, usable.",
            ),
            Transition(
                "abort",
                ("open",),
                "aborted",
                "Abort",
                permission,
                consequence="The bytes received so far are thrown away.",
            ),
            Transition(
                "expire",
                ("open",),
                "expired",
                "Expire",
                P.VERSION_UPLOAD,
                consequence="The bytes received so far are thrown away.",
            ),
        ),
        event="registry.upload_moved",
    )


UPLOADS = {purpose: _upload(purpose, permission) for purpose, permission in UPLOAD_PERMISSION.items()}
"""What an upload is for -> its table; they differ in the permission alone."""

HOLD = Machine(
    "legal-hold",
    "Legal hold",
    (State("placed", "Placed", "initial"), State("lifted", "Lifted", "final")),
    (
        Transition(
            "lift",
            ("placed",),
            "lifted",
            "Lift the hold",
            P.HOLD_LIFT,
            not_by=(PLACER,),
            event="registry.hold_moved",
            consequence="What the hold kept may be deleted once its term is over and no other hold stands.",
        ),
    ),
)

SYSTEM = Machine(
    "system",
    "System",
    (State("active", "Active", "initial"), State("retired", "Retired", "final")),
    (
        Transition(
            "retire",
            ("active",),
            "retired",
            "Retire",
            P.SYSTEM_EDIT,
            consequence="Nothing new can be registered under this system. Its record stays.",
        ),
    ),
    event="registry.system_moved",
)

TIERING = Machine(
    "tiering",
    "Tiering",
    (
        State("proposed", "Proposed", "initial"),
        State("confirmed", "Confirmed"),
        State("returned", "Sent back", "final"),
        State("withdrawn", "Withdrawn", "final"),
        State("superseded", "Superseded", "final"),
    ),
    (
        Transition(
            "confirm", ("proposed",), "confirmed", "Confirm the tier", P.TIER_CONFIRM, not_by=(PROPOSER, OWNER),
            event="registry.tiering_moved",
            consequence="It becomes the tier of the system and chooses the policy of whatever is submitted from now on. "
            "Versions submitted before keep the policy that was pinned for them.",
        ),
        Transition(
            "send-back", ("proposed",), "returned", "Send the proposal back", P.TIER_CONFIRM, not_by=(PROPOSER, OWNER),
            event="registry.tiering_moved", consequence="The tier stays as it is. Whoever proposed it is told why.",
        ),
        Transition(
            "withdraw", ("proposed",), "withdrawn", "Withdraw the proposal", P.TIER_PROPOSE,
            event="registry.tiering_moved", consequence="The tier stays as it is.",
        ),
        Transition(
            "supersede", ("confirmed",), "superseded", "Supersede", P.TIER_CONFIRM, event="registry.tiering_moved",
            consequence="A later tiering takes its place; this one stays in the history.",
        ),
    ),
)  # fmt: skip

CUSTOM_FIELD = Machine(
    "custom-field",
    "Field of the organisation",
    (State("active", "Active", "initial"), State("retired", "Retired", "final")),
    (
        Transition(
            "retire", ("active",), "retired", "Retire the field", P.FIELD_DEFINE, event="registry.field_moved",
            consequence="It is asked for and shown no more. What was written stays in the record.",
        ),
    ),
)  # fmt: skip

IMPORT = Machine(
    "inventory-import",
    "Inventory import",
    (
        State("draft", "Waits for confirmation", "initial"),
        State("confirmed", "Being written"),
        State("done", "Done", "final"),
        State("discarded", "Discarded", "final"),
    ),
    (
        Transition(
            "confirm", ("draft",), "confirmed", "Confirm the import", P.IMPORT_CONFIRM, event="registry.import_moved",
            consequence="Every row becomes a version in use without a warrant, with you as its attestor and a due date "
            "by tier. Nothing is approved, and from then on each model is taken out only by a move of its own.",
        ),
        Transition(
            "discard", ("draft",), "discarded", "Discard the import", P.IMPORT_CONFIRM, event="registry.import_moved",
            consequence="Nothing was written and nothing will be; the rows that were read are deleted.",
        ),
        Transition(
            "expire", ("draft",), "discarded", "Expire", P.IMPORT_WRITE, event="registry.import_moved",
            consequence="Nobody confirmed it in time. Nothing was written; the rows that were read are deleted.",
        ),
        Transition(
            "finish", ("confirmed",), "done", "Record that every row is written", P.IMPORT_WRITE,
            event="registry.import_moved",
        ),
    ),
)  # fmt: skip

MACHINES = (
    VERSION,
    DEPLOYMENT,
    DATASET_VERSION,
    SYSTEM,
    HOLD,
    TIERING,
    CUSTOM_FIELD,
    IMPORT,
    *UPLOADS.values(),
)
