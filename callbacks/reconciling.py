"""After a time in which the exchange's news may have been lost: what is believed on and is not, is over."""

from sqlalchemy import select

from callbacks import attempts, calls
from callbacks.models import CALL, Call
from callbacks.telephony.port import CallerGone, CallsOn
from core.store import Tx
from router.services import Services


def reconcile(tx: Tx, provider: str, event: CallsOn, services: Services) -> None:
    """Ends every call of the exchange that is not on there any more; told again, nothing changes.

    A call from before the exchange's own start was cut off by it: its caller is called back.
    """
    for call in tx.all(select(Call).where(CALL.provider == provider, CALL.ended_at.is_(None))):
        if call.provider_id not in event.calls:
            was_cut = call.arrived_at < event.since
            gone = CallerGone(call=call.provider_id, at=event.at, dropped=was_cut)
            calls.gone(tx, provider, gone, services)
    attempts.over_but(tx, event.dials, event.at, services)
