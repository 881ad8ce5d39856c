"""The sound of a message: how much of it is loud, whatever its file says of itself."""

import array
import io
import wave

import pytest

from callbacks import wav

LOTS = 10**6


def sound(*parts: tuple[float, int]) -> bytes:
    """Seconds of tones, each so loud."""
    samples = array.array("h")
    for seconds, loud in parts:
        samples.extend(loud if n // 8 % 2 else -loud for n in range(round(seconds * wav.RATE)))
    return wav.written(samples)


def test_what_is_loud_is_told_from_what_is_quiet() -> None:
    heard = wav.read(sound((1, 100), (2, 4000), (3, 0)), most=LOTS)

    assert (heard.seconds, heard.loud_s) == (6, 2)


def test_file_whose_sizes_were_never_written_is_whole() -> None:
    made = sound((2, 4000))
    begins = made.index(b"data")
    cut_off = made[:4] + bytes(4) + made[8 : begins + 4] + bytes(4) + made[begins + 8 :]
    heard = wav.read(cut_off, most=LOTS)

    assert heard.seconds == 2
    with wave.open(io.BytesIO(heard.file)) as file:
        assert file.getnframes() == 2 * wav.RATE


def test_what_is_too_long_is_cut_off() -> None:
    made = sound((10, 4000))

    assert 4 < wav.read(made, most=5 * wav.RATE * wav.WIDTH).seconds <= 5
    assert len(wav.read(made, most=1000).file) <= 1000


@pytest.mark.parametrize("audio", [b"", b"RIFF", b"no sound at all" * 50, sound((0, 0))])
def test_what_is_no_sound_has_none(audio: bytes) -> None:
    heard = wav.read(audio, most=LOTS)

    assert (heard.seconds, heard.loud_s) == (0, 0)
