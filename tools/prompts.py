"""Writes the recordings that a PBX plays to callers: each sentence as a text, and spoken beside it.

python -m tools.prompts FOLDER                 spoken by espeak-ng, which must be installed
python -m tools.prompts FOLDER --tones         a short tone for each, to try calls without it
python -m tools.prompts FOLDER --texts         only the texts, for people who read them aloud

A file that is there already stays: a county's own recording is never overwritten. 8 kHz, one channel, 16 bit.
"""

import array
import subprocess
import sys
import tempfile
import wave
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

from callbacks.callflow import EXACT, MOST
from callbacks.telephony.sounds import AHEAD, OF_THE_LINE, TONE, WAIT, digit_of, file_of, language_of
from core.county import Catalogue
from core.settings import environment, load_settings
from core.text import Texts
from ensilinja import app
from router.estimates import BUCKETS
from tools.pbx import RATE, tone

PREFIX = "call."
PACE = "130"  # words a minute: slow speech (R11)


def main(arguments: list[str]) -> int:
    """Writes what is missing; 0 when all is there."""
    folders = [argument for argument in arguments if not argument.startswith("--")]
    if len(folders) != 1:
        print(__doc__)
        return 2
    catalogue = app.load_services(load_settings(environment()), is_demo=True).catalogue
    spoken = sentences(catalogue, app.load_texts())
    if "--texts" in arguments:
        write(Path(folders[0]), spoken, None)
    else:
        write(Path(folders[0]), spoken, as_tone if "--tones" in arguments else speak)
    print(f"{len(spoken)} sentences")
    return 0


def sentences(catalogue: Catalogue, texts: Texts) -> Mapping[str, str]:
    """Every file a caller may hear, below the folder, with the sentence it speaks."""
    keys = sorted(filter(lambda key: key.startswith(PREFIX), texts.keys()))
    apart = {*OF_THE_LINE, *AHEAD, WAIT}
    found: dict[str, str] = {}
    for lang in catalogue.site.languages:
        for key in keys:
            if key not in apart and language_of(key, lang) == lang:
                said = texts.get(lang, key, digits="", when="", line="")
                found[file_of(key, lang, "")] = " ".join(said.replace(" .", ".").split())
        found |= numbered(texts, lang)
        for line in catalogue.lines:
            found[file_of("call.greeting", lang, line.id)] = texts.get(
                lang, "call.greeting", line=line.name.get(lang)
            )
            # A recording knows no hour: what is told is the line's promise, as the county words it.
            found[file_of("call.promised", lang, line.id)] = line.promise.told.get(lang)
        for digit in "0123456789":
            found[digit_of(digit, lang)] = digit
    return found


def numbered(texts: Texts, lang: str) -> dict[str, str]:
    """What tells a place or a wait: a sentence for each that can be told."""
    exact = {("call.ahead", n) for n in range(1, EXACT + 1)}
    tens = {("call.ahead_over", n) for n in range(EXACT, MOST + 1, 10)}
    found = {file_of(key, lang, "", n): texts.get(lang, key, n=n) for key, n in sorted(exact | tens)}
    waits = ((low, high, texts.get(lang, WAIT, low=low, high=high)) for low, high in BUCKETS)
    return found | {file_of(WAIT, lang, "", low, high): said for low, high, said in waits}


def write(folder: Path, spoken: Mapping[str, str], voice: Callable[[str, str, Path], None] | None) -> None:
    """Writes each text, and each recording that is not there yet, with the tone before a message."""
    for name, sentence in spoken.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".txt").write_text(sentence + "\n", encoding="utf-8")
        if voice is not None and not path.with_suffix(".wav").exists():
            voice(sentence, name.partition("/")[0], path.with_suffix(".wav"))
    if voice is not None and not (folder / f"{TONE}.wav").exists():
        tone(folder / f"{TONE}.wav", seconds=0.4, hertz=1000.0)


def as_tone(sentence: str, lang: str, path: Path) -> None:
    """A tenth of a second, whatever is said."""
    tone(path, seconds=0.1)


def speak(sentence: str, lang: str, path: Path) -> None:
    """Spoken by espeak-ng, and brought to what telephones carry."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as made:
        command = ["espeak-ng", "-v", lang, "-s", PACE, "-w", made.name, sentence]
        subprocess.run(command, check=True)
        with wave.open(made.name, "rb") as file:
            rate = file.getframerate()
            heard = array.array("h", file.readframes(file.getnframes()))
    step = rate / RATE
    ends = [int(n * step) for n in range(int(len(heard) / step) + 1)]
    # The mean of what falls together keeps the worst of what telephones cannot carry out.
    means = (sum(heard[a:b]) // max(1, b - a) for a, b in pairwise(ends))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(array.array("h", means).tobytes())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
