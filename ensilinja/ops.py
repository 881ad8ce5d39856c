"""The socket's operations: for each its policy, the strict shape of its body, and the one transaction it
is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chat.accepting import Acceptance, accept_together
from chat.sending import Saying, send_together
from chat.views import Sent
from core.errors import Malformed
from core.identity import Actor
from core.rights import Subject, authorize
from core.store import Joint, Tx
from core.urgency import Urgency
from ensilinja import metrics
from router.services import Services

Id = Annotated[int, Field(ge=1, lt=2**53)]
Number = Annotated[int, Field(ge=0, lt=2**53)]
ClientId = Annotated[str, Field(pattern=r"^[0-9a-fA-F-]{16,40}$")]
Said = Annotated[str, Field(min_length=1, max_length=4000)]
Short = Annotated[str, Field(max_length=400)]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")]


class Body(BaseModel):
    """Base of all bodies: exact types, nothing unknown."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Nothing(Body):
    """No fields."""


class OfContact(Body):
    """About one contact."""

    contact: Id


class Look(OfContact):
    """A contact to open; `again` when a screen that shows it fetches what has changed."""

    again: bool = False


class Held(OfContact):
    """About one contact, under one assignment number."""

    assignment: Number


class Decline(Held):
    """An offer passed on."""

    reason: Literal["busy", "skill", "break", "other"]


class Take(OfContact):
    """A contact taken from the list by hand."""

    reason: Code = "by_hand"


class ResidentSays(Body):
    """A resident's message."""

    client_id: ClientId
    text: Said
    seen_seq: Number = 0


class StaffSays(Held):
    """A professional's message."""

    client_id: ClientId
    text: Said
    seen_seq: Number


class Note(Held):
    """A professional's note."""

    client_id: ClientId
    text: Said


class Seen(OfContact):
    """How far a professional has read."""

    seq: Number


class ShiftStart(Body):
    """The beginning of a shift."""

    capacity: Annotated[int, Field(ge=1, le=6)]
    languages: Annotated[list[Literal["fi", "sv", "en"]], Field(min_length=1, max_length=3)]
    device: Code = "browser"


class ShiftState(Body):
    """Ready, or on a break."""

    state: Literal["ready", "paused"]
    reason: Code = "none"


class Result(Held):
    """What came of an attempt, by the professional's word."""

    attempt: Id
    result: Literal["reached", "no_answer", "busy", "voicemail", "wrong_number", "refused"]


class Assess(Held):
    """A professional's assessment; `sure` answers the question about lowering an emergency."""

    urgency: Literal["EMERGENCY", "ED", "SAME_DAY", "DAYS_1_3", "NON_URGENT", "SELF_CARE"]
    reason: Code | None = None
    words: Short = ""
    sure: bool = False


class Transfer(Held):
    """To another queue; `release` frees her telephone, and a caller waits with music."""

    queue: Code
    release: bool = False
    note: Annotated[str, Field(max_length=4000)] = ""


class Close(Held):
    """The end, with an outcome."""

    code: Code
    note: Annotated[str, Field(max_length=4000)] = ""
    why: Code | Literal[""] = ""
    siblings: Annotated[list[Id], Field(max_length=20)] = []


Run = Callable[[Tx, Actor, Any, Services], Mapping[str, Any]]
Audience = Literal["resident", "staff"]
About = Callable[[Tx, Actor, Any], Subject | None]


def perform(tx: Tx, operation: "Op", actor: Actor, body: Body, services: Services) -> Mapping[str, Any]:
    """The operation in one transaction, behind its policy."""
    authorize(actor, operation.action, operation.about(tx, actor, body))
    return operation.run(tx, actor, body, services)


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """One operation of the wire."""

    name: str
    action: str
    body: type[Body]
    about: About
    run: Run
    doing: Callable[..., Mapping[str, Any]] = perform


OPS: dict[tuple[Audience, str], Op] = {}


def op(
    audience: Audience,
    name: str,
    body: type[Body],
    about: About,
    *,
    action: str = "",
    doing: Callable[..., Mapping[str, Any]] = perform,
) -> Callable[[Run], Run]:
    """Registers an operation of one audience.

    Its policy has the operation's name unless `action` names another. `doing` is `perform` or does the same.
    """

    def register(run: Run) -> Run:
        OPS[audience, name] = Op(
            name=name, action=action or name, body=body, about=about, run=run, doing=doing
        )
        return run

    return register


def find_op(actor: Actor, name: str) -> Op:
    """The operation of that name for this actor; Malformed when there is none."""
    found = OPS.get(("resident" if actor.kind == "resident" else "staff", name))
    if found is None:
        raise Malformed(reason="unknown_op")
    return found


def read_body(operation: Op, body: Mapping[str, Any]) -> Body:
    """The typed body; Malformed with the name of the first wrong field, never its value."""
    try:
        return operation.body.model_validate(dict(body))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"])[:60]
        raise Malformed(field=field, reason=first["type"]) from None


def perform_sends(tx: Tx, calls: Sequence[tuple[Any, ...]]) -> list[Mapping[str, Any]]:
    """The first of these `message.send` of residents and professionals that are plain, in one go."""
    sayings = [saying(actor, body) for _, actor, body, _ in calls]
    return [acknowledged(sent) for sent in send_together(tx, sayings)]


def perform_accepts(tx: Tx, calls: Sequence[tuple[Any, ...]]) -> list[Mapping[str, Any]]:
    """The first of these `offer.accept` that are plain, in one go."""
    asked = [
        Acceptance(actor=actor, contact=body.contact, assignment=body.assignment)
        for _, actor, body, _ in calls
    ]
    services: Services = calls[0][3]
    return [
        {"assignment": assignment} for assignment in accept_together(tx, asked, services.catalogue.limits)
    ]


def saying(actor: Actor, body: ResidentSays | StaffSays) -> Saying:
    """What somebody asks to have said; a resident's contact is her session's."""
    more = {"assignment": body.assignment} if isinstance(body, StaffSays) else {}
    return Saying(
        actor=actor,
        contact=body.contact if isinstance(body, StaffSays) else actor.id,
        client_id=body.client_id,
        text=body.text,
        seen_seq=body.seen_seq,
        **more,
    )


SEND = Joint(perform, perform_sends)
ACCEPT = Joint(perform, perform_accepts)


def level(value: str) -> Urgency:
    """The urgency a body names."""
    return Urgency(value)


def acknowledged(sent: Sent) -> dict[str, Any]:
    """The answer to a message; one that was stored before is counted."""
    if sent.duplicate:
        metrics.count_duplicate()
    return {"seq": sent.seq, "at": sent.at, "duplicate": sent.duplicate}
