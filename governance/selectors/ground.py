"""Everything that a decision on a version rests on, each list read once: what is judged is what was held against the log.

Most versions have no waiver, no document, no finding: one question says of all such kinds which there are, and only those
are read.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from governance.selectors.policies import UNPINNED, Choice, choice_for, choice_in_force
from monitoring.models import Run
from registry.models import Version
from registry.selectors.contents import Contents, kept, settled


class Ground(Contents):
    """The lists of one version, in the order of their models where nothing else is said."""

    @cached_property
    def _rare(self) -> dict[str, QuerySet[Any]]:
        version = self.version
        return {
            "documents": VersionDocument.objects.filter(version=version),
            "checklist_answers": ChecklistAnswer.objects.filter(version=version),
            "acceptances": Acceptance.objects.filter(version=version),
            "waivers": Waiver.objects.filter(version=version),
            "wide_waivers": WideWaiver.objects.filter(model=version.model_id),
            "paths": RetrainingPath.objects.filter(version=version),
            "conditions": Condition.objects.filter(version=version).order_by("due_from", "set_at", "pk"),
            "planned_bounds": PlannedBound.objects.filter(version=version),
            "links": links_on(version),
            "dissents": dissents_on(version),
            "reports": Validation.objects.filter(version=version, state__in=("issued", "superseded")),
        }

    @cached_property
    def _there(self) -> frozenset[str]:
        return which(self.version, self._rare)

    def _read(self, name: str) -> list[Any]:
        return list(self._rare[name]) if name in self._there else []

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
        rows = [row for row in self._read("wide_waivers") if covers(row, self.version)]
        for row in rows:
            row.model = self.version.model
        return rows

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
        if "links" not in self._there:
            return []
        return list(findings_on(self.version).prefetch_related("statements"))

    @cached_property
    def links(self) -> list[FindingLink]:
        return self._read("links")

    @cached_property
    def dissents(self) -> list[Dissent]:
        return self._read("dissents")

    @cached_property
    def reports(self) -> list[Validation]:
        """The validations whose report was issued."""
        return self._read("reports")

    @cached_property
    def evidence(self) -> list[Run]:
        """The finished runs that are evidence for the version itself (not for a production batch), oldest first."""
        return [row for row in self.runs if row.state in ("done", "error")]

    @cached_property
    def runs(self) -> list[Run]:
        """The runs on the version itself, whatever became of them, oldest first."""
        rows = Run.objects.filter(version=self.version, batch__isnull=True)
        return list(rows.order_by("requested_at", "id"))

    @cached_property
    def decisions(self) -> list[Decision]:
        """Of every round, in the order they were taken."""
        return list(Decision.objects.filter(version=self.version).order_by("decided_at", "id"))

    @cached_property
    def choice(self) -> Choice:
        """The policy that speaks for the version, and why."""
        return choice_for(self.version)

    @cached_property
    def choice_now(self) -> Choice:
        """The policy that speaks for its model now, whatever the version keeps."""
        return choice_in_force(self.version.model)


def which(version: Version, rows: Mapping[str, QuerySet[Any]]) -> frozenset[str]:
    """The names of those `rows` about `version` of which there is one at least, by one question for all of them."""
    asked = [Exists(one.order_by()) for one in rows.values()]
    found = Version.objects.filter(pk=version.pk).values_list(*asked).get()
    return frozenset(name for name, there in zip(rows, found, strict=True) if there)


def grounded(version: Version) -> Version:
    """A copy of `version` that carries its ground, for one look."""
    return settled(version, Ground)


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
