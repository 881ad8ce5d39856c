"""The questionnaire: own words, then one question a page, each answer stored before the next page; no
JavaScript needed.
"""

from dataclasses import replace

from aiohttp import web

from core.errors import NotFound
from ensilinja.doors import Doors, language
from ensilinja.pages import inputs, views
from ensilinja.pages import journey as way
from ensilinja.pages.journey import OWN_WORDS_LIMIT, SAVE_PATH, WORDS_PATH, Journey
from ensilinja.pages.moving import move_on
from ensilinja.pages.shown import go, journey, sent, sent_all, show, text
from ensilinja.pages.views import UNKNOWN_ANSWER, FieldError
from ensilinja.runtime import RUNTIME
from triage.definition import Question as Asked
from triage.errors import AnswerFault

doors = Doors("resident")

LATER = "tallenna"  # the button that saves and goes to the link instead of the next page


@doors.get(WORDS_PATH, "answers.write")
async def own_words_page(request: web.Request) -> web.Response:
    """The resident's own words."""
    return own_words(request, (await journey(request)).own_words)


def own_words(request: web.Request, value: str, error: str = "", *, status: int = 422) -> web.Response:
    """The page with what was written."""
    fault = FieldError(field_id="asia", text=text(request, error, n=OWN_WORDS_LIMIT)) if error else None
    view = views.OwnWords(value=value, limit=OWN_WORDS_LIMIT, errors=(fault,) if fault else (), back_url="/")
    return show(request, "own_words", view, status=status if error else 200)


@doors.post(WORDS_PATH, "answers.write")
async def own_words_answer(request: web.Request) -> web.StreamResponse:
    """Takes the own words; they are for the nurse and never evaluated."""
    told = await journey(request, also_sent=True)
    form = await sent(request)
    value = str(form.get("asia", "")).replace("\r\n", "\n").replace("\x00", "")
    if not value.strip():
        return go(SAVE_PATH) if LATER in form else own_words(request, value, "resident.own_words.empty")
    if len(value) > OWN_WORDS_LIMIT:
        return own_words(request, value, "resident.own_words.too_long")

    def again(key: str) -> web.Response:
        return own_words(request, value, key, status=503)

    to = SAVE_PATH if LATER in form else ""
    return await move_on(request, told, lambda newest: replace(newest, own_words=value), again, to=to)


@doors.get("/kysely/kysymys/{question}", "answers.write")
async def question_page(request: web.Request) -> web.StreamResponse:
    """One question, with the answer it has; on to the next page when it is not asked any more."""
    told = await journey(request)
    question = found(request, told)
    if question is None:
        return elsewhere(request, told)
    raw = inputs.raw_of(question, told.answers.get(question.id), language(request))
    return shown(request, told, question, raw)


def found(request: web.Request, told: Journey) -> Asked | None:
    """The question of the address, when it is on this resident's way."""
    services = request.app[RUNTIME].services
    return way.find(services.content, told, services.catalogue.limits, request.match_info["question"])


def elsewhere(request: web.Request, told: Journey) -> web.Response:
    """Where a question that is not on this way leads: on, when another answer took it off; NotFound for one
    that never was.
    """
    services = request.app[RUNTIME].services
    name = request.match_info["question"]
    topics = services.content.topics.values()
    known = any(topic.questionnaire.question(name) is not None for topic in topics)
    if not known and services.content.common_question(name) is None and name not in told.answers:
        raise NotFound
    return go(way.next_path(services.content, told, services.catalogue.limits))


@doors.post("/kysely/kysymys/{question}", "answers.write")
async def question_answer(request: web.Request) -> web.StreamResponse:
    """Takes one answer; one that means an emergency ends the questions at once."""
    told = await journey(request, also_sent=True)
    question = found(request, told)
    if question is None:
        return elsewhere(request, told)
    raw, later = await sent_all(request, "vastaus"), LATER in await sent(request)
    if later and not any(item.strip() for item in raw):
        return go(SAVE_PATH)
    try:
        value = inputs.typed(question, raw)
    except AnswerFault as fault:
        offered = question.id != way.WHO
        return shown(
            request,
            told,
            question,
            raw,
            inputs.fault_text(request, question, fault, unknown_offered=offered),
        )

    def again(key: str) -> web.Response:
        return shown(request, told, question, raw, text(request, key), status=503)

    name, to = question.id, SAVE_PATH if later else ""
    return await move_on(request, told, lambda newest: newest.answer(name, value), again, to=to)


def shown(
    request: web.Request,
    told: Journey,
    question: Asked,
    raw: list[str],
    error: str = "",
    *,
    status: int = 422,
) -> web.Response:
    """The page of one question, with what was chosen or typed, and what is to be mended."""
    services, lang = request.app[RUNTIME].services, language(request)
    content, limits = services.content, services.catalogue.limits
    low, high = way.left(content, told)
    here = 0 if question.id in told.answers else 1
    ids = [each.id for each in way.asked(content, told, limits)]
    view = views.Question(
        question_id=question.id,
        kind="age" if question.id == "age" else inputs.KINDS[question.kind],
        text=question.text.get(lang),
        hint=question.hint.get(lang) if question.hint else "",
        why=question.why.get(lang) if question.why else "",
        options=inputs.options(request, question, raw),
        value=next((item for item in raw if item != UNKNOWN_ANSWER), ""),
        unit=question.unit.get(lang) if question.unit else "",
        unknown_offered=question.id != way.WHO,
        unknown_chosen=UNKNOWN_ANSWER in raw,
        errors=(FieldError(field_id="vastaus", text=error),) if error else (),
        number=ids.index(question.id) + 1,
        left=left_phrase(max(low - here, 0), high - here),
        back_url=way.path_before(content, told, limits, f"/kysely/kysymys/{question.id}"),
        quick_exit=question.sensitive,
    )
    return show(request, "question", view, status=status if error else 200)


def left_phrase(low: int, high: int) -> str:
    """How many questions are still to come, as a span; nothing when none is or nobody knows."""
    if high <= 0:
        return ""
    return str(high) if low == high else f"{low}–{high}"
