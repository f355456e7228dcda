"""The messages by which level 3 manages the signalling network, typed (Q.704 §15, Q.707 §2).

Owns signalling network management and link tests of both variants; `mtp3_management_codec` turns
them into units. Clauses are of Q.704 where nothing else is said. `slc` is the signalling link code;
destinations are point codes.
"""

import msgspec


class _OfLink(msgspec.Struct, frozen=True):
    slc: int


class _OfDestination(msgspec.Struct, frozen=True):
    destination: int


class Coo(_OfLink, frozen=True):
    """Changeover order: the number of the last unit accepted from the failed link (§15.4)."""

    fsn: int


class Coa(_OfLink, frozen=True):
    """Changeover acknowledgement (§15.4)."""

    fsn: int


class Xco(_OfLink, frozen=True):
    """Extended changeover order, for links with 24-bit numbers such as M2PA's (§15.4)."""

    fsn: int


class Xca(_OfLink, frozen=True):
    """Extended changeover acknowledgement (§15.4)."""

    fsn: int


class Cbd(_OfLink, frozen=True):
    """Changeback declaration (§15.5)."""

    code: int


class Cba(_OfLink, frozen=True):
    """Changeback acknowledgement (§15.5)."""

    code: int


class Eco(_OfLink, frozen=True):
    """Emergency changeover order (§15.6)."""


class Eca(_OfLink, frozen=True):
    """Emergency changeover acknowledgement (§15.6)."""


class Rct(msgspec.Struct, frozen=True):
    """Signalling route set congestion test (§15.10)."""


class Tfc(_OfDestination, frozen=True):
    """Transfer controlled: traffic to that destination is congested (§15.8)."""

    status: int = 0
    """Congestion status, 1 to 3; 0 where there are no levels."""


class Tfp(_OfDestination, frozen=True):
    """Transfer prohibited (§15.7)."""


class Tfr(_OfDestination, frozen=True):
    """Transfer restricted, national option (§15.7)."""


class Tfa(_OfDestination, frozen=True):
    """Transfer allowed (§15.7)."""


class Tcp(_OfDestination, frozen=True):
    """Transfer cluster prohibited (T1.111.4 §15.7, ANSI only)."""


class Tcr(_OfDestination, frozen=True):
    """Transfer cluster restricted (T1.111.4 §15.7, ANSI only)."""


class Tca(_OfDestination, frozen=True):
    """Transfer cluster allowed (T1.111.4 §15.7, ANSI only)."""


class Rst(_OfDestination, frozen=True):
    """Signalling route set test for a prohibited destination (§15.9); ANSI calls it RSP."""


class Rsr(_OfDestination, frozen=True):
    """Signalling route set test for a restricted destination (§15.9)."""


class Rcp(_OfDestination, frozen=True):
    """Route set test for a prohibited cluster (T1.111.4 §15.9, ANSI only)."""


class Rcr(_OfDestination, frozen=True):
    """Route set test for a restricted cluster (T1.111.4 §15.9, ANSI only)."""


class Lin(_OfLink, frozen=True):
    """Link inhibit (§15.13)."""


class Lun(_OfLink, frozen=True):
    """Link uninhibit (§15.13)."""


class Lia(_OfLink, frozen=True):
    """Link inhibit acknowledgement (§15.13)."""


class Lua(_OfLink, frozen=True):
    """Link uninhibit acknowledgement (§15.13)."""


class Lid(_OfLink, frozen=True):
    """Link inhibit denied (§15.13)."""


class Lfu(_OfLink, frozen=True):
    """Link forced uninhibit (§15.13)."""


class Llt(_OfLink, frozen=True):
    """Link local inhibit test (§15.13)."""


class Lrt(_OfLink, frozen=True):
    """Link remote inhibit test (§15.13)."""


class Tra(msgspec.Struct, frozen=True):
    """Traffic restart allowed (§15.12)."""


class Trw(msgspec.Struct, frozen=True):
    """Traffic restart waiting (T1.111.4 §15.12, ANSI only)."""


class Dlc(_OfLink, frozen=True):
    """Signalling data link connection order (§15.11)."""

    data_link: int


class Css(_OfLink, frozen=True):
    """Connection successful (§15.11)."""


class Cns(_OfLink, frozen=True):
    """Connection not successful (§15.11)."""


class Cnp(_OfLink, frozen=True):
    """Connection not possible (§15.11)."""


class Upu(_OfDestination, frozen=True):
    """User part unavailable (§15.14.2): the destination is the node whose user part it is."""

    user: int
    """Service indicator of the user part."""
    cause: int = 0
    """0 unknown, 1 unequipped remote user, 2 inaccessible remote user."""


class Sltm(_OfLink, frozen=True):
    """Signalling link test message (Q.707 §2.2)."""

    pattern: bytes


class Slta(_OfLink, frozen=True):
    """Signalling link test acknowledgement (Q.707 §2.2): the same pattern."""

    pattern: bytes


class UnknownManagement(msgspec.Struct, frozen=True):
    """A management message whose heading nobody knows; `body` is every octet after it."""

    heading: int
    body: bytes
    selection: int = 0


NetworkMessage = (
    Coo
    | Coa
    | Xco
    | Xca
    | Cbd
    | Cba
    | Eco
    | Eca
    | Rct
    | Tfc
    | Tfp
    | Tfr
    | Tfa
    | Tcp
    | Tcr
    | Tca
    | Rst
    | Rsr
    | Rcp
    | Rcr
    | Lin
    | Lun
    | Lia
    | Lua
    | Lid
    | Lfu
    | Llt
    | Lrt
    | Tra
    | Trw
    | Dlc
    | Css
    | Cns
    | Cnp
    | Upu
    | UnknownManagement
)
TestMessage = Sltm | Slta
Management = NetworkMessage | TestMessage
