"""A notice as a mail: one sentence, one link to a page of ours, and where to turn mails off.

Nothing else leaves the house by mail: no reason, no figure, no secret. The only host in a mail is the operator's
PORTAL_URL, never one that a request named.
"""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from people.models import Notice, User

LONGEST_SUBJECT = 120


def is_on() -> bool:
    """Whether this installation sends mails."""
    return bool(settings.MAIL_ON and settings.PORTAL_URL)


def problem() -> str:
    """What is wrong with the settings of mails, for start-up; empty if nothing is."""
    parts = urlsplit(settings.PORTAL_URL)
    whole = parts.scheme in ("http", "https") and parts.hostname and not (parts.path or parts.query)
    if settings.PORTAL_URL and not whole:
        return "PORTAL_URL: an origin such as https://warrants.example is needed, without a path."
    if settings.MAIL_ON and not settings.PORTAL_URL:
        return "EMAIL_URL is set and PORTAL_URL isn't: links in mails would lead nowhere."
    if settings.MAIL_ON and "@" not in parseaddr(settings.DEFAULT_FROM_EMAIL)[1]:
        return "MAIL_FROM: an address such as ModelWarrant <warrants@example.org> is needed."
    return ""


def send(user: User, notices: Sequence[Notice], *, title: str = "") -> None:
    """One mail with these notices of one person. Raises OSError where the mail server can't be reached or refuses.

    The id is made from the notices: a mail server that gets the same mail twice can tell.
    """
    about = f"{len(notices)} notices" if title else one_line(notices[0].text)
    off = f"{settings.PORTAL_URL}{reverse('people:profile')}#mail"
    context = {
        "lines": [
            (one_line(notice.text), f"{settings.PORTAL_URL}{notice.url}" if notice.url else "")
            for notice in notices
        ],
        "off": off,
        "portal": settings.PORTAL_URL,
    }
    host = urlsplit(settings.PORTAL_URL).hostname
    mail = EmailMultiAlternatives(
        subject=f"ModelWarrant: {about}"[:LONGEST_SUBJECT],
        body=render_to_string("mail/notices.txt", context),
        to=[user.email],
        headers={
            "Message-ID": f"<{notices[0].pk}{f'.{title}' if title else ''}@{host}>",
            "List-Unsubscribe": f"<{off}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.attach_alternative(render_to_string("mail/notices.html", context), "text/html")
    mail.send()


def one_line(text: str) -> str:
    """`text` without line breaks or other control characters: it goes into headers."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
