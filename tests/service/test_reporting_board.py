import json
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import event

from core.clock import FixedClock
from core.events import record
from core.models import Heartbeat, Staff
from core.store import Tx
from core.urgency import Urgency
from ensilinja.reporting import board, keeper
from ensilinja.reporting.picture import Alarm, Board, QueueRow, Word
from queues import agents, dispatch, service
from router.events import PromiseMade
from tests import histories as told
from tests.builders import MONDAY, a_store
from tests.counties import a_county

COUNTY = a_county()
NIGHT = MONDAY + timedelta(hours=12)


def a_person(tx: Tx, name: str, *queues: str, capacity: int = 3) -> int:
    staff = tx.add(
        Staff(
            username=name,
            display_name=name,
            profession="nurse",
            password_hash="",
            roles=["agent"],
            languages=["fi"],
            created_at=tx.now,
        )
    )
    number = staff.id or 0
    agents.set_queues(tx, number, queues)
    agents.start_shift(tx, number, capacity=capacity, languages=["fi"], device="")
    return number


def a_wait(
    tx: Tx,
    contact: int,
    *,
    minutes: float = 0,
    queue: str = "nurse",
    channel: str = "chat",
    urgency: Urgency = Urgency.SAME_DAY,
    tier: int = 2,
) -> None:
    """An entry whose contact arrived some minutes ago."""
    service.enqueue(
        tx,
        contact=contact,
        matter=contact,
        queue=queue,
        channel=channel,
        urgency=urgency,
        tier=tier,
        due_at=tx.now + timedelta(minutes=10),
        arrived_at=tx.now - timedelta(minutes=minutes),
        language="fi",
        weight=1,
        actor="system",
    )


def a_callback(tx: Tx, contact: int, *, made: datetime, due: datetime, queue: str = "nurse") -> None:
    """An open callback promised at `made`, known to the facts."""
    promise = PromiseMade(promise=contact, kind="callback", due_at=due)
    record(replace(tx, now=made), promise, contact=contact, actor="system")
    a_wait(tx, contact, queue=queue, channel="callback")
    while keeper.catch_up(tx):
        pass


def row(shown: Board, queue: str = "nurse", channel: str = "chat") -> QueueRow:
    return next(each for each in shown.queues if (each.queue, each.channel) == (queue, channel))


def kinds(shown: Board) -> list[str]:
    return [alarm.kind for alarm in shown.alarms]


def alarm_of(shown: Board, kind: str) -> Alarm:
    return next(alarm for alarm in shown.alarms if alarm.kind == kind)


async def test_board_of_nothing_shows_no_figure_and_no_alarm(database_url: str) -> None:
    async with a_store(database_url) as store:
        shown = await store.read(board.snapshot, COUNTY)

    assert shown.tiles.waiting.n == 0
    assert (shown.tiles.reply_delay.mean_s, shown.tiles.resolution.percent) == (None, None)
    assert shown.tiles.reply_delay.word == shown.tiles.longest.word == Word.NONE
    assert (shown.staff, shown.alarms) == ((), ())
    assert [(each.queue, each.channel) for each in shown.queues] == [
        ("nurse", "chat"),
        ("nurse", "call"),
        ("nurse", "callback"),
        ("physio", "chat"),
    ]


async def test_longest_wait_is_one_persons_beside_the_target(database_url: str) -> None:
    def arrange(tx: Tx) -> None:
        a_person(tx, "Aino", "nurse", "physio")
        a_wait(tx, 1, minutes=3)
        a_wait(tx, 2, minutes=5, queue="physio")
        a_wait(tx, 3, minutes=500, channel="callback")

    async with a_store(database_url) as store:
        await store.write(arrange)
        shown = await store.read(board.snapshot, COUNTY)

    assert shown.tiles.waiting.n == 2
    assert (shown.tiles.longest.seconds, shown.tiles.longest.contact) == (300, 2)
    assert shown.tiles.longest.target_seconds == 120
    assert shown.tiles.longest.word == Word.TOO_LONG
    assert (row(shown).state, row(shown).longest_s, row(shown).waiting) == (Word.WATCH, 180, 1)
    assert row(shown, "physio").state == Word.TOO_LONG


async def test_wait_before_the_opening_is_not_counted(database_url: str) -> None:
    early = FixedClock(MONDAY.replace(hour=6, minute=1))

    async with a_store(database_url, early) as store:
        await store.write(a_wait, 1, minutes=90)
        shown = await store.read(board.snapshot, COUNTY)

    assert shown.tiles.longest.seconds == 60
    assert shown.tiles.longest.word == Word.GOOD


async def test_todays_figures_are_those_of_the_reports(database_url: str) -> None:
    def arrange(tx: Tx) -> None:
        histories = [
            told.chat(2),
            told.chat(4, resolved=False),
            told.chat(9),
            told.gone_chat(),
            told.callback(),
        ]
        for contact, steps in enumerate(histories, start=1):
            told.write(tx, told.events(steps, contact=contact, start=MONDAY - timedelta(minutes=90)))
        told.write(tx, told.events(told.chat(60), contact=9, start=MONDAY - timedelta(days=1)))
        while keeper.catch_up(tx):
            pass

    async with a_store(database_url) as store:
        await store.write(arrange)
        shown = await store.read(board.snapshot, COUNTY)

    assert (shown.tiles.reply_delay.n, shown.tiles.reply_delay.mean_s) == (3, 300)
    assert (shown.tiles.reply_delay.p90_s, shown.tiles.reply_delay.word) == (540, Word.TOO_LONG)
    assert (shown.tiles.resolution.resolved, shown.tiles.resolution.coded) == (3, 4)
    assert (shown.tiles.resolution.percent, shown.tiles.resolution.word) == (75, Word.GOOD)
    assert (shown.tiles.callback_delay.n, shown.tiles.callback_delay.p90_s) == (1, 59 * 60)
    assert (row(shown).reply_mean_s, row(shown).left_percent) == (300, 25)
    assert row(shown, "physio").reply_mean_s is None


async def test_staff_are_shown_in_the_state_that_says_most(database_url: str) -> None:
    clock = FixedClock(MONDAY)

    def arrange(tx: Tx) -> None:
        a_wait(tx, 1)
        a_wait(tx, 2, queue="physio", channel="call")
        for name, queue in (("Aino", "nurse"), ("Eero", "physio"), ("Ilse", "elderly"), ("Olli", "elderly")):
            a_person(tx, name, queue, capacity=1)
        agents.set_state(tx, 3, "paused", "lunch")
        for offer in dispatch.dispatch(tx, COUNTY):
            service.hold(tx, offer.id, offer.agent or 0, offer.assignment)

    def all_but_olli_live(tx: Tx) -> None:
        for staff in (1, 2, 3):
            agents.beat(tx, staff)

    async with a_store(database_url, clock) as store:
        await store.write(arrange)
        clock.advance(16)
        await store.write(all_but_olli_live)
        shown = await store.read(board.snapshot, COUNTY)

    assert [(each.name, each.state, each.load) for each in shown.staff] == [
        ("Aino", "busy", 1),
        ("Eero", "call", 1),
        ("Ilse", "paused", 0),
        ("Olli", "lost", 0),
    ]
    assert shown.staff[1].since == MONDAY
    assert (row(shown).ready, row(shown).on_shift) == (0, 1)


async def test_callbacks_are_watched_before_they_break(database_url: str) -> None:
    def arrange(tx: Tx) -> None:
        a_person(tx, "Aino", "nurse")
        a_callback(tx, 1, made=MONDAY - timedelta(minutes=80), due=MONDAY + timedelta(minutes=20))
        a_callback(tx, 2, made=MONDAY, due=MONDAY + timedelta(minutes=20))
        a_callback(tx, 3, made=MONDAY, due=MONDAY + timedelta(minutes=20))

    async with a_store(database_url) as store:
        await store.write(arrange)
        shown = await store.read(board.snapshot, COUNTY)

    assert (shown.tiles.callbacks.open, shown.tiles.callbacks.overdue) == (3, 0)
    assert shown.tiles.callbacks.oldest_due_at == MONDAY + timedelta(minutes=20)
    assert shown.tiles.callbacks.word == row(shown, channel="callback").state == Word.WATCH
    assert row(shown, channel="callback").at_risk == 1


async def test_overdue_callback_raises_an_alarm(database_url: str) -> None:
    due = MONDAY - timedelta(minutes=1)

    async with a_store(database_url) as store:
        await store.write(a_person, "Aino", "nurse")
        await store.write(a_callback, 1, made=MONDAY - timedelta(hours=1), due=due)
        shown = await store.read(board.snapshot, COUNTY)

    assert (shown.tiles.callbacks.overdue, shown.tiles.callbacks.word) == (1, Word.TOO_LONG)
    alarm = alarm_of(shown, "callbacks_overdue")
    assert (alarm.since, alarm.queue, alarm.n) == (due, "nurse", 1)


async def test_promise_nobody_has_time_for_raises_an_alarm_a_quarter_before(database_url: str) -> None:
    async with a_store(database_url) as store:
        await store.write(a_callback, 1, made=MONDAY, due=MONDAY + timedelta(minutes=12))
        shown = await store.read(board.snapshot, COUNTY)
        await store.write(a_person, "Aino", "nurse")
        helped = await store.read(board.snapshot, COUNTY)

    assert alarm_of(shown, "promise_at_risk").n == 1
    assert kinds(helped) == []


async def test_emergency_nobody_takes_in_time_raises_an_alarm(database_url: str) -> None:
    clock = FixedClock(MONDAY)
    async with a_store(database_url, clock) as store:
        await store.write(a_person, "Aino", "nurse")
        await store.write(a_wait, 1, urgency=Urgency.EMERGENCY, tier=0)
        clock.advance(14)
        assert kinds(await store.read(board.snapshot, COUNTY)) == []
        clock.advance(1)
        assert kinds(await store.read(board.snapshot, COUNTY)) == ["emergency"]


async def test_deserted_queue_raises_an_alarm_after_a_minute(database_url: str) -> None:
    clock = FixedClock(MONDAY)
    async with a_store(database_url, clock) as store:
        await store.write(a_person, "Aino", "physio")
        await store.write(a_wait, 1)
        clock.advance(59)
        assert kinds(await store.read(board.snapshot, COUNTY)) == []
        clock.advance(1)
        shown = await store.read(board.snapshot, COUNTY)

    assert (alarm_of(shown, "nobody_eligible").queue, alarm_of(shown, "nobody_eligible").since) == (
        "nurse",
        MONDAY,
    )


async def test_queue_is_deserted_a_minute_after_the_last_one_went(database_url: str) -> None:
    clock = FixedClock(MONDAY)
    async with a_store(database_url, clock) as store:
        staff = await store.write(a_person, "Aino", "nurse")
        await store.write(a_wait, 1, channel="callback")
        clock.advance(120)
        await store.write(agents.beat, staff)
        await store.write(agents.end_shift, staff)
        clock.advance(30)
        assert kinds(await store.read(board.snapshot, COUNTY)) == []
        clock.advance(31)
        assert kinds(await store.read(board.snapshot, COUNTY)) == ["nobody_eligible"]


async def test_paused_professionals_do_not_serve_a_queue(database_url: str) -> None:
    clock = FixedClock(MONDAY)
    async with a_store(database_url, clock) as store:
        staff = await store.write(a_person, "Aino", "nurse")
        await store.write(a_wait, 1)
        await store.write(agents.set_state, staff, "paused", "lunch")
        clock.advance(61)
        await store.write(agents.beat, staff)

        assert kinds(await store.read(board.snapshot, COUNTY)) == ["nobody_eligible"]


async def test_closed_queue_raises_no_alarm_of_desertion(database_url: str) -> None:
    clock = FixedClock(NIGHT)
    async with a_store(database_url, clock) as store:
        await store.write(a_wait, 1)
        clock.advance(300)
        shown = await store.read(board.snapshot, COUNTY)

    assert kinds(shown) == []
    assert not row(shown).open


async def test_lost_professional_with_a_person_in_hand_raises_an_alarm(database_url: str) -> None:
    clock = FixedClock(MONDAY)

    def arrange(tx: Tx) -> None:
        a_wait(tx, 1)
        a_person(tx, "Aino", "nurse")
        for offer in dispatch.dispatch(tx, COUNTY):
            service.hold(tx, offer.id, offer.agent or 0, offer.assignment)

    async with a_store(database_url, clock) as store:
        await store.write(arrange)
        clock.advance(20)

        assert kinds(await store.read(board.snapshot, COUNTY)) == ["agent_lost"]


async def test_wire_form_is_json_in_the_viewers_language(database_url: str) -> None:
    async with a_store(database_url) as store:
        await store.write(a_callback, 1, made=MONDAY, due=MONDAY - timedelta(minutes=1))
        shown = await store.read(board.snapshot, COUNTY)

    sent = json.loads(json.dumps(shown.wire("sv")))
    assert sent["queues"][0]["name"] == "nurse sv"
    assert sent["alarms"][0]["queue_name"] == "nurse sv"
    assert sent["now"] == MONDAY.isoformat()
    assert set(sent["tiles"]) == {
        *("waiting", "longest", "reply_delay", "callbacks", "callback_delay", "resolution"),
    }


async def test_picture_with_a_memory_is_the_picture_without(database_url: str) -> None:
    clock = FixedClock(MONDAY)
    memory = board.Memory()

    def tell(tx: Tx, steps: list[told.Step], contact: int) -> None:
        told.write(tx, told.events(steps, contact=contact, start=tx.now))
        while keeper.catch_up(tx):
            pass

    async with a_store(database_url, clock) as store:
        for contact, steps in enumerate([told.chat(2), told.chat(4), told.gone_chat()], start=1):
            await store.write(tell, steps, contact)
            shown = await store.read(board.snapshot, COUNTY, memory)
            assert shown == await store.read(board.snapshot, COUNTY)
        assert shown.tiles.reply_delay.n == 2

        correction = told.events([*told.chat(2), told.outcome(9, resolved=False)], contact=1)[-1:]
        await store.write(told.write, correction)
        await store.write(keeper.catch_up)
        shown = await store.read(board.snapshot, COUNTY, memory)
        assert (shown.tiles.resolution.resolved, shown.tiles.resolution.coded) == (1, 2)

        clock.advance(timedelta(days=1))
        shown = await store.read(board.snapshot, COUNTY, memory)
        assert shown.tiles.reply_delay.n == 0
        assert shown == await store.read(board.snapshot, COUNTY)


async def test_snapshot_reads_in_eleven_queries_at_most(database_url: str) -> None:
    def arrange(tx: Tx) -> None:
        for number in range(5):
            a_person(tx, f"Aino {number}", "physio")
        for contact in range(1, 31):
            a_wait(tx, contact, minutes=contact)

    def counted(tx: Tx) -> int:
        statements: list[str] = []
        listener = lambda *given: statements.append(given[2])  # noqa: E731
        bind = tx.session.connection()
        event.listen(bind, "before_cursor_execute", listener)
        board.snapshot(tx, COUNTY)
        event.remove(bind, "before_cursor_execute", listener)
        return len(statements)

    clock = FixedClock(MONDAY)
    async with a_store(database_url, clock) as store:
        await store.write(arrange)
        clock.advance(90)

        assert await store.read(counted) == 11


async def test_processes_that_take_nobody_new_are_an_alarm(database_url: str) -> None:
    def arrange(tx: Tx) -> None:
        hours_ago = tx.now - timedelta(hours=2)
        tx.add(Heartbeat(process="a", at=tx.now, shedding_since=tx.now - timedelta(minutes=3)))
        tx.add(Heartbeat(process="b", at=tx.now, shedding_since=None))
        tx.add(Heartbeat(process="dead", at=hours_ago, shedding_since=hours_ago))

    async with a_store(database_url, FixedClock(MONDAY)) as store:
        await store.write(arrange)
        [alarm] = (await store.read(board.snapshot, COUNTY)).alarms

    assert ("shedding", MONDAY - timedelta(minutes=3), 1) == (alarm.kind, alarm.since, alarm.n)
