"""The check of all answers before they are sent, and the same answers as they are shown afterwards."""

from collections.abc import Iterator

from aiohttp import web

from core.urgency import Urgency
from ensilinja.doors import Doors, language
from ensilinja.pages import inputs, views
from ensilinja.pages import journey as way
from ensilinja.pages.journey import CHECK_PATH, Journey, Reach
from ensilinja.pages.shown import DOOR, at_phrase, go, journey, show
from ensilinja.pages.views import AnswerRow, RowGroup
from ensilinja.runtime import RUNTIME, Runtime
from router.reading import in_words
from router.rules import chat_route
from triage.definition import UNKNOWN, Content, Kind, Question, Questionnaire
from triage.expressions import names

doors = Doors("resident")

RED = frozenset({Urgency.EMERGENCY, Urgency.ED})


@doors.get(CHECK_PATH, "answers.write")
async def check_page(request: web.Request) -> web.StreamResponse:
    """All answers before sending; a gap leads back to its page."""
    told = await journey(request)
    runtime, lang = request.app[RUNTIME], language(request)
    content, limits = runtime.services.content, runtime.services.catalogue.limits
    gap = way.next_path(content, told, limits)
    if gap != CHECK_PATH:
        return go(gap)
    view = views.Check(
        groups=groups(runtime, lang, told),
        read_at=read_at(runtime, lang, told),
        back_url=way.path_before(content, told, limits, CHECK_PATH),
    )
    return show(request, "check", view)


@doors.get("/kysely/laheta", "answers.write")
async def sent_from_here(request: web.Request) -> web.StreamResponse:
    """The address that takes the answers, opened as a page: leads to the check of them."""
    return go(CHECK_PATH)


@doors.get("/kysely/lahetetty", "answers.write")
async def sent_elsewhere(request: web.Request) -> web.StreamResponse:
    """The answers were sent from another browser: only that one is shown where the contact stands."""
    return show(request, "sent_elsewhere", None)


def rows(runtime: Runtime, lang: str, told: Journey) -> tuple[AnswerRow, ...]:
    """Everything that was told, in order, to be looked at."""
    return tuple(
        AnswerRow(label=row.label, values=row.values, flagged=row.flagged)
        for group in groups(runtime, lang, told)
        for row in group.rows
    )


def groups(runtime: Runtime, lang: str, told: Journey) -> tuple[RowGroup, ...]:
    """Everything that was told: own words first, signs of danger together, then whom it is about, the
    answers, the contact.
    """
    said = _Said(runtime, lang, told)
    parts = (
        ("", (said.own_words(),)),
        ("danger", tuple(said.danger())),
        ("whom", tuple(said.whom())),
        ("answers", tuple(said.answers())),
        ("contact", tuple(said.contact())),
    )
    return tuple(RowGroup(name=said.label(name) if name else "", rows=rows) for name, rows in parts if rows)


class _Said:
    """One journey in one language, row by row."""

    def __init__(self, runtime: Runtime, lang: str, told: Journey) -> None:
        self.runtime, self.lang, self.told = runtime, lang, told
        self.content = runtime.services.content
        asked = way.asked(self.content, told, runtime.services.catalogue.limits)
        red = red_questions(self.content, told)
        about = {way.WHO, "age", "age_months", "sex"}
        self.about = [question for question in asked if question.id in about]
        self.red = [question for question in asked if question.id in red - about]
        self.other = [question for question in asked if question.id not in red | about]

    def label(self, key: str) -> str:
        return self.runtime.texts.get(self.lang, f"resident.check.{key}")

    def own_words(self) -> AnswerRow:
        words = (self.told.own_words,) if self.told.own_words else ()
        return AnswerRow(label=self.label("own_words"), values=words, change_url=way.WORDS_PATH)

    def danger(self) -> Iterator[AnswerRow]:
        gate, past = self.content.gate, self.content.past
        yield self._page("now", gate, self.told.gate, way.GATE_PATH)
        yield self._page("today", past, self.told.past, way.PAST_PATH)
        yield from self._answered(self.red)

    def _page(self, key: str, form: Questionnaire, chosen: tuple[str, ...] | None, path: str) -> AnswerRow:
        ticked = tuple(q.text.get(self.lang) for q in form.questions if q.id in (chosen or ()))
        none = (self.runtime.texts.get(self.lang, "resident.gate.none"),) if chosen is not None else ()
        return AnswerRow(label=self.label(key), values=ticked or none, change_url=path, flagged=bool(ticked))

    def whom(self) -> Iterator[AnswerRow]:
        yield from self._answered(self.about[:1])
        if self.told.basis and way.notice(self.told, self.runtime.services.catalogue.limits) == way.BASIS:
            said = self.runtime.texts.get(self.lang, f"resident.acting.basis.{self.told.basis}")
            yield AnswerRow(label=self.label("basis"), values=(said,), change_url=way.ACTING_PATH)
        yield from self._answered(self.about[1:])

    def answers(self) -> Iterator[AnswerRow]:
        topic = self.content.topics.get(self.told.topic or "")
        if topic is not None:
            name = topic.name.get(self.lang)
            yield AnswerRow(label=self.label("topic"), values=(name,), change_url=way.TOPIC_PATH)
        yield from self._answered(self.other)

    def contact(self) -> Iterator[AnswerRow]:
        phone = (self.told.phone,) if self.told.phone else ()
        yield AnswerRow(label=self.label("phone"), values=phone, change_url=way.PHONE_PATH)
        if self.told.reach is not None and (phone or self.told.reach == NOWHERE):
            said = (reach_phrase(self.runtime, self.lang, self.told.reach),)
            yield AnswerRow(label=self.label("reach"), values=said, change_url=way.PHONE_PATH)

    def _answered(self, questions: list[Question]) -> Iterator[AnswerRow]:
        for question in questions:
            if question.id in self.told.answers:
                value = self.told.answers[question.id]
                yield AnswerRow(
                    label=question.text.get(self.lang),
                    values=said_of(question, value, self.lang),
                    change_url=f"/kysely/kysymys/{question.id}",
                    flagged=value is True and question in self.red,
                )


NOWHERE = Reach(call=False, sms=False, voicemail=False)


def reach_phrase(runtime: Runtime, lang: str, reach: Reach) -> str:
    """How the resident may be reached, in words."""
    if reach == NOWHERE:
        return runtime.texts.get(lang, "resident.reach.only_here")
    allowed = (("call", reach.call), ("sms", reach.sms), ("voicemail", reach.voicemail))
    return " ".join(runtime.texts.get(lang, f"resident.reach.said.{key}") for key, may in allowed if may)


def said_of(question: Question, value: object, lang: str) -> tuple[str, ...]:
    """One answer as its giver reads it; nothing for an optional question that was passed over."""
    if question.optional and value == UNKNOWN:
        return ()
    if question.kind is Kind.DATE and value != UNKNOWN:
        return (inputs.in_day(value, lang),)
    if isinstance(value, float):
        return (in_words(question, inputs.figure(value, lang), lang),)
    return (in_words(question, value, lang),)


def red_questions(content: Content, told: Journey) -> frozenset[str]:
    """The yes-or-no questions of the topic that a rule of the two most urgent levels reads."""
    topic = content.topics.get(told.topic or "")
    rules = topic.ruleset.rules if topic is not None else ()
    read = {name for rule in rules if rule.level in RED for name in names(rule.expression)}
    kinds = {name: content.question(topic.id, name) for name in read} if topic is not None else {}
    return frozenset(
        name for name, found in kinds.items() if found is not None and found.kind is Kind.BOOLEAN
    )


def read_at(runtime: Runtime, lang: str, told: Journey) -> str:
    """When the answers are read, in words, when nobody reads them now."""
    found = way.result(runtime.services.content, told, finished=True)
    if found is None:
        return ""
    now, catalogue = runtime.clock.now(), runtime.services.catalogue
    decided = chat_route(
        urgency=found.level,
        topic_queue=found.queue,
        catalogue=catalogue,
        now=now,
        door=catalogue.door(DOOR),
        tags=found.tags,
    )
    # The chat may be closed while its queue still reads: then the answers are read from now on.
    return at_phrase(lang, decided.opens_at or now, now) if decided.channel == "message" else ""
