#!/usr/bin/env python3
"""Starts Ensilinja on a machine that has only Python and git.

Prepares .venv from uv.lock once, then becomes the asked command. Refuses a uv that is not the lock's.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

USAGE = """\
usage: python3 run.py COMMAND [...]

  demo     the embedded database, demo accounts, addresses on the screen (--people N: a living line)
  serve    the same for real: no demo accounts, refuses on any fault of the configuration
  check    print every fault of the configuration
  worker   run jobs (scaled shape: DATABASE_URL and REDIS_URL are set)
  test     the everyday suite with what this machine has (--all, --nightly: nothing left out, and more)
  python   the environment's own Python
  uv       the environment's own uv

Other words go to the program itself: python3 run.py --help lists what it knows once .venv is there.
"""
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "prepared-from"
TOOLS = ROOT / ".tools"
OLDEST_UV = (0, 9, 17)  # the first that reads a relative exclude-newer


class Refused(Exception):
    """The start cannot go on; the message tells the reader what to do."""


def main(argv: list[str]) -> NoReturn:
    """Prepares what the command needs and becomes it."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever reads the sentence has the older one
        sys.exit(f"Ensilinja needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    if not argv or argv[0] in ("-h", "help"):
        print(USAGE, end="")
        sys.exit(0 if argv else 2)
    try:
        become(argv[0], argv[1:])
    except Refused as why:
        sys.exit(f"run.py: {why}")


def become(command: str, rest: list[str]) -> NoReturn:
    """Replaces this process; the working directory and the arguments stay as they are."""
    if command == "uv":
        uv = find_uv()
        os.execve(uv, [uv, "--directory", str(ROOT), *rest], uv_environment())
    prepare(dev=command in ("test", "python"))
    module = {"test": ["-m", "tools.test"], "python": []}.get(command, ["-m", "ensilinja", command])
    # -P with PYTHONPATH: our packages win over a folder called "chat" wherever the command is typed.
    # Our modules stay compiled between starts, as the packages are: a start then takes a third less.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**inherited, "PYTHONPATH": str(ROOT)}
    os.execve(PYTHON, [str(PYTHON), "-P", *module, *rest], environment)


def prepare(*, dev: bool) -> None:
    """Brings .venv to what uv.lock says; does nothing, and asks no network, when it is there already."""
    wanted = fingerprint()
    if is_prepared(wanted, dev=dev):
        return
    print("run.py: preparing .venv from uv.lock (the first time downloads it) ...", file=sys.stderr)
    uv = find_uv()
    STAMP.unlink(missing_ok=True)
    index = configured_index()
    if index is None or index.rstrip("/") == locked_uv()["source"]["registry"].rstrip("/"):
        sync(uv, dev=dev)
    else:
        sync_from(uv, index, dev=dev)
    STAMP.write_text(f"{wanted}\n{'dev' if dev else 'runtime'}\n")


def fingerprint() -> str:
    """What .venv was made from: the lock and the place of the checkout."""
    return hashlib.sha256(str(ROOT).encode() + (ROOT / "uv.lock").read_bytes()).hexdigest()


def is_prepared(wanted: str, *, dev: bool) -> bool:
    try:
        made_from, made_for = STAMP.read_text().split()
    except (OSError, ValueError):
        return False
    return made_from == wanted and (made_for == "dev" or not dev) and PYTHON.exists()


def sync(uv: str, *, dev: bool) -> None:
    # --inexact: a demo start must not tear down what a test run installed.
    groups = [] if dev else ["--no-dev", "--inexact"]
    python = [] if PYTHON.exists() else ["--python", sys.executable]
    run(uv, "sync", "--frozen", *groups, *python)


def sync_from(uv: str, index: str, *, dev: bool) -> None:
    """The same packages and checksums from another index: the lock's addresses name only its own."""
    listing = TOOLS / "requirements.txt"
    TOOLS.mkdir(exist_ok=True)
    groups = [] if dev else ["--no-dev"]
    run(uv, "export", "--frozen", "--quiet", "--no-emit-project", *groups, "--output-file", str(listing))
    if not PYTHON.exists():
        run(uv, "venv", "--python", sys.executable, str(VENV))
    install = ["pip", "install", "--python", str(PYTHON), "--default-index", index, "--require-hashes"]
    run(uv, *install, "-r", str(listing))


def run(*command: str) -> None:
    if subprocess.run(command, cwd=ROOT, env=uv_environment(), check=False).returncode:
        raise Refused(f"{Path(command[0]).name} {' '.join(command[1:3])} failed; its own words stand above")


def uv_environment() -> dict[str, str]:
    # Compiled once: a start, and above all a restart after a crash, then takes a third of the time.
    ours = {"UV_PROJECT_ENVIRONMENT": str(VENV)}
    inherited = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return {"UV_PYTHON_DOWNLOADS": "never", "UV_COMPILE_BYTECODE": "1", **inherited, **ours}


def find_uv() -> str:
    """A new enough uv: the machine's, the one fetched earlier, or one fetched now."""
    kept = TOOLS / "uv" / "bin" / "uv"
    for candidate in (shutil.which("uv"), str(kept)):
        if candidate and uv_version(candidate) >= OLDEST_UV:
            return candidate
    shutil.rmtree(kept.parent.parent, ignore_errors=True)
    TOOLS.mkdir(exist_ok=True)
    pip = find_pip()
    if pip:
        install_with_pip(pip, kept.parent.parent)
    else:
        install_from_index(kept)
    if uv_version(str(kept)) < OLDEST_UV:
        raise Refused(f"the uv that was fetched does not start: {kept}")
    return str(kept)


def uv_version(uv: str) -> tuple[int, ...]:
    try:
        said = subprocess.run([uv, "--version"], capture_output=True, text=True, check=True).stdout
        return tuple(int(part) for part in said.split()[1].split("."))
    except (OSError, subprocess.CalledProcessError, IndexError, ValueError):
        return ()


def find_pip() -> list[str]:
    """The command line of a pip that starts, in a throw-away environment if need be; empty if none."""
    if starts(sys.executable, "-m", "pip", "--version"):
        return [sys.executable, "-m", "pip"]
    if starts(sys.executable, "-c", "import ensurepip, venv") and starts(
        sys.executable, "-m", "venv", "--clear", str(TOOLS / "pip")
    ):
        return [str(TOOLS / "pip" / "bin" / "python"), "-m", "pip"]
    return []


def starts(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def install_with_pip(pip: list[str], target: Path) -> None:
    """Through the user's own pip configuration; pip itself checks the lock's checksums."""
    package = locked_uv()
    pins = " ".join(f"--hash={wheel['hash']}" for wheel in package["wheels"])
    listing = TOOLS / "uv-requirement.txt"
    listing.write_text(f"uv=={package['version']} {pins}\n")
    options = ["-qq", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--target", str(target)]
    run(*pip, "install", *options, "-r", str(listing))


def install_from_index(kept: Path) -> None:
    """Without pip: the wheel that fits, from the configured index or the address in the lock."""
    import io
    import platform
    import zipfile

    libc = platform.libc_ver()[0]
    wheel = fitting_wheel(locked_uv()["wheels"], platform.system(), platform.machine(), libc)
    index = configured_index()
    content = download(address_in(index, wheel["url"].rpartition("/")[2]) if index else wheel["url"])
    if "sha256:" + hashlib.sha256(content).hexdigest() != wheel["hash"]:
        raise Refused("the uv that the index gave is not the one in uv.lock; nothing was installed")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        name = next(name for name in archive.namelist() if name.endswith("/scripts/uv"))
        kept.parent.mkdir(parents=True)
        kept.write_bytes(archive.read(name))
    kept.chmod(0o755)


def locked_uv() -> dict:  # type: ignore[type-arg]
    """The lock's own entry for uv: version, registry, wheels with address and checksum."""
    import tomllib

    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    return next(package for package in lock["package"] if package["name"] == "uv")


def fitting_wheel(wheels: list[dict[str, str]], system: str, machine: str, libc: str) -> dict[str, str]:
    """The one wheel for this machine; refused by name when uv has none."""
    family = {"Darwin": "macosx", "Linux": "manylinux" if libc == "glibc" else "musllinux"}.get(system, "?")
    for wheel in wheels:
        tags = wheel["url"].rpartition("/")[2]
        if f"-{family}" in tags and tags.endswith(f"_{machine}.whl"):
            return wheel
    raise Refused(f"no uv is known for {system} on {machine}; install uv yourself and start again")


def configured_index() -> str | None:
    """The package index that the user set for uv or pip, if any."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if os.environ.get(name):
            return os.environ[name].rpartition("=")[2] if name == "UV_DEFAULT_INDEX" else os.environ[name]
    import configparser

    settings = configparser.RawConfigParser()
    home = Path.home()
    places = [Path("/etc/pip.conf"), home / ".pip/pip.conf", home / ".config/pip/pip.conf"]
    if os.environ.get("PIP_CONFIG_FILE"):
        places.append(Path(os.environ["PIP_CONFIG_FILE"]))
    try:
        settings.read(places, encoding="utf-8")
    except configparser.Error as why:
        raise Refused(f"pip's configuration cannot be read: {why}") from why
    return settings.get("install", "index-url", fallback=settings.get("global", "index-url", fallback=None))


def address_in(index: str, filename: str) -> str:
    """The address that an index's page gives for a file."""
    import re
    from html import unescape
    from urllib.parse import urljoin

    page = index.rstrip("/") + "/uv/"
    text = download(page).decode("utf-8", "replace")
    for link in re.findall(r"""href\s*=\s*["']([^"']+)["']""", text):
        if unescape(link).partition("#")[0].endswith("/" + filename) or link.partition("#")[0] == filename:
            return urljoin(page, unescape(link).partition("#")[0])
    raise Refused(f"the configured package index has no {filename}; install uv yourself or set PIP_INDEX_URL")


def download(address: str) -> bytes:
    """The bytes at an address; a user name in it becomes a header, as pip does."""
    import base64
    from urllib.error import URLError
    from urllib.parse import unquote, urlsplit, urlunsplit
    from urllib.request import Request, urlopen

    parts = urlsplit(address)
    secret, _, place = parts.netloc.rpartition("@")
    request = Request(urlunsplit(parts._replace(netloc=place)))  # noqa: S310 - the user's own configured index
    if secret:
        request.add_header("Authorization", "Basic " + base64.b64encode(unquote(secret).encode()).decode())
    try:
        with urlopen(request, timeout=60) as answer:  # noqa: S310
            return bytes(answer.read())
    except (URLError, TimeoutError) as why:
        reason = getattr(why, "reason", why)
        raise Refused(
            f"the package index at {place} does not answer ({reason}).\n"
            "Set PIP_INDEX_URL (or index-url in pip.conf) to an index that this machine reaches,\n"
            "SSL_CERT_FILE to your proxy's certificate if it has one, or install uv yourself."
        ) from why


if __name__ == "__main__":
    main(sys.argv[1:])
