"""A call at Asterisk as a machine: what is asked of it after any news, in any order."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbacks.results import Result
from callbacks.telephony import inbound, outbound
from callbacks.telephony.adopting import standing
from callbacks.telephony.ari import Channel, Leg, Place, Request, leg_of, read_event
from callbacks.telephony.effects import Tell, Wait
from callbacks.telephony.inbound import At, Caller
from callbacks.telephony.outbound import Dialled, Stage
from callbacks.telephony.port import CallerGone, DialEnded, DialFailed, Prompts
from callbacks.telephony.sounds import files
from callbacks.telephony.ways import Ways

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PLACE = Place(app="ensilinja", sounds="s")
ASKS = Prompts(play=("call.greeting", "call.press_1"), line="dental", asks=True)
KEYS = ("k1", "k2", "k3")


def after(*news: inbound.News, caller: Caller | None = None) -> tuple[Caller, list[Any]]:
    """The call and all effects, each news a second after the one before."""
    state, effects = caller or Caller(call="c", began=AT), []
    for n, each in enumerate(news):
        state, more = inbound.step(state, each, AT + timedelta(seconds=n), PLACE)
        effects += more
    return state, effects


def asked(effects: list[Any]) -> list[str]:
    return [f"{each.method} {each.path}" for each in effects if isinstance(each, Request)]


def key(pressed: str, second: float) -> inbound.Pressed:
    return inbound.Pressed(pressed, AT + timedelta(seconds=second))


def test_a_call_is_answered_only_when_it_is_stored() -> None:
    _, told = after(inbound.Arrived("dental", None))
    _, refused = after(inbound.Arrived("dental", None), inbound.NotStored())
    _, taken = after(inbound.Arrived("dental", None), inbound.Answered(ASKS))

    assert asked(told) == []
    assert asked(refused) == ["POST /channels/c/continue"]
    assert asked(taken)[:2] == ["POST /channels/c/variable", "POST /channels/c/answer"]


def test_a_playback_is_stopped_before_two_are_joined() -> None:
    _, effects = after(
        inbound.Arrived("dental", None),
        inbound.Answered(ASKS),
        inbound.Join("k1", "PJSIP/1"),
        inbound.LegUp("k1"),
    )
    requests = asked(effects)

    assert requests.index("DELETE /playbacks/ensilinja-c-1") < requests.index(
        "POST /bridges/ensilinja-c/addChannel"
    )


def test_a_key_told_twice_is_told_on_once() -> None:
    _, effects = after(
        inbound.Arrived("dental", None), inbound.Answered(ASKS), key("1", 1), key("1", 1), key("1", 2)
    )
    events = [each.event for each in effects if isinstance(each, Tell)]

    assert [(event.n, event.after) for event in events[1:]] == [(1000, 0), (2000, 1000)]  # type: ignore[union-attr]


def test_who_waits_in_the_line_is_asked_again_each_minute() -> None:
    in_line = inbound.Answered(Prompts(play=("call.in_line",), asks=True))
    again = inbound.Answered(Prompts(play=("call.press_1",)))
    state, effects = after(inbound.Arrived("dental", None), in_line, inbound.Played("ensilinja-c-1"))
    _, later = after(inbound.TimeUp(1), again, inbound.Played("ensilinja-c-2"), caller=state)

    assert [each.seconds for each in (*effects, *later) if isinstance(each, Wait)] == [60.0, 60.0]
    assert [each.event.n for each in later if isinstance(each, Tell)] == [1]


@pytest.mark.parametrize(
    ("ended", "gone", "unheard"),
    [(None, 3.0, True), (3.0, 3.1, True), (3.0, 4.0, False)],
    ids=["while it is played", "with its end", "after it"],
)
def test_who_hangs_up_during_a_sentence_has_not_heard_it(
    ended: float | None, gone: float, unheard: bool
) -> None:
    caller, _ = after(inbound.Arrived("dental", None), inbound.Answered(ASKS))
    if ended is not None:
        played = inbound.Played(caller.playback)
        caller, _ = inbound.step(caller, played, AT + timedelta(seconds=ended), PLACE)
    _, effects = inbound.step(caller, inbound.HungUp(), AT + timedelta(seconds=gone), PLACE)
    [told] = [each.event for each in effects if isinstance(each, Tell)]

    assert isinstance(told, CallerGone) and told.unheard == unheard


NEWS = st.one_of(
    st.sampled_from([
        inbound.Arrived("dental", "+358401234567"), inbound.Answered(ASKS), inbound.Answered(None),
        inbound.Answered(Prompts(play=("call.in_line",))), inbound.NotStored(), inbound.Watched(),
        inbound.Played("ensilinja-c-1"), inbound.Played("ensilinja-c-2"), inbound.TimeUp(1),
    ]),
    st.builds(key, st.sampled_from("012#"), st.integers(0, 9)),
    st.builds(inbound.Join, st.sampled_from(KEYS), st.sampled_from(["PJSIP/1", ""])),
    st.builds(inbound.LegUp, st.sampled_from(KEYS)),
    st.builds(inbound.LegGone, st.sampled_from(KEYS)),
)  # fmt: skip


@given(st.lists(NEWS, max_size=25))
def test_no_telephone_is_left_over_whatever_comes(news: list[inbound.News]) -> None:
    taken = [inbound.Arrived("dental", None), inbound.Answered(ASKS)]
    state, effects = after(*taken, *news)
    rung = {each.path for each in effects if isinstance(each, Request) and each.body}
    ended = {each.path for each in effects if isinstance(each, Request) and each.method == "DELETE"}
    # One whose telephone is gone by itself needs no end.
    gone = {
        f"/channels/{Leg('join', each.key).channel}" for each in news if isinstance(each, inbound.LegGone)
    }
    on = {f"/channels/{Leg('join', each).channel}" for each in (state.joining, *state.joined) if each}

    assert rung - ended - gone <= on
    over, last = inbound.step(state, inbound.HungUp(), AT, PLACE)
    assert over.at == At.OVER and on <= {each.path for each in last if isinstance(each, Request)}
    assert inbound.step(over, inbound.Pressed("1", AT), AT, PLACE) == (over, ())


ROLES = st.sampled_from(["agent", "resident"])
CALLED_NEWS = st.one_of(
    st.just(outbound.Rings()),
    st.builds(outbound.Up, ROLES),
    st.builds(outbound.Down, ROLES, st.sampled_from([1, 16, 17, 18, 19, 21, 34])),
    st.builds(outbound.Refused, ROLES, st.booleans()),
)


@given(st.lists(CALLED_NEWS, max_size=12))
def test_nobody_is_rung_twice_and_one_end_is_told(news: list[outbound.News]) -> None:
    state, effects = Dialled(key="k", endpoint="PJSIP/+358401234567@operator"), []
    for each in (outbound.Order("PJSIP/101"), *news):
        state, more = outbound.step(state, each, AT, PLACE)
        effects += more
    rung = [each.path for each in effects if isinstance(each, Request) and each.body]
    ends = [e for e in effects if isinstance(e, Tell) and isinstance(e.event, DialFailed | DialEnded)]

    assert len(rung) == len(set(rung)) <= 2
    assert len(ends) == (state.stage == Stage.OVER)


@pytest.mark.parametrize(
    ("cause", "result"), [(17, Result.BUSY), (21, Result.BUSY), (19, Result.NO_ANSWER), (1, Result.FAILED)]
)
def test_a_cause_is_a_result(cause: int, result: Result) -> None:
    assert outbound.result_of(cause) == result


def channel(name: str, state: str = "Up", *args: str) -> Channel:
    return Channel(
        id=name, state=state, created=AT, args=args, is_ours=bool(args) or leg_of(name) is not None
    )


def test_what_is_on_is_read_from_names() -> None:
    channels = [
        channel("1.1", "Up", "inbound", "dental"),
        channel("1.2", "Ring", "inbound", "dental"),
        channel("1.3", "Up", "inbound", "dental"),
        channel("ensilinja-join-k1", "Up", "join", "k1", "1.1"),
        channel("ensilinja-join-k9", "Ringing", "join", "k9", "9.9"),
        channel("ensilinja-agent-7-1"),
        channel("ensilinja-resident-7-1"),
        channel("ensilinja-agent-8-1"),
        channel("somebody-else"),
    ]
    bridges = {"ensilinja-1.1": ["1.1", "ensilinja-join-k1"], "ensilinja-1.3": ["1.3"]}
    bridges["ensilinja-7-1"] = ["ensilinja-agent-7-1", "ensilinja-resident-7-1"]
    found = standing(channels, bridges)
    callers = {each.channel.id: (each.is_taken, each.was_joined, each.joined) for each in found.callers}

    assert callers == {"1.1": (True, True, ("k1",)), "1.2": (False, False, ()), "1.3": (True, True, ())}
    assert {key: found.dials[key][0].joined for key in found.dials} == {"7-1": True, "8-1": False}
    assert [each.path for each in found.release] == ["/channels/ensilinja-join-k9"]


GOOD = {"type": "StasisEnd", "application": "ensilinja", "timestamp": "2026-11-23T08:00:00.000+0000"}
BODY = {"id": "1.1", "state": "Up", "creationtime": "2026-11-23T08:00:00.000+0000"}


@pytest.mark.parametrize(
    "raw",
    [
        "", "[]", "null", "{", '{"type":1}', "[" * 100_000, "x" * 100_000, json.dumps(GOOD | {"type": "New"}),
        json.dumps(GOOD | {"application": "other"}), json.dumps(GOOD | {"timestamp": "then"}),
        json.dumps(GOOD | {"timestamp": "2026-11-23T08:00:00"}), json.dumps(GOOD | {"channel": {}}),
        json.dumps(GOOD | {"channel": BODY | {"creationtime": 1}}), json.dumps(GOOD | {"channel": []}),
        json.dumps(GOOD | {"channel": BODY, "cause": "x"}), json.dumps(GOOD | {"playback": {}}),
    ],
)  # fmt: skip
def test_what_is_no_event_of_ours_is_nothing(raw: str) -> None:
    assert read_event(raw, "ensilinja") is None


WAYS = Ways(
    trunk="PJSIP/{number}@operator",
    device="PJSIP/{device}",
    numbers={"dental": "+35836296301", "elderly": "+35836296620", "mental": ""},
)


@pytest.mark.parametrize("dialled", ["036296301", "+35836296301", "0035836296301", "36296301", "6296301"])
def test_a_line_is_known_however_its_number_is_written(dialled: str) -> None:
    assert WAYS.line_of(dialled) == "dental"


@pytest.mark.parametrize("dialled", ["036296302", "mental", "6301", "", "+358"])
def test_another_number_is_what_the_dialplan_says(dialled: str) -> None:
    assert WAYS.line_of(dialled) == dialled


@pytest.mark.parametrize("device", ["", "browser", "1&PJSIP/2", "a/b", "ö", "1@2"])
def test_what_is_no_telephone_is_not_rung(device: str) -> None:
    assert WAYS.endpoint_of(device) == ""


def test_what_names_the_line_is_recorded_for_it() -> None:
    prompts = Prompts(play=("call.greeting", "call.read_back"), line="dental", language="sv", digits="+12")

    assert files(prompts) == ("sv/dental/call-greeting", "sv/call-read_back", "sv/digit-1", "sv/digit-2")
