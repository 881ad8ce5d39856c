"""What the documents say exists: files, names, settings, figures, logins. The wire's page is the types'."""

import ast
import importlib
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.events import REGISTRY
from core.rights import POLICIES
from core.settings import PREFIX, Settings
from ensilinja import demo, metrics
from ensilinja.ops import OPS
from ensilinja.tables import metadata
from queues.machine import State
from tools import reliability_page, triage_page, wire_page

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(ROOT.glob("docs/**/*.md")),
]
OURS = ("ensilinja", "chat", "callbacks", "router", "queues", "triage", "core", "tools", "tests")
FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|toml|yaml|md|lock))`")
DOTTED = re.compile(rf"`((?:{'|'.join(OURS)})(?:\.\w+)+)`")
NAMED = re.compile(r"`([\w/.-]+\.py)`((?:,? (?:and )?`\w[\w.]*`)+)")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
NO_FILES = (
    "var/",
    ".hypothesis/",
    "data/",
    "application/",
    "__init__.py",
)  # of a running program, or no one file

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def test_tables_of_the_assessment_are_fresh() -> None:
    assert triage_page.page() == text_of(triage_page.PAGE), "python -m tools.triage_page writes them anew"


def test_reliability_page_is_fresh_and_names_tests_that_exist() -> None:
    named = [
        test
        for kind in reliability_page.promised().values()
        for one in kind
        for test in (*one.get("tests", ()), *one.get("mutants", ()))
    ]

    assert [] == [test for test in named if not is_a_test(*test.partition("::")[::2])]
    assert reliability_page.page() == text_of(reliability_page.PAGE), "python -m tools.reliability_page"


def is_a_test(path: str, name: str) -> bool:
    return (ROOT / path).exists() and (not name or name in names_in(ROOT / path))


def test_wire_page_is_fresh() -> None:
    assert wire_page.page() == text_of(wire_page.PAGE), "python -m tools.wire_page writes it anew"


@pages
def test_files_named_exist(page: Path) -> None:
    named = {path for path in FILE.findall(text_of(page)) if not path.startswith(NO_FILES)}

    assert [] == sorted(path for path in named if not (ROOT / path).exists())


@pages
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(text_of(page)) if "://" not in link]

    assert [] == [link for link in links if not (page.parent / link).exists()]


@pages
def test_dotted_names_exist(page: Path) -> None:
    said = {*REGISTRY, *POLICIES, *wire_page.NEWS, *(name for _, name in OPS)}

    assert [] == [name for name in DOTTED.findall(text_of(page)) if name not in said and not is_there(name)]


@pages
def test_names_beside_a_file_are_in_it(page: Path) -> None:
    named = [
        (path, name)
        for path, names in NAMED.findall(text_of(page))
        for name in re.findall(r"`([\w.]+)`", names)
        if not name.endswith(".py")
    ]

    assert [] == [(path, name) for path, name in named if name not in names_in(ROOT / path)]


def is_there(name: str) -> bool:
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def names_in(path: Path) -> set[str]:
    return set(defined(ast.parse(path.read_text(encoding="utf-8")).body, ""))


def defined(body: list[ast.stmt], inside: str) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield inside + node.name
        elif isinstance(node, ast.ClassDef):
            yield inside + node.name
            yield from defined(node.body, f"{node.name}.")
        elif isinstance(node, ast.Assign):
            yield from (inside + target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield inside + node.target.id


def test_every_setting_is_told() -> None:
    told = text_of(ROOT / "docs/operations.md")

    assert [] == [name for name in Settings.model_fields if f"`{PREFIX}{name.upper()}`" not in told]


def test_settings_told_exist() -> None:
    told = re.findall(rf"`{PREFIX}(\w+?)(?:_FILE)?`", text_of(ROOT / "docs/operations.md"))
    known = {name.upper() for name in Settings.model_fields} | {"STAFF_PASSWORD", "KEY", "DB_PASSWORD"}

    assert [] == sorted(set(told) - known)


def test_figures_told_are_those_served() -> None:
    served = set(re.findall(r"# TYPE (\w+)", metrics.render().decode()))
    told = set(re.findall(r"`(ensilinja_\w+)`", text_of(ROOT / "docs/operations.md")))

    assert told == {name for name in served if not name.endswith("_created")}


def test_every_table_has_its_owner_told() -> None:
    told = text_of(ROOT / "docs/architecture.md")

    assert [] == sorted(name for name in metadata.tables if f"`{name}`" not in told)


def test_every_state_is_in_the_glossary() -> None:
    told = text_of(ROOT / "docs/glossary.md")

    assert [] == [state for state in State if f"`{state}`" not in told]


def test_every_deciding_module_is_told() -> None:
    told = text_of(ROOT / "docs/architecture.md")
    contracts = tomllib.loads(text_of(ROOT / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
    deciding = next(contract for contract in contracts if contract["type"] == "forbidden")["source_modules"]

    assert [] == [name for name in deciding if f"`{name}`" not in told]


def test_demo_logins_are_in_the_readme() -> None:
    told = text_of(ROOT / "README.md")

    assert demo.PASSWORD in told
    assert [] == [person.username for person in demo.PEOPLE if f"`{person.username}`" not in told]


def test_every_screenshot_is_in_the_readme() -> None:
    told = text_of(ROOT / "README.md")
    taken = sorted(path.name for path in ROOT.glob("docs/screenshots/*.png"))

    assert [] == [name for name in taken if f"docs/screenshots/{name}" not in told]


def test_every_package_has_its_line_in_the_architecture() -> None:
    told = text_of(ROOT / "docs/architecture.md")
    packages = [name for name in OURS if name not in ("tools", "tests")]

    assert [] == [name for name in packages if f"`{name}/`" not in told or not importlib.import_module(name)]
