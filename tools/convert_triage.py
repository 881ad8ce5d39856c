"""Turns questionnaire content in one JSON file into a folder of FHIR questionnaires and rules files.

Run once per import; what it writes is a start to be edited, and the inspector names what is still missing.
Usage: python tools/convert_triage.py content.json folder [topic ...]
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from triage import fhir
from triage.definition import Kind, Option, Question, Questionnaire, Text

Json = dict[str, Any]

VERSION = "0.1.0"


def convert(content: Json, folder: Path, topics: Iterable[str]) -> list[Path]:
    """Writes gate, common and the named topics (all when none is named) and returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = set(topics)
    forms = [
        _questionnaire("gate", "Hätätilanteet", _gate_items(content)),
        _questionnaire("common", "Yhteiset kysymykset", content["common_questions"]),
    ]
    rules = {"gate": _header("gate") + _rules("gate", _gate_rules(content))}
    for topic in content["topics"]:
        if not wanted or topic["id"] in wanted:
            forms.append(_questionnaire(topic["id"], topic["name"]["fi"], topic["questions"], topic["name"]))
            rules[topic["id"]] = _topic_header(topic) + _rules(topic["id"], topic["rules"])
    written = [_write_form(folder, form) for form in forms]
    for name, text in rules.items():
        path = folder / f"{name}.rules.toml"
        path.write_text(text, encoding="utf-8")
        written.append(path)
    sources = folder / "sources.toml"
    sources.write_text(
        "".join(f"{_key(k)} = {_q(v)}\n" for k, v in content["sources"].items()), encoding="utf-8"
    )
    return [*written, sources]


def _questionnaire(name: str, title: str, items: list[Json], titles: Json | None = None) -> Questionnaire:
    return Questionnaire(
        id=name,
        version=VERSION,
        title=_text(titles or {"fi": title}),
        questions=tuple(_question(item) for item in items),
    )


def _question(item: Json) -> Question:
    options = tuple(
        Option(code=o["code"], text=_text(o), weight=int(o["code"]) if o["code"].isdecimal() else None)
        for o in item.get("options", [])
    )
    return Question(id=item["id"], kind=Kind(item["type"]), text=_text(item["text"]), options=options)


def _text(texts: Json) -> Text:
    return Text(fi=texts.get("fi", ""), sv=texts.get("sv", ""), en=texts.get("en", ""))


def _gate_items(content: Json) -> list[Json]:
    return [{"type": "boolean", **item} for item in content["emergency_gate"]]


def _gate_rules(content: Json) -> list[Json]:
    return [{**item, "when": f"{item['id']}=true", "why": item["text"]} for item in content["emergency_gate"]]


def _header(name: str) -> str:
    return f'id = "{name}"\nversion = "{VERSION}"\napproved_by = ""\n'


def _topic_header(topic: Json) -> str:
    links = ", ".join(_q(link) for link in topic["self_care_link_types"])
    codes = ", ".join(_q(code) for code in topic["icpc2"])
    return (
        f"{_header(topic['id'])}queue = {_q(topic['queue'])}\ndefault_level = {_q(topic['default_level'])}\n"
        f"icpc2 = [{codes}]\nself_care_links = [{links}]\nuses = []\n\n[name]\n{_languages(topic['name'])}"
    )


def _rules(name: str, rules: list[Json]) -> str:
    return "".join(_rule(name, number, rule) for number, rule in enumerate(rules, 1))


def _rule(name: str, number: int, rule: Json) -> str:
    kind, _, target = rule["level"].partition(":")
    end = f"{kind.lower()} = {_q(target)}" if target else f"level = {_q(kind)}"
    why = rule["why"] if isinstance(rule["why"], dict) else {"en": rule["why"]}
    sources = ", ".join(_q(source) for source in rule["src"])
    return (
        f"\n[[rule]]\nid = {_q(f'{name}.{number}')}\nwhen = {_q(rule['when'])}\n{end}\n"
        f"source = [{sources}]\nconfidence = {_q(rule['confidence'])}\n[rule.why]\n{_languages(why)}"
    )


def _languages(texts: Json) -> str:
    return "".join(f"{language} = {_q(texts.get(language, ''))}\n" for language in ("fi", "sv", "en"))


def _q(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _key(name: str) -> str:
    return name if name.isascii() and name.isalnum() else _q(name)


def _write_form(folder: Path, form: Questionnaire) -> Path:
    path = folder / f"{form.id}.questionnaire.json"
    path.write_text(json.dumps(fhir.serialise(form), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def main(arguments: list[str]) -> Iterator[str]:
    """Converts as the command line says and yields the written names."""
    source, folder, *topics = arguments
    content = json.loads(Path(source).read_text(encoding="utf-8"))
    for path in convert(content, Path(folder), topics):
        yield path.name


if __name__ == "__main__":
    for written in main(sys.argv[1:]):
        sys.stdout.write(f"{written}\n")
