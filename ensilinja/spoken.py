"""What a caller hears, in words: the prompts' text keys in the line's language."""

from datetime import datetime, timedelta

from callbacks.telephony.port import Prompts
from core.county import Line
from core.text import HELSINKI, moment_phrase
from ensilinja.runtime import Runtime


def spoken(runtime: Runtime, line: Line, prompts: Prompts) -> tuple[str, ...]:
    """The sentences of what is played; a promise without an instant is told as the line promises."""
    lang, now = prompts.language, runtime.clock.now()
    # "By tomorrow 0.00" would be heard as a day later than it is: midnight is told as the day's last minute.
    when = moment_phrase(lang, before_midnight(prompts.due_at), now) if prompts.due_at else ""
    digits = " ".join(prompts.digits)
    return tuple(
        line.promise.told.get(lang)
        if key == "call.promised" and not when
        else runtime.texts.get(lang, key, line=line.name.get(lang), digits=digits, when=when)
        for key in prompts.play
    )


def before_midnight(due_at: datetime) -> datetime:
    """The instant, or the minute before it when it is a Helsinki midnight."""
    local = due_at.astimezone(HELSINKI)
    return due_at - timedelta(minutes=1) if (local.hour, local.minute) == (0, 0) else due_at
