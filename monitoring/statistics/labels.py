"""Labels and predictions to 0 and 1, and group labels to one spelling: openly, with counts, never by guessing quietly.

Which value counts as positive, in this order: an explicit mapping; the value the caller names; a recognised pair
(1/0, true/false, yes/no ...); for two other values, `1` if it is one of them (scikit-learn's default `pos_label`),
otherwise the one that sorts last (scikit-learn's `classes_[1]`), both with a warning that names it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.statistics.inputs import BadInput, Columns, Limits, Sensitive
from monitoring.statistics.tables import Column, Table

MISSING_GROUP = "(missing)"
UNKNOWN_WORDS = frozenset(
    {"", "unknown", "n/a", "na", "null", "none", "nan", "?", "-", "missing", "undefined"}
)
# Each family maps to 0 and 1 by itself; a file that mixes families is mapped with a warning.
_FAMILIES: tuple[tuple[str, dict[str, int]], ...] = (
    ("1/0", {"1": 1, "0": 0}),
    ("true/false", {"true": 1, "false": 0, "t": 1, "f": 0}),
    ("yes/no", {"yes": 1, "no": 0, "y": 1, "n": 0}),
    ("positive/negative", {"positive": 1, "negative": 0, "pos": 1, "neg": 0}),
    ("approved/denied", {"approved": 1, "denied": 0, "approve": 1, "deny": 0, "rejected": 0, "reject": 0}),
    ("accepted/declined", {"accepted": 1, "declined": 0}),
    ("1/-1", {"-1": 0}),
)
_INTEGRAL = re.compile(r"^[+-]?\d+\.0*$")
# Lower-case letters of other scripts that are drawn like Latin ones (a small part of Unicode TS 39).
_CYRILLIC = {
    "а": "a",
    "е": "e",
    "к": "k",
    "о": "o",
    "р": "p",
    "с": "c",
    "у": "y",
    "х": "x",
    "і": "i",
    "ј": "j",
    "ѕ": "s",
    "ԁ": "d",
    "һ": "h",
    "в": "b",
    "м": "m",
    "н": "h",
    "т": "t",
}
_GREEK = {"α": "a", "ο": "o", "ν": "v", "ρ": "p", "ι": "i", "κ": "k", "υ": "u", "χ": "x", "ε": "e", "τ": "t"}
_LOOKALIKES = str.maketrans(_CYRILLIC | _GREEK)


@dataclass(frozen=True, slots=True)
class Binary:
    """Values of one column as 1, 0 and -1 (unknown); `positive` says what counted as 1."""

    values: NDArray[np.int64]
    positive: str
    unknown: int

    @property
    def known(self) -> NDArray[np.bool_]:
        return self.values >= 0


@dataclass(frozen=True, slots=True)
class Groups:
    """One sensitive attribute: `names` sorted, each row's index into them."""

    attribute: str
    names: tuple[str, ...]
    codes: NDArray[np.int64]
    missing: int


def canonical(text: str) -> str:
    """A label's comparable form: NFKC, trimmed, blanks joined, case folded, `1.0` as `1`."""
    folded = " ".join(unicodedata.normalize("NFKC", text).split()).casefold()
    if _INTEGRAL.match(folded):
        folded = folded.split(".")[0]
    return folded.removeprefix("+") if folded[1:].isdigit() else folded


def binary(table: Table, columns: Columns, *, warnings: list[str]) -> dict[str, Binary]:
    """Label and prediction (those that are named) under one common mapping, keyed `label` and `prediction`.

    Raises BadInput `not-binary` for more than two values, `positive` if the named value does not occur or cannot
    be told apart, `one-value` where one unrecognised value leaves nothing to decide by.
    """
    named = {part: name for part in ("label", "prediction") if (name := getattr(columns, part)) is not None}
    found: dict[str, tuple[tuple[str, ...], NDArray[np.int64], Column]] = {}
    spellings: defaultdict[str, set[str]] = defaultdict(set)
    for part, name in named.items():
        column = table[name]
        values, codes = column.coded()
        found[part] = (values, codes, column)
        for value in values:
            spellings[canonical(value)].add(value.strip())
    known = sorted(value for value in spellings if value not in UNKNOWN_WORDS)
    where = " and ".join(dict.fromkeys(f"column {name!r}" for name in named.values()))
    shown = {value: min(texts) for value, texts in spellings.items()}
    mapping, positive = _mapping(known, shown, columns, where, warnings)
    mixed = sorted(
        text for value, texts in spellings.items() if value in mapping and len(texts) > 1 for text in texts
    )
    if mixed:
        warnings.append(f"Several spellings were read as one value: {', '.join(map(repr, mixed[:10]))}.")
    result = {}
    for part, (values, codes, column) in found.items():
        recode = np.array([mapping.get(canonical(value), -1) for value in values] + [-1], np.int64)
        numbers = recode[codes]
        unknown = int((numbers < 0).sum())
        if unknown:
            warnings.append(
                f"{unknown} of {column.rows} values of {part} column {column.name!r} are blank or unknown; "
                "they are counted apart and rest in no rate."
            )
        result[part] = Binary(values=numbers, positive=positive, unknown=unknown)
    return result


def _mapping(
    known: list[str], shown: dict[str, str], columns: Columns, where: str, warnings: list[str]
) -> tuple[dict[str, int], str]:
    if columns.mapping:
        explicit = {canonical(value): code for value, code in columns.mapping.items()}
        if unmapped := [value for value in known if value not in explicit]:
            raise BadInput(
                "not-binary",
                f"{where}: the mapping does not say what {_some(unmapped)} mean.",
                column=columns.label,
            )
        return explicit, ", ".join(value for value, code in columns.mapping.items() if code == 1)
    if not known:
        return {}, columns.positive or ""
    families = [(name, family) for name, family in _FAMILIES if any(value in family for value in known)]
    recognised = {value: code for _, family in families for value, code in family.items()}
    all_recognised = all(value in recognised for value in known) and not {"0", "-1"} <= set(known)
    if columns.positive is not None:
        positive = canonical(columns.positive)
        if all_recognised and recognised.get(positive) == 1:
            return {value: recognised[value] for value in known}, columns.positive
        if len(known) > 2:
            raise _too_many([shown[value] for value in known], where, columns)
        if positive not in known and len(known) > 1:
            raise BadInput(
                "positive",
                f"positive: {columns.positive!r} does not occur in {where}; found {_some(known)}.",
                column="positive",
            )
        if positive not in known:
            warnings.append(
                f"{where} holds {known[0]!r} alone; the positive value {columns.positive!r} does not occur."
            )
        return {value: int(value == positive) for value in known}, columns.positive
    if all_recognised:
        if len(families) > 1 and not {name for name, _ in families} <= {"1/0", "1/-1"}:
            warnings.append(
                f"{where} mixes ways to write yes and no ({_some(known)}); they were mapped to 1 and 0."
            )
        return {value: recognised[value] for value in known}, next(
            (shown[value] for value in known if recognised[value] == 1), "1"
        )
    if len(known) > 2:
        raise _too_many([shown[value] for value in known], where, columns)
    if len(known) == 1:
        raise BadInput(
            "one-value",
            f"{where} holds one value, {shown[known[0]]!r}, and nothing says whether it is the positive one: "
            "name it as positive.",
            column=columns.label or columns.prediction,
        )
    chosen = "1" if "1" in known else _last(known)
    warnings.append(
        f"{where} holds {shown[known[0]]!r} and {shown[known[1]]!r}; {shown[chosen]!r} was taken as "
        "the positive value. Name it to be sure."
    )
    return {value: int(value == chosen) for value in known}, shown[chosen]


def _last(known: list[str]) -> str:
    try:
        return max(known, key=float)
    except ValueError:
        return max(known)


def _too_many(known: list[str], where: str, columns: Columns) -> BadInput:
    return BadInput(
        "not-binary",
        f"{where} holds {len(known)} different values ({_some(known)}); these checks judge two classes. "
        "Give a mapping of each value to 0 or 1.",
        column=columns.label or columns.prediction,
    )


def _some(values: list[str]) -> str:
    return ", ".join(repr(value) for value in values[:10]) + (", ..." if len(values) > 10 else "")


def named_once(written: Sequence[str], known: tuple[str, ...]) -> None:
    """Raises BadInput `sensitive` for a column that several attributes name."""
    names = [Sensitive.parse(text, known).label for text in written]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise BadInput("sensitive", f"sensitive: {', '.join(repeated)} is named twice.", column="sensitive")


def groups(table: Table, written: str, *, limits: Limits, warnings: list[str]) -> Groups:
    """One sensitive attribute, normalised (NFKC, case, blanks); missing values are the group `(missing)`.

    Raises BadInput `confusable-groups` if two groups look alike, `too-many-groups` above the limit,
    `sensitive` if a cut is asked of text.
    """
    attribute = Sensitive.parse(written, table.names)
    column = table[attribute.column]
    if attribute.op:
        if column.kind != "number":
            raise BadInput(
                "sensitive",
                f"sensitive: {written!r} needs numbers; column {column.name!r} is text.",
                column=column.name,
            )
        inside = (
            column.numbers <= attribute.bound if attribute.op == "<=" else column.numbers < attribute.bound
        )
        names: tuple[str, ...] = attribute.names
        codes = np.where(np.isnan(column.numbers), -1, np.where(inside, 0, 1)).astype(np.int64)
    else:
        values, codes = column.coded()
        names, codes = _merge(values, codes, column.name, warnings)
    if len(names) > limits.groups:
        hint = f" Cut it in two, such as {column.name}<=40." if column.kind == "number" else ""
        raise BadInput(
            "too-many-groups",
            f"Sensitive column {column.name!r} has {len(names)} groups; at most {limits.groups} are compared.{hint}",
            column=column.name,
        )
    missing = int((codes < 0).sum())
    if missing:
        warnings.append(
            f"{missing} of {table.rows} values of {column.name!r} are missing; they are the group {MISSING_GROUP}."
        )
        codes = np.where(codes < 0, len(names), codes)
        names = (*names, MISSING_GROUP)
    return Groups(attribute=attribute.label, names=names, codes=codes.astype(np.int64), missing=missing)


def _merge(
    values: tuple[str, ...], codes: NDArray[np.int64], name: str, warnings: list[str]
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    tally = np.bincount(codes[codes >= 0], minlength=len(values))
    spellings: defaultdict[str, list[int]] = defaultdict(list)
    for place, value in enumerate(values):
        spellings[canonical(value)].append(place)
    blank = spellings.pop("", [])
    shown: dict[str, str] = {}
    for key, places in spellings.items():
        # The spelling seen most often names the group; ties go to the first in order.
        shown[key] = " ".join(
            unicodedata.normalize("NFKC", values[max(places, key=lambda p: tally[p])]).split()
        )
        if len(places) > 1:
            warnings.append(
                f"Column {name!r}: {', '.join(repr(values[p]) for p in places)} were read as one group, {shown[key]!r}."
            )
    skeletons: dict[str, str] = {}
    for key in spellings:
        skeleton = _skeleton(key)
        if skeleton in skeletons:
            raise BadInput(
                "confusable-groups",
                f"Column {name!r}: the groups {shown[skeletons[skeleton]]!r} and {shown[key]!r} look alike but are "
                "different text. Correct the spelling.",
                column=name,
            )
        skeletons[skeleton] = key
    names = tuple(sorted(shown.values()))
    recode = np.full(len(values) + 1, -1, np.int64)
    for key, places in spellings.items():
        recode[places] = names.index(shown[key])
    recode[blank] = -1
    return names, recode[codes]


def _skeleton(text: str) -> str:
    """What the eye sees: look-alike letters as one, invisible characters gone."""
    return "".join(c for c in text.translate(_LOOKALIKES) if unicodedata.category(c) != "Cf")


def intersect(
    parts: Sequence[Groups], limits: Limits
) -> tuple[tuple[tuple[str, ...], ...], NDArray[np.int64]]:
    """Occurring combinations of several attributes' groups, and each row's index into them. Raises BadInput for more
    of them than can be compared."""
    sizes = [len(part.names) for part in parts]
    flat = np.ravel_multi_index([part.codes for part in parts], sizes)
    present, codes = np.unique(flat, return_inverse=True)
    if len(present) > limits.groups * len(parts):
        raise BadInput(
            "too-many-groups",
            f"sensitive: {' x '.join(part.attribute for part in parts)} has {len(present)} groups; at most "
            f"{limits.groups * len(parts)} are compared. Set intersections to false, or name fewer attributes.",
            column="sensitive",
        )
    places = np.unravel_index(present, sizes)
    combined = tuple(
        tuple(part.names[int(place[i])] for part, place in zip(parts, places, strict=True))
        for i in range(len(present))
    )
    return combined, codes.reshape(-1).astype(np.int64)
