"""FHIR R4 Questionnaire at the rim: reads and writes the subset we ask with; refuses the rest by name.

Subset. Items of type boolean, choice (one or, with `repeats`, several), integer, decimal, text, string, date.
`group` items are laid flat: their text becomes a hint of each of their questions, their enableWhen holds for
them. `display` items become a hint of the question they are inside of or stand before. Options are
answerOption.valueCoding or a contained ValueSet that lists its codes; their weight is itemWeight or
ordinalValue, whole numbers, written as itemWeight. enableWhen has =, <, <=, >, >= and all or any. Also
required, minValue, maxValue, unit, hidden, and translations into Finnish, Swedish and English.

A linkId or code that rules cannot write gets an identifier and is kept beside it. An item with a calculated
expression is not asked and left out. Everything else is refused by name with its linkId, all at once:
quantity, open-choice, url, time, attachment, initial, exists, !=, value sets elsewhere, expressions ...
"""

from dataclasses import dataclass, replace

from core.faults import Fault
from triage.definition import LANGUAGES, Questionnaire
from triage.errors import ContentFaults
from triage.fhir_json import Reading, is_text
from triage.fhir_options import WEIGHTS
from triage.fhir_reader import read
from triage.fhir_writer import canonical_url, coding, serialise

__all__ = ["FIRST", "WEIGHTS", "Adopted", "adopt", "canonical_url", "coding", "parse", "serialise"]

FIRST = "0.1.0"  # the version of what was just imported


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A questionnaire made elsewhere, and what of it was left out."""

    questionnaire: Questionnaire
    left_out: tuple[Fault, ...]


def parse(data: object, source: str) -> Questionnaire:
    """The questionnaire of a county's file; raises ContentFaults naming everything outside the subset, and
    what only an import may leave out."""
    reading = Reading(source)
    found = read(reading, data, LANGUAGES[0])
    if reading.faults or reading.left_out:
        raise ContentFaults([*reading.faults, *reading.left_out])
    return found


def adopt(data: object, source: str, *, name: str, language: str = "") -> Adopted:
    """The questionnaire of somebody else's file as a new one of ours, called `name`; raises ContentFaults
    with every reason. It is derived from the other, never the same: ours has what the other has not."""
    reading = Reading(source)
    found = read(reading, data, language)
    if reading.faults:
        raise ContentFaults(reading.faults)
    ours = replace(found, id=name, version=FIRST, derived_from=_origin(data, found))
    return Adopted(questionnaire=ours, left_out=tuple(sorted(set(reading.left_out))))


def _origin(data: object, found: Questionnaire) -> tuple[str, ...]:
    url = data.get("url") if isinstance(data, dict) else None
    if not isinstance(url, str) or not is_text(url):
        return found.derived_from
    return (f"{url}|{found.version}" if found.version else url,)
