"""Programs that promise a second time wrongly, each in one way."""

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from unittest.mock import patch

from sqlalchemy import update

from core.events import record
from core.store import Tx
from router import breaking
from router.events import SecondPromised
from router.models import PROMISE, Promise
from router.promising import Kind, PromiseView, promise_again, replace_promise, text_resident


@contextlib.contextmanager
def tells_again_each_time() -> Iterator[None]:
    """Without the guard: whoever looks at the line a moment later tells again."""

    def again(
        tx: Tx, promise: PromiseView, *, due_at: datetime, told_as: dict[str, object], actor: str
    ) -> bool:
        second = {"second_made_at": tx.now, "second_due_at": due_at, "second_told_as": dict(told_as)}
        tx.execute(update(Promise).where(PROMISE.id == promise.id).values(second))
        record(tx, SecondPromised(promise=promise.id, due_at=due_at), contact=promise.contact, actor=actor)
        key = f"sms:second:{promise.id}:{tx.now.isoformat()}"
        return text_resident(tx, promise.contact, key=key, text="sms.callback_late")

    unguarded = tuple(one for one in breaking.ALONE if "second_made_at" not in str(one))
    soon = breaking.looking(unguarded)
    with patch.object(breaking, "promise_again", again), patch.object(breaking, "SOON", soon):
        yield


@contextlib.contextmanager
def moves_the_first() -> Iterator[None]:
    """The first promise gets the new due instant and so looks kept."""

    def again(tx: Tx, promise: PromiseView, *, due_at: datetime, told_as: Any, actor: str) -> bool:
        done = promise_again(tx, promise, due_at=due_at, told_as=told_as, actor=actor)
        tx.execute(update(Promise).where(PROMISE.id == promise.id).values(due_at=due_at))
        return done

    with patch.object(breaking, "promise_again", again):
        yield


@contextlib.contextmanager
def replaces_the_first() -> Iterator[None]:
    """The first promise is ended before its due, and so is out of the figures."""

    def again(tx: Tx, promise: PromiseView, *, due_at: datetime, told_as: Any, actor: str) -> bool:
        replace_promise(tx, promise.contact, kind=Kind.CALLBACK, due_at=due_at, told_as=told_as, actor=actor)
        return True

    with patch.object(breaking, "promise_again", again):
        yield


ALL: tuple[Any, ...] = (tells_again_each_time, moves_the_first, replaces_the_first)
