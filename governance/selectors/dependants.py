"""What rests on a version: asked before it is taken out of use, and shown on its page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from governance.models import Emergency, RetrainingRequest
from governance.selectors.slots import live_before
from registry.models import Component, Version
from registry.selectors.deployments import open_deployments
from registry.selectors.versions import files


@dataclass(frozen=True, slots=True)
class Dependant:
    """One thing that rests on the version: its kind and id in the log, and how, in words."""

    kind: str
    id: str
    text: str


def dependants(version: Version) -> tuple[Dependant, ...]:
    """Everything that is known to rest on `version`, what runs first."""
    return (*_deployments(version), *_ways_back(version), *_built_on(version), *_questions(version))


def _deployments(version: Version) -> Iterator[Dependant]:
    for row in open_deployments(version_id=version.pk):
        yield Dependant("deployment", str(row.pk), f"{row.state} in {row.slot}")


def _ways_back(version: Version) -> Iterator[Dependant]:
    """Slots of the model that would be given back to this version."""
    live = (
        open_deployments().filter(version__model=version.model_id, state="live").exclude(version=version.pk)
    )
    for row in live:
        back = live_before(row)
        if back is not None and back.version_id == version.pk:
            yield Dependant("deployment", str(row.pk), f"the way back from {row.version} in {row.slot}")


def _built_on(version: Version) -> Iterator[Dependant]:
    """Versions of any model whose bill of materials names these very bytes."""
    digests = {version.subject_digest, *files(version.pk).values_list("blob_id", flat=True)} - {""}
    rows = Component.objects.filter(present=True, digest__in=digests).exclude(version=version.pk)
    for row in rows.select_related("version__model__system").order_by("version__registered_at"):
        yield Dependant(
            "version", str(row.version_id), f"{row.version} is built on it ({row.get_kind_display()})"
        )


def _questions(version: Version) -> Iterator[Dependant]:
    for request in RetrainingRequest.objects.filter(version=version, state__in=("requested", "approved")):
        yield Dependant("retraining-request", str(request.pk), f"a retraining request, {request.state}")
    for emergency in Emergency.objects.filter(version=version, state__in=("requested", "open", "reversed")):
        yield Dependant("emergency", str(emergency.pk), f"an emergency, {emergency.state}")
