"""Looks for what is wrong in loaded content: every fault at once, each with its file and key. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.faults import Fault
from core.urgency import Urgency
from triage.definition import (
    AGE_MONTHS,
    GROUPS,
    IDENTITY,
    LANGUAGES,
    Content,
    Kind,
    Question,
    Questionnaire,
    RuleSet,
    Text,
    Topic,
)
from triage.environment import condition_of, needed_common, reached
from triage.expressions import Compare, comparisons, names
from triage.possibility import can_be_true, values_of

_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL})
_EVALUABLE = frozenset({Kind.BOOLEAN, Kind.CHOICE, Kind.MULTICHOICE, Kind.INTEGER, Kind.DECIMAL})


def inspect(content: Content, *, require_approval: bool) -> list[Fault]:
    """Every fault of the content; a missing approver is one only when approval is required."""
    found = [*_texts(content), *_rule_ids(content), *_gate(content), *_common(content), *_versions(content)]
    found += [*_shared_ids(content), *_same_words(content)]
    for topic in content.topics.values():
        found += _topic(content, topic)
    for ruleset in content.rulesets:
        found += _provenance(content, ruleset)
        if require_approval and not ruleset.approved_by:
            found.append(_rules_fault(ruleset.id, "approved_by", "nobody has approved this content"))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vocabulary:
    """The ids a rule may read in one place, with the values they can take."""

    questions: Mapping[str, Question]
    scores: Mapping[str, tuple[int, int]]

    def __contains__(self, name: str) -> bool:
        return name in self.questions or name in self.scores


def _topic(content: Content, topic: Topic) -> Iterator[Fault]:
    common = {question.id: question for question in content.common.questions}
    own = {question.id: question for question in topic.questionnaire.questions}
    stated = (*topic.uses, *topic.uses_last, *topic.not_applicable)
    for name in stated:
        if name not in common:
            yield _rules_fault(topic.id, name, "is not a common question")
    for name in own.keys() & common.keys():
        yield _form_fault(topic.id, name, "has the id of a common question")
    identity = {name: common[name] for name in IDENTITY if name in common}
    known = identity | {name: common[name] for name in stated if name in common} | own
    words = _Vocabulary(questions=known, scores=_scores(topic.ruleset, known))
    yield from _conditions(topic.questionnaire, known, words, later=frozenset(topic.uses_last))
    yield from _rules(topic.ruleset, words)
    yield from _score_items(topic, known)
    yield from _topic_ends(content, topic)
    yield from _unused(topic)
    yield from _never_answered(topic, known)
    yield from _for_people(topic)
    yield from _floor(content, topic)
    yield from _lone_no(topic)


def _scores(ruleset: RuleSet, known: Mapping[str, Question]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for score in ruleset.scores:
        low, high = 0, 0
        for item in score.items:
            question = known.get(item)
            weights = [1, 0] if question is None or not question.options else _weights(question)
            low, high = low + min(weights), high + max(weights)
        found[score.id] = (low, high)
    return found


def _weights(question: Question) -> list[int]:
    return [
        option.weight if option.weight is not None else int(option.code) if option.code.isdecimal() else 0
        for option in question.options
    ]


def _score_items(topic: Topic, known: Mapping[str, Question]) -> Iterator[Fault]:
    for score in topic.ruleset.scores:
        for item in score.items:
            question = known.get(item)
            if question is None:
                yield _rules_fault(topic.id, score.id, f"{item} is not a question here")
            elif score.counts != (question.kind is Kind.BOOLEAN):
                yield _rules_fault(
                    topic.id, score.id, f"{item} cannot be {'counted' if score.counts else 'added'}"
                )


def _conditions(
    form: Questionnaire,
    known: Mapping[str, Question],
    words: _Vocabulary,
    later: frozenset[str] = frozenset(),
) -> Iterator[Fault]:
    before = {name for name in known if form.question(name) is None} - later
    for question in form.questions:
        before.add(question.id)
        condition = condition_of(question)
        if condition is None:
            continue
        for name in names(condition):
            if name not in known:
                yield _form_fault(form.id, question.id, f"is shown by {name}, which is not a question here")
            elif name not in before or name == question.id:
                yield _form_fault(form.id, question.id, f"is shown by {name}, which is asked later")
        wrong = [message for compare in comparisons(condition) for message in _misfit(compare, words)]
        for message in wrong:
            yield _form_fault(form.id, question.id, message)
        if not wrong and not can_be_true(condition, _domains(condition_names=names(condition), words=words)):
            yield _form_fault(form.id, question.id, "can never be shown")


def _rules(ruleset: RuleSet, words: _Vocabulary) -> Iterator[Fault]:
    for rule in ruleset.rules:
        wrong = [message for compare in comparisons(rule.expression) for message in _misfit(compare, words)]
        for message in wrong:
            yield _rules_fault(ruleset.id, rule.id, message)
        read = names(rule.expression)
        if not wrong and not can_be_true(rule.expression, _domains(condition_names=read, words=words)):
            yield _rules_fault(ruleset.id, rule.id, "can never be true")


def _domains(*, condition_names: tuple[str, ...], words: _Vocabulary) -> dict[str, tuple[object, ...]]:
    return {name: values_of(words.questions.get(name), words.scores.get(name)) for name in condition_names}


def _misfit(compare: Compare, words: _Vocabulary) -> Iterator[str]:
    name, literal = compare.name, compare.literal
    question = words.questions.get(name)
    if name not in words:
        yield f"{name} is not a question here"
    elif question is None or question.kind in {Kind.INTEGER, Kind.DECIMAL}:
        if isinstance(literal, bool | str):
            yield f"{name} is a number, {literal} is not"
    elif question.kind is Kind.BOOLEAN:
        if not isinstance(literal, bool):
            yield f"{name} is true or false, not {literal}"
    elif question.kind not in _EVALUABLE:
        yield f"{name} is {question.kind}, which is never evaluated"
    elif isinstance(literal, bool) or str(literal) not in {option.code for option in question.options}:
        yield f"{name} has no option {literal}"


def _versions(content: Content) -> Iterator[Fault]:
    pairs = [*content.gates, (content.common, content.common_rules)]
    pairs += [(topic.questionnaire, topic.ruleset) for topic in content.topics.values()]
    for form, ruleset in pairs:
        if form.version != ruleset.version:
            yield _form_fault(ruleset.id, "version", "is not the version of the rules")


def _topic_ends(content: Content, topic: Topic) -> Iterator[Fault]:
    for rule in topic.ruleset.rules:
        if rule.goto is not None and (rule.goto not in content.topics or rule.goto == topic.id):
            yield _rules_fault(topic.id, rule.id, f"there is no other topic {rule.goto}")
        if rule.level is Urgency.SELF_CARE and not topic.self_care:
            yield _rules_fault(topic.id, rule.id, "this topic never ends in self-care")
    if topic.default_level is Urgency.SELF_CARE and not topic.self_care:
        yield _rules_fault(topic.id, "default_level", "this topic never ends in self-care")


def _shared_ids(content: Content) -> Iterator[Fault]:
    """Topics that lead to each other keep one set of answers: an id must mean the same in both."""
    for topic in content.topics.values():
        own = {question.id: question for question in topic.questionnaire.questions}
        for other in reached(content, topic):
            for question in other.questionnaire.questions if other.id != topic.id else ():
                mine = own.get(question.id)
                if mine is not None and (mine.text, mine.options) != (question.text, question.options):
                    message = f"means something else in {other.id}, where it leads"
                    yield _form_fault(topic.id, question.id, message)


def _unused(topic: Topic) -> Iterator[Fault]:
    used = {name for rule in topic.ruleset.rules for name in names(rule.expression)}
    used |= {item for score in topic.ruleset.scores for item in score.items}
    used |= {c.question for question in topic.questionnaire.questions for c in question.shown_when}
    for score in topic.ruleset.scores:
        if score.id not in used:
            yield _rules_fault(topic.id, score.id, "is a score that no rule reads")
    own = [question.id for question in topic.questionnaire.questions if not question.hidden]
    for name in own:
        if name not in used and name not in topic.for_nurse:
            yield _form_fault(topic.id, name, "is asked but used nowhere")
    for name in topic.for_nurse:
        if name not in own:
            yield _rules_fault(topic.id, "for_nurse", f"{name} is not a question of this topic")


def _never_answered(topic: Topic, known: Mapping[str, Question]) -> Iterator[Fault]:
    """What is read by rules must be asked and answered: an unknown keeps the form open for good."""
    scores = {score.id for score in topic.ruleset.scores}
    read = {name for rule in topic.ruleset.rules for name in names(rule.expression)}
    read |= {item for score in topic.ruleset.scores for item in score.items}
    for name in read & known.keys() - scores:
        question = known[name]
        if question.hidden:
            yield _form_fault(topic.id, name, "is never asked, so a rule that reads it stays open")
        elif question.optional:
            yield _form_fault(topic.id, name, "may be left empty, so a rule that reads it stays open")
        elif question.kind in _NUMBERS and (question.minimum is None or question.maximum is None):
            yield _form_fault(topic.id, name, "has no least or greatest number")


def _for_people(topic: Topic) -> Iterator[Fault]:
    """What residents need of a topic: words that lead to it, and advice where it ends in self-care."""
    ends = {topic.default_level, *(rule.level for rule in topic.ruleset.rules)}
    for language in LANGUAGES:
        if not topic.words.get(language):
            yield _rules_fault(topic.id, "words", f"has none in {language}")
        if Urgency.SELF_CARE in ends and not topic.home_care.get(language):
            yield _rules_fault(topic.id, "home_care", f"ends in self-care without advice in {language}")
    for name in topic.relieving:
        if topic.questionnaire.question(name) is None:
            yield _rules_fault(topic.id, "relieving", f"{name} is not a question of this topic")
    if topic.group not in GROUPS:
        yield _rules_fault(topic.id, "group", f"is none of {', '.join(GROUPS)}")


def _floor(content: Content, topic: Topic) -> Iterator[Fault]:
    stated = {*topic.uses, *topic.uses_last, *topic.not_applicable, *needed_common(content, [topic])}
    for rule in content.floor.rules:
        if rule.level is not None and rule.level.rank < topic.mildest.rank:
            for name in names(rule.expression):
                if name not in stated:
                    yield _rules_fault(topic.id, name, f"{rule.id} reads it: ask it or rule it out")


def _lone_no(topic: Topic) -> Iterator[Fault]:
    """A hidden question counts as no, so a hidden no must not raise the level."""
    hidden = {q.id for q in topic.questionnaire.questions if q.shown_when and q.kind is Kind.BOOLEAN}
    for rule in topic.ruleset.rules:
        raises = rule.level is not None and rule.level.rank < topic.default_level.rank
        for compare in comparisons(rule.expression):
            if raises and compare.name in hidden and compare.literal is False:
                yield _rules_fault(topic.id, rule.id, f"{compare.name}: a hidden no raises the level")


def _gate(content: Content) -> Iterator[Fault]:
    for form, ruleset in content.gates:
        known = {question.id: question for question in form.questions}
        yield from _rules(ruleset, _Vocabulary(questions=known, scores={}))
        for question in form.questions:
            if question.kind is not Kind.BOOLEAN or question.shown_when:
                yield _form_fault(form.id, question.id, "is not a plain yes or no")
            own = Compare(name=question.id, op="=", literal=True)
            if [rule.expression for rule in ruleset.rules if rule.id == question.id] != [own]:
                yield _rules_fault(ruleset.id, question.id, "is not true of its own item alone")
        if not ruleset.rules:
            yield _rules_fault(ruleset.id, "rule", "there is no emergency rule")


def _common(content: Content) -> Iterator[Fault]:
    known = {question.id: question for question in content.common.questions}
    words = _Vocabulary(questions=known, scores={})
    yield from _conditions(content.common, known, words)
    yield from _rules(content.floor, words)
    if not content.floor.rules:
        yield _rules_fault("floor", "rule", "there is no floor")
    used = {*content.roof, *IDENTITY}
    for topic in content.topics.values():
        used |= {*topic.uses, *topic.uses_last}
    for name in known.keys() - used:
        yield _form_fault("common", name, "is asked in no topic")
    for name in (*content.roof, *(IDENTITY if content.topics else ())):
        if name not in known:
            yield _rules_fault("common", name, "is not a common question")
    if AGE_MONTHS in known and not known[AGE_MONTHS].shown_when:
        yield _form_fault("common", AGE_MONTHS, "must be asked of the youngest only")


def _rule_ids(content: Content) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for ruleset in content.rulesets:
        for rule in ruleset.rules:
            if rule.id in seen:
                yield _rules_fault(ruleset.id, rule.id, f"the id is used in {seen[rule.id]} too")
            seen[rule.id] = ruleset.id


def _provenance(content: Content, ruleset: RuleSet) -> Iterator[Fault]:
    for rule in ruleset.rules:
        if not rule.source:
            yield _rules_fault(ruleset.id, rule.id, "names no source")
        for source in rule.source:
            if source not in content.sources:
                yield _rules_fault(ruleset.id, rule.id, f"{source} is not in sources.toml")


def _texts(content: Content) -> Iterator[Fault]:
    forms = [
        content.gate,
        content.past,
        content.common,
        *(topic.questionnaire for topic in content.topics.values()),
    ]
    for form in forms:
        yield from _untranslated(f"{form.id}.questionnaire.json", "title", form.title)
        for question in form.questions:
            for text in _question_texts(question):
                yield from _untranslated(f"{form.id}.questionnaire.json", question.id, text)
            yield from _options(form.id, question)
    for topic in content.topics.values():
        yield from _untranslated(f"{topic.id}.rules.toml", "name", topic.name)
    for ruleset in content.rulesets:
        for rule in ruleset.rules:
            yield from _untranslated(f"{ruleset.id}.rules.toml", f"{rule.id}.why", rule.why)


def _same_words(content: Content) -> Iterator[Fault]:
    """Two pages of one form must not have the same heading: a listener could not tell them apart."""
    for topic in content.topics.values():
        common = [content.common.question(name) for name in (*topic.uses, *topic.uses_last)]
        asked = [q for q in (*common, *topic.questionnaire.questions) if q is not None and not q.hidden]
        for language in LANGUAGES:
            seen: set[str] = set()
            for question in asked:
                text = question.text.get(language)
                if text in seen:
                    yield _form_fault(
                        topic.id, question.id, f"has the words of another question in {language}"
                    )
                seen.add(text)


def _question_texts(question: Question) -> Iterator[Text]:
    yield question.text
    yield from (text for text in (question.hint, question.why, question.unit) if text is not None)
    yield from (option.text for option in question.options)


def _options(form: str, question: Question) -> Iterator[Fault]:
    codes = [option.code for option in question.options]
    if bool(codes) != (question.kind in {Kind.CHOICE, Kind.MULTICHOICE}):
        yield _form_fault(form, question.id, "has options only if it is a choice")
    if len(set(codes)) != len(codes) or "unknown" in codes or "" in codes:
        yield _form_fault(form, question.id, "has an option code twice, empty or named unknown")


def _untranslated(source: str, key: str, text: Text) -> Iterator[Fault]:
    for language in text.missing():
        yield Fault(source=source, key=key, message=f"the text in {language} is missing")


def _rules_fault(name: str, key: str, message: str) -> Fault:
    return Fault(source=f"{name}.rules.toml", key=key, message=message)


def _form_fault(name: str, key: str, message: str) -> Fault:
    return Fault(source=f"{name}.questionnaire.json", key=key, message=message)
