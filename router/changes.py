"""What differs between two sets of answers, in words. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from router.reading import WORDS, Flag, Reading
from triage.definition import UNKNOWN

Kind = Literal["raised", "withdrawn", "changed", "added", "removed"]
TOPIC = "topic"
NOT_ASKED = {"fi": "Ei kysytty", "sv": "Inte frågat", "en": "Not asked"}
ORDER: tuple[Kind, ...] = ("raised", "withdrawn", "changed", "added", "removed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One question answered otherwise than before. A sign of danger that has come is `raised`, one that is no
    longer told is `withdrawn`; the topic has no question.
    """

    id: str
    kind: Kind
    question: str
    before: str
    now: str


def differences(before: Reading, now: Reading, lang: str) -> tuple[Change, ...]:
    """Every difference once, signs of danger first; nothing for the same answers."""
    flags = list(_flags(before, now, lang))
    told = {flag.id for flag in (*before.red_flags, *now.red_flags)}
    found = [*_topics(before, now, lang), *flags, *_lines(before, now, told, lang)]
    return tuple(sorted(found, key=lambda change: ORDER.index(change.kind)))


def _topics(before: Reading, now: Reading, lang: str) -> Iterator[Change]:
    if before.topic != now.topic:
        was, is_ = before.topic_name or before.topic or "", now.topic_name or now.topic or ""
        kind: Kind = "changed" if was and is_ else "added" if is_ else "removed"
        yield Change(
            id=TOPIC, kind=kind, question="", before=was or NOT_ASKED[lang], now=is_ or NOT_ASKED[lang]
        )


def _flags(before: Reading, now: Reading, lang: str) -> Iterator[Change]:
    old = {flag.id: flag for flag in before.red_flags}
    new = {flag.id: flag for flag in now.red_flags}
    for name in dict.fromkeys((*new, *old)):
        was, is_ = old.get(name), new.get(name)
        texts = _said(was, lang), _said(is_, lang)
        if texts[0] == texts[1]:
            continue
        shown = is_ or was
        if shown is not None:
            yield Change(id=name, kind=_kind(was, is_), question=shown.text, before=texts[0], now=texts[1])


def _kind(was: Flag | None, is_: Flag | None) -> Kind:
    alarmed, alarms = was is not None and was.danger, is_ is not None and is_.danger
    if alarms and not alarmed:
        return "raised"
    if alarmed and not alarms:
        return "withdrawn"
    if was is None or was.answer == "not_asked":
        return "added"
    return "removed" if is_ is None or is_.answer == "not_asked" else "changed"


def _said(flag: Flag | None, lang: str) -> str:
    if flag is None or flag.answer == "not_asked":
        return NOT_ASKED[lang]
    if flag.said:
        return flag.said
    return WORDS[UNKNOWN if flag.answer == "unknown" else flag.answer == "yes"][lang]


def _lines(before: Reading, now: Reading, told: set[str], lang: str) -> Iterator[Change]:
    old = {line.id: line for line in before.answers}
    new = {line.id: line for line in now.answers}
    for name in dict.fromkeys((*new, *old)):
        was, is_ = old.get(name), new.get(name)
        if name in told or (was and is_ and was.answer == is_.answer):
            continue
        kind: Kind = "changed" if was and is_ else "added" if is_ else "removed"
        shown = is_ or was
        yield Change(
            id=name,
            kind=kind,
            question=shown.question if shown else "",
            before=was.answer if was else NOT_ASKED[lang],
            now=is_.answer if is_ else NOT_ASKED[lang],
        )
