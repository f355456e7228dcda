"""Yate as a far exchange: its configuration, its media gateway, and what it is told to do.

The binary is named by CALLEQ_YATE; it may lie in its build tree or be installed. Its modules are
looked for around it. Nothing here builds it.

Yate takes its voice circuits from a media gateway that it controls over MGCP; the one here agrees
to everything and carries no voice. Yate is told what to do over its remote manager.
"""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading
import time

MODULES = (
    "callgen.yate",
    "dumbchan.yate",
    "mgcpca.yate",
    "regexroute.yate",
    "rmanager.yate",
    "sigtransport.yate",
    "yrtpchan.yate",
    "ysigchan.yate",
)
READY_WITHIN_S = 20.0
LOOK_EVERY_S = 0.05


def yate() -> pathlib.Path | None:
    """The binary, None where there is none."""
    named = os.environ.get("CALLEQ_YATE") or shutil.which("yate")
    return pathlib.Path(named).resolve() if named and pathlib.Path(named).exists() else None


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nobody has just now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class MediaGateway(threading.Thread):
    """Answers every MGCP command with 200 (RFC 3435 §3.2)."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.connections = 0

    def run(self) -> None:
        while True:
            try:
                data, sender = self.socket.recvfrom(65_536)
            except OSError:
                return
            for command in re.findall(r"^([A-Z]{4}) (\d+) ", data.decode(), re.MULTILINE):
                self.socket.sendto(self._answer(*command).encode(), sender)

    def _answer(self, verb: str, transaction: str) -> str:
        lines = [f"200 {transaction} OK"]
        if verb == "CRCX":
            self.connections += 1
            lines += [f"I: {self.connections}", "", "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-"]
            lines += ["c=IN IP4 127.0.0.1", "t=0 0", "m=audio 40000 RTP/AVP 8 0"]
        return "".join(f"{line}\r\n" for line in lines)


class Yate:
    """A running Yate: exchange `own` (a point code) that knows the exchange `far`."""

    def __init__(
        self,
        place: pathlib.Path,
        own: str,
        far: str,
        *,
        listens: bool = True,
        point_codes: str = "ITU",
    ) -> None:
        """`place` keeps configuration and log. It listens for M2PA, or connects, on `port`.

        `point_codes` is its name for the variant: `ITU`, or `ANSI8` (8 bits of link selection).
        """
        binary = yate()
        assert binary is not None
        self.binary = binary
        self.place = place
        self.own = own
        self.far = far
        self.point_codes = point_codes
        self.listens = listens
        self.port = free_port()
        self.manager_port = free_port()
        self.gateway = MediaGateway()
        self.process: subprocess.Popen[bytes] | None = None
        self.log = place / "yate.log"
        place.mkdir(parents=True, exist_ok=True)
        self._take_modules()
        self._configure()

    def __enter__(self) -> "Yate":
        self.gateway.start()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.gateway.socket.close()

    def start(self) -> None:
        """Begin; returns when its manager answers."""
        libraries = [str(self.binary.parent), str(self.binary.parent.parent / "lib")]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    str(self.binary),
                    "-c",
                    str(self.place),
                    "-m",
                    str(self.place / "modules"),
                    "-vvvv",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "LD_LIBRARY_PATH": ":".join(libraries)},
                cwd=self.place,
            )
        end = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                self.told("status")
                return
            except OSError:
                assert self.process.poll() is None, self.log.read_text(errors="replace")
                assert time.monotonic() < end, "its manager does not answer"
                time.sleep(LOOK_EVERY_S)

    def stop(self) -> None:
        """End it at once, as a machine that loses power."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def told(self, command: str) -> str:
        """What it answers to a command of its manager."""
        with socket.create_connection(("127.0.0.1", self.manager_port), timeout=5) as manager:
            manager.sendall(f"{command}\r\nquit\r\n".encode())
            answer = b""
            while more := manager.recv(65_536):
                answer += more
        return answer.decode(errors="replace")

    def said(self, text: str, within_s: float = READY_WITHIN_S) -> None:
        """Wait until the text is in its log."""
        end = time.monotonic() + within_s
        while text not in self.log.read_text(errors="replace"):
            assert time.monotonic() < end, f"{text!r} is not in {self.log}"
            time.sleep(LOOK_EVERY_S)

    def version(self) -> str:
        """What it says of itself."""
        done = subprocess.run(
            [str(self.binary), "--version"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LD_LIBRARY_PATH": str(self.binary.parent)},
        )
        return done.stdout.strip()

    def call(self, called: str) -> str:
        """It calls a number of the far exchange from one of its circuits."""
        self.told(f"callgen set called={called}")
        return self.told("callgen single")

    def _take_modules(self) -> None:
        modules = self.place / "modules"
        modules.mkdir(exist_ok=True)
        roots = (self.binary.parent, self.binary.parent.parent / "lib" / "yate")
        for name in MODULES:
            found = [path for root in roots if root.is_dir() for path in root.rglob(name)]
            assert found, f"{name} is not near {self.binary}"
            if not (modules / name).exists():
                (modules / name).symlink_to(found[0])

    def _configure(self) -> None:
        for name, sections in self.configuration().items():
            lines = []
            for section, values in sections.items():
                lines.append(f"[{section}]")
                lines += [f"{key}={value}" for key, value in values]
            (self.place / f"{name}.conf").write_text("\n".join(lines) + "\n")

    def configuration(self) -> dict[str, dict[str, list[tuple[str, str]]]]:
        """Its files, each a dictionary of sections."""
        address = f"127.0.0.1:{self.port}"
        transport = [("type", "tcp"), ("stream", "true")]
        if self.listens:
            transport += [("endpoint", "false"), ("local", address)]
        else:
            transport += [("endpoint", "true"), ("remote", address)]
        return {
            "yate": {
                "general": [("modload", "enable")],
                "modules": [],
            },
            "rmanager": {
                "general": [
                    ("port", str(self.manager_port)),
                    ("addr", "127.0.0.1"),
                    ("telnet", "no"),
                    ("echoing", "no"),
                    ("color", "no"),
                ]
            },
            "sigtransport": {"m2pa1": transport},
            "ysigchan": {
                "link1": [("type", "ss7-m2pa"), ("sig", "m2pa1"), ("autostart", "yes")],
                "linkset1": [
                    ("type", "ss7-mtp3"),
                    ("netind2pctype", self.point_codes),
                    ("netindicator", "national"),
                    ("local", f"{self.point_codes},{self.own}"),
                    ("adjacent", f"{self.point_codes},{self.far}"),
                    ("link", "link1"),
                ],
                "ss7router": [
                    ("type", "ss7-router"),
                    ("local", f"{self.point_codes},{self.own}"),
                    ("starttime", "5000"),
                ],
                "isup1": [
                    ("type", "ss7-isup"),
                    ("pointcodetype", self.point_codes),
                    ("defaultpointcode", self.own),
                    ("remotepointcode", self.far),
                    ("netindicator", "national"),
                    ("voice", "trunk1"),
                    ("offset", "1"),
                    ("numplan", "isdn"),
                    ("numtype", "international"),
                    ("format", "alaw"),
                    ("print-messages", "yes"),
                    ("strategy", "highest"),
                ],
            },
            "mgcpca": {
                "engine": [("address", "127.0.0.1"), ("port", str(free_port(socket.SOCK_DGRAM)))],
                "gw trunk1": [
                    ("user", "ds1-1/1"),
                    ("host", "127.0.0.1"),
                    ("address", "127.0.0.1"),
                    ("port", str(self.gateway.port)),
                    ("chans", "30"),
                ],
            },
            "callgen": {"parameters": [("caller", "12125550801"), ("maxlife", "0")]},
            "regexroute": {
                "default": [
                    (r"^\+\?1212555080[0-9]$", "dumb/;autoring=yes;autoanswer=yes"),
                    (r"^121255501[0-9][0-9]$", r"sig/\0;trunk=isup1"),
                ]
            },
        }
