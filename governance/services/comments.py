"""Comments on a version, a finding or a validation. They decide nothing, and writing one is no part in the making."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.urls import reverse

from governance import events
from governance.challenge import COMMENT
from governance.models import Comment, Finding, Validation
from governance.selectors.comments import kind_of, thing_by_id
from governance.selectors.finding_bars import judges
from governance.selectors.holders import seeing
from ledger import clock
from ledger.actors import Actor, Subject
from ledger.errors import Conflict, Invalid, NotAllowed
from ledger.services import records
from ledger.services.transactions import governed
from people import access
from people.catalogue import P
from people.services.moves import move_row
from people.services.notices import notify
from registry.models import Version
from registry.selectors.lookup import locked

LONGEST = 5_000
AGAIN = dt.timedelta(minutes=2)
"""Within this time the same words by the same person in the same place are a second click."""


@governed
def comment_write(*, actor: Actor, about: str, row_id: UUID, text: str) -> Comment:
    """Begin a thread on a `version`, `finding` or `validation`. Plain text. Invalid: text."""
    return _write(actor, thing_by_id(about, row_id), None, text)


@governed
def comment_answer(*, actor: Actor, comment_id: UUID, text: str) -> Comment:
    """Answer in a thread; an answer to an answer is one in the same thread. Invalid: text."""
    comment = locked(Comment.objects.all(), comment_id)
    thread = comment if comment.parent_id is None else locked(Comment.objects.all(), comment.parent_id)
    access.require(actor, P.COMMENT_WRITE, thread)
    if thread.state != COMMENT.initial.name:
        raise Conflict("The thread is resolved; whoever began it can take it up again.")
    return _write(actor, thread.about, thread, text)


@governed
def comment_move(*, actor: Actor, comment_id: UUID, move: str) -> Comment:
    """Resolve a thread of one's own, or take it up again."""
    comment = locked(Comment.objects.all(), comment_id)
    access.require(actor, P.COMMENT_WRITE, comment)
    if comment.parent_id is not None:
        raise Conflict("Only a thread as a whole is resolved.")
    if comment.author != actor.id:
        raise NotAllowed(
            "Whoever began the thread resolves it.",
            permission=P.COMMENT_WRITE,
            subject=Subject.of(comment),
            reason="author",
            visible=True,
        )
    at = clock.now() if move == "resolve" else None
    move_row(
        actor=actor,
        row=comment,
        machine=COMMENT,
        move=move,
        event=events.COMMENT_MOVED,
        set={"resolved_at": at},
    )
    return comment


def _write(actor: Actor, thing: Version | Finding | Validation, parent: Comment | None, text: str) -> Comment:
    access.require(actor, P.COMMENT_WRITE, thing)
    said = text.strip()
    if not said:
        raise Invalid("Write something.", field="text")
    if len(said) > LONGEST:
        raise Invalid(f"A comment has at most {LONGEST:,} characters.", field="text")
    locked(type(thing)._default_manager.all(), thing.pk)  # two clicks at once wait for each other
    kind, now = kind_of(thing), clock.now()
    recent = Comment.objects.filter(
        author=actor.id, parent=parent, written_at__gte=now - AGAIN, text=said, **{kind: thing}
    )
    if again := recent.first():
        return again
    comment = Comment()
    records.write(
        actor=actor,
        event=events.COMMENT_WRITTEN,
        row=comment,
        set={
            **{name: thing if name == kind else None for name in ("version", "finding", "validation")},
            "parent": parent,
            "author": actor.id,
            "written_at": now,
            "state": COMMENT.initial.name,
            "text": said,
        },
    )
    people = _concerned(thing, parent) - {actor.id}
    url = f"{reverse('governance:comments', args=[kind, thing.pk])}#{(parent or comment).pk}"
    what = "answered a thread" if parent else "commented on something"
    notify(seeing(people, thing), f"Somebody {what} that concerns you.", url)
    return comment


def _concerned(thing: Version | Finding | Validation, parent: Comment | None) -> set[str]:
    """Who is in the thread; for a new one, who is in charge of what it is about."""
    if parent:
        return {parent.author, *parent.answers.values_list("author", flat=True)}
    if isinstance(thing, Finding):
        return {thing.owner, *judges(thing)}
    if isinstance(thing, Validation):
        return {thing.planned_by, thing.validator, thing.version.model.system.owner}
    return {thing.registered_by, thing.model.system.owner}
