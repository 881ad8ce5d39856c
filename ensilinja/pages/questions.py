"""The questionnaire: one question a page, each answer stored before the next page; no JavaScript needed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from core.errors import NotFound
from core.phone import PhoneFault, normalise
from ensilinja.doors import Doors, language
from ensilinja.pages import journey as way
from ensilinja.pages import sending, views
from ensilinja.pages.journey import OWN_WORDS_LIMIT, Journey
from ensilinja.pages.shown import go, journey, keep, show
from ensilinja.pages.views import NONE_OF_THESE, UNKNOWN_ANSWER, FieldError, Option
from ensilinja.runtime import RUNTIME
from triage.answers import check_answer
from triage.definition import UNKNOWN, Kind, Value
from triage.definition import Question as Asked
from triage.errors import AnswerFault

doors = Doors("resident")

Form = Mapping[str, Any]
OTHER = "general"  # the topic of whatever has none of its own: last of the choices


def text(request: web.Request, key: str, **values: object) -> str:
    """A text in the request's language."""
    return request.app[RUNTIME].texts.get(language(request), key, **values)


async def sent(request: web.Request) -> Form:
    """The fields of the form that were sent as text."""
    return {key: value for key, value in (await request.post()).items() if isinstance(value, str)}


async def sent_all(request: web.Request, name: str) -> list[str]:
    """Every value of one field."""
    return [value for value in (await request.post()).getall(name, []) if isinstance(value, str)]


@doors.get("/kysely/hata", "answers.write")
async def gate_page(request: web.Request) -> web.Response:
    """The emergency question."""
    return gate_view(request, await journey(request), "")


def gate_view(request: web.Request, told: Journey, error: str) -> web.Response:
    """The page with what was chosen, and what is to be mended."""
    content, lang = request.app[RUNTIME].services.content, language(request)
    chosen = told.gate or ()
    items = tuple(
        Option(value=question.id, label=question.text.get(lang), chosen=question.id in chosen)
        for question in content.gate.questions
    )
    errors = (FieldError(field_id="hata-1", text=text(request, error)),) if error else ()
    view = views.Gate(items=items, none_chosen=told.gate == (), errors=errors)
    return show(request, "gate", view, status=422 if error else 200)


@doors.post("/kysely/hata", "answers.write")
async def gate_answer(request: web.Request) -> web.StreamResponse:
    """Takes the emergency question; an emergency is stored and told 112 at once."""
    told = await journey(request)
    content = request.app[RUNTIME].services.content
    ticked = await sent_all(request, "hata")
    known = {question.id for question in content.gate.questions}
    items = tuple(item for item in ticked if item in known)
    if NONE_OF_THESE in ticked and items:
        return gate_view(request, replace(told, gate=items), "resident.gate.both")
    if NONE_OF_THESE not in ticked and not items:
        return gate_view(request, told, "resident.gate.empty")
    told = replace(told, gate=items)
    await keep(request, told)
    if way.is_emergency(way.gate_result(content, told)):
        return await sending.send_emergency(request, told)
    return go(way.next_path(content, told))


@doors.get("/kysely/asia", "answers.write")
async def own_words_page(request: web.Request) -> web.Response:
    """The resident's own words."""
    return show(request, "own_words", own_words_view((await journey(request)).own_words))


def own_words_view(value: str, *errors: FieldError) -> views.OwnWords:
    """The page's content."""
    return views.OwnWords(value=value, limit=OWN_WORDS_LIMIT, errors=errors, back_url="/kysely/hata")


@doors.post("/kysely/asia", "answers.write")
async def own_words_answer(request: web.Request) -> web.StreamResponse:
    """Takes the own words; they are for the nurse and never evaluated."""
    told = await journey(request)
    value = str((await sent(request)).get("asia", "")).replace("\r\n", "\n").replace("\x00", "")
    key = "resident.own_words.empty" if not value.strip() else "resident.own_words.too_long"
    if not value.strip() or len(value) > OWN_WORDS_LIMIT:
        error = FieldError(field_id="asia", text=text(request, key, n=OWN_WORDS_LIMIT))
        return show(request, "own_words", own_words_view(value, error), status=422)
    told = replace(told, own_words=value)
    await keep(request, told)
    return go(way.next_path(request.app[RUNTIME].services.content, told))


@doors.get("/kysely/aihe", "answers.write")
async def topic_page(request: web.Request) -> web.Response:
    """Which topic fits."""
    return topic_view(request, (await journey(request)).topic)


def topic_view(request: web.Request, chosen: str | None, *errors: FieldError) -> web.Response:
    """The page with what was chosen."""
    lang, content = language(request), request.app[RUNTIME].services.content
    topics = tuple(
        Option(value=topic.id, label=topic.name.get(lang), chosen=topic.id == chosen)
        for topic in sorted(content.topics.values(), key=lambda one: (one.id == OTHER, one.name.get(lang)))
    )
    return show(
        request, "topic", views.TopicChoice(topics=topics, errors=errors), status=422 if errors else 200
    )


@doors.post("/kysely/aihe", "answers.write")
async def topic_answer(request: web.Request) -> web.StreamResponse:
    """Takes the topic; answers that were given stay."""
    told = await journey(request)
    content = request.app[RUNTIME].services.content
    topic = str((await sent(request)).get("aihe", ""))
    if topic not in content.topics:
        return topic_view(
            request, None, FieldError(field_id="aihe-1", text=text(request, "resident.topic.empty"))
        )
    told = replace(told, topic=topic)
    await keep(request, told)
    return go(way.next_path(content, told))


@doors.get("/kysely/kysymys/{question}", "answers.write")
async def question_page(request: web.Request) -> web.Response:
    """One question, with the answer it has."""
    told = await journey(request)
    question = the_question(request, told)
    value = told.answers.get(question.id)
    return show(request, "question", question_view(request, told, question, raw_of(value)))


def the_question(request: web.Request, told: Journey) -> Asked:
    """The question of the address, when it is on this resident's way."""
    content = request.app[RUNTIME].services.content
    question = way.find(content, told, request.match_info["question"])
    if question is None:
        raise NotFound
    return question


@doors.post("/kysely/kysymys/{question}", "answers.write")
async def question_answer(request: web.Request) -> web.StreamResponse:
    """Takes one answer; one that means an emergency ends the questions at once."""
    told = await journey(request)
    question = the_question(request, told)
    raw = await sent_all(request, "vastaus")
    try:
        value = typed(question, raw)
    except AnswerFault as fault:
        error = FieldError(field_id="vastaus", text=fault_text(request, question, fault))
        view = question_view(request, told, question, raw, error)
        return show(request, "question", view, status=422)
    told = told.answer(question.id, value)
    await keep(request, told)
    content = request.app[RUNTIME].services.content
    if way.is_emergency(way.result(content, told, finished=False)):
        return await sending.send_emergency(request, told)
    return go(way.next_path(content, told))


def typed(question: Asked, raw: list[str]) -> Value:
    """The value of what was sent; AnswerFault names what is wrong."""
    given = [item for item in raw if item and item != UNKNOWN_ANSWER]
    if UNKNOWN_ANSWER in raw:
        if given:
            raise AnswerFault("both")
        return UNKNOWN
    if not given:
        raise AnswerFault("required")
    return check_answer(question, given if question.kind is Kind.MULTICHOICE else given[0].strip())


def raw_of(value: Value | None) -> list[str]:
    """A stored answer as the form sends it."""
    if value is None:
        return []
    if value == UNKNOWN:
        return [UNKNOWN_ANSWER]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return list(value) if isinstance(value, tuple) else [str(value).replace(".", ",")]


def question_view(
    request: web.Request, told: Journey, question: Asked, raw: list[str], *errors: FieldError
) -> views.Question:
    """The page of one question."""
    content, lang = request.app[RUNTIME].services.content, language(request)
    previous = way.before(content, told, question.id)
    low, high = way.left(content, told)
    here = 0 if question.id in told.answers else 1
    ids = [each.id for each in way.asked(content, told)]
    return views.Question(
        question_id=question.id,
        kind="age" if question.id == "age" else kind_of(question),
        text=question.text.get(lang),
        hint=question.hint.get(lang) if question.hint else "",
        why=question.why.get(lang) if question.why else "",
        options=options(request, question, raw),
        value=next((item for item in raw if item != UNKNOWN_ANSWER), ""),
        unit=question.unit.get(lang) if question.unit else "",
        unknown_offered=question.id != way.WHO,
        unknown_chosen=UNKNOWN_ANSWER in raw,
        errors=errors,
        number=ids.index(question.id) + 1,
        left=f"{max(low - here, 0)}–{high - here}" if high - here > 0 else "",
        back_url=f"/kysely/kysymys/{previous}" if previous else "/kysely/aihe",
        quick_exit=question.sensitive,
    )


def kind_of(question: Asked) -> views.QuestionKind:
    """The input of a question's kind; a date is typed as text."""
    kinds: dict[Kind, views.QuestionKind] = {
        Kind.BOOLEAN: "boolean",
        Kind.CHOICE: "choice",
        Kind.MULTICHOICE: "multichoice",
        Kind.INTEGER: "integer",
        Kind.DECIMAL: "decimal",
        Kind.PHONE: "phone",
    }
    return kinds.get(question.kind, "text")


def options(request: web.Request, question: Asked, raw: list[str]) -> tuple[Option, ...]:
    """The rows to choose from."""
    if question.kind is Kind.BOOLEAN:
        pairs = [("true", "resident.question.yes"), ("false", "resident.question.no")]
        return tuple(
            Option(value=value, label=text(request, key), chosen=value in raw) for value, key in pairs
        )
    lang = language(request)
    return tuple(
        Option(value=option.code, label=option.text.get(lang), chosen=option.code in raw)
        for option in question.options
    )


FAULT_KEYS = {
    "both": "resident.question.both",
    "not_an_option": "resident.question.not_option",
    "not_a_number": "resident.question.not_number",
    "not_an_integer": "resident.question.not_number",
    "too_small": "resident.question.out_of_range",
    "too_large": "resident.question.out_of_range",
}


def fault_text(request: web.Request, question: Asked, fault: AnswerFault) -> str:
    """What is to be mended, in the resident's words."""
    chosen = question.kind in (Kind.BOOLEAN, Kind.CHOICE, Kind.MULTICHOICE)
    empty = "resident.question.empty_choice" if chosen else "resident.question.empty_text"
    key = FAULT_KEYS.get(fault.code, empty)
    low, high = question.minimum or 0, question.maximum or 0
    example = "38,5" if question.kind is Kind.DECIMAL else "3"
    return text(request, key, low=f"{low:g}", high=f"{high:g}", example=example)


@doors.get("/kysely/puhelin", "answers.write")
async def phone_page(request: web.Request) -> web.Response:
    """The number for calling back if the line breaks."""
    told = await journey(request)
    return show(
        request, "phone", views.PhoneNumber(value=told.phone or "", back_url=phone_back(request, told))
    )


def phone_back(request: web.Request, told: Journey) -> str:
    """The last question."""
    ids = [each.id for each in way.asked(request.app[RUNTIME].services.content, told)]
    return f"/kysely/kysymys/{ids[-1]}" if ids else "/kysely/aihe"


@doors.post("/kysely/puhelin", "answers.write")
async def phone_answer(request: web.Request) -> web.StreamResponse:
    """Takes the number, or goes on without one."""
    told = await journey(request)
    form = await sent(request)
    value = str(form.get("puhelin", "")).strip()
    if "ilman" in form:
        value = ""
    elif not value:
        return phone_again(request, told, value, "resident.phone.empty")
    else:
        try:
            normalise(value)
        except PhoneFault:
            return phone_again(request, told, value, "resident.phone.wrong")
    await keep(request, replace(told, phone=value))
    return go("/kysely/tarkista")


def phone_again(request: web.Request, told: Journey, value: str, key: str) -> web.Response:
    """The page once more, with what was typed."""
    error = FieldError(field_id="puhelin", text=text(request, key))
    view = views.PhoneNumber(value=value, errors=(error,), back_url=phone_back(request, told))
    return show(request, "phone", view, status=422)
