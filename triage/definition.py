"""What a questionnaire is: frozen values, texts in three languages, rules with sources. Decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from core.urgency import Urgency
from triage.errors import UnknownTopic
from triage.expressions import Expression
from triage.readings import Test

Value = bool | int | float | str | tuple[str, ...]
Answers = Mapping[str, Value]
UNKNOWN: Final = "unknown"
LANGUAGES: Final = ("fi", "sv", "en")
GROUPS: Final = (
    "infection",
    "belly",
    "heart_head",
    "injury",
    "muscles",
    "mental",
    "dental",
    "family",
    "matters",
    "other",
)  # how topics stand together on the page where one is chosen, in this order
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
    """One choice. `system` and `original` are the code as a questionnaire made elsewhere states it;
    `original` only where `code`, which rules name, is another."""

    code: str
    text: Text
    weight: int | None = None
    system: str = ""
    original: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One `enableWhen`: the question is shown when the other's answer compares so."""

    question: str
    op: str
    value: bool | int | float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of one page. `hidden` ones are never asked: they hold a computed score. `original` is
    its linkId in a questionnaire made elsewhere, where `id`, which rules name, is another."""

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
    original: str = ""

    @property
    def ordinal(self) -> bool:
        """Whether the options are digits, which compare as numbers."""
        return bool(self.options) and all(option.code.isdecimal() for option in self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Questionnaire:
    """The questions of one file. `derived_from` and `copyright` are those of the one it was made from."""

    id: str
    version: str
    title: Text
    questions: tuple[Question, ...]
    derived_from: tuple[str, ...] = ()
    copyright: str = ""

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
    """One condition and its one consequence, with where it comes from; `advice` is told at once."""

    id: str
    when: str
    expression: Expression
    test: Test = field(compare=False, repr=False)
    level: Urgency | None = None
    goto: str | None = None
    tags: frozenset[str] = frozenset()
    why: Text
    advice: Text | None = None
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
    `not_applicable` states which ones do not concern this topic and so count as no. `relieving` names the
    own questions whose yes is the better answer. `words` are stems by language that suggest
    the topic, `home_care` the advice by language when it ends in self-care."""

    id: str
    queue: str
    name: Text
    group: str
    words: Mapping[str, tuple[str, ...]] = field(repr=False)
    home_care: Mapping[str, tuple[str, ...]] = field(repr=False)
    relieving: tuple[str, ...]
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
    def canonical(self) -> str:
        """`<topic>|<version>`: the name under which answers are stored."""
        return f"{self.id}|{self.ruleset.version}"

    @property
    def mildest(self) -> Urgency:
        """The least urgent level the topic's own rules and default name."""
        levels = [rule.level for rule in self.ruleset.rules if rule.level is not None]
        return max((*levels, self.default_level), key=lambda level: level.rank)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Content:
    """All questionnaires of a county, as loaded; equal only to itself. `gate` asks for emergencies now,
    `past` for those of today that are over."""

    gate: Questionnaire
    gate_rules: RuleSet
    past: Questionnaire
    past_rules: RuleSet
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

    def common_question(self, question_id: str) -> Question | None:
        """A question asked in many topics, or by the pages around them."""
        return self.common.question(question_id)

    def question(self, topic_id: str, question_id: str) -> Question | None:
        """The topic's own question, or the common one of that id."""
        return self.topic(topic_id).questionnaire.question(question_id) or self.common.question(question_id)

    @property
    def gates(self) -> tuple[tuple[Questionnaire, RuleSet], ...]:
        """The two emergency pages with their rules, in the order of asking."""
        return ((self.gate, self.gate_rules), (self.past, self.past_rules))

    @property
    def rulesets(self) -> tuple[RuleSet, ...]:
        """Every file of rules, the common ones first."""
        topics = (topic.ruleset for topic in self.topics.values())
        return (self.gate_rules, self.past_rules, self.common_rules, self.floor, *topics)

    @property
    def approved(self) -> bool:
        """Whether every file names its approver; example content does not and every screen says so."""
        return all(ruleset.approved_by for ruleset in self.rulesets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The person concerned, as far as known from identity; `None` and "unknown" are asked."""

    age: int | None = None
    age_months: int | None = None
    sex: Literal["female", "male", "unknown"] = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """What the emergency pages come to; no level when nothing was ticked. Not `complete` while a sign of
    danger is neither ticked nor passed over on an answered page."""

    level: Urgency | None
    fired: tuple[str, ...]
    tags: frozenset[str]
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the answers come to, with the rules that are true, most urgent first. Not `complete` while an
    answer could still change the level."""

    level: Urgency
    queue: str
    topic: str
    fired: tuple[Rule, ...]
    tags: frozenset[str]
    complete: bool
    version: str
