"""A questionnaire made elsewhere as two files of ours: its questions, and rules still to write. Pure."""

import json
from collections.abc import Collection
from dataclasses import dataclass

from core.faults import Fault
from triage import fhir
from triage.definition import LANGUAGES, Questionnaire
from triage.errors import ContentFaults
from triage.fhir_names import identifier

LONGEST_NAME = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What to write, and what was left out."""

    name: str
    questionnaire: str
    rules: str
    left_out: tuple[Fault, ...]


def imported(
    data: object, source: str, *, taken: Collection[str], name: str = "", language: str = ""
) -> Imported:
    """The two files of the questionnaire; raises ContentFaults with every reason. `taken` are the names that
    there are already; without `name` the form's own name or id makes one."""
    called = name or _own_name(data)
    faults = [Fault(source=source, key="--name", message=message) for message in _unfit(called, taken)]
    try:
        found = fhir.adopt(data, source, name=called, language=language)
    except ContentFaults as refused:
        raise ContentFaults([*faults, *refused.faults]) from None
    if faults:
        raise ContentFaults(faults)
    return Imported(
        name=called,
        questionnaire=as_file(found.questionnaire),
        rules=_rules(found),
        left_out=found.left_out,
    )


def as_file(form: Questionnaire) -> str:
    """The questionnaire as its file holds it."""
    return json.dumps(fhir.serialise(form), ensure_ascii=False, indent=1) + "\n"


def _own_name(data: object) -> str:
    stated = [data.get("name"), data.get("id")] if isinstance(data, dict) else []
    return next(
        (identifier(name.lower())[:LONGEST_NAME] for name in stated if isinstance(name, str) and name), ""
    )


def _unfit(name: str, taken: Collection[str]) -> list[str]:
    if not name:
        return ["the form has neither name nor id: say a name"]
    if identifier(name) != name or name != name.lower() or len(name) > LONGEST_NAME:
        return [f"{name!r} is not a name: small letters a-z, digits and _, at most {LONGEST_NAME}"]
    return [f"there is a questionnaire {name} already"] if name in taken else []


def _rules(found: fhir.Adopted) -> str:
    """A rules file with everything to be filled in: `ensilinja triage check` names what is missing."""
    form = found.questionnaire
    origin = ", ".join(form.derived_from) or "a file that states no url"
    said = [f"Imported from {origin}. Fill in what is empty, write rules, then: ensilinja triage check"]
    said += [f"{fault.key}: {fault.message}" for fault in found.left_out]
    titles = "".join(
        f"name.{language} = {_quoted(getattr(form.title, language))}\n" for language in LANGUAGES
    )
    words = "".join(f"words.{language} = []\n" for language in LANGUAGES)
    return (
        "".join(f"# {_one_line(line)}\n" for line in said)
        + f'id = "{form.id}"\nversion = "{form.version}"\napproved_by = ""\nqueue = ""\n'
        + 'default_level = "SAME_DAY"\ngroup = "other"\nicpc2 = []\nuses = []\nuses_last = []\n'
        + f"not_applicable = []\nfor_nurse = []\n{titles}{words}"
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")  # JSON's quoting is TOML's


def _one_line(text: str) -> str:
    return " ".join(text.split()) if text.isprintable() else repr(text)
