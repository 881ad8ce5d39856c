"""Which recordings a caller hears: the prompts' keys as files by language, on the county's PBX. Pure."""

from callbacks.telephony.port import Prompts

# What names the line or its promise is recorded for each line; all else once for each language.
OF_THE_LINE = frozenset({"call.greeting", "call.promised"})
TONE = "tone"  # after which a message is recorded
DIGITS = "call.read_back"  # followed by the number, a recording for each digit


def files(prompts: Prompts) -> tuple[str, ...]:
    """The files of what is played, in order, below the folder of the recordings and without extension."""
    found: list[str] = []
    for key in prompts.play:
        found.append(file_of(key, prompts.language, prompts.line))
        if key == DIGITS:
            found += [digit_of(digit, prompts.language) for digit in prompts.digits if digit.isdigit()]
    return (*found, TONE) if prompts.record_s else tuple(found)


def file_of(key: str, language: str, line: str) -> str:
    """The file of one prompt."""
    name = key.replace(".", "-")
    return f"{language}/{line}/{name}" if key in OF_THE_LINE and line else f"{language}/{name}"


def digit_of(digit: str, language: str) -> str:
    """The file of one digit."""
    return f"{language}/digit-{digit}"
