"""Residents who do everything wrong (B16): never a fault of ours, and no sign of danger is
lost.

They skip pages, leave out and add answers, send old pages again, contradict themselves, take back an
emergency, go on from another device, and meet another version of the questionnaire on the way.
"""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from core.events import read_events
from core.store import Tx
from core.urgency import Urgency
from ensilinja import app
from ensilinja.auth import sessions
from ensilinja.pages import journey as way
from ensilinja.pages.journey import Journey
from ensilinja.runtime import Runtime
from queues.service import entry_of
from router.answering import newest_answers
from router.services import Services
from tests.browsers import Browser
from tests.demos import a_stored_demo
from tests.faults.sizes import sized
from triage.definition import Content, Kind, Question

WALKS = sized(60, 300, 1_000)
TOGETHER = 8  # residents at a time
STEPS = 5  # with each version of the questionnaire, three in a row
FAIR = (200, 302, 303, 400, 401, 403, 404, 405, 409, 410, 422, 429)
WORDS = ("Kurkku on kipeä", "", "   ", "x" * 2001, "a\x00b", "<script>alert(1)</script>", "ä" * 2000)
ODD = ("", "en-tieda", "true", "false", "-1", "999999999999", "38,5", "yes", "NaN", "\u2028", "x" * 5000)


def older(content: Content) -> Content:
    """Another version: topics are gone, and a common question has other options."""
    kept = [*list(content.topics.values())[::2], content.topic("general")]
    topics = {topic.id: replace(topic, ruleset=replace(topic.ruleset, version="0.0.1")) for topic in kept}
    asked = tuple(
        replace(question, options=question.options[:1]) if question.id == "pregnant" else question
        for question in content.common.questions
    )
    return replace(content, topics=topics, common=replace(content.common, questions=asked))


@pytest.fixture
async def runtime(tmp_path: Path) -> AsyncIterator[Runtime]:
    async with a_stored_demo(tmp_path) as runtime:
        runtime.attempts.LIMIT = 10**9  # type: ignore[misc] - all of them come from one address
        yield runtime


class Walker:
    """One resident: what she sent, so that she can send it again, and whether she was told 112."""

    def __init__(self, browser: Browser, content: Content, rng: random.Random) -> None:
        self.browser, self.content, self.rng = browser, content, rng
        self.sent: list[tuple[str, tuple[tuple[str, str], ...]]] = []
        self.next = "/kysely/asia"
        self.alarmed = False

    async def wander(self) -> None:
        for _ in range(STEPS):
            await self.rng.choice(
                (self.ahead, self.ahead, self.ahead, self.anywhere, self.again, self.look, self.odd)
            )()
            self.check()

    async def finish(self) -> None:
        """As well as she can."""
        for _ in range(30):
            if self.next in ("/odotus", "/hata", "/kysely/lahetetty"):
                return
            path = "/kysely/laheta" if self.next == "/kysely/tarkista" else self.next
            await self.send(path, self.form(path, sensible=True))
            self.check()

    def check(self) -> None:
        assert self.browser.status in FAIR, (self.browser.status, self.browser.path, self.sent[-3:])

    async def send(self, path: str, fields: tuple[tuple[str, str], ...]) -> None:
        self.sent.append((path, fields))
        led = await self.browser.post(path, *fields)
        if self.browser.status == 303:
            self.next = led
            self.alarmed |= led == "/hata"

    async def ahead(self) -> None:
        path = "/kysely/laheta" if self.next == "/kysely/tarkista" else self.next
        await self.send(path, self.form(path, sensible=self.rng.random() < 0.8))

    async def anywhere(self) -> None:
        pages = ["asia", "hata", "tanaan", "aihe", "puolesta", "puhelin", "laheta", "tallenna"]
        path = f"/kysely/{self.rng.choice([*pages, *(f'kysymys/{q.id}' for q in self.questions())])}"
        await self.send(path, self.form(path, sensible=self.rng.random() < 0.5))

    async def again(self) -> None:
        if self.sent:
            await self.send(*self.rng.choice(self.sent))

    async def look(self) -> None:
        path = self.rng.choice(
            (
                "/kysely/tarkista",
                "/kysely/hata",
                "/odotus",
                "/hata",
                "/hata/korjaa",
                "/kysely/aihe",
                self.next,
            )
        )
        await self.browser.get(path)

    async def odd(self) -> None:
        """Goes on from another device by a link, or sends what no page has."""
        if self.rng.random() < 0.5:
            await self.send(
                self.next,
                tuple(
                    (self.rng.choice(("vastaus", "hata", "aihe", "tapa")), value)
                    for value in self.rng.sample(ODD, 3)
                ),
            )
            return
        await self.browser.post("/kysely/tallenna", teko="nayta")
        if found := re.search(r"/jatka/[A-Za-z0-9_-]+", self.browser.text):
            other = Browser(self.browser.client, self.browser.runtime)
            await other.post(found[0])
            assert other.status in FAIR
            self.browser.cookie = other.cookie or self.browser.cookie
            await self.browser.get("/kysely/hata")

    def questions(self) -> list[Question]:
        topic = self.rng.choice(list(self.content.topics.values()))
        return [*topic.questionnaire.questions, *self.content.common.questions]

    def form(self, path: str, *, sensible: bool) -> tuple[tuple[str, str], ...]:
        name = path.rpartition("/")[2]
        if not sensible and self.rng.random() < 0.3:
            return ()
        number = self.rng.choice(("040 123 4567", "112", "", "abc"))
        pages: dict[str, tuple[tuple[str, str], ...]] = {
            "asia": (("asia", WORDS[0] if sensible else self.rng.choice(WORDS)),),
            "hata": self.ticks("hata", sensible=sensible),
            "tanaan": self.ticks("tanaan", sensible=sensible),
            "aihe": (("aihe", self.rng.choice([*self.content.topics, "plague"])),),
            "puolesta": (("peruste", self.rng.choice(("mandate", "helper", "worried", "verified"))),),
            "puhelin": (("puhelin", number), ("tapa", "soitto"), *([("ilman", "1")] if sensible else [])),
        }
        return pages[name] if name in pages else self.answer(name, sensible=sensible)

    def ticks(self, name: str, *, sensible: bool) -> tuple[tuple[str, str], ...]:
        form = self.content.gate if name == "hata" else self.content.past
        if sensible and self.rng.random() < 0.85:
            return (("hata", "ei-mikaan"),)
        ids = [question.id for question in form.questions]
        return tuple(("hata", item) for item in self.rng.sample([*ids, "ei-mikaan", "gate_gone"], 2))

    def answer(self, name: str, *, sensible: bool) -> tuple[tuple[str, str], ...]:
        found = self.content.common_question(name) or next(
            (q for t in self.content.topics.values() if (q := t.questionnaire.question(name))), None
        )
        if found is None or not sensible:
            return (("vastaus", self.rng.choice(ODD)),)
        if found.options:
            return (("vastaus", self.rng.choice([option.code for option in found.options])),)
        if found.kind is Kind.BOOLEAN:
            return (("vastaus", self.rng.choice(("true", "false", "false", "en-tieda"))),)
        low, high = int(found.minimum or 0), int(found.maximum if found.maximum is not None else 100)
        return (("vastaus", str(self.rng.randint(low, high))),)


async def test_nothing_done_wrong_is_a_fault_or_loses_a_sign_of_danger(runtime: Runtime) -> None:
    newest = runtime.services
    former = replace(newest, content=older(newest.content))
    async with TestClient(TestServer(app.make_app(runtime))) as client:
        for start in range(0, WALKS, TOGETHER):
            seeds = range(start, min(start + TOGETHER, WALKS))
            walkers = [Walker(Browser(client, runtime), newest.content, random.Random(n)) for n in seeds]
            await asyncio.gather(*(walker.browser.begin() for walker in walkers))
            for version in (newest, former, newest) if start % 16 else (former, newest, former):
                runtime.services = version
                await asyncio.gather(*(walker.wander() for walker in walkers))
            await asyncio.gather(*(walker.finish() for walker in walkers))
            runtime.services = newest
            for walker in walkers:
                await runtime.store.read(judge, walker, newest)
    contacts = await runtime.store.read(lambda tx: len(read_events(tx, limit=10**6)))
    assert contacts > WALKS


def judge(tx: Tx, walker: Walker, services: Services) -> None:
    """The contact is at least as urgent as its answers, and an emergency is withdrawn, never gone."""
    token = walker.browser.cookie.partition("=")[2]
    contact = sessions.identify(tx, token, "resident").contact
    if contact is None:
        assert not walker.alarmed or walker.next in ("/hata", "/kysely/lahetetty")
        return
    entry, filled = entry_of(tx, contact), newest_answers(tx, contact)
    assert filled is not None
    told = way.fitting(services.content, Journey.load(filled.values))
    found = way.result(services.content, told, finished=True)
    passed = way.gate_result(services.content, told).level
    same = found is not None and filled.version == found.version
    for level in (found.level if found and same else None, passed, filled.level):
        assert level is None or entry.urgency.rank <= level.rank, (entry.urgency, level, found, told)
    events = [event.type for event in read_events(tx, contact=contact)]
    if walker.alarmed:
        stands = entry.urgency is Urgency.EMERGENCY
        assert stands or "flag.withdrawn" in events, (events, walker.sent)
        assert entry.urgency.rank <= Urgency.SAME_DAY.rank
