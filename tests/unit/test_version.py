"""Which database this code serves, and that migrations are honest about which code they leave working."""

import ast
from pathlib import Path

import pytest

from ensilinja.version import MIGRATIONS, NewerDatabase, known, must_migrate

OURS = ("0001", "0002", "0003")
FILES = sorted((MIGRATIONS / "versions").glob("[0-9]*.py"))
# An index that goes is not noticed by code that used it, other than in its time.
ADDING = {"add_column", "create_table", "create_index", "drop_index", "batch_alter_table", "f"}


def works_from(path: Path) -> str:
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "works_from":
            return str(ast.literal_eval(node.value))
    raise AssertionError(f"{path.name} does not say from which version of the program on it works")


def test_own_version_is_left_and_an_older_one_migrated() -> None:
    assert not must_migrate("0003", "0003", OURS)
    assert must_migrate("0002", "0001", OURS)
    assert must_migrate("0001", None, OURS)


def test_newer_database_is_served_when_it_says_that_this_code_works() -> None:
    assert not must_migrate("0005", "0003", OURS)
    assert not must_migrate("0005", "0001", OURS)


@pytest.mark.parametrize("oldest", ["0004", "0005", None])
def test_newer_database_that_needs_newer_code_is_refused(oldest: str | None) -> None:
    with pytest.raises(NewerDatabase):
        must_migrate("0005", oldest, OURS)


def test_each_migration_says_what_works_and_never_less_than_the_one_before() -> None:
    said = [works_from(path) for path in FILES]

    assert said == sorted(said)
    assert all(oldest <= number for oldest, number in zip(said, known(), strict=True))


def test_migration_that_leaves_old_code_working_only_adds() -> None:
    for path, number in zip(FILES, known(), strict=True):
        if works_from(path) < number:
            assert [] == additions_and_more(path), path.name


def additions_and_more(path: Path) -> list[str]:
    """What the way up does that code of before would notice."""
    [way_up] = [
        node
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name == "upgrade"
    ]
    found = []
    for call in (node for node in ast.walk(way_up) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        owner = ast.unparse(call.func).partition(".")[0]
        more = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        if owner in ("op", "batch_op") and name not in ADDING:
            found.append(name)
        if name == "create_index" and more.get("unique") == "True":
            found.append("unique index")
        if name == "add_column":
            column = ast.unparse(call)
            if "nullable=False" in column and "server_default" not in column:
                found.append("column without a default")
    return found
