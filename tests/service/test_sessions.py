"""Open sockets are held against their sessions: who has signed out goes, who has just come stays."""

import asyncio
from datetime import timedelta
from pathlib import Path

from chat import presence
from chat import service as chat
from core.clock import FixedClock
from core.identity import Actor
from ensilinja.auth import sessions
from ensilinja.listeners import Connection
from ensilinja.sockets import check_sessions
from tests.builders import MONDAY
from tests.demos import a_stored_demo
from tests.rooms import a_chat


async def test_only_sockets_of_ended_sessions_are_closed(tmp_path: Path) -> None:
    clock = FixedClock(MONDAY)
    async with a_stored_demo(tmp_path, clock=clock) as runtime:
        token = await runtime.store.write(sessions.begin_resident, lang="fi", answers=None)
        live = (await runtime.store.read(sessions.identify, token, "resident")).session
        closed: list[str] = []

        def join(name: str, session: int) -> None:
            actor = Actor(kind="resident", id=session, session=session)
            page = Connection(actor=actor, role="resident", lang="fi", evict=lambda: closed.append(name))
            runtime.feed.join(page)

        join("live", live)
        join("ended", live + 1)
        checking = asyncio.create_task(check_sessions(runtime))
        await asyncio.sleep(0)  # the sessions are being read
        join("just come", live + 2)
        await checking

        assert closed == ["ended"]
        clock.advance(timedelta(days=15))
        await check_sessions(runtime)
        assert sorted(closed) == ["ended", "ended", "just come", "live"]


async def test_a_session_in_use_is_noted_once_a_minute(tmp_path: Path) -> None:
    clock = FixedClock(MONDAY)
    async with a_stored_demo(tmp_path, clock=clock) as runtime:
        token = await runtime.store.write(sessions.begin_resident, lang="fi", answers=None)
        session = (await runtime.store.read(sessions.identify, token, "resident")).session
        clock.advance(60)
        assert await runtime.store.read(sessions.alive, [session]) == ({session}, set())
        clock.advance(1)
        assert await runtime.store.read(sessions.alive, [session]) == ({session}, {session})
        await runtime.store.write(sessions.touch, [session])
        assert await runtime.store.read(sessions.alive, [session]) == ({session}, set())


async def test_a_connected_resident_is_renewed_with_her_session(tmp_path: Path) -> None:
    clock = FixedClock(MONDAY)
    async with a_stored_demo(tmp_path, clock=clock) as runtime:
        contact = (await runtime.store.write(a_chat)).contact
        await runtime.store.write(chat.connected, contact)
        token = await runtime.store.write(sessions.begin_resident, lang="fi", answers=None)
        session = (await runtime.store.read(sessions.identify, token, "resident")).session
        actor = Actor(kind="resident", id=contact, session=session)
        runtime.feed.join(Connection(actor=actor, role="resident", lang="fi", evict=lambda: None))
        clock.advance(timedelta(seconds=61))
        assert await runtime.store.read(presence.not_renewed, {contact}) == [contact]

        await check_sessions(runtime)

        assert await runtime.store.read(presence.not_renewed, {contact}) == []
        assert await runtime.store.read(sessions.alive, [session]) == ({session}, set())
