"""Looks at the files of a commit: a line's end at the end, nothing large, no key or password."""

import re
import sys
from pathlib import Path

LARGEST_BYTES = 1_000_000
LARGE_BY_NATURE = (".png", "uv.lock")
SECRETS = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    rb"|(?:password|secret|token|api_key)\s*[=:]\s*[\"'][A-Za-z0-9+/_-]{24,}[\"']",
    re.IGNORECASE,
)


def faults_of(name: str, content: bytes) -> list[str]:
    """One sentence for each fault of a file; none for a good one."""
    faults = []
    if len(content) > LARGEST_BYTES and not name.endswith(LARGE_BY_NATURE):
        faults.append(f"{name}: larger than {LARGEST_BYTES} bytes")
    if SECRETS.search(content):
        faults.append(f"{name}: holds what looks like a secret")
    is_text = b"\0" not in content
    if is_text and content and not content.endswith(b"\n"):
        faults.append(f"{name}: the last line has no end")
    if is_text and b"\r\n" in content:
        faults.append(f"{name}: has carriage returns")
    return faults


def main(names: list[str]) -> int:
    """Prints the faults of the named files; 1 when there are any."""
    faults = [fault for name in names for fault in faults_of(name, Path(name).read_bytes())]
    print("\n".join(faults), end="\n" if faults else "")
    return len(faults) > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
