"""What is committed is tidy, and the image is made the way the security table asks."""

import re
import subprocess
from pathlib import Path

import pytest

from tools.tidy import faults_of

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("ensilinja", "chat", "callbacks", "router", "queues", "triage", "core", "static", "config")


def test_migrations_are_one_chain() -> None:
    # Two that were written side by side get the same number, and a rebase does not see it.
    names = sorted(path.name for path in (ROOT / "ensilinja/migrations/versions").glob("[0-9]*.py"))
    texts = [(ROOT / "ensilinja/migrations/versions" / name).read_text("utf-8") for name in names]
    told = [re.findall(r'^(?:down_)?revision = "?(\w+)"?$', text, re.MULTILINE) for text in texts]

    numbers = [f"{n:04}" for n in range(1, len(names) + 1)]
    assert [name[:4] for name in names] == numbers
    assert told == [[number, before] for number, before in zip(numbers, ["None", *numbers], strict=False)]


def test_committed_files_are_tidy() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    paths = [ROOT / name for name in listed.decode().split("\0") if name and "static/vendor" not in name]

    assert [
        fault for path in paths if path.exists() for fault in faults_of(path.name, path.read_bytes())
    ] == []


@pytest.mark.parametrize(
    "content",
    [
        b"-----BEGIN " + b"RSA PRIVATE KEY-----\n",
        b"api_key = '" + b"a" * 32 + b"'\n",
        b"no end of line",
        b"carriage\r\nreturn\r\n",
        b"x" * 1_000_001 + b"\n",
    ],
)
def test_untidy_file_is_named(content: bytes) -> None:
    assert all(fault.startswith("some.py: ") for fault in faults_of("some.py", content))
    assert faults_of("some.py", content)


def test_image_has_every_part_and_no_root() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    users = [line for line in lines if line.startswith("USER ")]

    assert users == ["USER ensilinja"]
    assert [part for part in PACKAGES if f"COPY {part} {part}" not in lines] == []


def test_scaled_shape_runs_with_the_least() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")

    assert "read_only: true" in text
    assert "cap_drop: [ALL]" in text
    assert "no-new-privileges:true" in text
