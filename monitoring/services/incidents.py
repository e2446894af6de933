"""Incidents: something people work on until it is closed."""

from __future__ import annotations

from uuid import UUID

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from monitoring import events
from monitoring.machines import INCIDENT
from monitoring.models import Incident
from people import access
from people.catalogue import P
from people.services.moves import move_row
from registry.selectors.systems import system_by_id
from registry.selectors.versions import version_by_id

SEVERITIES = ("low", "medium", "high")


@governed
def incident_open(
    *, actor: Actor, system_id: UUID, title: str, severity: str, cause: str, version_id: UUID | None = None
) -> Incident:
    """Open an incident on a system, and on a version of it where one is concerned.

    An open incident of the same cause and title on the same system is returned instead of doubled.
    """
    system = system_by_id(system_id)
    version = version_by_id(version_id) if version_id else None
    access.require(actor, P.INCIDENT_WORK, version or system)
    if version is not None and version.model.system_id != system.pk:
        raise Invalid("The version belongs to another system.", field="version_id")
    if severity not in SEVERITIES:
        raise Invalid(f"One of {', '.join(SEVERITIES)}.", field="severity")
    if not title.strip() or len(title) > 200:
        raise Invalid("Say what happened in 1 to 200 characters.", field="title")
    known = Incident.objects.filter(system=system, cause=cause, title=title.strip(), state="open").first()
    if known:
        return known
    incident = Incident()
    records.write(
        actor=actor,
        event=events.INCIDENT_OPENED,
        row=incident,
        set={
            "system": system,
            "version": version,
            "cause": cause,
            "title": title.strip(),
            "severity": severity,
            "state": INCIDENT.initial.name,
            "opened_at": clock.now(),
            "opened_by": actor.id,
        },
    )
    return incident


@governed
def incident_close(*, actor: Actor, incident_id: UUID, note: str) -> Incident:
    """Close an incident with what was found and done."""
    incident = Incident.objects.select_for_update().filter(pk=incident_id).first()
    if incident is None:
        raise NotThere()
    if not note.strip():
        raise Invalid("Say what was found and done; it is kept with the incident.", field="note")
    move_row(
        actor=actor,
        row=incident,
        machine=INCIDENT,
        move="close",
        event=events.INCIDENT_MOVED,
        set={"closed_at": clock.now(), "closed_by": actor.id, "closing_note": note.strip()},
    )
    return incident
