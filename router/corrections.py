"""What a resident tells after her contact came in: another sign of danger, for whom she asks, how to
reach her.
"""

from collections.abc import Mapping

from core.store import Tx
from core.urgency import Urgency
from queues import service as queues
from queues.views import EntryView
from router.acting import Acting
from router.answering import answers_view, bind_answers
from router.intake import weigh_again
from router.models import Matter
from router.parties import change_phone, choose_contact, new_party
from router.services import Services
from router.standing import the_contact
from triage.definition import GateResult


def raise_alarm(
    tx: Tx, contact: int, *, answers: int, gate: GateResult, actor: str, services: Services
) -> EntryView:
    """A sign of danger ticked without a topic, about a contact that came in before: it stands on top of
    the line, whatever it was; ticked again it stays there.
    """
    entry = queues.entry_of(tx, contact)
    if gate.level is not Urgency.EMERGENCY or entry.urgency is Urgency.EMERGENCY:
        return entry
    if answers_view(tx, answers).contact != contact:
        bind_answers(tx, answers, contact, None, actor)
    return weigh_again(tx, the_contact(tx, contact), Urgency.EMERGENCY, gate.tags, actor, services)


def tell_people(
    tx: Tx, contact: int, *, acting: Acting | None, phone: str | None, safe: Mapping[str, bool]
) -> None:
    """What a resident told after her contact came in, e.g. after an emergency ticked by mistake: for whom she
    asks, her number and how it may be used. What she leaves unsaid stays as it was.
    """
    row = the_contact(tx, contact)
    if phone is not None:
        change_phone(tx, row.asker_id, phone)
    if safe:
        choose_contact(tx, row.asker_id, safe)
    if acting is None:
        return
    row.acting = acting.record(tx.now)
    if acting.for_another and row.subject_id == row.asker_id:
        subject = new_party(tx, key=row.data_key_id, language=row.language)
        row.subject_id = subject.id or 0
        matter = tx.get(Matter, row.matter_id)
        if matter is not None and matter.subject_id == row.asker_id:
            matter.subject_id = subject.id or 0
    elif not acting.for_another:
        row.subject_id = row.asker_id
    tx.session.flush()
