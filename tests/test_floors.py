"""No dependency below the version that closed its known holes."""

import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# The floors of the security table; why each: aiohttp request smuggling and parser denials of service,
# redis answers handed to another request after a cancel, jinja2 sandbox breakout, websockets
# compression bomb.
FLOORS = {
    "aiohttp": (3, 14, 4),
    "redis": (4, 5, 5),
    "jinja2": (3, 1, 6),
    "websockets": (5, 0),
}


@pytest.mark.parametrize("package", FLOORS)
def test_installed_version_meets_the_floor(package: str) -> None:
    assert numbers(version(package)) >= FLOORS[package]


@pytest.mark.parametrize("package", FLOORS)
def test_locked_version_meets_the_floor(package: str) -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    locked = [entry["version"] for entry in lock["package"] if entry["name"] == package]

    assert locked
    assert all(numbers(found) >= FLOORS[package] for found in locked)


def test_every_dependency_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [name.split(">=")[0].split("[")[0] for name in project["dependencies"]]

    assert all(version(name) for name in names)


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
