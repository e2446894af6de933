"""What can happen in governance, as entries of the ledger. Names and fields of a released event never change."""

from __future__ import annotations

from ledger.catalogue import Event, register

POLICY_DRAFTED = Event("governance.policy.drafted", "Policy drafted")
POLICY_MOVED = Event("governance.policy.moved", "Policy moved", data=("move", "from", "to"))

DECISION_RECORDED = Event("governance.decision.recorded", "Decision recorded")
EVIDENCE_VIEWED = Event("governance.evidence.viewed", "Evidence shown", data=("shown_digest",))

ACCEPTANCE_GIVEN = Event("governance.acceptance.given", "Inconclusive result accepted")
ACCEPTANCE_MOVED = Event("governance.acceptance.moved", "Acceptance moved", data=("move", "from", "to"))

WAIVER_REQUESTED = Event("governance.waiver.requested", "Waiver requested")
WAIVER_MOVED = Event("governance.waiver.moved", "Waiver moved", data=("move", "from", "to"))

BOUND_PLANNED = Event("governance.bound.planned", "Monitoring bound planned")

WARRANT_GRANTED = Event(
    "governance.warrant.granted",
    "Warrant granted",
    data=("subject_digest", "slot", "decisions", "policy_digest"),
)
WARRANT_MOVED = Event("governance.warrant.moved", "Warrant moved", data=("move", "from", "to"))

RETRAINING_REQUESTED = Event("governance.retraining.requested", "Retraining requested")
RETRAINING_MOVED = Event(
    "governance.retraining.moved", "Retraining request moved", data=("move", "from", "to")
)

ATTESTATION_GIVEN = Event("governance.attestation.given", "Attestation given")
ATTESTATION_MOVED = Event("governance.attestation.moved", "Attestation moved", data=("move", "from", "to"))

REPORT_REQUESTED = Event("governance.report.requested", "Report requested")
REPORT_PINNED = Event("governance.report.pinned", "Snapshot of a report taken")
REPORT_MOVED = Event("governance.report.moved", "Report moved", data=("move", "from", "to"))

EVENTS = (
    POLICY_DRAFTED,
    POLICY_MOVED,
    DECISION_RECORDED,
    EVIDENCE_VIEWED,
    ACCEPTANCE_GIVEN,
    ACCEPTANCE_MOVED,
    WAIVER_REQUESTED,
    WAIVER_MOVED,
    BOUND_PLANNED,
    WARRANT_GRANTED,
    WARRANT_MOVED,
    RETRAINING_REQUESTED,
    RETRAINING_MOVED,
    ATTESTATION_GIVEN,
    ATTESTATION_MOVED,
    REPORT_REQUESTED,
    REPORT_PINNED,
    REPORT_MOVED,
)

register(*EVENTS)
