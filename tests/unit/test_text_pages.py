"""Every resident page renders in every state and language, with nothing undefined, unescaped or inline."""

import re
from functools import partial
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.text import LANGUAGES, Texts
from ensilinja.pages import views
from ensilinja.pages.views import AnswerRow, FieldError, Message, Option, Phone

ROOT = Path(__file__).resolve().parents[2]
TEXTS = Texts.load(ROOT / "ensilinja" / "locale")
PAGES = Environment(
    loader=FileSystemLoader(ROOT / "ensilinja" / "templates"), autoescape=True, undefined=StrictUndefined
)

ROWS = (
    AnswerRow(
        label="Mikä sinua vaivaa?",
        values=("Kuume ja yskä kolmatta päivää.\nYöllä 39 astetta.",),
        change_url="/kysely/asia",
    ),
    AnswerRow(label="Hätätilanteet", values=("Ei mikään näistä",), change_url="/kysely/hata"),
    AnswerRow(
        label="Nouseeko kuume uudelleen?", values=("Kyllä",), change_url="/kysely/kysymys/k2", flagged=True
    ),
    AnswerRow(label="Hengästytkö uutena oireena?", values=(), change_url="/kysely/kysymys/k3"),
)
TIMES = (
    Option(value="now", label="Mahdollisimman pian", hint="Arvio: tänään kello 12–15", chosen=True),
    Option(value="8", label="Tiistaina 24.11. kello 8–11"),
)
CARE = views.Care(
    level="SAME_DAY",
    heading="Hoitaja arvioi tilanteesi tänään",
    paragraphs=("Vastaustesi perusteella hoitajan on hyvä arvioida tilanteesi tänään.",),
)
WORSE = ("hengitys vaikeutuu", "kipu siirtyy käsivarteen", "et enää jaksa juoda")
MESSAGES = (
    Message(
        seq=1, who="system", name="", text="Sairaanhoitaja Maija liittyi.", at="10.39", day="Maanantai 23.11."
    ),
    Message(
        seq=2,
        who="staff",
        name="Maija",
        at="10.40",
        text="Hei Anna, olen sairaanhoitaja Maija. Luin vastauksesi. Kysyn vielä muutaman asian.",
    ),
    Message(seq=3, who="resident", name="", text="Kuume nousi yöllä 39 asteen.", at="10.41", client_id="a-1"),
)
ERRORS = (FieldError(field_id="vastaus", text="Valitse vastaus. Jos et tiedä, valitse ”En tiedä”."),)
CHOICES = (
    Option(value="today", label="Tänään"),
    Option(value="1-3", label="1–3 päivää sitten", chosen=True),
    Option(value="over-3", label="Yli 3 päivää sitten", hint="Esimerkiksi viime viikolla"),
)


def question(kind: views.QuestionKind, **more: object) -> views.Question:
    given: dict[str, object] = {
        "question_id": "started",
        "kind": kind,
        "text": "Milloin oire alkoi?",
        "hint": "Arvio riittää.",
        "number": 3,
        "left": "2–6",
    }
    return views.Question(**{**given, **more})  # type: ignore[arg-type]


def waiting(state: str = "waiting", **more: object) -> views.Waiting:
    given: dict[str, object] = {
        "state": state,
        "care": CARE,
        "ahead": 3,
        "wait_range": "4–8",
        "updated_at": "10.41",
        "worse": WORSE,
        "rows": ROWS,
    }
    return views.Waiting(**{**given, **more})  # type: ignore[arg-type]


INTRO = (
    "Kirjoita terveydenhuollon ammattilaiselle. Samasta chatista saat apua sairaanhoitajalta, "
    "fysioterapeutilta, suun terveydenhuollosta sekä mielenterveys- ja päihdepalveluista."
)
GATE = (
    Option(value="gate_breathing", label="Voimakas hengenahdistus levossa tai hengitys ei kulje"),
    Option(value="gate_chest", label="Kova, puristava rintakipu, joka ei hellitä 5 minuutissa"),
    Option(value="gate_bleeding", label="Runsas verenvuoto, joka ei tyrehdy painamalla"),
)
SAMPLES: dict[str, tuple[str, object]] = {
    "landing": (
        "landing",
        views.Landing(
            state=views.OpenState.OPEN,
            intro=INTRO,
            closes_at="kello 14.00",
            wait_range="2–6",
            question_span="5–9",
            minutes_span="3–5",
        ),
    ),
    "landing-closed": (
        "landing",
        views.Landing(
            state=views.OpenState.CLOSED,
            intro=INTRO,
            question_span="5–9",
            opens_at="huomenna tiistaina kello 8.00",
            resume_url="/odotus",
        ),
    ),
    "landing-full": ("landing", views.Landing(state=views.OpenState.FULL, intro=INTRO, notices=("Huomio.",))),
    "landing-busy": ("landing", views.Landing(state=views.OpenState.BUSY, intro=INTRO, wait_range="30–60")),
    "landing-closing": ("landing", views.Landing(state=views.OpenState.CLOSING, intro=INTRO, reason="Syy.")),
    "landing-holiday": ("landing", views.Landing(state=views.OpenState.HOLIDAY, intro=INTRO)),
    "gate": ("gate", views.Gate(items=GATE)),
    "gate-error": ("gate", views.Gate(items=GATE, errors=(FieldError(field_id="hata-1", text="Valitse."),))),
    "emergency": ("emergency", views.Emergency()),
    "emergency-contact": ("emergency", views.Emergency(can_report=True)),
    "emergency-reported": ("emergency", views.Emergency(reported=True, line_url="/odotus")),
    "own-words": ("own_words", views.OwnWords()),
    "own-words-error": (
        "own_words",
        views.OwnWords(value="<b>x</b>", errors=(FieldError(field_id="asia", text="K."),)),
    ),
    "topic": ("topic", views.TopicChoice(topics=CHOICES)),
    "topic-error": ("topic", views.TopicChoice(topics=CHOICES, errors=ERRORS)),
    "question-choice": (
        "question",
        question("choice", options=CHOICES, why="Kysymme tätä kiireen arvioimiseksi."),
    ),
    "question-multi": (
        "question",
        question("multichoice", options=CHOICES, errors=ERRORS, unknown_chosen=True),
    ),
    "question-boolean": ("question", question("boolean", options=CHOICES[:2], quick_exit=True)),
    "question-integer": ("question", question("integer", value="3", unit="päivää")),
    "question-decimal": ("question", question("decimal", value="abc", errors=ERRORS, unit="°C")),
    "question-text": ("question", question("text", value="</textarea><script>alert(1)</script>")),
    "question-phone": ("question", question("phone")),
    "question-age": ("question", question("age", unknown_offered=False)),
    "phone": ("phone", views.PhoneNumber()),
    "phone-error": (
        "phone",
        views.PhoneNumber(value="12", errors=(FieldError(field_id="puhelin", text="T."),)),
    ),
    "check": ("check", views.Check(rows=ROWS)),
    "check-closed": ("check", views.Check(rows=ROWS, read_at="huomenna tiistaina kello 8.00", errors=ERRORS)),
    "waiting": ("waiting", waiting()),
    "waiting-slow": ("waiting", waiting(slower=True, wait_range="8–15")),
    "waiting-unknown": ("waiting", waiting(ahead=None, wait_range="", refresh_seconds=0, added=True)),
    "waiting-first": ("waiting", waiting(ahead=0, callback_offered=False, added_errors=ERRORS)),
    "waiting-offered": ("waiting", waiting("offered")),
    "waiting-left": ("waiting", waiting("left", resume_until="kello 10.51")),
    "waiting-closed": ("waiting", waiting("closed", read_at="huomenna tiistaina kello 8.00")),
    "waiting-safety": ("waiting", waiting(safety=True, emergency=True)),
    "leave": ("leave", views.Leave()),
    "chat": (
        "chat",
        views.Chat(
            agent_name="Maija",
            profession="Sairaanhoitaja",
            messages=MESSAGES,
            callback_offered=True,
            quick_exit=True,
        ),
    ),
    "chat-empty": ("chat", views.Chat(agent_name="Maija", profession="Sairaanhoitaja")),
    "chat-safety": ("chat", views.Chat(agent_name="", profession="", safety=True)),
    "ended": (
        "ended",
        views.Ended(
            reference="E-1042",
            day="Maanantai 23.11.",
            worse=WORSE,
            messages=MESSAGES,
            agreed=("Lepää ja juo. Soita, jos kuume jatkuu yli 3 päivää.",),
            rows=ROWS,
            booked="Keskiviikkona 25.11. kello 9.20",
            reopen_until="huomenna kello 10.55",
        ),
    ),
    "ended-left": ("ended", views.Ended(reference="E-1042", day="Maanantai 23.11.", left=True)),
    "callback-form": (
        "callback_form",
        views.CallbackForm(times=TIMES, phone="040 *** 567", keeps_place=True),
    ),
    "callback-error": ("callback_form", views.CallbackForm(times=TIMES, errors=ERRORS)),
    "callback-full": ("callback_form", views.CallbackForm(times=(), next_times_at="huomenna kello 8.00")),
    **{
        f"callback-{stage}": (
            "callback_status",
            views.CallbackStatus(
                stage=stage,
                when="tänään kello 12–15",
                phone_hint="040 *** 567",
                calls_from="03 629 6301",
                attempts=3,
                history=("Soitimme kello 12.40. Emme tavoittaneet sinua.",),
                worse=WORSE,
                can_cancel=True,
                can_chat=True,
            ),
        )
        for stage in views.CallbackStage
    },
    **{
        f"error-{fault}": (
            "error",
            views.ErrorPage(
                fault=fault,
                kept=True,
                lines=(
                    Phone(text="03 629 6301", dial="+35836296301", note="Suun terveydenhuolto, ma–pe 8–15"),
                ),
            ),
        )
        for fault in views.Fault
    },
}


def frame(lang: str) -> views.Frame:
    return views.Frame(
        lang=lang,
        path="/kysely/asia",
        csrf="token",
        nonce="n",
        asset=lambda path: f"/static/{path}",
        organisation="Oma Häme",
        service="Terveys-chat",
        example_content=True,
        phone=Phone(text="03 629 6301", dial="+35836296301", note="ma–pe 8–15"),
        crisis=Phone(text="09 2525 0111", dial="+358925250111"),
        footer=(views.Link(label="Tietosuoja", url="/tietosuoja"),),
    )


def rendered(name: str, lang: str) -> str:
    template, view = SAMPLES[name]
    path = "error.html" if template == "error" else f"resident/{template}.html"
    return PAGES.get_template(path).render(frame=frame(lang), view=view, t=partial(TEXTS.get, lang))


PAGES_IN_LANGUAGES = [(name, lang) for name in SAMPLES for lang in LANGUAGES]


@pytest.mark.parametrize(("name", "lang"), PAGES_IN_LANGUAGES)
def test_a_page_renders_whole_without_inline_code_or_outside_addresses(name: str, lang: str) -> None:
    page = rendered(name, lang)
    assert page.count("<h1") == 1
    assert f'<html lang="{lang}"' in page
    assert not re.search(
        r"\b(resident|waiting|chat|js)\.[a-z_]+\.?[a-z_]*\b(?!\.js)", re.sub(r"<[^>]*>", " ", page)
    )
    assert not re.search(r"<style|style=|\son[a-z]+=|javascript:|https?://", page)
    assert not re.search(r"<script(?! type=\"module\" src=\"/static/)", page)
    assert page.count('<form method="post"') == page.count('name="csrf"')


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "name", [name for name in SAMPLES if "error" in name and not name.startswith("error")]
)
def test_an_erring_page_says_so_first_in_its_title_and_links_to_the_field(name: str, lang: str) -> None:
    page = rendered(name, lang)
    title = re.search(r"<title>(.*?)</title>", page, re.S)
    assert title is not None
    assert title[1].startswith({"fi": "Virhe: ", "sv": "Fel: ", "en": "Error: "}[lang])
    summary = re.search(r'class="error-summary".*?href="#([^"]+)"', page, re.S)
    assert summary is not None
    assert f'id="{summary[1]}"' in page or name in {"topic-error", "callback-error"}


def test_what_a_resident_wrote_is_shown_as_text() -> None:
    assert "<script>alert" not in rendered("question-text", "fi")
    assert "&lt;/textarea&gt;" in rendered("question-text", "fi")
    assert "<b>x</b>" not in rendered("own-words-error", "fi")


@pytest.mark.parametrize("name", [name for name in SAMPLES if not name.startswith("emergency")])
def test_the_emergency_strip_is_first_on_the_page(name: str) -> None:
    page = rendered(name, "fi")
    assert page.index('href="tel:112"') < page.index("<header")


def test_the_emergency_page_holds_its_five_controls_and_no_other() -> None:
    page = rendered("emergency-contact", "fi")
    controls = re.findall(r"<(?:a|button|summary)\b(?! class=\"skip\")", page)
    assert len(controls) == 5


def test_only_the_waiting_room_refreshes_itself_and_only_without_scripts() -> None:
    assert re.search(r"<noscript><meta http-equiv=\"refresh\" content=\"30;", rendered("waiting", "fi"))
    assert "http-equiv" not in rendered("waiting-unknown", "fi")
    assert "http-equiv" not in rendered("chat", "fi")
