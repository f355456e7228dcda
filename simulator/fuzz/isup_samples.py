"""Valid ISUP messages of every type, and a valid value of every typed parameter.

What mutations start from, and what the oracles are asked about. Each message is there bare, with
every optional parameter that it may carry (one at a time), and with many at once.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from calleq.ss7.isup import ansi, optional
from calleq.ss7.isup import messages as m
from calleq.ss7.isup import optional_types as t
from calleq.ss7.isup.permitted import PERMITTED
from calleq.ss7.isup.values import Cause, CircuitState, Other, RangeStatus, range_status

TOGETHER_OCTETS = 180
"""Optional parameters of the messages that carry many."""

_ABROAD = t.Number("442079460123", presentation=0, screening=3)
_HOME = t.Number("2125550175", nature=3)
_FORWARDER = t.Number("442079460123", presentation=1)
_WITHHELD = t.Number("", presentation=2)

VALUES: dict[int, tuple[t.Contents, ...]] = {
    0x01: (t.CallReference(0x010203, 1000),),
    0x03: (
        (t.Element(0x1E, b"\x82\x83"), t.Element(0xA1, None), t.Element(0x7C, b"\x80\x90\xa3")),
        (t.Element(0x7D, b"\x91\x81"),),
    ),
    0x05: ("43", "7"),
    0x08: (t.OptionalForwardCall(2, 0, 1), t.OptionalForwardCall(segmented=1)),
    0x09: (10,),
    0x0A: (_ABROAD, t.Number("2125550175", 3, flag=1, presentation=1, screening=1)),
    0x0B: (_FORWARDER, _HOME),
    0x0C: (_HOME, t.Number("12125550175", flag=1)),
    0x0D: (t.ConnectionRequest(77, 1000, 3, 8),),
    0x11: (0x1604,),
    0x12: (Cause(17), Cause(1, 4, 0, b"\x80"), Cause(97, 2, 0, b"\xf8")),
    0x13: (t.Redirection(3, 1, 2, 1), t.Redirection(4, 0, 1, 15)),
    0x1A: (t.ClosedUserGroup("0211", 1234),),
    0x1D: (t.UserService(0, layers=b"\xa3"), t.UserService(8, 0, 24, 0, 6), t.UserService(16)),
    0x1E: (1000,),
    0x20: (t.UserToUser(4, b"hello"), t.UserToUser(0, bytes(range(40)))),
    0x21: (_HOME, _ABROAD, _WITHHELD),
    0x23: (t.NetworkDigits("288", 2, 1), t.NetworkDigits("0123", 3, 0)),
    0x25: (t.CircuitMap(1, 0x3F),),
    0x27: (1, 2),
    0x28: (_FORWARDER, _WITHHELD),
    0x29: (t.OptionalBackwardCall(in_band=1), t.OptionalBackwardCall(0, 1, 1, 1)),
    0x2A: (t.UserToUserIndicators(0, 2, 1, 3), t.UserToUserIndicators(1, 2, 0, 0, 1)),
    0x2B: (300,),
    0x2C: (0x60, 3),
    0x2D: (250,),
    0x2E: (0, 1),
    0x2F: (b"\x02\xa0\x81\x05",),
    0x30: (t.UserService(17, layers=b"\xa5"),),
    0x31: (40,),
    0x32: (b"\x91\xa1\x05\x02\x01\x01\x02\x01",),
    0x33: ((1, 124),),
    0x34: (t.UserTeleservice(1), t.UserTeleservice(0x5E, 1)),
    0x35: (3,),
    0x36: (t.CallDiversion(3, 2),),
    0x37: (t.EchoControl(1, 2, 0, 2),),
    0x38: (t.MessageInstructions(1, 0, 1, 1), t.MessageInstructions(more=b"\x00\x80")),
    0x39: (
        (t.ParameterInstructions(0xF0, 1, 0, 1, 0, 1, 2),),
        (t.ParameterInstructions(0x65, more=b"\x81"), t.ParameterInstructions(0x66, 0, 1)),
    ),
    0x3A: (t.Mlpp(2, "0211", 0x010203),),
    0x3B: (t.Identification(1, 1),),
    0x3C: (t.Identification(1),),
    0x3D: (20,),
    0x3E: (3,),
    0x3F: (t.Number("12125550175", flag=1, screening=3), _WITHHELD),
    0x40: (1,),
    0x43: (9,),
    0x44: (t.LoopPrevention(0), t.LoopPrevention(1, 2)),
    0x45: (_HOME,),
    0x4B: (1,),
    0x4C: (t.ForwardGvns("1234", "567", "12125550100"),),
    0x4D: (2,),
    0x4E: (3,),
    0x5B: (1,),
    0x65: (b"\x12\x34",),
    0x66: (b"\x01\x02\x03",),
    0x6E: (1,),
    0x6F: (_HOME,),
    0x70: (2,),
    0x71: (b"\x01\x02",),
    0x72: (1,),
    0x73: (b"ABC Company",),
    0x74: (t.DetectionAction(1, 1),),
    0x75: (t.DetectionAction(0, 1),),
    0x77: (3,),
    0x78: (
        t.ApplicationTransport(3, b"\x01\x02\x03"),
        t.ApplicationTransport(2, b"", 1, 1, 0, 2, 9),
    ),
    0x79: (1,),
    0x7A: (1,),
    0x7B: (t.PivotCapability(2, 1),),
    0x7C: (1,),
    0x7D: (_HOME,),
    0x7F: (_FORWARDER,),
    0x81: (t.GeodeticLocation(0, bytes(6)), t.GeodeticLocation(1, bytes(8), 1, 3)),
    0x82: (_HOME,),
    0x84: (t.RoutingNumber("12345", 1, 2),),
    0x85: (1,),
    0x86: (1,),
    0x87: (4,),
    0x88: ((t.Tagged(1, b"\x02"), t.Tagged(2, b"")),),
    0x89: ((t.Tagged(1, b"\x02\x03"),),),
    0x8A: (2,),
    0x8B: ((t.Tagged(1, b"\x02"),),),
    0x8C: ((t.Tagged(1, b"\x02"), t.Tagged(3, b"\x01")),),
    0x8D: (2,),
    0xC0: (t.GenericNumber(6, _HOME), t.GenericNumber(5, _ABROAD)),
    0xC1: (t.GenericDigits(2, 0, b"\x21\x43"),),
    0xC5: (t.NetworkDigits("0288", 2, 2),),
    0xC7: (t.GenericName("ABC COMPANY"), t.GenericName("", 1, 1, 2)),
    0xEA: (23,),
    0xEB: (t.Number("2125550100", 3, 1),),
    0xEE: (1,),
}
"""Contents to be found in real networks, of every typed parameter and of some raw ones."""

_CALLED = m.CalledNumber("12125550143")
_CALLING = m.CallingNumber("12125550100")
_GROUP = range_status(5, 12, [5, 7, 16])

PLAIN: tuple[m.Message, ...] = (
    m.Iam(17, _CALLED, _CALLING),
    m.Iam(4095, m.CalledNumber("5550143", 3), None, 0x05, 0x2001, 10, 0),
    m.Sam(17, "43f"),
    m.Sam(17, "7"),
    m.Inr(17, 0x0900),
    m.Inf(17, 0xA300),
    m.Cot(17),
    m.Cot(17, 0),
    m.Acm(17, 0x1604),
    m.Acm(17, 0x1204, Cause(31)),
    m.Con(17, 0x1604),
    m.Fot(17),
    m.Anm(17),
    m.Rel(17, Cause(17)),
    m.Rel(17, Cause(1, 4, diagnostics=b"\x80")),
    m.Sus(17, 1),
    m.Res(17, 1),
    m.Rlc(17),
    m.Rlc(17, Cause(127, 10)),
    m.Ccr(17),
    m.Rsc(17),
    m.Blo(17),
    m.Ubl(17),
    m.Bla(17),
    m.Uba(17),
    m.Grs(5, RangeStatus(11)),
    m.Gra(5, _GROUP),
    m.Cgb(5, 0, _GROUP),
    m.Cgu(5, 1, _GROUP),
    m.Cgba(5, 0, _GROUP),
    m.Cgua(5, 1, _GROUP),
    m.Far(17),
    m.Faa(17),
    m.Frj(17, 2, Cause(29)),
    m.Lpa(17),
    m.Drs(17, Cause(16)),
    m.Pam(17, 0x08, b"\x00"),
    m.Cqm(5, RangeStatus(2)),
    m.Cqr(5, RangeStatus(2), (CircuitState(), CircuitState(1, 1, 2), CircuitState(0, 3))),
    m.Cpg(17, 1),
    m.Cpg(17, 0x83, Cause(17)),
    m.Usr(17, b"\x04hello"),
    m.Ucic(17),
    m.Cfn(17, Cause(97, diagnostics=b"\xf8")),
    m.Olm(17),
    m.Crg(17, b"\x01\x02"),
    m.Nrm(17),
    m.Fac(17),
    m.Upt(),
    m.Upa(),
    m.Idr(17),
    m.Irs(17),
    m.Sgm(17),
    m.Lop(17),
    m.Apm(17),
    m.Pri(17),
    m.Sdn(17),
    m.Unknown(17, 0xF8, bytes.fromhex("01380185 00".replace(" ", ""))),
)
"""One message of every type or more, without optional parameters."""

ANSI_PLAIN: tuple[m.Message, ...] = (
    m.Iam(9000, _CALLED, _CALLING, other=((0x1D, b"\x80\x90\xa2"),), medium=0),
    m.Crm(9000, 4),
    m.Cra(9000),
    m.Cvt(9000),
    m.Cvr(9000, 0, 0x54, ((0xE8, b"TRUNK 7"),)),
    m.Exm(9000, ((0xE7, b"\x12\x34"),)),
    m.Fot(9000, ((0x01, optional.contents(0x01, t.CallReference(1, 0x010203, 3))),)),
)
"""What ANSI has beside, or in another form."""


def octets_of(code: int) -> tuple[bytes, ...]:
    """The samples of a parameter, encoded."""
    return tuple(optional.contents(code, value) for value in VALUES.get(code, ()))


def with_parameters() -> Iterator[m.Message]:
    """One of each type with each optional parameter that it may carry, and with many at once."""
    first_of = {type(message): message for message in reversed(PLAIN)}
    for message in reversed(first_of.values()):
        fields = message.__struct_fields__
        own = {0x0A} if isinstance(message, m.Iam) else {0x12} if "cause" in fields else set()
        codes = sorted(PERMITTED.get(type(message), frozenset()) - own)
        together: Other = ()
        size = 0
        for code in codes:
            for contents in octets_of(code):
                yield replace(message, other=((code, contents),))
            first = octets_of(code)[:1]
            if first and size + len(first[0]) + 2 <= TOGETHER_OCTETS:
                together += ((code, first[0]),)
                size += len(first[0]) + 2
        if len(together) > 1:
            yield replace(message, other=together)


def ansi_form(messages: Iterable[m.Message]) -> list[m.Message]:
    """Those that ANSI has too, in the form that it has."""
    return [
        m.Rlc(message.cic) if isinstance(message, m.Rlc) else message
        for message in messages
        if type(message) in ansi.WRITERS
    ]


def every_message() -> list[m.Message]:
    """All of the above, ITU."""
    return [*PLAIN, *with_parameters()]
