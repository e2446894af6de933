"""The materiality questionnaire: what it asks, what each answer weighs, and the tier that follows.

Pure, and the only place where weights stand. A changed question or weight is a new EDITION, so that a tiering of
before stays readable as it was answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

EDITION = 1
ORDER = ("low", "medium", "high")
"""The tiers, from the most to the least lenient."""
MEDIUM_FROM, HIGH_FROM = 6, 12
"""Points from which the sum alone gives this tier."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer: `points` are summed, `at_least` is a tier that no sum of other answers goes below."""

    name: str
    title: str
    points: int
    at_least: str = "low"


@dataclass(frozen=True, slots=True)
class Question:
    name: str
    text: str
    why: str
    choices: tuple[Choice, ...]

    def choice(self, name: str) -> Choice | None:
        return next((choice for choice in self.choices if choice.name == name), None)


QUESTIONS: tuple[Question, ...] = (
    Question(
        "impact",
        "What can a wrong answer do to a person?",
        "Harm to people outweighs everything else.",
        (
            Choice("none", "Nothing that they would notice", 0),
            Choice("inconvenience", "An inconvenience that is soon over", 1),
            Choice("material", "Money, work, or access to a service", 3, "medium"),
            Choice("severe", "Health, freedom, or rights under law", 5, "high"),
        ),
    ),
    Question(
        "autonomy",
        "Who acts on the answer?",
        "What nobody looks at, nobody corrects.",
        (
            Choice("informs", "A person, who has other grounds as well", 0),
            Choice("recommends", "A person, who mostly follows it", 1),
            Choice("acts-with-veto", "The system, and a person may stop it", 2),
            Choice("acts", "The system alone", 3),
        ),
    ),
    Question(
        "reversibility",
        "Can what follows be undone?",
        "An error that can be undone is cheaper than one that can't.",
        (
            Choice("at-once", "At once and whole", 0),
            Choice("with-effort", "With effort, or not whole", 1),
            Choice("never", "No", 3),
        ),
    ),
    Question(
        "scale",
        "How many people are judged in a year?",
        "A small error that meets many is a large one.",
        (
            Choice("hundreds", "Up to 1,000", 0),
            Choice("thousands", "Up to 100,000", 1),
            Choice("more", "More", 2),
        ),
    ),
    Question(
        "data",
        "Which data does it read?",
        "What is leaked or learnt from sensitive data can't be taken back.",
        (
            Choice("none", "None about people", 0),
            Choice("personal", "Data about people", 1),
            Choice("special", "Health, origin, belief, biometrics or children", 3),
        ),
    ),
    Question(
        "complexity",
        "Can somebody say why it answered as it did?",
        "What can't be explained is found wrong late.",
        (
            Choice("rules", "Yes, rule by rule", 0),
            Choice("interpretable", "Yes, by its weights or splits", 1),
            Choice("opaque", "Only by probing it", 2),
        ),
    ),
    Question(
        "regulatory",
        "Does a law or a supervisor rely on its figures?",
        "Figures for capital, accounts or a legal duty are held to the strictest rules.",
        (
            Choice("no", "No", 0),
            Choice("indirectly", "Through other figures", 2),
            Choice("directly", "Yes", 4, "high"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Computed:
    """`tier` is what the answers give; `because` says so in a sentence."""

    tier: str
    points: int
    because: str


def faults(answers: Mapping[str, object]) -> dict[str, str]:
    """Question -> what is wrong with its answer; all of them at once. Empty: every question is answered."""
    known = {question.name: question for question in QUESTIONS}
    found = {name: "The questionnaire doesn't ask this." for name in answers if name not in known}
    for name, question in known.items():
        if name not in answers:
            found[name] = "This isn't answered yet."
        elif not isinstance(answer := answers[name], str) or question.choice(answer) is None:
            found[name] = f"One of these is expected: {', '.join(item.name for item in question.choices)}."
    return found


def compute(answers: Mapping[str, str]) -> Computed:
    """The tier that complete answers give. Raises ValueError on answers with faults."""
    if wrong := faults(answers):
        raise ValueError(f"answers with faults: {', '.join(sorted(wrong))}")
    chosen = [
        (question, choice) for question in QUESTIONS if (choice := question.choice(answers[question.name]))
    ]
    points = sum(choice.points for _, choice in chosen)
    by_sum = "high" if points >= HIGH_FROM else "medium" if points >= MEDIUM_FROM else "low"
    tier = max([by_sum, *(choice.at_least for _, choice in chosen)], key=ORDER.index)
    if tier == by_sum:
        return Computed(
            tier, points, f"{points} points; medium begins at {MEDIUM_FROM}, high at {HIGH_FROM}."
        )
    forcing = next(choice for _, choice in chosen if choice.at_least == tier)
    return Computed(tier, points, f"{points} points, and at least {tier} because of “{forcing.title}”.")


def spelt(answers: Mapping[str, str]) -> list[tuple[str, str, int]]:
    """(question, answer, points) in the order of the table, for a page."""
    return [
        (question.text, choice.title, choice.points)
        for question in QUESTIONS
        if (choice := question.choice(answers.get(question.name, ""))) is not None
    ]


def below(tier: str, other: str) -> bool:
    """Whether `tier` is more lenient than `other`."""
    return ORDER.index(tier) < ORDER.index(other)
