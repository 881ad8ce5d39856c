"""FHIR questionnaires made elsewhere: HL7's own examples, what is refused by name, and any JSON at all."""

import copy
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.faults import Fault
from core.urgency import Urgency
from tests.faults.sizes import sized
from tests.fhir_r4 import judge
from triage import fhir, importing
from triage.definition import LANGUAGES, Condition, Kind, Option, Question, Questionnaire, Subject, Text
from triage.engine import evaluate, gate, ticked
from triage.errors import ContentFaults
from triage.fhir_names import identifiers
from triage.loader import load

Json = dict[str, Any]

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "config" / "oma-hame" / "triage"
EXAMPLES = ROOT / "tests" / "data" / "fhir"


def example(name: str) -> Json:
    found: Json = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return found


def adopted(data: object, language: str = "en") -> fhir.Adopted:
    return fhir.adopt(data, "f", name="form", language=language)


def form(*items: Json, **top: Any) -> Json:
    return {"resourceType": "Questionnaire", "language": "en", "item": list(items), **top}


def question(link: str, **more: Any) -> Json:
    return {"linkId": link, "text": link.upper(), "type": "boolean", **more}


def group(link: str, *items: Json, **more: Any) -> Json:
    return {"linkId": link, "text": link.upper(), "type": "group", "item": list(items), **more}


def when(link: str, **answer: Any) -> Json:
    return {"question": link, "operator": "=", **(answer or {"answerBoolean": True})}


def refusals(data: object) -> set[str]:
    with pytest.raises(ContentFaults) as refused:
        adopted(data)
    return {f"{fault.key}: {fault.message}" for fault in refused.value.faults}


def test_phq9_of_hl7_loads_with_its_weights_and_its_stem_on_every_page() -> None:
    found = adopted(example("phq9"))
    questions = found.questionnaire.questions
    assert [q.id for q in questions] == [f"h1_t1_q{n}" for n in range(1, 10)]
    assert [q.original for q in questions] == [f"H1/T1/Q{n}" for n in range(1, 10)]
    assert {q.hint.en for q in questions if q.hint} == {
        "Over the last two weeks, how often have you been bothered by any of the following problems?"
    }
    assert {tuple((o.code, o.original, o.weight) for o in q.options) for q in questions} == {
        (
            ("not_at_all", "Not-at-all", 0),
            ("several_days", "Several-days", 1),
            ("more_than_half_the_days", "More than half the days", 2),
            ("nearly_every_day", "Nearly every day", 3),
        )
    }
    assert [fault.key for fault in found.left_out] == ["H1/TS", "extension"]
    assert found.questionnaire.derived_from == (
        "http://hl7.org/fhir/uv/sdc/Questionnaire/questionnaire-sdc-profile-example-PHQ9|0.0.1",
    )
    assert "Pfizer" in found.questionnaire.copyright


RULES = """
[[score]]
id = "phq9_total"
sum = [
 "h1_t1_q1", "h1_t1_q2", "h1_t1_q3", "h1_t1_q4", "h1_t1_q5",
 "h1_t1_q6", "h1_t1_q7", "h1_t1_q8", "h1_t1_q9",
]

[[rule]]
id = "phq9.severe"
when = "phq9_total>=20 OR h1_t1_q9=nearly_every_day"
level = "SAME_DAY"
why = { fi = "vaikea", sv = "svår", en = "severe" }
source = ["K"]
confidence = "K"
"""


def translated(value: Any) -> Any:
    """Every text in the three languages, as the county's translator would leave the file."""
    if isinstance(value, list):
        return [translated(each) for each in value]
    if not isinstance(value, dict):
        return value
    done = {key: translated(each) for key, each in value.items() if not key.startswith("_")}
    for name in {"title", "text", "display", "valueString"} & done.keys():
        if isinstance(done[name], str) and not {"lang", "content"} & {value.get("url")}:
            parts = [{"url": "lang", "valueCode": "sv"}, {"url": "content", "valueString": done[name]}]
            other = [{"url": "lang", "valueCode": "en"}, {"url": "content", "valueString": done[name]}]
            url = "http://hl7.org/fhir/StructureDefinition/translation"
            done[f"_{name}"] = {"extension": [{"url": url, "extension": each} for each in (parts, other)]}
    return done


def test_score_of_imported_phq9_decides_a_level(tmp_path: Path) -> None:
    found = importing.imported(example("phq9"), "f", taken=(), name="phq9", language="en")
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "triage"))
    written = {**translated(json.loads(found.questionnaire)), "language": "fi"}
    for item in written["item"]:  # HL7's may be skipped; what rules read may not
        item["required"] = True
    (folder / "phq9.questionnaire.json").write_text(json.dumps(written), encoding="utf-8")
    common = json.loads((SHIPPED / "common.questionnaire.json").read_text(encoding="utf-8"))["item"]
    ruled_out = sorted({item["linkId"] for item in common} - {"age", "age_months", "sex"})
    rules = found.rules.replace('queue = ""', 'queue = "mental"').replace("SAME_DAY", "NON_URGENT")
    rules = rules.replace("not_applicable = []", f"not_applicable = {ruled_out}").replace('= ""', '= "PHQ-9"')
    rules = rules.replace("words.fi = []", 'words.fi = ["phq"]')
    rules = rules.replace("words.sv = []", 'words.sv = ["phq"]').replace(
        "words.en = []", 'words.en = ["phq"]'
    )
    (folder / "phq9.rules.toml").write_text(rules + RULES, encoding="utf-8")
    content = load(folder, require_approval=False)
    clear = gate(content, ticked(content, (), ()))

    def level(*codes: str) -> Urgency:
        given = {f"h1_t1_q{n}": code for n, code in enumerate(codes, 1)}
        return evaluate(content, "phq9", given, Subject(), gate=clear, finished=True).level

    half, every = "more_than_half_the_days", "nearly_every_day"
    assert level(*[half] * 8, "not_at_all") is Urgency.NON_URGENT  # 16
    assert level(*[every] * 6, "several_days", "not_at_all", "not_at_all") is Urgency.NON_URGENT  # 19
    assert level(*[every] * 6, half, "not_at_all", "not_at_all") is Urgency.SAME_DAY  # 20
    assert level(*["not_at_all"] * 8, every) is Urgency.SAME_DAY


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("hunger-vital-signs", ["id_88122_7", "id_88123_5"]),
        ("weight-height", ["id_29463_7", "id_8352_7", "id_8302_2", "id_8361_8"]),
    ],
)
def test_other_examples_of_hl7_load(name: str, ids: list[str]) -> None:
    found = adopted(example(name))
    assert [q.id for q in found.questionnaire.questions] == ids
    assert any("is calculated" in fault.message for fault in found.left_out)


STATES = "https://sqlonfhir-r4.azurewebsites.net/fhir/ValueSet/866d7924e20711d48c540020182939f7"
REFUSED = {
    "required-field": {"radio: answerValueSet"},
    "initial-value": {
        "1acf93a7-0890-44cd-be48-542defb35248: 'initial'",
        "1acf93a7-0890-44cd-be48-542defb35248: answerValueSet",
        "init-val-string: 'initial'",
    },
    "nested-groups": {
        "ba91450b-6e67-40dc-8629-0f1b60577774: a group with repeats",
        "68ca912397a145bd9e9f265702b5cf45: a group with repeats",
        f"34b78239-1df2-49c5-a1ab-8f5691c7ede0: answerValueSet '{STATES}'",
    },
    "all-data-types": {
        "id-datetime: item type 'dateTime'",
        "id-time: item type 'time'",
        "id-attachment: item type 'attachment'",
        "EF8E3936-3246-4B3E-A46C-9FDAA5ACB635: item type 'open-choice'",
        "EF8E3936-3246-4B3E-A46C-9FDAA5ACB635: answerValueSet",
        "id-choice: answerValueSet",
        "440f8cc6-3ea2-40c2-b03a-d03187131fd3: answerValueSet",
        "06aaa075-86e4-4cf2-a1ef-a86ab10e86e9: answerValueSet",
    },
}


@pytest.mark.parametrize("name", REFUSED)
def test_example_of_hl7_is_refused_for_these_reasons_and_no_others(name: str) -> None:
    said = refusals(example(name))
    assert {start for start in REFUSED[name] if any(each.startswith(start) for each in said)} == REFUSED[name]
    assert len(said) == len(REFUSED[name])


def test_every_example_is_used() -> None:
    used = {"phq9", "hunger-vital-signs", "weight-height", *REFUSED}
    assert {path.stem for path in EXAMPLES.glob("*.json")} == used


FHIRPATH = {"language": "text/fhirpath", "expression": "true"}
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
HL7 = "http://hl7.org/fhir/StructureDefinition/"
CHOICE = {"type": "choice", "answerOption": [{"valueCoding": {"code": "a", "display": "A"}}]}
OUTSIDE = [
    *[(kind, {"type": kind}) for kind in ("quantity", "reference", "url", "time", "dateTime", "open-choice")],
    ("'initial'", {"initial": [{"valueBoolean": True}]}),
    ("'modifierExtension'", {"modifierExtension": [{"url": "urn:x"}]}),
    ("readOnly", {"readOnly": True}),
    ("repeats is supported", {"repeats": True}),
    ("minOccurs 2", {"extension": [{"url": HL7 + "questionnaire-minOccurs", "valueInteger": 2}]}),
    (
        "enableWhenExpression",
        {"extension": [{"url": SDC + "enableWhenExpression", "valueExpression": FHIRPATH}]},
    ),
    ("initialExpression", {"extension": [{"url": SDC + "initialExpression", "valueExpression": FHIRPATH}]}),
    ("targetConstraint", {"extension": [{"url": HL7 + "targetConstraint"}]}),
    ("'!='", {"enableWhen": [{"question": "first", "operator": "!=", "answerBoolean": True}]}),
    ("'exists'", {"enableWhen": [{"question": "first", "operator": "exists", "answerBoolean": True}]}),
    ("with > and answerBoolean", {"enableWhen": [{**when("first"), "operator": ">"}]}),
    ("with < and answerCoding", {"enableWhen": [when("first", operator="<", answerCoding={"code": "a"})]}),
    ("'answerDate'", {"enableWhen": [when("first", answerDate="2000-01-01")]}),
    ("enableBehavior is missing", {"enableWhen": [when("first"), when("first")]}),
    ("'valueString'", {"type": "choice", "answerOption": [{"valueString": "a"}]}),
    (
        "'initialSelected'",
        {"type": "choice", "answerOption": [{**CHOICE["answerOption"][0], "initialSelected": True}]},
    ),
    (
        "optionExclusive",
        {
            "type": "choice",
            "answerOption": [
                {
                    "valueCoding": {"code": "a"},
                    "extension": [{"url": HL7 + "questionnaire-optionExclusive", "valueBoolean": True}],
                }
            ],
        },
    ),
    (
        "weight 1.5 is not a whole",
        {
            "type": "choice",
            "answerOption": [
                {
                    "valueCoding": {"code": "a"},
                    "extension": [{"url": HL7 + "itemWeight", "valueDecimal": 1.5}],
                }
            ],
        },
    ),
    (
        "two different weights",
        {
            "type": "choice",
            "answerOption": [
                {
                    "valueCoding": {"code": "a"},
                    "extension": [
                        {"url": HL7 + "itemWeight", "valueDecimal": 1},
                        {"url": HL7 + "ordinalValue", "valueDecimal": 2},
                    ],
                }
            ],
        },
    ),
    ("the linkId is used twice", {"linkId": "first"}),
    ("the linkId is missing", {"linkId": 7}),
]


@pytest.mark.parametrize(("message", "change"), OUTSIDE, ids=[row[0] for row in OUTSIDE])
def test_what_is_outside_the_subset_is_refused_by_name(message: str, change: Json) -> None:
    said = refusals(form(question("first"), question("second", **change)))
    assert any(message in each for each in said)
    assert {each.split(": ")[0] for each in said} <= {"second", "first", "item without linkId"}


def test_all_reasons_are_told_at_once() -> None:
    said = refusals(form(question("a", type="url"), group("g", question("b", initial=[])), language="de"))
    assert {each.split(":")[0] for each in said} == {"a", "b", "language"}


def test_group_gives_its_questions_its_text_and_its_condition() -> None:
    inner = group("g", question("b", enableWhen=[when("a")]), question("c"), enableWhen=[when("first")])
    found = adopted(form(question("first"), question("a"), group("outer", inner))).questionnaire
    b, c = found.question("b"), found.question("c")
    assert b and c and b.hint and b.hint.en == "OUTER G"
    assert [each.question for each in b.shown_when] == ["first", "a"]
    assert [each.question for each in c.shown_when] == ["first"]
    assert not b.shown_when_any


def test_any_of_a_group_cannot_be_joined_with_a_condition_inside() -> None:
    either = {"enableWhen": [when("first"), when("a")], "enableBehavior": "any"}
    alone = adopted(form(question("first"), question("a"), group("g", question("b"), **either))).questionnaire
    found = alone.question("b")
    assert found and found.shown_when_any and len(found.shown_when) == 2
    inside = question("b", enableWhen=[when("a")])
    said = refusals(form(question("first"), question("a"), group("g", inside, **either)))
    assert said == {"b: enableBehavior any together with a group's enableWhen is not supported"}


def test_display_becomes_a_hint_of_the_question_that_follows_or_holds_it() -> None:
    display = {"linkId": "d", "text": "Read this.", "type": "display"}
    help_text = {"linkId": "h", "text": "Like that.", "type": "display"}
    found = adopted(form(display, question("a", item=[help_text]), question("b")))
    hints = [q.hint.en if q.hint else "" for q in found.questionnaire.questions]
    assert hints == ["Read this. Like that.", ""]
    last = adopted(form(question("a"), display))
    assert [str(fault) for fault in last.left_out] == [
        "f: d: the display is left out: no question follows it"
    ]


def test_question_shown_by_what_is_left_out_is_refused() -> None:
    computed = [{"url": SDC + "calculatedExpression", "valueExpression": FHIRPATH}]
    said = refusals(form(question("a", extension=computed), question("b", enableWhen=[when("a")])))
    assert said == {"b: is shown by a, which is calculated and left out"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_stands_in_the_language_the_file_states(language: str) -> None:
    found = adopted(form(question("a"), language=f"{language}-XX"), language="").questionnaire
    assert found.questions[0].text == Text(**{"fi": "", language: "A"})
    judge(fhir.serialise(found))


def test_file_without_a_language_needs_to_be_told() -> None:
    bare = form(question("a"))
    del bare["language"]
    with pytest.raises(ContentFaults, match="does not state its language"):
        adopted(bare, language="")
    assert adopted(bare, language="sv").questionnaire.questions[0].text.sv == "A"


def test_translation_into_another_language_is_left_out() -> None:
    parts = [{"url": "lang", "valueCode": "de"}, {"url": "content", "valueString": "Frage"}]
    extension = {"url": HL7 + "translation", "extension": parts}
    found = adopted(form(question("a", _text={"extension": [extension]})))
    assert [fault.message for fault in found.left_out] == ["the translation into 'de' is left out"]


@pytest.mark.parametrize("url", fhir.WEIGHTS)
@pytest.mark.parametrize("inside", [True, False])
def test_weight_is_read_from_both_extensions_and_written_as_one(url: str, inside: bool) -> None:
    coding: Json = {"code": "b", "display": "B"}
    option: Json = {"valueCoding": coding}
    (coding if inside else option)["extension"] = [{"url": url, "valueDecimal": 2.0}]
    found = adopted(form(question("q", type="choice", answerOption=[option]))).questionnaire
    assert found.questions[0].options[0].weight == 2
    written = fhir.serialise(found)["item"][0]["answerOption"][0]["extension"]
    assert written == [{"url": HL7 + "itemWeight", "valueDecimal": 2}]


def test_names_that_would_become_one_stay_apart_and_the_same_whatever_the_order() -> None:
    names = ["a.b", "a_b", "a-b", "A/B", "1.1", "true", "unknown"]
    found = identifiers(names)
    assert found == identifiers(reversed(names))
    assert len(set(found.values())) == len(names)
    assert found["a_b"] == "a_b"
    assert found["1.1"] == "id_1_1"
    assert found["true"] == "id_true"


def test_condition_on_nought_point_nought_stays_a_decimal() -> None:
    shown = {**when("a", answerDecimal=0.0), "operator": ">"}
    found = adopted(form(question("a", type="decimal"), question("b", enableWhen=[shown]))).questionnaire
    assert fhir.serialise(found)["item"][1]["enableWhen"] == [shown]


def test_condition_on_a_code_of_another_system_names_our_option() -> None:
    coded = {"system": "http://loinc.org", "code": "LA6568-5", "display": "Not at all"}
    first = question("/1-2", type="choice", answerOption=[{"valueCoding": coded}])
    second = question(
        "b", enableWhen=[when("/1-2", answerCoding={"system": coded["system"], "code": coded["code"]})]
    )
    found = adopted(form(first, second)).questionnaire
    assert found.questions[1].shown_when == (Condition(question="id_1_2", op="=", value="la6568_5"),)
    again = fhir.serialise(found)["item"][1]["enableWhen"]
    assert again == [when("/1-2", answerCoding={"system": coded["system"], "code": coded["code"]})]


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.questionnaire.json")), ids=lambda file: file.stem)
def test_shipped_questionnaire_is_fhir_r4(file: Path) -> None:
    judge(json.loads(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", ["phq9", "hunger-vital-signs", "weight-height"])
def test_imported_example_is_fhir_r4_and_survives_writing_and_reading(name: str) -> None:
    found = adopted(example(name)).questionnaire
    written = json.loads(json.dumps(fhir.serialise(found)))
    judge(written)
    assert fhir.parse(written, "f") == found


said = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(
    lambda text: text if text.strip() else ""
)
texts = st.builds(Text, fi=said, sv=said, en=said)
full_texts = texts.filter(lambda text: any((text.fi, text.sv, text.en)))
links = st.one_of(st.sampled_from(["a", "a_b", "a.b", "/44250-9", "H1/T1", "true", "7"]), said.filter(bool))


@st.composite
def options(draw: st.DrawFn) -> tuple[Option, ...]:
    originals = draw(st.lists(links, min_size=1, max_size=4, unique=True))
    codes = identifiers(originals, digits=True)
    return tuple(
        Option(
            code=codes[name],
            text=draw(texts),
            weight=draw(st.none() | st.integers(-99, 99)),
            system=draw(st.sampled_from(["", "http://loinc.org"])),
            original="" if codes[name] == name else name,
        )
        for name in originals
    )


@st.composite
def forms(draw: st.DrawFn) -> Questionnaire:
    originals = draw(st.lists(links, max_size=5, unique=True))
    ids = identifiers(originals)
    questions: list[Question] = []
    for name in originals:
        kind = draw(st.sampled_from(Kind))
        bounds = st.none() | (st.integers(-9, 9) if kind is Kind.INTEGER else st.floats(-9, 9))
        numeric = kind in {Kind.INTEGER, Kind.DECIMAL}
        shown = draw(st.lists(conditions(questions), max_size=2)) if questions else []
        questions.append(
            Question(
                id=ids[name],
                kind=kind,
                text=draw(texts),
                hint=draw(st.none() | full_texts),
                why=draw(st.none() | texts),
                options=draw(options()) if kind in {Kind.CHOICE, Kind.MULTICHOICE} else (),
                minimum=draw(bounds) if numeric else None,
                maximum=draw(bounds) if numeric else None,
                unit=draw(st.none() | texts) if numeric else None,
                optional=draw(st.booleans()),
                sensitive=draw(st.booleans()),
                hidden=draw(st.booleans()),
                shown_when=tuple(shown),
                shown_when_any=bool(shown) and draw(st.booleans()),
                original="" if ids[name] == name else name,
            )
        )
    derived = tuple(draw(st.lists(said.filter(bool), max_size=2)))
    return Questionnaire(
        id="some_form",
        version=draw(said),
        title=draw(texts),
        questions=tuple(questions),
        derived_from=derived,
        copyright=draw(said),
    )


def conditions(before: list[Question]) -> st.SearchStrategy[Condition]:
    def of(other: Question) -> st.SearchStrategy[Condition]:
        ops = st.sampled_from(["=", "<", ">=", ">"])
        if other.options:
            values = st.sampled_from([option.code for option in other.options])
            return st.builds(Condition, question=st.just(other.id), op=st.just("="), value=values)
        if other.kind is Kind.BOOLEAN:
            return st.builds(Condition, question=st.just(other.id), op=st.just("="), value=st.booleans())
        numbers = st.integers(-99, 99) | st.floats(-99, 99)
        return st.builds(Condition, question=st.just(other.id), op=ops, value=numbers)

    return st.sampled_from(before).flatmap(of)


@settings(max_examples=sized(66, 200, 5_000))
@given(made=forms())
def test_any_questionnaire_survives_writing_and_reading(made: Questionnaire) -> None:
    written = json.loads(json.dumps(fhir.serialise(made)))
    assert fhir.parse(written, "f") == made
    assert fhir.serialise(fhir.parse(written, "f")) == written


leaf = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
words = st.sampled_from(
    [
        *("item", "linkId", "type", "text", "_text", "extension", "url", "answerOption", "valueCoding"),
        *("enableWhen", "operator", "question", "answerInteger", "contained", "answerValueSet", "compose"),
        *("include", "concept", "valueDecimal", "valueInteger", "code", "display", "derivedFrom", "language"),
        *("id", "required"),
    ]
)
anything = st.recursive(
    leaf,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=8), inner, max_size=5)
    ),
    max_leaves=40,
)


def loads_or_names_its_faults(data: object) -> None:
    for read in (lambda: fhir.parse(data, "f"), lambda: adopted(data)):
        told: tuple[Fault, ...] | None = None
        try:
            read()
        except ContentFaults as refused:
            told = refused.faults
        assert told is None or "\n".join(map(str, told)).encode("utf-8", "strict")


@settings(max_examples=sized(100, 300, 5_000))
@given(data=anything, is_form=st.booleans())
def test_any_json_loads_or_is_refused(data: object, is_form: bool) -> None:
    if is_form and isinstance(data, dict):
        data = {**data, "resourceType": "Questionnaire"}
    loads_or_names_its_faults(data)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from places(inner, (*at, key))


WHOLE = {name: example(name) for name in ("phq9", "hunger-vital-signs", "weight-height")}
PLACES = [(name, at) for name, data in WHOLE.items() for at in places(data) if at]


@settings(max_examples=sized(100, 300, 5_000))
@given(place=st.sampled_from(PLACES), junk=anything)
def test_example_with_anything_anywhere_loads_or_is_refused(
    place: tuple[str, tuple[Any, ...]], junk: object
) -> None:
    name, at = place
    data: Any = copy.deepcopy(WHOLE[name])
    holder = data
    for key in at[:-1]:
        holder = holder[key]
    holder[at[-1]] = junk
    loads_or_names_its_faults(data)


@pytest.mark.parametrize(
    "name", ["item", "extension", "contained", "title", "linkId", "type", "answerOption"]
)
def test_deep_nesting_is_refused(name: str) -> None:
    deep: Any = []
    groups: Any = question("q")
    for level in range(3_000):
        deep = [deep]
        groups = group(f"g{level}", groups)
    said = refusals(form(question("a", **{name: deep}), groups, **{name: deep} if name == "title" else {}))
    assert len(said) > 0
    assert any("too deeply" in each for each in said) or name == "title"


@pytest.mark.parametrize("number", [10**400, float("inf"), float("nan"), -(10**20), True, "3"])
def test_number_out_of_reach_is_refused(number: object) -> None:
    extension = [{"url": HL7 + "minValue", "valueDecimal": number}]
    assert any(
        "minValue is not a number" in each for each in refusals(form(question("a", extension=extension)))
    )
