"""What was decided: policies, decisions, acceptances, waivers, warrants, attestations, reports.

Nothing here is believed by itself: a gate answers from the ledger entries behind these rows and from the
signed warrant. This package knows what exists and what was measured, never how a page shows it.
"""

from governance.models.comments import Comment
from governance.models.conditions import Condition
from governance.models.decisions import Acceptance, Decision, PlannedBound, Waiver
from governance.models.desk import (
    Claim,
    Escalation,
    EvidenceOpened,
    ReadingCount,
    Reminder,
    RoundContent,
)
from governance.models.drills import VoidDrill
from governance.models.dry_runs import DryRun, DryRunAnswer, DryRunFigures
from governance.models.emergencies import Emergency
from governance.models.findings import Dissent, Finding, FindingExtension, FindingLink, FindingStatement
from governance.models.policies import ChecklistAnswer, Policy, PolicyWorkingCopy, VersionDocument
from governance.models.records import Attestation, Report
from governance.models.requests import Recertification, RetrainingRequest
from governance.models.retirements import Disposal
from governance.models.retraining import RetrainingCandidate, RetrainingPath
from governance.models.rollbacks import Rollback, RollbackDrill
from governance.models.validations import Validation, ValidationAssignment, ValidationResponse
from governance.models.waivers import WaiverRenewal, WideWaiver
from governance.models.warrants import StatusDocument, Warrant, WarrantEnding, WarrantNotice

__all__ = [
    "Acceptance",
    "Attestation",
    "ChecklistAnswer",
    "Claim",
    "Comment",
    "Condition",
    "Decision",
    "Disposal",
    "Dissent",
    "DryRun",
    "DryRunAnswer",
    "DryRunFigures",
    "Emergency",
    "Escalation",
    "EvidenceOpened",
    "Finding",
    "FindingExtension",
    "FindingLink",
    "FindingStatement",
    "PlannedBound",
    "Policy",
    "PolicyWorkingCopy",
    "ReadingCount",
    "Recertification",
    "Reminder",
    "Report",
    "RetrainingCandidate",
    "RetrainingPath",
    "RetrainingRequest",
    "Rollback",
    "RollbackDrill",
    "RoundContent",
    "StatusDocument",
    "Validation",
    "ValidationAssignment",
    "ValidationResponse",
    "VersionDocument",
    "VoidDrill",
    "Waiver",
    "WaiverRenewal",
    "Warrant",
    "WarrantEnding",
    "WarrantNotice",
    "WideWaiver",
]
