"""baresip as a telephone: headless, one account, a tone in its mouth, everything it hears kept.

    with baresip(tmp_path, number="12125550120", ...) as telephone:
        telephone.wait_for("registered")
        ...
        telephone.heard()          # samples of the last call, 8 kHz

A telephone is one process with a folder of its own (config, accounts, what it says and hears). It
answers by itself unless told otherwise. It is started and ended here; ports lie outside those that
the kernel gives away. Commands go to its control port (`hangup`, `dial NUMBER`).
"""

import contextlib
import itertools
import json
import pathlib
import socket
import subprocess
import time
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RATE_HZ = 8_000
PORTS = itertools.count(10_300, 20)
"""Each telephone has twenty: SIP, control, RTP."""
START_LIMIT_S = 10.0
AMPLITUDE = 8_000
PIECE_S = 0.1

Samples = npt.NDArray[np.int16]

_CONFIG = """\
poll_method epoll
sip_listen {host}:{port}
net_interface {host}
call_local_timeout 120
call_max_calls 4
audio_player aubridge,ear
audio_source aufile,{folder}/said.wav
audio_alert aubridge,alert
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports {first}-{last}
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module ctrl_tcp.so
{modules}module_tmp account.so
module_app menu.so
ctrl_tcp_listen {host}:{control}
snd_path {folder}/heard
"""


@dataclass
class Telephone:
    """A baresip that runs."""

    folder: pathlib.Path
    process: subprocess.Popen[bytes]
    port: int
    control: tuple[str, int]

    def log(self) -> str:
        """What it has printed."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def wait_for(self, words: str, limit_s: float = START_LIMIT_S) -> None:
        """Until it has printed the words. Raises AssertionError."""
        until(lambda: words in self.log(), limit_s, lambda: f"no {words!r} in:\n{self.log()}")

    def command(self, command: str, parameters: str = "") -> None:
        """Have it do something: `dial`, `hangup`, `accept`."""
        said = json.dumps({"command": command, "params": parameters}).encode()
        with socket.create_connection(self.control, 5.0) as connection:
            connection.sendall(b"%d:%s," % (len(said), said))
            connection.settimeout(5.0)
            connection.recv(4_096)

    def heard(self) -> Samples:
        """What arrived in its last call that has ended or goes on."""
        files = sorted((self.folder / "heard").glob("dump-*-dec.wav"))
        assert files, f"{self.folder.name} heard nothing; it printed:\n{self.log()}"
        return read_samples(files[-1])


def read_samples(path: pathlib.Path) -> Samples:
    """The samples of a WAV file, also while it is being written."""
    data = path.read_bytes()
    at = data.find(b"data") + 8
    octets = data[at : at + (len(data) - at) // 2 * 2]
    return np.frombuffer(octets, dtype="<i2").astype(np.int16)


def write_tone(path: pathlib.Path, hz: int, seconds: float = 60.0) -> None:
    """A tone as a WAV file at 8 kHz."""
    instants = np.arange(int(RATE_HZ * seconds)) / RATE_HZ
    samples = (AMPLITUDE * np.sin(2 * np.pi * hz * instants)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())


def share_of_tone(samples: Samples, hz: int) -> list[float]:
    """For each tenth of a second, how much of its power lies within 20 Hz of the tone."""
    length = int(RATE_HZ * PIECE_S)
    shares = []
    for at in range(0, len(samples) - length + 1, length):
        power = np.abs(np.fft.rfft(samples[at : at + length].astype(float))) ** 2
        near = np.abs(np.fft.rfftfreq(length, 1 / RATE_HZ) - hz) <= 20
        total = float(power.sum())
        loud = float(np.abs(samples[at : at + length]).max()) > AMPLITUDE / 20
        shares.append(float(power[near].sum()) / total if loud else 0.0)
    return shares


def seconds_of_tone(samples: Samples, hz: int, least: float = 0.8) -> float:
    """How long the tone is heard, nearly alone."""
    return PIECE_S * sum(share >= least for share in share_of_tone(samples, hz))


def until(
    holds: Callable[[], bool], limit_s: float, otherwise: Callable[[], str] = lambda: "too late"
) -> None:
    """Wait for something that other processes bring about. Raises AssertionError."""
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end, otherwise()
        time.sleep(0.02)


@contextlib.contextmanager
def baresip(
    folder: pathlib.Path,
    *,
    username: str,
    password: str,
    domain: str,
    server: str,
    tone_hz: int,
    answers: bool = True,
    transport: str = "udp",
    more: str = "",
    modules: tuple[str, ...] = (),
    host: str = "127.0.0.1",
    codecs: str = "pcmu,pcma",
    registers: bool = True,
) -> Iterator[Telephone]:
    """A telephone registered, or trying to, at `server` (HOST:PORT); `more` are parameters of its
    account, `modules` further ones of baresip (`srtp`). One that does not register is called by its
    address."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "heard").mkdir(exist_ok=True)
    write_tone(folder / "said.wav", tone_hz)
    first = next(PORTS)
    config = _CONFIG.format(
        folder=folder,
        host=host,
        port=first,
        control=first + 2,
        first=first + 4,
        last=first + 18,
        modules="".join(f"module {name}.so\n" for name in modules),
    )
    (folder / "config").write_text(config)
    mode = "auto" if answers else "manual"
    (folder / "accounts").write_text(
        f"<sip:{username}@{domain};transport={transport}>;auth_pass={password}"
        f';outbound="sip:{server};transport={transport}";answermode={mode}'
        f";regint={60 if registers else 0};audio_codecs={codecs}{more}\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["baresip", "-f", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Telephone(folder, process, first, (host, first + 2))
    finally:
        process.terminate()
        try:
            process.wait(5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
