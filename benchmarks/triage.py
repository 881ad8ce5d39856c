"""How fast a form of 25 items with branching and a score is judged, beside its bare rules as Python closures.

P4 of the performance gates: at least 0.2 of the closures' evaluations per second (goal 0.6), and all shipped
questionnaires loaded within a second. The closures are the same rules over the same answers and come to the
same level; they know nothing of show-conditions, scores, age spans, kinds of answers, GOTO, early leaving,
versions or reasons, all of which the engine does in the time told here.
"""

import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.urgency import Urgency
from triage import engine
from triage.definition import (
    Condition,
    Content,
    Kind,
    Option,
    Question,
    Questionnaire,
    Rule,
    RuleSet,
    Score,
    Subject,
    Text,
    Topic,
    Value,
)
from triage.expressions import Always, Compare, Every, Expression, OneOf, Some, comparisons, compiled, parse
from triage.loader import load

FOLDER = Path(__file__).resolve().parent.parent / "config" / "oma-hame" / "triage"
ROUNDS, SECONDS = 7, 0.4
T = Text(fi="-", sv="-", en="-")
WHENS = (
    ("q0=true", "EMERGENCY"),
    ("q1=true AND (q2=true OR q3=true)", "EMERGENCY"),
    ("q4=true AND age>=50", "ED"),
    ("q5=true OR q6=true", "ED"),
    ("q7=true AND fever=true", "ED"),
    ("q8=true", "SAME_DAY"),
    ("q9=true AND q10=false", "SAME_DAY"),
    ("days>=21", "SAME_DAY"),
    ("fever=true AND fever_max>=39.5", "SAME_DAY"),
    ("total>=10", "SAME_DAY"),
    ("q11=true OR q12=true OR q13=true", "SAME_DAY"),
    ("immunosuppressed=true AND fever=true", "ED"),
    ("choice=b AND q14=true", "DAYS_1_3"),
    ("choice IN (c,d)", "DAYS_1_3"),
    ("18<=age<=65 AND q15=true", "DAYS_1_3"),
    ("total>=5", "DAYS_1_3"),
    ("sex=female AND q2=true", "DAYS_1_3"),
    ("days<=3 AND pain<=4 AND q8=false AND q9=false AND fever=false", "SELF_CARE"),
)
SCALE = tuple(Option(code=str(n), text=T, weight=n) for n in range(4))
FORM: dict[str, Value] = {
    **{f"q{n}": False for n in range(16)},
    **{f"s{n}": "1" for n in range(4)},
    "days": 5,
    "choice": "a",
    "age": 34,
    "sex": "female",
    "fever": False,
    "poor_condition": False,
    "immunosuppressed": False,
    "pregnant": "no",
    "pain": 3,
}


def bench_topic() -> Topic:
    """22 questions of its own and three common ones; four are a score, three are shown by others."""
    shown = {
        "q3": (Condition(question="q2", op="=", value=True),),
        "q10": (Condition(question="q9", op="=", value=True),),
        "q14": (Condition(question="q13", op="=", value=False),),
    }
    own = [
        Question(id=f"q{n}", kind=Kind.BOOLEAN, text=T, shown_when=shown.get(f"q{n}", ())) for n in range(16)
    ]
    own += [Question(id=f"s{n}", kind=Kind.CHOICE, text=T, options=SCALE) for n in range(4)]
    own.append(Question(id="days", kind=Kind.INTEGER, text=T, minimum=0, maximum=400))
    own.append(Question(id="choice", kind=Kind.CHOICE, text=T, options=options("a", "b", "c", "d")))
    rules = tuple(rule(n, when, level) for n, (when, level) in enumerate(WHENS))
    score = Score(id="total", items=("s0", "s1", "s2", "s3"), counts=False)
    return Topic(
        id="bench",
        queue="nurse",
        name=T,
        group="other",
        words={},
        home_care={},
        relieving=(),
        default_level=Urgency.NON_URGENT,
        icpc2=(),
        self_care=True,
        self_care_links=(),
        uses=("fever", "fever_max"),
        uses_last=("poor_condition", "immunosuppressed", "pregnant", "pain"),
        not_applicable=(),
        for_nurse=(),
        questionnaire=Questionnaire(id="bench", version="1", title=T, questions=tuple(own)),
        ruleset=RuleSet(id="bench", version="1", approved_by="", rules=rules, scores=(score,)),
    )


def options(*codes: str) -> tuple[Option, ...]:
    return tuple(Option(code=code, text=T) for code in codes)


def rule(number: int, when: str, level: str) -> Rule:
    expression = parse(when)
    test = compiled(expression)
    return Rule(
        id=f"bench.{number}",
        when=when,
        expression=expression,
        test=test,
        level=Urgency(level),
        why=T,
        source=("K",),
        confidence="K",
    )


Closure = Callable[[Mapping[str, Any]], bool | None]
HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def closure(expression: Expression) -> Closure:
    """The expression as nested closures over three values: what is usually meant by compiling a rule."""
    match expression:
        case Always():
            return lambda answers: True
        case Compare():
            name, holds, literal = expression.name, HOLDS[expression.op], expression.literal

            def compare(answers: Mapping[str, Any]) -> bool | None:
                value = answers.get(name)
                return None if value is None else holds(value, literal)

            return compare
        case OneOf():
            return _some(tuple(closure(each) for each in comparisons(expression)))
        case Every():
            return _every(tuple(closure(part) for part in expression.parts))
        case Some():
            return _some(tuple(closure(part) for part in expression.parts))


def _every(parts: tuple[Closure, ...]) -> Closure:
    def every(answers: Mapping[str, Any]) -> bool | None:
        result: bool | None = True
        for part in parts:
            truth = part(answers)
            if truth is False:
                return False
            if truth is None:
                result = None
        return result

    return every


def _some(parts: tuple[Closure, ...]) -> Closure:
    def some(answers: Mapping[str, Any]) -> bool | None:
        result: bool | None = False
        for part in parts:
            truth = part(answers)
            if truth:
                return True
            if truth is None:
                result = None
        return result

    return some


def bare(content: Content, topic: Topic) -> Callable[[Mapping[str, Any]], tuple[Urgency, list[str], bool]]:
    """The rules alone: the most urgent true level, what fired, whether something more urgent is unknown."""
    rules = [*topic.ruleset.rules, *content.floor.rules]
    rows = [(closure(r.expression), r.level.rank, r.id) for r in rules if r.level is not None]
    levels, default = tuple(Urgency), topic.default_level.rank

    def judge(answers: Mapping[str, Any]) -> tuple[Urgency, list[str], bool]:
        best, most, fired = len(levels), len(levels), []
        for test, rank, name in rows:
            truth = test(answers)
            if truth:
                fired.append(name)
                best = min(best, rank)
            elif truth is None:
                most = min(most, rank)
        found = default if best == len(levels) else best
        return levels[found], fired, most >= found

    return judge


def per_second(act: Callable[[], object]) -> float:
    """How often `act` runs in a second."""
    start = time.perf_counter()
    until, runs = start + SECONDS, 0
    while time.perf_counter() < until:
        for _ in range(200):
            act()
        runs += 200
    return runs / (time.perf_counter() - start)


def main() -> None:
    started = time.perf_counter()
    shipped = load(FOLDER, require_approval=False)
    loading = time.perf_counter() - started
    topic = bench_topic()
    content = replace(shipped, topics={**shipped.topics, "bench": topic})
    clear = engine.gate(content, engine.ticked(content, (), ()))
    nobody = Subject()
    plain = {name: int(value) if str(value).isdecimal() else value for name, value in FORM.items()}
    plain |= {"total": 4, "fever_max": 0, "q3": False, "q10": False, "age_months": 34 * 12}
    judge = bare(content, topic)

    def ours() -> Any:
        return engine.evaluate(content, "bench", FORM, nobody, gate=clear, finished=True)

    result = ours()
    assert (result.level, [r.id for r in result.fired], result.complete) == judge(plain), (
        result,
        judge(plain),
    )
    pairs = [(per_second(lambda: judge(plain)), per_second(ours)) for _ in range(ROUNDS)]
    base, our = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = sorted(our / base for base, our in pairs)
    sys.stdout.write(
        f"{len(shipped.topics)} topics loaded and inspected: {loading:.2f} s (gate 1 s)\n"
        f"25 items, {len(topic.ruleset.rules)} rules, {ROUNDS} interleaved rounds, medians:\n"
        f"closures: {base:,.0f} evaluations/s\nengine: {our:,.0f} evaluations/s\n"
        f"ratio: {statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f}; gate 0.20, goal 0.60)\n"
    )


if __name__ == "__main__":
    main()
