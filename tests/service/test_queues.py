"""The line on both databases: who gets what, what is refused, what is kept."""

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.clock import FixedClock
from core.errors import Conflict, Invalid, NotFound
from core.events import read_events
from core.store import Store, Tx
from core.urgency import Urgency
from queues import agents, service
from queues.dispatch import dispatch, explain, grace, sweep, take_next
from queues.errors import (
    AlreadyQueued,
    IllegalTransition,
    MatterInHand,
    NotEligible,
    OfferGone,
    OverCapacity,
    StaleAssignment,
    StillHolding,
)
from queues.matcher import Why
from queues.models import ENTRY
from queues.views import EntryView
from tests.builders import MONDAY, a_store
from tests.lines import a_professional, at_work, queue_up, small_county

COUNTY = small_county()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture
async def store(database_url: str, clock: FixedClock) -> AsyncIterator[Store]:
    async with a_store(database_url, clock) as opened:
        yield opened


def types(tx: Tx, contact: int = 1) -> list[str]:
    return [one.type for one in read_events(tx, contact=contact)]


def offered(tx: Tx, contact: int = 1, **more: object) -> EntryView:
    queue_up(tx, contact, **more)  # type: ignore[arg-type]
    (only,) = dispatch(tx, COUNTY)
    return only


def in_hand(tx: Tx, contact: int = 1, **more: object) -> EntryView:
    offer = offered(tx, contact, **more)
    return service.hold(tx, offer.id, offer.agent or 0, offer.assignment)


async def test_entry_goes_from_the_queue_to_its_end(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse = at_work(tx)
        offer = offered(tx)
        assert (offer.state, offer.agent, offer.assignment) == ("offered", nurse, 1)
        assert offer.expires_at == tx.now + timedelta(seconds=30)
        held = service.hold(tx, offer.id, nurse, offer.assignment)
        wrapped = service.wrap(tx, held.id, nurse, held.assignment, tx.now + timedelta(minutes=1))
        assert wrapped.state == "wrapping"
        assert service.own(tx, nurse) == [wrapped]
        done = service.finish(tx, held.id, nurse, held.assignment)
        assert (done.state, done.agent, done.ended_at) == ("done", None, tx.now)
        assert service.finish(tx, held.id, nurse, held.assignment) == done
        assert types(tx) == ["entry.queued", "entry.offered", "entry.held", "entry.wrapping", "entry.done"]

    await store.write(walk)


async def test_second_of_two_accepts_loses(store: Store) -> None:
    def prepare(tx: Tx) -> EntryView:
        at_work(tx)
        return offered(tx)

    offer = await store.write(prepare)
    other = await store.write(at_work, "nurse2")
    await store.write(service.hold, offer.id, offer.agent or 0, offer.assignment)
    with pytest.raises(OfferGone) as refused:
        await store.write(service.hold, offer.id, other, offer.assignment)
    assert refused.value.status == 409
    with pytest.raises(OfferGone):
        await store.write(service.take, offer.id, other)
    assert await store.read(types) == ["entry.queued", "entry.offered", "entry.held"]


async def test_accepting_again_gives_the_same_answer_and_renews_the_lease(
    store: Store, clock: FixedClock
) -> None:
    def prepare(tx: Tx) -> EntryView:
        at_work(tx)
        return in_hand(tx)

    held = await store.write(prepare)
    clock.advance(10)
    assert await store.write(service.hold, held.id, held.agent or 0, held.assignment) == held
    shift = await store.read(agents.shift_of, held.agent or 0)
    assert shift is not None and shift.lease_until == clock.now() + timedelta(seconds=15)


async def test_offer_cannot_be_accepted_after_its_time_though_not_swept(
    store: Store, clock: FixedClock
) -> None:
    def prepare(tx: Tx) -> EntryView:
        at_work(tx)
        return offered(tx)

    offer = await store.write(prepare)
    clock.advance(30)
    with pytest.raises(OfferGone):
        await store.write(service.hold, offer.id, offer.agent or 0, offer.assignment)


async def test_stale_assignment_changes_nothing(store: Store, clock: FixedClock) -> None:
    def prepare(tx: Tx) -> EntryView:
        at_work(tx)
        return in_hand(tx)

    old = await store.write(prepare)
    agent = old.agent or 0
    clock.advance(61)
    assert await store.write(sweep, COUNTY) >= 2
    await store.write(agents.beat, agent)
    (again,) = await store.write(dispatch, COUNTY)
    held = await store.write(service.hold, again.id, agent, again.assignment)
    assert held.assignment > old.assignment
    later = clock.now() + timedelta(hours=1)
    acts = [
        (service.wrap, old.id, agent, old.assignment, later),
        (service.unwrap, old.id, agent, old.assignment),
        (service.finish, old.id, agent, old.assignment),
        (service.schedule, old.id, agent, old.assignment, later, "not_reached"),
    ]
    for act, *arguments in acts:
        with pytest.raises(StaleAssignment):
            await store.write(act, *arguments)  # type: ignore[arg-type]
    assert await store.read(service.entry, held.id) == held


async def test_offers_stop_at_capacity(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse = at_work(tx, capacity=2)
        for contact in (1, 2, 3):
            queue_up(tx, contact, due_s=contact)
        assert [one.contact for one in dispatch(tx, COUNTY)] == [1, 2]
        assert dispatch(tx, COUNTY) == []
        third = service.entry_of(tx, 3)
        with pytest.raises(OverCapacity):
            service.take(tx, third.id, nurse, reason="asked")
        assert service.entry_of(tx, 3) == third
        shift = agents.shift_of(tx, nurse)
        assert shift is not None and shift.load == 2

    await store.write(walk)


async def test_emergency_is_called_to_all_and_taken_whatever_the_load(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse = at_work(tx, capacity=1)
        in_hand(tx, 1)
        agents.set_state(tx, nurse, "paused", "lunch")
        emergency = queue_up(tx, 2, tier=0, urgency=Urgency.EMERGENCY)
        assert dispatch(tx, COUNTY) == []
        assert service.waiting(tx, {"nurse"})[0] == emergency
        assert service.take(tx, emergency.id, nurse).state == "held"
        assert read_events(tx, contact=2)[-1].data["by"] == "all"

    await store.write(walk)


async def test_call_fills_the_agent(store: Store) -> None:
    def walk(tx: Tx) -> None:
        at_work(tx)
        assert offered(tx, 1, channel="callback").channel == "callback"
        queue_up(tx, 2)
        assert dispatch(tx, COUNTY) == []

    await store.write(walk)


async def test_idle_chat_weighs_nothing_until_six_are_open(store: Store, clock: FixedClock) -> None:
    def prepare(tx: Tx) -> int:
        nurse = at_work(tx, capacity=1)
        for contact in range(1, 7):
            held = in_hand(tx, contact)
            agents.mark_idle(tx, held.contact, tx.now - timedelta(minutes=5))
        queue_up(tx, 7)
        return nurse

    nurse = await store.write(prepare)
    assert await store.write(dispatch, COUNTY) == []
    with pytest.raises(OverCapacity):
        await store.write(lambda tx: service.take(tx, service.entry_of(tx, 7).id, nurse))


async def test_only_ready_members_may_take(store: Store, clock: FixedClock) -> None:
    def prepare(tx: Tx) -> tuple[int, int, EntryView]:
        stranger = at_work(tx, "stranger", queues="mental")
        paused = at_work(tx, "paused")
        agents.set_state(tx, paused, "paused", "lunch")
        return stranger, paused, queue_up(tx)

    stranger, paused, entry = await store.write(prepare)
    for staff in (stranger, paused, await store.write(a_professional, "home")):
        with pytest.raises(NotEligible):
            await store.write(service.take, entry.id, staff)
    await store.write(agents.set_state, paused, "ready", "")
    clock.advance(15)
    with pytest.raises(NotEligible):
        await store.write(service.take, entry.id, paused)


async def test_taking_by_hand_is_an_overtake_with_a_reason(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse = at_work(tx)
        queue_up(tx, 1, due_s=10)
        later = queue_up(tx, 2, due_s=20)
        held = service.take(tx, later.id, nurse, reason="same_family")
        assert service.take(tx, later.id, nurse, reason="same_family") == held
        data = read_events(tx, contact=2)[-1].data
        assert (data["by"], data["reason"], data["overtook"]) == ("hand", "same_family", 1)

    await store.write(walk)


async def test_free_text_reason_does_not_enter_an_event(store: Store) -> None:
    def walk(tx: Tx) -> None:
        offer = offered_to_somebody(tx)
        service.decline(tx, offer.id, offer.agent or 0, offer.assignment, "Matti on naapurini")
        assert read_events(tx, contact=1)[-1].data["reason"] == "other"

    await store.write(walk)


def offered_to_somebody(tx: Tx) -> EntryView:
    at_work(tx)
    return offered(tx)


async def test_declined_offer_goes_to_the_next_and_keeps_its_place(store: Store, clock: FixedClock) -> None:
    offer = await store.write(offered_to_somebody)
    clock.advance(5)
    declined = await store.write(service.decline, offer.id, offer.agent or 0, offer.assignment, "language")
    assert (declined.due_at, declined.arrived_at) == (offer.due_at, offer.arrived_at)
    assert declined.state == "waiting"
    with pytest.raises(OfferGone):
        await store.write(service.decline, offer.id, offer.agent or 0, offer.assignment, "language")
    assert await store.write(dispatch, COUNTY) == []
    other = await store.write(at_work, "nurse2")
    (again,) = await store.write(dispatch, COUNTY)
    assert again.agent == other


async def test_two_shown_offers_expire_and_the_agent_is_not_answering(
    store: Store, clock: FixedClock
) -> None:
    first = await store.write(offered_to_somebody)
    agent = first.agent or 0
    assert await store.write(service.offer_shown, first.id, agent, first.assignment)
    await pass_time(store, clock, agent, 30)
    (second,) = await store.write(dispatch, COUNTY)
    assert await store.write(service.offer_shown, second.id, agent, second.assignment)
    assert not await store.write(service.offer_shown, second.id, agent, first.assignment)
    await pass_time(store, clock, agent, 30)
    shift = await store.read(agents.shift_of, agent)
    assert shift is not None and (shift.state, shift.missed) == ("not_answering", 2)
    assert await store.write(dispatch, COUNTY) == []
    await store.write(agents.set_state, agent, "ready", "")
    assert len(await store.write(dispatch, COUNTY)) == 1


async def test_offer_that_no_console_showed_is_not_a_missed_one(store: Store, clock: FixedClock) -> None:
    offer = await store.write(offered_to_somebody)
    for _ in range(3):
        await pass_time(store, clock, offer.agent or 0, 30)
        await store.write(dispatch, COUNTY)
    shift = await store.read(agents.shift_of, offer.agent or 0)
    assert shift is not None and (shift.state, shift.missed) == ("ready", 0)


async def pass_time(store: Store, clock: FixedClock, agent: int, seconds: int) -> None:
    """Time passes while the agent's console shows life."""
    for _ in range(seconds // 5):
        clock.advance(5)
        await store.write(agents.beat, agent)
    await store.write(sweep, COUNTY)


async def test_lost_agent_returns_emergencies_at_once_and_others_in_a_minute(
    store: Store, clock: FixedClock
) -> None:
    def prepare(tx: Tx) -> tuple[int, EntryView, EntryView]:
        nurse = at_work(tx)
        usual = in_hand(tx, 1)
        emergency = queue_up(tx, 2, tier=0, urgency=Urgency.EMERGENCY)
        return nurse, usual, service.take(tx, emergency.id, nurse)

    nurse, usual, emergency = await store.write(prepare)
    clock.advance(14)
    assert await store.write(sweep, COUNTY) == 0
    clock.advance(1)
    await store.write(sweep, COUNTY)
    assert (await store.read(service.entry, emergency.id)).state == "waiting"
    assert (await store.read(service.entry, usual.id)).state == "held"
    shift = await store.read(agents.shift_of, nurse)
    assert shift is not None and shift.state == "lost"
    clock.advance(45)
    await store.write(sweep, COUNTY)
    returned = await store.read(service.entry, usual.id)
    assert (returned.state, returned.due_at, returned.arrived_at) == (
        "waiting",
        usual.due_at,
        usual.arrived_at,
    )
    await store.write(agents.beat, nurse)
    shift = await store.read(agents.shift_of, nurse)
    assert shift is not None and shift.state == "ready"


async def test_wrapping_entry_of_a_lost_agent_waits_for_the_supervisor(
    store: Store, clock: FixedClock
) -> None:
    def prepare(tx: Tx) -> EntryView:
        at_work(tx)
        held = in_hand(tx)
        until = tx.now + timedelta(hours=1)
        return service.wrap(tx, held.id, held.agent or 0, held.assignment, until)

    wrapping = await store.write(prepare)
    clock.advance(60)
    await store.write(sweep, COUNTY)
    assert await store.write(sweep, COUNTY) == 0
    left = await store.read(service.entry, wrapping.id)
    assert (left.state, left.expires_at) == ("wrapping", None)
    assert (await store.read(types))[-1] == "entry.unattended"
    done = await store.write(service.finish, left.id, left.agent or 0, left.assignment)
    assert done.state == "done"


async def test_wrap_up_time_keeps_its_agent_free_of_offers(store: Store, clock: FixedClock) -> None:
    def prepare(tx: Tx) -> EntryView:
        at_work(tx, capacity=1)
        held = in_hand(tx)
        queue_up(tx, 2)
        return service.wrap(tx, held.id, held.agent or 0, held.assignment, tx.now + timedelta(seconds=10))

    wrapping = await store.write(prepare)
    assert await store.write(dispatch, COUNTY) == []
    clock.advance(10)
    await store.write(sweep, COUNTY)
    assert len(await store.write(dispatch, COUNTY)) == 1
    again = await store.write(service.unwrap, wrapping.id, wrapping.agent or 0, wrapping.assignment)
    assert again.state == "held"


async def test_restart_takes_nothing_from_anybody(store: Store, clock: FixedClock) -> None:
    def prepare(tx: Tx) -> EntryView:
        at_work(tx)
        in_hand(tx, 1)
        return offered(tx, 2)

    offer = await store.write(prepare)
    clock.advance(120)
    await store.write(grace, 15.0)
    assert await store.write(sweep, COUNTY) == 0
    clock.advance(14)
    held = await store.write(service.hold, offer.id, offer.agent or 0, offer.assignment)
    assert held.state == "held"


async def test_forgotten_shift_is_closed(store: Store, clock: FixedClock) -> None:
    nurse = await store.write(at_work)
    clock.advance(15)
    await store.write(sweep, COUNTY)
    clock.advance(timedelta(minutes=15))
    await store.write(sweep, COUNTY)
    assert await store.read(agents.shift_of, nurse) is None
    assert await store.write(agents.beat, nurse) is None


async def test_one_matter_is_in_one_pair_of_hands(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse, other = at_work(tx), at_work(tx, "nurse2")
        held = in_hand(tx, 1, matter=7)
        sibling = queue_up(tx, 2, matter=7)
        assert dispatch(tx, COUNTY) == []
        for one in (nurse, other):
            with pytest.raises(MatterInHand):
                service.take(tx, sibling.id, one)
        service.finish(tx, held.id, held.agent or 0, held.assignment)
        (again,) = dispatch(tx, COUNTY)
        assert (again.id, again.due_at) == (sibling.id, sibling.due_at)

    await store.write(walk)


async def test_database_itself_refuses_a_second_hand_on_a_matter(store: Store) -> None:
    def prepare(tx: Tx) -> int:
        at_work(tx)
        in_hand(tx, 1, matter=7)
        queue_up(tx, 2, matter=7)
        return at_work(tx, "nurse2")

    other = await store.write(prepare)

    def force(tx: Tx) -> None:
        tx.execute(update(ENTRY).where(ENTRY.c.contact_id == 2).values(state="held", agent_id=other))

    with pytest.raises(Conflict):
        await store.write(force)


async def test_contact_has_one_open_entry(store: Store) -> None:
    await store.write(queue_up)
    with pytest.raises(AlreadyQueued):
        await store.write(queue_up)
    await store.write(service.end_elsewhere, 1, "resident:1")
    again = await store.write(queue_up)
    assert (await store.read(service.entry_of, 1)).id == again.id


async def test_resident_keeps_the_place_until_the_time_is_over(store: Store, clock: FixedClock) -> None:
    offer = await store.write(offered_to_somebody)
    until = clock.now() + timedelta(minutes=10)
    for _ in range(2):
        left = await store.write(service.leave, 1, resume_until=until, actor="resident:1")
    assert (left.state, left.agent) == ("left", None)
    clock.advance(599)
    assert await store.write(sweep, COUNTY) >= 1
    back = await store.write(service.resume, 1, "resident:1")
    assert (back.state, back.due_at, back.arrived_at) == ("waiting", offer.due_at, offer.arrived_at)
    assert await store.write(service.resume, 1, "resident:1") == back
    await store.write(service.leave, 1, resume_until=clock.now() + timedelta(seconds=60), actor="resident:1")
    clock.advance(60)
    with pytest.raises(IllegalTransition):
        await store.write(service.resume, 1, "resident:1")
    await store.write(sweep, COUNTY)
    assert (await store.read(service.entry_of, 1)).state == "done"
    assert (await store.read(types))[-3:] == ["entry.resumed", "entry.left", "entry.done"]


async def test_scheduled_entry_comes_due(store: Store, clock: FixedClock) -> None:
    later = clock.now() + timedelta(hours=1)

    def prepare(tx: Tx) -> EntryView:
        at_work(tx)
        return queue_up(tx, not_before=later, channel="callback")

    assert (await store.write(prepare)).state == "scheduled"
    assert await store.write(dispatch, COUNTY) == []
    clock.advance(timedelta(hours=1))
    await store.write(sweep, COUNTY)
    due = await store.read(service.entry_of, 1)
    assert (due.state, due.queued_here_at) == ("waiting", clock.now())
    assert await store.read(types) == ["entry.queued", "entry.scheduled", "entry.came_due"]


async def test_held_callback_is_put_off_and_keeps_its_due_time(store: Store) -> None:
    def walk(tx: Tx) -> None:
        at_work(tx)
        held = in_hand(tx, channel="callback")
        later = tx.now + timedelta(minutes=45)
        put_off = service.schedule(tx, held.id, held.agent or 0, held.assignment, later, "no_answer")
        assert (put_off.state, put_off.not_before, put_off.due_at) == ("scheduled", later, held.due_at)
        assert put_off.agent is None

    await store.write(walk)


async def test_transfer_goes_to_the_other_queue_and_keeps_the_arrival(store: Store) -> None:
    def walk(tx: Tx) -> None:
        at_work(tx)
        held = in_hand(tx)
        due = tx.now + timedelta(minutes=3)
        moved = service.transfer(
            tx,
            held.id,
            held.agent or 0,
            held.assignment,
            queue="mental",
            due_at=due,
            urgency=Urgency.ED,
            tier=1,
        )
        assert (moved.state, moved.queue, moved.tier, moved.due_at) == ("waiting", "mental", 1, due)
        assert (moved.arrived_at, moved.agent) == (held.arrived_at, None)
        with pytest.raises(StaleAssignment):
            service.finish(tx, held.id, held.agent or 0, held.assignment)

    await store.write(walk)


async def test_change_to_a_callback_keeps_the_place(store: Store) -> None:
    def walk(tx: Tx) -> None:
        at_work(tx)
        offer = offered(tx)
        moved = service.change_channel(tx, 1, channel="callback", actor="resident:1")
        assert (moved.state, moved.channel) == ("waiting", "callback")
        assert (moved.due_at, moved.arrived_at) == (offer.due_at, offer.arrived_at)
        later = tx.now + timedelta(hours=2)
        assert (
            service.change_channel(tx, 1, channel="callback", actor="resident:1", not_before=later).state
            == "scheduled"
        )
        service.change_channel(tx, 1, channel="callback", actor="resident:1")
        assert sweep(tx, COUNTY) == 1
        (again,) = dispatch(tx, COUNTY)
        service.hold(tx, again.id, again.agent or 0, again.assignment)
        with pytest.raises(IllegalTransition):
            service.change_channel(tx, 1, channel="chat", actor="resident:1")

    await store.write(walk)


async def test_offer_that_becomes_an_emergency_is_called_to_all(store: Store) -> None:
    def walk(tx: Tx) -> None:
        at_work(tx)
        offered(tx)
        now = service.reclassify(tx, 1, urgency=Urgency.EMERGENCY, tier=0, due_at=tx.now, actor="resident:1")
        assert (now.state, now.tier) == ("waiting", 0)
        assert dispatch(tx, COUNTY) == []
        assert types(tx)[-2:] == ["entry.withdrawn", "entry.urgency"]

    await store.write(walk)


async def test_illegal_event_is_refused_and_changes_nothing(store: Store) -> None:
    def prepare(tx: Tx) -> EntryView:
        at_work(tx)
        return in_hand(tx)

    held = await store.write(prepare)
    with pytest.raises(IllegalTransition):
        await store.write(service.leave, 1, resume_until=MONDAY, actor="resident:1")
    with pytest.raises(IllegalTransition):
        await store.write(service.end_elsewhere, 1, "resident:1")
    assert await store.read(service.entry, held.id) == held
    with pytest.raises(NotFound):
        await store.read(service.entry_of, 99)


async def test_pausing_withdraws_offers(store: Store) -> None:
    def walk(tx: Tx) -> None:
        at_work(tx)
        offer = offered(tx)
        agents.set_state(tx, offer.agent or 0, "paused", "lunch")
        assert service.entry(tx, offer.id).state == "waiting"
        assert dispatch(tx, COUNTY) == []
        with pytest.raises(Invalid):
            agents.set_state(tx, offer.agent or 0, "asleep", "")

    await store.write(walk)


async def test_shift_ends_only_with_empty_hands(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse = at_work(tx)
        held = in_hand(tx)
        with pytest.raises(StillHolding):
            agents.end_shift(tx, nurse)
        service.finish(tx, held.id, nurse, held.assignment)
        agents.end_shift(tx, nurse)
        agents.end_shift(tx, nurse)
        assert agents.on_shift(tx) == []
        kinds = [one.type for one in read_events(tx, staff=nurse)]
        assert kinds == ["shift.started", "shift.ended"]
        with pytest.raises(NotFound):
            agents.set_state(tx, nurse, "ready", "")

    await store.write(walk)


async def test_lost_shift_that_is_started_again_is_told_as_back_each_time(
    store: Store, clock: FixedClock
) -> None:
    def start(tx: Tx, staff: int) -> None:
        agents.start_shift(tx, staff, capacity=3, languages=["fi"], device="console")

    staff = await store.write(at_work)
    for _ in range(2):
        clock.advance(timedelta(seconds=20))
        await store.write(sweep, COUNTY)
        await store.write(start, staff)
        newest = (await store.read(read_events, staff=staff))[-1]

        assert (newest.type, newest.data["state"]) == ("shift.state", "ready")


async def test_starting_a_shift_again_goes_on_with_it(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse = at_work(tx)
        first = agents.shift_of(tx, nurse)
        again = agents.start_shift(tx, nurse, capacity=2, languages=["sv", "fi"], device="phone")
        assert first is not None and again.id == first.id
        assert (again.capacity, again.languages) == (2, {"fi", "sv"})
        assert again.queues == {"nurse", "mental", "team"}
        with pytest.raises(Invalid):
            agents.start_shift(tx, nurse, capacity=7, languages=["fi"], device="phone")

    await store.write(walk)


async def test_next_gives_own_team_work_on_asking(store: Store) -> None:
    def walk(tx: Tx) -> None:
        nurse = at_work(tx, capacity=1)
        mine = queue_up(tx, 1, queue="team")
        assert dispatch(tx, COUNTY) == []
        taken = take_next(tx, nurse, COUNTY)
        assert taken is not None and (taken.id, taken.state) == (mine.id, "held")
        queue_up(tx, 2)
        assert take_next(tx, nurse, COUNTY) is None

    await store.write(walk)


async def test_language_given_up_is_noted(store: Store, clock: FixedClock) -> None:
    def prepare(tx: Tx) -> EntryView:
        at_work(tx)
        agents.set_state(tx, at_work(tx, "nurse2", languages="sv"), "paused", "lunch")
        return queue_up(tx, language="sv")

    await store.write(prepare)
    (offer,) = await store.write(dispatch, COUNTY)
    assert offer.language_relaxed_at == clock.now()


async def test_former_agent_is_preferred(store: Store) -> None:
    def walk(tx: Tx) -> None:
        at_work(tx)
        former = at_work(tx, "nurse2")
        assert offered(tx, 1, preferred_agent=former).agent == former

    await store.write(walk)


async def test_place_is_counted_among_work_of_the_same_sort(store: Store) -> None:
    def walk(tx: Tx) -> None:
        queue_up(tx, 1, due_s=10, channel="callback")
        queue_up(tx, 2, due_s=20)
        third = queue_up(tx, 3, due_s=30)
        assert service.position(tx, third.id) == 2
        assert [one.contact for one in service.waiting(tx, {"nurse"}, 2)] == [1, 2]

    await store.write(walk)


async def test_decisions_are_explained(store: Store) -> None:
    def walk(tx: Tx) -> None:
        waiting = queue_up(tx, 1)
        assert explain(tx, waiting.id, COUNTY).waiting[0].code is Why.NOBODY_READY
        nurse = at_work(tx)
        assert explain(tx, waiting.id, COUNTY).waiting[0].code is Why.OFFERED_NEXT
        (offer,) = dispatch(tx, COUNTY)
        chosen = explain(tx, offer.id, COUNTY).chosen
        assert [(reason.code, reason.agent) for reason in chosen] == [(Why.ONLY_ONE, nurse)]
        held = service.hold(tx, offer.id, nurse, offer.assignment)
        service.finish(tx, held.id, nurse, held.assignment)
        assert explain(tx, held.id, COUNTY).waiting == ()

    await store.write(walk)


async def test_order_of_a_returned_entry_is_its_old_one(store: Store, clock: FixedClock) -> None:
    first = await store.write(offered_to_somebody)
    await store.write(lambda tx: queue_up(tx, 2, due_s=400))
    until = clock.now() + timedelta(minutes=10)
    await store.write(service.leave, 1, resume_until=until, actor="resident:1")
    await store.write(service.resume, 1, "resident:1")
    line = await store.read(service.waiting, {"nurse"})
    assert line[0].id == first.id


async def test_every_column_of_a_deadline_is_empty_at_the_end(store: Store) -> None:
    def walk(tx: Tx) -> None:
        at_work(tx)
        held = in_hand(tx)
        service.finish(tx, held.id, held.agent or 0, held.assignment)
        (row,) = tx.rows(select(ENTRY))
        assert (row.expires_at, row.resume_until, row.agent_id) == (None, None, None)
        with contextlib.suppress(NotFound):
            agents.set_queues(tx, held.agent or 0, [])
        assert agents.queues_of(tx, held.agent) == frozenset()

    await store.write(walk)
