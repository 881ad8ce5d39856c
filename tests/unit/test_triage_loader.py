import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.counties import FEW_TOPICS, SHIPPED, with_few_topics
from triage import fhir
from triage.errors import ContentFaults
from triage.loader import load

ROOT = Path(__file__).parents[2]
FOLDER = SHIPPED / "triage"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return with_few_topics(tmp_path / "triage", FOLDER)


def test_folder_of_these_tests_has_no_faults(folder: Path) -> None:
    assert FEW_TOPICS == load(folder, require_approval=False).topics.keys()


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def edit(file: Path, act: Callable[[list[dict[str, Any]]], object]) -> None:
    form = json.loads(file.read_text(encoding="utf-8"))
    act(form["item"])
    file.write_text(json.dumps(form), encoding="utf-8")


def faults(folder: Path) -> list[str]:
    with pytest.raises(ContentFaults) as refused:
        load(folder, require_approval=False)
    return [str(fault) for fault in refused.value.faults]


RULE_FAULTS = [
    ("uti", 'when = "retention=true"', 'when = "retenton=true"', "retenton is not a question here"),
    ("uti", 'when = "retention=true"', 'when = "retention=2"', "retention is true or false"),
    ("uti", 'when = "retention=true"', 'when = "retention=true AND"', "is missing after"),
    ("uti", 'when = "age<18"', 'when = "age<0"', "can never be true"),
    ("uti", 'when = "sex=male"', 'when = "sex=man"', "sex has no option man"),
    ("uti", 'when = "sex=male"', 'when = "sex=male AND sex=female"', "can never be true"),
    ("uti", 'level = "ED"', 'level = "SOON"', "is not a level of urgency"),
    ("uti", 'level = "ED"', 'level = "ED"\ngoto = "general"', "needs exactly one of"),
    ("uti", 'level = "ED"', 'levle = "ED"', "is not a known key"),
    ("uti", 'id = "uti.male"', 'id = "uti.child"', "the id is used in uti too"),
    ("uti", 'why.sv = "urinstämma"', 'why.sv = ""', "the text in sv is missing"),
    ("uti", 'source = ["K"]', 'source = ["WHO"]', "WHO is not in sources.toml"),
    ("uti", 'source = ["K"]', "source = []", "names no source"),
    ("uti", 'confidence = "K"', 'confidence = "sure"', "confidence is not"),
    (
        "uti",
        '"poor_condition", "immunosuppressed"',
        '"immunosuppressed"',
        "poor_condition: floor.poor_condition",
    ),
    ("uti", 'id = "uti"', 'id = "utii"', "is not the file's name"),
    ("uti", 'queue = "nurse"\n', "", "queue: is missing"),
    ("uti", 'version = "0.3.0"', 'version = "0.4.0"', "is not the version of the rules"),
    ("toothache", 'goto = "dental_swelling"', 'goto = "swelling"', "there is no other topic swelling"),
    ("depression", '"phq8", "phq9"', '"phq8", "phq10"', "phq10 is not a question here"),
    ("dental_swelling", 'level = "DAYS_1_3"', 'level = "SELF_CARE"', "never ends in self-care"),
    ("floor", 'when = "pain>=8"', 'when = "pain>=11"', "can never be true"),
    ("gate", 'when = "gate_chest=true"', 'when = "gate_breathing=true"', "is not true of its own item alone"),
]


@pytest.mark.parametrize(("name", "old", "new", "message"), RULE_FAULTS, ids=[row[3] for row in RULE_FAULTS])
def test_wrong_rule_is_refused(folder: Path, name: str, old: str, new: str, message: str) -> None:
    change(folder / f"{name}.rules.toml", old, new)
    assert any(message in fault for fault in faults(folder))


FORM_FAULTS: list[tuple[str, str, Callable[[list[dict[str, Any]]], object], str]] = [
    ("later", "uti", lambda items: items.insert(0, items.pop(6)), "which is asked later"),
    ("type", "uti", lambda items: items[0].update(type="quantity"), "'quantity' is not supported"),
    (
        "inside",
        "uti",
        lambda items: items[0].update(item=[{**items[1], "linkId": "inner"}]),
        "inner: an item inside a question is not supported",
    ),
    (
        "left out",
        "uti",
        lambda items: items[0].update(prefix="1."),
        "'prefix' is left out",
    ),
    ("twice", "uti", lambda items: items.append(items[0]), "the linkId is used twice"),
    ("text", "uti", lambda items: items[0].pop("_text"), "the text in en is missing"),
    (
        "unused",
        "uti",
        lambda items: items.append({**items[0], "linkId": "extra"}),
        "extra: is asked but used",
    ),
    ("common", "uti", lambda items: items[0].update(linkId="fever"), "has the id of a common question"),
    (
        "extension",
        "uti",
        lambda items: items[0].update(extension=[{"url": "urn:other"}]),
        "extension 'urn:other' is not supported",
    ),
    (
        "operator",
        "uti",
        lambda items: items[6]["enableWhen"][0].update(operator="exists"),
        "enableWhen operator 'exists' is not supported",
    ),
    (
        "impossible",
        "depression",
        lambda items: items[7]["enableWhen"][0].update(answerInteger=7),
        "can never be shown",
    ),
    ("gate", "gate", lambda items: items[0].update(type="integer"), "is not a plain yes or no"),
]


@pytest.mark.parametrize(
    ("name", "act", "message"), [row[1:] for row in FORM_FAULTS], ids=[r[0] for r in FORM_FAULTS]
)
def test_wrong_questionnaire_is_refused(
    folder: Path, name: str, act: Callable[[list[dict[str, Any]]], object], message: str
) -> None:
    edit(folder / f"{name}.questionnaire.json", act)
    assert any(message in fault for fault in faults(folder))


def test_hidden_no_that_would_raise_the_level_is_refused(folder: Path) -> None:
    edit(
        folder / "dental_swelling.questionnaire.json",
        lambda items: items[5].update(
            enableWhen=[{"question": "breath_swallow", "operator": "=", "answerBoolean": True}]
        ),
    )
    assert any("two_fingers: a hidden no raises the level" in fault for fault in faults(folder))


def test_all_faults_of_all_files_are_told_at_once(folder: Path) -> None:
    change(folder / "uti.rules.toml", 'why.sv = "urinstämma"', 'why.sv = ""')
    change(folder / "uti.rules.toml", 'when = "age<18"', 'when = "age<0"')
    (folder / "crisis.questionnaire.json").write_text("{", encoding="utf-8")
    (folder / "floor.rules.toml").unlink()
    found = faults(folder)
    assert len({fault.split(":")[0] for fault in found}) >= 3
    assert any("uti.retention.why" in fault for fault in found)
    assert any("uti.child: can never be true" in fault for fault in found)
    assert any("floor.rules.toml: the file is missing" in fault for fault in found)
    assert any("there is no floor" in fault for fault in found)


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    assert any("gate.questionnaire.json" in fault for fault in faults(tmp_path))


@pytest.mark.parametrize("data", [None, [], {}, {"resourceType": "Patient"}, {"item": 3}, {"item": [1]}])
def test_what_is_no_questionnaire_is_refused(data: object) -> None:
    with pytest.raises(ContentFaults):
        fhir.parse(data, "x.json")


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.questionnaire.json")), ids=lambda file: file.stem)
def test_questionnaire_survives_writing_and_reading(file: Path) -> None:
    data = json.loads(file.read_text(encoding="utf-8"))
    form = fhir.parse(data, file.name)
    assert fhir.parse(json.loads(json.dumps(fhir.serialise(form))), file.name) == form
    assert fhir.serialise(form) == data


def test_converter_writes_what_the_loader_reads(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("convert_triage", ROOT / "tools" / "convert_triage.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    text = {"fi": "a", "sv": "b", "en": "c"}
    rule = {"when": "q=true", "level": "TAG:seen", "why": "reason", "src": ["K"], "confidence": "K"}
    topic = {"id": "t", "queue": "nurse", "name": text, "icpc2": [], "self_care_link_types": []}
    topic |= {"default_level": "SAME_DAY", "rules": [rule]}
    topic |= {"questions": [{"id": "q", "type": "boolean", "text": text}]}
    gate = {"id": "g", "text": text, "level": "EMERGENCY", "src": ["K"], "confidence": "V"}
    content = {
        "emergency_gate": [gate],
        "common_questions": [],
        "topics": [topic],
        "sources": {"K": "author"},
    }
    tool.convert(content, tmp_path, [])
    found = faults(tmp_path)
    assert "t.rules.toml: t.1.why: the text in fi is missing" in found
    assert not any("is not a known key" in fault for fault in found)
