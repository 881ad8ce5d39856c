"""Every resident page renders in every state and language, with nothing undefined, unescaped or inline."""

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.text import LANGUAGES, Texts
from ensilinja.pages import callback_views, side_views, views
from ensilinja.pages.result import ResultView
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
RESULT = ResultView(
    care=CARE,
    is_self_care=True,
    advice=("Juo vettä.",),
    home_care=("Lepää.", "Juo."),
    guides=(views.Link(label="Terveyskirjasto", url="/ulos"),),
    worse=WORSE,
)
GATE = (
    Option(value="gate_breathing", label="Voimakas hengenahdistus levossa tai hengitys ei kulje"),
    Option(value="gate_chest", label="Kova, puristava rintakipu, joka ei hellitä 5 minuutissa"),
    Option(value="gate_bleeding", label="Runsas verenvuoto, joka ei tyrehdy painamalla"),
)
GROUPS = (
    views.TopicGroup(name="Vatsa", topics=CHOICES[:2]),
    views.TopicGroup(name="Muut", topics=CHOICES[1:2], is_open=True),
)
TOPIC_ERRORS = (FieldError(field_id="aihe", text="Valitse aihe."),)
ROW_GROUPS = (
    views.RowGroup(name="", rows=ROWS[:1]),
    views.RowGroup(name="Hälyttävät oireet", rows=ROWS[1:3]),
    views.RowGroup(name="Vastauksesi", rows=ROWS[3:]),
)
LINE = Phone(text="03 629 6301", dial="+35836296301", note="Suun terveydenhuolto")


def gate(**more: object) -> views.Gate:
    given: dict[str, object] = {
        "items": GATE,
        "title": "Onko jokin näistä totta juuri nyt?",
        "hint": "Valitse kaikki.",
        "action": "/kysely/hata",
        "dangers": frozenset({"gate_chest"}),
    }
    return views.Gate(**{**given, **more})  # type: ignore[arg-type]


SAMPLES: dict[str, tuple[str, object]] = {
    "landing": (
        "landing",
        views.Landing(
            state=views.OpenState.OPEN,
            intro=INTRO,
            closes_at="kello 14.00",
            wait_range="2–6",
            question_span="5–9",
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
    "landing-read-today": (
        "landing",
        views.Landing(state=views.OpenState.CLOSED, intro=INTRO, reads_by="kello 16.00"),
    ),
    "landing-fault": ("landing", views.Landing(state=views.OpenState.FAULT, intro=INTRO)),
    "landing-holiday": ("landing", views.Landing(state=views.OpenState.HOLIDAY, intro=INTRO)),
    "gate": ("gate", gate()),
    "gate-error": ("gate", gate(errors=(FieldError(field_id="hata-1", text="Valitse."),))),
    "emergency": ("emergency", views.Emergency()),
    "emergency-night": (
        "emergency",
        views.Emergency(can_report=True, advice=("Paina haavaa.",), read_at="huomenna kello 8.00"),
    ),
    "emergency-contact": ("emergency", views.Emergency(can_report=True)),
    "emergency-reported": ("emergency", views.Emergency(reported=True, line_url="/odotus")),
    "own-words": ("own_words", views.OwnWords()),
    "own-words-error": (
        "own_words",
        views.OwnWords(value="<b>x</b>", errors=(FieldError(field_id="asia", text="K."),)),
    ),
    "topic": ("topic", views.TopicChoice(suggested=CHOICES[:1], groups=GROUPS, other=CHOICES[2])),
    "topic-plain": ("topic", views.TopicChoice(groups=GROUPS)),
    "topic-error": ("topic", views.TopicChoice(groups=GROUPS, other=CHOICES[2], errors=TOPIC_ERRORS)),
    "acting-basis": (
        "acting",
        side_views.Acting(title="Millä perusteella?", paragraphs=("Emme tarkista.",), bases=CHOICES),
    ),
    "acting-error": (
        "acting",
        side_views.Acting(
            title="Millä perusteella?",
            paragraphs=("Emme tarkista.",),
            bases=CHOICES,
            errors=(FieldError(field_id="peruste", text="Valitse."),),
        ),
    ),
    "acting-notice": (
        "acting",
        side_views.Acting(title="Nuori", paragraphs=("Yksi.", "Kaksi."), lines=(LINE,)),
    ),
    "save": ("save", side_views.Save(days=7, live=1)),
    "save-link": (
        "save",
        side_views.Save(days=7, link="http://127.0.0.1/jatka/abc", done="Kopioitu.", live=2),
    ),
    "save-error": ("save", side_views.Save(days=7, errors=(FieldError(field_id="puhelin", text="T."),))),
    "save-no-sms": ("save", side_views.Save(days=7, sms_offered=False)),
    "save-here": ("save", side_views.Save(days=7, link_offered=False)),
    "resume": ("resume", side_views.Resume(action="/jatka/abc")),
    "resume-over": ("resume", side_views.Resume(action="/jatka/abc", is_over=True)),
    "retry-error": (
        "retry",
        side_views.Retry(
            action="/kysely/asia",
            fields=(("asia", "<i>x</i>"), ("csrf", "t")),
            words=("<i>x</i>",),
            errors=(FieldError(field_id="uudelleen", text="Yritä uudelleen."),),
            lines=(LINE,),
        ),
    ),
    "sent-elsewhere": ("sent_elsewhere", None),
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
    "question-date": ("question", question("date", value="23.11.2026")),
    "phone": ("phone", views.PhoneNumber(ways=CHOICES)),
    "phone-ways-error": (
        "phone",
        views.PhoneNumber(value="1", ways=CHOICES, errors=(FieldError(field_id="tapa", text="V."),)),
    ),
    "phone-error": (
        "phone",
        views.PhoneNumber(value="12", errors=(FieldError(field_id="puhelin", text="T."),)),
    ),
    "check": ("check", views.Check(groups=ROW_GROUPS)),
    "check-closed": (
        "check",
        views.Check(groups=ROW_GROUPS, read_at="huomenna tiistaina kello 8.00", errors=ERRORS),
    ),
    "waiting": ("waiting", waiting()),
    "waiting-slow": ("waiting", waiting(slower=True, wait_range="8–15")),
    "waiting-unknown": ("waiting", waiting(ahead=None, wait_range="", refresh_seconds=0, added=True)),
    "waiting-first": ("waiting", waiting(ahead=0, callback_offered=False, added_errors=ERRORS)),
    "waiting-offered": ("waiting", waiting("offered")),
    "waiting-left": ("waiting", waiting("left", resume_until="kello 10.51")),
    "waiting-closed": ("waiting", waiting("closed", read_at="huomenna tiistaina kello 8.00")),
    "waiting-closed-now": ("waiting", waiting("closed", reply_by="kello 16.00", advice=("Huuhdo silmää.",))),
    "waiting-unattended": (
        "waiting",
        waiting(line="unattended", text_offered=True, phone_hint="040 *** 567"),
    ),
    "waiting-line-closed": ("waiting", waiting(line="closed", text_offered=True, text_wanted=True)),
    "waiting-number-error": (
        "waiting",
        waiting(text_offered=True, number_errors=(FieldError(field_id="puhelin", text="T."),)),
    ),
    "result": ("result", RESULT),
    "result-full": (
        "result",
        replace(
            RESULT, is_self_care=False, reason="Syy.", later="huomenna tiistaina kello 8.00", phone_hint="040"
        ),
    ),
    "result-full-error": (
        "result",
        replace(RESULT, reason="Syy.", later="huomenna", errors=(FieldError(field_id="puhelin", text="T."),)),
    ),
    "result-night": ("result", replace(RESULT, read_at="huomenna tiistaina kello 8.00")),
    "done": ("done", WORSE),
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
        callback_views.CallbackForm(times=TIMES, phone="040 *** 567"),
    ),
    "callback-error": ("callback_form", callback_views.CallbackForm(times=TIMES, errors=ERRORS)),
    **{
        f"callback-{stage}": (
            "callback_status",
            callback_views.CallbackStatus(
                stage=stage,
                when="tänään kello 12–15",
                phone_hint="040 *** 567",
                calls_from="03 629 6301",
                attempts=3,
                history=("Soitimme kello 12.40. Emme tavoittaneet sinua.",),
                worse=WORSE,
                can_cancel=True,
                can_chat=True,
                can_change_time=True,
                can_change_number=True,
            ),
        )
        for stage in callback_views.CallbackStage
    },
    "callback-by-link": (
        "callback_status",
        callback_views.CallbackStatus(
            stage=callback_views.CallbackStage.CHAT, base="/s/abc", chat_url="/odotus"
        ),
    ),
    "callback-time": ("callback_time", callback_views.CallbackTime(base="/s/abc", times=TIMES)),
    "callback-time-error": (
        "callback_time",
        callback_views.CallbackTime(
            base="/s/abc", times=TIMES, errors=(FieldError(field_id="aika", text="V."),)
        ),
    ),
    "callback-time-none": ("callback_time", callback_views.CallbackTime(base="/s/abc", times=())),
    "callback-number": ("callback_number", callback_views.CallbackNumber(base="/s/abc")),
    "callback-number-check": (
        "callback_number",
        callback_views.CallbackNumber(base="/s/abc", phone="<b>", check="040 123 4567"),
    ),
    "callback-number-error": (
        "callback_number",
        callback_views.CallbackNumber(
            base="/s/abc", phone="12", errors=(FieldError(field_id="puhelin", text="T."),)
        ),
    ),
    "callback-cancel": ("callback_cancel", callback_views.CallbackCancel(base="/s/abc")),
    "link-over": ("link_over", callback_views.LinkOver()),
    "link-over-again": ("link_over", callback_views.LinkOver(again="/s/abc/uusi")),
    "link-sent": ("link_over", callback_views.LinkOver(done=True)),
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
    outside = page.replace("http://127.0.0.1/jatka/abc", "")  # the link to copy is no request
    assert not re.search(r"<style|style=|\son[a-z]+=|javascript:|https?://", outside)
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
    for name in ("emergency-contact", "emergency-night"):
        controls = re.findall(r"<(?:a|button|summary)\b(?! class=\"skip\")", rendered(name, "fi"))
        assert len(controls) == 5


def test_only_the_waiting_room_refreshes_itself_and_only_without_scripts() -> None:
    assert re.search(r"<noscript><meta http-equiv=\"refresh\" content=\"30;", rendered("waiting", "fi"))
    assert "http-equiv" not in rendered("waiting-unknown", "fi")
    assert "http-equiv" not in rendered("chat", "fi")
