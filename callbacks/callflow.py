"""What a caller on a line hears and may press; pure: keys in, what to play and what follows out.

Nobody is forced: a caller who presses nothing keeps waiting in an open line; only a line that calls everybody
back promises that, unless it is refused. A key is never a medical answer. What is heard first tells of 112.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from core.county import CallBack

MAX_TYPED = 16
MAX_TRIES = 3
MESSAGE_KEY = "2"
# The same keys on every line, however many of the languages it has: they are learnt once and recorded once.
LANGUAGE_KEYS = {"1": "fi", "2": "sv", "3": "en"}
EXACT = 10  # more before a caller than this are told in full tens
MOST = 50


class Standing(StrEnum):
    """How the line stands for a new caller: `full` promises a later time, `closed` the next opening."""

    OPEN = "open"
    FULL = "full"
    CLOSED = "closed"


class Step(StrEnum):
    """Where the caller is in the flow; OFFER is also that of one who is still asked for a language."""

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
class Place:
    """How many are before the caller, and for how many minutes she will wait; None where that is not known.

    A range without an upper end is "over an hour". It `is_slower` when an earlier word did not hold.
    """

    ahead: int
    wait: tuple[int, int | None] | None = None
    is_slower: bool = False

    @property
    def told(self) -> int:
        """The number that is said: up to ten as it is, then in full tens, "over fifty" at the most."""
        return self.ahead if self.ahead <= EXACT else min(self.ahead // 10 * 10, MOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The line at this moment; `check` tells whether a typed number may be dialled (core.phone).

    `languages` are those it asks for, none when it does not ask. `place` is None while it is not known.
    """

    standing: Standing
    callback: CallBack
    number: Number
    check: Callable[[str], bool]
    languages: tuple[str, ...] = ()
    hanging_up_asks: bool = False
    place: Place | None = None
    takes_messages: bool = False

    @property
    def offers_callback(self) -> bool:
        """Whether one who waits may press 1 to be called back."""
        return self.callback is not CallBack.OFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The caller's place in the flow; `typed` are the digits of a number being typed or to be called.

    `language` is the one the caller chose, empty before that and where nobody asks.
    """

    step: Step
    typed: str = ""
    tries: int = 0
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What to play next (text keys), whether a key is awaited, and what the service must do."""

    flow: Flow
    play: tuple[str, ...]
    asks: bool
    act: Act | None = None
    records: bool = False


def begin(situation: Situation, language: str = "") -> Turn:
    """Greets the caller, asks for the language where the line does, says how it stands and what it offers.

    One whose `language` is known, from a call that was cut off a moment ago, is not asked again.
    """
    flow = Flow(step=Step.OFFER, language=language)
    if _asks_language(flow, situation):
        return Turn(flow=flow, play=(GREETING, *_languages(situation)), asks=True)
    return _open(flow, situation, (GREETING,))


def press(flow: Flow, key: str, situation: Situation) -> Turn:
    """Takes one key; a key that means nothing here repeats the question and changes nothing."""
    if _asks_language(flow, situation):
        language = LANGUAGE_KEYS.get(key, "")
        if language not in situation.languages:
            return Turn(flow=flow, play=_languages(situation), asks=True)
        return _choose(flow, language, situation)
    if flow.step == Step.TYPE:
        return _type(flow, key, situation)
    if flow.step == Step.OFFER and key == MESSAGE_KEY and situation.takes_messages:
        return _record(flow, ())
    turn = _TURNS.get((flow.step, key), _repeat)
    is_refused = turn is _ask_number and not situation.offers_callback
    is_direct = situation.callback is CallBack.DIRECT
    if is_refused or (turn is _refuse and not is_direct):
        turn = _repeat
    return turn(flow, situation)


def silence(flow: Flow, situation: Situation) -> Turn:
    """No key in time: the caller stays in an open line; a callback whose number is known is promised.

    The line's first language is spoken to one who chose none. One who has waited in the line is told her
    place and offered the call back again (R11); no answer to that is waited for.
    """
    if _asks_language(flow, situation):
        return _choose(flow, situation.languages[0], situation)
    if flow.step in (Step.CONFIRM, Step.READ_BACK):
        return _promised(flow, situation)
    if flow.step in (Step.OFFER, Step.TYPE, Step.LAST_OFFER):
        return _stay(flow, situation, ())
    if flow.step == Step.MESSAGE:
        return unheard(flow, situation)
    play = (*_place(situation), *_offer_again(situation)) if flow.step == Step.IN_LINE else ()
    return Turn(flow=flow, play=play, asks=False)


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


def hang_up(flow: Flow, situation: Situation, *, unheard: bool = False) -> Turn:
    """The caller is gone; one who pressed 1 and whose number is known has asked to be called.

    Where hanging up asks too, so has everybody with such a number who has heard the offer: not one who was
    gone before its end (`unheard`), nor one who would not be called at that number.
    """
    gone = replace(flow, step=Step.GONE)
    if flow.step in (Step.CONFIRM, Step.READ_BACK) or _asks_by_hanging_up(flow, situation, unheard):
        return Turn(flow=gone, play=(), asks=False, act=Act.PROMISE)
    act = Act.LEAVE_LINE if flow.step in (Step.IN_LINE, Step.TYPE) else Act.END
    return Turn(flow=gone, play=(), asks=False, act=act)


def key_of(language: str) -> str:
    """The key by which a language is chosen."""
    return next(key for key, chosen in LANGUAGE_KEYS.items() if chosen == language)


GREETING = "call.greeting"


def _asks_language(flow: Flow, situation: Situation) -> bool:
    return flow.step == Step.OFFER and bool(situation.languages) and not flow.language


def _languages(situation: Situation) -> tuple[str, ...]:
    return tuple(f"call.language_{language}" for language in situation.languages)


def _choose(flow: Flow, language: str, situation: Situation) -> Turn:
    # The first language has greeted already; 112 is told again in the chosen one.
    greeting = () if language == situation.languages[0] else (GREETING,)
    return _open(replace(flow, language=language), situation, greeting)


def _open(flow: Flow, situation: Situation, play: tuple[str, ...]) -> Turn:
    """After the greeting: how the line stands, and what it offers."""
    play = (*play, *_standing(situation))
    if situation.callback is not CallBack.DIRECT:
        offers = _offers(situation)
        if not offers:
            return _stay(flow, situation, play)
        return Turn(flow=replace(flow, step=Step.OFFER), play=(*play, *offers), asks=True)
    if situation.number == Number.DIALABLE:
        return Turn(flow=replace(flow, step=Step.CONFIRM), play=(*play, "call.direct"), asks=True)
    turn = _ask_typed(flow, situation)
    return replace(turn, play=(*play, "call.direct_typed", *turn.play))


def _standing(situation: Situation) -> tuple[str, ...]:
    if situation.standing == Standing.CLOSED:
        return ("call.closed",)
    if situation.callback is CallBack.DIRECT:  # her place in the line is nothing to one who is called back
        return ()
    if situation.standing == Standing.FULL and situation.offers_callback:
        return ("call.full", *_place(situation))
    return _place(situation) or ("call.open",)


def _place(situation: Situation) -> tuple[str, ...]:
    place = situation.place
    if place is None:
        return ()
    slower = ("call.slower",) if place.is_slower else ()
    ahead = "call.ahead" if place.ahead <= EXACT else "call.ahead_over"
    told = (*slower, ahead if place.ahead else "call.ahead_none")
    if place.wait is None:
        return told
    return (*told, "call.wait" if place.wait[1] is not None else "call.wait_over")


def _offer_again(situation: Situation) -> tuple[str, ...]:
    if not situation.offers_callback:
        return ()
    # A later time is a time of its own: "you keep your place" is said of a call back of today only.
    kept = ("call.place_kept",) if situation.standing == Standing.OPEN else ()
    return ("call.press_1", *kept)


def _asks_by_hanging_up(flow: Flow, situation: Situation, unheard: bool) -> bool:
    asks = situation.hanging_up_asks and situation.callback is CallBack.OFFERED
    if not asks or situation.number == Number.UNUSABLE or _asks_language(flow, situation):
        return False
    return flow.step == Step.IN_LINE or (flow.step in (Step.OFFER, Step.LAST_OFFER) and not unheard)


def _repeat(flow: Flow, situation: Situation) -> Turn:
    question = _question(flow, situation)
    return Turn(flow=flow, play=question, asks=bool(question))


def _question(flow: Flow, situation: Situation) -> tuple[str, ...]:
    if flow.step in (Step.OFFER, Step.LAST_OFFER):
        return _offers(situation) if flow.step == Step.OFFER else ("call.press_1",)
    if flow.step == Step.CONFIRM:
        return ("call.direct" if situation.callback is CallBack.DIRECT else "call.confirm_number",)
    return READ_BACK if flow.step == Step.READ_BACK else ()


READ_BACK = ("call.read_back", "call.confirm_typed")


def _ask_number(flow: Flow, situation: Situation) -> Turn:
    if situation.number == Number.UNUSABLE:
        return _ask_typed(flow, situation)
    confirm = replace(flow, step=Step.CONFIRM, typed="")
    return Turn(flow=confirm, play=_question(confirm, situation), asks=True)


def _ask_typed(flow: Flow, situation: Situation) -> Turn:
    if flow.tries >= MAX_TRIES:
        return _stay(flow, situation, ("call.number_refused",))
    return Turn(flow=replace(flow, step=Step.TYPE, typed=""), play=("call.type_number",), asks=True)


def _type(flow: Flow, key: str, situation: Situation) -> Turn:
    if key != "#" and len(flow.typed) < MAX_TYPED:
        return Turn(flow=replace(flow, typed=flow.typed + key), play=(), asks=True)
    tried = replace(flow, tries=flow.tries + 1)
    if situation.check(flow.typed):
        return Turn(flow=replace(tried, step=Step.READ_BACK), play=READ_BACK, asks=True)
    turn = _ask_typed(tried, situation)
    return turn if turn.flow.step != Step.TYPE else replace(turn, play=("call.number_invalid", *turn.play))


def _promised(flow: Flow, _situation: Situation) -> Turn:
    return Turn(
        flow=replace(flow, step=Step.PROMISED),
        play=("call.promised", "call.goodbye"),
        asks=False,
        act=Act.PROMISE,
    )


def _refuse(flow: Flow, situation: Situation) -> Turn:
    """She would rather wait than be called back."""
    return _stay(flow, situation, _place(situation))


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


_TURNS: dict[tuple[Step, str], Callable[[Flow, Situation], Turn]] = {
    (Step.OFFER, "1"): _ask_number,
    (Step.LAST_OFFER, "1"): _ask_number,
    (Step.IN_LINE, "1"): _ask_number,
    (Step.CONFIRM, "1"): _promised,
    (Step.CONFIRM, "2"): _ask_typed,
    (Step.CONFIRM, "3"): _refuse,
    (Step.READ_BACK, "1"): _promised,
    (Step.READ_BACK, "2"): _ask_typed,
}
