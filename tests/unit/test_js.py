"""The browser's pure modules, by Node's own runner; left out by name where Node is missing or too old."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = sorted((Path(__file__).parent / "js").glob("*.test.mjs"))
STATIC = Path(__file__).resolve().parents[2] / "static"
OLDEST = (20, 19)  # the first that reads a .js file with exports as a module


def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed: the browser's modules are not tested")
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
    major, minor = (int(part) for part in re.findall(r"\d+", told)[:2])
    if (major, minor) < OLDEST:
        pytest.skip(f"node {told.strip()} is too old: the browser's modules are not tested")
    return found


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_browser_module_keeps_its_rules(path: Path) -> None:
    done = subprocess.run(
        [node(), "--test", str(path)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_staff_screens_write_text_only() -> None:
    unsafe = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|\bstyle=")
    scripts = [*STATIC.glob("console*.js"), *STATIC.glob("board*.js"), *STATIC.glob("staff*.js")]
    assert scripts
    assert [path.name for path in scripts if unsafe.search(path.read_text(encoding="utf-8"))] == []


def test_staff_screens_have_every_text_they_name() -> None:
    catalogue = "".join(
        (STATIC.parent / "ensilinja" / "locale" / "fi" / name).read_text(encoding="utf-8")
        for name in ("console.po", "board.po")
    )
    known = set(re.findall(r'^msgid "([^"]+)"', catalogue, re.MULTILINE))
    scripts = [*STATIC.glob("console*.js"), *STATIC.glob("board*.js"), *STATIC.glob("staff*.js")]
    named = {
        key
        for path in scripts
        for key in re.findall(r'"((?:console|board)\.[\w.]+)"', path.read_text(encoding="utf-8"))
    }
    assert named - known == set()
