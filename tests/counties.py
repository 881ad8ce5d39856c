"""A small county for tests: three queues open 8-16 on working days, one phone line, one chat door.

And the shipped questionnaires with few of their topics, for tests that read them again and again.
"""

import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from core.county import (
    CallBack,
    Catalogue,
    ChatDoor,
    Limits,
    Line,
    LocalText,
    PromiseKind,
    PromiseRule,
    Queue,
    Site,
)
from core.hours import Calendar, Hours, Interval
from core.urgency import Urgency

OFFICE = Hours(
    week=((Interval(480, 960),),) * 5 + ((),) * 2,  # type: ignore[arg-type]
    holidays=frozenset({date(2026, 12, 24), date(2026, 12, 25)}),
)
SHIPPED = Path(__file__).resolve().parents[1] / "config" / "oma-hame"
FEW_TOPICS = frozenset(
    {
        *("uti", "sti", "testicle_groin", "crisis", "suicidality", "toothache", "dental_swelling"),
        *("chest_pain", "depression", "fever", "baby", "burn"),
    }
)
MINUTES = {"chat": 2, "call": 2, "callback": 240, "message": 240}


def with_few_topics(folder: Path, source: Path) -> Path:
    """A copy of a folder of the shipped county with a fifth of its topics, nothing wrong in any of them."""
    parts = FEW_TOPICS | {"gate", "past", "common", "floor"}

    def others(_: str, names: list[str]) -> set[str]:
        forms = {name for name in names if name.endswith((".rules.toml", ".questionnaire.json"))}
        return {name for name in forms if name.partition(".")[0] not in parts}

    return Path(shutil.copytree(source, folder, ignore=others))


def text(word: str) -> LocalText:
    return LocalText(f"{word} fi", f"{word} sv", f"{word} en")


RULE = PromiseRule(kind=PromiseKind.SAME_DAY, told=text("today"))


def targets() -> Mapping[tuple[str, Urgency], timedelta]:
    return {(channel, level): timedelta(minutes=m) for channel, m in MINUTES.items() for level in Urgency}


def a_queue(name: str, *, same_day_law: bool = True, own_team: bool = False) -> Queue:
    return Queue(
        id=name,
        name=text(name),
        profession=text(name),
        service_hours=OFFICE,
        intake_hours=OFFICE,
        targets=targets(),
        promise=RULE,
        same_day_law=same_day_law,
        own_team=own_team,
    )


def a_county(**limits: int) -> Catalogue:
    return Catalogue(
        county="test",
        site=Site(
            county_name=text("county"),
            service_name=text("service"),
            chat_name=text("chat"),
            sms_sender=text("sender"),
            languages=("fi", "sv", "en"),
        ),
        calendar=Calendar(holidays=OFFICE.holidays),
        queues=(a_queue("nurse"), a_queue("physio"), a_queue("elderly", same_day_law=False)),
        lines=(a_line("ensilinja", "nurse"),),
        doors=(
            ChatDoor(
                id="terveys",
                name=text("door"),
                queues=("nurse", "physio"),
                intake_hours=OFFICE,
                service_hours=OFFICE,
            ),
        ),
        outcomes=(),
        limits=Limits(**limits),
        help_numbers=(),
    )


def a_line(name: str, queue: str) -> Line:
    return Line(
        id=name,
        name=text(name),
        number=None,
        queue=queue,
        default_urgency=Urgency.SAME_DAY,
        hours=OFFICE,
        callback=CallBack.OFFERED,
        voicemail=True,
        promise=RULE,
        same_day_law=True,
        languages=("fi", "sv", "en"),
    )
