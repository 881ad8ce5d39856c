"""The layout that everything relies on: our packages are ours, chartered, small and named by their duty."""

import ast
import importlib
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("ensilinja", "chat", "callbacks", "router", "queues", "triage", "core")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
DRAWERS = ("utils", "util", "helpers", "helper", "common", "manager", "misc")


@pytest.mark.parametrize("package", PACKAGES)
def test_package_resolves_inside_the_checkout(package: str) -> None:
    found = importlib.import_module(package).__file__

    assert found is not None
    assert Path(found).resolve() == ROOT / package / "__init__.py"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_has_our_name(package: str) -> None:
    owners = packages_distributions().get(package, [])

    assert set(owners) <= {"ensilinja"}
    assert package not in sys.stdlib_module_names


def test_test_folders_are_no_packages() -> None:
    assert [] == list((ROOT / "tests").rglob("__init__.py"))


def test_test_files_have_names_of_their_own() -> None:
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]

    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("package", PACKAGES)
def test_package_has_a_charter(package: str) -> None:
    charter = ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8")))

    assert charter


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_is_small_and_named_by_its_duty(path: Path) -> None:
    assert path.stem not in DRAWERS
    if "migrations" in path.parts:
        return
    text = path.read_text(encoding="utf-8")
    long_functions = [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= 60
    ]

    assert [] == long_functions
    assert len(text.splitlines()) <= 400


def test_migrations_are_one_chain() -> None:
    """Two that were made at the same time have one number: the later one to land is renamed."""
    files = sorted((ROOT / "ensilinja" / "migrations" / "versions").glob("[0-9]*.py"))
    numbers = [path.name[:4] for path in files]
    told = [
        re.findall(r'^(?:down_)?revision = (?:"(\d{4})"|None)', path.read_text("utf-8"), re.M)
        for path in files
    ]

    assert numbers == [f"{n:04}" for n in range(1, len(files) + 1)]
    assert told == [[number, before] for number, before in zip(numbers, ["", *numbers], strict=False)]
