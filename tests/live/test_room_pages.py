"""Pages at the door and in the waiting room, as a browser without scripts gets them, at any hour."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from html import unescape
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from core.catalogue import load_catalogue
from core.clock import FixedClock
from core.hours import HELSINKI
from core.models import Session
from core.store import Tx
from ensilinja import app
from ensilinja.admission import Admission
from ensilinja.doors import COOKIES, LANG_COOKIE
from ensilinja.pages.journey import Journey, Reach
from ensilinja.runtime import Runtime
from queues.models import ENTRY
from router.answering import save_answers
from router.promising import Kind, promises_of
from tests.demos import a_stored_demo
from tests.rooms import FOLDER, PHONE
from triage import probing
from triage.definition import Content, Text, Value

COUNTY = load_catalogue(FOLDER)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HELSINKI)


def harmless(content: Content, topic: str) -> dict[str, Value]:
    """Every question of the topic answered so that nothing alarms."""
    return {"who": "self", **probing.calm_walk(content, content.topic(topic))}


class Visitor:
    """One resident's browser at a service with the county's own hours, and the clock it goes by."""

    def __init__(self, runtime: Runtime, clock: FixedClock, client: TestClient) -> None:  # type: ignore[type-arg]
        self.runtime, self.clock, self.client, self.cookie = runtime, clock, client, ""
        self.runtime.services = replace(runtime.services, catalogue=COUNTY)
        self.shown = ""

    def stop_intake(self, clock: str) -> None:
        """From this minute of the day on the chat takes no more."""
        hour, minute = map(int, clock.split(":"))
        door = replace(COUNTY.doors[0], intake_until=hour * 60 + minute)
        self.runtime.services = replace(self.runtime.services, catalogue=replace(COUNTY, doors=(door,)))

    async def get(self, path: str, lang: str = "fi") -> str:
        """The words of a page; of one that leads elsewhere, where to."""
        headers = {"Cookie": f"{self.cookie}; {LANG_COOKIE}={lang}", "Accept": "text/html"}
        answer = await self.client.get(path, headers=headers, allow_redirects=False)
        main = (await answer.text()).partition("<main")[2].partition("</main>")[0]
        words = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", main)))
        return answer.headers.get("Location", words)

    async def send(self, path: str, **fields: str) -> str:
        """Sends a form and returns where it leads, or the status."""
        headers = {"Cookie": self.cookie, "Accept": "text/html"}
        page = await (await self.client.get("/", headers=headers)).text()
        found = re.search(r'name="csrf" value="([^"]*)"', page)
        data = {"csrf": found[1] if found else "", **fields}
        headers |= {"Origin": next(iter(self.runtime.origins))}
        answer = await self.client.post(path, data=data, headers=headers, allow_redirects=False)
        for morsel in SimpleCookie(answer.headers.get("Set-Cookie", "")).values():
            if morsel.key == COOKIES["resident"]:
                self.cookie = f"{morsel.key}={morsel.value}"
        self.shown = await answer.text()
        return answer.headers.get("Location", str(answer.status))

    async def answer_all(self, topic: str = "sore_throat", phone: str = "", **answers: Value) -> None:
        """Begins, and tells everything up to the check of the answers."""
        await self.send("/aloita", tapa="chat")
        given = {**harmless(self.runtime.services.content, topic), **answers}
        told = Journey(gate=(), past=(), own_words="Kurkku", topic=topic, answers=given)
        told = replace(told, phone=phone, reach=Reach())
        await self.runtime.store.write(store_told, told)

    async def contacts(self) -> list[tuple[int, str, str]]:
        """Contact, channel and state of every entry."""
        rows = select(ENTRY.c.contact_id, ENTRY.c.channel, ENTRY.c.state).order_by(ENTRY.c.id)
        return await self.runtime.store.read(lambda tx: [tuple(row) for row in tx.rows(rows)])


def store_told(tx: Tx, told: Journey) -> None:
    newest = tx.all(select(Session).order_by(Session.id))[-1]  # type: ignore[arg-type]
    save_answers(tx, newest.answers_id or 0, told.dump())


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    clock = FixedClock(local("2026-11-24 10:00"))
    async with (
        a_stored_demo(tmp_path, clock=clock) as runtime,
        TestClient(TestServer(app.make_app(runtime))) as client,
    ):
        yield Visitor(runtime, clock, client)


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-11-24 10:00", "Chat on auki Chat sulkeutuu tänään kello 14.00."),
        ("2026-11-24 13:40", "Chat sulkeutuu pian"),
        ("2026-11-24 14:30", "Hoitaja lukee vastauksesi vielä tänään, viimeistään kello 16.00."),
        ("2026-11-24 22:10", "lukee vastauksesi huomenna keskiviikkona kello 8.00 alkaen"),
        ("2026-04-02 22:10", "lukee vastauksesi tiistaina 7.4. kello 8.00 alkaen"),
        ("2026-04-03 12:00", "Chat on tänään kiinni"),
        ("2026-12-24 22:10", "lukee vastauksesi maanantaina 28.12. kello 8.00 alkaen"),
        ("2026-03-27 22:10", "lukee vastauksesi maanantaina 30.3. kello 8.00 alkaen"),
    ],
)
async def test_front_page_says_how_the_door_stands(visitor: Visitor, at: str, told: str) -> None:
    visitor.clock.set(local(at))
    assert told in await visitor.get("/")


async def test_front_page_of_a_full_chat_offers_what_is_left(visitor: Visitor) -> None:
    visitor.stop_intake("13:00")
    visitor.clock.set(local("2026-11-24 13:10"))
    page = await visitor.get("/")

    assert "Emme ehdi vastata enempään chatissa tänään" in page
    assert "huomenna keskiviikkona kello 8.00 alkaen" in page
    assert "Pyydä, että soitamme sinulle" in page
    assert "03 629 6301 (ma–pe kello 8–15)" in page
    assert "Jos asiasi on kiireellinen, otamme sen vastaan tänään." in page


async def test_half_answered_questions_are_gone_back_to(visitor: Visitor) -> None:
    await visitor.send("/aloita", tapa="chat")
    assert "Jatka aiempaa asiointia" not in await visitor.get("/")
    await visitor.answer_all()
    assert "Jatka aiempaa asiointia" in await visitor.get("/")


async def test_care_at_home_is_told_before_anybody_is_troubled(visitor: Visitor) -> None:
    await visitor.answer_all()
    assert await visitor.send("/kysely/laheta") == "/kysely/tulos"
    page = await visitor.get("/kysely/tulos")

    topic = visitor.runtime.services.content.topic("sore_throat")
    assert all(line in page for line in topic.home_care["fi"])
    assert "Haluan silti hoitajan" in page
    assert "Terveyskirjasto" in page
    assert await visitor.contacts() == []
    assert await visitor.send("/kysely/riitti") == "/kysely/valmis"
    assert "Et ole jonossa." in await visitor.get("/kysely/valmis")
    assert await visitor.contacts() == []


async def test_whoever_still_wants_a_nurse_is_in_the_line_with_one_press(visitor: Visitor) -> None:
    await visitor.answer_all()
    assert await visitor.send("/kysely/tulos", tapa="chat") == "/odotus"
    assert [entry[1:] for entry in await visitor.contacts()] == [("chat", "waiting")]
    assert "Olet jonossa" in await visitor.get("/odotus")


async def test_any_other_level_joins_at_once(visitor: Visitor) -> None:
    await visitor.answer_all("uti")
    assert await visitor.send("/kysely/laheta") == "/odotus"
    assert await visitor.get("/kysely/tulos") == "/odotus"


async def test_a_full_queue_still_takes_the_urgent(visitor: Visitor) -> None:
    visitor.stop_intake("09:00")
    await visitor.answer_all("uti", pain=8)
    assert await visitor.send("/kysely/laheta") == "/odotus"
    assert [entry[1:] for entry in await visitor.contacts()] == [("chat", "waiting")]


@pytest.mark.parametrize(
    ("way", "channel", "kind"), [("viesti", "message", "message"), ("soitto", "callback", "callback")]
)
async def test_a_full_queue_offers_the_next_day(visitor: Visitor, way: str, channel: str, kind: str) -> None:
    visitor.stop_intake("09:00")
    await visitor.answer_all("general", phone=PHONE)
    assert await visitor.send("/kysely/laheta") == "/kysely/tulos"
    page = await visitor.get("/kysely/tulos")
    assert "Soittakaa minulle huomenna keskiviikkona kello 8.00 alkaen" in page
    assert await visitor.send("/kysely/tulos", tapa=way) == "/odotus"

    told = "lukee ne huomenna" if way == "viesti" else "Soitamme sinulle huomenna"
    assert told in await visitor.get("/odotus" if way == "viesti" else "/soittopyynto")
    ((contact, found, state),) = await visitor.contacts()
    (promise,) = await visitor.runtime.store.read(promises_of, contact)
    assert (found, state, promise.kind) == (channel, "scheduled", Kind(kind))
    assert local("2026-11-25 08:00") < promise.due_at <= local("2026-11-25 16:00")


async def test_a_call_from_a_full_queue_needs_a_number(visitor: Visitor) -> None:
    visitor.stop_intake("09:00")
    await visitor.answer_all("general")
    assert await visitor.send("/kysely/tulos", tapa="soitto") == "422"
    assert await visitor.contacts() == []
    assert await visitor.send("/kysely/tulos", tapa="soitto", puhelin=PHONE) == "/odotus"


async def test_a_night_is_told_truly_in_the_waiting_room(visitor: Visitor) -> None:
    visitor.clock.set(local("2026-04-02 22:10"))
    await visitor.answer_all("uti", pain=8)
    assert "tiistaina 7.4. kello 8.00" in await visitor.get("/kysely/tarkista")
    await visitor.send("/kysely/laheta")
    page = await visitor.get("/odotus")

    assert "Vastauksesi on lähetetty" in page
    assert "lukee ne tiistaina 7.4. kello 8.00 alkaen" in page
    assert "Vastaamme viimeistään tiistaina 7.4. kello 11.00." in page
    assert "arvioi tilanteesi tänään" not in page
    assert "116 117" in page
    assert "Pyydä, että soitamme sinulle" in page


async def test_an_emergency_by_night_is_told_the_truth(visitor: Visitor) -> None:
    visitor.clock.set(local("2026-11-24 22:10"))
    await visitor.send("/aloita", tapa="chat")
    assert await visitor.send("/kysely/hata", hata="gate_chest") == "/hata"
    page = await visitor.get("/hata")

    assert "Soita heti 112" in page
    assert "vasta huomenna keskiviikkona kello 8.00" in page
    assert "Chatissa ei ole nyt hoitajaa" in await visitor.get("/odotus")


async def test_self_harm_leads_to_the_open_chat_by_night_too(visitor: Visitor) -> None:
    visitor.clock.set(local("2026-11-24 22:10"))
    await visitor.send("/aloita", tapa="chat")
    assert await visitor.send("/kysely/hata", hata="gate_suicide_now") == "/keskustelu"
    page = await visitor.get("/keskustelu")

    assert "Et ole yksin." in page
    assert "09 2525 0111" in page
    assert "Hoitaja lukee viestisi huomenna keskiviikkona kello 8.00" in page
    assert "09 2525 0112" in await visitor.get("/keskustelu", "sv")


async def test_a_text_is_asked_for_and_no_longer(visitor: Visitor) -> None:
    await visitor.answer_all("uti")
    await visitor.send("/kysely/laheta")
    assert await visitor.send("/odotus/tekstiviesti") == "422"
    assert await visitor.send("/odotus/tekstiviesti", puhelin="abc") == "422"
    assert await visitor.send("/odotus/tekstiviesti", puhelin=PHONE) == "/odotus"
    assert "Voit sulkea sivun." in await visitor.get("/odotus")
    assert await visitor.send("/odotus/tekstiviesti", tahto="ei") == "/odotus"
    assert "Voit sulkea sivun." not in await visitor.get("/odotus")


async def test_a_line_without_anybody_at_work_offers_a_call_first(visitor: Visitor) -> None:
    await visitor.answer_all("uti")
    await visitor.send("/kysely/laheta")
    assert "Kukaan ei ole juuri nyt vastaamassa." in await visitor.get("/odotus")
    visitor.clock.set(local("2026-11-24 16:10"))
    assert "Jono suljettiin tältä päivältä." in await visitor.get("/odotus")


async def test_first_aid_of_the_rules_that_fired_is_told_in_the_page_of_112(visitor: Visitor) -> None:
    gate = visitor.runtime.services.content.gate_rules
    rules = tuple(
        replace(rule, advice=Text(fi="Istu alas.", sv="Sätt dig.", en="Sit down.")) for rule in gate.rules
    )
    content = replace(visitor.runtime.services.content, gate_rules=replace(gate, rules=rules))
    visitor.runtime.services = replace(visitor.runtime.services, content=content)
    await visitor.send("/aloita", tapa="chat")
    assert "Istu alas." not in await visitor.get("/hata")
    await visitor.send("/kysely/hata", hata="gate_chest")

    assert "Istu alas." in await visitor.get("/hata")
    assert "Sätt dig." in await visitor.get("/hata", "sv")
    assert "Istu alas." in await visitor.get("/odotus")


async def test_self_harm_by_night_with_a_number_is_called_first_and_not_left_alone(visitor: Visitor) -> None:
    visitor.clock.set(local("2026-11-24 22:10"))
    await visitor.answer_all("suicidality", phone=PHONE)
    assert await visitor.send("/kysely/laheta") == "/keskustelu"
    assert await visitor.get("/keskustelu") == "/soittopyynto"
    page = await visitor.get("/soittopyynto")

    assert "Soitamme sinulle huomenna keskiviikkona kello 8.00–8.15" in page
    assert "Et ole yksin." in page
    assert "09 2525 0111" in page


CROWDED = "Chatissa on nyt ruuhkaa"


def crowd(visitor: Visitor) -> None:
    """More has come than the process can carry."""
    visitor.runtime.admission = Admission(since=visitor.clock.now())


async def page_of(visitor: Visitor, path: str, **fields: str) -> tuple[int, str, dict[str, str]]:
    headers = {"Cookie": visitor.cookie, "Accept": "text/html", "Origin": next(iter(visitor.runtime.origins))}
    token = re.search(
        r'name="csrf" value="([^"]*)"', await (await visitor.client.get("/", headers=headers)).text()
    )
    data = {"csrf": token[1] if token else "", **fields}
    answer = await visitor.client.post(path, data=data, headers=headers, allow_redirects=False)
    return answer.status, unescape(await answer.text()), dict(answer.headers)


async def test_nobody_new_begins_a_chat_in_a_crowd_but_may_ask_for_a_call(visitor: Visitor) -> None:
    crowd(visitor)
    assert "emme voi ottaa uusia" in await visitor.get("/")

    status, page, headers = await page_of(visitor, "/aloita", tapa="chat")
    assert (status, headers["Retry-After"]) == (503, "30")
    assert CROWDED in page and "tel:112" in page and "03 629 6301" in page
    assert 'name="tapa" value="soitto"' in page and 'action="/aloita"' in page

    assert await visitor.send("/aloita", tapa="soitto") == "/kysely/asia"


async def test_answers_are_kept_in_a_crowd_and_lead_to_a_call_or_later_to_the_chat(visitor: Visitor) -> None:
    await visitor.answer_all("uti")
    crowd(visitor)
    status, page, _ = await page_of(visitor, "/kysely/laheta")
    assert status == 503
    assert CROWDED in page and "Vastauksesi ovat tallessa." in page and 'name="puhelin"' in page
    assert await visitor.contacts() == []

    status, page, _ = await page_of(visitor, "/kysely/tulos", tapa="soitto", puhelin="")
    assert status == 422 and CROWDED in page and "aria-invalid" in page
    assert await visitor.send("/kysely/tulos", tapa="soitto", puhelin=PHONE) == "/odotus"
    assert [channel for _, channel, _ in await visitor.contacts()] == ["callback"]


async def test_whoever_tries_again_after_the_crowd_has_the_answers(visitor: Visitor) -> None:
    await visitor.answer_all("uti")
    crowd(visitor)
    assert (await page_of(visitor, "/kysely/laheta"))[0] == 503
    visitor.runtime.admission = Admission()

    assert await visitor.send("/kysely/laheta") == "/odotus"


async def test_danger_is_taken_in_any_crowd(visitor: Visitor) -> None:
    await visitor.send("/aloita", tapa="chat")
    crowd(visitor)
    danger = visitor.runtime.services.content.gate.questions[0].id

    assert await visitor.send("/kysely/hata", hata=danger) in ("/hata", "/keskustelu")
    assert len(await visitor.contacts()) == 1


async def test_who_asks_for_a_call_may_choose_a_time(visitor: Visitor) -> None:
    await visitor.answer_all(phone=PHONE)
    await visitor.send("/kysely/laheta")
    assert await visitor.send("/kysely/tulos", tapa="chat") == "/odotus"
    form = await visitor.get("/soittopyynto")
    assert "Paikkasi jonossa säilyy" in form and "Muu aika" in form
    page = await visitor.client.get("/soittopyynto", headers={"Cookie": visitor.cookie})
    values = re.findall(r'name="aika"[^>]* value="([^"]+)"', await page.text())
    assert values[0] == "pian" and len(values) > 1

    typed = "050 765 4321"
    for wrong in ("x", "2026-11-24T10:01:00+00:00"):
        assert await visitor.send("/odotus/soittopyynto", aika=wrong, puhelin=typed) == "422"
        # A time that is taken meanwhile costs nothing that was typed, and what is left is there to choose.
        assert f'value="{typed}"' in visitor.shown and f'value="{values[-1]}"' in visitor.shown
    assert await visitor.send("/odotus/soittopyynto", aika=values[-1]) == "/soittopyynto"
    [(contact, channel, state)] = await visitor.contacts()
    assert (channel, state) == ("callback", "scheduled")
    promised = await visitor.runtime.store.read(promises_of, contact)
    assert promised[-1].told_as["start"] == values[-1]
