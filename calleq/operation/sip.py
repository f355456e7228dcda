"""What an operator is shown of SIP: which telephones are registered, how trunks are."""

from collections.abc import Iterable

import msgspec

from calleq.gateway.gateway import Gateway
from calleq.gateway.trunks import PeerView
from calleq.network import Network
from calleq.units import SECOND_US


class ContactView(msgspec.Struct, frozen=True):
    """Where a telephone is."""

    contact: str
    """The URI that it registered."""
    source: str
    """Where its REGISTER came from, and its calls are sent to."""
    expires_s: int


class SipLineView(msgspec.Struct, frozen=True):
    """One line whose telephone registers."""

    switch: str
    line: str
    username: str
    contacts: tuple[ContactView, ...]
    calls: int


class SipTrunkView(msgspec.Struct, frozen=True):
    """One trunk."""

    switch: str
    trunk: str
    calls: int
    channels: int
    peers: tuple[PeerView, ...]


class SipView(msgspec.Struct, frozen=True):
    """The SIP of one process, or of all."""

    lines: list[SipLineView]
    trunks: list[SipTrunkView]


def sip_of(network: Network) -> SipView:
    """The gateways of a process."""
    gateways = network.gateways.values()
    return SipView(
        [line for gateway in gateways for line in _lines(gateway)],
        [trunk for gateway in gateways for trunk in _trunks(gateway)],
    )


def _lines(gateway: Gateway) -> Iterable[SipLineView]:
    now_us = gateway.now_us()
    for username, number in gateway.subscribers.usernames.items():
        contacts = tuple(
            ContactView(
                str(one.uri),
                f"{one.source.transport} {one.source.host}:{one.source.port}",
                (one.until_us - now_us) // SECOND_US,
            )
            for one in gateway.subscribers.contacts(number, now_us)
        )
        yield SipLineView(gateway.name, number, username, contacts, gateway.calls_on(number))


def _trunks(gateway: Gateway) -> Iterable[SipTrunkView]:
    for trunk in gateway.trunks.values():
        calls = gateway.calls_on(trunk.name)
        channels = trunk.trunk.channels
        yield SipTrunkView(gateway.name, trunk.name, calls, channels, tuple(trunk.views()))
