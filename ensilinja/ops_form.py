"""The questionnaire as a professional fills it in the console. The browser shows; what an answer means is
decided here."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from core.identity import Actor
from core.store import Tx
from ensilinja.ops import ClientId, Code, Held, op
from ensilinja.ops_staff import contact
from router import forms
from router.services import Services
from triage.definition import LANGUAGES, Content

Answer = Annotated[str, Field(max_length=4000)]
Codes = Annotated[list[Code], Field(max_length=40)]


class FormFill(Held):
    """What was filled: answers as the questionnaire's own texts by question, null taking one away."""

    client_id: ClientId
    topic: Code | None = None
    answers: Annotated[dict[Code, Answer | Codes | None], Field(max_length=80)] = Field(default_factory=dict)
    others_no: bool = False


class FormSave(Held):
    """The form to save."""

    client_id: ClientId


@op("staff", "form.open", Held, contact)
def open_form(tx: Tx, actor: Actor, body: Held, services: Services) -> Mapping[str, Any]:
    """The form with its topics and signs of danger; leaves its row in the access log."""
    form = forms.open_form(tx, body.contact, actor, assignment=body.assignment, services=services)
    return {
        "form": asdict(form),
        "topics": topics(services.content, actor.lang),
        "signs": signs(services.content, actor.lang),
        "approved": services.content.approved,
    }


@op("staff", "form.fill", FormFill, contact)
def fill_form(tx: Tx, actor: Actor, body: FormFill, services: Services) -> Mapping[str, Any]:
    """Keeps what was filled as a draft and judges it; `faults` tells by question what was not kept."""
    form, faults = forms.fill_form(
        tx,
        body.contact,
        actor,
        assignment=body.assignment,
        client_id=body.client_id,
        given=body.answers,
        topic=body.topic,
        others_no=body.others_no,
        services=services,
    )
    return {"form": asdict(form), "faults": dict(faults)}


@op("staff", "form.save", FormSave, contact)
def save_form(tx: Tx, actor: Actor, body: FormSave, services: Services) -> Mapping[str, Any]:
    """Makes the form the contact's answers; the level is proposed as the assessment."""
    saved = forms.save_form(
        tx, body.contact, actor, assignment=body.assignment, client_id=body.client_id, services=services
    )
    return asdict(saved)


def topics(content: Content, lang: str) -> list[dict[str, Any]]:
    """The topics to choose from, with the stems that find them in any language."""
    return [
        {
            "id": topic.id,
            "name": topic.name.get(lang),
            "words": [
                *(topic.name.get(each) for each in LANGUAGES),
                *(word for stems in topic.words.values() for word in stems),
            ],
        }
        for topic in content.topics.values()
    ]


def signs(content: Content, lang: str) -> list[dict[str, Any]]:
    """The signs of danger, those of now first."""
    pages = zip(("now", "today"), content.gates, strict=True)
    return [
        {"id": question.id, "page": page, "text": question.text.get(lang)}
        for page, (form, _) in pages
        for question in form.questions
    ]
