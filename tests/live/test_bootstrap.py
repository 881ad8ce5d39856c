"""run.py on a machine without uv and pip: what it takes from an index, and what it refuses."""

import hashlib
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import run

WHEEL = "uv-1.2.3-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
FOREIGN = "uv-1.2.3-py3-none-macosx_11_0_arm64.whl"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return


def a_wheel() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("uv-1.2.3.data/scripts/uv", "#!/bin/sh\necho uv 1.2.3\n")
    return content.getvalue()


def locked(content: bytes) -> dict[str, Any]:
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    names = (FOREIGN, WHEEL)
    return {
        "version": "1.2.3",
        "wheels": [{"url": f"https://lock.invalid/{n}", "hash": digest} for n in names],
    }


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "simple" / "uv"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(f'<a href="../files/{WHEEL}#sha256=0">{WHEEL}</a>')
    files = tmp_path / "simple" / "files"
    files.mkdir()
    (files / WHEEL).write_bytes(a_wheel())
    serve = partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()
        thread.join()


@pytest.fixture
def this_is_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("platform.libc_ver", lambda: ("glibc", "2.36"))


@pytest.mark.usefixtures("this_is_linux")
def test_wheel_comes_from_the_configured_index(
    index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "locked_uv", lambda: locked(a_wheel()))
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"county={index}")

    run.install_from_index(tmp_path / "bin" / "uv")

    assert run.uv_version(str(tmp_path / "bin" / "uv")) == (1, 2, 3)


@pytest.mark.usefixtures("this_is_linux")
def test_foreign_checksum_installs_nothing(
    index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "locked_uv", lambda: locked(b"another wheel"))
    monkeypatch.setenv("UV_DEFAULT_INDEX", index)

    with pytest.raises(run.Refused, match=r"not the one in uv\.lock"):
        run.install_from_index(tmp_path / "bin" / "uv")
    assert not (tmp_path / "bin").exists()


def test_silent_index_says_what_to_set() -> None:
    with pytest.raises(run.Refused, match="Set PIP_INDEX_URL"):
        run.download("http://name:secret@127.0.0.1:1/simple/uv/")


def test_secret_of_the_index_is_not_repeated() -> None:
    with pytest.raises(run.Refused) as refused:
        run.download("http://name:secret@127.0.0.1:1/simple/uv/")

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("system", "machine", "libc"),
    [
        ("Linux", "x86_64", "glibc"),
        ("Linux", "aarch64", "glibc"),
        ("Linux", "x86_64", ""),
        ("Darwin", "arm64", ""),
        ("Darwin", "x86_64", ""),
    ],
)
def test_lock_has_a_uv_for_each_platform(system: str, machine: str, libc: str) -> None:
    wheel = run.fitting_wheel(run.locked_uv()["wheels"], system, machine, libc)

    assert wheel["url"].endswith(f"_{machine}.whl")
    assert wheel["hash"].startswith("sha256:")


def test_unknown_machine_is_refused_by_name() -> None:
    with pytest.raises(run.Refused, match="Plan9 on mips"):
        run.fitting_wheel(run.locked_uv()["wheels"], "Plan9", "mips", "")


def test_pip_configuration_gives_the_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://index.invalid/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))

    assert run.configured_index() == "https://index.invalid/simple"


def test_changed_lock_prepares_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "ROOT", tmp_path)
    (tmp_path / "uv.lock").write_text("one")
    before = run.fingerprint()
    (tmp_path / "uv.lock").write_text("two")

    assert run.fingerprint() != before
