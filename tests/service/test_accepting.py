"""Offers accepted together are as if each had been accepted alone: the same rows, events and answers."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Session

import ensilinja.ops_staff
from chat.models import MESSAGE, PARTICIPANT
from core.access import first_broken
from core.clock import FixedClock
from core.errors import EnsilinjaError
from core.events import newest, read_events
from core.identity import Actor
from core.models import AccessLog
from core.store import Tx
from core.vault import Vault
from ensilinja import schema
from ensilinja.ops import Held, find_op
from queues.dispatch import dispatch
from queues.models import ENTRY, SHIFT
from router.models import Estimate
from tests.builders import MONDAY, TEST_KEY, a_store, create_tables
from tests.faults.sizes import sized
from tests.rooms import SERVICES, a_chat, a_nurse

CASES = ("plain", "plain", "plain", "late", "known", "taken", "call")
Asked = tuple[Actor, int, int]
ASKED = st.lists(
    st.tuples(
        st.integers(0, len(CASES) - 1), st.sampled_from(["hers", "hers", "hers", "another's", "stale"])
    ),
    min_size=2,
    max_size=10,
)
EXAMPLES = sized(15, 40, 200)


def test_together_is_as_one_by_one(database_url: str) -> None:
    asyncio.run(create_tables(database_url))
    schema.transact(database_url, compare)


def compare(connection: Connection) -> None:
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        tx = Tx(session=session, now=MONDAY, vault=Vault(TEST_KEY))
        offers = arrange(tx)

        @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), deadline=None)
        @given(asked=ASKED)
        def same(asked: Sequence[tuple[int, str]]) -> None:
            calls = [asked_of(offers, place, how) for place, how in asked]
            assert tried(tx, calls, together=True) == tried(tx, calls, together=False)

        same()


async def test_many_plain_ones_are_one_go(database_url: str) -> None:
    async with a_store(database_url, FixedClock(MONDAY)) as store:
        offers = await store.write(arrange)
        calls = [call(asked_of(offers, place, "hers")) for place in range(3)]

        done = await store.write(lambda tx: find_op(calls[0][1], "offer.accept").doing.together(tx, calls))  # type: ignore[attr-defined]

        assert [dict(answer) for answer in done] == [{"assignment": calls[n][2].assignment} for n in range(3)]
        assert await store.read(first_broken) is None


def arrange(tx: Tx) -> list[Asked]:
    """One offer of each case, to a nurse each."""
    nurses = [a_nurse(tx, f"nurse{place}") for place, _ in enumerate(CASES)]
    for place, _ in enumerate(CASES):
        a_chat(tx, f"chat{place}")
    tx.execute(update(SHIFT).values(chat_capacity=1, missed_count=1))
    offers = sorted(dispatch(tx, SERVICES.catalogue), key=lambda offer: offer.agent or 0)
    assert [offer.agent for offer in offers] == [nurse.id for nurse in nurses]
    for case, offer in zip(CASES, offers, strict=True):
        mine = update(ENTRY).where(ENTRY.c.id == offer.id)
        if case == "late":
            tx.execute(mine.values(expires_at=tx.now - timedelta(seconds=1)))
        elif case == "call":
            tx.execute(mine.values(channel="callback"))
        elif case == "known":
            known = {"who_key": f"staff:{offer.agent}", "role": "staff", "left_at": tx.now}
            at_first = {"contact_id": offer.contact, "joined_at": tx.now, "seen_seq": 0}
            tx.execute(PARTICIPANT.insert().values(**at_first, **known))
        elif case == "taken":
            find_op(nurses[0], "offer.accept").run(
                tx,
                nurse_of(nurses, offer.agent),
                Held(contact=offer.contact, assignment=offer.assignment),
                SERVICES,
            )
    return [(nurse_of(nurses, offer.agent), offer.contact, offer.assignment) for offer in offers]


def nurse_of(nurses: Sequence[Actor], staff: int | None) -> Actor:
    return next(nurse for nurse in nurses if nurse.id == staff)


def asked_of(offers: Sequence[Asked], place: int, how: str) -> Asked:
    actor, contact, assignment = offers[place]
    if how == "another's":
        actor = offers[(place + 1) % len(offers)][0]
    return actor, contact, assignment + (how == "stale")


def call(asked: Asked) -> tuple[Any, ...]:
    actor, contact, assignment = asked
    return find_op(actor, "offer.accept"), actor, Held(contact=contact, assignment=assignment), SERVICES


def tried(tx: Tx, asked: Sequence[Asked], *, together: bool) -> tuple[Any, ...]:
    """The answers and what is left behind, undone at the end."""
    calls = [call(one) for one in asked]
    doing: Any = calls[0][0].doing
    answers: list[Any] = []
    before, recorded = newest(tx), len(tx.recorded)
    outer = tx.session.connection().begin_nested()
    while len(answers) < len(calls):
        done = doing.together(tx, calls[len(answers) :]) if together else []
        answers += [dict(answer) for answer in done] or [alone(tx, doing, calls[len(answers)])]
    left = (answers, rows_of(tx), events_of(tx, before), [told(event) for event in tx.recorded[recorded:]])
    outer.rollback()
    tx.session.expire_all()
    del tx.recorded[recorded:]
    return left


def alone(tx: Tx, doing: Any, one: tuple[Any, ...]) -> Any:
    inner = tx.session.connection().begin_nested()
    try:
        answer = dict(doing.alone(tx, *one))
        inner.commit()
    except EnsilinjaError as error:
        inner.rollback()
        return error.code
    return answer


def rows_of(tx: Tx) -> list[Any]:
    log, told = AccessLog.__table__, Estimate.__table__  # type: ignore[attr-defined]
    tables = ((ENTRY, ENTRY.c.id), (SHIFT, SHIFT.c.id), (PARTICIPANT, PARTICIPANT.c.contact_id))
    kept = [tx.rows(select(table).order_by(key, *list(table.c)[:2])) for table, key in tables]
    said = [column for column in MESSAGE.c if column.name != "id"]
    logged = [column for column in log.c if column.name != "id"]
    return [
        *kept,
        tx.rows(select(*said).order_by(MESSAGE.c.contact_id, MESSAGE.c.seq)),
        tx.rows(select(*logged).order_by(log.c.id)),
        tx.rows(select(told).order_by(told.c.id)),
    ]


def events_of(tx: Tx, after: int) -> list[Any]:
    return [told(event) for event in read_events(tx, after=after)]


def told(event: Any) -> tuple[Any, ...]:
    return event.contact, event.staff, event.n, event.type, event.actor, event.data


assert ensilinja.ops_staff  # registers the operation
