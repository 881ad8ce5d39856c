"""Sound of a telephone as a WAV file: 8 kHz, one channel, 16 bit. Pure.

The file's own sizes are not believed: an exchange that died while it recorded has not written them.
"""

import array
import io
import wave
from dataclasses import dataclass, field

RATE, WIDTH = 8000, 2
PIECE = RATE // 50  # samples in which it is loud, or is not: 20 ms
LOUD = 600  # of 32,767: above a line's noise, below a quiet voice
HEAD = 256  # bytes within which the sound begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """How long it is, how much of it is loud, and the file with its sizes put right."""

    seconds: float
    loud_s: float
    file: bytes = field(repr=False)


def read(audio: bytes, *, most: int) -> Sound:
    """What was recorded, cut off at so many bytes; no sound at all in what is no such file."""
    begins = audio.find(b"data", 12, HEAD) + 8
    samples = array.array("h")
    if audio[:4] == b"RIFF" and begins > 8:
        within = audio[begins:most]
        samples.frombytes(within[: len(within) // WIDTH * WIDTH])
    loud = sum(is_loud(samples[n : n + PIECE]) for n in range(0, len(samples), PIECE))
    return Sound(seconds=len(samples) / RATE, loud_s=loud * PIECE / RATE, file=written(samples))


def is_loud(piece: "array.array[int]") -> bool:
    """Whether somebody may be speaking in it."""
    return max(piece) > LOUD or min(piece) < -LOUD


def written(samples: "array.array[int]") -> bytes:
    """The samples as a file."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(WIDTH)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return made.getvalue()
