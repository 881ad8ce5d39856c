"""Which topics a resident's own words suggest, by plain word stems. Pure.

It only orders a list to choose from: what was written is never evaluated and changes no level.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from triage.definition import LANGUAGES, Content, Topic

MOST = 5
SHORTEST_STEM = 3  # a shorter one begins too many words: it counts only as a whole word
_WORD = re.compile(r"[^\W\d_]+")
_DOTS = str.maketrans("åäö", "aao")


def suggest(content: Content, text: str, lang: str) -> tuple[str, ...]:
    """At most five topics one of whose stems begins a word of the text: the longest stem first, and those
    found in the page's language before those found in the others.
    """
    words = words_of(text)
    plain = not any(letter in "åäö" for word in words for letter in word)
    found: dict[str, None] = {}
    for language in sorted(LANGUAGES, key=lambda one: one != lang):
        lengths = {
            topic.id: _longest(topic, language, words, plain=plain) for topic in content.topics.values()
        }
        hits = [topic for topic, length in lengths.items() if length]
        found |= dict.fromkeys(sorted(hits, key=lambda topic: (-lengths[topic], topic)))
    return tuple(found)[:MOST]


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text in lower case, composed letters as one."""
    return tuple(_WORD.findall(unicodedata.normalize("NFC", text).lower()))


def _longest(topic: Topic, language: str, words: tuple[str, ...], *, plain: bool) -> int:
    """The length of the topic's longest stem that is met, 0 for none; who types no dots is met without."""
    stems = (words_of(stem) for stem in topic.words.get(language, ()))
    forms = ((tuple(part.translate(_DOTS) for part in stem) if plain else stem) for stem in stems)
    return max((sum(map(len, stem)) for stem in forms if stem and _is_met(stem, words)), default=0)


def _is_met(stem: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return any(all(_begins(*pair) for pair in zip(stem, run, strict=True)) for run in _runs(words, len(stem)))


def _runs(words: tuple[str, ...], length: int) -> Iterator[Iterable[str]]:
    for start in range(len(words) - length + 1):
        yield words[start : start + length]


def _begins(part: str, word: str) -> bool:
    return word == part if len(part) < SHORTEST_STEM else word.startswith(part)
