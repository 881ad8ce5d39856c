"""A questionnaire played in a terminal: each question, and the level after it with the rules behind it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from triage.answers import check_answer
from triage.definition import UNKNOWN, Content, GateResult, Kind, Question, Result, Subject, Value
from triage.engine import evaluate, gate, next_question, remaining, ticked
from triage.errors import AnswerFault

NOBODY = Subject()
YES, NO = ("k", "y", "j", "kyllä", "yes", "ja"), ("e", "n", "ei", "no", "nej")
WORDS = dict.fromkeys(YES, "true") | dict.fromkeys(NO, "false")


@dataclass(slots=True, kw_only=True)
class Player:
    """One game. `read` asks a line (None: no more input), `write` shows one."""

    content: Content
    topic: str
    language: str
    read: Callable[[str], str | None]
    write: Callable[[str], None]
    answers: dict[str, Value] = field(default_factory=dict)

    def play(self) -> Result:
        """Plays to the end, or to the end of input, and shows the result."""
        passed = self._gate()
        if passed.level is not None:
            self.write(f"  -> {passed.level}: {', '.join(passed.fired)}")
        while (question := self._next(passed)) is not None:
            low, high = remaining(self.content, self.topic, self.answers, NOBODY)
            self.write(f"\n{question.text.get(self.language)}  [{question.id}; {low}–{high} left]")
            value = self._ask(question)
            if value is None:
                break
            self.answers[question.id] = value
            self._show(self._judge(passed, finished=False))
        result = self._judge(passed, finished=True)
        self.write("\n=")
        self._show(result)
        return result

    def _next(self, passed: GateResult) -> Question | None:
        if self._judge(passed, finished=False).level.rank == 0:
            return None
        return next_question(self.content, self.topic, self.answers, NOBODY)

    def _judge(self, passed: GateResult, *, finished: bool) -> Result:
        return evaluate(self.content, self.topic, self.answers, NOBODY, gate=passed, finished=finished)

    def _gate(self) -> GateResult:
        """Both emergency pages: the numbers of what is so, nothing for none of these."""
        pages: list[list[str]] = []
        for form, _ in self.content.gates:
            self.write(f"\n{form.title.get(self.language)}")
            for number, question in enumerate(form.questions, 1):
                self.write(f"  {number}. {question.text.get(self.language)}")
            typed = self.read("numbers or nothing > ") or ""
            chosen = {int(part) for part in typed.replace(",", " ").split() if part.isdecimal()}
            pages.append([q.id for n, q in enumerate(form.questions, 1) if n in chosen])
        return gate(self.content, ticked(self.content, *pages))

    def _ask(self, question: Question) -> Value | None:
        """A valid answer, asked for until there is one; None at the end of input."""
        for number, option in enumerate(question.options, 1):
            self.write(f"  {number}. {option.text.get(self.language)}")
        hint = {Kind.BOOLEAN: "k/e/?"}.get(question.kind, "number/?" if question.options else "answer/?")
        while (typed := self.read(f"{hint} > ")) is not None:
            try:
                return self._typed(question, typed)
            except AnswerFault as fault:
                self.write(f"  {fault.code}")
        return None

    def _typed(self, question: Question, typed: str) -> Value:
        if typed == "?":
            return UNKNOWN
        if question.kind is Kind.BOOLEAN:
            return check_answer(question, WORDS.get(typed.lower(), typed))
        if question.options:
            numbers = [int(part) for part in typed.replace(",", " ").split() if part.isdecimal()]
            codes = [question.options[n - 1].code for n in numbers if 0 < n <= len(question.options)]
            return check_answer(question, codes if question.kind is Kind.MULTICHOICE else "".join(codes[:1]))
        return check_answer(question, typed)

    def _show(self, result: Result) -> None:
        state = "" if result.complete else " (could still change)"
        self.write(f"  -> {result.level} {result.queue}{state}")
        for rule in result.fired:
            self.write(f"     {rule.id}: {rule.why.get(self.language)} [{', '.join(rule.source)}]")
