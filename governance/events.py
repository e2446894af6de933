"""What can happen in governance, as entries of the ledger. Names and fields of a released event never change."""

from __future__ import annotations

from ledger.catalogue import Event, register

POLICY_DRAFTED = Event("governance.policy.drafted", "Policy drafted")
POLICY_MOVED = Event("governance.policy.moved", "Policy moved", data=("move", "from", "to"))

DOCUMENT_ATTACHED = Event("governance.document.attached", "Document attached")
DOCUMENT_REMOVED = Event("governance.document.removed", "Document removed")
CHECKLIST_ANSWERED = Event("governance.checklist.answered", "Checklist question answered")

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

WARRANT_ENDING_SET = Event("governance.warrant_ending.set", "End of a warrant brought forward")
WARRANT_NOTICE_SENT = Event("governance.warrant_notice.sent", "People told that a warrant ends")

CONDITION_SET = Event("governance.condition.set", "Condition of an approval set")
CONDITION_MOVED = Event("governance.condition.moved", "Condition moved", data=("move", "from", "to"))

RECERTIFICATION_REQUESTED = Event("governance.recertification.requested", "Recertification requested")
RECERTIFICATION_MOVED = Event(
    "governance.recertification.moved", "Recertification moved", data=("move", "from", "to")
)

VOID_DRILL_PLANNED = Event("governance.void_drill.planned", "Drill of a void warrant planned")
VOID_DRILL_MOVED = Event(
    "governance.void_drill.moved", "Drill of a void warrant moved", data=("move", "from", "to")
)

RETRAINING_REQUESTED = Event("governance.retraining.requested", "Retraining requested")
RETRAINING_MOVED = Event(
    "governance.retraining.moved", "Retraining request moved", data=("move", "from", "to")
)

WIDE_WAIVER_REQUESTED = Event("governance.wide_waiver.requested", "Wide waiver requested")
WIDE_WAIVER_MOVED = Event("governance.wide_waiver.moved", "Wide waiver moved", data=("move", "from", "to"))
WAIVER_RENEWED = Event("governance.waiver.renewed", "Waiver asked for again")
EMERGENCY_REQUESTED = Event("governance.emergency.requested", "Emergency requested")
EMERGENCY_WARRANTED = Event("governance.emergency.warranted", "Warrant of an emergency granted")
EMERGENCY_MOVED = Event("governance.emergency.moved", "Emergency moved", data=("move", "from", "to"))
ROLLED_BACK = Event("governance.rollback.made", "Slot given back")
DRILL_PLANNED = Event("governance.rollback_drill.planned", "Roll-back drill planned")
DRILL_MOVED = Event("governance.rollback_drill.moved", "Roll-back drill moved", data=("move", "from", "to"))
CANDIDATE_NAMED = Event("governance.retraining.candidate", "Retrained version named")
PATH_PROPOSED = Event("governance.retraining_path.proposed", "Path of a retrained version proposed")
PATH_MOVED = Event(
    "governance.retraining_path.moved", "Path of a retrained version moved", data=("move", "from", "to")
)
DISPOSAL_ATTESTED = Event("governance.disposal.attested", "Disposal of data attested")

ATTESTATION_GIVEN = Event("governance.attestation.given", "Attestation given")
ATTESTATION_MOVED = Event("governance.attestation.moved", "Attestation moved", data=("move", "from", "to"))

REPORT_REQUESTED = Event("governance.report.requested", "Report requested")
REPORT_PINNED = Event("governance.report.pinned", "Snapshot of a report taken")
REPORT_MOVED = Event("governance.report.moved", "Report moved", data=("move", "from", "to"))

FINDING_OPENED = Event("governance.finding.opened", "Finding opened")
FINDING_LINKED = Event("governance.finding.linked", "Finding put on a subject")
FINDING_MOVED = Event("governance.finding.moved", "Finding moved", data=("move", "from", "to"))
FINDING_CHANGED = Event("governance.finding.changed", "Severity, due date or closer of a finding changed")
FINDING_SAID = Event("governance.finding.said", "Statement on a finding recorded", data=("kind",))
EXTENSION_REQUESTED = Event("governance.extension.requested", "Extension of a due date requested")
EXTENSION_MOVED = Event("governance.extension.moved", "Extension decided", data=("move", "from", "to"))
DISSENT_RECORDED = Event("governance.dissent.recorded", "Dissent recorded")

VALIDATION_PLANNED = Event("governance.validation.planned", "Validation planned")
VALIDATION_MOVED = Event("governance.validation.moved", "Validation moved", data=("move", "from", "to"))
VALIDATION_ASSIGNED = Event("governance.validation.assigned", "Validator assigned")
VALIDATION_ANSWERED = Event("governance.validation.answered", "Response to a draft validation report")

COMMENT_WRITTEN = Event("governance.comment.written", "Comment written")
COMMENT_MOVED = Event("governance.comment.moved", "Comment thread moved", data=("move", "from", "to"))
CLAIM_TAKEN = Event("governance.claim.taken", "Work on a decision claimed")
CLAIM_MOVED = Event("governance.claim.moved", "Claim moved", data=("move", "from", "to"))
ESCALATED = Event("governance.decision.escalated", "Late decision escalated")
ROUND_KEPT = Event("governance.round.kept", "Content of a round kept")

EVENTS = (
    POLICY_DRAFTED,
    POLICY_MOVED,
    DOCUMENT_ATTACHED,
    DOCUMENT_REMOVED,
    CHECKLIST_ANSWERED,
    DECISION_RECORDED,
    EVIDENCE_VIEWED,
    ACCEPTANCE_GIVEN,
    ACCEPTANCE_MOVED,
    WAIVER_REQUESTED,
    WAIVER_MOVED,
    BOUND_PLANNED,
    WARRANT_GRANTED,
    WARRANT_MOVED,
    WARRANT_ENDING_SET,
    WARRANT_NOTICE_SENT,
    CONDITION_SET,
    CONDITION_MOVED,
    RECERTIFICATION_REQUESTED,
    RECERTIFICATION_MOVED,
    VOID_DRILL_PLANNED,
    VOID_DRILL_MOVED,
    RETRAINING_REQUESTED,
    RETRAINING_MOVED,
    WIDE_WAIVER_REQUESTED,
    WIDE_WAIVER_MOVED,
    WAIVER_RENEWED,
    EMERGENCY_REQUESTED,
    EMERGENCY_WARRANTED,
    EMERGENCY_MOVED,
    ROLLED_BACK,
    DRILL_PLANNED,
    DRILL_MOVED,
    CANDIDATE_NAMED,
    PATH_PROPOSED,
    PATH_MOVED,
    DISPOSAL_ATTESTED,
    ATTESTATION_GIVEN,
    ATTESTATION_MOVED,
    REPORT_REQUESTED,
    REPORT_PINNED,
    REPORT_MOVED,
    FINDING_OPENED,
    FINDING_LINKED,
    FINDING_MOVED,
    FINDING_CHANGED,
    FINDING_SAID,
    EXTENSION_REQUESTED,
    EXTENSION_MOVED,
    DISSENT_RECORDED,
    VALIDATION_PLANNED,
    VALIDATION_MOVED,
    VALIDATION_ASSIGNED,
    VALIDATION_ANSWERED,
    COMMENT_WRITTEN,
    COMMENT_MOVED,
    CLAIM_TAKEN,
    CLAIM_MOVED,
    ESCALATED,
    ROUND_KEPT,
)

register(*EVENTS)
