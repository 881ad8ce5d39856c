"""Which recordings a caller hears: the prompts' keys as files by language, on the county's PBX. Pure.

What tells a number is recorded as a whole sentence for each number there is: no sentence is put together.
"""

from callbacks.telephony.port import Prompts

# What names the line or its promise is recorded for each line; all else once for each language.
OF_THE_LINE = frozenset({"call.greeting", "call.promised"})
TONE = "tone"  # after which a message is recorded
AHEAD = frozenset({"call.ahead", "call.ahead_over"})
WAIT = "call.wait"
DIGITS = "call.read_back"  # followed by the number, a recording for each digit
IN_ITS_OWN = "call.language_"  # each language's question is asked in that language


def files(prompts: Prompts) -> tuple[str, ...]:
    """The files of what is played, in order, below the folder of the recordings and without extension."""
    found: list[str] = []
    for key in prompts.play:
        language = language_of(key, prompts.language)
        found.append(file_of(key, language, prompts.line, *numbers_of(key, prompts)))
        if key == DIGITS:
            found += [digit_of(digit, language) for digit in prompts.digits if digit.isdigit()]
    return (*found, TONE) if prompts.record_s else tuple(found)


def language_of(key: str, language: str) -> str:
    """The language of one prompt among those spoken in `language`."""
    return key.removeprefix(IN_ITS_OWN) if key.startswith(IN_ITS_OWN) else language


def numbers_of(key: str, prompts: Prompts) -> tuple[int, ...]:
    """The numbers that one prompt tells."""
    if key in AHEAD and prompts.ahead is not None:
        return (prompts.ahead,)
    if key == WAIT and prompts.wait is not None:
        return tuple(minutes for minutes in prompts.wait if minutes is not None)
    return ()


def file_of(key: str, language: str, line: str, *numbers: int) -> str:
    """The file of one prompt, with the numbers that it tells."""
    name = "-".join([key.replace(".", "-"), *map(str, numbers)])
    return f"{language}/{line}/{name}" if key in OF_THE_LINE and line else f"{language}/{name}"


def digit_of(digit: str, language: str) -> str:
    """The file of one digit."""
    return f"{language}/digit-{digit}"
