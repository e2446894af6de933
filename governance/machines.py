"""The state machines of governed decisions, as tables. Pages, buttons, API answers and docs read them."""

from __future__ import annotations

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
)  # fmt: skip

ACCEPTANCE = Machine(
    name="acceptance",
    title="Acceptance of an inconclusive result",
    states=(State("active", "Active", "initial"), State("revoked", "Revoked", "final")),
    transitions=(Transition("revoke", ("active",), "revoked", "Revoke the acceptance", P.VERSION_VALIDATE),),
)

WARRANT = Machine(
    name="warrant",
    title="Warrant",
    states=(
        State("granted", "Granted, waiting for its proof", "initial"),
        State("issued", "Issued"),
        State("void", "Void", "final"),
    ),
    transitions=(
        Transition("issue", ("granted",), "issued", "Sign the warrant", P.WARRANT_ISSUE),
        Transition(
            "void", ("granted", "issued"), "void", "Void the warrant", P.WARRANT_VOID,
            consequence="The gate refuses this deployment from now on.",
        ),
    ),
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
        Transition("finish", ("approved",), "done", "Record the new version", P.RETRAINING_DECIDE),
    ),
)  # fmt: skip

ATTESTATION = Machine(
    name="attestation",
    title="Attestation",
    states=(State("given", "Given", "initial"), State("withdrawn", "Withdrawn", "final")),
    transitions=(Transition("withdraw", ("given",), "withdrawn", "Withdraw the attestation", P.ATTEST),),
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
)

MACHINES = (POLICY, WAIVER, ACCEPTANCE, WARRANT, RETRAINING, ATTESTATION, REPORT)
NOT_BY = ("author", "requester", "contributor")
