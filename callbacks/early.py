"""News of a call that came before what it follows: kept, sealed, until that has come.

So the order of an exchange's messages changes nothing (I20). What never comes is not waited for long.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from callbacks.models import Call
from callbacks.telephony.port import CallerGone, KeyPressed
from core.jobs import schedule
from core.store import Tx

EARLY = "call.early"
PATIENCE = timedelta(seconds=30)  # for a key that its caller pressed before hanging up
News = KeyPressed | CallerGone


def keep(tx: Tx, call: Call, news: News) -> None:
    """Keeps the news once; after a caller's end the rest is waited for by a job."""
    kept = _read(tx, call)
    if news not in kept:
        _write(tx, call, [*kept, news])
    if isinstance(news, CallerGone):
        tx.session.flush()
        key = f"call_over:{call.id}"
        schedule(tx, key=key, kind="call_over", args={"call": call.id}, due_at=tx.now + PATIENCE)


def follow(tx: Tx, call: Call) -> News | None:
    """Takes out what follows what has been heard; None while that has not come."""
    if call.early_sealed is None:
        return None
    kept = _read(tx, call)
    found = following(kept, call.pressed)
    if found is not None:
        _write(tx, call, [news for news in kept if news != found])
    return found


def following(kept: Sequence[News], pressed: int) -> News | None:
    """What comes next after the answer `pressed`: a key before the end."""
    ready = [news for news in kept if news.after == pressed]
    return next((news for news in ready if isinstance(news, KeyPressed)), next(iter(ready), None))


def end_of(tx: Tx, call: Call) -> CallerGone | None:
    """The end that is kept, if the caller is gone."""
    kept = _read(tx, call) if call.early_sealed is not None else []
    return next((news for news in kept if isinstance(news, CallerGone)), None)


def _read(tx: Tx, call: Call) -> list[News]:
    if call.early_sealed is None:
        return []
    return [_news(each) for each in json.loads(tx.vault.open(tx, call.data_key_id, EARLY, call.early_sealed))]


def _news(fields: dict[str, Any]) -> News:
    at = datetime.fromisoformat(fields.pop("at"))
    return KeyPressed(at=at, **fields) if "key" in fields else CallerGone(at=at, **fields)


def _told(news: News) -> dict[str, Any]:
    # What is not so is left out: a process of the version before reads only what it knows.
    return {name: value for name, value in asdict(news).items() if value is not False and value is not None}


def _write(tx: Tx, call: Call, kept: Sequence[News]) -> None:
    texts = json.dumps([{**_told(news), "at": news.at.isoformat()} for news in kept])
    call.early_sealed = tx.vault.seal(tx, call.data_key_id, EARLY, texts) if kept else None
    tx.session.flush()
