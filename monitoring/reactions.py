"""What monitoring does when the apps below report something, inside their transaction."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from monitoring.models import Baseline, StoredProfile
from registry.models import System
from registry.signals import bodies_asked


@receiver(bodies_asked, dispatch_uid="monitoring.name-counted-bodies")
def name_counted_bodies(sender: object, *, system: System, **_: Any) -> list[str]:
    """Counts of a system's data, and what was learnt from them."""
    counted = StoredProfile.objects.filter(system=system).values_list("blob", flat=True)
    learnt = Baseline.objects.filter(
        monitor__deployment__version__model__system=system, blob__isnull=False
    ).values_list("blob", flat=True)
    return [digest for digest in (*counted, *learnt) if digest]
