"""What each figure means, as data, once. A change of meaning is a new version, never an edit."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from core.county import LocalText


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One figure's meaning. `unit` is percent, points, seconds or contacts; `target` is in the same unit."""

    id: str
    version: int
    name: LocalText
    formula: str
    unit: str
    target: float | None = None
    lower_is_better: bool = False


DEFINITIONS: Mapping[str, Definition] = MappingProxyType(
    {
        each.id: each
        for each in (
            Definition(
                id="callback_share",
                version=1,
                name=LocalText(
                    "Takaisinsoittojen osuus ensilinjassa",
                    "Andel återuppringningar i första linjen",
                    "Share of callbacks in the first line",
                ),
                formula="calls first handled by a callback (requested before any bridging; one withdrawn"
                " before an attempt is not) / calls bridged or handled by a callback",
                unit="percent",
            ),
            Definition(
                id="answered_directly",
                version=1,
                name=LocalText("Suoraan vastattu", "Besvarade direkt", "Answered directly"),
                formula="calls bridged to a professional without a callback / calls that did not leave"
                " within the short-abandon band",
                unit="percent",
            ),
            Definition(
                id="callback_delay",
                version=1,
                name=LocalText("Takaisinsoittoviive", "Återuppringningens dröjsmål", "Callback delay"),
                formula="the ringing that reached the resident - the request, of callbacks that were reached:"
                " mean, median, p90, p95; service time and plain time",
                unit="seconds",
                lower_is_better=True,
            ),
            Definition(
                id="callback_first_attempt",
                version=1,
                name=LocalText(
                    "Viive ensimmäiseen soittoyritykseen",
                    "Dröjsmål till första uppringningsförsöket",
                    "Delay to the first attempt",
                ),
                formula="the first real attempt - the request, of callbacks with an attempt: mean, median,"
                " p90, p95; service time and plain time",
                unit="seconds",
                lower_is_better=True,
            ),
            Definition(
                id="callback_in_promise",
                version=1,
                name=LocalText(
                    "Takaisinsoitto luvatussa ajassa",
                    "Återuppringning inom utlovad tid",
                    "Callback within the promised time",
                ),
                formula="callback promises with a real attempt by the due instant / callback promises that"
                " fell due in the period; open overdue ones are in, ones ended before their due are out",
                unit="percent",
                target=95,
            ),
            Definition(
                id="callback_same_day",
                version=1,
                name=LocalText(
                    "Takaisinsoitto samana päivänä", "Återuppringning samma dag", "Callback on the same day"
                ),
                formula="callbacks requested in opening hours and reached on the same Helsinki date /"
                " callbacks requested in opening hours",
                unit="percent",
                target=100,
            ),
            Definition(
                id="chat_reply_delay",
                version=1,
                name=LocalText("Chatin vastausviive", "Chattens svarsdröjsmål", "Chat reply delay"),
                formula="first human message - first queued, of chats that got one: mean, median, p90, p95;"
                " the mean is over contacts; service time and plain time",
                unit="seconds",
                target=120,
                lower_is_better=True,
            ),
            Definition(
                id="chat_reply_delay_services",
                version=1,
                name=LocalText(
                    "Chatin vastausviive, palvelujen keskiarvo",
                    "Chattens svarsdröjsmål, medeltal av tjänsterna",
                    "Chat reply delay, mean over services",
                ),
                formula="mean over queues of each queue's mean chat_reply_delay; service time",
                unit="seconds",
                target=120,
                lower_is_better=True,
            ),
            Definition(
                id="resolution_declared",
                version=1,
                name=LocalText("Ratkaisu-%", "Lösnings-%", "Resolution %"),
                formula="closed contacts whose newest outcome counts as resolved / closed contacts whose"
                " newest outcome counts; the others' number is shown",
                unit="percent",
                target=50,
            ),
            Definition(
                id="resolution_declared_services",
                version=1,
                name=LocalText(
                    "Ratkaisu-%, palvelujen keskiarvo",
                    "Lösnings-%, medeltal av tjänsterna",
                    "Resolution %, mean over services",
                ),
                formula="mean over closing queues of each queue's resolution_declared",
                unit="percent",
                target=50,
            ),
            Definition(
                id="abandonment",
                version=1,
                name=LocalText("Poistuneet", "Avhopp", "Abandonment"),
                formula="contacts that left the queue unanswered and for good after the short-abandon band"
                " (without a promised callback) / contacts that did not leave within it",
                unit="percent",
                target=5,
                lower_is_better=True,
            ),
            Definition(
                id="service_level",
                version=1,
                name=LocalText("Palvelutaso", "Servicenivå", "Service level"),
                formula="contacts answered within their queue's target (service time) / contacts that did not"
                " leave within the short-abandon band; abandoned ones are in; ones still within target"
                " and ones answered through another contact are out",
                unit="percent",
            ),
            Definition(
                id="promise_kept",
                version=2,
                name=LocalText("Palvelulupaus pidetty", "Servicelöfte hållet", "Promises kept"),
                formula="promises kept by their due instant / promises that fell due in the period, by kind;"
                " ones ended before their due are out and their number is shown; a second promise, made"
                " beside a first one that could not be kept any more, is a kind of its own, mending no other",
                unit="percent",
                target=95,
            ),
            Definition(
                id="assessed_same_day",
                version=1,
                name=LocalText("Samana päivänä arvioitu", "Bedömda samma dag", "Assessed on the same day"),
                formula="contacts received in opening hours and assessed by a professional on the same"
                " Helsinki date / contacts received in opening hours, of lines and queues under the law",
                unit="percent",
                target=100,
            ),
            Definition(
                id="ems_without_unit",
                version=1,
                name=LocalText(
                    "Ensihoidon kiireettömät ilman ambulanssia",
                    "Akutvårdens icke-brådskande utan ambulans",
                    "Non-urgent EMS tasks without an ambulance",
                ),
                formula="tasks of the emergency centre whose newest outcome means handled without a unit"
                " / tasks whose newest outcome says with or without one",
                unit="percent",
                target=50,
            ),
            Definition(
                id="nps",
                version=1,
                name=LocalText("NPS", "NPS", "NPS"),
                formula="% of answers 9-10 minus % of answers 0-6, of contacts whose resident was asked by"
                " text and answered a number; n and the answer rate are shown; hidden when n < 5",
                unit="points",
                target=60,
            ),
            Definition(
                id="volume",
                version=1,
                name=LocalText("Yhteydenotot", "Kontakter", "Contacts"),
                formula="arrived contacts by channel, line and first queue; ones born of another are out",
                unit="contacts",
            ),
        )
    }
)
"""By id. Texts of formulas are English; the pages' own texts explain them to people."""
