"""The network that set-ups are measured on: two switches, a peripheral, and lines of SIP."""

import socket
from collections.abc import Iterator

from calleq.cli.bench_fleet import Fleet, FleetTelephone

BUSINESS, PASSWORD = "bench", "bench-demo"
CUSTOMERS, NEAR, FAR = 12_123_000_000, 12_124_000_000, 12_125_000_000
"""First numbers of customers (at the first switch), and of representatives at either switch."""
CIRCUITS = 2_000
_HOST = "127.0.0.1"

_HEAD = """
name = "bench"
country_code = "1"

# The same telephones are called over and over, as fast as it goes.
[guards]
test_numbers = ["+1212"]

[access_server]
name = "server-72"
numeral = "72"
equipment_address = "server-72.calleq.example"
switch = "ssp-62"

[[switches]]
name = "ssp-62"
numeral = "62"
point_code = "2-62-1"
prefixes = ["+12123", "+12124"]
sip = { listen = "HOST:NEAR_PORT" }

[[switches]]
name = "ssp-64"
numeral = "64"
point_code = "2-64-1"
prefixes = ["+12125"]
sip = { listen = "HOST:FAR_PORT" }

[[peripherals]]
name = "ip-76"
numeral = "76"
point_code = "2-76-1"
switch = "ssp-62"

[[links]]
ends = ["ssp-62", "ssp-64"]
delay_us = 0
[[links]]
ends = ["ip-76", "ssp-62"]
delay_us = 0

[[trunks]]
name = "76-62"
ends = ["ip-76", "ssp-62"]
circuits = CIRCUITS
[[trunks]]
name = "62-64"
ends = ["ssp-62", "ssp-64"]
circuits = CIRCUITS

# No distances: what is measured is what the elements do.
[timing]
osn_delay_us = 0

[[businesses]]
identifier = "BUSINESS"
password = "PASSWORD"
name = "Bench"
number = "+12123000000"
"""

_LINE = """
[[lines]]
number = "+{number}"
access = "sip"
password = "{password}"
"""


def network_text(lines: int, ports: tuple[int, int]) -> str:
    """The topology file: so many customers, and as many representatives at each switch."""
    head = _HEAD
    for word, value in (
        ("NEAR_PORT", ports[0]),
        ("FAR_PORT", ports[1]),
        ("HOST", _HOST),
        ("CIRCUITS", CIRCUITS),
        ("BUSINESS", BUSINESS),
        ("PASSWORD", PASSWORD),
    ):
        head = head.replace(word, str(value))
    return head + "".join(
        _LINE.format(number=number, password=_password(number)) for number in _numbers(lines)
    )


def fleet(
    lines: int, ports: tuple[int, int], *, first: int, voices: bool, hangs_up_s: float
) -> Fleet:
    """The customers' telephones, and the representatives' from `first` on, who hang up after
    `hangs_up_s`."""
    return Fleet(
        tuple(
            FleetTelephone(
                str(number),
                _password(number),
                _HOST,
                ports[number >= FAR],
                speaks=voices and number < NEAR,
                hangs_up_s=0.0 if number < NEAR else hangs_up_s,
            )
            for start in (CUSTOMERS, first)
            for number in range(start + 1, start + 1 + lines)
        ),
        voices,
    )


def free_ports() -> tuple[int, int]:
    """Two ports that are free now."""
    with socket.socket() as one, socket.socket() as other:
        one.bind((_HOST, 0))
        other.bind((_HOST, 0))
        return one.getsockname()[1], other.getsockname()[1]


def _numbers(lines: int) -> Iterator[int]:
    for first in (CUSTOMERS, NEAR, FAR):
        yield from range(first + 1, first + 1 + lines)


def _password(number: int) -> str:
    return f"line-{number % 10_007}"
