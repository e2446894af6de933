"""What a check is told: which columns play which part, how much it may read, and how bad input is named.

Light: the standard library alone, so that forms, services and commands can build and catch these without
loading pandas. Knows no file system, no Django, no clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_CUT = re.compile(r"^\s*(?P<name>[^<>=]+?)\s*(?P<op><=|<)\s*(?P<bound>[+-]?\d+(?:\.\d+)?)\s*$")


class BadInput(ValueError):
    """Input that cannot be judged.

    `code` is a stable word for programs, `message` a sentence for people that names the field and the reason,
    `line` the physical line in the file (1 is the first) and `column` the column or field, where known.
    """

    def __init__(
        self, code: str, message: str, *, line: int | None = None, column: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line
        self.column = column

    def as_dict(self) -> dict[str, str | int | None]:
        return {"code": self.code, "message": self.message, "line": self.line, "column": self.column}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one dataset may take. Bytes, rows, columns, bytes of one physical line, groups of one attribute."""

    bytes: int = 2_000_000_000
    rows: int = 20_000_000
    columns: int = 2_000
    line_bytes: int = 1_000_000
    groups: int = 50


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A sensitive attribute: a column as it stands, or a numeric column cut in two (`age<=25`).

    The grammar is NAME, NAME<=NUMBER or NAME<NUMBER and nothing else; nothing is evaluated.
    """

    column: str
    op: str = ""
    bound: float = 0.0
    written: str = ""

    @property
    def label(self) -> str:
        """How the attribute is called in slices: the column's name."""
        return self.column

    @classmethod
    def parse(cls, text: str, known: tuple[str, ...] = ()) -> Sensitive:
        """Read one attribute. A column that really has this name wins over the grammar.

        Raises BadInput `sensitive` if the text is neither a name nor a cut.
        """
        if text in known or not any(sign in text for sign in "<>="):
            if not text.strip():
                raise BadInput("sensitive", "sensitive: an attribute's name is empty.", column="sensitive")
            return cls(column=text if text in known else text.strip(), written=text)
        match = _CUT.match(text)
        if match is None:
            raise BadInput(
                "sensitive",
                f"sensitive: {text!r} is neither a column nor a cut such as age<=25.",
                column="sensitive",
            )
        return cls(column=match["name"], op=match["op"], bound=float(match["bound"]), written=text)

    @property
    def names(self) -> tuple[str, str]:
        """Labels of the two sides of a cut, for instance `<=25` and `>25`."""
        bound = repr(self.bound).removesuffix(".0")
        return f"{self.op}{bound}", f"{'>' if self.op == '<=' else '>='}{bound}"


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column plays which part. `positive` is the value of label and prediction that counts as 1.

    Raises BadInput `mapping`, and `same-column` for a label that is prediction or score too: it would always be right.
    """

    label: str | None = None
    prediction: str | None = None
    score: str | None = None
    sensitive: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    positive: str | None = None
    mapping: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.label is not None and self.label in (self.prediction, self.score):
            raise BadInput(
                "same-column",
                f"label: column {self.label!r} is named as prediction or score too; compared with itself it is always right. "
                "To see how what happened is shared out, name the column as prediction alone.",
                column=self.label,
            )
        for value, code in self.mapping.items():
            if code not in (0, 1):
                raise BadInput(
                    "mapping", f"mapping: {value!r} must map to 0 or 1, not {code!r}.", column="mapping"
                )
