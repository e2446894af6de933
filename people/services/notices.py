"""Notices for people: rows in the transaction of what they tell about, so that none is sent for nothing.

Each may also be mailed, as the person chose. A mail is a row of the outbox: a mail server that is away for a day
delays it, and a message delivered twice has one effect.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from uuid import UUID

from ledger import clock
from ledger.actors import Actor
from ledger.errors import Invalid, NotThere
from ledger.models import OutboxMessage
from ledger.services import outbox, scope
from ledger.services.transactions import governed, in_transaction
from ledger.workdays import calendar
from people import mails
from people.models import MailDigest, MailMode, MailPreference, Notice, NoticeMail, User
from people.selectors import acting_user, deputies_of

CHANNEL = "mail"
KEPT_TRYING = dt.timedelta(days=3)
"""How old a notice may be that is still tried to be mailed: later it would only puzzle."""
PAUSE = dt.timedelta(minutes=30)
MOST_IN_DIGEST = 100


def notify(recipients: Iterable[str | User], text: str, url: str = "") -> int:
    """One notice for each person (pseudonyms or users; each once, who is locked out not at all); how many. Who stands
    in for one of them now, or is named as deputy of one who is away, gets it too.

    `text` is cut at 500 characters. `url` is a path of ours, never an address somebody gave.
    """
    if url and (not url.startswith("/") or url.startswith(("//", "/\\"))):
        raise ValueError(f"a notice leads to a page of ours, not to {url!r}")
    wanted = {person.pseudonym if isinstance(person, User) else person for person in recipients}
    if scope.current.get() is None:
        return in_transaction(lambda: _write(wanted, text, url))
    return _write(wanted, text, url)


def _write(wanted: set[str], text: str, url: str) -> int:
    now = clock.now()
    users = User.objects.filter(pseudonym__in=wanted | deputies_of(wanted, now), is_active=True).only("pk")
    rows = [Notice(recipient=user, text=text[:500], url=url[:500], created_at=now) for user in users]
    made = Notice.objects.bulk_create(rows)
    if mails.is_on() and made:
        modes = dict(MailPreference.objects.filter(user__in=users).values_list("user_id", "mode"))
        for notice in made:
            if modes.get(notice.recipient_id, MailMode.AT_ONCE) == MailMode.AT_ONCE:
                outbox.put(CHANNEL, {"notice": str(notice.pk)})
    return len(made)


@governed
def notices_read(*, actor: Actor, notice_ids: Iterable[UUID] | None = None) -> int:
    """Mark the acting person's notices as read, all or the named ones; how many. Others' aren't touched."""
    unread = Notice.objects.filter(recipient=acting_user(actor), read_at=None)
    if notice_ids is not None:
        unread = unread.filter(pk__in=list(notice_ids))
    return unread.update(read_at=clock.now())


@governed
def mail_prefer(*, actor: Actor, mode: str) -> MailPreference:
    """How the acting person's notices are mailed from now on. Raises Invalid."""
    user = acting_user(actor, lock=True)
    if user is None:
        raise NotThere
    if mode not in MailMode.values:
        raise Invalid(f"One of {', '.join(MailMode.values)} is expected.", field="mode")
    row, _ = MailPreference.objects.update_or_create(
        user=user, defaults={"mode": mode, "changed_at": clock.now()}
    )
    return row


@governed
def digests_ask(*, actor: Actor) -> int:
    """Ask for today's digest of everybody who wants one and has something unread, once people work; how many."""
    now, working = clock.now(), calendar()
    if not mails.is_on() or working.within(now) != now.astimezone(dt.UTC):
        return 0
    day = now.astimezone(working.zone).date()
    waiting = Notice.objects.filter(read_at=None, mail=None, created_at__lt=now)
    users = User.objects.filter(
        is_active=True, mail_preference__mode=MailMode.DIGEST, pk__in=waiting.values("recipient_id")
    ).exclude(pk__in=MailDigest.objects.filter(day=day).values("user_id"))
    asked = 0
    for user in users:
        digest, new = MailDigest.objects.get_or_create(user=user, day=day, defaults={"until": now})
        if new:
            outbox.put(CHANNEL, {"digest": digest.pk})
            asked += 1
    return asked


def deliver(message: OutboxMessage) -> None:
    """Send one mail of the outbox; raises what the mail server's absence raises. Runs outside of transactions."""
    notices, digest = _wanted(message)
    if not notices or not mails.is_on():
        return
    user = notices[0].recipient
    try:
        mails.send(user, notices, title="digest" if digest else "")
    except OSError:
        # An outbox message is given up after some attempts within the hour; mail servers are away for longer.
        if message.attempts < outbox.MAX_ATTEMPTS or clock.now() - message.created_at > KEPT_TRYING:
            raise
        in_transaction(lambda: outbox.put(CHANNEL, message.payload, due_at=clock.now() + PAUSE))
        return
    in_transaction(lambda: _sent(notices, digest))


def mail_is_on() -> bool:
    """Whether this installation mails notices at all."""
    return mails.is_on()


def mail_problem() -> str:
    """What is wrong with the settings of mails, for start-up; empty if nothing is."""
    return mails.problem()


def _wanted(message: OutboxMessage) -> tuple[list[Notice], MailDigest | None]:
    """What is still to be mailed: nothing that was mailed or read, and nothing to who wants no mail any more."""
    rows = Notice.objects.select_related("recipient").filter(
        recipient__is_active=True, read_at=None, mail=None
    )
    if "digest" in message.payload:
        digest = MailDigest.objects.filter(pk=message.payload["digest"], sent_at=None).first()
        mine = MailPreference.objects.filter(user=digest.user_id, mode=MailMode.DIGEST) if digest else None
        if digest is None or mine is None or not mine.exists():
            return [], None
        rows = rows.filter(recipient=digest.user_id, created_at__lt=digest.until).order_by("created_at")
        return list(rows[:MOST_IN_DIGEST]), digest
    rows = rows.filter(pk=message.payload["notice"])
    others = MailPreference.objects.exclude(mode=MailMode.AT_ONCE)
    return list(rows.exclude(recipient__in=others.values("user_id"))), None


def _sent(notices: list[Notice], digest: MailDigest | None) -> None:
    now = clock.now()
    NoticeMail.objects.bulk_create(
        [NoticeMail(notice=notice, sent_at=now) for notice in notices], ignore_conflicts=True
    )
    if digest is not None:
        MailDigest.objects.filter(pk=digest.pk).update(sent_at=now)
