"""The vendored front-end files are exactly the locked ones and nothing in them loads from outside."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def vendor() -> ModuleType:
    spec = importlib.util.spec_from_file_location("vendor_tool", ROOT / "tools" / "vendor.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_vendored_files_match_the_lock(vendor: ModuleType) -> None:
    assert vendor.check(vendor.read_lock()) == []


def test_a_changed_missing_or_unlocked_file_is_a_fault(vendor: ModuleType, tmp_path: Path) -> None:
    files = vendor.read_lock()
    for item in files:
        (tmp_path / item.file).write_bytes((vendor.VENDOR / item.file).read_bytes())
    (tmp_path / files[0].file).write_bytes(b"other")
    (tmp_path / files[1].file).unlink()
    (tmp_path / "stray.js").write_bytes(b"")
    assert vendor.check(files, tmp_path) == [
        f"{files[0].file}: sha256 differs from the lock",
        f"{files[1].file}: missing",
        "stray.js: not in the lock",
    ]


def test_every_package_is_pinned_with_licence_and_its_text(vendor: ModuleType) -> None:
    files = vendor.read_lock()
    for package in {item.package for item in files}:
        assert re.fullmatch(r"\d+\.\d+\.\d+", package.version)
        assert package.licence in {"MIT", "Apache-2.0", "OFL-1.1"}
        assert any(item.package == package and "LICENSE" in item.file for item in files)


def test_own_and_vendored_style_and_script_load_nothing_from_outside() -> None:
    for path in sorted((ROOT / "static").rglob("*")):
        if path.suffix in {".css", ".js", ".mjs"}:
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"url\(\s*[\"']?(https?:)?//", text), path.name
            assert not re.search(r"(import|from|src|href)\s*[=(]?\s*[\"']https?://", text), path.name
            assert "sourceMappingURL" not in text, path.name


def test_own_scripts_never_write_markup() -> None:
    for path in sorted((ROOT / "static").glob("*.js")):
        text = path.read_text(encoding="utf-8")
        found = re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text)
        assert found is None, path.name
