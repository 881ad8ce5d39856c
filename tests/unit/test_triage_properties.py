from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.urgency import Urgency, more_urgent
from triage import engine
from triage.definition import UNKNOWN, Answers, GateResult, Kind, Question, Subject, Value
from triage.loader import load

CONTENT = load(Path(__file__).parents[2] / "config" / "oma-hame" / "triage", require_approval=False)
CLEAR = GateResult(level=None, fired=(), tags=frozenset())
QUESTIONS = {
    question.id: question
    for form in (CONTENT.common, *(topic.questionnaire for topic in CONTENT.topics.values()))
    for question in form.questions
    if not question.hidden and question.id not in CONTENT.roof
}

topics = st.sampled_from(sorted(CONTENT.topics))
subjects = st.builds(
    Subject,
    age=st.none() | st.integers(0, 100),
    sex=st.sampled_from(["female", "male", "unknown"]),
)


def values(question: Question) -> st.SearchStrategy[Value]:
    match question.kind:
        case Kind.BOOLEAN:
            return st.booleans()
        case Kind.CHOICE:
            return st.sampled_from([option.code for option in question.options])
        case Kind.INTEGER:
            return st.integers(int(question.minimum or 0), int(question.maximum or 100))
        case _:
            return st.floats(question.minimum, question.maximum)


full = st.fixed_dictionaries({name: values(question) for name, question in QUESTIONS.items()})


def with_what_shows_them(names: set[str]) -> set[str]:
    """The questions and those their show-conditions read: what a person can have answered at some moment."""
    wanted = set(names)
    for name in sorted(names):
        for condition in QUESTIONS[name].shown_when:
            scored = {"phq1", "phq2"} if condition.question == "phq2_total" else {condition.question}
            wanted |= with_what_shows_them(scored)
    return wanted


kept = st.sets(st.sampled_from(sorted(QUESTIONS))).map(with_what_shows_them)


def level(topic: str, answers: Answers, subject: Subject) -> Urgency:
    return engine.evaluate(CONTENT, topic, answers, subject, gate=CLEAR, finished=True).level


@settings(max_examples=300)
@given(topic=topics, answers=full, left=kept, subject=subjects)
def test_complete_result_is_never_raised_by_what_was_left_unanswered(
    topic: str, answers: dict[str, Value], left: set[str], subject: Subject
) -> None:
    part = {name: value for name, value in answers.items() if name in left}
    before = engine.evaluate(CONTENT, topic, part, subject, gate=CLEAR, finished=True)
    after = engine.evaluate(CONTENT, topic, answers, subject, gate=CLEAR, finished=True)
    if before.complete:
        assert after.level.rank >= before.level.rank
    if before.level is Urgency.SELF_CARE:
        assert before.complete
        assert after.level is Urgency.SELF_CARE
    assert {fired.id for fired in before.fired} <= {fired.id for fired in after.fired}


@settings(max_examples=300)
@given(topic=topics, answers=full, left=kept, subject=subjects)
def test_unanswered_and_i_do_not_know_are_the_same(
    topic: str, answers: dict[str, Value], left: set[str], subject: Subject
) -> None:
    part = {name: value for name, value in answers.items() if name in left}
    said = {name: answers[name] if name in left else UNKNOWN for name in answers}
    assert engine.evaluate(CONTENT, topic, part, subject, gate=CLEAR, finished=True) == engine.evaluate(
        CONTENT, topic, said, subject, gate=CLEAR, finished=True
    )


@settings(max_examples=300)
@given(
    topic=topics, answers=full, left=kept, subject=subjects, worse=st.sampled_from(["poor_condition", "pain"])
)
def test_poor_condition_and_severe_pain_never_lower(
    topic: str, answers: dict[str, Value], left: set[str], subject: Subject, worse: str
) -> None:
    part = {name: value for name, value in answers.items() if name in left}
    bad = {**part, worse: True if worse == "poor_condition" else 9}
    assert level(topic, bad, subject).rank <= min(level(topic, part, subject).rank, Urgency.SAME_DAY.rank)


@settings(max_examples=200)
@given(topic=topics, answers=full, subject=subjects, finished=st.booleans())
def test_without_the_emergency_page_nothing_is_complete_but_an_emergency(
    topic: str, answers: dict[str, Value], subject: Subject, finished: bool
) -> None:
    result = engine.evaluate(CONTENT, topic, answers, subject, gate=None, finished=finished)
    assert result.complete == (result.level is Urgency.EMERGENCY)
    assert result.level is not Urgency.SELF_CARE


@settings(max_examples=200)
@given(topic=topics, answers=full, subject=subjects)
def test_gate_only_makes_more_urgent(topic: str, answers: dict[str, Value], subject: Subject) -> None:
    emergency = engine.gate(CONTENT, frozenset({"gate_chest"}))
    infant = engine.gate(CONTENT, frozenset({"gate_infant_fever"}))
    ended = engine.evaluate(CONTENT, topic, answers, subject, gate=emergency, finished=False)
    assert (ended.level, ended.complete) == (Urgency.EMERGENCY, True)
    both = engine.evaluate(CONTENT, topic, answers, subject, gate=infant, finished=True)
    assert both.level is more_urgent(Urgency.ED, level(topic, answers, subject))


junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()) | st.binary()


@settings(max_examples=400)
@given(
    topic=topics,
    answers=st.dictionaries(st.sampled_from(sorted(QUESTIONS)) | st.text(), junk),
    subject=subjects,
    gate=st.none() | st.just(CLEAR),
    finished=st.booleans(),
)
def test_no_answers_whatever_make_the_engine_raise(
    topic: str, answers: Answers, subject: Subject, gate: GateResult | None, finished: bool
) -> None:
    engine.evaluate(CONTENT, topic, answers, subject, gate=gate, finished=finished)
    engine.questions(CONTENT, topic, answers, subject)
    engine.next_question(CONTENT, topic, answers, subject)
    low, high = engine.remaining(CONTENT, topic, answers, subject)
    assert 0 <= low <= high


@settings(max_examples=150)
@given(topic=topics, answers=full, subject=subjects)
def test_walk_asks_each_question_once_within_the_told_range(
    topic: str, answers: dict[str, Value], subject: Subject
) -> None:
    given_so_far: dict[str, Value] = {}
    most = engine.remaining(CONTENT, topic, given_so_far, subject)[1]
    while (question := engine.next_question(CONTENT, topic, given_so_far, subject)) is not None:
        assert question.id not in given_so_far
        given_so_far[question.id] = answers[question.id]
    assert len(given_so_far) <= most
    walked = engine.evaluate(CONTENT, topic, given_so_far, subject, gate=CLEAR, finished=True)
    assert walked.complete
    ruled_out = CONTENT.topic(topic).not_applicable
    others = {name: value for name, value in answers.items() if name not in ruled_out}
    assert walked.level is level(topic, others, subject)


@given(a=st.sampled_from(Urgency), b=st.sampled_from(Urgency))
def test_more_urgent_is_the_smaller_rank(a: Urgency, b: Urgency) -> None:
    assert more_urgent(a, b).rank == min(a.rank, b.rank)
