"""Texts that a process committed are pushed without being read: each frame is the one that would be read."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from random import Random

import pytest

from chat import service as chat
from core.errors import EnsilinjaError
from core.store import Recorded, Tx
from ensilinja.feed import Feed, News, remembered
from ensilinja.runtime import Runtime
from tests.acts import Act, Day, any_act, script
from tests.faults.sizes import sized
from tests.mutants.hasty_feed import HASTY
from tests.service.test_resume import a_day
from tests.watching import Watcher

HISTORIES = sized(1, 10, 500)
ACTS = 25
AFTER = "a note"  # of the script: from here on the first nurse talks with a


class Reads(Feed):
    """Reads all its news."""

    def _committed(self, events: Sequence[Recorded]) -> None:
        """Not even a look."""


class Counts(Feed):
    """The feed as it is; counts the events that it did not read."""

    unread = 0

    def _push_all(self, news: News) -> None:
        if all(event.beside for event in news.events):
            assert news == remembered(news.events)
            self.unread += len(news.events)
        super()._push_all(news)


def come(tx: Tx, contacts: Sequence[int]) -> None:
    """Whose page was closed for a while is back."""
    for contact in contacts:
        chat.connected(tx, contact)


class Pairs:
    """The same browsers twice: on the feed in question and on one that reads."""

    def __init__(self, runtime: Runtime, day: Day, feed: type[Feed]) -> None:
        self.runtime, self.day = runtime, day
        both = (kind(runtime.store, runtime.services, runtime.texts) for kind in (feed, Reads))
        self.runtimes = [replace(runtime, feed=each) for each in both]
        self.screens: list[tuple[Watcher, Watcher]] = []

    @property
    def feeds(self) -> list[Feed]:
        return [each.feed for each in self.runtimes]

    async def prime(self) -> None:
        for feed in self.feeds:
            await feed.prime()

    async def open_all(self) -> None:
        """A browser for everybody, of which consoles have all conversations open: the feed checks rights."""
        await self.runtime.store.write(come, list(self.day.contacts.values()))
        self.screens = [pair for pair in self.screens if not pair[0].is_over]
        here = {mine.actor for mine, _ in self.screens}
        people = [(self.day.resident(name), "resident") for name in self.day.contacts]
        for actor, role in [*people, *((nurse, "console") for nurse in self.day.nurses)]:
            if actor not in here:
                pair = Watcher(actor, role, self.runtimes[0]), Watcher(actor, role, self.runtimes[1])
                for each in pair:
                    await each.open()
                self.screens.append(pair)
        for each in chain.from_iterable(self.screens):
            each.connection.open_contacts |= set(self.day.contacts.values())
            each.listen()

    async def do(self, name: str, act: Act) -> None:
        """The act, and on either feed the same frames."""
        await self.open_all()
        with contextlib.suppress(EnsilinjaError, IndexError, KeyError):
            await self.runtime.store.write(act)
        await asyncio.sleep(0)  # what was committed here is pushed
        for feed in self.feeds:
            await feed.turn()
        for mine, read in self.screens:
            assert list(mine.connection.outbox) == list(read.connection.outbox), (name, mine.actor.key)
            mine.listen()
            read.listen()
        assert self.feeds[0].seen == self.feeds[1].seen


def acts_of(day: Day) -> list[tuple[str, Act]]:
    """The script, with more talk, and with talk in one commit with other things."""
    acts = script(day)
    at = [name for name, _ in acts].index(AFTER)
    more: list[tuple[str, Act]] = [
        ("a writes twice", lambda tx: [day.say(tx, "a", text) for text in ("Ja kuumetta", "Paljon")]),
        ("the nurse answers", lambda tx: day.reply(tx, "a", "Kuinka paljon?")),
        ("a note and a text", lambda tx: (day.note(tx, "a"), day.say(tx, "a", "39"))),
        ("a text and a note", lambda tx: (day.say(tx, "a", "Tai 38"), day.note(tx, "a"))),
        ("a writes again", lambda tx: day.say(tx, "a", "Eilen alkoi")),
    ]
    return [*acts[:at], *more, *acts[at:]]


def two_acts(day: Day, chance: Random) -> Act:
    """Something happens, perhaps in one commit with a text before it."""
    name, text, act = chance.choice(sorted(day.contacts) or ["a"]), f"{chance.random()}", any_act(day, chance)

    def both(tx: Tx) -> None:
        with contextlib.suppress(EnsilinjaError, KeyError):
            day.say(tx, name, text)
        act(tx)

    return chance.choice((act, both))


async def play(pairs: Pairs) -> None:
    for name, act in acts_of(pairs.day):
        await pairs.do(name, act)


async def test_frames_of_own_texts_are_those_that_would_be_read(tmp_path: Path) -> None:
    async with a_day(tmp_path) as (runtime, day):
        pairs = Pairs(runtime, day, Counts)
        await pairs.prime()
        await play(pairs)
    mine = pairs.feeds[0]
    assert isinstance(mine, Counts)
    assert mine.unread >= 5


async def test_frames_of_any_history_are_those_that_would_be_read(tmp_path: Path) -> None:
    for seed in range(HISTORIES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        async with a_day(folder) as (runtime, day):
            pairs, chance = Pairs(runtime, day, Counts), Random(seed)
            await pairs.prime()
            for number in range(ACTS):
                await pairs.do(f"seed {seed}, act {number}", two_acts(day, chance))


@pytest.mark.parametrize("hasty", HASTY)
async def test_hasty_feed_is_found(tmp_path: Path, hasty: type[Feed]) -> None:
    async with a_day(tmp_path) as (runtime, day):
        pairs = Pairs(runtime, day, hasty)
        await pairs.prime()
        with pytest.raises(AssertionError):
            await play(pairs)
