"""The page of every question of every questionnaire, in three languages (ux check 11)."""

import re
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from core.text import LANGUAGES
from ensilinja import app
from ensilinja.doors import LANG_COOKIE
from ensilinja.pages import gates, questions
from ensilinja.pages import journey as way
from ensilinja.pages.journey import Journey
from ensilinja.runtime import RUNTIME
from tests.demos import a_demo
from triage.definition import Content, Question, Questionnaire

CONTINUE = {"fi": "Jatka", "sv": "Fortsätt", "en": "Continue"}
UNKNOWN = {"fi": "En tiedä", "sv": "Jag vet inte", "en": "I do not know"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> web.Application:
    """The program's pages over the shipped content, every question asked whatever the answers are."""
    runtime = a_demo(tmp_path_factory.mktemp("pages"))
    runtime.services = replace(runtime.services, content=unconditional(runtime.services.content))
    return app.make_app(runtime)


def unconditional(content: Content) -> Content:
    def plain(form: Questionnaire) -> Questionnaire:
        return replace(form, questions=tuple(replace(q, shown_when=()) for q in form.questions))

    topics = {
        name: replace(topic, questionnaire=plain(topic.questionnaire))
        for name, topic in content.topics.items()
    }
    return replace(content, topics=topics, common=plain(content.common))


def asking(site: web.Application, lang: str) -> web.Request:
    return make_mocked_request("GET", "/", headers={"Cookie": f"{LANG_COOKIE}={lang}"}, app=site)


def page(request: web.Request, told: Journey, question: Question) -> str:
    here = request.clone(rel_url=f"/kysely/kysymys/{question.id}")  # to mock anew takes as long as the page
    text = questions.shown(here, told, question, []).text
    assert text is not None
    return text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_question_has_one_heading_its_title_and_its_ways_on_and_back(
    site: web.Application, lang: str
) -> None:
    services = site[RUNTIME].services
    content, limits, seen = services.content, services.catalogue.limits, 0
    request = asking(site, lang)
    for topic in content.topics:
        told = Journey(own_words="x", gate=(), past=(), topic=topic)
        titles = []
        for question in way.asked(content, told, limits):
            text = page(request, told, question)
            where = f"{topic} {question.id} {lang}"
            assert text.count("<h1") == 1, where
            assert re.search(r"<legend><h1>(<label for=\"vastaus\">)?[^<]+", text), where
            assert f">{CONTINUE[lang]}</button>" in text, where
            assert re.search(r'<p class="back"><a href="/[^"]+"', text), where
            assert (UNKNOWN[lang] in text) is (question.id != "who"), where
            if question.id != "who":
                assert re.findall(r'id="([^"]+)"[^>]* value="', text)[-1] == "vastaus-en-tieda", where
            title = re.search(r"<title>(.*?)</title>", text, re.S)
            assert title is not None
            titles.append(title[1])
            seen += 1
        assert sorted(set(titles)) == sorted(titles), topic
    assert seen > 50


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_emergency_item_has_its_row_and_none_of_these_is_last(site: web.Application, lang: str) -> None:
    runtime = site[RUNTIME]
    for path, form in (("/kysely/hata", "gate"), ("/kysely/tanaan", "past")):
        shown = questions_of(asking(site, lang).clone(rel_url=path), path).text
        assert shown is not None
        values = re.findall(r'name="hata" id="[^"]+" value="([^"]+)"', shown)
        items = getattr(runtime.services.content, form).questions
        assert values == [*(question.id for question in items), "ei-mikaan"]


def questions_of(request: web.Request, path: str) -> web.Response:
    page = gates.NOW if path == "/kysely/hata" else gates.TODAY
    return gates.shown(request, page, Journey(own_words="x"), None)
