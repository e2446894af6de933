"""Two versions side by side, or one version in two rounds: what was added, what went, what changed, and which way.

Works on contents (`governance.selectors.contents`) alone, so that the decide page, the comparison of any two versions
and the API all say the same. Nothing here judges: a figure is called better only towards its own bound, and "no telling"
where the intervals overlap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from governance.models import Policy
from governance.policies.compare import compare as compare_policies
from governance.selectors.contents import Content
from governance.selectors.redline import Piece, redline
from governance.selectors.requirements import document_of
from registry.models import ComponentKind
from registry.models.datasets import DataRole
from registry.selectors.cards import CARD

What = Literal["added", "removed", "changed"]
Way = Literal["better", "worse", "no telling", "same", "new", "gone", "not comparable"]

SIGNS: Final[Mapping[Way, str]] = {
    "better": "▲", "worse": "▼", "no telling": "≈", "same": "=", "new": "+", "gone": "−", "not comparable": "?",
}  # fmt: skip
_FALLEN: Final = {"met": 0, "inconclusive": 1, "stale": 2, "missing": 2, "failed": 3, "error": 3}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing by its name; `before` and `after` say it in a few words, empty where it wasn't there."""

    what: What
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Moved:
    """One requirement in both. Figures are None where nothing was measured; `fell` says that it stands lower now."""

    name: str
    title: str
    metric: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    op: str
    bound: str
    way: Way
    fell: bool

    @property
    def sign(self) -> str:
        return SIGNS[self.way]

    @property
    def changed(self) -> bool:
        standings = {(side or {}).get("standing", "") for side in (self.before, self.after)}
        return self.way != "same" or len(standings) > 1


@dataclass(frozen=True, slots=True)
class Rewritten:
    """One field of the model card."""

    name: str
    title: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One difference between the policies: `kind` is looser, stricter or changed."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`before` and `after` are the titles of what is compared. Parts without a difference are empty."""

    before: str
    after: str
    subject: tuple[Change, ...]
    components: tuple[Change, ...]
    data: tuple[Change, ...]
    metrics: tuple[Moved, ...]
    policy: tuple[Rule, ...]
    policies: tuple[str, str]
    card: tuple[Rewritten, ...]
    exceptions: tuple[Change, ...]

    @property
    def moved(self) -> tuple[Moved, ...]:
        return tuple(one for one in self.metrics if one.changed)

    @property
    def empty(self) -> bool:
        return not self.counts

    @property
    def counts(self) -> list[tuple[str, str, int]]:
        """(anchor, title, how many) of every part with a difference, in the order in which they are shown."""
        parts: tuple[tuple[str, str, Iterable[Any]], ...] = (
            ("metrics", "Results", self.moved),
            ("data", "Data", self.data),
            ("components", "Components", self.components),
            ("subject", "Model, code and environment", self.subject),
            ("policy", "Policy", self.policy),
            ("card", "Model card", self.card),
            ("exceptions", "Waivers, acceptances, planned bounds", self.exceptions),
        )
        return [(anchor, title, count) for anchor, title, rows in parts if (count := len(tuple(rows)))]

    def as_dict(self) -> dict[str, Any]:
        """JSON's own types, for the API."""
        said = asdict(self)
        for row, one in zip(said["metrics"], self.metrics, strict=True):
            row["before"] = dict(one.before) if one.before is not None else None
            row["after"] = dict(one.after) if one.after is not None else None
        return said


def compare(old: Content, new: Content) -> Comparison:
    """What differs from `old` to `new`."""
    policies = tuple(side["policy"]["title"] if side["policy"] else "no policy" for side in (old, new))
    return Comparison(
        before=old["version"]["title"],
        after=new["version"]["title"],
        subject=tuple(_subject(old, new)),
        components=tuple(_by_name(map(_component, old["components"]), map(_component, new["components"]))),
        data=tuple(_by_name(map(_data, old["data"]), map(_data, new["data"]))),
        metrics=tuple(_metrics(old["metrics"], new["metrics"])),
        policy=tuple(_policy(old["policy"], new["policy"])),
        policies=(policies[0], policies[1]),
        card=tuple(_card(old["card"], new["card"])),
        exceptions=tuple(_by_name(map(_exception, old["exceptions"]), map(_exception, new["exceptions"]))),
    )


def _subject(old: Content, new: Content) -> Iterator[Change]:
    titles = {"binding": "Subject binding", "digest": "Signed model", "manifest": "List of model files",
              "signature": "Signature"}  # fmt: skip
    before = [(titles[name], _short(value)) for name, value in old["subject"].items() if value]
    after = [(titles[name], _short(value)) for name, value in new["subject"].items() if value]
    for side, said in ((old, before), (new, after)):
        if side["code"]:
            said.append(("Code", side["code"]))
        said += [(f"Environment: {name}", str(value)) for name, value in sorted(side["environment"].items())]
        said += [(f"Declared: {name}", str(value)) for name, value in sorted(side["declared"].items())]
    yield from _by_name(before, after)


def _component(row: Mapping[str, Any]) -> tuple[str, str]:
    size = f"{row['size']:,} bytes" if row["size"] is not None else ""
    said = [_short(row["digest"]), size, row["licence"], row["origin"]]
    return f"{ComponentKind(row['kind']).label}: {row['name']}", ", ".join(filter(None, said)) or "no digest"


def _data(row: Mapping[str, Any]) -> tuple[str, str]:
    said = f"version {row['number']}, {row['rows']:,} rows, {_short(row['digest'])}"
    return f"{DataRole(row['role']).label}: {row['dataset']}", said


def _exception(row: Mapping[str, Any]) -> tuple[str, str]:
    until = f" until {row['until'][:10]}" if row["until"] else ""
    return f"{row['kind'].capitalize()}: {row['name']}", f"{row['state']}{until}"


def _by_name(old: Iterable[tuple[str, str]], new: Iterable[tuple[str, str]]) -> Iterator[Change]:
    """Changes between two lists of (name, words); several of one name are compared as one."""
    before, after = _joined(old), _joined(new)
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name, ""), after.get(name, "")
        if one != other or (name in before) != (name in after):
            what: What = "added" if name not in before else "removed" if name not in after else "changed"
            yield Change(what, name, one, other)


def _joined(rows: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for name, words in rows:
        found.setdefault(name, []).append(words)
    return {name: "; ".join(sorted(set(words))) for name, words in found.items()}


def _metrics(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Iterator[Moved]:
    before, after = ({row["name"]: row for row in side} for side in (old, new))
    for name in [*after, *(name for name in before if name not in after)]:
        one, other = before.get(name), after.get(name)
        present = other or one or {}
        fell = bool(one and other) and _FALLEN.get(other["standing"], 3) > _FALLEN.get(one["standing"], 3)  # type: ignore[index]
        yield Moved(
            name, present["title"], present["metric"], one, other, present["op"], present["bound"],
            _way(one, other), fell,
        )  # fmt: skip


def _way(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Way:
    if old is None or new is None:
        return "new" if old is None else "gone"
    if (old["metric"], old["slice"], old["op"]) != (new["metric"], new["slice"], new["op"]):
        return "not comparable"
    if old["value"] is None or new["value"] is None:
        return "same" if old["value"] is new["value"] else "not comparable"
    if old["value"] == new["value"]:
        return "same"
    intervals = [side[end] for side in (old, new) for end in ("low", "high")]
    if None not in intervals and old["low"] <= new["high"] and new["low"] <= old["high"]:
        return "no telling"
    if new["op"] not in (">=", ">", "<=", "<"):
        return "not comparable"
    rose = new["value"] > old["value"]
    return "better" if rose == (new["op"] in (">=", ">")) else "worse"


def _policy(old: Mapping[str, str] | None, new: Mapping[str, str] | None) -> Iterator[Rule]:
    if old is None or new is None or old["digest"] == new["digest"]:
        if old != new and (old is None or new is None):
            yield Rule("changed", "Only one of the two has a policy.")
        return
    rows = {row.digest: row for row in Policy.objects.filter(digest__in=(old["digest"], new["digest"]))}
    if len(rows) < 2:
        yield Rule("changed", "One of the two policies isn't stored any more.")
        return
    found = compare_policies(document_of(rows[old["digest"]]), document_of(rows[new["digest"]]))
    yield from (Rule(one.kind, one.text) for one in found)


def _card(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Rewritten]:
    for field in CARD:
        if pieces := redline(old.get(field.name, ""), new.get(field.name, "")):
            yield Rewritten(field.name, field.title, pieces)


def _short(digest: str) -> str:
    scheme, colon, body = digest.rpartition(":")
    return f"{scheme}{colon}{body[:12]}…" if len(body) > 16 else digest
