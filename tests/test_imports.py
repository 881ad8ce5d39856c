"""Calls go down, and what decides does no I/O: the contracts of pyproject.toml, held by import-linter."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DECIDING = {
    "queues.machine",
    "queues.eligibility",
    "queues.floor",
    "queues.forecast",
    "queues.line",
    "queues.matcher",
    "triage.definition",
    "triage.expressions",
    "triage.engine",
    "triage.inspector",
    "router.rules",
    "router.promises",
    "router.windows",
    "router.capacity",
    "chat.conversation",
    "callbacks.callflow",
    "core.hours",
    "core.quiet",
    "core.wire",
    "core.clock",
}


def test_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_deciding_module_is_under_contract() -> None:
    present = {name for name in DECIDING if is_module(name)}
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    bound = {
        module
        for contract in contracts["contracts"]
        if contract["type"] == "forbidden"
        for module in contract["source_modules"]
    }

    assert present <= bound


def is_module(name: str) -> bool:
    place = ROOT.joinpath(*name.split("."))
    return place.with_suffix(".py").exists() or place.is_dir()
