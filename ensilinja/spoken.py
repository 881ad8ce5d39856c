"""What a caller hears, in words: the prompts' text keys in the caller's language."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from callbacks.telephony.port import Prompts
from callbacks.telephony.sounds import language_of
from core.county import Line
from core.text import HELSINKI, moment_phrase
from ensilinja.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence that a caller hears, and its language."""

    lang: str
    text: str


def spoken(runtime: Runtime, line: Line, prompts: Prompts) -> tuple[Sentence, ...]:
    """The sentences of what is played; a promise without an instant is told as the line promises."""
    return tuple(_sentence(runtime, line, prompts, key) for key in prompts.play)


def _sentence(runtime: Runtime, line: Line, prompts: Prompts, key: str) -> Sentence:
    lang, now = language_of(key, prompts.language), runtime.clock.now()
    if key == "call.promised" and prompts.due_at is None:
        return Sentence(lang, line.promise.told.get(lang))
    # "By tomorrow 0.00" would be heard as a day later than it is: midnight is told as the day's last minute.
    when = moment_phrase(lang, before_midnight(prompts.due_at), now) if prompts.due_at else ""
    low, high = prompts.wait or (0, 0)
    values = {"line": line.name.get(lang), "digits": " ".join(prompts.digits), "when": when}
    numbers = {"n": prompts.ahead or 0, "low": low, "high": high}
    return Sentence(lang, runtime.texts.get(lang, key, **values, **numbers))


def before_midnight(due_at: datetime) -> datetime:
    """The instant, or the minute before it when it is a Helsinki midnight."""
    local = due_at.astimezone(HELSINKI)
    return due_at - timedelta(minutes=1) if (local.hour, local.minute) == (0, 0) else due_at
