"""YAML text -> plain data with the place of every value; nothing that YAML can do beyond data.

Pure. A policy is law that people read, so what they read must be what is meant: no anchors or aliases (a page
that repeats itself invisibly, and the "billion laughs" expansion), no tags (objects), no duplicate keys (YAML
readers silently keep the last), one document, and the scalars of YAML 1.2's core schema only, so that `no` is
a word, `010` isn't eight and `1:30` isn't ninety. Decimals stay exact (`Decimal`) until somebody computes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MAX_BYTES: Final = 128 * 1024
MAX_DEPTH: Final = 12
MAX_NODES: Final = 10_000

Data = object
"""None, bool, int, Decimal, str, list of Data or dict of str to Data."""
Path = tuple[str | int, ...]

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\Z", re.ASCII)
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})?\.?[0-9]{1,30}([eE][-+]?[0-9]{1,3})?\Z", re.ASCII)
_WORDS: Final[dict[str, bool | None]] = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong. `line` and `column` count from 1; `path` is like `moves.approve.checks[0]`."""

    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f" ({self.path})" if self.path else ""
        return f"line {self.line}, column {self.column}{where}: {self.message}"


class PolicyInvalid(ValueError):
    """The text isn't a sound policy; `problems` says where and why, in the order of the text."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Reading:
    """The data of a text and where each path of it stands (line, column; from 1)."""

    data: Data
    marks: dict[Path, tuple[int, int]]

    def problem(self, path: Path, message: str) -> Problem:
        """A problem at `path`, or at the nearest place above it that is in the text."""
        known = path
        while known and known not in self.marks:
            known = known[:-1]
        line, column = self.marks.get(known, (1, 1))
        return Problem(line, column, spelled(path), message)


def spelled(path: Path) -> str:
    """`("moves", "approve", "checks", 0)` -> `moves.approve.checks[0]`."""
    out = ""
    for step in path:
        out += f"[{step}]" if isinstance(step, int) else f".{step}" if out else step
    return out


def read(text: str) -> Reading:
    """Read one YAML document. Raises PolicyInvalid."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise PolicyInvalid([Problem(1, 1, "", f"The text is larger than {MAX_BYTES // 1024} KiB.")])
    try:
        _refuse_what_is_not_data(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise PolicyInvalid([Problem(line, column, "", f"Not readable as YAML: {error.problem}.")]) from error
    except yaml.YAMLError as error:
        raise PolicyInvalid([Problem(1, 1, "", f"Not readable as YAML: {error}.")]) from error
    if root is None:
        raise PolicyInvalid([Problem(1, 1, "", "The text is empty.")])
    problems: list[Problem] = []
    marks: dict[Path, tuple[int, int]] = {}
    data = _data(root, (), marks, problems)
    if problems:
        raise PolicyInvalid(problems)
    return Reading(data, marks)


def _refuse_what_is_not_data(text: str) -> None:
    # Walks events, not nodes: the parser is iterative, so depth and aliases are met before anything is built.
    problems = []
    depth = nodes = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        mark = event.start_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                problems.append(Problem(line, column, "", "There is a second document; a policy is one."))
        elif isinstance(event, yaml.AliasEvent):
            problems.append(
                Problem(line, column, "", f"The alias *{event.anchor} isn't allowed; write it out.")
            )
        elif isinstance(event, yaml.NodeEvent):
            nodes += 1
            if event.anchor:
                problems.append(
                    Problem(line, column, "", f"The anchor &{event.anchor} isn't allowed; write values out.")
                )
            tag = getattr(event, "tag", None)
            if tag:
                problems.append(Problem(line, column, "", f"The tag {tag} isn't allowed."))
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise PolicyInvalid([Problem(line, column, "", f"Nested deeper than {MAX_DEPTH} levels.")])
        if nodes > MAX_NODES:
            raise PolicyInvalid([Problem(line, column, "", f"More than {MAX_NODES} values.")])
    if problems:
        raise PolicyInvalid(problems)


def _data(node: Node, path: Path, marks: dict[Path, tuple[int, int]], problems: list[Problem]) -> Data:
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    marks.setdefault(path, (line, column))
    if isinstance(node, MappingNode):
        return dict(_pairs(node, path, marks, problems))
    if isinstance(node, SequenceNode):
        return [_data(item, (*path, at), marks, problems) for at, item in enumerate(node.value)]
    if not isinstance(node, ScalarNode):  # the composer makes no other kind
        raise TypeError(type(node))
    text = str(node.value)
    if node.style is not None:  # quoted or block text is text
        return text
    if is_no_number(text):
        problems.append(Problem(line, column, spelled(path), f"{text} is not a number a rule can rest on."))
    return plain(text)


def plain(text: str) -> bool | int | Decimal | str | None:
    """What a scalar without quotes means."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    if _DECIMAL.match(text):
        return Decimal(text)
    return text


def is_no_number(text: str) -> bool:
    """Whether a scalar without quotes would be one of the numbers that no rule can rest on."""
    return text.lower().lstrip("+-") in (".nan", ".inf", "nan", "inf", "infinity")


def _pairs(
    node: MappingNode, path: Path, marks: dict[Path, tuple[int, int]], problems: list[Problem]
) -> Iterator[tuple[str, Data]]:
    seen: dict[str, int] = {}
    for key_node, value_node in node.value:
        line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
        if not isinstance(key_node, ScalarNode):
            problems.append(Problem(line, column, spelled(path), "A key must be a word."))
            continue
        key = str(key_node.value)
        if key in seen:
            said = f"'{key}' stands here a second time, first on line {seen[key]}."
            problems.append(Problem(line, column, spelled((*path, key)), said))
            continue
        seen[key] = line
        marks[(*path, key)] = (line, column)
        yield key, _data(value_node, (*path, key), marks, problems)
