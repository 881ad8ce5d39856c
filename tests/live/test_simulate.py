"""`ensilinja simulate`: a day under several staffings and orders, side by side."""

from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

from core.errors import Invalid
from core.urgency import Urgency
from ensilinja.reporting.facts import fold
from ensilinja.simulation import recording
from ensilinja.simulation.asked import staffing, with_order, with_targets
from ensilinja.simulation.command import Wish, simulate
from ensilinja.simulation.recording import coming_of
from ensilinja.simulation.visits import Way
from tests.histories import callback, chat, events
from tests.rooms import FOLDER, SERVICES

DAY = date(2026, 4, 7)


def test_scenarios_stand_side_by_side_with_a_chart(tmp_path: Path) -> None:
    plot, saved = tmp_path / "waits.svg", tmp_path / "day.jsonl"
    wish = Wish(
        day=DAY,
        agents=("3", "3+1@8-10"),
        rules=("floor", "callbacks-first"),
        contacts=25,
        plot=plot,
        save=saved,
    )

    told = simulate(wish, FOLDER)

    assert "D  3+1@8-10 ammattilaista, takaisinsoitot ensin" in told
    assert "Palvelulupaus pidetty" in told
    drawn = ElementTree.fromstring(plot.read_text("utf-8"))
    assert 4 == len(drawn.findall("{http://www.w3.org/2000/svg}polyline"))
    again = simulate(Wish(day=DAY, agents=("3",), rules=("due",), record=saved, lang="sv"), FOLDER)
    assert "Löftet" in again or "3 yrkesverksamma, endast enligt utlovad tid" in again
    assert "+358" not in saved.read_text("utf-8")


def test_what_cannot_be_played_is_refused() -> None:
    for wrong in ("0", "x", "18-", "18+1@10-8", "18+1@8-25", "18+1@8-10:nobody"):
        with pytest.raises(Invalid):
            staffing(wrong, SERVICES.catalogue)
    with pytest.raises(Invalid):
        with_order(SERVICES.catalogue, "random")
    with pytest.raises(Invalid):
        with_targets(SERVICES.catalogue, ["chat:SOON=1"])
    with pytest.raises(Invalid):
        recording.read(Path("no-such-file"))


def test_other_targets_and_more_or_fewer_hands_are_what_was_asked() -> None:
    county = with_targets(SERVICES.catalogue, ["chat:SAME_DAY=5"])
    usual = staffing("20", county).shifts("1", DAY, county)
    fewer = staffing("20-15%", county).shifts("1", DAY, county)
    more = staffing("20+2@8-10:dental", county).shifts("1", DAY, county)

    assert 300 == county.queue("nurse").target("chat", Urgency.SAME_DAY).total_seconds()
    assert (20, 17, 22) == (len(usual), len(fewer), len(more))
    served = {queue for shift in fewer for queue in shift.queues}
    assert served == {queue.id for queue in county.queues if not queue.tasks}
    assert all(shift.queues[0] == "dental" for shift in more[20:])


def test_a_recorded_arrival_has_no_person() -> None:
    written, rung = fold(events(chat())), fold(events(callback()))

    first = coming_of(written, written.arrived_at, set())  # type: ignore[arg-type]
    second = coming_of(rung, rung.arrived_at, {"ensilinja"})  # type: ignore[arg-type]

    assert (Way.CHAT, "nurse", None, Urgency.SAME_DAY) == (first.way, first.queue, first.line, first.urgency)
    assert (Way.CALLBACK, "ensilinja", None) == (second.way, second.line, second.urgency)
