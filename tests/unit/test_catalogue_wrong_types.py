import json
import shutil
import tempfile
import tomllib
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalogue import load_catalogue
from core.faults import ConfigFaults
from tests.faults.sizes import sized

OMA_HAME = Path(__file__).parents[2] / "config" / "oma-hame"
Place = tuple[str | int, ...]


def places(value: object, at: Place = ()) -> list[Place]:
    inner: list[Place] = []
    if isinstance(value, dict):
        inner = [found for key, item in value.items() for found in places(item, (*at, key))]
    elif isinstance(value, list):
        inner = [found for key, item in enumerate(value) for found in places(item, (*at, key))]
    return [at, *inner] if at else inner


def written(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return json.dumps(value)


FILES = {file.name: tomllib.loads(file.read_text("utf-8")) for file in sorted(OMA_HAME.glob("*.toml"))}
PLACES = [(name, place) for name, data in FILES.items() for place in places(data)]
WRONG = [0, -1, 10**12, 1.5, True, "", "x", [], ["x"], [[]], {}, {"x": 1}, None]


def load_with(name: str, place: Place, wrong: object) -> None:
    """Loads the county with one value replaced, or removed when the wrong value is None."""
    data = tomllib.loads((OMA_HAME / name).read_text("utf-8"))
    holder: dict[str | int, object] = data
    for step in place[:-1]:
        holder = holder[step]  # type: ignore[assignment]
    if wrong is None:
        del holder[place[-1]]
    else:
        holder[place[-1]] = wrong
    with tempfile.TemporaryDirectory() as folder:
        for file in OMA_HAME.glob("*.toml"):
            shutil.copy(file, folder)
        text = "".join(f"{json.dumps(key)} = {written(item)}\n" for key, item in data.items())
        (Path(folder) / name).write_text(text, "utf-8")
        load_catalogue(Path(folder))


@settings(max_examples=sized(100, 200, 5_000))
@given(st.sampled_from(PLACES), st.sampled_from(WRONG))
def test_a_wrong_value_anywhere_is_a_fault_or_a_catalogue_and_never_a_traceback(
    at: tuple[str, Place], wrong: object
) -> None:
    name, place = at
    with suppress(ConfigFaults):
        load_with(name, place, wrong)
