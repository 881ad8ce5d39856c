"""One question for every door: may this actor do this to that? An action without a policy cannot be asked
for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from core.errors import Forbidden, NotFound, Unauthenticated
from core.identity import Actor, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an action is about: a contact, where it stands and who takes part."""

    contact: int
    queue: str | None = None
    holder: int | None = None
    participants: frozenset[int] = frozenset()


class Verdict(Enum):
    """The answer of a policy."""

    YES = auto()
    NO = auto()  # the role may never
    HIDDEN = auto()  # the role may, but not this one: the same answer as for one that does not exist


Policy = Callable[[Actor, Subject | None], Verdict]


def anyone(actor: Actor, subject: Subject | None) -> Verdict:
    """Public: no session needed."""
    return Verdict.YES


def own_contact(actor: Actor, subject: Subject | None) -> Verdict:
    """The resident whose contact it is."""
    if actor.kind != "resident":
        return Verdict.NO
    return Verdict.YES if subject is not None and subject.contact == actor.id != 0 else Verdict.HIDDEN


def resident(actor: Actor, subject: Subject | None) -> Verdict:
    """Any resident's session, with or without a contact."""
    return Verdict.YES if actor.kind == "resident" else Verdict.NO


def staff_with(*roles: Role) -> Policy:
    """Staff with one of these roles."""

    def policy(actor: Actor, subject: Subject | None) -> Verdict:
        return Verdict.YES if actor.kind == "staff" and actor.roles & frozenset(roles) else Verdict.NO

    return policy


def queue_member(actor: Actor, subject: Subject | None) -> Verdict:
    """A professional of the contact's queue, its holder, or one who takes part in it."""
    if actor.kind != "staff" or Role.AGENT not in actor.roles:
        return Verdict.NO
    if subject is None:
        return Verdict.HIDDEN
    near = subject.queue in actor.queues or actor.id == subject.holder or actor.id in subject.participants
    return Verdict.YES if near else Verdict.HIDDEN


def holder(actor: Actor, subject: Subject | None) -> Verdict:
    """The professional who holds the contact now."""
    if actor.kind != "staff" or Role.AGENT not in actor.roles:
        return Verdict.NO
    return Verdict.YES if subject is not None and subject.holder == actor.id else Verdict.HIDDEN


def either(*policies: Policy) -> Policy:
    """Whoever one of the policies lets in; hidden rather than forbidden where one would hide."""

    def policy(actor: Actor, subject: Subject | None) -> Verdict:
        verdicts = [each(actor, subject) for each in policies]
        return next((v for v in (Verdict.YES, Verdict.HIDDEN) if v in verdicts), Verdict.NO)

    return policy


agent = staff_with(Role.AGENT)
supervisor = staff_with(Role.SUPERVISOR)
any_staff = staff_with(Role.AGENT, Role.SUPERVISOR, Role.CONTENT_APPROVER, Role.ADMIN, Role.AUDITOR)

POLICIES: Mapping[str, Policy] = {
    "public": anyone,
    "session.begin": anyone,
    "staff.sign_in": anyone,
    "staff.sign_out": any_staff,
    "hello": either(resident, any_staff),
    "ping": either(resident, any_staff),
    "answers.write": resident,
    "contact.join": resident,
    "contact.own": own_contact,
    "contact.leave": own_contact,
    "contact.resume": own_contact,
    "contact.present": own_contact,
    "contact.hidden": own_contact,
    "contact.text": own_contact,
    "contact.callback": own_contact,
    "message.send": either(own_contact, holder),
    "message.read": either(own_contact, queue_member),
    "message.typing": either(own_contact, holder),
    "message.seen": either(own_contact, queue_member),
    "message.note": queue_member,
    "console.open": agent,
    "shift.change": agent,
    "offer.shown": queue_member,
    "offer.accept": queue_member,
    "offer.decline": queue_member,
    "entry.take": queue_member,
    "entry.next": agent,
    "entry.explain": either(queue_member, supervisor),
    "contact.open": queue_member,
    "recording.listen": queue_member,
    "contact.assess": holder,
    "form.open": holder,
    "form.fill": holder,
    "form.save": holder,
    "contact.transfer": holder,
    "contact.wrap": holder,
    "contact.close": holder,
    "callback.dial": holder,
    "callback.result": holder,
    "call.hang_up": holder,
    "call.hold": holder,
    "call.resume": holder,
    "call.colleagues": holder,
    "call.release": holder,  # with a transfer to a queue
    "call.transfer": holder,
    "callback.times": holder,
    "callback.move": holder,
    "callback.join": holder,
    "board.read": supervisor,
    "figures.read": supervisor,
    "demo.phone": anyone,
    "callback.link": anyone,  # the page checks the link
    "hook": anyone,  # the page checks the signature
}


def authorize(actor: Actor, action: str, subject: Subject | None = None) -> None:
    """Returns when `actor` may.

    Raises Unauthenticated, Forbidden or NotFound. An unknown action is a programming error.
    """
    policy = POLICIES.get(action)
    if policy is None:
        raise LookupError(f"no policy for {action}")
    verdict = policy(actor, subject)
    if verdict is Verdict.YES:
        return
    if verdict is Verdict.HIDDEN:
        raise NotFound
    raise Unauthenticated if actor.kind == "nobody" else Forbidden
