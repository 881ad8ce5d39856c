"""Reads a county's questionnaires from its folder, or raises with every fault in every file.

A topic is `<id>.questionnaire.json` and `<id>.rules.toml`; `gate`, `past`, `common` and `floor` are none.
"""

import json
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from core.faults import Fault
from core.urgency import Urgency
from triage import fhir
from triage.definition import LANGUAGES, Content, Questionnaire, Rule, RuleSet, Score, Text, Topic
from triage.errors import ContentFaults, ExpressionFault
from triage.expressions import Always, compiled, parse
from triage.inspector import inspect

Table = dict[str, Any]

QUESTIONNAIRE = ".questionnaire.json"
RULES = ".rules.toml"
PARTS = frozenset({"gate", "past", "common", "floor"})
_PART_KEYS = frozenset({"id", "version", "approved_by", "rule", "score", "roof"})
_LISTS = ("icpc2", "self_care_links", "uses", "uses_last", "not_applicable", "for_nurse", "relieving")
_HEADER = frozenset({"queue", "name", "group", "words", "home_care", "default_level", "self_care"})
_TOPIC_KEYS = (_PART_KEYS - {"roof"}) | _HEADER | {*_LISTS}
_RULE_KEYS = frozenset(
    {"id", "when", "level", "goto", "tag", "tags", "why", "advice", "source", "confidence"}
)
_CONFIDENCE = frozenset({"V", "K", "V/K"})


def load(folder: Path, *, require_approval: bool) -> Content:
    """The content of the folder, inspected; raises ContentFaults. Approvers are demanded outside demo."""
    faults: list[Fault] = []
    content = _Reader(folder, faults).content()
    faults += inspect(content, require_approval=require_approval)
    if faults:
        raise ContentFaults(faults)
    return content


class _Reader:
    def __init__(self, folder: Path, faults: list[Fault]) -> None:
        self._folder = folder
        self._faults = faults

    def content(self) -> Content:
        names = {path.name.removesuffix(RULES) for path in self._folder.glob(f"*{RULES}")}
        names |= {path.name.removesuffix(QUESTIONNAIRE) for path in self._folder.glob(f"*{QUESTIONNAIRE}")}
        topics = [self._topic(name) for name in sorted(names - PARTS)]
        common = self._table("common", _PART_KEYS)
        return Content(
            gate=self._questionnaire("gate"),
            gate_rules=self._ruleset("gate", self._table("gate", _PART_KEYS)),
            past=self._questionnaire("past"),
            past_rules=self._ruleset("past", self._table("past", _PART_KEYS)),
            common=self._questionnaire("common"),
            common_rules=self._ruleset("common", common),
            roof=self._strings("common", common, "roof"),
            floor=self._ruleset("floor", self._table("floor", _PART_KEYS)),
            topics={topic.id: topic for topic in topics},
            sources=self._sources(),
        )

    def _topic(self, name: str) -> Topic:
        table = self._table(name, _TOPIC_KEYS)
        if table.get("id", name) != name:
            self._fault(name, "id", "is not the file's name")
        lists = {key: self._strings(name, table, key) for key in _LISTS}
        return Topic(
            id=name,
            queue=self._string(name, table, "queue"),
            name=self._text(name, table, "name", "name"),
            group=self._string(name, table, "group"),
            words=self._by_language(name, table, "words"),
            home_care=self._by_language(name, table, "home_care"),
            default_level=self._level(name, table, "default_level") or Urgency.SAME_DAY,
            self_care=table.get("self_care", True) is True,
            questionnaire=self._questionnaire(name),
            ruleset=self._ruleset(name, table),
            **lists,
        )

    def _ruleset(self, name: str, table: Table) -> RuleSet:
        rules = [self._rule(name, rule) for rule in self._tables(name, table, "rule")]
        return RuleSet(
            id=name,
            version=self._string(name, table, "version"),
            approved_by=str(table.get("approved_by", "")),
            rules=tuple(rule for rule in rules if rule is not None),
            scores=tuple(self._score(name, score) for score in self._tables(name, table, "score")),
        )

    def _rule(self, name: str, table: Table) -> Rule | None:
        key = str(table.get("id", "rule without id"))
        self._known(name, key, table, _RULE_KEYS)
        ends = [end for end in ("level", "goto", "tag") if end in table]
        if len(ends) != 1:
            self._fault(name, key, "needs exactly one of level, goto and tag")
        if table.get("confidence") not in _CONFIDENCE:
            self._fault(name, key, "confidence is not V, K or V/K")
        when = self._string(name, table, "when")
        try:
            expression = parse(when)
        except ExpressionFault as fault:
            self._fault(name, key, f"when: {fault}")
            expression = Always()
        return Rule(
            id=key,
            when=when,
            expression=expression,
            test=compiled(expression),
            level=self._level(name, table, "level") if "level" in table else None,
            goto=str(table["goto"]) if "goto" in table else None,
            tags=frozenset(
                (*self._strings(name, table, "tags"), *([table["tag"]] if "tag" in table else []))
            ),
            why=self._text(name, table, "why", key),
            advice=self._text(name, table, "advice", key) if "advice" in table else None,
            source=self._strings(name, table, "source"),
            confidence=table.get("confidence", "K"),
        )

    def _score(self, name: str, table: Table) -> Score:
        key = self._string(name, table, "id")
        if ("sum" in table) == ("count" in table):
            self._fault(name, key, "needs exactly one of sum and count")
        items = self._strings(name, table, "count" if "count" in table else "sum")
        return Score(id=key, items=items, counts="count" in table)

    def _questionnaire(self, name: str) -> Questionnaire:
        file = f"{name}{QUESTIONNAIRE}"
        data = self._read(file, json.loads)
        if data is not None:
            try:
                return fhir.parse(data, file)
            except ContentFaults as found:
                self._faults += found.faults
        return Questionnaire(id=name, version="", title=Text(fi=name, sv=name, en=name), questions=())

    def _sources(self) -> dict[str, str]:
        found = self._read("sources.toml", tomllib.loads)
        return {key: str(value) for key, value in found.items()} if isinstance(found, dict) else {}

    def _table(self, name: str, keys: frozenset[str]) -> Table:
        found = self._read(f"{name}{RULES}", tomllib.loads)
        table: Table = found if isinstance(found, dict) else {}
        self._known(name, "", table, keys)
        return table

    def _read(self, file: str, decode: Callable[[str], Any]) -> Any:
        try:
            return decode((self._folder / file).read_text(encoding="utf-8"))
        except OSError:
            self._faults.append(Fault(source=file, key="", message="the file is missing or cannot be read"))
        except (ValueError, RecursionError) as error:
            self._faults.append(Fault(source=file, key="", message=f"cannot be read: {error}"))
        return None

    def _tables(self, name: str, table: Table, key: str) -> Iterable[Table]:
        for found in self._sequence(name, table, key):
            if isinstance(found, dict):
                yield found
            else:
                self._fault(name, key, "holds something that is not a table")

    def _strings(self, name: str, table: Table, key: str) -> tuple[str, ...]:
        found = self._sequence(name, table, key)
        if not all(isinstance(value, str) for value in found):
            self._fault(name, key, "is not a list of texts")
        return tuple(str(value) for value in found)

    def _sequence(self, name: str, table: Table, key: str) -> list[Any]:
        found = table.get(key, [])
        if isinstance(found, list):
            return found
        self._fault(name, key, "is not a list")
        return []

    def _string(self, name: str, table: Table, key: str) -> str:
        found = table.get(key)
        if not isinstance(found, str) or not found:
            self._fault(name, f"{table.get('id', '')}.{key}".lstrip("."), "is missing")
            return ""
        return found

    def _level(self, name: str, table: Table, key: str) -> Urgency | None:
        try:
            return Urgency(str(table.get(key)))
        except ValueError:
            self._fault(name, f"{table.get('id', '')}.{key}".lstrip("."), "is not a level of urgency")
            return None

    def _text(self, name: str, table: Table, key: str, place: str) -> Text:
        found = table.get(key)
        if not isinstance(found, dict):
            self._fault(name, place, f"{key} is not a table of fi, sv and en")
            return Text(fi="-", sv="-", en="-")
        self._known(name, place, found, frozenset(LANGUAGES))
        return Text(**{language: str(found.get(language, "")) for language in LANGUAGES})

    def _by_language(self, name: str, table: Table, key: str) -> dict[str, tuple[str, ...]]:
        found = table.get(key, {})
        if not isinstance(found, dict):
            self._fault(name, key, "is not a table of fi, sv and en")
            return {}
        self._known(name, key, found, frozenset(LANGUAGES))
        return {language: self._strings(name, found, language) for language in LANGUAGES}

    def _known(self, name: str, key: str, table: Table, keys: frozenset[str]) -> None:
        for unknown in table.keys() - keys:
            self._fault(name, f"{key}.{unknown}".lstrip("."), "is not a known key")

    def _fault(self, name: str, key: str, message: str) -> None:
        self._faults.append(Fault(source=f"{name}{RULES}", key=key, message=message))
