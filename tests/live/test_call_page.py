"""Where a call is, by the link of a text message, as a browser without scripts gets it."""

import json
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from html import unescape
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import func, select

from callbacks import service as callbacks
from callbacks.results import Result
from callbacks.telephony.port import DialFailed
from chat import service as chat
from core import jobs
from core.clock import FixedClock
from core.identity import Actor
from core.store import Tx
from core.urgency import Urgency
from ensilinja import app, work
from ensilinja.auth.models import StatusLink
from ensilinja.doors import COOKIES, LANG_COOKIE
from ensilinja.runtime import Runtime
from queues import service as queues
from queues.dispatch import sweep
from router import breaking
from router.arrivals import Channel
from router.outcomes import close, outcome_of
from router.parties import phone_of
from router.promising import Kind, open_promise, promises_of
from router.standing import the_contact
from tests.builders import MONDAY
from tests.demos import a_stored_demo
from tests.rooms import PHONE, SERVICES, a_callback, a_nurse, a_result, offered

NEW = "050 765 4321"


class Holder:
    """A browser that has a link and nothing else."""

    def __init__(self, runtime: Runtime, clock: FixedClock, client: TestClient) -> None:  # type: ignore[type-arg]
        self.runtime, self.clock, self.client, self.cookie = runtime, clock, client, ""
        self.contact, self.link = 0, ""
        self.nurse = Actor(kind="nobody")
        self.status, self.csrf = 0, ""

    async def asks(self, **more: object) -> "Holder":
        """A caller who was promised a call and got the text with the link."""
        received = await self.runtime.store.write(lambda tx: a_callback(tx, **more))  # type: ignore[arg-type]
        self.contact = received.contact
        self.link = await self.texted()
        return self

    async def texted(self) -> str:
        """The link of the newest text."""
        for job, _ in await self.runtime.store.read(jobs.due):
            await work.run_job(self.runtime, job)
        sent = (Path(self.runtime.settings.data_dir) / "sms.jsonl").read_text("utf-8").splitlines()
        found = re.search(r"/s/[a-z2-7]{16}", json.loads(sent[-1])["text"])
        return found[0] if found else ""

    async def get(self, path: str, lang: str = "fi") -> str:
        """The words of the page, or where it leads."""
        headers = {"Cookie": f"{self.cookie}; {LANG_COOKIE}={lang}", "Accept": "text/html"}
        answer = await self.client.get(path, headers=headers, allow_redirects=False)
        self.status, page = answer.status, await answer.text()
        token = re.search(r'name="csrf" value="([^"]*)"', page)
        self.csrf = token[1] if token else ""
        return answer.headers.get("Location") or words(page)

    async def post(self, path: str, **fields: str) -> str:
        """Sends a form; the words of the page, or where it leads."""
        headers = {"Cookie": self.cookie, "Origin": next(iter(self.runtime.origins)), "Accept": "text/html"}
        data = {"csrf": self.csrf, **fields}
        answer = await self.client.post(path, data=data, headers=headers, allow_redirects=False)
        self.status = answer.status
        for morsel in SimpleCookie(answer.headers.get("Set-Cookie", "")).values():
            if morsel.key == COOKIES["resident"]:
                self.cookie = f"{morsel.key}={morsel.value}"
        return answer.headers.get("Location") or words(await answer.text())

    async def times(self) -> list[str]:
        """The values of the times on offer."""
        headers = {"Accept": "text/html"}
        page = await (await self.client.get(f"{self.link}/aika", headers=headers)).text()
        return re.findall(r'name="aika"[^>]* value="([^"]+)"', page)

    async def held(self) -> None:
        """A nurse has the contact in her hands."""
        name = f"nurse{self.clock.now():%H%M}"
        self.nurse = await self.runtime.store.write(a_nurse, name)

        def take(tx: Tx) -> None:
            sweep(tx, SERVICES.catalogue)
            offer = offered(tx)
            callbacks.accept(tx, self.nurse, offer.id, offer.assignment, SERVICES)

        await self.runtime.store.write(take)

    async def rung(self, result: Result = Result.NO_ANSWER) -> None:
        """She is rung in vain."""
        await self.held()

        def ring(tx: Tx) -> None:
            assignment = queues.entry_of(tx, self.contact).assignment
            attempt = callbacks.dial(tx, self.nurse, self.contact, assignment, SERVICES)
            callbacks.hear(tx, "simulated", DialFailed(key=attempt.key, result=result, at=tx.now), SERVICES)

        await self.runtime.store.write(ring)

    async def read(self, fn: object, *args: object) -> object:
        return await self.runtime.store.read(fn, *args)  # type: ignore[arg-type]


def words(page: str) -> str:
    main = page.partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", main)))


@pytest.fixture
async def holder(tmp_path: Path) -> AsyncIterator[Holder]:
    clock = FixedClock(MONDAY)
    async with a_stored_demo(tmp_path, clock=clock) as runtime:
        runtime.services = SERVICES
        async with TestClient(TestServer(app.make_app(runtime))) as client:
            yield Holder(runtime, clock, client)


async def test_the_link_shows_the_promise_and_nothing_else(holder: Holder) -> None:
    await holder.asks(line="dental")
    page = await holder.get(holder.link)

    assert (holder.status, holder.csrf) == (200, "")
    assert "Soitamme sinulle tänään kello 10.00–15.00." in page
    assert "040 *** 567" in page and "567" in page and PHONE[-7:] not in page
    assert "03 629 6301" in page and "Yritämme 3 kertaa" in page
    for path in ("/odotus", "/keskustelu", "/paattynyt", "/soittopyynto", "/keskustelu.txt"):
        await holder.get(path)
        assert holder.status in (401, 403, 404)


@pytest.mark.parametrize(
    ("lang", "said"),
    [("sv", "Vi ringer dig i dag kl"), ("en", "We will call you today"), ("fi", "Soitamme sinulle tänään")],
)
async def test_every_language(holder: Holder, lang: str, said: str) -> None:
    await holder.asks()
    assert said in await holder.get(holder.link, lang)


async def test_an_urgent_contact_shows_no_more_by_the_link(holder: Holder) -> None:
    result = a_result(level=Urgency.EMERGENCY, tags=frozenset({"self_harm"}))
    await holder.asks(result=result, channel=Channel.FORM, line=None)
    assert (await holder.runtime.store.read(queues.entry_of, holder.contact)).tier == 0
    page = await holder.get(holder.link)

    assert "Soitamme sinulle tänään" in page
    assert not re.search(r"kriisi|hengity|hätä|112|turva|kiire", page, re.IGNORECASE)
    assert await holder.times() == []  # what is urgent is not put off


async def test_the_time_is_changed_and_promised_anew(holder: Holder) -> None:
    await holder.asks()
    times = await holder.times()
    assert datetime.fromisoformat(times[0]) == MONDAY + timedelta(hours=2)
    assert "Valitse, milloin soitamme." in await holder.post(f"{holder.link}/aika")
    assert holder.status == 422
    assert await holder.post(f"{holder.link}/aika", aika=times[-1]) == holder.link

    def look(tx: Tx) -> tuple[object, ...]:
        entry, promise = queues.entry_of(tx, holder.contact), open_promise(tx, holder.contact, Kind.CALLBACK)
        assert promise is not None
        return entry.state, entry.not_before, entry.due_at == promise.due_at, promise.told_as["start"]

    start = datetime.fromisoformat(times[-1])
    assert await holder.read(look) == ("scheduled", start, True, start.isoformat())
    assert "uutena aikana" in await holder.get(holder.link)
    assert "Mahdollisimman pian" in await holder.get(f"{holder.link}/aika")
    assert await holder.post(f"{holder.link}/aika", aika="pian") == holder.link
    await holder.runtime.store.write(sweep, SERVICES.catalogue)
    assert (await holder.runtime.store.read(queues.entry_of, holder.contact)).state == "waiting"


@pytest.mark.parametrize("aika", ["", "x", "2026-11-23T10:00:00", "2026-11-23T10:01:00+00:00", "pian'--"])
async def test_a_time_that_is_not_offered_changes_nothing(holder: Holder, aika: str) -> None:
    await holder.asks()
    await holder.post(f"{holder.link}/aika", aika=aika)

    assert holder.status == 422
    assert len(await holder.runtime.store.read(promises_of, holder.contact)) == 1


async def test_a_time_has_room_for_so_many(holder: Holder) -> None:
    most = SERVICES.catalogue.limits.window_calls
    await holder.asks()
    chosen = (await holder.times())[0]
    for n in range(most):
        other = await Holder(holder.runtime, holder.clock, holder.client).asks(
            name=f"n{n}", phone=f"+35840222{n:04}"
        )
        assert await other.post(f"{other.link}/aika", aika=chosen) == other.link

    assert chosen not in await holder.times()
    assert "ehti täyttyä" in await holder.post(f"{holder.link}/aika", aika=chosen)


async def test_a_second_time_is_shown_with_what_was_promised_first(holder: Holder) -> None:
    await holder.asks()
    chosen = (await holder.times())[0]  # 12.00-14.00
    await holder.post(f"{holder.link}/aika", aika=chosen)
    holder.clock.set(datetime.fromisoformat(chosen) + timedelta(hours=2, minutes=-10))
    await holder.runtime.store.write(sweep, SERVICES.catalogue)
    await holder.runtime.store.write(breaking.sweep, SERVICES)
    page = await holder.get(await holder.texted())

    assert "Soittomme myöhästyy" in page and "Lupasimme ensin soittaa tänään kello 12.00–14.00." in page
    assert "Soitamme sinulle tänään kello 14.00–16.00." in page
    assert "Vi lovade först" in await holder.get(holder.link, "sv")
    assert "We first promised" in await holder.get(holder.link, "en")
    await holder.rung()
    assert "Lupasimme ensin" not in await holder.get(holder.link)


async def test_the_number_is_read_back_before_it_is_called(holder: Holder) -> None:
    await holder.asks()
    assert "Tarkista" in await holder.post(f"{holder.link}/numero", puhelin="112")
    assert holder.status == 422
    assert "050 765 4321" in await holder.post(f"{holder.link}/numero", puhelin=NEW)
    asker = (await holder.runtime.store.read(the_contact, holder.contact)).asker_id
    assert await holder.runtime.store.read(phone_of, asker) == PHONE

    after = await holder.post(f"{holder.link}/numero", puhelin=NEW, teko="vahvista")
    assert await holder.runtime.store.read(phone_of, asker) == "+358507654321"
    assert "050 *** 321" in await holder.get(after)
    assert "Linkki ei toimi" in await holder.get(holder.link)  # it went to a number that is hers no more
    assert holder.status == 410
    assert (
        "321" in (Path(holder.runtime.settings.data_dir) / "sms.jsonl").read_text() or await holder.texted()
    )


async def test_cancelling_is_asked_once_and_is_her_own_act(holder: Holder) -> None:
    await holder.asks()
    assert "Perutaanko" in await holder.get(f"{holder.link}/peru")
    for _ in range(2):
        assert await holder.post(f"{holder.link}/peru") == holder.link
    assert "on peruttu" in await holder.get(holder.link)
    outcome = await holder.runtime.store.read(outcome_of, holder.contact)

    assert outcome is not None and (outcome.code, outcome.by) == ("WITHDRAWN", None)
    assert await holder.get(f"{holder.link}/aika") == holder.link


async def test_while_she_is_called_nothing_is_changed(holder: Holder) -> None:
    await holder.asks()
    chosen = (await holder.times())[0]
    await holder.held()

    assert "Soitamme sinulle nyt" in await holder.get(holder.link)
    for path, fields in (("aika", {"aika": chosen}), ("numero", {"puhelin": NEW, "teko": "vahvista"})):
        assert await holder.post(f"{holder.link}/{path}", **fields) == holder.link
    assert await holder.post(f"{holder.link}/peru") == holder.link
    assert (await holder.runtime.store.read(queues.entry_of, holder.contact)).state == "held"


async def test_missed_tells_when_the_next_try_is(holder: Holder) -> None:
    await holder.asks()
    await holder.rung()
    link = await holder.texted()
    page = await holder.get(link)

    assert "Soitimme, mutta emme tavoittaneet sinua" in page
    assert "tänään kello 10.45 jälkeen" in page
    assert "Soitimme tänään kello 10.00. Emme tavoittaneet sinua." in page


async def test_after_the_last_try_she_may_choose_a_time_and_nothing_has_ended(holder: Holder) -> None:
    await holder.asks()
    for _ in range(3):
        await holder.rung()
        holder.clock.advance(timedelta(minutes=46))
    link = await holder.texted()
    page = await holder.get(link)
    assert "Emme tavoittaneet sinua" in page and "Valitse uusi aika" in page

    holder.link = link
    assert await holder.post(f"{link}/aika", aika=(await holder.times())[0]) == link
    entry = await holder.runtime.store.read(queues.entry_of, holder.contact)
    assert (entry.state, entry.agent) == ("scheduled", None)
    assert "uutena aikana" in await holder.get(link)


async def test_dealt_with(holder: Holder) -> None:
    await holder.asks()
    await holder.rung(Result.REFUSED)

    def end(tx: Tx) -> None:
        assignment = queues.entry_of(tx, holder.contact).assignment
        given = {"code": "RESOLVED_ADVICE", "assignment": assignment, "services": SERVICES}
        close(tx, holder.contact, holder.nurse, **given)  # type: ignore[arg-type]

    await holder.runtime.store.write(end)
    assert "on hoidettu" in await holder.get(holder.link)


async def test_an_unknown_link_opens_nothing_and_guessing_is_slowed(holder: Holder) -> None:
    statuses = []
    for n in range(12):
        page = await holder.get(f"/s/{'a' * 15}{n % 7 + 2 if n < 6 else 'b'}")
        statuses.append(holder.status)
        assert "uusi linkki" not in page
    assert statuses == [410] * 10 + [429] * 2


async def test_an_expired_link_says_so_and_sends_a_new_one_to_the_number(holder: Holder) -> None:
    await holder.asks()
    old = holder.link
    holder.clock.advance(timedelta(days=SERVICES.catalogue.limits.link_days, minutes=1))
    assert "edelleen tallessa" in await holder.get(old)
    assert holder.status == 410
    for _ in range(3):
        assert "Uusi linkki" in await holder.post(f"{old}/uusi")
    new = await holder.texted()

    assert new != old and "Soitamme sinulle" in await holder.get(new)
    assert await holder.read(lambda tx: tx.scalar(select(func.count()).select_from(StatusLink))) == 2
    for path in ("aika", "numero", "peru", "chat"):
        await holder.post(f"{old}/{path}")
        assert holder.status == 410


async def test_moving_to_the_chat_keeps_the_promise_until_somebody_answers(holder: Holder) -> None:
    await holder.asks()
    before = await holder.runtime.store.read(queues.entry_of, holder.contact)
    assert await holder.post(f"{holder.link}/chat") == "/odotus"
    assert holder.cookie
    assert "Siirry chattiin" in await holder.get(holder.link)
    await holder.get("/odotus")
    assert holder.status == 200
    entry = await holder.runtime.store.read(queues.entry_of, holder.contact)
    assert (entry.channel, entry.state, entry.due_at) == ("chat", "waiting", before.due_at)

    stranger = Holder(holder.runtime, holder.clock, holder.client)
    assert "Odotat nyt chatissa" in await stranger.get(holder.link)
    assert await stranger.post(f"{holder.link}/chat") == holder.link
    assert not stranger.cookie

    def leaves(tx: Tx) -> None:
        chat.leave(tx, Actor(kind="resident", id=holder.contact), holder.contact, SERVICES)
        entry = queues.entry_of(tx, holder.contact)
        assert (entry.channel, entry.state) == ("callback", "waiting")
        assert open_promise(tx, holder.contact, Kind.CALLBACK) is not None

    await holder.runtime.store.write(leaves)


async def test_a_link_never_opens_a_chat_in_which_something_was_told(holder: Holder) -> None:
    await holder.asks()
    await holder.runtime.store.write(
        lambda tx: chat.send(
            tx, Actor(kind="resident", id=holder.contact), holder.contact,
            client_id="sms:1", text="SMS: salaista", services=SERVICES,
        )
    )  # fmt: skip
    page = await holder.get(holder.link)
    assert "Siirry chattiin" not in page and "salaista" not in page
    assert await holder.post(f"{holder.link}/chat") == holder.link
    assert not holder.cookie


async def test_another_site_s_form_is_refused(holder: Holder) -> None:
    await holder.asks()
    for origin in ({}, {"Origin": "https://elsewhere.example"}):
        answer = await holder.client.post(f"{holder.link}/peru", data={}, headers=origin)
        assert answer.status == 403
    assert (await holder.runtime.store.read(queues.entry_of, holder.contact)).ended_at is None
