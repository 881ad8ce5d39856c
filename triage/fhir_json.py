"""JSON that may be anything, read so that every fault is kept: no type is trusted, nothing raises."""

from collections.abc import Mapping
from typing import Any, TypeGuard

from core.faults import Fault
from triage.definition import LANGUAGES, Text

Json = dict[str, Any]

HL7 = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/"
OURS = "urn:ensilinja:"
TRANSLATION = HL7 + "translation"
_LARGEST = 10**12  # beyond any answer; keeps conversions of numbers from failing


class Reading:
    """One file being read: what was refused, what was left out, and the language of its plain texts."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.language = LANGUAGES[0]
        self.faults: list[Fault] = []
        self.left_out: list[Fault] = []

    def refuse(self, key: str, message: str) -> None:
        """Notes what the subset does not have."""
        self.faults.append(Fault(source=self.source, key=key, message=message))

    def leave_out(self, key: str, message: str) -> None:
        """Notes what an import passes over: it changes neither what is asked nor what an answer means."""
        self.left_out.append(Fault(source=self.source, key=key, message=message))

    def record(self, value: object, key: str) -> Json:
        """The object, or an empty one."""
        if isinstance(value, dict):
            return value
        self.refuse(key, "an object is missing")
        return {}

    def sequence(self, holder: Json, name: str, key: str) -> list[object]:
        """The list of that name, empty when absent."""
        value = holder.get(name, [])
        if isinstance(value, list):
            return value
        self.refuse(key, f"{name} is not a list")
        return []

    def records(self, holder: Json, name: str, key: str) -> list[Json]:
        """The objects of the list of that name."""
        return [self.record(value, key) for value in self.sequence(holder, name, key)]

    def string(self, holder: Json, name: str, key: str) -> str:
        """The text of that name, empty when absent."""
        value = holder.get(name, "")
        if isinstance(value, str) and is_text(value):
            return value if value.strip() else ""
        self.refuse(key, f"{name} is not a text")
        return ""

    def number(self, holder: Json, names: tuple[str, ...], key: str, what: str) -> float | None:
        """The one number under one of the names."""
        value = next((holder[name] for name in names if name in holder), None)
        if is_number(value):
            return value
        self.refuse(key, f"{what} is not a number: {shown(value)}")
        return None

    def whole(self, holder: Json, key: str, what: str) -> int | None:
        """The whole number of an extension."""
        value = self.number(holder, ("valueDecimal", "valueInteger"), key, what)
        if value is not None and value != int(value):
            self.refuse(key, f"{what} {shown(value)} is not a whole number")
        return None if value is None else int(value)

    def flag(self, extensions: Mapping[str, Json], url: str) -> bool:
        """Whether a yes-or-no extension says yes."""
        return extensions.get(url, {}).get("valueBoolean") is True

    def known(self, holder: Json, keys: frozenset[str], key: str, idle: frozenset[str] = frozenset()) -> None:
        """Refuses every other key by name, and leaves out the idle ones."""
        for name in holder:
            if name in idle:
                self.leave_out(key, f"{name!r} is left out")
            elif name not in keys:
                self.refuse(key, f"{shown(name)} is not supported")

    def extensions(
        self, holder: Json, key: str, known: frozenset[str], idle: frozenset[str], of: str = ""
    ) -> dict[str, Json]:
        """The known extensions by url."""
        found: dict[str, Json] = {}
        for extension in self.records(holder, "extension", key):
            url = self.string(extension, "url", key)
            if url in idle:
                self.leave_out(key, f"extension {url!r}{of} is left out")
            elif url not in known:
                self.refuse(key, f"extension {shown(url)}{of} is not supported")
            found[url] = extension
        return found

    def text(self, holder: Json, name: str, key: str) -> Text:
        """A text with its translations. One in a language we do not speak is left out."""
        texts = {self.language: self.string(holder, name, key)}
        beside = self.record(holder.get(f"_{name}", {}), key)
        self.known(beside, frozenset({"id", "extension"}), key)
        for extension in self.records(beside, "extension", key):
            url = self.string(extension, "url", key)
            if url in RENDERING:
                self.leave_out(key, f"extension {url!r} of {name} is left out")
            elif url != TRANSLATION:
                self.refuse(key, f"extension {shown(url)} of {name} is not supported")
            else:
                self._translation(extension, key, texts)
        return Text(**{LANGUAGES[0]: "", **texts})

    def _translation(self, extension: Json, key: str, texts: dict[str, str]) -> None:
        parts = {self.string(part, "url", key): part for part in self.records(extension, "extension", key)}
        content = parts.get("content", {})
        language = primary(self.string(parts.get("lang", {}), "valueCode", key))
        said = self.string(content, "valueMarkdown" if "valueMarkdown" in content else "valueString", key)
        if language not in LANGUAGES:
            self.leave_out(key, f"the translation into {shown(language)} is left out")
        elif texts.get(language):
            self.refuse(key, f"there are two texts in {language}")
        else:
            texts[language] = said


RENDERING = frozenset(
    HL7 + name
    for name in ("rendering-style", "rendering-xhtml", "rendering-markdown", "rendering-styleSensitive")
)


def primary(tag: str) -> str:
    """The language of a language tag: `en` of `en-US`."""
    return tag.split("-", maxsplit=1)[0].lower()


def is_text(value: str) -> bool:
    """Whether it can be written as UTF-8: JSON can hold halves of characters."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is a number in reach; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


def label(name: object, otherwise: str) -> str:
    """A linkId or name as the place of a fault: as it is when it can be printed."""
    if not isinstance(name, str) or not name.strip():
        return otherwise
    return name if name.isprintable() and len(name) <= 80 else shown(name)


def shown(value: object) -> str:
    """A value as a message may hold it: short and printable, whatever it is."""
    match value:
        case str():
            return repr(value[:120])
        case None | bool() | float():
            return repr(value)
        case int():
            return repr(value) if abs(value) <= _LARGEST else "a huge number"
        case dict():
            return "an object"
        case _:
            return "a list"
