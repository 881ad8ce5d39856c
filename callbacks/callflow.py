"""What a caller on a line hears and may press; pure: keys in, what to play and what follows out.

Nobody is forced: a caller who presses nothing keeps waiting in an open line. A key is never a medical answer.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

MAX_TYPED = 16
MAX_TRIES = 3
MESSAGE_KEY = "2"


class Standing(StrEnum):
    """How the line stands for a new caller: `full` promises a later time, `closed` the next opening."""

    OPEN = "open"
    FULL = "full"
    CLOSED = "closed"


class Step(StrEnum):
    """Where the caller is in the flow."""

    OFFER = "offer"
    CONFIRM = "confirm"
    TYPE = "type"
    READ_BACK = "read_back"
    MESSAGE = "message"
    LAST_OFFER = "last_offer"
    IN_LINE = "in_line"
    PROMISED = "promised"
    GONE = "gone"


class Act(StrEnum):
    """What the service must do with this turn."""

    JOIN_LINE = "join_line"
    PROMISE = "promise"
    LEAVE_LINE = "leave_line"
    END = "end"


class Number(StrEnum):
    """What is known of the caller's own number."""

    DIALABLE = "dialable"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The line at this moment; `check` tells whether a typed number may be dialled (core.phone)."""

    standing: Standing
    offers_callback: bool
    number: Number
    check: Callable[[str], bool]
    takes_messages: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The caller's place in the flow; `typed` are the digits of a number being typed or to be called."""

    step: Step
    typed: str = ""
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What to play next (text keys), whether a key is awaited, and what the service must do."""

    flow: Flow
    play: tuple[str, ...]
    asks: bool
    act: Act | None = None
    records: bool = False


def begin(situation: Situation) -> Turn:
    """Greets the caller, says how the line stands and, where the line allows it, offers a call back."""
    play = ("call.greeting", f"call.{situation.standing}")
    offers = _offers(situation)
    if offers:
        return Turn(flow=Flow(step=Step.OFFER), play=(*play, *offers), asks=True)
    return _stay(Flow(step=Step.OFFER), situation, play)


def press(flow: Flow, key: str, situation: Situation) -> Turn:
    """Takes one key; a key that means nothing here repeats the question and changes nothing."""
    if flow.step == Step.TYPE:
        return _type(flow, key, situation)
    turns: dict[tuple[Step, str], Callable[[Flow, Situation], Turn]] = {
        (Step.OFFER, "1"): _ask_number,
        (Step.LAST_OFFER, "1"): _ask_number,
        (Step.IN_LINE, "1"): _ask_number,
        (Step.CONFIRM, "1"): _promised,
        (Step.CONFIRM, "2"): _ask_typed,
        (Step.READ_BACK, "1"): _promised,
        (Step.READ_BACK, "2"): _ask_typed,
    }
    turn = turns.get((flow.step, key))
    if flow.step == Step.OFFER and key == MESSAGE_KEY and situation.takes_messages:
        return _record(flow, ())
    if turn is None or (flow.step == Step.IN_LINE and not situation.offers_callback):
        return Turn(flow=flow, play=_QUESTIONS.get(flow.step, ()), asks=flow.step in _QUESTIONS)
    return turn(flow, situation)


def silence(flow: Flow, situation: Situation) -> Turn:
    """No key in time: the caller stays in an open line; a callback whose number is known is promised.

    One who has waited in the line is offered the call back again (R11); no answer to that is waited for.
    """
    if flow.step in (Step.CONFIRM, Step.READ_BACK):
        return _promised(flow, situation)
    if flow.step in (Step.OFFER, Step.TYPE, Step.LAST_OFFER):
        return _stay(flow, situation, ())
    if flow.step == Step.MESSAGE:
        return unheard(flow, situation)
    again = flow.step == Step.IN_LINE and situation.offers_callback
    return Turn(flow=flow, play=_QUESTIONS[Step.OFFER] if again else (), asks=False)


def unheard(flow: Flow, situation: Situation) -> Turn:
    """Nothing was said after the tone: the call back is offered once more, and no second message."""
    flow, play = replace(flow, step=Step.LAST_OFFER), ("call.message_empty",)
    if situation.offers_callback:
        return Turn(flow=flow, play=(*play, "call.press_1"), asks=True)
    return _stay(flow, situation, play)


def thanked(flow: Flow, situation: Situation) -> Turn:
    """Her message is kept: she is told so, and the call ends."""
    return Turn(
        flow=replace(flow, step=Step.PROMISED), play=("call.message_kept", "call.goodbye"), asks=False
    )


def hang_up(flow: Flow) -> Turn:
    """The caller is gone; one who pressed 1 and whose number is known has asked to be called."""
    gone = replace(flow, step=Step.GONE)
    if flow.step in (Step.CONFIRM, Step.READ_BACK):
        return Turn(flow=gone, play=(), asks=False, act=Act.PROMISE)
    act = Act.LEAVE_LINE if flow.step == Step.IN_LINE else Act.END
    return Turn(flow=gone, play=(), asks=False, act=act)


_QUESTIONS: dict[Step, tuple[str, ...]] = {
    Step.OFFER: ("call.press_1",),
    Step.LAST_OFFER: ("call.press_1",),
    Step.CONFIRM: ("call.confirm_number",),
    Step.READ_BACK: ("call.read_back", "call.confirm_typed"),
}


def _ask_number(flow: Flow, situation: Situation) -> Turn:
    if situation.number == Number.UNUSABLE:
        return _ask_typed(flow, situation)
    return Turn(flow=replace(flow, step=Step.CONFIRM, typed=""), play=("call.confirm_number",), asks=True)


def _ask_typed(flow: Flow, situation: Situation) -> Turn:
    if flow.tries >= MAX_TRIES:
        return _stay(flow, situation, ("call.number_refused",))
    return Turn(flow=replace(flow, step=Step.TYPE, typed=""), play=("call.type_number",), asks=True)


def _type(flow: Flow, key: str, situation: Situation) -> Turn:
    if key != "#" and len(flow.typed) < MAX_TYPED:
        return Turn(flow=replace(flow, typed=flow.typed + key), play=(), asks=True)
    tried = replace(flow, tries=flow.tries + 1)
    if situation.check(flow.typed):
        return Turn(flow=replace(tried, step=Step.READ_BACK), play=_QUESTIONS[Step.READ_BACK], asks=True)
    turn = _ask_typed(tried, situation)
    return turn if turn.flow.step != Step.TYPE else replace(turn, play=("call.number_invalid", *turn.play))


def _promised(flow: Flow, _situation: Situation) -> Turn:
    return Turn(
        flow=replace(flow, step=Step.PROMISED),
        play=("call.promised", "call.goodbye"),
        asks=False,
        act=Act.PROMISE,
    )


def _stay(flow: Flow, situation: Situation, play: tuple[str, ...]) -> Turn:
    if situation.standing == Standing.CLOSED and situation.takes_messages and flow.step != Step.LAST_OFFER:
        return _record(flow, play)
    if situation.standing == Standing.CLOSED:
        gone = replace(flow, step=Step.GONE, typed="")
        return Turn(flow=gone, play=(*play, "call.closed_goodbye"), asks=False, act=Act.END)
    return Turn(
        flow=replace(flow, step=Step.IN_LINE, typed=""),
        play=(*play, "call.in_line"),
        asks=situation.offers_callback,
        act=Act.JOIN_LINE,
    )


def _offers(situation: Situation) -> tuple[str, ...]:
    """What a key brings; where nothing is offered the message comes by itself, if the line is closed."""
    callback = ("call.press_1",) if situation.offers_callback else ()
    by_key = situation.takes_messages and (callback or situation.standing == Standing.FULL)
    return (*callback, "call.press_2") if by_key else callback


def _record(flow: Flow, play: tuple[str, ...]) -> Turn:
    leaves = replace(flow, step=Step.MESSAGE, typed="")
    return Turn(flow=leaves, play=(*play, "call.leave_message"), asks=False, records=True)
