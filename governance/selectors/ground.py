"""Everything that a decision on a version rests on, each list read once: what is judged is what was held against the log.

Most versions have no waiver, no document, no finding: one question says of all such kinds which there are, and only those
are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from django.db.models import Exists, QuerySet

from governance.models import (
    Acceptance,
    ChecklistAnswer,
    Condition,
    Decision,
    Dissent,
    Finding,
    FindingLink,
    PlannedBound,
    Policy,
    RetrainingPath,
    Validation,
    VersionDocument,
    Waiver,
    WideWaiver,
)
from governance.selectors.findings import dissents_on, findings_on, links_on
from governance.selectors.policies import UNPINNED, Choice, choices_for
from ledger import reading
from ledger.models import Entry, Governed
from monitoring.models import Run
from registry.models import Version
from registry.selectors.contents import Contents, carries, kept, settled

LET_THROUGH = ("approved", "restricted")
_OF_VERSION: Mapping[str, tuple[type[Governed], Callable[[Any], Any]]] = {
    "documents": (VersionDocument, lambda row: (row.kind, row.attached_at, row.pk)),
    "checklist_answers": (ChecklistAnswer, lambda row: (row.answered_at, row.pk)),
    "acceptances": (Acceptance, lambda row: row.pk),
    "waivers": (Waiver, lambda row: row.pk),
    "paths": (RetrainingPath, lambda row: (row.proposed_at, row.pk)),
    "conditions": (Condition, lambda row: (row.due_from, row.set_at, row.pk)),
    "planned_bounds": (PlannedBound, lambda row: row.requirement),
    "validations": (Validation, lambda row: (row.planned_at, row.pk)),
}
"""What most versions have none of: list -> the kind of its rows, and their order."""


class Ground(Contents):
    """The lists of one version, in the order of their models where nothing else is said."""

    @cached_property
    def _there(self) -> frozenset[str]:
        version = self.version
        asked = {name: (model, {"version": [version.pk]}) for name, (model, _) in _OF_VERSION.items()}
        objected = {"subject_kind": [FindingLink.ledger_kind], "system_id": [str(version.system_id)]}
        return reading.there_are(
            {
                **asked,
                "wide_waivers": (WideWaiver, {"model": [version.model_id]}),
                "links": (FindingLink, {"system": [version.system_id]}),
                "own_links": (FindingLink, {"version": [version.pk]}),
                "dissents": (Dissent, {"decision": [row.pk for row in self.decisions]}),
                "objected": (Entry, objected),
            }
        )

    def _read(self, name: str) -> list[Any]:
        model, order = _OF_VERSION[name]
        rows = reading.read(model, "version", [self.version.pk]) if name in self._there else []
        return sorted(rows, key=order)

    @cached_property
    def documents(self) -> list[VersionDocument]:
        """Those that were taken out again as well."""
        return self._read("documents")

    @cached_property
    def checklist_answers(self) -> list[ChecklistAnswer]:
        return self._read("checklist_answers")

    @cached_property
    def acceptances(self) -> list[Acceptance]:
        return self._read("acceptances")

    @cached_property
    def waivers(self) -> list[Waiver]:
        return self._read("waivers")

    @cached_property
    def wide_waivers(self) -> list[WideWaiver]:
        """Those that are for this version, whatever their state and end."""
        if "wide_waivers" not in self._there:
            return []
        known = reading.read(WideWaiver, "model", [self.version.model_id])
        rows = [row for row in known if covers(row, self.version)]
        for row in rows:
            row.model = self.version.model
        return sorted(rows, key=lambda row: (row.requested_at, row.pk))

    @cached_property
    def paths(self) -> list[RetrainingPath]:
        return self._read("paths")

    @cached_property
    def conditions(self) -> list[Condition]:
        """Of every round, by deadline."""
        return self._read("conditions")

    @cached_property
    def planned_bounds(self) -> list[PlannedBound]:
        return self._read("planned_bounds")

    @cached_property
    def findings(self) -> list[Finding]:
        """Those that hold for the version, on itself, its model or its system."""
        if not self.links:
            return []
        return list(findings_on(self.version).prefetch_related("statements"))

    @cached_property
    def links(self) -> list[FindingLink]:
        return list(links_on(self.version)) if self._there & {"links", "own_links"} else []

    @property
    def objected(self) -> bool:
        """Whether the log knows of a finding about anything in its system, whatever the tables hold now."""
        return "objected" in self._there

    @cached_property
    def dissents(self) -> list[Dissent]:
        return list(dissents_on(self.version)) if self.links or "dissents" in self._there else []

    @cached_property
    def validations(self) -> list[Validation]:
        """In the order in which they were planned."""
        rows = self._read("validations")
        for row in rows:
            row.version = self.version
        return rows

    @property
    def reports(self) -> list[Validation]:
        """The validations whose report was issued."""
        return [row for row in self.validations if row.state in ("issued", "superseded")]

    @cached_property
    def evidence(self) -> list[Run]:
        """The finished runs that are evidence for the version itself (not for a production batch), oldest first."""
        return [row for row in self.runs if row.state in ("done", "error")]

    @cached_property
    def runs(self) -> list[Run]:
        """The runs on the version itself, whatever became of them, oldest first."""
        rows = reading.read(Run, "version", [self.version.pk], null=["batch"])
        return sorted(rows, key=lambda row: (row.requested_at, row.pk))

    @cached_property
    def decisions(self) -> list[Decision]:
        """Of every round, in the order they were taken."""
        rows = reading.read(Decision, "version", [self.version.pk])
        return sorted(rows, key=lambda row: (row.decided_at, row.pk))

    @cached_property
    def later(self) -> list[Version]:
        """Later versions of the model that are on their way or were let through: whoever decides must know of them."""
        rows = Version.objects.select_related("model").filter(
            model=self.version.model_id,
            number__gt=self.version.number,
            state__in=("validation", "review", *LET_THROUGH),
        )
        return list(rows.order_by("number")[:50])

    @cached_property
    def _choices(self) -> tuple[Choice, Choice]:
        return choices_for(self.version)

    @property
    def choice(self) -> Choice:
        """The policy that speaks for the version, and why."""
        return self._choices[0]

    @property
    def choice_now(self) -> Choice:
        """The policy that speaks for its model now, whatever the version keeps."""
        return self._choices[1]


def which(version: Version, rows: Mapping[str, QuerySet[Any]]) -> frozenset[str]:
    """The names of those `rows` about `version` of which there is one at least, by one question for all of them."""
    asked = [Exists(one.order_by()) for one in rows.values()]
    found = Version.objects.filter(pk=version.pk).values_list(*asked).get()
    return frozenset(name for name, there in zip(rows, found, strict=True) if there)


def grounded(version: Version) -> Version:
    """A copy of `version` that carries its ground, for one look."""
    return settled(version, Ground)


def is_grounded(version: Version) -> bool:
    """Whether `version` carries its ground."""
    return carries(version, Ground)


def ground_of(version: Version) -> Ground:
    """The ground that `version` carries, or a new reading."""
    return kept(version, Ground)


def policy_of(version: Version) -> Policy | None:
    """The pinned policy; before submission the one in force that speaks for the model."""
    return ground_of(version).choice.policy


def newer_for(version: Version) -> Policy | None:
    """The policy in force that a version submitted today would get, where it isn't the one the version keeps."""
    if not version.policy_digest or version.state in UNPINNED:
        return None
    now = ground_of(version).choice_now.policy
    return now if now is not None and now.digest != version.policy_digest else None


def covers(wide: WideWaiver, version: Version) -> bool:
    """Whether it is for this version, whatever its state and its end."""
    return wide.model_id == version.model_id and (not wide.versions or str(version.pk) in wide.versions)
