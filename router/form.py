"""A questionnaire as a professional fills it: several questions at once, judged after every answer. Pure.

Signs of danger are told one by one: what was neither ticked nor passed over has not been asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.urgency import Urgency
from router.reading import Why, whys
from router.stored import signs_in
from triage import engine
from triage.definition import (
    UNKNOWN,
    Answers,
    Content,
    GateResult,
    Kind,
    Question,
    Result,
    Subject,
    Value,
)
from triage.errors import AnswerFault

ASKED_FIRST = "who"
OWN_WORDS = "free_text"
Given = str | list[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What has been filled so far."""

    topic: str | None = None
    signs: Mapping[str, bool | str] = field(default_factory=dict, repr=False)
    answers: Answers = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, values: Mapping[str, object], content: Content) -> "Form":
        """The form of stored values, also of those that the resident's own pages stored."""
        topic, answers = values.get("topic"), values.get("answers")
        return cls(
            topic=topic if isinstance(topic, str) and topic in content.topics else None,
            signs=signs_in(values, content),
            answers={
                name: tuple(said) if isinstance(said, list) else said
                for name, said in (answers.items() if isinstance(answers, dict) else ())
                if isinstance(said, bool | int | float | str | list)
            },
        )

    def dump(self) -> dict[str, object]:
        """JSON for the store."""
        answers = {name: list(v) if isinstance(v, tuple) else v for name, v in self.answers.items()}
        return {"topic": self.topic, "signs": dict(self.signs), "answers": answers}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One option of a question."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question with the answer it has; `needed` is false for what may be left out."""

    id: str
    kind: str
    text: str
    hint: str
    options: tuple[Choice, ...]
    unit: str
    minimum: float | None
    maximum: float | None
    needed: bool
    answer: Value | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormView:
    """The form as the console shows it. No `level` before there is a topic or a sign of danger; while it is
    not `complete` an answer could still change it.
    """

    client_id: str | None
    topic: str | None
    signs: Mapping[str, bool | str] = field(repr=False)
    questions: tuple[Asked, ...] = field(repr=False)
    next: str | None
    left: tuple[int, int]
    level: Urgency | None
    complete: bool
    self_harm: bool
    fired: tuple[Why, ...] = field(repr=False)


def fill(
    form: Form, content: Content, given: Mapping[str, Given], *, topic: str | None, others_no: bool
) -> tuple[Form, dict[str, str]]:
    """The form with what was given, None taking an answer away; what does not fit is left out and told by
    its id with the demand that failed. `others_no` passes over every sign not told of.
    """
    faults: dict[str, str] = {}
    if topic is not None:
        if topic in content.topics:
            form = replace(form, topic=topic)
        else:
            faults["topic"] = "unknown_topic"
    for name, raw in given.items():
        try:
            form = _answered(form, content, name, raw)
        except AnswerFault as fault:
            faults[name] = fault.code
    if others_no:
        passed = {question.id: False for page, _ in content.gates for question in page.questions}
        form = replace(form, signs={**passed, **form.signs})
    return form, faults


def _answered(form: Form, content: Content, name: str, raw: Given) -> Form:
    sign = next((found for page, _ in content.gates if (found := page.question(name))), None)
    if raw is None:
        signs = {key: said for key, said in form.signs.items() if key != name}
        answers = {key: said for key, said in form.answers.items() if key != name}
        return replace(form, signs=signs, answers=answers)
    question = sign or next((each for each in asked(form, content) if each.id == name), None)
    if question is None:
        raise AnswerFault("unknown_question")
    value = engine.check_answer(question, raw)
    if sign is not None and isinstance(value, bool | str):
        return replace(form, signs={**form.signs, name: value})
    return replace(form, answers={**form.answers, name: value})


def asked(form: Form, content: Content) -> tuple[Question, ...]:
    """The questions that apply now, in order; whom it is about first, the words last."""
    own = engine.questions(content, form.topic, form.answers, Subject()) if form.topic else ()
    first, last = content.common_question(ASKED_FIRST), content.common_question(OWN_WORDS)
    found = (first, *own, last)
    return tuple(
        dict.fromkeys(question for question in found if question is not None and not question.hidden)
    )


def gate_of(form: Form, content: Content) -> GateResult:
    """What the signs of danger come to."""
    return engine.gate(content, {name: said for name, said in form.signs.items() if said != UNKNOWN})


def result_of(form: Form, content: Content) -> Result | None:
    """What the form comes to as it stands, None before there is a topic."""
    if form.topic is None:
        return None
    return engine.evaluate(
        content,
        form.topic,
        form.answers,
        Subject(),
        gate=gate_of(form, content),
        finished=_next(form, content) is None,
    )


def view_of(form: Form, content: Content, lang: str, client_id: str | None) -> FormView:
    """The form with its questions, its level and why, in one language."""
    gate, result = gate_of(form, content), result_of(form, content)
    judged: Result | GateResult = result or gate
    fired = tuple(rule.id for rule in result.fired) if result else gate.fired
    left = engine.remaining(content, form.topic, form.answers, Subject()) if form.topic else (0, 0)
    return FormView(
        client_id=client_id,
        topic=form.topic,
        signs=form.signs,
        questions=tuple(_shown(question, form, lang) for question in asked(form, content)),
        next=_next(form, content),
        left=left,
        level=judged.level,
        complete=result is not None and result.complete,
        self_harm="self_harm" in judged.tags,
        fired=whys(content, fired, lang),
    )


def _next(form: Form, content: Content) -> str | None:
    if form.topic is None:
        return None
    found = engine.next_question(content, form.topic, form.answers, Subject())
    return found.id if found else None


def _shown(question: Question, form: Form, lang: str) -> Asked:
    return Asked(
        id=question.id,
        kind=question.kind.value,
        text=question.text.get(lang),
        hint=question.hint.get(lang) if question.hint else "",
        options=tuple(Choice(code=each.code, text=each.text.get(lang)) for each in question.options),
        unit=question.unit.get(lang) if question.unit else "",
        minimum=question.minimum,
        maximum=question.maximum,
        needed=not question.optional and question.kind is not Kind.TEXT,
        answer=form.answers.get(question.id),
    )
