"""The people of a contact: anonymous unless identified, numbers sealed and found only by a keyed hash.

One pure `may_contact` decides every SMS, voicemail, survey and link. Refuses numbers that may not be dialled.
"""

from collections.abc import Mapping
from enum import StrEnum

from core.errors import NotFound
from core.phone import normalise, takes_texts
from core.store import Tx
from queues import service as queues
from router.models import Party
from router.standing import the_contact

PHONE = "party.phone"
NAME = "party.name"


class Purpose(StrEnum):
    """Why we would reach a person."""

    CALL = "call"
    SMS = "sms"
    VOICEMAIL = "voicemail"
    SURVEY = "survey"
    LINK = "link"


SPOKEN = frozenset({Purpose.CALL, Purpose.VOICEMAIL})  # the others are texts, which a landline does not take


def may_contact(*, safe: Mapping[str, object], non_disclosure: bool, purpose: Purpose) -> bool:
    """Whether a person may be reached so: her own "not safe" stands, and a non-disclosure order stops all
    but a call.
    """
    if safe.get(purpose.value) is False:
        return False
    return purpose == Purpose.CALL or not non_disclosure


def safe_choices(*, call: bool, sms: bool, voicemail: bool) -> dict[str, bool]:
    """A person's choices as they are stored; who wants no text messages gets no link and no survey by one."""
    return {
        Purpose.CALL.value: call,
        Purpose.SMS.value: sms,
        Purpose.VOICEMAIL.value: voicemail,
        Purpose.LINK.value: sms,
        Purpose.SURVEY.value: sms,
    }


def new_party(
    tx: Tx,
    *,
    key: int,
    language: str,
    phone: str | None = None,
    name: str | None = None,
    safe: Mapping[str, bool] | None = None,
) -> Party:
    """A new anonymous person whose content is sealed with data key `key`; PhoneFault on a bad number."""
    party = Party(data_key_id=key, language=language, safe_contact=dict(safe or {}))
    _write_phone(tx, party, phone)
    if name is not None:
        party.name_sealed = tx.vault.seal(tx, key, NAME, name)
    return tx.add(party)


def change_phone(tx: Tx, party_id: int, phone: str) -> None:
    """Replaces the person's number; PhoneFault when it may not be dialled."""
    _write_phone(tx, the_party(tx, party_id), phone)
    tx.session.flush()


def change_language(tx: Tx, contact: int, language: str) -> None:
    """The resident speaks another language now: it is the contact's, and that of what she is sent."""
    row = the_contact(tx, contact)
    row.language = the_party(tx, row.asker_id).language = language
    tx.session.flush()
    queues.change_language(tx, contact, language)


def choose_contact(tx: Tx, party_id: int, safe: Mapping[str, bool]) -> None:
    """Replaces how the person said she may be reached."""
    the_party(tx, party_id).safe_contact = dict(safe)
    tx.session.flush()


def allow_calls(tx: Tx, party_id: int) -> None:
    """The person asks to be called: an earlier "do not call" no longer stands, the rest does."""
    party = the_party(tx, party_id)
    party.safe_contact = {**party.safe_contact, Purpose.CALL.value: True}
    tx.session.flush()


def refused(tx: Tx, party_id: int) -> tuple[str, ...]:
    """The ways in which the person said she is not to be reached."""
    safe = the_party(tx, party_id).safe_contact
    return tuple(purpose.value for purpose in Purpose if safe.get(purpose.value) is False)


def phone_of(tx: Tx, party_id: int) -> str | None:
    """The person's number in E.164. Whoever shows it to a professional logs the access."""
    party = the_party(tx, party_id)
    if party.phone_sealed is None:
        return None
    return tx.vault.open(tx, party.data_key_id, PHONE, party.phone_sealed)


def name_of(tx: Tx, party_id: int) -> str | None:
    """The person's name, if she gave one."""
    party = the_party(tx, party_id)
    if party.name_sealed is None:
        return None
    return tx.vault.open(tx, party.data_key_id, NAME, party.name_sealed)


def can_reach(tx: Tx, party_id: int, purpose: Purpose) -> bool:
    """Whether there is a number, it takes this, and it may be used for it."""
    party = the_party(tx, party_id)
    allowed = may_contact(safe=party.safe_contact, non_disclosure=party.non_disclosure, purpose=purpose)
    if not allowed or party.phone_sealed is None:
        return False
    return purpose in SPOKEN or takes_texts(phone_of(tx, party_id) or "")


def the_party(tx: Tx, party_id: int) -> Party:
    """The row of a person; NotFound otherwise."""
    party = tx.get(Party, party_id)
    if party is None:
        raise NotFound
    return party


def _write_phone(tx: Tx, party: Party, phone: str | None) -> None:
    if phone is None:
        return
    number = normalise(phone)
    party.phone_sealed = tx.vault.seal(tx, party.data_key_id, PHONE, number)
    party.phone_blind = tx.vault.blind(number)
