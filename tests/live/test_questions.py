"""The questions over HTTP without JavaScript: a save that fails, two devices, links, languages, sent
answers.
"""

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import func, select

from core import jobs
from core.clock import FixedClock
from core.events import read_events
from core.models import Event, Job
from core.store import Tx
from core.urgency import Urgency
from ensilinja import app, work
from ensilinja.auth.models import ResumeLink
from ensilinja.runtime import Runtime
from queues.models import ENTRY
from router.models import Contact, Party
from tests.browsers import Browser
from tests.demos import a_stored_demo

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
NONE = ("hata", "ei-mikaan")
NOT_SAVED = "Vastaus ei tallentunut. Yritä uudelleen."
GSM7 = re.compile(r"[A-Za-z0-9 @£$¥èéùìòÇØøÅåΔ_ÆæßÉÄÖÑÜäöñüà!\"#¤%&'()*+,\-./:;<=>?¡§¿\n]*")
LINK = re.compile(r"/jatka/([A-Za-z0-9_-]+)")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture
async def runtime(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Runtime]:
    async with a_stored_demo(tmp_path, clock=clock) as runtime:
        yield runtime


@pytest.fixture
async def browsers(runtime: Runtime) -> AsyncIterator[Iterator[Browser]]:
    """As many browsers as the test asks for."""
    async with TestClient(TestServer(app.make_app(runtime))) as client:
        yield iter(lambda: Browser(client, runtime), None)


async def to_topic(browser: Browser, who: str = "self") -> None:
    """As far as the topic, nothing alarming."""
    await browser.begin()
    await browser.post("/kysely/asia", asia="Kurkku on kipeä.")
    await browser.post("/kysely/hata", NONE)
    await browser.post("/kysely/tanaan", NONE)
    await browser.post("/kysely/kysymys/who", vastaus=who)


async def to_check(browser: Browser) -> str:
    """Every page answered; returns the way."""
    path = await browser.post("/kysely/aihe", aihe="general")
    for _ in range(40):
        if path == "/kysely/puhelin":
            break
        path = await browser.post(path, vastaus="en-tieda")
    return await browser.post("/kysely/puhelin", ilman="1")


async def count(runtime: Runtime, model: type) -> int:
    return int(await runtime.store.read(lambda tx: tx.scalar(select(func.count()).select_from(model))))


async def test_order_of_the_way(browsers: Iterator[Browser]) -> None:
    resident = next(browsers)

    assert await resident.begin() == "/kysely/asia"
    assert await resident.post("/kysely/asia", asia="Kurkku") == "/kysely/hata"
    assert await resident.post("/kysely/hata", NONE) == "/kysely/tanaan"
    assert await resident.post("/kysely/tanaan", NONE) == "/kysely/kysymys/who"
    assert await resident.post("/kysely/kysymys/who", vastaus="self") == "/kysely/aihe"
    assert await to_check(resident) == "/kysely/tarkista"
    assert await resident.post("/kysely/laheta") == "/odotus"
    assert await resident.post("/kysely/laheta") == "/odotus"


@pytest.mark.parametrize("page", ["hata", "tanaan"])
async def test_none_of_these_is_said_and_not_supposed(browsers: Iterator[Browser], page: str) -> None:
    resident = next(browsers)
    await to_topic(resident)

    assert await resident.post(f"/kysely/{page}") == f"/kysely/{page}"
    assert resident.status == 422
    await resident.post(f"/kysely/{page}", NONE, ("hata", "gate_chest"), ("hata", "past_stroke"))
    assert resident.status == 422
    assert "checked" in resident.text


@pytest.mark.parametrize(
    ("page", "item", "leads"),
    [
        ("hata", "gate_chest", "/hata"),
        ("tanaan", "past_stroke", "/hata"),
        ("hata", "gate_suicide_now", "/keskustelu"),
    ],
)
async def test_emergency_without_a_topic_is_in_the_line_at_once(
    browsers: Iterator[Browser], runtime: Runtime, page: str, item: str, leads: str
) -> None:
    resident = next(browsers)
    await resident.begin()
    await resident.post("/kysely/asia", asia="Apua")
    if page == "tanaan":
        await resident.post("/kysely/hata", NONE)

    assert await resident.post(f"/kysely/{page}", hata=item) == leads
    urgency, tier = (await runtime.store.read(lambda tx: tx.rows(select(ENTRY.c.urgency, ENTRY.c.tier))))[0]
    assert (urgency, tier) == (Urgency.EMERGENCY, 0)


async def test_danger_of_today_counts_also_when_the_page_about_now_was_skipped(
    browsers: Iterator[Browser], runtime: Runtime
) -> None:
    resident = next(browsers)
    await resident.begin()

    assert await resident.post("/kysely/tanaan", hata="past_stroke") == "/hata"
    assert await runtime.store.read(lambda tx: tx.scalar(select(ENTRY.c.urgency))) == Urgency.EMERGENCY


async def test_what_sends_to_the_emergency_department_goes_on_and_counts(
    browsers: Iterator[Browser], runtime: Runtime
) -> None:
    resident = next(browsers)
    await to_topic(resident)
    assert await resident.post("/kysely/tanaan", hata="past_faint") == "/kysely/aihe"
    await to_check(resident)
    await resident.post("/kysely/laheta")

    assert await runtime.store.read(lambda tx: tx.scalar(select(ENTRY.c.urgency))) == Urgency.ED


async def test_sign_of_danger_ticked_after_sending_raises_the_contact(
    browsers: Iterator[Browser], runtime: Runtime
) -> None:
    resident = next(browsers)
    await to_topic(resident)
    await to_check(resident)
    await resident.post("/kysely/laheta")

    assert await resident.post("/kysely/hata", hata="gate_breathing") == "/hata"
    assert await resident.post("/kysely/hata", hata="gate_breathing") == "/hata"
    assert await runtime.store.read(lambda tx: tx.scalar(select(ENTRY.c.urgency))) == Urgency.EMERGENCY
    assert await count(runtime, Contact) == 1
    assert await resident.post("/kysely/hata", NONE) == "/odotus"


async def test_withdrawn_flag_is_told_and_not_forgotten(
    browsers: Iterator[Browser], runtime: Runtime
) -> None:
    resident = next(browsers)
    await resident.begin()
    await resident.post("/kysely/asia", asia="Rinta")
    await resident.post("/kysely/hata", hata="gate_chest")
    assert await resident.get("/hata/korjaa") == "/kysely/hata"
    await resident.post("/kysely/hata", NONE)
    await resident.post("/kysely/tanaan", NONE)
    await resident.post("/kysely/kysymys/who", vastaus="child")
    await resident.post("/kysely/kysymys/age", vastaus="5")
    await to_check(resident)
    await resident.post("/kysely/laheta")

    told = await runtime.store.read(lambda tx: [event.type for event in read_events(tx, contact=1)])
    urgency = await runtime.store.read(lambda tx: tx.scalar(select(ENTRY.c.urgency)))
    assert "flag.withdrawn" in told
    assert Urgency(urgency).rank <= Urgency.SAME_DAY.rank
    acting = await runtime.store.read(lambda tx: tx.scalar(select(Contact.acting)))  # type: ignore[call-overload]
    assert acting["basis"] == "guardian"


FORMS = [
    ("/kysely/asia", "asia", "Kurkku kipeä & <b>kova</b>", "Kurkku kipeä &amp; &lt;b&gt;kova&lt;/b&gt;"),
    ("/kysely/tanaan", "hata", "past_faint", 'value="past_faint" checked'),
    ("/kysely/kysymys/who", "vastaus", "other", 'value="other" checked'),
    ("/kysely/aihe", "aihe", "sore_throat", 'aria-current="true">Kurkkukipu'),
    ("/kysely/puhelin", "puhelin", "040 765 4321", 'value="040 765 4321"'),
]


# Reads go on, and every change of the answers is an error of the database's own.
UNWRITABLE = "CREATE TRIGGER unwritable BEFORE UPDATE ON answers BEGIN INSERT INTO nowhere VALUES (1); END"


@pytest.mark.parametrize(("path", "field", "value", "kept"), FORMS)
async def test_answer_that_cannot_be_saved_stays_on_the_page(
    browsers: Iterator[Browser], runtime: Runtime, path: str, field: str, value: str, kept: str
) -> None:
    resident = next(browsers)
    await to_topic(resident)
    await resident.get(path)
    database = sqlite3.connect(Path(runtime.settings.data_dir) / "ensilinja.sqlite3", isolation_level=None)
    database.execute(UNWRITABLE)
    ways = (("tapa", "soitto"),) if field == "puhelin" else ()
    await resident.post(path, (field, value), *ways)

    assert resident.status == 503
    assert NOT_SAVED in resident.text
    assert kept in resident.text
    assert "<title>Virhe: " in resident.text
    database.execute("DROP TRIGGER unwritable")
    database.close()
    assert (await resident.post(path, (field, value), *ways)) != path
    assert resident.status == 303


async def test_store_that_is_down_gives_the_answer_back_to_send_again(
    browsers: Iterator[Browser], runtime: Runtime
) -> None:
    resident = next(browsers)
    await to_topic(resident)
    await runtime.store.stop()
    await resident.post("/kysely/kysymys/who", vastaus="other")

    assert resident.status == 503
    assert NOT_SAVED in resident.text
    assert 'name="vastaus" value="other"' in resident.text
    assert 'href="tel:112"' in resident.text
    assert await resident.post("/kysely/hata", hata="gate_chest") == "/hata"
    assert await resident.post("/kysely/tanaan", hata="past_stroke") == "/hata"
    assert await resident.post("/kysely/tanaan", hata="past_faint") == "/kysely/tanaan"


async def test_retry_page_is_only_for_what_our_pages_sent(
    browsers: Iterator[Browser], runtime: Runtime
) -> None:
    resident = next(browsers)
    await to_topic(resident)
    await runtime.store.stop()
    resident.origin = "https://elsewhere.example"
    await resident.post("/kysely/asia", asia="vieras")

    assert resident.status == 503
    assert "vieras" not in resident.text


@pytest.mark.parametrize("path", ["/kysely/asia", "/kysely/hata", "/kysely/tanaan", "/kysely/aihe"])
@pytest.mark.parametrize("lang", ["sv", "en"])
async def test_language_of_an_erring_page_leads_to_the_page_itself(
    browsers: Iterator[Browser], path: str, lang: str
) -> None:
    resident = next(browsers)
    await to_topic(resident)
    await resident.post(path)
    assert resident.status == 422
    found = re.search(rf'href="([^"]+\?kieli={lang})"', resident.text)
    assert found is not None

    assert await resident.get(found[1]) == path
    assert (resident.status, f'<html lang="{lang}"' in resident.text) == (200, True)


async def test_language_of_the_sending_address_leads_to_the_check(browsers: Iterator[Browser]) -> None:
    resident = next(browsers)
    await to_topic(resident)
    await to_check(resident)

    assert await resident.get("/kysely/laheta?kieli=sv") == "/kysely/tarkista"


@pytest.mark.parametrize(
    ("typed", "shown"), [("38,5", "38,5"), ("38.5", "38,5"), (" 39 ", "39"), ("38,55", "38,55")]
)
async def test_number_is_taken_with_comma_and_point(
    browsers: Iterator[Browser], typed: str, shown: str
) -> None:
    resident = next(browsers)
    await to_topic(resident)
    await resident.post("/kysely/aihe", aihe="respiratory")
    await resident.post("/kysely/kysymys/fever", vastaus="true")
    await resident.get("/kysely/kysymys/fever_max")
    await resident.post("/kysely/kysymys/fever_max", vastaus=typed)
    assert resident.status == 303

    await resident.get("/kysely/kysymys/fever_max")
    assert f'value="{shown}"' in resident.text


async def test_text_answer_keeps_its_full_stops(browsers: Iterator[Browser]) -> None:
    resident = next(browsers)
    await to_topic(resident)
    await resident.post("/kysely/asia", asia="Kipeä. Kuumetta 38.5.")
    await resident.get("/kysely/asia")

    assert "Kipeä. Kuumetta 38.5." in resident.text


async def test_changing_an_answer_returns_to_the_check(browsers: Iterator[Browser]) -> None:
    resident = next(browsers)
    await to_topic(resident)
    await to_check(resident)
    await resident.get("/kysely/tarkista")
    change = re.findall(r'answer-change"><a href="([^"]+)"', resident.text)

    assert {"/kysely/asia", "/kysely/hata", "/kysely/tanaan", "/kysely/aihe", "/kysely/puhelin"} <= set(
        change
    )
    assert resident.text.index("Mikä sinua vaivaa?") < resident.text.index("Hälyttävät oireet")
    assert await resident.post("/kysely/asia", asia="Toiset sanat") == "/kysely/tarkista"
    assert await resident.post("/kysely/kysymys/who", vastaus="self") == "/kysely/tarkista"
    assert await resident.post("/kysely/kysymys/who", vastaus="other") == "/kysely/puolesta"
    assert await resident.post("/kysely/puolesta", peruste="helper") == "/kysely/tarkista"
    await resident.get("/kysely/tarkista")
    assert "Autan häntä, ja hän on vieressäni" in resident.text


async def test_question_taken_off_the_way_leads_on_and_an_unknown_one_is_not_found(
    browsers: Iterator[Browser],
) -> None:
    resident = next(browsers)
    await to_topic(resident)
    await resident.post("/kysely/aihe", aihe="general")

    assert (await resident.get("/kysely/kysymys/centor_glands")).startswith("/kysely/")
    assert resident.status == 200
    await resident.get("/kysely/kysymys/plague")
    assert resident.status == 404


async def test_two_devices_lose_nothing_of_each_other(browsers: Iterator[Browser]) -> None:
    phone, laptop = next(browsers), next(browsers)
    await to_topic(phone)
    await phone.post("/kysely/aihe", aihe="sore_throat")
    await laptop.get(await link_of(phone))
    assert (await laptop.post(laptop.path)).startswith("/kysely/kysymys/")
    await laptop.get("/kysely/asia")
    await asyncio.gather(
        phone.post("/kysely/kysymys/fever", vastaus="true"), laptop.post("/kysely/asia", asia="Uudet sanat")
    )

    for device in (phone, laptop):
        await device.get("/kysely/asia")
        assert "Uudet sanat" in device.text
        await device.get("/kysely/kysymys/fever")
        assert 'value="true" checked' in device.text


async def link_of(browser: Browser) -> str:
    """The path of a new link, as the page shows it."""
    await browser.get("/kysely/tallenna")
    await browser.post("/kysely/tallenna", teko="nayta")
    found = LINK.search(browser.text)
    assert found is not None
    return found[0]


async def test_link_is_long_and_stored_only_as_its_hash(
    browsers: Iterator[Browser], runtime: Runtime
) -> None:
    resident = next(browsers)
    await to_topic(resident)
    token = (await link_of(resident)).rpartition("/")[2]
    row = await runtime.store.read(lambda tx: tx.one(select(ResumeLink)))

    assert len(token) * 6 >= 80
    assert row.expires_at - row.created_at == timedelta(days=7)
    for path in Path(runtime.settings.data_dir).iterdir():
        assert token.encode() not in path.read_bytes(), path.name


async def test_link_s_page_is_the_same_for_every_link(browsers: Iterator[Browser]) -> None:
    resident, other = next(browsers), next(browsers)
    await to_topic(resident)
    good = await link_of(resident)
    await other.get(good)
    seen = other.text.replace(good, "")
    await other.get("/jatka/AAAAAAAAAAAAAAAA")

    assert other.text.replace("/jatka/AAAAAAAAAAAAAAAA", "") == seen


@pytest.mark.parametrize("why", ["unknown", "expired", "ended", "sent"])
async def test_link_that_opens_nothing_says_so_alike(
    browsers: Iterator[Browser], clock: FixedClock, why: str
) -> None:
    resident, other = next(browsers), next(browsers)
    await to_topic(resident)
    link = await link_of(resident)
    if why == "unknown":
        link = "/jatka/AAAAAAAAAAAAAAAA"
    elif why == "expired":
        clock.set(MONDAY + timedelta(days=7, seconds=1))
    elif why == "ended":
        await resident.post("/kysely/tallenna", teko="poista")
    else:
        await to_check(resident)
        await resident.post("/kysely/laheta")
    await other.get(link)
    await other.post(link)

    assert other.status == 410
    assert "Linkki ei enää avaa vastauksia" in other.text
    assert "Aloita alusta" in other.text
    assert "E-1" not in other.text
    assert other.cookie == ""


async def test_guessed_links_are_slowed_down(browsers: Iterator[Browser]) -> None:
    other = next(browsers)
    for guess in range(10):
        await other.post(f"/jatka/guess{guess:011}")
        assert other.status == 410
    await other.post("/jatka/guess")

    assert other.status == 429


async def test_link_does_not_take_a_browser_from_its_own_contact(
    browsers: Iterator[Browser],
) -> None:
    saving, waiting = next(browsers), next(browsers)
    await to_topic(saving)
    link = await link_of(saving)
    await to_topic(waiting)
    await to_check(waiting)
    await waiting.post("/kysely/laheta")
    before = waiting.cookie

    assert await waiting.post(link) == "/odotus"
    assert waiting.cookie == before


async def test_other_device_is_not_shown_where_the_contact_stands(browsers: Iterator[Browser]) -> None:
    phone, laptop = next(browsers), next(browsers)
    await to_topic(phone)
    await laptop.post(await link_of(phone))
    await to_check(phone)
    await laptop.get("/kysely/asia")
    await phone.post("/kysely/laheta")

    assert await laptop.post("/kysely/asia", asia="Myöhässä") == "/kysely/lahetetty"
    assert await laptop.get("/kysely/asia") == "/kysely/lahetetty"
    assert "Vastaukset on jo lähetetty" in laptop.text
    await laptop.get("/odotus")
    assert laptop.status == 404
    assert await laptop.post("/kysely/hata", hata="gate_chest") == "/hata"


@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
async def test_link_goes_by_a_neutral_text_message_and_opens_the_answers(
    browsers: Iterator[Browser], runtime: Runtime, lang: str
) -> None:
    resident, other = next(browsers), next(browsers)
    await resident.get(f"/?kieli={lang}")
    resident.client.session.headers.update({"Accept-Language": lang})
    await to_topic(resident)
    await resident.get("/kysely/tallenna")
    await resident.post("/kysely/tallenna", teko="tekstiviesti", puhelin="040 123 4567")
    stored = json.dumps([dict(job) for job in await runtime.store.read(args_of_jobs)])
    for job, kind in await runtime.store.read(jobs.due):
        await work.submit(runtime, job, kind)
    [line] = (Path(runtime.settings.data_dir) / "sms.jsonl").read_text(encoding="utf-8").splitlines()
    text = json.loads(line)["text"]
    longest = text.replace(resident.origin, "https://" + "x" * 32)

    assert "040" not in stored and "jatka" not in stored
    assert GSM7.fullmatch(text)
    assert len(longest) <= 160
    assert not re.search(r"kurk|oire|sair|terve|symtom|sjuk|häls|health|symptom|nurse", text.lower())
    found = LINK.search(text)
    assert found is not None
    assert (await other.post(found[0])) == "/kysely/aihe"
    await resident.get("/kysely/puhelin")
    assert 'value="040 123 4567"' in resident.text


def args_of_jobs(tx: Tx) -> list[dict[str, object]]:
    return [dict(row.args) for row in tx.all(select(Job))]


async def test_number_is_not_filled_with_links(browsers: Iterator[Browser], runtime: Runtime) -> None:
    for _ in range(5):
        resident = next(browsers)
        await to_topic(resident)
        await resident.get("/kysely/tallenna")
        await resident.post("/kysely/tallenna", teko="tekstiviesti", puhelin="040 123 4567")
        for job, kind in await runtime.store.read(jobs.due):
            await work.submit(runtime, job, kind)
    sent = (Path(runtime.settings.data_dir) / "sms.jsonl").read_text(encoding="utf-8").splitlines()

    assert len(sent) == runtime.services.catalogue.limits.link_sms
    assert resident.status == 422


async def test_who_wants_no_text_messages_is_offered_none(
    browsers: Iterator[Browser], runtime: Runtime
) -> None:
    resident = next(browsers)
    await to_topic(resident)
    await resident.post("/kysely/puhelin", ("puhelin", "040 123 4567"), ("tapa", "soitto"))
    await resident.get("/kysely/tallenna")

    assert 'value="tekstiviesti"' not in resident.text
    await resident.post("/kysely/tallenna", teko="tekstiviesti", puhelin="040 123 4567")
    for job, kind in await runtime.store.read(jobs.due):
        await work.submit(runtime, job, kind)
    assert not (Path(runtime.settings.data_dir) / "sms.jsonl").exists()


async def test_unfinished_answers_end_after_a_day_unless_a_link_keeps_them(
    browsers: Iterator[Browser], clock: FixedClock
) -> None:
    forgotten, saved = next(browsers), next(browsers)
    await to_topic(forgotten)
    await to_topic(saved)
    await link_of(saved)
    clock.set(MONDAY + timedelta(hours=23))
    await forgotten.get("/kysely/asia")
    assert forgotten.status == 200
    clock.set(MONDAY + timedelta(hours=25))
    await forgotten.get("/kysely/asia")
    await saved.get("/kysely/asia")

    assert (forgotten.status, saved.status) == (401, 200)
    assert "Emme löydä asiointiasi" in forgotten.text


async def test_saving_button_keeps_what_was_answered(browsers: Iterator[Browser]) -> None:
    resident = next(browsers)
    await to_topic(resident)
    assert await resident.post("/kysely/asia", asia="Kesken jäi", tallenna="1") == "/kysely/tallenna"
    assert await resident.post("/kysely/kysymys/who", tallenna="1") == "/kysely/tallenna"
    assert await resident.post("/kysely/kysymys/who", vastaus="child", tallenna="1") == "/kysely/tallenna"
    await resident.get("/kysely/asia")

    assert "Kesken jäi" in resident.text
    assert await resident.post("/kysely/hata", NONE) == "/kysely/kysymys/age"


@pytest.mark.parametrize(
    ("sent", "phone", "safe"),
    [
        ("soitto tekstiviesti vastaaja", True, (True, True, True)),
        ("soitto", True, (True, False, False)),
        ("tekstiviesti vastaaja", True, (False, True, False)),
        ("soitto tekstiviesti vain-chat", False, (False, False, False)),
    ],
)
async def test_how_to_be_reached_is_stored_and_only_here_keeps_no_number(
    browsers: Iterator[Browser], runtime: Runtime, sent: str, phone: bool, safe: tuple[bool, ...]
) -> None:
    resident = next(browsers)
    await to_topic(resident)
    await to_check(resident)
    ways = [("tapa", way) for way in sent.split()]
    assert await resident.post("/kysely/puhelin", ("puhelin", "040 123 4567"), *ways) == "/kysely/tarkista"
    await resident.post("/kysely/laheta")
    party = await runtime.store.read(lambda tx: tx.one(select(Party)))

    assert (party.phone_sealed is not None) is phone
    assert tuple(party.safe_contact[name] for name in ("call", "sms", "voicemail")) == safe


async def test_number_without_any_way_is_asked_about(browsers: Iterator[Browser]) -> None:
    resident = next(browsers)
    await to_topic(resident)
    await resident.post("/kysely/puhelin", puhelin="040 123 4567")

    assert resident.status == 422
    assert 'href="#tapa"' in resident.text and 'id="tapa"' in resident.text


async def test_contact_for_a_child_is_stored_as_told(browsers: Iterator[Browser], runtime: Runtime) -> None:
    resident = next(browsers)
    await to_topic(resident, "child")
    assert await resident.post("/kysely/kysymys/age", vastaus="15") == "/kysely/puolesta"
    await resident.get("/kysely/puolesta")
    assert "12–17-vuotias voi asioida itse" in resident.text
    assert await resident.post("/kysely/puolesta") == "/kysely/aihe"
    await to_check(resident)
    await resident.post("/kysely/laheta")
    contact = await runtime.store.read(lambda tx: tx.one(select(Contact)))

    assert contact.asker_id != contact.subject_id
    assert (contact.acting["basis"], contact.acting["judged"], contact.acting["result"]) == (
        "guardian",
        True,
        "told",
    )


async def test_child_who_writes_alone_is_not_turned_away(browsers: Iterator[Browser]) -> None:
    resident = next(browsers)
    await to_topic(resident)
    path = await resident.post("/kysely/aihe", aihe="general")
    while path != "/kysely/kysymys/age":
        path = await resident.post(path, vastaus="en-tieda")
    assert await resident.post(path, vastaus="9") == "/kysely/puolesta"
    await resident.get("/kysely/puolesta")
    assert "Voisiko aikuinen auttaa sinua?" in resident.text
    assert 'href="tel:' in resident.text

    assert await resident.post("/kysely/puolesta") not in ("/kysely/puolesta", "/")
    assert await to_check(resident) == "/kysely/tarkista"


async def test_changed_content_is_finished_as_it_now_asks(
    browsers: Iterator[Browser], runtime: Runtime
) -> None:
    resident = next(browsers)
    await to_topic(resident)
    path = await resident.post("/kysely/aihe", aihe="sore_throat")
    while path != "/kysely/puhelin":
        path = await resident.post(path, vastaus="en-tieda")
    topics = {name: topic for name, topic in runtime.services.content.topics.items() if name != "sore_throat"}
    runtime.services = replace(runtime.services, content=replace(runtime.services.content, topics=topics))

    assert await resident.get("/kysely/tarkista") == "/kysely/aihe"
    assert await to_check(resident) == "/kysely/tarkista"
    assert await resident.post("/kysely/laheta") == "/odotus"
    assert await count(runtime, Event) > 0
