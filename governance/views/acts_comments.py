"""Commenting, as acts: begin a thread on a thing, answer in one, resolve one's own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db.models import Model
from django.urls import reverse

from governance import forms
from governance.challenge import COMMENT
from governance.models import Comment, Finding, Validation
from governance.selectors.comments import kind_of
from governance.services import comments as services
from governance.views.act import Act
from registry.models import Version

VISIBLE = "Everybody who may see this page reads it. It decides nothing."


def page(row: Any) -> str:
    """The thread that a comment is in, or the threads on a thing."""
    thing = row.about if isinstance(row, Comment) else row
    address = reverse("governance:comments", args=[kind_of(thing), thing.pk])
    return f"{address}#{row.parent_id or row.pk}" if isinstance(row, Comment) else address


def _begin(model: type[Model], kind: str) -> Act:
    run = partial(services.comment_write, about=kind)
    return Act(
        model, run, "row_id", forms.CommentForm, title="Write a comment", consequence=VISIBLE, page=page
    )


def _move(move: str) -> Act:
    run = partial(services.comment_move, move=move)
    return Act(Comment, run, "comment_id", machine=COMMENT, move=move, page=page)


ACTS: Mapping[str, Act] = {
    "comment-version": _begin(Version, "version"),
    "comment-finding": _begin(Finding, "finding"),
    "comment-validation": _begin(Validation, "validation"),
    "answer-comment": Act(
        Comment,
        services.comment_answer,
        "comment_id",
        forms.CommentForm,
        title="Answer",
        consequence=VISIBLE,
        page=page,
    ),
    "resolve-comment": _move("resolve"),
    "reopen-comment": _move("reopen"),
}
