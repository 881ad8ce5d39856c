"""The items of a FHIR Questionnaire laid flat: what groups and displays say goes with the questions. Pure.

We ask one question a page, so a group's text is a hint of each of its questions ("Over the last two weeks,
how often ..."), and a display's text a hint of the question it belongs to or stands before.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from triage.definition import LANGUAGES, Text
from triage.fhir_json import HL7, RENDERING, SDC, Json, Reading, label, shown

DEEPEST = 20
CALCULATED = SDC + "sdc-questionnaire-calculatedExpression"
# They say how a form looks, is filled in beforehand or is sent on; not what is asked.
IDLE_EXTENSIONS = RENDERING | frozenset(
    [HL7 + name for name in ("questionnaire-itemControl", "questionnaire-choiceOrientation", "variable")]
    + [HL7 + name for name in ("questionnaire-displayCategory", "designNote", "entryFormat")]
    + [HL7 + "structuredefinition-" + name for name in ("fmm", "wg", "standards-status")]
    + [SDC + "sdc-questionnaire-" + name for name in ("observationLinkPeriod", "observationExtract")]
    + [SDC + "sdc-questionnaire-" + name for name in ("shortText", "optionalDisplay", "collapsible")]
)
IDLE_KEYS = frozenset({"code", "prefix", "definition", "maxLength"})
_GROUP_KEYS = frozenset(
    {"id", "linkId", "type", "text", "_text", "item", "extension", "enableWhen", "enableBehavior"}
    | {"required", "repeats"}
)
_DISPLAY_KEYS = frozenset({"id", "linkId", "type", "text", "_text", "extension"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """When something is shown: with all of the conditions, or with any of them."""

    conditions: tuple[Json, ...]
    any: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One question with what stands around it."""

    item: Json
    key: str
    original: str
    hints: tuple[Text, ...]
    shown: Shown


class Flattener:
    """Walks the items once. Afterwards `passed_over` holds the linkIds of calculated items."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._seen: set[str] = set()
        self.passed_over: set[str] = set()

    def leaves(
        self, holder: Json, hints: tuple[Text, ...] = (), within: tuple[Shown, ...] = ()
    ) -> Iterator[Leaf]:
        """The questions in order."""
        yield from self._leaves(self._reading.records(holder, "item", "item"), hints, within, 0)

    def _leaves(
        self, items: list[Json], hints: tuple[Text, ...], within: tuple[Shown, ...], depth: int
    ) -> Iterator[Leaf]:
        before: tuple[Text, ...] = ()
        key = ""
        for item in items:
            key = self._key(item)
            around = (*hints, *before)
            if self._is_calculated(item, key):
                continue
            if item.get("type") == "display":
                before = (*before, self._display(item, key))
                continue
            before = ()
            if item.get("type") != "group":
                yield self._leaf(item, key, around, within)
            elif depth == DEEPEST:
                self._reading.refuse(key, "groups are nested too deeply")
            else:
                text, shown = self._group(item, key)
                inside = self._reading.records(item, "item", key)
                yield from self._leaves(inside, (*around, text), (*within, shown), depth + 1)
        if before:
            self._reading.leave_out(key, "the display is left out: no question follows it")

    def _key(self, item: Json) -> str:
        key = label(item.get("linkId"), "item without linkId")
        link = self._reading.string(item, "linkId", key)
        if not link:
            self._reading.refuse(key, "the linkId is missing")
        elif link in self._seen:
            self._reading.refuse(key, "the linkId is used twice")
        else:
            self._seen.add(link)
        return key

    def _is_calculated(self, item: Json, key: str) -> bool:
        """A score or index worked out by the form: with us that is a score of the rules file."""
        for extension in self._reading.records(item, "extension", key):
            if extension.get("url") == CALCULATED:
                expression = self._reading.record(extension.get("valueExpression", {}), key)
                how = shown(expression.get("expression"))
                self._reading.leave_out(key, f"is left out: it is calculated, not asked ({how})")
                self.passed_over.add(self._reading.string(item, "linkId", key))
                return True
        return False

    def _display(self, item: Json, key: str) -> Text:
        self._reading.known(item, _DISPLAY_KEYS, key, IDLE_KEYS)
        self._reading.extensions(item, key, frozenset(), IDLE_EXTENSIONS)
        return self._reading.text(item, "text", key)

    def _group(self, item: Json, key: str) -> tuple[Text, Shown]:
        self._reading.known(item, _GROUP_KEYS, key, IDLE_KEYS)
        self._reading.extensions(item, key, frozenset(), IDLE_EXTENSIONS)
        for demand in ("repeats", "required"):
            if item.get(demand, False) is not False:
                self._reading.refuse(key, f"a group with {demand} is not supported")
        return self._reading.text(item, "text", key), self._shown(item, key)

    def _leaf(self, item: Json, key: str, hints: tuple[Text, ...], within: tuple[Shown, ...]) -> Leaf:
        inside: tuple[Text, ...] = ()
        for child in self._reading.records(item, "item", key):
            child_key = self._key(child)
            if child.get("type") == "display":
                inside = (*inside, self._display(child, child_key))
            else:
                self._reading.refuse(child_key, "an item inside a question is not supported")
        return Leaf(
            item=item,
            key=key,
            original=self._reading.string(item, "linkId", key),
            hints=(*hints, *inside),
            shown=self._together((*within, self._shown(item, key)), key),
        )

    def _shown(self, item: Json, key: str) -> Shown:
        conditions: tuple[Json, ...] = tuple(self._reading.records(item, "enableWhen", key))
        behaviour = item.get("enableBehavior", "all")
        if behaviour not in ("all", "any"):
            self._reading.refuse(key, f"enableBehavior {shown(behaviour)} is not supported")
        if len(conditions) > 1 and "enableBehavior" not in item:
            self._reading.refuse(key, "enableBehavior is missing")
        return Shown(conditions=conditions, any=behaviour == "any")

    def _together(self, parts: tuple[Shown, ...], key: str) -> Shown:
        stated = [part for part in parts if part.conditions]
        if len(stated) == 1:
            return stated[0]
        if any(part.any and len(part.conditions) > 1 for part in stated):
            self._reading.refuse(
                key, "enableBehavior any together with a group's enableWhen is not supported"
            )
        return Shown(conditions=tuple(each for part in stated for each in part.conditions), any=False)


def joined(texts: tuple[Text, ...]) -> Text | None:
    """The texts one after another in each language; None when they say nothing."""
    found = {
        language: " ".join(said for text in texts if (said := getattr(text, language)))
        for language in LANGUAGES
    }
    return Text(**found) if any(found.values()) else None
