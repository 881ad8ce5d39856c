"""The choices of one FHIR item: its own options, or those of a value set that the file contains. Pure."""

from triage.definition import Option
from triage.fhir_items import IDLE_EXTENSIONS
from triage.fhir_json import HL7, Json, Reading, shown
from triage.fhir_names import identifiers

WEIGHTS = (HL7 + "itemWeight", HL7 + "ordinalValue")
_IDLE = IDLE_EXTENSIONS | {HL7 + "questionnaire-optionPrefix"}
_OPTION_KEYS = frozenset({"id", "valueCoding", "extension"})
_CODING_KEYS = frozenset({"id", "system", "version", "code", "display", "_display", "extension"})
_CONCEPT_KEYS = frozenset({"id", "code", "display", "_display", "extension"})


def options_of(reading: Reading, top: Json, item: Json, key: str) -> tuple[Option, ...]:
    """The options of a choice with their weights; codes that rules cannot write get identifiers."""
    found = [_option(reading, option, key) for option in reading.records(item, "answerOption", key)]
    if "answerValueSet" in item:
        found += _value_set(reading, top, item, key)
    codes = identifiers((option.original for option in found), digits=True)
    return tuple(_named(option, codes[option.original]) for option in found)


def _named(option: Option, code: str) -> Option:
    return Option(
        code=code,
        text=option.text,
        weight=option.weight,
        system=option.system,
        original="" if code == option.original else option.original,
    )


def _option(reading: Reading, option: Json, key: str) -> Option:
    reading.known(option, _OPTION_KEYS, key)
    coding = reading.record(option.get("valueCoding"), key)
    reading.known(coding, _CODING_KEYS, key)
    return _coded(reading, coding, reading.string(coding, "system", key), key, (option, coding))


def _coded(reading: Reading, coding: Json, system: str, key: str, holders: tuple[Json, ...]) -> Option:
    code = reading.string(coding, "code", key)
    if not code:
        reading.refuse(key, "an option has no code")
    return Option(
        code=code,
        text=reading.text(coding, "display", key),
        weight=_weight(reading, holders, key),
        system=system,
        original=code,
    )


def _weight(reading: Reading, holders: tuple[Json, ...], key: str) -> int | None:
    weights: dict[str, int | None] = {}
    for holder in holders:
        for url, extension in reading.extensions(
            holder, key, frozenset(WEIGHTS), _IDLE, " of an option"
        ).items():
            if url in WEIGHTS:
                weights[url] = reading.whole(extension, key, "weight")
    if len(set(weights.values())) > 1:
        reading.refuse(key, "an option has two different weights")
    return next(iter(weights.values()), None)


def _value_set(reading: Reading, top: Json, item: Json, key: str) -> list[Option]:
    """Of the value sets contained in the file; one that is elsewhere cannot be read."""
    name = reading.string(item, "answerValueSet", key)
    contained = reading.records(top, "contained", "contained")
    found = [each for each in contained if name.startswith("#") and each.get("id") == name[1:]]
    if not found or found[0].get("resourceType") != "ValueSet":
        reading.refuse(key, f"answerValueSet {shown(name)} is not a value set contained in the file")
        return []
    compose = reading.record(found[0].get("compose", {}), key)
    reading.known(compose, frozenset({"id", "include", "inactive", "lockedDate"}), key)
    options: list[Option] = []
    for include in reading.records(compose, "include", key):
        reading.known(include, frozenset({"id", "system", "version", "concept"}), key)
        system = reading.string(include, "system", key)
        for concept in reading.records(include, "concept", key):
            reading.known(concept, _CONCEPT_KEYS, key)
            options.append(_coded(reading, concept, system, key, (concept,)))
    if not options:
        reading.refuse(key, f"answerValueSet {shown(name)} lists no codes")
    return options
