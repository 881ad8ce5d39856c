"""People with SIP telephones: scenarios for sipp, an implementation that is neither ours nor Asterisk's."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tools.pbx import free_udp_port
from tools.servers import wait_until

PCAPS = Path("/usr/share/sip-tester")
DEADLINE = 150.0  # seconds of one scenario: one that is left over ends by itself
WITH_EVENTS = """m=audio [media_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
"""
WITHOUT_EVENTS = "m=audio [media_port] RTP/AVP 8\na=rtpmap:8 PCMA/8000\n"
SDP = """v=0
o=person 1 {version} IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
{media}a={way}
"""
IDS = """Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "Caller" <sip:{number}@[local_ip]:[local_port]>;tag=[pid]r[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>{tag}
Call-ID: [call_id]
CSeq: {n} {method}
Contact: <sip:person@[local_ip]:[local_port]>
Max-Forwards: 70
"""
BACK = "[last_Via:]\n[last_From:]\n[last_To:]{tag}\n[last_Call-ID:]\n[last_CSeq:]\n"
TAGGED = BACK.format(tag=";tag=[pid]a[call_number]")
NUMBER = "+358401234567"
FIRST = 358501234501  # of many callers, each with a number of their own
EACH = "[field0]"


# Who rings is kept (an answered telephone hangs up on that one), and by which number of theirs.
INVITED = """<recv request="INVITE" rrs="true"><action>
<ereg regexp=".*" search_in="hdr" header="From:" assign_to="other"/>
<ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="first"/>
</action></recv>
<Reference variables="other,first"/>
"""


def send(text: str, *, again: bool = True) -> str:
    """One message, repeated until it is answered."""
    return f"<send{' retrans=' + chr(34) + '500' + chr(34) if again else ''}><![CDATA[\n{text}\n]]></send>\n"


def pause(milliseconds: int) -> str:
    return f'<pause milliseconds="{milliseconds}"/>\n'


def press(key: str) -> str:
    """A key by RFC 4733, in the stream of sound."""
    name = {"#": "pound", "*": "star"}.get(key, key)
    return f'<nop><action><exec play_pcap_audio="{PCAPS}/dtmf_2833_{name}.pcap"/></action></nop>\n' + pause(
        300
    )


class Caller:
    """The steps of somebody who rings: made in order, `script` at the end."""

    def __init__(self, *, number: str = NUMBER, events: bool = True) -> None:
        self._n = 1
        self._number = number
        self._media = WITH_EVENTS if events else WITHOUT_EVENTS
        self._steps = [self._invite("sendrecv", tag=""), *self._answered()]

    def press(self, keys: str) -> "Caller":
        self._steps += [press(key) for key in keys]
        return self

    def info(self, keys: str) -> "Caller":
        """Keys by INFO, as some operators send them."""
        for key in keys:
            body = f"Signal={key}\nDuration=160\n"
            self._n += 1
            kind = "Content-Type: application/dtmf-relay\nContent-Length: [len]\n\n"
            self._steps += [send(self._head("INFO") + kind + body), '<recv response="200"/>\n', pause(200)]
        return self

    def speak(self, seconds: float) -> "Caller":
        """A voice, in the stream of sound."""
        voice = f'<nop><action><exec play_pcap_audio="{PCAPS}/g711a.pcap"/></action></nop>\n'
        self._steps += [voice, pause(int(seconds * 1000))]
        return self

    def wait(self, seconds: float) -> "Caller":
        self._steps.append(pause(int(seconds * 1000)))
        return self

    def hold(self, *, on: bool) -> "Caller":
        self._n += 1
        self._steps += [self._invite("sendonly" if on else "sendrecv"), *self._answered()]
        return self

    def hang_up(self) -> "Caller":
        self._n += 1
        self._steps += [send(self._head("BYE") + "Content-Length: 0\n"), '<recv response="200"/>\n']
        return self

    def is_hung_up(self) -> "Caller":
        """Stays until the other side ends the call."""
        self._steps += [
            '<recv request="BYE"/>\n',
            send(f"SIP/2.0 200 OK\n{BACK.format(tag='')}Content-Length: 0\n", again=False),
        ]
        return self

    @property
    def script(self) -> str:
        return scenario(self._steps)

    def _head(self, method: str, *, tag: str = "[peer_tag_param]") -> str:
        where = "sip:[service]@[remote_ip]:[remote_port]" if not tag else "[next_url]"
        ids = IDS.format(number=self._number, tag=tag, n=self._n, method=method)
        return f"{method} {where} SIP/2.0\n{ids}"

    def _invite(self, way: str, *, tag: str = "[peer_tag_param]") -> str:
        body = SDP.format(version=self._n, media=self._media, way=way)
        kind = "Content-Type: application/sdp\nContent-Length: [len]\n\n"
        return send(self._head("INVITE", tag=tag) + kind + body)

    def _answered(self) -> list[str]:
        quiet = "".join(f'<recv response="{code}" optional="true"/>\n' for code in (100, 180, 183))
        return [
            quiet,
            '<recv response="200" rrs="true"/>\n',
            send(self._head("ACK") + "Content-Length: 0\n", again=False),
        ]


def answers(*, after: float = 0.0, then: Sequence[str] = ()) -> str:
    """A telephone that rings, is answered, and stays until it is hung up on, or does something else.

    One that the other side gives up on, before or just as it is answered, ends as telephones do.
    """
    body = SDP.format(version=1, media=WITH_EVENTS, way="sendrecv")
    kind = "Contact: <sip:[local_ip]:[local_port]>\nContent-Type: application/sdp\nContent-Length: [len]\n\n"
    ok = send(f"SIP/2.0 200 OK\n{TAGGED}{kind}{body}")
    rings = f'<recv request="CANCEL" timeout="{max(1, int(after * 1000))}" ontimeout="1" next="2"/>\n'
    talks = '<recv request="CANCEL" optional="true" next="3"/>\n<recv request="ACK"/>\n'
    late = [said("200 OK"), '<recv request="ACK"/>\n', '<recv request="BYE"/>\n', said("200 OK")]
    end = [*(then or ('<recv request="BYE"/>\n', said("200 OK"))), '<nop next="9"/>\n']
    answered = ['<label id="1"/>\n', ok, talks, *end]
    given_up = ['<label id="2"/>\n', *_cancelled(), '<nop next="9"/>\n', '<label id="3"/>\n', *late]
    return scenario(
        [INVITED, said("180 Ringing", tag=True), rings, *answered, *given_up, '<label id="9"/>\n']
    )


def _cancelled() -> list[str]:
    """What a telephone answers to a CANCEL."""
    first = TAGGED.replace("[last_CSeq:]", "CSeq: [$first] INVITE")
    ended = send(f"SIP/2.0 487 Request Terminated\n{first}Content-Length: 0\n", again=False)
    return [said("200 OK"), ended, '<recv request="ACK"/>\n']


def hangs_up(after: float) -> list[str]:
    """What an answered telephone does then."""
    bye = """BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:person@[local_ip]:[local_port]>;tag=[pid]a[call_number]
To: [$other]
Call-ID: [call_id]
CSeq: 1 BYE
Max-Forwards: 70
Content-Length: 0
"""
    return [pause(int(after * 1000)), send(bye), '<recv response="200"/>\n']


def refuses(code: str) -> str:
    """A telephone that is not answered: `486 Busy Here`, `404 Not Found`."""
    no = send(f"SIP/2.0 {code}\n{TAGGED}Content-Length: 0\n")
    return scenario(['<recv request="INVITE"/>\n', no, '<recv request="ACK"/>\n'])


def rings_on() -> str:
    """A telephone that nobody answers, until the other side gives up."""
    rings = [INVITED, said("180 Ringing", tag=True), '<recv request="CANCEL"/>\n']
    return scenario([*rings, *_cancelled()])


def said(status: str, *, tag: bool = False) -> str:
    back = TAGGED if tag else BACK.format(tag="")
    kind = "Contact: <sip:[local_ip]:[local_port]>\nContent-Length: 0\n"
    return send(f"SIP/2.0 {status}\n{back}{kind}", again=False)


def scenario(steps: Sequence[str]) -> str:
    head = '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="person">\n'
    return f"{head}{''.join(steps)}</scenario>\n"


class Person:
    """One sipp: somebody who rings (`to` a number), or a telephone at `port`."""

    def __init__(
        self,
        folder: Path,
        script: str,
        *,
        sip_port: int,
        to: str = "",
        port: int = 0,
        calls: int = 1,
        rate: int = 10,
    ) -> None:
        self._name = f"{to or port}-{time.monotonic_ns()}"
        self._folder = folder
        path = folder / f"{self._name}.xml"
        path.write_text(script)
        out, errors = (folder / f"{self._name}.{kind}" for kind in ("out", "errors"))
        ports = ("-p", str(port or free_udp_port()), "-mp", str(free_udp_port(even=True)))
        target = (f"127.0.0.1:{sip_port}", "-s", to) if to else ()
        command = ["sipp", *target, "-sf", str(path), "-i", "127.0.0.1", "-mi", "127.0.0.1", *ports]
        command += ["-m", str(calls), "-r", str(rate), "-nostdin", "-trace_err", "-error_file", str(errors)]
        if EACH in script:
            numbers = folder / f"{self._name}.csv"
            numbers.write_text("SEQUENTIAL\n" + "".join(f"+{FIRST + n};\n" for n in range(calls)))
            command += ["-inf", str(numbers)]
        command += ["-timeout", f"{DEADLINE:.0f}s", "-timeout_error"]
        with out.open("wb") as said:
            self._process = subprocess.Popen(command, stdout=said, stderr=said, stdin=subprocess.DEVNULL)
        if port:  # one that is rung: who rings before it listens would hear nothing
            wait_until(lambda: self.is_done or hears(port), name="the telephone")

    @property
    def is_done(self) -> bool:
        return self._process.poll() is not None

    @property
    def went_well(self) -> bool:
        """Whether the whole scenario was seen, call for call."""
        return self._process.poll() == 0

    @property
    def errors(self) -> str:
        path = self._folder / f"{self._name}.errors"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""

    def end(self) -> None:
        """Ends at once, without a word to the other side."""
        self._process.kill()
        self._process.wait()


def hears(port: int) -> bool:
    """Whether somebody listens at this UDP port of this machine."""
    listed = Path("/proc/net/udp").read_text("ascii").splitlines()[1:]
    return any(line.split()[1].endswith(f":{port:04X}") for line in listed)
