"""Versions as they stand, what they are made of and who took part."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from ledger import selectors as log
from ledger.actors import Actor
from modelwarrant.machine import Transition
from people import access
from people.catalogue import P
from registry import events, storage
from registry.machines import CONTRIBUTOR, OWNER
from registry.models import ArtifactFile, Component, Contribution, Lineage, Version
from registry.selectors.contents import contents_of
from registry.selectors.lookup import locked, one

_WITH_MODEL = Version.objects.select_related("model__system")


def version_by_id(version_id: UUID | str) -> Version:
    return one(_WITH_MODEL.all(), version_id)


def version_locked(version_id: UUID | str) -> Version:
    """The version, locked until the transaction ends. Raises NotThere."""
    return locked(_WITH_MODEL.all(), version_id)


def versions_visible(actor: Actor) -> QuerySet[Version]:
    return access.visible(actor, P.VERSION_VIEW, _WITH_MODEL.all())


def versions_by_subject(digest: str) -> QuerySet[Version]:
    """Versions whose warrants would bind `digest` (hex SHA-256); none for an empty one."""
    rows = _WITH_MODEL.filter(subject_digest=digest).order_by("-registered_at")
    return rows if digest else rows.none()


def entered(rows: Iterable[Version]) -> dict[UUID, datetime]:
    """When each version came into the state it is in: with its last move, or its registration where none was made."""
    versions = {str(row.pk): row for row in rows}
    moved = log.last_of("version", list(versions), events.VERSION_MOVED.name)
    return {row.pk: moved.get(key, row.registered_at) for key, row in versions.items()}


def files(version_id: UUID) -> QuerySet[ArtifactFile]:
    return ArtifactFile.objects.filter(version_id=version_id, present=True).select_related("blob")


def components(version_id: UUID) -> QuerySet[Component]:
    return Component.objects.filter(version_id=version_id, present=True)


def lineage(version_id: UUID) -> QuerySet[Lineage]:
    rows = Lineage.objects.filter(version_id=version_id, present=True)
    return rows.select_related("dataset_version__dataset", "dataset_version__blob")


def contributions(version_id: UUID) -> QuerySet[Contribution]:
    return Contribution.objects.filter(version_id=version_id)


def contributors(version_id: UUID) -> frozenset[str]:
    """Pseudonyms of everybody who took part, service identities and their controllers both."""
    rows = contributions(version_id).values_list("principal", "controller")
    return frozenset(name for row in rows for name in row if name)


def barred(
    transition: Transition, version: Version, principals: frozenset[str], cooling_off: timedelta
) -> dict[str, str]:
    """Relation of `transition.not_by` -> why whoever acts as `principals` stands in it; empty: free to
    act."""
    found = {}
    contents = contents_of(version)
    if CONTRIBUTOR in transition.not_by and principals & contents.contributors:
        found[CONTRIBUTOR] = "You took part in making this version, or answer for the identity that did."
    if OWNER in transition.not_by and principals & contents.owners(cooling_off):
        found[OWNER] = "You own this system, or did until recently."
    return found


def content_digests(version: Version) -> dict[str, str]:
    """What the version consists of, one digest or word per item: what a reviewer is shown and a decision
    binds.

    Texts and lists are named by the SHA-256 of their deterministic JSON ("sha256:..."); digests of stored
    bytes are given as they are.
    """
    contents = contents_of(version)
    bill = [
        [row.kind, row.name, row.digest, row.size, row.licence, row.origin] for row in contents.components
    ]
    data = sorted(
        [row.role, str(row.dataset_version_id), row.dataset_version.digest] for row in contents.lineage
    )
    return {
        "binding": version.binding,
        "subject": version.subject_digest,
        "manifest": version.manifest_digest,
        "declared": _digest(version.declared),
        "card": _digest(version.card),
        "code": version.code_ref,
        "environment": _digest(version.environment),
        "components": _digest(bill),
        "data": _digest(data),
    }


def _digest(value: object) -> str:
    # Texts and whole numbers only, so that a trip through the database doesn't show.
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"sha256:{storage.sha256(text.encode())}"
