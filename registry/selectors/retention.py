"""What is kept how long, what is due, and what keeps it all the same."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import chain

from django.conf import settings
from django.db.models import Model, Q, QuerySet

from ledger import clock
from ledger.models import Entry
from modelwarrant import entry
from registry import events, retention
from registry.machines import VERSION
from registry.models import (
    ArtifactFile,
    Blob,
    DatasetVersion,
    LegalHold,
    Signature,
    System,
    Upload,
    Version,
)
from registry.retention import Rule
from registry.signals import bodies_asked

_HOLDERS: tuple[tuple[type[Model], str], ...] = (
    (ArtifactFile, "version__model__system"),
    (DatasetVersion, "dataset__system"),
    (Upload, "system"),
)


@dataclass(frozen=True, slots=True)
class Term:
    """A system's term: under which rule, since and until when, and why its bodies are kept nevertheless."""

    system: System
    rule: Rule
    since: dt.datetime | None
    ends: dt.datetime | None
    kept_by: tuple[str, ...]

    @property
    def due(self) -> bool:
        """Whether the bodies may be deleted now."""
        return not self.kept_by


def house_problem() -> str:
    """Why the configured years can't be meant; empty where they can."""
    return retention.years_problem(settings.RETENTION_YEARS)


def term(system: System) -> Term:
    """The term of one system as of now."""
    rule = retention.rule_of(system.ai_act_class, system.risk_tier, settings.RETENTION_YEARS)
    since = _retired_at(system)
    ends = _years_after(since, rule.years) if since else None
    kept: list[str] = []
    if ends is None:
        kept.append("the system is in use: the term begins when it is retired")
    elif ends > clock.now():
        kept.append(f"the term runs until {ends:%d %b %Y}")
    closed = [state.name for state in VERSION.states if state.kind == "final"]
    open_versions = Version.objects.filter(model__system=system).exclude(state__in=closed).count()
    if open_versions:
        kept.append(
            "one of its versions isn't closed"
            if open_versions == 1
            else f"{open_versions} of its versions aren't closed"
        )
    holds = LegalHold.objects.filter(system=system, state="placed").count()
    if holds:
        kept.append(f"{holds} legal hold{'s' if holds > 1 else ''} on it")
    return Term(system, rule, since, ends, tuple(kept))


def terms() -> list[Term]:
    """The terms of all retired systems, by name."""
    return [term(system) for system in System.objects.filter(state="retired").order_by("name", "pk")]


def bodies(system: System) -> QuerySet[Blob]:
    """The stored bytes that only this system needs: files, archives, data, reports. Signatures are kept."""
    asked = [answer or () for _, answer in bodies_asked.send(System, system=system)]
    own, others = Q(pk__in=list(chain.from_iterable(asked))), Q(pk__in=Signature.objects.values("bundle_id"))
    for model, path in _HOLDERS:
        rows = model._default_manager.exclude(blob=None).values("blob_id")
        own |= Q(pk__in=rows.filter(**{path: system}))
        others |= Q(pk__in=rows.exclude(**{path: system}))
    return Blob.objects.filter(own).exclude(others).order_by("pk")


def _retired_at(system: System) -> dt.datetime | None:
    """When the log says that the system was retired: a date in a column could be put back."""
    if system.state != "retired":
        return None
    rows = Entry.objects.filter(
        event=events.SYSTEM_MOVED.name, subject_kind=System.ledger_kind, subject_id=str(system.pk)
    )
    for row in rows.order_by("-at"):
        said = entry.parse(bytes(row.bytes)).entry
        if said is not None and said.set.get("state") == "retired" and said.subject.id == str(system.pk):
            return said.at
    return None


def _years_after(moment: dt.datetime, years: int) -> dt.datetime:
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:  # 29 February
        return moment.replace(year=moment.year + years, month=3, day=1)
