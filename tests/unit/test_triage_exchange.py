"""What `triage export` writes can be judged by a program that has never seen ours: the small evaluator below
is written from the exported text alone and must agree with `triage evaluate` on every form."""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.sizes import sized
from tests.mutants.triage_engine import MUTANTS
from triage import environment, exchange
from triage.loader import load

CONTENT = load(Path(__file__).parents[2] / "config" / "oma-hame" / "triage", require_approval=False)
EXPORT: dict[str, Any] = json.loads(json.dumps(exchange.export(CONTENT), ensure_ascii=False))
TOPICS = {topic["id"]: topic for topic in EXPORT["topics"]}
COMMON = {question["id"]: question for question in EXPORT["common_questions"]}
GATE = [item["id"] for item in EXPORT["emergency_gate"]]
FORMS = sized(30, 60, 1_000)  # a topic
LEVELS = EXPORT["levels"]
ABSENT = object()  # does not apply: no comparison holds

Truth = bool | None
ASKED = {q["id"]: q for topic in TOPICS.values() for q in topic["questions"]} | COMMON
RULES = " ".join(rule["when"] for topic in TOPICS.values() for rule in topic["rules"])
NEAR = {name: re.findall(rf"\b{name} ?[<>=]+ ?(-?[\d.]+)", RULES) for name in ASKED}


def tokens(text: str) -> list[str]:
    return re.findall(r"<=|>=|[=<>(),]|-?\d+(?:\.\d+)?|[A-Za-z_]\w*", text)


class Judge:
    """Kleene's logic by recursive descent over the text of one rule."""

    def __init__(self, text: str, values: dict[str, Any]) -> None:
        self.words, self.values = tokens(text), values

    def either(self) -> Truth:
        found = [self.both()]
        while self.words and self.words[0] == "OR":
            self.words.pop(0)
            found.append(self.both())
        return True if True in found else None if None in found else False

    def both(self) -> Truth:
        found = [self.factor()]
        while self.words and self.words[0] == "AND":
            self.words.pop(0)
            found.append(self.factor())
        return False if False in found else None if None in found else True

    def factor(self) -> Truth:
        word = self.words.pop(0)
        if word == "(":
            found = self.either()
            self.words.pop(0)
            return found
        if word == "always":
            return True
        if word[0].isdigit() or word[0] == "-":
            self.words.pop(0)
            name, op, high = self.words.pop(0), self.words.pop(0), self.words.pop(0)
            parts = [self.compare(name, ">=", word), self.compare(name, op, high)]
            return False if False in parts else None if None in parts else True
        op = self.words.pop(0)
        if op != "IN":
            return self.compare(word, op, self.words.pop(0))
        self.words.pop(0)
        parts = []
        while (literal := self.words.pop(0)) != ")":
            if literal != ",":
                parts.append(self.compare(word, "=", literal))
        return True if True in parts else None if None in parts else False

    def compare(self, name: str, op: str, literal: str) -> Truth:
        value = self.values.get(name)
        if value is None:
            return None
        if value is ABSENT:
            return False
        if isinstance(value, range):
            truths = {hold(number, op, literal) for number in value}
            return truths.pop() if len(truths) == 1 else None
        if isinstance(value, list):
            return literal in value
        return hold(value, op, literal)


def hold(value: Any, op: str, literal: str) -> bool:
    if isinstance(value, bool) or literal in ("true", "false"):
        return value is (literal == "true")
    if isinstance(value, str) and not value.isdecimal():
        return value == literal
    number, limit = float(value), float(literal)
    return {
        "=": number == limit,
        "<": number < limit,
        "<=": number <= limit,
        ">": number > limit,
        ">=": number >= limit,
    }[op]


def fitting(question: dict[str, Any], value: Any) -> Any:
    """The answer if it is one of this question, else None."""
    kind, codes = question["type"], [option["code"] for option in question.get("options", [])]
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind == "choice":
        return value if value in codes else None
    if kind == "multichoice":
        return value if isinstance(value, list) and value and set(value) <= set(codes) else None
    types = {"integer": (int,), "decimal": (int, float)}.get(kind)
    if types is None or isinstance(value, bool) or not isinstance(value, types):
        return None
    low, high = question.get("min", float("-inf")), question.get("max", float("inf"))
    return value if low <= value <= high else None


def unasked(question: dict[str, Any]) -> Any:
    if question["type"] == "boolean":
        return False
    return "no" if any(option["code"] == "no" for option in question.get("options", [])) else ABSENT


def read(topics: list[dict[str, Any]], answers: dict[str, Any]) -> dict[str, Any]:
    """The values of everything the topics ask; worked out until nothing changes, so order does not matter."""
    asked = {name for topic in topics for name in (*topic["uses"], *topic["uses_last"])}
    away = {name for topic in topics for name in topic["not_applicable"]} - asked
    mine = {q["id"]: q for topic in topics for q in topic["questions"] if not q.get("hidden")}
    known = {name: COMMON[name] for name in (*asked, "age", "age_months", "sex")} | mine
    scores = {name: items for topic in topics for name, items in topic["scores"].items()}
    values: dict[str, Any] = {}
    told = fitting(COMMON["age_months"], answers.get("age_months"))
    if fitting(COMMON["age"], answers.get("age")) is None and told is not None:
        answers = answers | {"age": told // 12}
    for _ in range(len(known) + 2):
        before = dict(values)
        for name, question in known.items():
            shown = Judge(question["show_when"], values).either() if "show_when" in question else True
            values[name] = unasked(question) if shown is False else fitting(question, answers.get(name))
        values["age_months"] = months(values.get("age"), values["age_months"])
        for name, items in scores.items():
            values[name] = points([values.get(item) for item in items], [known[item] for item in items])
        for name in away:
            given = fitting(COMMON[name], answers.get(name))
            values[name] = unasked(COMMON[name]) if given is None else given
        if values == before:
            return values
    raise AssertionError("show-conditions never settle")


def months(age: Any, answered: Any) -> Any:
    if not isinstance(age, int):
        return None
    span = range(12 * age, 12 * age + 12)
    return answered if isinstance(answered, int) and answered in span else span


def points(values: list[Any], items: list[dict[str, Any]]) -> Any:
    total = 0
    for value, item in zip(values, items, strict=True):
        if value is None or value is ABSENT:
            return value
        if isinstance(value, bool):
            total += value
        else:
            weights = {
                o["code"]: o.get("weight", int(o["code"]) if o["code"].isdecimal() else 0)
                for o in item["options"]
            }
            total += weights[value]
    return total


def by_the_book(topic: str, answers: dict[str, Any], finished: bool) -> dict[str, Any]:
    start = TOPICS[topic]
    said = {name: answers[name] for name in GATE if isinstance(answers.get(name), bool)}
    ticked = [item for item in EXPORT["emergency_gate"] if said.get(item["id"])]
    tags = {tag for item in ticked for tag in item.get("tags", [])}
    fired = {item["id"] for item in ticked}
    if any(item["level"] == "EMERGENCY" for item in ticked):
        return outcome("EMERGENCY", start, fired, tags, complete=True)
    running = [start]
    while True:
        values = read(running, answers)
        truths = [
            [(rule, Judge(rule["when"], values).either()) for rule in topic["rules"]] for topic in running
        ]
        ids = {topic["id"] for topic in running}
        targets = dict.fromkeys(
            r["level"][5:] for one in truths for r, t in one if t and r["level"].startswith("GOTO:")
        )
        new = [TOPICS[name] for name in targets if name not in ids]
        if not new:
            break
        running += new
    levels: list[tuple[int, dict[str, Any]]] = []
    lone: list[bool] = []
    for topic_, judged in zip(running, truths, strict=True):
        own = [LEVELS.index(r["level"]) for r, t in judged if t and r["level"] in LEVELS and not is_floor(r)]
        moved = any(t and r["level"].startswith("GOTO:") for r, t in judged)
        lone.append(not own and not moved)
        if own or not moved:
            levels.append((min(own, default=LEVELS.index(topic_["default_level"])), topic_))
    everything = [pair for one in truths for pair in one]
    floors = [LEVELS.index(r["level"]) for r, t in everything if t and is_floor(r)]
    gates = [LEVELS.index(item["level"]) for item in ticked]
    best, decided = (
        min(levels, key=lambda pair: pair[0])
        if levels
        else (LEVELS.index(start["default_level"]), running[-1])
    )
    decided = [topic_ for level, topic_ in levels if level == best][-1] if levels else decided
    rank = min([best, *floors, *gates])
    fired |= {r["id"] for r, t in everything if t}
    tags |= {tag for r, t in everything if t for tag in (*r.get("tags", []), *tag_of(r))}
    open_ = [r for r, t in everything if t is None]
    closed = len(said) == len(GATE)
    closed &= not any(r["level"].startswith("GOTO:") for r in open_)
    closed &= not any(r["level"] in LEVELS and LEVELS.index(r["level"]) < rank for r in open_)
    if not finished:
        own_open = [r for one, alone in zip(truths, lone, strict=True) if alone for r, t in one if t is None]
        closed &= not any(r["level"] in LEVELS and not is_floor(r) for r in own_open)
    complete = closed or rank == 0
    level = LEVELS[rank]
    if level == "SELF_CARE" and not complete:
        level = "NON_URGENT"
    return outcome(level, decided, fired, tags, complete=complete)


def is_floor(rule: dict[str, Any]) -> bool:
    return bool(rule["id"].startswith("floor."))


def tag_of(rule: dict[str, Any]) -> Iterator[str]:
    if rule["level"].startswith("TAG:"):
        yield rule["level"][4:]


def outcome(
    level: str, topic: dict[str, Any], fired: set[str], tags: set[str], *, complete: bool
) -> dict[str, Any]:
    return {
        "level": level,
        "queue": topic["queue"],
        "fired": sorted(fired),
        "tags": sorted(tags),
        "topic": topic["id"],
        "complete": complete,
    }


def some_form(topic: str, dice: random.Random) -> dict[str, Any]:
    """Answers near the rules' numbers, some missing, some of the wrong kind."""
    answers: dict[str, Any] = {name: False for name in GATE if dice.random() < 0.98}
    if dice.random() < 0.1:
        answers[dice.choice(GATE)] = True
    mine = {q["id"] for q in TOPICS[topic]["questions"]}
    missing = dice.choice((0, 0, 0.05, 0.4))
    yes = dice.choice((0.02, 0.1, 0.4))
    for name, question in ASKED.items():
        if dice.random() < missing or (name not in mine and name not in COMMON and dice.random() < 0.5):
            continue
        answers[name] = some_answer(question, dice, NEAR[name], yes)
    return answers


def some_answer(question: dict[str, Any], dice: random.Random, near: list[str], yes: float) -> Any:
    codes = [option["code"] for option in question.get("options", [])]
    if dice.random() < 0.02:
        return dice.choice([None, "unknown", -1, 1e9, "x", [], True])
    match question["type"]:
        case "boolean":
            return dice.random() < yes
        case "choice":
            return dice.choice(codes)
        case "multichoice":
            return dice.sample(codes, dice.randint(1, len(codes)))
        case "integer" | "decimal":
            number = (
                float(dice.choice(near)) + dice.choice((-1, -0.1, 0, 0.1, 1)) if near else dice.uniform(0, 90)
            )
            number = min(max(number, question.get("min", 0)), question.get("max", 1000))
            return int(number) if question["type"] == "integer" else round(number, 1)
        case _:
            return "sanoja"


@pytest.mark.parametrize("topic", sorted(TOPICS))
def test_another_program_comes_to_the_same_result(topic: str) -> None:
    dice = random.Random(topic)
    for number in range(FORMS):
        answers, finished = some_form(topic, dice), dice.random() < 0.7
        line = {"id": number, "topic": topic, "answers": answers, "finished": finished}
        ours = exchange.evaluate_line(CONTENT, json.loads(json.dumps(line)))
        assert ours.pop("id") == number
        ours["fired"] = sorted(ours["fired"])
        assert ours == by_the_book(topic, answers, finished), answers


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ([], "not_an_object"),
        (None, "not_an_object"),
        ({"id": 1}, "unknown_topic"),
        ({"id": 1, "topic": ["uti"]}, "unknown_topic"),
        ({"id": 1, "topic": "uti", "answers": []}, "answers_not_an_object"),
        ({"id": 1, "topic": "uti", "answers": {}, "finished": 1}, "finished_not_a_boolean"),
    ],
)
def test_line_that_is_no_form_gets_an_error_of_its_own(line: object, error: str) -> None:
    assert exchange.evaluate_line(CONTENT, line)["error"] == error


def test_everything_a_reader_needs_is_in_the_export() -> None:
    assert list(EXPORT) == [
        "version",
        "disclaimer",
        "evaluation",
        "rule_grammar",
        "derived",
        "levels",
        "sources",
        "common_questions",
        "emergency_gate",
        "topics",
    ]
    for topic in TOPICS.values():
        known = {q["id"] for q in topic["questions"]} | set(COMMON) | set(topic["scores"])
        for rule in topic["rules"]:
            assert set(rule["src"]) <= set(EXPORT["sources"])
            read_names = set(re.findall(r"[a-z_]\w*(?= ?(?:[<>=]|IN))", rule["when"]))
            assert read_names <= known, (rule["id"], read_names - known)


@pytest.mark.parametrize("mutant", list(MUTANTS))
def test_broken_engine_is_caught(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTANTS[mutant](monkeypatch)
    environment.scope_of.cache_clear()
    differing = 0
    try:
        for topic in ("depression", "uti", "toothache", "baby"):
            dice = random.Random(topic)
            for number in range(FORMS):
                answers, finished = some_form(topic, dice), dice.random() < 0.7
                line = {"id": number, "topic": topic, "answers": answers, "finished": finished}
                ours = exchange.evaluate_line(CONTENT, line)
                theirs = by_the_book(topic, answers, finished)
                same = [ours[key] == theirs[key] for key in ("level", "complete")]
                differing += not (all(same) and sorted(ours["fired"]) == theirs["fired"])
    finally:
        environment.scope_of.cache_clear()

    assert differing > 0
