"""The plain text of a contact's answers, for the patient record and for the receiver of a transfer. Pure."""

from datetime import datetime

from core.hours import HELSINKI
from core.urgency import Urgency
from router.reading import WORDS, Flag, Reading
from triage.definition import UNKNOWN

_TITLES = {
    "signs": {"fi": "Hälyttävät oireet:", "sv": "Alarmerande symtom:", "en": "Red flags:"},
    "none": {
        "fi": "Hälyttävät oireet: ei kerrottu.",
        "sv": "Alarmerande symtom: inga uppgavs.",
        "en": "Red flags: none told.",
    },
    "why": {"fi": "Perusteet:", "sv": "Grunder:", "en": "Reasons:"},
    "level": {"fi": "Vastausten mukaan: {}", "sv": "Enligt svaren: {}", "en": "By the answers: {}"},
    "version": {
        "fi": "Kysely {}. Esimerkkisisältöä, ei hyväksytty kliiniseen käyttöön.",
        "sv": "Enkät {}. Exempelinnehåll, inte godkänt för klinisk användning.",
        "en": "Questionnaire {}. Example content, not approved for clinical use.",
    },
    "approved": {"fi": "Kysely {}.", "sv": "Enkät {}.", "en": "Questionnaire {}."},
}
_LEVELS = {
    Urgency.EMERGENCY: {"fi": "hätä, 112", "sv": "nödfall, 112", "en": "emergency, 112"},
    Urgency.ED: {"fi": "kiireellinen", "sv": "brådskande", "en": "urgent"},
    Urgency.SAME_DAY: {"fi": "tänään", "sv": "i dag", "en": "today"},
    Urgency.DAYS_1_3: {"fi": "1–3 päivää", "sv": "1–3 dagar", "en": "1–3 days"},
    Urgency.NON_URGENT: {"fi": "kiireetön", "sv": "icke-brådskande", "en": "not urgent"},
    Urgency.SELF_CARE: {"fi": "itsehoito", "sv": "egenvård", "en": "self-care"},
}


def summary(
    read: Reading,
    *,
    arrived_at: datetime,
    queue: str,
    level: Urgency | None,
    version: str | None,
    approved: bool,
    lang: str,
) -> str:
    """When, where to, what about, signs of danger, answers, level with its reasons, version."""
    arrived = arrived_at.astimezone(HELSINKI)
    lines = [f"{arrived.day}.{arrived.month}.{arrived.year} {arrived:%H.%M} {queue}"]
    lines += [read.topic_name] if read.topic_name else []
    lines += _signs(read.red_flags, lang) if read.red_flags else []
    told = {flag.id for flag in read.red_flags if _is_told(flag)}
    lines += [f"{line.question} {line.answer}" for line in read.answers if line.id not in told]
    if level is not None:
        lines.append(_TITLES["level"][lang].format(_LEVELS[level][lang]))
    if read.fired:
        lines += [_TITLES["why"][lang], *(f"- {why.text}" for why in read.fired)]
    if version:
        lines.append(_TITLES["approved" if approved else "version"][lang].format(version.replace("|", " ")))
    return "\n".join(lines)


def _signs(flags: tuple[Flag, ...], lang: str) -> list[str]:
    loud = [flag for flag in flags if _is_told(flag)]
    if not loud:
        return [_TITLES["none"][lang]]
    return [_TITLES["signs"][lang], *(f"- {flag.text}: {_word(flag, lang)}" for flag in loud)]


def _is_told(flag: Flag) -> bool:
    return flag.danger or flag.answer == "unknown"


def _word(flag: Flag, lang: str) -> str:
    if flag.said:
        return flag.said
    return WORDS[UNKNOWN if flag.answer == "unknown" else flag.answer == "yes"][lang]
