"""What differs between two texts, word by word, for people: pieces that stayed, went and came.

Pure. A text that somebody made to be slow to compare costs no more than a long one: beyond some hundred words sentences
are compared instead, and beyond some hundred of those the whole is shown as replaced.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

MOST_PIECES = 800
CONTEXT_WORDS = 25
"""Unchanged words shown around a change; what lies between is left out with a sign."""
_WORDS = re.compile(r"\s*\S+|\s+$")
_SENTENCES = re.compile(r"[^.!?\n]*(?:[.!?\n]+|$)")


@dataclass(frozen=True, slots=True)
class Piece:
    """`skipped` stands for unchanged text that is left out; its text says how much."""

    kind: Literal["same", "gone", "new", "skipped"]
    text: str


def redline(old: str, new: str) -> tuple[Piece, ...]:
    """The pieces of `old` and `new` in reading order; empty where they are equal."""
    if old == new:
        return ()
    for pattern in (_WORDS, _SENTENCES):
        before, after = ([piece for piece in pattern.findall(text) if piece] for text in (old, new))
        if max(len(before), len(after)) <= MOST_PIECES:
            return tuple(_pieces(before, after))
    return tuple(piece for piece in (Piece("gone", old), Piece("new", new)) if piece.text)


def _pieces(before: Sequence[str], after: Sequence[str]) -> list[Piece]:
    found: list[Piece] = []
    # By their words: where only a line was broken otherwise, nothing is said to have changed.
    matcher = SequenceMatcher(None, [word.strip() for word in before], [word.strip() for word in after])
    steps = matcher.get_opcodes()
    for number, (kind, one, two, three, four) in enumerate(steps):
        if kind == "equal":
            found += _shortened(after[three:four], first=number == 0, last=number == len(steps) - 1)
            continue
        for which, words in (("gone", before[one:two]), ("new", after[three:four])):
            if words:
                found.append(Piece(which, "".join(words)))  # type: ignore[arg-type]
    return found


def _shortened(words: Sequence[str], *, first: bool, last: bool) -> list[Piece]:
    head, tail = (0 if first else CONTEXT_WORDS), (0 if last else CONTEXT_WORDS)
    left = len(words) - head - tail
    if left <= CONTEXT_WORDS:
        return [Piece("same", "".join(words))]
    pieces = [
        Piece("same", "".join(words[:head])),
        Piece("skipped", f"{left} unchanged words"),
        Piece("same", "".join(words[len(words) - tail :])),
    ]
    return [piece for piece in pieces if piece.text]
