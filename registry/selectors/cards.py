"""The model card: which fields it has, what is missing, and its text as safe HTML."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from registry.models import Version

FIELD_LIMIT = 20_000
"""Characters per field."""


@dataclass(frozen=True, slots=True)
class CardField:
    name: str
    title: str
    hint: str
    required: bool = True


CARD: tuple[CardField, ...] = (
    CardField("intended_use", "Intended use", "Who uses the answers, for which decision, how often."),
    CardField("not_for", "Not for", "Uses that look near and are not covered."),
    CardField("limitations", "Limitations", "Where it is known to be wrong, and what wasn't tested."),
    CardField("human_oversight", "Human oversight", "Who can see, question and overrule an answer, and how."),
    CardField("owner_contact", "Contact", "The function to turn to; a mailbox of a team, not of a person."),
    CardField("training_data", "Training data", "What it was trained on, of when, and who is missing."),
    CardField("evaluation_data", "Evaluation data", "What it was judged on, and why that fits its use."),
    CardField("residual_risk", "Residual risk", "What remains after all measures, and who accepted it."),
    CardField("users", "Users", "Who works with the answers, and what they must know.", required=False),
    CardField(
        "affected_people", "Affected people", "Whose lives the answers touch, and how.", required=False
    ),
    CardField(
        "assumptions", "Assumptions", "What must hold for the answers to mean anything.", required=False
    ),
    CardField(
        "failure_modes", "Failure modes", "How it goes wrong, and how that would be noticed.", required=False
    ),
    CardField(
        "alternatives",
        "Alternatives",
        "What else was considered, no model among them.",
        required=False,
    ),
    CardField("measures", "Measures", "What was done about known risks.", required=False),
    CardField("references", "References", "Papers, documents and earlier versions.", required=False),
)
"""The card, in the order it is shown."""


def card_faults(card: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(field, sentence) for everything a card can't hold; a card with missing fields has no fault yet."""
    known = {field.name for field in CARD}
    found = [(name, "The model card has no such field.") for name in card if name not in known]
    for name, text in card.items():
        if name not in known:
            continue
        if not isinstance(text, str):
            found.append((name, "Text is expected."))
        elif len(text) > FIELD_LIMIT:
            found.append((name, f"{len(text)} characters; at most {FIELD_LIMIT:,} fit."))
    return found


def missing(version: Version, extra: Collection[str] = ()) -> list[tuple[str, str]]:
    """(field, title) of each required field that is absent or blank; `extra` names further required ones."""
    return [
        (field.name, field.title)
        for field in CARD
        if (field.required or field.name in extra) and not str(version.card.get(field.name) or "").strip()
    ]


# No raw HTML, no images: a card is read by reviewers, and nothing in it may fetch or imitate the page
# around it.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
_TAGS = {
    *("p", "br", "em", "strong", "code", "pre", "blockquote", "ul", "ol", "li", "hr", "a"),
    *("h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}


def render(text: str) -> SafeString:
    """Markdown (CommonMark with tables) as HTML without scripts, styles, images or raw HTML.

    Headings begin two levels down, so that a card can't take the page's own.
    """
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes={"https", "http", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(clean)  # noqa: S308 - nh3 has just reduced it to the tags above


def rendered(card: Mapping[str, Any]) -> list[tuple[CardField, SafeString]]:
    """Each field that has text, in order, with its HTML."""
    return [(field, render(text)) for field in CARD if (text := str(card.get(field.name) or "")).strip()]
