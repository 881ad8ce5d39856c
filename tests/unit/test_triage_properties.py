from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.urgency import Urgency, more_urgent
from tests.faults.sizes import sized
from triage import engine, probing
from triage.definition import UNKNOWN, Answers, GateResult, Kind, Question, Subject, Value
from triage.environment import run
from triage.loader import load

CONTENT = load(Path(__file__).parents[2] / "config" / "oma-hame" / "triage", require_approval=False)
CLEAR = GateResult(level=None, fired=(), tags=frozenset(), complete=True)
OPEN = engine.gate(CONTENT, {})
QUESTIONS = {
    name: {
        question.id: question
        for question in probing.all_questions(CONTENT, topic)
        if question.id not in CONTENT.roof and question.kind is not Kind.TEXT
    }
    for name, topic in CONTENT.topics.items()
}
EVERY_NAME = sorted({name for questions in QUESTIONS.values() for name in questions})
SCORES = {s.id: set(s.items) for topic in CONTENT.topics.values() for s in topic.ruleset.scores}

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
        case Kind.MULTICHOICE:
            codes = st.sampled_from([option.code for option in question.options])
            return st.lists(codes, min_size=1, unique=True).map(tuple)
        case Kind.INTEGER:
            return st.integers(int(question.minimum or 0), int(question.maximum or 100))
        case _:
            return st.floats(question.minimum, question.maximum)


@st.composite
def filled(draw: st.DrawFn) -> tuple[str, dict[str, Value]]:
    """A topic and answers to all that it can ask."""
    topic = draw(topics)
    return topic, draw(st.fixed_dictionaries({name: values(q) for name, q in QUESTIONS[topic].items()}))


@st.composite
def left_halfway(draw: st.DrawFn) -> tuple[str, dict[str, Value], set[str]]:
    """The same, and the names of some questions with those that their show-conditions read."""
    topic, answers = draw(filled())
    kept = draw(st.sets(st.sampled_from(sorted(answers))))
    return topic, answers, with_what_shows_them(topic, kept)


def with_what_shows_them(topic: str, names: set[str]) -> set[str]:
    """What a person can have answered at some moment."""
    wanted = set(names)
    for name in sorted(names):
        for condition in QUESTIONS[topic][name].shown_when:
            scored = SCORES.get(condition.question, {condition.question})
            wanted |= with_what_shows_them(topic, scored & QUESTIONS[topic].keys())
    return wanted


def level(topic: str, answers: Answers, subject: Subject) -> Urgency:
    return engine.evaluate(CONTENT, topic, answers, subject, gate=CLEAR, finished=True).level


@settings(max_examples=sized(150, 300, 5_000))
@given(form=left_halfway(), subject=subjects)
def test_complete_result_is_never_raised_by_what_was_left_unanswered(
    form: tuple[str, dict[str, Value], set[str]], subject: Subject
) -> None:
    topic, answers, left = form
    part = {name: value for name, value in answers.items() if name in left}
    before = engine.evaluate(CONTENT, topic, part, subject, gate=CLEAR, finished=True)
    after = engine.evaluate(CONTENT, topic, answers, subject, gate=CLEAR, finished=True)
    if before.complete:
        assert after.level.rank >= before.level.rank
    if before.level is Urgency.SELF_CARE:
        assert before.complete
        assert after.level is Urgency.SELF_CARE
    assert {fired.id for fired in before.fired} <= {fired.id for fired in after.fired}


@settings(max_examples=sized(150, 300, 5_000))
@given(form=left_halfway(), subject=subjects)
def test_unanswered_and_i_do_not_know_are_the_same(
    form: tuple[str, dict[str, Value], set[str]], subject: Subject
) -> None:
    topic, answers, left = form
    part = {name: value for name, value in answers.items() if name in left}
    said = {name: answers[name] if name in left else UNKNOWN for name in answers}
    assert engine.evaluate(CONTENT, topic, part, subject, gate=CLEAR, finished=True) == engine.evaluate(
        CONTENT, topic, said, subject, gate=CLEAR, finished=True
    )


@settings(max_examples=sized(150, 300, 5_000))
@given(form=left_halfway(), subject=subjects, worse=st.sampled_from(["poor_condition", "pain"]))
def test_poor_condition_and_severe_pain_never_lower(
    form: tuple[str, dict[str, Value], set[str]], subject: Subject, worse: str
) -> None:
    topic, answers, left = form
    part = {name: value for name, value in answers.items() if name in left}
    bad = {**part, worse: True if worse == "poor_condition" else 9}
    assert level(topic, bad, subject).rank <= min(level(topic, part, subject).rank, Urgency.SAME_DAY.rank)


@settings(max_examples=sized(100, 200, 5_000))
@given(form=filled(), subject=subjects, finished=st.booleans())
def test_without_the_emergency_page_nothing_is_complete_but_an_emergency(
    form: tuple[str, dict[str, Value]], subject: Subject, finished: bool
) -> None:
    topic, answers = form
    result = engine.evaluate(CONTENT, topic, answers, subject, gate=OPEN, finished=finished)
    assert result.complete == (result.level is Urgency.EMERGENCY)
    assert result.level is not Urgency.SELF_CARE


@settings(max_examples=sized(100, 200, 5_000))
@given(form=filled(), subject=subjects)
def test_gate_only_makes_more_urgent(form: tuple[str, dict[str, Value]], subject: Subject) -> None:
    topic, answers = form
    emergency = engine.gate(CONTENT, engine.ticked(CONTENT, {"gate_chest"}, ()))
    infant = engine.gate(CONTENT, engine.ticked(CONTENT, {"gate_infant_fever"}, ()))
    ended = engine.evaluate(CONTENT, topic, answers, subject, gate=emergency, finished=False)
    assert (ended.level, ended.complete) == (Urgency.EMERGENCY, True)
    both = engine.evaluate(CONTENT, topic, answers, subject, gate=infant, finished=True)
    assert both.level is more_urgent(Urgency.ED, level(topic, answers, subject))


junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()) | st.binary()


@settings(max_examples=sized(150, 400, 5_000))
@given(
    topic=topics,
    answers=st.dictionaries(st.sampled_from(EVERY_NAME) | st.text(), junk),
    subject=subjects,
    gate=st.sampled_from([OPEN, CLEAR]),
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


@settings(max_examples=sized(75, 150, 5_000))
@given(form=filled(), subject=subjects)
def test_walk_asks_each_question_once_within_the_told_range(
    form: tuple[str, dict[str, Value]], subject: Subject
) -> None:
    topic, answers = form
    given_so_far: dict[str, Value] = {}
    fewest, most = engine.remaining(CONTENT, topic, given_so_far, subject)
    topics_run = run(CONTENT, topic, given_so_far, subject)[0].ids()
    while (question := engine.next_question(CONTENT, topic, given_so_far, subject)) is not None:
        assert question.id not in given_so_far
        assert fewest <= most
        assert most > 0
        given_so_far[question.id] = answers.get(question.id, "sanoja")
        before, went_before = most, topics_run
        fewest, most = engine.remaining(CONTENT, topic, given_so_far, subject)
        topics_run = run(CONTENT, topic, given_so_far, subject)[0].ids()
        assert most < before or topics_run != went_before
    assert most == 0
    walked = engine.evaluate(CONTENT, topic, given_so_far, subject, gate=CLEAR, finished=True)
    assert walked.complete
    ruled_out = CONTENT.topic(topic).not_applicable
    asked = given_so_far.keys()  # a topic that was moved to may ask what the first one rules out
    others = {name: value for name, value in answers.items() if name in asked or name not in ruled_out}
    assert walked.level is level(topic, others, subject)


@given(a=st.sampled_from(Urgency), b=st.sampled_from(Urgency))
def test_more_urgent_is_the_smaller_rank(a: Urgency, b: Urgency) -> None:
    assert more_urgent(a, b).rank == min(a.rank, b.rank)
