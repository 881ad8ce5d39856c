"""Orders from a console to Asterisk: each asked for once, and told as unknown when nobody knows. I/O."""

import asyncio
from dataclasses import dataclass, field

from callbacks.telephony.ari_link import AriLink
from callbacks.telephony.handling import ORDERS, State
from callbacks.telephony.webhook import NotKnown

WITHIN = 5.0  # seconds; later nobody knows whether it was done


@dataclass(slots=True)
class Order:
    """What is asked of a call; it has its turn among the call's other news."""

    name: str
    _done: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def answer(self) -> bool:
        """Whether it was done; NotKnown when nobody knows."""
        try:
            return await asyncio.wait_for(self._done, WITHIN)
        except TimeoutError:
            raise NotKnown(self.name) from None

    @property
    def is_late(self) -> bool:
        """Whether nobody waits for it any more: then it is not carried out."""
        return self._done.done()

    def settle(self, answer: bool | NotKnown) -> None:
        """Tells who waits."""
        if self._done.done():
            return
        if isinstance(answer, NotKnown):
            self._done.set_exception(answer)
        else:
            self._done.set_result(answer)


async def obey(link: AriLink, state: State, order: Order) -> State:
    """Carries out an order; its last request tells whether it is so. The state of the call after it."""
    found = None if order.is_late else ORDERS[order.name](state)
    if found is None:
        order.settle(False)
        return state
    after, requests = found
    is_done = False
    try:
        for request in requests:
            is_done = await link.ask(request)
    except NotKnown as unknown:
        order.settle(unknown)
        return state
    order.settle(is_done)
    return after if is_done else state
