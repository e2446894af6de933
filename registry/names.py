"""Names and paths that people read: which are refused because a reader could mistake them.

Pure: knows text alone. After UTS #39 (confusables, mixed-script detection), cut down to the scripts whose
letters pass for Latin ones; what it refuses is safe to refuse, and anything unusual it can't judge is
refused.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

PATH_LIMIT = 400
SEGMENT_LIMIT = 255

# Cyrillic, Greek and a few other letters that most fonts draw like the Latin letter at the same place (UTS
# #39).
_LOOKALIKE = str.maketrans(
    "абвгдеёзікмнорстухѕјԁԛԝһӏүғ"
    + "αβγεηικνορτυχωϲϳ"
    + "АВЕКМНОРСТУХЅІЈӀҮ"
    + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
    + "ıɑɡօց"
    + "01|I",
    "abbrdeezikmhopctyxsjdqwhlyf"
    + "abyenikvoptuxwcj"
    + "ABEKMHOPCTYXSIJlY"
    + "ABEZHIKMNOPTYX"
    + "iagog"
    + "olll",
)
_MIXABLE = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")


def name_fault(name: str, existing: Iterable[str] = ()) -> str | None:
    """Why `name` is refused, as a sentence, or None. `existing` are the names it must not be mistaken for."""
    if not name.strip():
        return "A name is needed."
    if name != name.strip() or "  " in name:
        return "The name begins or ends with a space, or has two in a row."
    if unicodedata.normalize("NFKC", name) != name:
        return "The name has characters that have a plain form; write that form (Unicode NFKC)."
    if hidden := hidden_character(name):
        return f"The name has an invisible character, or one that turns the direction of text ({hidden})."
    for word in name.replace("-", " ").replace("_", " ").split():
        scripts = {script for letter in word if (script := _script(letter))}
        if len(scripts) > 1:
            both = " and ".join(sorted(script.title() for script in scripts))
            return f"The word '{word}' mixes {both} letters, which look alike."
    folded, shape = name.casefold(), skeleton(name)
    for other in existing:
        if other.casefold() == folded:
            return f"The name '{other}' is already used."
        if skeleton(other) == shape:
            return f"The name looks like the existing name '{other}'."
    return None


@lru_cache(maxsize=16_384)  # an import holds each name against every other one
def skeleton(name: str) -> str:
    """Names with equal skeletons can be mistaken for each other. Not to be shown or stored as a name."""
    plain = unicodedata.normalize("NFKC", name).translate(_LOOKALIKE).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def hidden_character(text: str) -> str | None:
    """The first control, format, surrogate, private or unassigned character as 'U+XXXX', or None."""
    for letter in text:
        if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
            return f"U+{ord(letter):04X}"
    return None


def path_fault(path: str) -> str | None:
    """Why `path` can't be the place of a file inside a model's directory, or None.

    Allowed: relative, segments parted by "/", none empty, "." or "..", NFC, no hidden characters.
    """
    if not path:
        return "The path is empty."
    if len(path) > PATH_LIMIT:
        return f"The path is longer than {PATH_LIMIT} characters."
    if hidden := hidden_character(path):
        return f"The path has a character that can't be seen ({hidden})."
    if "\\" in path:
        return "The path has a backslash; part its segments by '/'."
    if path.startswith("/") or (len(path) > 1 and path[1] == ":"):
        return "The path is absolute; it must be relative to the model's directory."
    if "://" in path:
        return "The path is an address; nothing is ever fetched, upload the file."
    for segment in path.split("/"):
        if segment in ("", ".", ".."):
            return f"The path has the segment '{segment}'."
        if segment != segment.strip() or segment.endswith("."):
            return f"The segment '{segment}' begins or ends with a space or ends with a dot."
        if len(segment.encode()) > SEGMENT_LIMIT:
            return f"A segment of the path is longer than {SEGMENT_LIMIT} bytes."
    if unicodedata.normalize("NFC", path) != path:
        return "The path isn't in Unicode normal form NFC."
    return None


def _script(letter: str) -> str | None:
    if not letter.isalpha():
        return None
    script = unicodedata.name(letter, "").split(" ")[0]
    return script if script in _MIXABLE else None
