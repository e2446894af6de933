"""Finding things by name, label, id, digest or person, among what one may see and nothing else.

One row of the table per kind: a new kind is a new row. Each asks one query, limited by what the actor's grants reach, so
that neither a result nor a count nor the time it takes tells of anything foreign.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse

from governance.models import Finding, Validation, Warrant
from governance.selectors.findings import standing
from ledger import clock
from ledger.actors import Actor
from monitoring.models import Run
from people import access
from people.catalogue import P
from people.models import User
from registry.models import AIModel, Dataset, DatasetVersion, System, Version

SHORTEST, LONGEST, MOST = 2, 100, 10
PEOPLE = 200
"""People of one name whose things are looked for."""
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{8,64})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Words:
    """What is looked for: `text` as written, and what it may be besides."""

    text: str
    id: UUID | None
    digest: str
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found."""

    kind: str
    id: UUID
    title: str
    about: str
    url: str
    state: str


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one kind; `more` says that there is more than is listed."""

    kind: str
    title: str
    hits: tuple[Hit, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of thing. `fits` gives the condition for the words, `show` what a page says of a row."""

    kind: str
    title: str
    permission: P
    rows: Callable[[], QuerySet[Any]]
    fits: Callable[[Words], Q]
    show: Callable[[Any], tuple[str, str, str, str]]


def _digest(words: Words, *columns: str) -> Q:
    found = Q(pk__in=())
    for column in columns if words.digest else ():
        found |= Q(**{f"{column}__startswith": words.digest})
    return found


def _row(words: Words) -> Q:
    return Q(pk=words.id) if words.id else Q(pk__in=())


def _by(words: Words, column: str) -> Q:
    return Q(**{f"{column}__in": words.people}) if words.people else Q(pk__in=())


def _version(words: Words) -> Q:
    named = Q(label__icontains=words.text) | Q(model__name__icontains=words.text)
    digests = _digest(words, "subject_digest", "manifest_digest")
    return named | digests | _row(words) | _by(words, "registered_by")


def _about_version(words: Words) -> Q:
    return Q(version__model__name__icontains=words.text) | Q(version__label__icontains=words.text)


SOURCES: tuple[Source, ...] = (
    Source(
        "system", "AI systems", P.SYSTEM_VIEW, System.objects.all,
        lambda words: Q(name__icontains=words.text) | Q(slug__icontains=words.text) | _row(words) | _by(words, "owner"),
        lambda row: (row.name, f"{row.get_risk_tier_display()} tier", reverse("registry:system", args=[row.pk]), row.state),
    ),
    Source(
        "model", "Models", P.SYSTEM_VIEW, lambda: AIModel.objects.select_related("system"),
        lambda words: Q(name__icontains=words.text) | Q(slug__icontains=words.text) | _row(words),
        lambda row: (row.name, row.system.name, reverse("registry:model", args=[row.pk]), ""),
    ),
    Source(
        "version", "Versions", P.VERSION_VIEW, lambda: Version.objects.select_related("model__system"), _version,
        lambda row: (str(row), " · ".join(filter(None, [row.label, row.model.system.name])),
                     reverse("governance:version", args=[row.pk]), row.state),
    ),
    Source(
        "dataset", "Datasets", P.DATASET_VIEW, lambda: Dataset.objects.select_related("system"),
        lambda words: Q(name__icontains=words.text) | Q(slug__icontains=words.text) | _row(words),
        lambda row: (row.name, row.system.name, reverse("registry:system", args=[row.system_id]), ""),
    ),
    Source(
        "dataset-version", "Versions of datasets", P.DATASET_VIEW,
        lambda: DatasetVersion.objects.select_related("dataset__system"),
        lambda words: _digest(words, "blob__pk") | _row(words) | _by(words, "registered_by"),
        lambda row: (str(row), row.dataset.system.name, reverse("registry:system", args=[row.dataset.system_id]), row.state),
    ),
    Source(
        "run", "Results", P.RUN_VIEW, lambda: Run.objects.select_related("version__model__system").defer("outcome"),
        lambda words: _row(words) | _digest_with_scheme(words, "outcome_digest"),
        lambda row: (str(row), row.version.model.system.name, reverse("monitoring:run", args=[row.pk]), row.verdict),
    ),
    Source(
        "finding", "Findings", P.VERSION_VIEW, Finding.objects.all,
        lambda words: Q(title__icontains=words.text) | _row(words) | _by(words, "owner") | _by(words, "found_by"),
        lambda row: (row.title, f"{row.get_severity_display()} finding", reverse("governance:finding", args=[row.pk]),
                     standing(row, clock.now()).state),
    ),
    Source(
        "validation", "Validations", P.VERSION_VIEW, lambda: Validation.objects.select_related("version__model__system"),
        lambda words: _about_version(words) | _row(words) | _by(words, "validator"),
        lambda row: (str(row), str(row.version), reverse("governance:validation", args=[row.pk]), row.state),
    ),
    Source(
        "warrant", "Warrants", P.WARRANT_VIEW,
        lambda: Warrant.objects.select_related("version__model__system").defer("document"),
        lambda words: _row(words) | _digest(words, "subject_digest") | _digest_with_scheme(words, "document_digest"),
        lambda row: (str(row), str(row.version), reverse("governance:warrant", args=[row.pk]), row.state),
    ),
)  # fmt: skip
"""Every kind that is searched, in the order of the page."""


def search(actor: Actor, text: str) -> list[Found]:
    """What `actor` may see and `text` fits, at most MOST of a kind. A constant number of queries; nothing for a text that
    is too short."""
    words = _words(text)
    if words is None:
        return []
    reached = access.reach(actor)
    found = []
    for source in SOURCES:
        rows = access.within(reached, source.permission, source.rows()).filter(source.fits(words))
        listed = list(rows.order_by("pk").distinct()[: MOST + 1])
        hits = tuple(Hit(source.kind, row.pk, *source.show(row)) for row in listed[:MOST])
        if hits:
            found.append(Found(source.kind, source.title, hits, len(listed) > MOST))
    return found


def clean(text: str) -> str:
    """`text` as it is looked for: one line, no control characters, at most LONGEST characters."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:LONGEST]


def more_at(kind: str, text: str) -> str:
    """The list where all of a kind are found by the same text; empty where there is none."""
    lists: Mapping[str, str] = {"system": "registry:inventory", "version": "governance:versions"}
    return reverse(lists[kind]) if kind in lists else ""


def _words(text: str) -> Words | None:
    text = clean(text)
    if len(text) < SHORTEST:
        return None
    try:
        row_id: UUID | None = UUID(text)
    except ValueError:
        row_id = None
    digest = _DIGEST.fullmatch(text)
    people = User.objects.filter(name__icontains=text).order_by("pk").values_list("pseudonym", flat=True)
    return Words(text, row_id, digest[1].lower() if digest else "", tuple(people[:PEOPLE]))


def _digest_with_scheme(words: Words, column: str) -> Q:
    return Q(**{f"{column}__startswith": f"sha256:{words.digest}"}) if words.digest else Q(pk__in=())
