"""What people keep at their desk, and the record that a list left the portal as a file."""

from __future__ import annotations

from uuid import UUID

from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Conflict, Invalid, NotThere
from ledger.services import records
from ledger.services.transactions import governed
from people import access, events
from people.models import SavedView
from people.selectors import acting_user

MOST_VIEWS = 30
"""Of one list, for one person."""


@governed
def view_save(*, actor: Actor, listing: str, name: str, query: str) -> SavedView:
    """Keep `query` of a list under a name; the same name again is replaced. The caller has checked the query."""
    user = acting_user(actor, lock=True)
    if user is None:
        access.require_person(actor)
        raise NotThere
    name = " ".join(name.split())
    if not name or len(name) > 60:
        raise Invalid("A name of at most 60 characters is needed.", field="name")
    mine = SavedView.objects.filter(owner=user, listing=listing)
    known = mine.filter(name=name).first()
    if known is None and mine.count() >= MOST_VIEWS:
        raise Conflict(f"You have {MOST_VIEWS} views of this list. Delete one first.")
    row = known or SavedView(owner=user, listing=listing, name=name, created_at=clock.now())
    row.query = query
    row.save()
    return row


@governed
def view_delete(*, actor: Actor, view_id: UUID) -> str:
    """Delete one of the acting person's own views; gives the name of its list. Raises NotThere for anybody else's."""
    row = SavedView.objects.filter(pk=view_id, owner=acting_user(actor)).first()
    if row is None:
        raise NotThere
    row.delete()
    return row.listing


@governed
def export_record(*, actor: Actor, listing: str, form: str, filters: str, rows: int) -> None:
    """Record that a list left the portal: who, which, how many rows. The filters may hold a person's name, so they are
    recorded as a commitment."""
    if acting_user(actor) is None:
        access.require_person(actor)
    subject = Subject("user", str(actor.pk))
    data = {"list": listing, "format": form, "rows": rows}
    hidden = {"filters": filters} if filters else {}
    records.note(actor=actor, event=events.LIST_EXPORTED, subject=subject, data=data, hidden=hidden)
