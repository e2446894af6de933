"""What an assessment is given: evidence, attestations, and decisions that a row doesn't apply.

Pure values; whoever collects them has verified signatures and chain already and says so in `intact`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    """What the evidence found; `NONE` for records that judge nothing."""

    PASS = "pass"  # noqa: S105 - a verdict's word, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One piece of evidence, by id and digest.

    `topic` tells apart what only a newer piece of the same topic replaces (a check and its data, say).
    `dated` is its own date, `received` when we got it; both aware. `version` names the version it
    is bound to, empty if it's bound to none. `intact` is false when a signature, digest or chain check failed.
    `filled` holds the filled fields of a card. `until` is from when it no longer counts, however young it is, because
    what should have followed it didn't come.
    """

    type: str
    id: str
    digest: str
    dated: datetime
    received: datetime
    topic: str = ""
    version: str = ""
    outcome: Outcome = Outcome.NONE
    intact: bool = True
    filled: frozenset[str] = frozenset()
    summary: str = ""
    until: datetime | None = None

    @property
    def since(self) -> datetime:
        """From when its age counts: a date claimed by the uploader can make it older, never fresher."""
        return min(self.dated, self.received)


@dataclass(frozen=True, slots=True)
class Attestation:
    """A person's signed statement about rows, with its end.

    `by_submitter` is true when the person submitted the version. `role_ended` is when they lost the role they
    signed in, or None. `scope`: version, system or organisation; `version` is needed for the first.
    """

    id: str
    digest: str
    rows: frozenset[str]
    person: str
    role: str
    statement: str
    attested: datetime
    expires: datetime
    received: datetime
    scope: str = "system"
    version: str = ""
    by_submitter: bool = False
    role_ended: datetime | None = None
    intact: bool = True


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """An approved statement that a row doesn't apply, with its reason and end."""

    row: str
    reason: str
    approver: str
    expires: datetime
