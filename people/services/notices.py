"""Notices for people's inboxes: rows in the transaction of what they tell about, so that none is sent for
nothing."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from ledger import clock
from ledger.actors import Actor
from ledger.services.transactions import governed
from people.models import Notice, User
from people.selectors import acting_user


def notify(recipients: Iterable[str | User], text: str, url: str = "") -> int:
    """One notice for each person (pseudonyms or users; each once, who is locked out not at all); how many.

    `text` is cut at 500 characters. `url` is a path of ours, never an address somebody gave.
    """
    if url and (not url.startswith("/") or url.startswith("//")):
        raise ValueError(f"a notice leads to a page of ours, not to {url!r}")
    wanted = {person.pseudonym if isinstance(person, User) else person for person in recipients}
    users = User.objects.filter(pseudonym__in=wanted, is_active=True).only("pk")
    now = clock.now()
    rows = [Notice(recipient=user, text=text[:500], url=url[:500], created_at=now) for user in users]
    return len(Notice.objects.bulk_create(rows))


@governed
def notices_read(*, actor: Actor, notice_ids: Iterable[UUID] | None = None) -> int:
    """Mark the acting person's notices as read, all or the named ones; how many. Others' aren't touched."""
    unread = Notice.objects.filter(recipient=acting_user(actor), read_at=None)
    if notice_ids is not None:
        unread = unread.filter(pk__in=list(notice_ids))
    return unread.update(read_at=clock.now())
