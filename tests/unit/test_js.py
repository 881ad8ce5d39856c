"""The browser's pure modules, by Node's own runner; left out by name where Node is missing or too old."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
FOLDER = Path("tests") / "unit" / "js"
TESTS = sorted(path.name for path in (ROOT / FOLDER).glob("*.test.mjs"))
OLDEST = 18  # Debian 12's


def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed: the browser's modules are not tested")
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
    if int(re.findall(r"\d+", told)[0]) < OLDEST:
        pytest.skip(f"node {told.strip()} is too old: the browser's modules are not tested")
    return found


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The modules with a note that they are modules: an older Node does not see it in a .js file itself."""
    folder = tmp_path_factory.mktemp("js")
    for part in (Path("static"), FOLDER):
        shutil.copytree(ROOT / part, folder / part)
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", TESTS)
def test_browser_module_keeps_its_rules(checkout: Path, name: str) -> None:
    done = subprocess.run(
        [node(), "--test", str(FOLDER / name)],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
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
        for name in ("console.po", "callbacks.po", "form.po", "board.po")
    )
    known = set(re.findall(r'^msgid "([^"]+)"', catalogue, re.MULTILINE))
    scripts = [*STATIC.glob("console*.js"), *STATIC.glob("board*.js"), *STATIC.glob("staff*.js")]
    named = {
        key
        for path in scripts
        for key in re.findall(r'"((?:console|board)\.[\w.]+)"', path.read_text(encoding="utf-8"))
    }
    assert named - known == set()
