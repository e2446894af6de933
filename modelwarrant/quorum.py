"""Which witnesses must have cosigned a checkpoint: the policy file of c2sp.org/tlog-policy.

A policy comes from the one who verifies; nothing here is looked up, and a log can't weaken it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from modelwarrant.errors import Fault
from modelwarrant.note import COSIGNATURE_V1, ED25519, Note, Verifier

MAX_BYTES: Final = 100_000
_NONE: Final = "none"
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


@dataclass(frozen=True)
class Party:
    """A log or witness of a policy. `url` is empty where the policy gives none."""

    name: str
    verifier: Verifier
    url: str = ""


@dataclass(frozen=True)
class Policy:
    """`groups`: name to (threshold, names of members). `quorum`: name of a witness or group; "none" asks for
    nothing."""

    logs: tuple[Party, ...]
    witnesses: Mapping[str, Party]
    groups: Mapping[str, tuple[int, tuple[str, ...]]]
    quorum: str

    @property
    def verifiers(self) -> list[Verifier]:
        """All keys of the policy."""
        return [party.verifier for party in (*self.logs, *self.witnesses.values())]

    def reached(self, cosigned: frozenset[str]) -> bool:
        """Whether these witnesses (by the policy's names) are enough."""
        return self.quorum == _NONE or self._holds(self.quorum, cosigned)

    def _holds(self, name: str, cosigned: frozenset[str]) -> bool:
        if name in self.witnesses:
            return name in cosigned
        threshold, members = self.groups[name]
        return sum(self._holds(member, cosigned) for member in members) >= threshold

    def cosigners(self, note: Note) -> dict[str, int]:
        """The policy's witnesses among a note's verified signatures: name to POSIX time."""
        lines = {(line.name, line.key_id): line for line in note.verified}
        return {
            name: lines[key].time or 0
            for name, party in self.witnesses.items()
            if (key := (party.verifier.name, party.verifier.key_id)) in lines
        }


def require(policy: Policy, note: Note) -> dict[str, int]:
    """The witnesses of a verified note, name to POSIX time. Raises Fault("quorum not reached")."""
    found = policy.cosigners(note)
    if not policy.reached(frozenset(found)):
        missing = ", ".join(name for name in policy.witnesses if name not in found)
        there = ", ".join(found) or "none"
        raise Fault("quorum not reached", f"cosigned by {there}; not by {missing}")
    return found


def parse(data: bytes) -> Policy:
    """Read a policy file. Raises ValueError naming line and reason."""
    if len(data) > MAX_BYTES:
        raise ValueError(f"a policy of {len(data)} bytes, at most {MAX_BYTES} are read")
    reader = _Reader()
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            reader.line(line)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
    if reader.quorum is None:
        raise ValueError("there is no quorum line")
    return Policy(tuple(reader.logs), reader.witnesses, reader.groups, reader.quorum)


class _Reader:
    def __init__(self) -> None:
        self.logs: list[Party] = []
        self.witnesses: dict[str, Party] = {}
        self.groups: dict[str, tuple[int, tuple[str, ...]]] = {}
        self.quorum: str | None = None
        self._members: set[str] = set()

    def line(self, data: bytes) -> None:
        if any((byte < 0x20 and byte != 0x09) or byte == 0x7F for byte in data):
            raise ValueError("a control character")
        # Names are octets; what is not UTF-8 is kept apart from all that is.
        words = re.split(r"[ \t]+", data.decode("utf-8", "surrogateescape").strip(" \t"))
        if words == [""] or words[0].startswith("#"):
            return
        known = {"log": self._log, "witness": self._witness, "group": self._group, "quorum": self._quorum}
        if words[0] not in known:
            raise ValueError(f"{words[0][:40]!r} is none of {', '.join(known)}")
        known[words[0]](words[1:])

    def _log(self, words: list[str]) -> None:
        if len(words) not in (1, 2):
            raise ValueError("a log has a key and perhaps a URL")
        party = _party("", words[0], ED25519, words[1:])
        if any(log.verifier.public == party.verifier.public for log in self.logs):
            raise ValueError("the key of a log above")
        self.logs.append(party)

    def _witness(self, words: list[str]) -> None:
        if len(words) not in (2, 3):
            raise ValueError("a witness has a name, a key and perhaps a URL")
        self._new(words[0])
        party = _party(words[0], words[1], COSIGNATURE_V1, words[2:])
        if any(other.verifier.public == party.verifier.public for other in self.witnesses.values()):
            raise ValueError("the key of a witness above")
        self.witnesses[words[0]] = party

    def _group(self, words: list[str]) -> None:
        if len(words) < 3:
            raise ValueError("a group has a name, a threshold and members")
        name, threshold, *members = words
        self._new(name)
        for member in members:
            if member not in self.witnesses and member not in self.groups:
                raise ValueError(f"{member!r} is no witness or group above")
            if member in self._members:
                raise ValueError(f"{member!r} is in a group already")
            self._members.add(member)
        words_for = {"any": 1, "all": len(members)}
        if threshold not in words_for and not _NUMBER.fullmatch(threshold):
            raise ValueError(f"the threshold {threshold[:20]!r} is not any, all or a number from 1")
        count = words_for[threshold] if threshold in words_for else int(threshold)
        if count > len(members):
            raise ValueError(f"{count} of {len(members)} members")
        self.groups[name] = (count, tuple(members))

    def _quorum(self, words: list[str]) -> None:
        if len(words) != 1 or self.quorum is not None:
            raise ValueError("there is one quorum line, with one name")
        if words[0] != _NONE and words[0] not in self.witnesses and words[0] not in self.groups:
            raise ValueError(f"{words[0]!r} is no witness or group above")
        self.quorum = words[0]

    def _new(self, name: str) -> None:
        if name == _NONE or name in self.witnesses or name in self.groups:
            raise ValueError(f"the name {name!r} is taken")


def _party(name: str, vkey: str, algorithm: int, url: list[str]) -> Party:
    verifier = Verifier.from_vkey(vkey)
    if verifier.algorithm != algorithm:
        kind = "a log's" if algorithm == ED25519 else "a witness's (cosignature/v1)"
        raise ValueError(f"{verifier.name}: the key is not {kind}")
    return Party(name or verifier.name, verifier, url[0] if url else "")
