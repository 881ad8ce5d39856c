"""`ensilinja triage check`: clean on good content, and it finds each fault that was put in on purpose."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from triage import checking
from triage.loader import load

ROOT = Path(__file__).parents[2]
FORMS = ROOT / "tests" / "data" / "forms"  # two small topics with nothing wrong in them


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FORMS, tmp_path / "triage"))


def faults(folder: Path) -> list[str]:
    return [str(fault) for fault in checking.all_faults(folder, require_approval=True)]


def reseal(folder: Path) -> None:
    checking.write_boundaries(folder, load(folder, require_approval=False))
    checking.seal(folder)


def text(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    content = path.read_text(encoding="utf-8")
    assert old in content, old
    path.write_text(content.replace(old, new, 1), encoding="utf-8")


def item(folder: Path, form: str, link: str, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / f"{form}.questionnaire.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    change(next(each for each in data["item"] if each["linkId"] == link))
    path.write_text(json.dumps(data), encoding="utf-8")


def test_good_content_has_no_faults() -> None:
    assert faults(FORMS) == []


RULE = """
[[rule]]
id = "cold.new"
when = "{when}"
level = "{level}"
why.fi = "uusi"
why.sv = "ny"
why.en = "new"
source = ["author"]
confidence = "K"
"""


def new_rule(when: str, level: str) -> Callable[[Path], None]:
    def put(folder: Path) -> None:
        path = folder / "cold.rules.toml"
        path.write_text(
            path.read_text(encoding="utf-8") + RULE.format(when=when, level=level), encoding="utf-8"
        )

    return put


def rules(old: str, new: str, name: str = "cold.rules.toml") -> Callable[[Path], None]:
    return lambda folder: text(folder, name, old, new)


def form(link: str, change: Callable[[dict[str, Any]], object], name: str = "cold") -> Callable[[Path], None]:
    return lambda folder: item(folder, name, link, change)


def shown_by(question: str, answer: dict[str, Any], op: str = "=") -> dict[str, Any]:
    return {"enableWhen": [{"question": question, "operator": op, **answer}], "enableBehavior": "all"}


def new_version(folder: Path, topic: str) -> None:
    for end in ("rules.toml", "questionnaire.json"):
        text(folder, f"{topic}.{end}", "1.0.0", "1.0.1")


SEEDED: dict[str, tuple[Callable[[Path], None], str]] = {
    "unknown question": (new_rule("sneezing=true", "ED"), "sneezing is not a question here"),
    "unknown option": (rules("senses>=3", "taste=5"), "taste has no option 5"),
    "dead rule": (new_rule("age<0", "ED"), "cold.new: can never be true"),
    "contradictory rule": (new_rule("blood=true AND blood=false", "ED"), "cold.new: can never be true"),
    "dead through a hidden question": (
        new_rule("blood=false AND blood_much=true", "EMERGENCY"),
        "cold.new: never decides",
    ),
    "shadowed rule": (new_rule("blood=true AND days>=3", "SAME_DAY"), "cold.new: never decides"),
    "rule twice": (new_rule("breathless=true", "ED"), "cold.new: never decides"),
    "rule that says what the floor says": (new_rule("pain>=9", "SAME_DAY"), "cold.new: never decides"),
    "unreachable question": (
        form("smell", lambda q: q.update(shown_by("age", {"answerInteger": 200}, ">"))),
        "smell: can never be shown",
    ),
    "question shown by a later one": (
        form("breathless", lambda q: q.update(shown_by("days", {"answerInteger": 3}, ">="))),
        "is shown by days, which is asked later",
    ),
    "missing floor": (
        rules('uses_last = ["poor_condition", "pain"]', 'uses_last = ["poor_condition"]', "wound.rules.toml"),
        "pain: floor.pain reads it",
    ),
    "no floor at all": (
        lambda folder: (folder / "floor.rules.toml").write_text(
            'id = "floor"\nversion = "1.0.0"\napproved_by = "A"\n', encoding="utf-8"
        ),
        "there is no floor",
    ),
    "aggravating answer that lowers": (
        rules(
            "blood=false AND fever=false AND as_before=true", "blood=false AND fever=true AND as_before=true"
        ),
        "fever: the worrying answer lowers NON_URGENT to SELF_CARE",
    ),
    "aggravating number that lowers": (
        rules("days<=7 AND pain<=4", "days<=7 AND pain>=4"),
        "pain: the worrying answer lowers NON_URGENT to SELF_CARE",
    ),
    "relieving answer taken for a worrying one": (
        rules('relieving = ["as_before"]', "relieving = []"),
        "as_before: the worrying answer lowers NON_URGENT to SELF_CARE",
    ),
    "worrying answer that hides a more worrying one": (
        form("breathless", lambda q: q.update(shown_by("fever", {"answerBoolean": False}))),
        "fever: the worrying answer lowers ED to",
    ),
    "hidden question that blocks": (
        form(
            "as_before",
            lambda q: q.update(
                {
                    "extension": [
                        {
                            "url": "http://hl7.org/fhir/StructureDefinition/questionnaire-hidden",
                            "valueBoolean": True,
                        }
                    ]
                }
            ),
        ),
        "as_before: is never asked, so a rule that reads it stays open",
    ),
    "optional question that blocks": (
        form("blood", lambda q: q.pop("required")),
        "blood: may be left empty, so a rule that reads it stays open",
    ),
    "threshold without a case": (new_rule("days>=300", "SAME_DAY"), "the threshold 300 of days is not tried"),
    "threshold that moved": (rules("age>=75", "age>=70"), "the threshold 70 of age is not tried"),
    "case that is not so": (
        rules("[39.4, false]", "[39.4, true]", "boundaries.toml"),
        "fever_max at 39.5 is not as told",
    ),
    "case of no rule": (
        rules('id = "cold.old"', 'id = "cold.elderly"'),
        "no rule of that id compares age to 75",
    ),
    "threshold outside the question": (
        form("fever_max", lambda q: q.update(extension=[]), "common"),
        "fever_max: has no least or greatest number",
    ),
    "missing Swedish": (rules('why.sv = "cold.old sv"', 'why.sv = ""'), "the text in sv is missing"),
    "missing English question": (
        form("days", lambda q: q.update({"_text": {"extension": q["_text"]["extension"][:1]}})),
        "days: the text in en is missing",
    ),
    "missing approver": (
        rules('approved_by = "A. Approver"', 'approved_by = ""'),
        "nobody has approved this content",
    ),
    "changed without a new version": (
        rules('level = "SAME_DAY"', 'level = "DAYS_1_3"'),
        "has changed since version 1.0.0 was sealed",
    ),
    "new version that nobody sealed": (
        lambda folder: new_version(folder, "wound"),
        "version 1.0.1 is not sealed",
    ),
    "score used nowhere": (rules("senses>=3", "taste=2"), "senses: is a score that no rule reads"),
    "self-care where there is none": (
        rules('level = "SAME_DAY"', 'level = "SELF_CARE"', "wound.rules.toml"),
        "this topic never ends in self-care",
    ),
    "self-care without advice": (
        rules('home_care.fi = ["Rest fi."]\n', ""),
        "home_care: ends in self-care without advice in fi",
    ),
    "no words that lead here": (
        rules('words.sv = ["cold", "col", "colds"]', "words.sv = []"),
        "words: has none in sv",
    ),
    "emergency item with another rule": (
        rules('when = "past_faint=true"', 'when = "past_faint=false"', "past.rules.toml"),
        "past_faint: is not true of its own item alone",
    ),
}


@pytest.mark.parametrize("fault", SEEDED, ids=list(SEEDED))
def test_seeded_fault_is_found(folder: Path, fault: str) -> None:
    seed, message = SEEDED[fault]
    seed(folder)

    assert any(message in line for line in faults(folder)), faults(folder)


def test_at_least_twenty_faults_are_tried() -> None:
    assert len(SEEDED) >= 20


def test_new_version_is_sealed_and_clean_again(folder: Path) -> None:
    for end in ("rules.toml", "questionnaire.json"):
        text(folder, f"cold.{end}", "1.0.0", "1.1.0")
    text(folder, "cold.rules.toml", "age>=75", "age>=70")
    assert faults(folder)

    reseal(folder)

    assert faults(folder) == []


def test_layout_and_approval_are_no_change_of_content(folder: Path) -> None:
    path = folder / "cold.questionnaire.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8"))), encoding="utf-8")
    text(folder, "cold.rules.toml", 'approved_by = "A. Approver"', 'approved_by = "B. Approver"')

    assert faults(folder) == []


def test_broken_file_of_cases_is_named(folder: Path) -> None:
    text(folder, "boundaries.toml", "number = 6\n", "")

    assert any("boundaries.toml: case 1: is not a case" in line for line in faults(folder))
