"""What a questionnaire is: frozen values, texts in three languages, rules with sources. Decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from core.urgency import Urgency
from triage.errors import UnknownTopic
from triage.expressions import Expression, Test

Value = bool | int | float | str | tuple[str, ...]
Answers = Mapping[str, Value]
UNKNOWN: Final = "unknown"
LANGUAGES: Final = ("fi", "sv", "en")
AGE: Final = "age"
AGE_MONTHS: Final = "age_months"
SEX: Final = "sex"
IDENTITY: Final = (AGE, AGE_MONTHS, SEX)


class Kind(StrEnum):
    BOOLEAN = "boolean"
    CHOICE = "choice"
    MULTICHOICE = "multichoice"
    INTEGER = "integer"
    DECIMAL = "decimal"
    TEXT = "text"
    PHONE = "phone"
    DATE = "date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text in the three languages; as a string it is the Finnish one."""

    fi: str
    sv: str = ""
    en: str = ""

    def get(self, language: str) -> str:
        """The text in `language`, in Finnish where it is missing."""
        return {"sv": self.sv, "en": self.en}.get(language) or self.fi

    def missing(self) -> tuple[str, ...]:
        """The languages without a text."""
        return tuple(language for language in LANGUAGES if not str(getattr(self, language)).strip())

    def __str__(self) -> str:
        return self.fi


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    code: str
    text: Text
    weight: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One `enableWhen`: the question is shown when the other's answer compares so."""

    question: str
    op: str
    value: bool | int | float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of one page. `hidden` ones are never asked: they hold a computed score."""

    id: str
    kind: Kind
    text: Text
    hint: Text | None = None
    why: Text | None = None
    options: tuple[Option, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unit: Text | None = None
    optional: bool = False
    sensitive: bool = False
    hidden: bool = False
    shown_when: tuple[Condition, ...] = ()
    shown_when_any: bool = False

    @property
    def ordinal(self) -> bool:
        """Whether the options are digits, which compare as numbers."""
        return bool(self.options) and all(option.code.isdecimal() for option in self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Questionnaire:
    id: str
    version: str
    title: Text
    questions: tuple[Question, ...]

    def question(self, question_id: str) -> Question | None:
        """The question of that id."""
        return next((question for question in self.questions if question.id == question_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A number made of answers: the sum of their weights, or how many are true."""

    id: str
    items: tuple[str, ...]
    counts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One condition and its one consequence, with where it comes from."""

    id: str
    when: str
    expression: Expression
    test: Test = field(compare=False, repr=False)
    level: Urgency | None = None
    goto: str | None = None
    tags: frozenset[str] = frozenset()
    why: Text
    source: tuple[str, ...]
    confidence: Literal["V", "K", "V/K"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The rules of one file with the version and approver the file states."""

    id: str
    version: str
    approved_by: str
    rules: tuple[Rule, ...]
    scores: tuple[Score, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One reason of contact. Common questions: `uses` first, `uses_last` after the topic's own;
    `not_applicable` states which ones do not concern this topic and so count as no."""

    id: str
    queue: str
    name: Text
    default_level: Urgency
    icpc2: tuple[str, ...]
    self_care: bool
    self_care_links: tuple[str, ...]
    uses: tuple[str, ...]
    uses_last: tuple[str, ...]
    not_applicable: tuple[str, ...]
    for_nurse: tuple[str, ...]
    questionnaire: Questionnaire
    ruleset: RuleSet

    @property
    def version(self) -> str:
        """The topic's version as its rules file states it."""
        return self.ruleset.version

    @property
    def mildest(self) -> Urgency:
        """The least urgent level the topic's own rules and default name."""
        levels = [rule.level for rule in self.ruleset.rules if rule.level is not None]
        return max((*levels, self.default_level), key=lambda level: level.rank)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Content:
    """All questionnaires of a county, as loaded; equal only to itself."""

    gate: Questionnaire
    gate_rules: RuleSet
    common: Questionnaire
    common_rules: RuleSet
    roof: tuple[str, ...]
    floor: RuleSet
    topics: Mapping[str, Topic]
    sources: Mapping[str, str]

    def topic(self, topic_id: str) -> Topic:
        """The topic of that id; raises UnknownTopic."""
        found = self.topics.get(topic_id)
        if found is None:
            raise UnknownTopic()
        return found

    def version(self, topic_id: str) -> str:
        """`<topic>|<version>`: the canonical name under which answers are stored."""
        return f"{topic_id}|{self.topic(topic_id).version}"

    def common_question(self, question_id: str) -> Question | None:
        """A question asked in many topics, or by the pages around them."""
        return self.common.question(question_id)

    def question(self, topic_id: str, question_id: str) -> Question | None:
        """The topic's own question, or the common one of that id."""
        return self.topic(topic_id).questionnaire.question(question_id) or self.common.question(question_id)

    @property
    def approved(self) -> bool:
        """Whether every file names its approver; example content does not and every screen says so."""
        sets = (self.gate_rules, self.common_rules, self.floor, *(t.ruleset for t in self.topics.values()))
        return all(ruleset.approved_by for ruleset in sets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The person concerned, as far as known from identity; `None` and "unknown" are asked."""

    age: int | None = None
    age_months: int | None = None
    sex: Literal["female", "male", "unknown"] = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """What the emergency question on the first page ends in; no level when nothing was ticked."""

    level: Urgency | None
    fired: tuple[str, ...]
    tags: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """One rule that was true, and why it matters; no level for moves and tags."""

    id: str
    why: Text
    level: Urgency | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the answers come to. `complete` is false while an answer could still change the level."""

    level: Urgency
    queue: str
    topic: str
    fired: tuple[Fired, ...]
    tags: frozenset[str]
    complete: bool
    version: str
