"""A real Asterisk for tests: the configuration of `deploy/asterisk/`, on loopback, in a folder of its own.

It has no way out: its one trunk leads to a port of this machine.
"""

import array
import math
import shutil
import signal
import socket
import subprocess
import tempfile
import wave
from collections.abc import Sequence
from pathlib import Path

from tools.servers import free_port, wait_until

ROOT = Path(__file__).resolve().parent.parent
DEPLOYED = ROOT / "deploy" / "asterisk"
USER, PASSWORD = "ensilinja", "only-of-the-tests"
RATE = 8000  # Hz, of telephones
# Modules ask for a file of their own, though it says nothing.
EMPTY = ("acl", "ccss", "cdr", "cel", "dnsmgr", "features", "geolocation", "pjproject", "stasis", "udptl")


class AsteriskServer:
    """One Asterisk with telephones, an operator and an answer of its own, all ports of this machine."""

    def __init__(self, tree: Path, telephones: Sequence[str], calls_us: int | None = None) -> None:
        """`tree` is what tools/get_asterisk.sh filled; each telephone is a name with a port of its own.

        `calls_us`: the port of this machine at which it connects to us to tell its events.
        """
        self._calls_us = calls_us
        self.sip_port, self.ari_port = free_udp_port(), free_port()
        self.operator_port, self.fallback_port = free_udp_port(), free_udp_port()
        self.telephones = {name: free_udp_port() for name in telephones}
        self._tree = tree
        self._home = Path(tempfile.mkdtemp(prefix="ensilinja-pbx-"))
        self._server: subprocess.Popen[bytes] | None = None
        self._configure()

    @property
    def url(self) -> str:
        """Where ARI answers."""
        return f"http://127.0.0.1:{self.ari_port}/ari"

    @property
    def log(self) -> str:
        """What it has said so far."""
        return (self._home / "said").read_text(errors="replace")

    def start(self) -> None:
        """Returns when ARI answers."""
        with (self._home / "said").open("ab") as log:
            command = self._command("-f", "-g", "-n")
            self._server = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until(self._answers, server=self._server, name="Asterisk")

    def ask(self, command: str) -> str:
        """What its console answers."""
        done = subprocess.run(
            self._command("-rx", command), capture_output=True, text=True, check=False, timeout=10
        )
        return done.stdout

    def wait_for_us(self, seconds: int) -> None:
        """How long its dialplan waits for Ensilinja; 2 as it is deployed."""
        self.ask(f"dialplan set global PATIENCE {seconds}")

    def kill(self) -> None:
        """SIGKILL: every call is cut."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None

    def stop(self) -> None:
        """Ends it if it runs, and removes its folder."""
        if self._server is not None:
            self._server.send_signal(signal.SIGCONT)
        self.kill()
        shutil.rmtree(self._home, ignore_errors=True)

    def _command(self, *arguments: str) -> list[str]:
        # The tree's own loader runs its program: nothing of it is installed on the machine.
        libraries = next((self._tree / "usr" / "lib").glob("*-linux-gnu"))
        loader = next(libraries.glob("ld-linux*.so.*"))
        program = [str(loader), "--library-path", str(libraries), str(self._tree / "usr/sbin/asterisk")]
        return [*program, "-C", str(self._home / "etc" / "asterisk.conf"), *arguments]

    def _configure(self) -> None:
        etc = self._home / "etc"
        shutil.copytree(DEPLOYED, etc)
        for name in ("db", "log", "spool/recording", "var", "keys", "moh"):
            (self._home / name).mkdir(parents=True)
        for name in EMPTY:
            (etc / f"{name}.conf").touch()
        (etc / "logger.conf").write_text("[logfiles]\nconsole => notice,warning,error,verbose\n")
        tone(self._home / "moh" / "chord.wav", seconds=4)
        user = f"[{USER}]\ntype=user\npassword={PASSWORD}\npassword_format=plain\n"
        (etc / "ari-user.conf").write_text(user)
        if self._calls_us is not None:
            self._have_it_call(etc, self._calls_us)
        (etc / "asterisk.conf").write_text(self._places(etc))
        (etc / "pjsip-telephones.conf").write_text(self._telephones())
        self._here(etc / "http.conf", {"bindport=8088": f"bindport={self.ari_port}"})
        self._here(etc / "musiconhold.conf", {"directory=moh": f"directory={self._home / 'moh'}"})
        # Several people share one address here.
        self._here(etc / "rtp.conf", {"strictrtp=yes": "strictrtp=no"})
        self._here(etc / "extensions.conf", {"FALLBACK_RINGS=120": "FALLBACK_RINGS=20"})
        self._here(
            etc / "pjsip.conf",
            {
                "bind=0.0.0.0:5060": f"bind=127.0.0.1:{self.sip_port}",
                "contact=sip:192.0.2.10:5060": f"contact=sip:127.0.0.1:{self.operator_port}",
                "match=192.0.2.10": "match=127.0.0.1",
            },
        )

    def _have_it_call(self, etc: Path, port: int) -> None:
        """What the files of `deploy/asterisk/` have as comments."""
        for name in ("ari.conf", "websocket_client.conf"):
            text = (etc / name).read_text().replace("\n;- ", "\n")
            text = text.replace("192.0.2.20:8089", f"127.0.0.1:{port}").replace(
                "password=...", f"password={PASSWORD}"
            )
            (etc / name).write_text(text)

    def _here(self, path: Path, changes: dict[str, str]) -> None:
        text = path.read_text()
        for old, new in changes.items():
            if old not in text:
                raise ValueError(f"{path.name} has no {old}")
            text = text.replace(old, new)
        path.write_text(text)

    def _places(self, etc: Path) -> str:
        libraries = next((self._tree / "usr" / "lib").glob("*-linux-gnu"))
        places = {
            "astetcdir": etc,
            "astmoddir": libraries / "asterisk" / "modules",
            "astvarlibdir": self._home / "var",
            "astdbdir": self._home / "db",
            "astkeydir": self._home / "keys",
            "astdatadir": self._tree / "usr" / "share" / "asterisk",
            "astagidir": self._home,
            "astspooldir": self._home / "spool",
            "astrundir": self._home,
            "astlogdir": self._home / "log",
        }
        lines = [f"{name} => {path}" for name, path in places.items()]
        return "\n".join(["[directories]", *lines, "[options]", "verbose = 3", ""])

    def _telephones(self) -> str:
        ports = {**self.telephones, "own-queue": self.fallback_port}
        return "".join(
            f"[{name}](telephone)\naors={name}\n[{name}]\ntype=aor\ncontact=sip:{name}@127.0.0.1:{port}\n"
            for name, port in ports.items()
        )

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.ari_port), timeout=1) as line:
                line.sendall(b"GET /ari/asterisk/ping HTTP/1.0\r\n\r\n")
                return b" 401 " in line.recv(100)
        except OSError:
            return False


def free_udp_port(*, even: bool = False) -> int:
    """A port that nobody listens on at this moment; sound is sent at even ones."""
    while True:
        with socket.socket(type=socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if not even or port % 2 == 0:
            return port


def tone(path: Path, *, seconds: float, hertz: float = 262.0) -> None:
    """A quiet tone as telephones play it: 8 kHz, one channel, 16 bit."""
    count = int(RATE * seconds)
    wave_form = array.array("h", (int(2000 * math.sin(2 * math.pi * hertz * n / RATE)) for n in range(count)))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(wave_form.tobytes())
