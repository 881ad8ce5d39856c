"""Everything that can be said against a county's content, and the two files that go with a version of it.

`boundaries.toml` holds a case for every number, `versions.toml` a mark of what each version held.
"""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.faults import Fault
from triage import boundaries, sealing
from triage.boundaries import Boundary
from triage.definition import Content, Value
from triage.errors import ContentFaults
from triage.loader import QUESTIONNAIRE, RULES, load
from triage.probing import probe


def all_faults(folder: Path, *, require_approval: bool) -> list[Fault]:
    """Every fault of the content; what needs loaded content is looked for once it loads."""
    faults: list[Fault] = []
    try:
        content = load(folder, require_approval=require_approval)
    except ContentFaults as found:
        faults += found.faults
        if any(fault.key != "approved_by" for fault in faults):
            return faults
        content = load(folder, require_approval=False)
    faults += probe(content)
    try:
        faults += boundaries.check(content, read_boundaries(folder))
    except ContentFaults as found:
        faults += found.faults
    return [*faults, *sealed_faults(folder)]


def load_approved(folder: Path) -> Content:
    """The content for real use: ContentFaults where it was not approved, or has changed under its version."""
    try:
        content = load(folder, require_approval=True)
    except ContentFaults as found:
        raise ContentFaults([*found.faults, *sealed_faults(folder)]) from None
    if faults := sealed_faults(folder):
        raise ContentFaults(faults)
    return content


def sealed_faults(folder: Path) -> list[Fault]:
    """Where content is not what was sealed under its version; nothing where a file cannot be read at all."""
    try:
        return list(sealing.changed(_marks(folder), _toml(folder / sealing.FILE)))
    except (OSError, ValueError, RecursionError):
        return []  # the loader names it


def seal(folder: Path) -> int:
    """Writes down what each version holds; returns how many files of questionnaires there are."""
    marks = _marks(folder)
    lines = (
        f'{name} = {{ version = "{version}", mark = "{mark}" }}' for name, (version, mark) in marks.items()
    )
    head = "# What each version holds; written by `ensilinja triage seal`, never by hand.\n"
    (folder / sealing.FILE).write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    return len(marks)


def _marks(folder: Path) -> dict[str, tuple[str, str]]:
    found = {}
    for path in sorted(folder.glob(f"*{RULES}")):
        name = path.name.removesuffix(RULES)
        form = folder / f"{name}{QUESTIONNAIRE}"
        rules = _toml(path)
        fields = json.loads(form.read_text(encoding="utf-8")) if form.exists() else {}
        found[name] = (str(rules.get("version", "")), sealing.fingerprint(fields, rules))
    return found


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def read_boundaries(folder: Path) -> list[Boundary]:
    """The cases of the folder; ContentFaults names those that are not cases."""
    cases, faults = [], []
    for number, table in enumerate(_toml(folder / boundaries.FILE).get("case", []), 1):
        try:
            cases.append(_case(table))
        except (KeyError, TypeError, ValueError) as error:
            message = f"is not a case: {error}"
            faults.append(Fault(source=boundaries.FILE, key=f"case {number}", message=message))
    if faults:
        raise ContentFaults(faults)
    return cases


def _case(table: Mapping[str, Any]) -> Boundary:
    given = {key: tuple(v) if isinstance(v, list) else v for key, v in table.get("given", {}).items()}
    return Boundary(
        rule=str(table["rule"]),
        topic=str(table["topic"]),
        name=str(table["question"]),
        number=float(table["number"]),
        given=given,
        tries=tuple((float(number), is_so is True) for number, is_so in table["tries"]),
    )


def write_boundaries(folder: Path, content: Content) -> int:
    """Adds a case for each number without one and drops those no longer so; returns how many there are."""
    cases = boundaries.draft(content, read_boundaries(folder))
    head = (
        "# Every number that rules compare to, at it and beside it, with all else mild: read and sign it.\n"
    )
    text = head + "".join(_lines(case) for case in cases)
    (folder / boundaries.FILE).write_text(text, encoding="utf-8")
    return len(cases)


def _lines(case: Boundary) -> str:
    given = ", ".join(f"{key} = {_value(value)}" for key, value in case.given.items())
    tries = ", ".join(f"[{number:g}, {str(is_so).lower()}]" for number, is_so in case.tries)
    return (
        f'\n[[case]]\nrule = "{case.rule}"\ntopic = "{case.topic}"\nquestion = "{case.name}"\n'
        f"number = {case.number:g}\ngiven = {{ {given} }}\ntries = [{tries}]\n"
    )


def _value(value: Value) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
