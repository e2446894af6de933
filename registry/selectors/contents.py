"""What a version is made of, each list read once: for one look at a version, in one page or one transaction.

A version that was `settled` carries its contents with it, so that everything asked of it during that look rests on the
same rows and no row is read twice. Any other version is read anew at each question. Nothing here notices a later
change: whoever changes something settles the version again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import TypeVar, cast

from ledger import reading
from ledger.keyring import KeyRing
from registry.models import (
    ArtifactFile,
    Component,
    Contribution,
    DatasetVersion,
    Lineage,
    Signature,
    SignatureStatus,
    Version,
)
from registry.selectors.systems import owners

C = TypeVar("C", bound="Contents")


class Contents:
    """The lists of one version. Rows that were taken out (`present` is false) are in those that end in `_rows` alone."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self._owners: dict[timedelta, frozenset[str]] = {}

    @cached_property
    def file_rows(self) -> list[ArtifactFile]:
        return list(self.version.files.select_related("blob"))

    @property
    def files(self) -> list[ArtifactFile]:
        return [row for row in self.file_rows if row.present]

    @cached_property
    def component_rows(self) -> list[Component]:
        rows = reading.read(Component, "version", [self.version.pk])
        return sorted(rows, key=lambda row: (row.kind, row.name))

    @property
    def components(self) -> list[Component]:
        return [row for row in self.component_rows if row.present]

    @cached_property
    def lineage_rows(self) -> list[Lineage]:
        rows = reading.read(Lineage, "version", [self.version.pk])
        return sorted(rows, key=lambda row: (row.role, row.pk))

    @cached_property
    def lineage(self) -> list[Lineage]:
        """With their dataset versions."""
        rows = [row for row in self.lineage_rows if row.present]
        data = DatasetVersion.objects.select_related("dataset", "blob")
        known = data.in_bulk([row.dataset_version_id for row in rows]) if rows else {}
        for row in rows:
            row.dataset_version = known[row.dataset_version_id]
        return rows

    @cached_property
    def signatures(self) -> list[Signature]:
        """The newest first."""
        rows = reading.read(Signature, "version", [self.version.pk])
        return sorted(sorted(rows, key=lambda row: row.pk), key=lambda row: row.checked_at, reverse=True)

    @property
    def accepted(self) -> list[Signature]:
        """Those that were valid when they came."""
        return [row for row in self.signatures if row.status == SignatureStatus.VALID]

    @cached_property
    def contributions(self) -> list[Contribution]:
        rows = reading.read(Contribution, "version", [self.version.pk])
        return sorted(rows, key=lambda row: (row.at, row.pk))

    @property
    def contributors(self) -> frozenset[str]:
        """Pseudonyms of everybody who took part, service identities and their controllers both."""
        return frozenset(
            name for row in self.contributions for name in (row.principal, row.controller) if name
        )

    @cached_property
    def ring(self) -> KeyRing:
        """The keys by which its signatures are judged."""
        return KeyRing()

    def owners(self, cooling_off: timedelta) -> frozenset[str]:
        """Pseudonyms of who owns its system, or did within `cooling_off`."""
        if cooling_off not in self._owners:
            self._owners[cooling_off] = owners(self.version.system_id, cooling_off)
        return self._owners[cooling_off]


def settled(version: Version, make: Callable[[Version], Contents] = Contents) -> Version:
    """A copy of `version` for one look, with what `make` reads of it kept."""
    row = copy.copy(version)
    row.__dict__["_contents"] = make(row)
    return row


def carries(version: Version, make: type[Contents]) -> bool:
    """Whether `version` was settled with `make`."""
    return isinstance(version.__dict__.get("_contents"), make)


def kept(version: Version, make: type[C]) -> C:
    """What a settled version carries, or else a new reading; its `version` is the one that carries it."""
    found = version.__dict__.get("_contents")
    if not isinstance(found, make):
        found = settled(version, make).__dict__["_contents"]
    return cast("C", found)


def contents_of(version: Version) -> Contents:
    """The lists of `version`."""
    return kept(version, Contents)
