"""The tables of effective challenge: findings, extensions of their due dates, validations, comments.

Whoever builds answers, and never ends the question; whoever asked ends it, or who was named in their place. The
relations that bar a person (`not_by`) come from history, through any door.
"""

from __future__ import annotations

from modelwarrant.machine import Machine, State, Transition
from people.catalogue import P

_MAKERS = ("contributor", "owner")
_ANSWERING = (*_MAKERS, "responder")

FINDING = Machine(
    name="finding",
    title="Finding",
    states=(
        State("open", "Open", "initial"),
        State("responded", "Responded"),
        State("disputed", "Disputed"),
        State("remediation", "Being remedied"),
        State("remediated", "Reported as remedied"),
        State("risk-accepted", "Risk accepted"),
        State("closed", "Closed", "final"),
        State("withdrawn", "Withdrawn", "final"),
    ),
    transitions=(
        Transition(
            "respond", ("open",), "responded", "Respond", P.FINDING_RESPOND, not_by=("finder",),
            consequence="Whoever found it judges whether what you plan is enough.",
        ),
        Transition(
            "dispute", ("open",), "disputed", "Dispute the finding", P.FINDING_RESPOND, not_by=("finder",),
            consequence="Whoever found it upholds or withdraws it. Your rebuttal stays with it either way.",
        ),
        Transition(
            "accept-response", ("responded",), "remediation", "Accept the response", P.FINDING_JUDGE,
            not_by=_ANSWERING, consequence="The finding stays open until what was promised is done and looked at.",
        ),
        Transition(
            "return-response", ("responded",), "open", "Ask for another response", P.FINDING_JUDGE,
            not_by=_ANSWERING, consequence="The finding is open again; its due date stays.",
        ),
        Transition(
            "uphold", ("disputed",), "open", "Uphold the finding", P.FINDING_JUDGE, not_by=_ANSWERING,
            consequence="The finding is open again and has to be answered. The rebuttal stays with it.",
        ),
        Transition(
            "withdraw", ("open", "responded", "disputed"), "withdrawn", "Withdraw the finding", P.FINDING_JUDGE,
            not_by=_ANSWERING, consequence="It no longer stops anything. It and all that was said stay on record.",
        ),
        Transition(
            "report-remedied", ("remediation",), "remediated", "Report it as remedied", P.FINDING_RESPOND,
            not_by=("finder",), consequence="Whoever found it looks whether it is, and closes it.",
        ),
        Transition(
            "reopen", ("remediated",), "remediation", "Send back: not remedied", P.FINDING_JUDGE,
            not_by=_ANSWERING, consequence="The finding stays open; its due date stays.",
        ),
        Transition(
            "close", ("remediated",), "closed", "Close the finding", P.FINDING_JUDGE, not_by=_ANSWERING,
            consequence="It no longer stops anything. Who disagrees can record a dissent, which stays.",
        ),
        Transition(
            "accept-risk", ("open", "responded", "disputed", "remediation", "remediated"), "risk-accepted",
            "Accept the risk", P.FINDING_ACCEPT, not_by=(*_ANSWERING, "finder"),
            consequence="Until the date you name it stops nothing and is printed as accepted. Then it is open again.",
        ),
        Transition(
            "resume", ("risk-accepted",), "open", "End the acceptance of the risk", P.FINDING_JUDGE,
            not_by=_ANSWERING, consequence="The finding is open again and stops what its severity stops.",
        ),
        Transition("lapse", ("risk-accepted",), "open", "Record that the acceptance ended", P.FINDING_LAPSE),
    ),
    event="governance.finding.moved",
)  # fmt: skip

EXTENSION = Machine(
    name="finding-extension",
    title="Extension of a finding's due date",
    states=(
        State("requested", "Requested", "initial"),
        State("granted", "Granted", "final"),
        State("refused", "Refused", "final"),
    ),
    transitions=(
        Transition(
            "grant", ("requested",), "granted", "Grant the extension", P.FINDING_JUDGE,
            not_by=("requester", *_MAKERS), consequence="The finding is due on the new date. Extensions are counted.",
        ),
        Transition(
            "refuse", ("requested",), "refused", "Refuse the extension", P.FINDING_JUDGE,
            not_by=("requester", *_MAKERS), consequence="The due date stays as it is.",
        ),
    ),
    event="governance.extension.moved",
)  # fmt: skip

VALIDATION = Machine(
    name="validation",
    title="Validation",
    states=(
        State("planned", "Planned", "initial"),
        State("assigned", "Assigned"),
        State("fieldwork", "Fieldwork"),
        State("draft", "Draft report"),
        State("response", "With the makers"),
        State("issued", "Issued"),
        State("superseded", "Superseded", "final"),
        State("cancelled", "Cancelled", "final"),
    ),
    transitions=(
        Transition(
            "assign", ("planned",), "assigned", "Assign a validator", P.VALIDATION_ASSIGN, not_by=_MAKERS,
            consequence="The validator is told. Nobody who made the version or owns the system can be chosen.",
        ),
        Transition(
            "begin", ("assigned",), "fieldwork", "Begin the fieldwork", P.VALIDATION_WORK, not_by=_MAKERS,
        ),
        Transition(
            "draft", ("fieldwork",), "draft", "Hand in the draft report", P.VALIDATION_WORK, not_by=_MAKERS,
            consequence="The report is stored under its digest. It can be replaced until it is issued.",
        ),
        Transition(
            "ask-response", ("draft",), "response", "Ask the makers for their response", P.VALIDATION_WORK,
            not_by=_MAKERS, consequence="The makers read the draft and respond. The report is issued after that.",
        ),
        Transition(
            "rework", ("draft", "response"), "fieldwork", "Take up the fieldwork again", P.VALIDATION_WORK,
            not_by=_MAKERS, consequence="A new draft is handed in and goes to the makers again.",
        ),
        Transition(
            "issue", ("response",), "issued", "Issue the report", P.VALIDATION_WORK, not_by=_MAKERS,
            consequence="Rating, limitations and report can never be changed again. An earlier report on this version "
            "is superseded.",
        ),
        Transition(
            "reassign", ("assigned", "fieldwork", "draft", "response"), "assigned", "Give it to another validator",
            P.VALIDATION_ASSIGN, not_by=_MAKERS,
            consequence="The other validator begins anew. What was done and by whom stays on record.",
        ),
        Transition(
            "supersede", ("issued",), "superseded", "Supersede", P.VALIDATION_WORK, not_by=_MAKERS,
            consequence="A newer report on the same version is issued.",
        ),
        Transition(
            "cancel", ("planned", "assigned", "fieldwork", "draft", "response"), "cancelled", "Cancel the validation",
            P.VALIDATION_ASSIGN, not_by=_MAKERS, consequence="Nothing is issued. What was done stays on record.",
        ),
    ),
    event="governance.validation.moved",
)  # fmt: skip

COMMENT = Machine(
    name="comment",
    title="Comment",
    states=(State("open", "Open", "initial"), State("resolved", "Resolved")),
    transitions=(
        Transition(
            "resolve", ("open",), "resolved", "Resolve the thread", P.COMMENT_WRITE,
            consequence="It stays readable and no longer asks for an answer.",
        ),
        Transition("reopen", ("resolved",), "open", "Take the thread up again", P.COMMENT_WRITE),
    ),
    event="governance.comment.moved",
)  # fmt: skip
