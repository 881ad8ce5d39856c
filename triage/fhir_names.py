"""Names of other questionnaires as rules can write them: deterministic, and never two for one. Pure."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from triage.definition import UNKNOWN

_WORD = re.compile(r"[A-Za-z_]\w{0,59}", re.ASCII)
_DIGITS = re.compile(r"\d{1,2}", re.ASCII)  # of a scale; longer ones are codes of a code system, not amounts
_APART = re.compile(r"[^a-z0-9]+")
_TAKEN = frozenset({"AND", "OR", "IN", "always", "true", "false", UNKNOWN})


def identifiers(originals: Iterable[str], *, digits: bool = False) -> Mapping[str, str]:
    """An identifier for each linkId or code. One that is an identifier already stays; `H1/T1/Q2` becomes
    `h1_t1_q2`, `/44250-9` becomes `id_44250_9`, and two that would become the same get a mark of the whole.
    With `digits` a number of one or two digits stays too: options that are digits compare as numbers."""
    names = list(dict.fromkeys(originals))
    kept = {name for name in names if _is_identifier(name) or (digits and _DIGITS.fullmatch(name))}
    made = {name: identifier(name) for name in names if name not in kept}
    often = Counter([*made.values(), *kept])
    return {name: name for name in kept} | {
        name: word if often[word] == 1 else f"{word}_{_mark(name)}" for name, word in made.items()
    }


def identifier(name: str) -> str:
    """The identifier of one name; names that differ only in marks or capitals share it."""
    if _is_identifier(name):
        return name
    word = _APART.sub("_", name.lower()).strip("_")
    if len(word) > 50:
        word = f"{word[:40]}_{_mark(name)}"
    return word if _is_identifier(word) else f"id_{word}".rstrip("_")


def _is_identifier(name: str) -> bool:
    return _WORD.fullmatch(name) is not None and name not in _TAKEN


def _mark(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:6]
