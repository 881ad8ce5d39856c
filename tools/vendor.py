"""Fetches the front end's vendored files by `vendor.lock.json`, or checks them with `--check`.

Refuses a package whose integrity is not the locked one and a file whose sha256 is not the locked one.
Users never need this: the files are in the repository.
"""

import argparse
import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "vendor.lock.json"
VENDOR = ROOT / "static" / "vendor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One npm package of the lock: exact version, the registry's integrity, and the licence's name."""

    name: str
    version: str
    integrity: str
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VendoredFile:
    """One file of a package: where it lies in it, its name here, and the bare imports rewritten to paths."""

    package: Package
    source: str
    file: str
    sha256: str
    rewrites: tuple[tuple[str, str], ...]


def read_lock(path: Path = LOCK) -> tuple[VendoredFile, ...]:
    """Returns every locked file, in the lock's order."""
    found = []
    for entry in json.loads(path.read_text(encoding="utf-8"))["packages"]:
        package = Package(**{key: entry[key] for key in ("name", "version", "integrity", "licence")})
        for item in entry["files"]:
            rewrites = tuple(sorted(item.get("rewrites", {}).items()))
            found.append(
                VendoredFile(
                    package=package,
                    source=item["source"],
                    file=item["file"],
                    sha256=item["sha256"],
                    rewrites=rewrites,
                )
            )
    return tuple(found)


def rewritten(content: bytes, rewrites: tuple[tuple[str, str], ...]) -> bytes:
    """Replaces bare import names by relative paths and drops the pointer to a source map not shipped."""
    for bare, path in rewrites:
        content = content.replace(f'from"{bare}"'.encode(), f'from"{path}"'.encode())
    pointers = (b"//# sourceMappingURL", b"/*# sourceMappingURL")
    return b"".join(line for line in content.splitlines(keepends=True) if not line.startswith(pointers))


def integrity_of(archive: Path) -> str:
    """Returns the subresource-integrity string (sha512) of a file."""
    return "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()


def check(files: tuple[VendoredFile, ...], folder: Path = VENDOR) -> list[str]:
    """Returns every fault: a file missing, changed, or present without being locked."""
    faults = []
    for item in files:
        path = folder / item.file
        if not path.is_file():
            faults.append(f"{item.file}: missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != item.sha256:
            faults.append(f"{item.file}: sha256 differs from the lock")
    locked = {item.file for item in files}
    present = sorted(path.name for path in folder.iterdir())
    return faults + [f"{name}: not in the lock" for name in present if name not in locked]


def fetch_package(package: Package, into: Path) -> Path:
    """Packs one exact version through the configured registry and returns it; exits on a wrong archive."""
    wanted = f"{package.name}@{package.version}"
    done = subprocess.run(
        ["npm", "pack", wanted, "--silent", "--ignore-scripts", "--pack-destination", str(into)],
        check=True,
        capture_output=True,
        text=True,
    )
    archive = into / done.stdout.strip().splitlines()[-1]
    if integrity_of(archive) != package.integrity:
        raise SystemExit(f"{wanted}: integrity differs from the lock")
    return archive


def fetch(files: tuple[VendoredFile, ...], folder: Path = VENDOR) -> None:
    """Writes every locked file into the vendor folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        archives: dict[Package, Path] = {}
        for item in files:
            if item.package not in archives:
                archives[item.package] = fetch_package(item.package, Path(scratch))
            with tarfile.open(archives[item.package]) as archive:
                member = archive.extractfile(f"package/{item.source}")
                if member is None:
                    raise SystemExit(f"{item.package.name}: no file {item.source}")
                (folder / item.file).write_bytes(rewritten(member.read(), item.rewrites))


def main() -> int:
    """Fetches unless `--check` is given; prints every fault; returns 1 when there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="verify only, fetch nothing")
    options = parser.parse_args()
    files = read_lock()
    if not options.check:
        fetch(files)
    faults = check(files)
    print("\n".join(faults) or f"{len(files)} vendored files are as locked")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
