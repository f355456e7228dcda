"""What a user of SCCP (TCAP of one subsystem) and its provider owe each other (Q.711 §6).

One `SccpProvider` serves a node; it has one `SccpUser` for each local subsystem. Times are
monotonic microseconds of the node's clock (`Clock.monotonic_us`).

The provider never calls a user from within a call that the user makes: what follows of a `send` is
told later, in the same instant of the clock. Every calling address that a user is handed can be
answered: where it was routed on subsystem number and had no point code, the origin of the message
has been put in; a calling address that is handed to `send` so gets the node's own point code.
"""

from typing import Protocol

from calleq.ss7.sccp.values import PartyAddress, PointState, ReturnCause, SubsystemState

DATA_LIMIT_OCTETS = 3_952
"""The longest user data: sixteen segments of 247 octets (Q.714 §4.1.1.2.3). Only the shortest of
addresses leave so much room; with a point code and subsystem number in each it is 3888."""


class SccpUser(Protocol):
    """A local subsystem: what SCCP tells it."""

    def unitdata(
        self, called: PartyAddress, calling: PartyAddress, data: bytes, now_us: int
    ) -> None:
        """User data has arrived, whole (N-UNITDATA indication). To answer, swap the addresses."""

    def notice(
        self,
        cause: ReturnCause,
        called: PartyAddress,
        calling: PartyAddress,
        data: bytes,
        now_us: int,
    ) -> None:
        """Data that was sent with `return_on_error` was not delivered (N-NOTICE indication).

        `called` could not be reached, as the node saw it that gave up (perhaps translated already);
        `calling` is this subsystem. `data` may be its first segment alone, where the network gave
        a long one up.
        """

    def subsystem_state(
        self, point_code: int, ssn: int, state: SubsystemState, now_us: int
    ) -> None:
        """A remote subsystem that this node knows of has changed (N-STATE indication)."""

    def point_state(self, point_code: int, state: PointState, now_us: int) -> None:
        """A signalling point with such subsystems has changed (N-PCSTATE indication)."""


class SccpProvider(Protocol):
    """SCCP of one node: what its subsystems may ask."""

    def register(self, ssn: int, user: SccpUser) -> None:
        """Make `user` the local subsystem `ssn` and put it in service (N-STATE request).

        Raises SccpError for a number out of 2 to 254 or already taken.
        """

    def set_in_service(self, ssn: int, in_service: bool) -> None:
        """Take a local subsystem out of service or back (N-STATE request); others are told.

        Raises SccpError where no such subsystem is registered.
        """

    def send(
        self,
        called: PartyAddress,
        calling: PartyAddress,
        data: bytes,
        *,
        return_on_error: bool = True,
        sequence: int | None = None,
    ) -> None:
        """Send user data (N-UNITDATA request); long data is segmented.

        `sequence` given: class 1, all data of the same number to one destination stays in order;
        None: class 0. What cannot be delivered comes back as `notice` where `return_on_error`.
        Raises SccpError for data of no octets or over `DATA_LIMIT_OCTETS`, and for addresses that
        cannot be written; a called address without a way is no error but a `notice`, and so is
        data that sixteen segments do not hold beside the addresses (`SEGMENTATION_FAILURE`).
        """

    def available(self, point_code: int, ssn: int) -> bool:
        """Whether the subsystem, at this node or another, is known to be reachable now."""
