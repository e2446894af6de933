"""Datasets and their versions as they stand."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from ledger.actors import Actor
from people import access
from people.catalogue import P
from registry.models import Dataset, DatasetVersion
from registry.selectors.lookup import locked, one

_WITH_DATASET = DatasetVersion.objects.select_related("dataset__system", "blob")


def dataset_by_id(dataset_id: UUID | str) -> Dataset:
    return one(Dataset.objects.select_related("system"), dataset_id)


def dataset_locked(dataset_id: UUID | str) -> Dataset:
    return locked(Dataset.objects.select_related("system"), dataset_id)


def datasets_visible(actor: Actor) -> QuerySet[Dataset]:
    return access.visible(actor, P.DATASET_VIEW, Dataset.objects.select_related("system"))


def dataset_version_by_id(dataset_version_id: UUID | str) -> DatasetVersion:
    return one(_WITH_DATASET.all(), dataset_version_id)


def dataset_version_locked(dataset_version_id: UUID | str) -> DatasetVersion:
    return locked(_WITH_DATASET.all(), dataset_version_id)


def dataset_versions_visible(actor: Actor) -> QuerySet[DatasetVersion]:
    return access.visible(actor, P.DATASET_VIEW, _WITH_DATASET.all())
