"""Choosing the topic: what the own words suggest first, then every topic by its group, something else
last.
"""

from dataclasses import replace

from aiohttp import web

from ensilinja.doors import Doors, language
from ensilinja.pages import journey as way
from ensilinja.pages import views
from ensilinja.pages.journey import TOPIC_PATH, Journey
from ensilinja.pages.moving import move_on
from ensilinja.pages.shown import journey, sent, show, text
from ensilinja.pages.views import FieldError, Option
from ensilinja.runtime import RUNTIME, Runtime
from triage.definition import GROUPS, Topic
from triage.suggestions import suggest

doors = Doors("resident")

SOMETHING_ELSE = "general"  # the topic of whatever has none of its own: last of the choices


@doors.get(TOPIC_PATH, "answers.write")
async def topic_page(request: web.Request) -> web.Response:
    """Which topic fits."""
    told = await journey(request)
    return shown(request, told, told.topic)


@doors.post(TOPIC_PATH, "answers.write")
async def topic_answer(request: web.Request) -> web.StreamResponse:
    """Takes the topic; answers that were given stay."""
    told = await journey(request, also_sent=True)
    topic = str((await sent(request)).get("aihe", ""))
    if topic not in request.app[RUNTIME].services.content.topics:
        return shown(request, told, None, "resident.topic.empty")

    def again(key: str) -> web.Response:
        return shown(request, told, topic, key, status=503)

    return await move_on(request, told, lambda newest: replace(newest, topic=topic), again)


def shown(
    request: web.Request, told: Journey, chosen: str | None, error: str = "", *, status: int = 422
) -> web.Response:
    """The page with what was chosen, and what is to be mended."""
    runtime, lang = request.app[RUNTIME], language(request)
    content = runtime.services.content
    suggested = suggest(content, told.own_words, lang)
    suggested = tuple(topic for topic in suggested if topic != SOMETHING_ELSE)
    other = content.topics.get(SOMETHING_ELSE)
    view = views.TopicChoice(
        suggested=tuple(option(content.topics[topic], lang, chosen) for topic in suggested),
        groups=tuple(groups(runtime, lang, chosen, apart={*suggested, SOMETHING_ELSE})),
        other=option(other, lang, chosen) if other else None,
        errors=(FieldError(field_id="aihe", text=text(request, error)),) if error else (),
        back_url=way.path_before(content, told, runtime.services.catalogue.limits, TOPIC_PATH),
    )
    return show(request, "topic", view, status=status if error else 200)


def option(topic: Topic, lang: str, chosen: str | None) -> Option:
    """One topic as a row."""
    return Option(value=topic.id, label=topic.name.get(lang), chosen=topic.id == chosen)


def groups(runtime: Runtime, lang: str, chosen: str | None, *, apart: set[str]) -> list[views.TopicGroup]:
    """The topics by group, each group by its names; the one with what was chosen is open."""
    topics = [topic for topic in runtime.services.content.topics.values() if topic.id not in apart]
    found = []
    for group in GROUPS:
        inside = [topic for topic in topics if topic.group == group]
        rows = sorted((option(topic, lang, chosen) for topic in inside), key=lambda row: row.label.lower())
        if rows:
            name = runtime.texts.get(lang, f"resident.topic.group.{group}")
            is_open = any(row.chosen for row in rows)
            found.append(views.TopicGroup(name=name, topics=tuple(rows), is_open=is_open))
    return found
