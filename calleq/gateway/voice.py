"""The voice of one call at the gateway: an RTP port at the end of the call's wire.

Owns the port from `take` to `close`, and what descriptions say of it: address, codecs, our SRTP
key. What was agreed becomes the port's plan, and is told to the voice process only where it has
changed, so that a storm of offers costs nothing there.

Odd case: the port was lost with the voice process. Then `close` still tells, with no measure.
"""

import base64
from collections.abc import Callable

from calleq.media.ports import Codec, PortAddress, PortPlan, Ports, Quality, SecureKeys
from calleq.sip.crypto import KEY_OCTETS, Crypto
from calleq.sip.negotiation import Agreed, Local
from calleq.sip.sdp import Direction

SESSION_BITS = 62
"""Of a session's identifier: it has to fit a signed integer of 64 bits everywhere."""
SUITES = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32")

_CODECS: dict[str, Codec] = {"PCMU": "PCMU", "PCMA": "PCMA"}


class CallVoice:
    """One port, and the descriptions that name it."""

    __slots__ = (
        "_address",
        "_crypto",
        "_element",
        "_encrypts",
        "_plan",
        "_ports",
        "_random_bits",
        "_session",
        "_shared",
        "wire",
    )

    def __init__(
        self,
        ports: Ports,
        element: str,
        wire: str,
        random_bits: Callable[[int], int],
        *,
        encrypts: bool = False,
        shared: bool = False,
    ) -> None:
        """`encrypts`: keys may be offered and taken; `shared`: other calls may have its port, whose
        voice is never encrypted."""
        self._encrypts = encrypts and not shared
        self._shared = shared
        self.wire = wire
        self._ports = ports
        self._element = element
        self._random_bits = random_bits
        self._session = random_bits(SESSION_BITS)
        self._address: PortAddress | None = None
        self._crypto: tuple[Crypto, ...] = ()
        self._plan: PortPlan | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a port."""
        return self._address is not None

    @property
    def is_secure(self) -> bool:
        """Whether it was agreed to encrypt."""
        return self._plan is not None and self._plan.keys is not None

    def take(self) -> bool:
        """Take a port; False where none is free."""
        self._address = self._ports.take_port(self._element, self.wire, self._shared)
        return self._address is not None

    def local(self, *, secure: bool = False) -> Local:
        """What we bring to a description; `secure`: with keys where we have any, so that an offer
        is of SAVP and an answer can be."""
        secure = secure and self._encrypts
        address = self._address
        assert address is not None, "a port is taken before it is described"
        if secure and not self._crypto:
            self._crypto = tuple(
                Crypto(tag, suite, self._key(KEY_OCTETS[suite]))
                for tag, suite in enumerate(SUITES, 1)
            )
        return Local(
            session_id=self._session,
            version=1,
            address=address.host,
            port=address.port,
            direction=Direction.SENDRECV,
            crypto=self._crypto if secure else (),
        )

    def plan(self, agreed: Agreed) -> None:
        """Speak as agreed from now on."""
        plan = PortPlan(
            host=agreed.address,
            port=agreed.port,
            codec=_CODECS[agreed.codec],
            payload=agreed.payload,
            event_payload=agreed.event_payload,
            sends=agreed.sends,
            receives=agreed.receives,
            keys=_keys(agreed),
        )
        if self._address is not None and plan != self._plan:
            self._plan = plan
            self._ports.plan_port(self._element, self.wire, plan)

    def close(self, measured: Callable[[Quality | None], object]) -> None:
        """Give the port back; told once what the voice was like, None where there was none."""
        if self._address is None:
            measured(None)
            return
        self._address = None
        planned = self._plan is not None
        self._ports.close_port(
            self._element, self.wire, lambda quality: measured(quality if planned else None)
        )

    def _key(self, octets: int) -> bytes:
        return self._random_bits(8 * octets).to_bytes(octets, "big")


def _keys(agreed: Agreed) -> SecureKeys | None:
    ours, theirs = agreed.our_key, agreed.their_key
    if ours is None or theirs is None:
        return None
    return SecureKeys(
        ours.suite, base64.b64encode(ours.key).decode(), base64.b64encode(theirs.key).decode()
    )
