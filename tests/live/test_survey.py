"""The question after a contact, by text: of whom, how often, and what comes of each answer."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core import jobs
from core.clock import FixedClock
from core.store import Tx
from core.urgency import Urgency
from ensilinja import work
from ensilinja.notify import hearing, survey
from ensilinja.notify.models import Notice, Survey
from ensilinja.runtime import Runtime
from queues import agents
from queues import service as queues
from router.outcomes import close
from router.standing import the_contact
from tests.builders import MONDAY
from tests.demos import a_stored_demo
from tests.rooms import PHONE, SERVICES, a_chat, a_nurse, a_result


class House:
    """A service in which contacts come and are closed."""

    def __init__(self, runtime: Runtime, clock: FixedClock) -> None:
        self.runtime, self.clock, self.count = runtime, clock, 0
        self.is_slow = False  # texts are not sent at once

    async def closes(self, code: str = "RESOLVED_ADVICE", phone: str = PHONE, **more: object) -> int:
        """A chat that is closed with the outcome; its number."""
        self.count += 1

        def one(tx: Tx) -> int:
            nurse = a_nurse(tx, f"nurse{self.count}")
            received = a_chat(tx, f"chat{self.count}", phone=phone, **more)
            agents.beat(tx, nurse.id, SERVICES.catalogue.limits)
            held = queues.take(
                tx, received.entry.id, nurse.id, reason="by_hand", limits=SERVICES.catalogue.limits
            )
            given = {"code": code, "assignment": held.assignment, "services": SERVICES, "why": "none"}
            close(tx, received.contact, nurse, **given)  # type: ignore[arg-type]
            agents.end_shift(tx, nurse.id)
            return received.contact

        contact = await self.runtime.store.write(one)
        if not self.is_slow:
            await self.work_off()
        return contact

    async def work_off(self) -> None:
        for job, _ in await self.runtime.store.read(jobs.due):
            await work.run_job(self.runtime, job)

    async def hears(self, words: str, phone: str = PHONE) -> None:
        self.count += 1
        told = hearing.Reply(id=f"r{self.count}", number=phone, text=words)
        await self.runtime.store.write(hearing.hear, told, SERVICES)
        await self.work_off()

    async def sent(self) -> list[str]:
        taken = select(Notice.text).where(Notice.state == "taken").order_by(Notice.id)  # type: ignore[call-overload]
        return await self.runtime.store.read(lambda tx: tx.all(taken))

    async def rows(self) -> list[Survey]:
        return await self.runtime.store.read(lambda tx: tx.all(select(Survey).order_by(Survey.id)))  # type: ignore[arg-type]

    async def comment(self, contact: int) -> str:
        def read(tx: Tx) -> str:
            [row] = [each for each in tx.all(select(Survey)) if each.contact_id == contact]
            return tx.vault.open(tx, the_contact(tx, contact).data_key_id, survey.COMMENT, row.comment_sealed)

        return await self.runtime.store.read(read)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    clock = FixedClock(MONDAY)
    async with a_stored_demo(tmp_path, clock=clock) as runtime:
        runtime.services = SERVICES
        yield House(runtime, clock)


async def test_one_is_asked_once_in_a_while(house: House) -> None:
    await house.closes()
    await house.closes()
    house.clock.advance(timedelta(days=29))
    await house.closes()
    assert await house.sent() == ["sms.survey"]
    house.clock.advance(timedelta(days=2))
    await house.closes()
    assert await house.sent() == ["sms.survey"] * 2


@pytest.mark.parametrize("code", ["REFERRED_112", "WRONG_CHANNEL"])
async def test_not_after_every_end(house: House, code: str) -> None:
    await house.closes(code)
    assert await house.sent() == []


@pytest.mark.parametrize(
    "more",
    [
        {"result": a_result(level=Urgency.EMERGENCY)},
        {"safe_contact": {"survey": False}},
        {"safe_contact": {"sms": False, "survey": False}},
        {"phone": "+35836296301"},
    ],
    ids=["emergency", "wants no survey", "wants no text", "a landline"],
)
async def test_not_of_everybody(house: House, more: dict[str, object]) -> None:
    await house.closes(**more)  # type: ignore[arg-type]
    assert await house.sent() == []


async def test_by_night_the_question_waits(house: House) -> None:
    house.is_slow = True
    await house.closes()
    house.clock.set(datetime(2026, 11, 23, 20, tzinfo=UTC))
    await house.work_off()
    assert await house.sent() == []
    house.clock.set(datetime(2026, 11, 24, 6, tzinfo=UTC))
    await house.work_off()
    assert await house.sent() == ["sms.survey"]


async def test_a_number_a_thank_you_and_words(house: House) -> None:
    contact = await house.closes()
    for words in ("9!", "Sain avun heti.", "Kiitos."):
        await house.hears(words)

    [row] = await house.rows()
    assert (row.score, row.answered_at) == (9, house.clock.now())
    assert await house.sent() == ["sms.survey", "sms.survey_thanks"]
    assert await house.comment(contact) == "Sain avun heti. Kiitos."
    assert row.comment_sealed is not None and b"Sain" not in row.comment_sealed


async def test_no_is_for_ever(house: House) -> None:
    await house.closes()
    await house.hears("Ei.")
    house.clock.advance(timedelta(days=400))
    await house.closes()

    assert await house.sent() == ["sms.survey"]


async def test_an_answer_to_a_later_text_is_no_answer_to_the_question(house: House) -> None:
    await house.closes()
    house.clock.advance(timedelta(days=8))
    await house.hears("10")
    assert [row.score for row in await house.rows()] == [None]


@pytest.mark.parametrize(
    ("words", "score"),
    [("9", 9), (" 9 ", 9), ("9!", 9), ("10", 10), ("0", 0), ("9/10", 9), ("Annan 8.", 8), ("11", None),
     ("100", None), ("kymmenen", None), ("9 tai 10", None), ("-", None)],
)  # fmt: skip
def test_numbers_are_read_leniently(words: str, score: int | None) -> None:
    assert survey.score_of(words) == score


@pytest.mark.parametrize(
    ("words", "no"), [("EI", True), ("nej.", True), (" No ", True), ("STOP", True), ("Ei nyt 9", False)]
)
def test_a_no_is_a_word_of_its_own(words: str, no: bool) -> None:
    assert survey.is_no(words) == no
