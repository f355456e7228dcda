"""The grammar of INAP as data: what each parameter is, and where it stands (Q.1218, Q.1228).

Owns tags, bounds and defaults of the shared data types; `operation_layouts` has those of the
operations. Bounds that the standards leave to the network are the constants here, and are its
"network operator specific" ones. Octets of ISUP are read and written by ISUP's own functions.
"""

from calleq.ss7.inap import interaction as i
from calleq.ss7.inap import values as v
from calleq.ss7.inap.errors import Version
from calleq.ss7.inap.layout import (
    Alternative,
    Boolean,
    Choice,
    Choices,
    Enumerated,
    ExtensionField,
    Field,
    Integer,
    Keyed,
    KeyedAlternative,
    Leg,
    ListOf,
    Null,
    Octets,
    OneOf,
    Sequence,
    Tagged,
    Text,
    Wrapped,
)
from calleq.ss7.inap.octets import (
    pack_bcd,
    pack_delimiter,
    pack_octet,
    pack_pair,
    same_octets,
    unpack_bcd,
    unpack_delimiter,
    unpack_octet,
    unpack_pair,
)
from calleq.ss7.isup import numbers, optional, optional_codec, optional_shapes, parameters
from calleq.ss7.isup.optional_types import GenericDigits, GenericNumber, UserService
from calleq.ss7.isup.values import CalledNumber, Cause

CS2 = Version.CS2

NETWORK_OCTETS_LIMIT = 255
"""Longest parameter whose contents are the network operator's."""
NUMBER_OCTETS_LIMIT = 18
SEGMENTS_LIMIT = 127
"""numOfCSs, numOfCSAs."""
LEGS_LIMIT = 127
EVENTS_LIMIT = 30
ADDRESSES_LIMIT = 3
ROUTES_LIMIT = 3
GENERIC_NUMBERS_LIMIT = 5
ITEMS_LIMIT = 5
EXTENSIONS_LIMIT = 10
MESSAGE_IDS_LIMIT = 16
VARIABLE_PARTS_LIMIT = 5
TEXT_LIMIT = 127

INTEGER4 = Integer(0, 2_147_483_647)
SERVICE_KEY = INTEGER4
CALL_SEGMENT = Integer(1, SEGMENTS_LIMIT)
NETWORK = Octets(1, NETWORK_OCTETS_LIMIT, same_octets, same_octets)
"""Octets whose meaning is the network operator's."""
CARRIER = NETWORK
SCF_ID = Octets(2, 20, same_octets, same_octets)
PATTERN = Octets(3, 3, same_octets, same_octets)
OCTET = Octets(1, 1, pack_octet, unpack_octet)
PAIR = Octets(2, 2, pack_pair, unpack_pair)
DISPLAY = Text(1, TEXT_LIMIT)

CALLED = Octets(3, NUMBER_OCTETS_LIMIT, numbers.pack_called, numbers.unpack_called)
CALLING = Octets(2, NUMBER_OCTETS_LIMIT, numbers.pack_calling, numbers.unpack_calling)
NUMBER = Octets(2, NUMBER_OCTETS_LIMIT, optional_codec.pack_number, optional_codec.unpack_number)
GENERIC_NUMBER = Octets(
    3,
    NUMBER_OCTETS_LIMIT + 1,
    optional_codec.pack_generic_number,
    optional_codec.unpack_generic_number,
)
DIGITS = Octets(
    1,
    NETWORK_OCTETS_LIMIT,
    optional_codec.pack_generic_digits,
    optional_codec.unpack_generic_digits,
)
CAUSE = Octets(2, 32, parameters.pack_cause, parameters.unpack_cause)
REDIRECTION = Octets(2, 2, *optional.CODECS[0x13])
TELESERVICE = Octets(
    2, 3, optional_shapes.pack_user_teleservice, optional_shapes.unpack_user_teleservice
)
USER_SERVICE = Octets(2, 11, optional_shapes.pack_user_service, optional_shapes.unpack_user_service)

EXTENSIONS = ListOf(ExtensionField(), 1, EXTENSIONS_LIMIT)
LEG = Leg()
DATE_AND_TIME = Octets(6, 6, pack_bcd, unpack_bcd)


def _spoken(struct: type, octets: int) -> Wrapped:
    return Wrapped(struct, Octets(octets, octets, pack_bcd, unpack_bcd))


MISC_CALL_INFO = Sequence(
    v.MiscCallInfo,
    (
        Field(0, "message_type", Enumerated(v.MessageType), mandatory=True),
        Field(1, "dp_assignment", Choices(0, 2)),
    ),
    extensible=False,
)
SERVICE_INTERACTION = Sequence(
    v.ServiceInteraction,
    (
        Field(2, "bothway_path_not_required", Choices(0, 1)),
        Field(3, "suspend_timer_s", Integer(0, 120)),
        Field(4, "connected_number_treatment", Choices(0, 3)),
        Field(5, "suppress_call_diversion_notification", Boolean()),
        Field(6, "suppress_call_transfer_notification", Boolean()),
        Field(7, "allow_called_number_presentation", Boolean()),
        Field(8, "user_dialogue_may_be_long", Boolean()),
    ),
)
BEARER_CAPABILITY = Choice(
    (
        Alternative(0, (UserService,), USER_SERVICE),
        Alternative(1, (int,), OCTET),
    )
)
EVENT_TYPE = Enumerated(v.EventTypeBCSM)
BCSM_EVENT = Sequence(
    v.BcsmEvent,
    (
        Field(0, "event_type", EVENT_TYPE),
        Field(1, "monitor_mode", Enumerated(v.MonitorMode)),
        Field(2, "leg_id", LEG),
        Field(
            30,
            "criteria",
            OneOf(
                v.DpCriteria,
                (
                    Field(0, "number_of_digits", Integer(1, 255)),
                    Field(1, "application_timer_s", Integer(0, 2047)),
                ),
            ),
        ),
    ),
    extensible=False,
)

_E = v.EventTypeBCSM
_CALLED = (Field(0, "called_party_number", CALLED, mandatory=True),)
_FAILED = (Field(0, "cause", CAUSE),)
_UNANSWERED = (Field(0, "cause", CAUSE, CS2),)
_DURING = (Field(0, "connect_time_ms100", INTEGER4),)
_DISCONNECTED = (Field(0, "cause", CAUSE), Field(1, "connect_time_ms100", INTEGER4))
EVENT_INFORMATION = Keyed(
    v.EventInformation,
    "event_type",
    (
        KeyedAlternative(0, _E.COLLECTED_INFO, _CALLED),
        KeyedAlternative(1, _E.ANALYSED_INFORMATION, _CALLED),
        KeyedAlternative(2, _E.ROUTE_SELECT_FAILURE, _FAILED),
        KeyedAlternative(3, _E.O_CALLED_PARTY_BUSY, _FAILED),
        KeyedAlternative(4, _E.O_NO_ANSWER, _UNANSWERED),
        KeyedAlternative(5, _E.O_ANSWER, ()),
        KeyedAlternative(6, _E.O_MID_CALL, _DURING),
        KeyedAlternative(7, _E.O_DISCONNECT, _DISCONNECTED),
        KeyedAlternative(8, _E.T_BUSY, _FAILED),
        KeyedAlternative(9, _E.T_NO_ANSWER, _UNANSWERED),
        KeyedAlternative(10, _E.T_ANSWER, ()),
        KeyedAlternative(11, _E.T_MID_CALL, _DURING),
        KeyedAlternative(12, _E.T_DISCONNECT, _DISCONNECTED),
        KeyedAlternative(13, _E.O_TERM_SEIZED, (), CS2),
        KeyedAlternative(14, _E.O_SUSPEND, (), CS2),
        KeyedAlternative(15, _E.T_SUSPEND, (), CS2),
        KeyedAlternative(16, _E.ORIG_ATTEMPT_AUTHORIZED, (), CS2),
        KeyedAlternative(17, _E.O_RE_ANSWER, (), CS2),
        KeyedAlternative(18, _E.T_RE_ANSWER, (), CS2),
        KeyedAlternative(19, _E.FACILITY_SELECTED_AND_AVAILABLE, (), CS2),
        KeyedAlternative(20, _E.CALL_ACCEPTED, (), CS2),
        KeyedAlternative(21, _E.O_ABANDON, _FAILED, CS2),
        KeyedAlternative(22, _E.T_ABANDON, _FAILED, CS2),
    ),
)

VARIABLE_PART = Choice(
    (
        Alternative(0, (int,), INTEGER4),
        Alternative(1, (GenericDigits,), DIGITS),
        Alternative(2, (i.VariableTime,), _spoken(i.VariableTime, 2)),
        Alternative(3, (i.VariableDate,), _spoken(i.VariableDate, 3)),
        Alternative(4, (i.VariablePrice,), _spoken(i.VariablePrice, 4)),
    )
)
MESSAGE_ID = Choice(
    (
        Alternative(0, (int,), INTEGER4),
        Alternative(
            1,
            (i.MessageText,),
            Sequence(
                i.MessageText,
                (
                    Field(0, "content", Text(1, TEXT_LIMIT)),
                    Field(1, "attributes", Octets(2, 10, same_octets, same_octets)),
                ),
            ),
        ),
        Alternative(29, (tuple,), ListOf(INTEGER4, 1, MESSAGE_IDS_LIMIT)),
        Alternative(
            30,
            (i.VariableMessage,),
            Sequence(
                i.VariableMessage,
                (
                    Field(0, "elementary_message_id", INTEGER4),
                    Field(1, "variable_parts", ListOf(VARIABLE_PART, 1, VARIABLE_PARTS_LIMIT)),
                ),
            ),
        ),
    )
)
INFORMATION_TO_SEND = Choice(
    (
        Alternative(
            0,
            (i.InbandInfo,),
            Sequence(
                i.InbandInfo,
                (
                    Field(0, "message_id", MESSAGE_ID),
                    Field(1, "number_of_repetitions", Integer(1, 127)),
                    Field(2, "duration_s", Integer(0, 32767)),
                    Field(3, "interval_s", Integer(0, 32767)),
                ),
            ),
        ),
        Alternative(
            1,
            (i.Tone,),
            Sequence(i.Tone, (Field(0, "tone_id", INTEGER4), Field(1, "duration_s", INTEGER4))),
        ),
        Alternative(2, (str,), DISPLAY),
    )
)
_DELIMITER = Octets(1, 2, pack_delimiter, unpack_delimiter)
COLLECTED_INFO = Choice(
    (
        Alternative(
            0,
            (i.CollectedDigits,),
            Sequence(
                i.CollectedDigits,
                (
                    Field(0, "minimum", Integer(1, 127)),
                    Field(1, "maximum", Integer(1, 127)),
                    Field(2, "end_of_reply", _DELIMITER),
                    Field(3, "cancel", _DELIMITER),
                    Field(4, "start", _DELIMITER),
                    Field(5, "first_digit_timeout_s", Integer(1, 127)),
                    Field(6, "inter_digit_timeout_s", Integer(1, 127)),
                    Field(7, "error_treatment", Enumerated(i.ErrorTreatment)),
                    Field(8, "interruptable", Boolean()),
                    Field(9, "voice_information", Boolean()),
                    Field(10, "voice_back", Boolean()),
                ),
            ),
        ),
        Alternative(1, (bool,), Boolean()),
    )
)

GAP_ON_SERVICE = Sequence(
    v.GapOnService, (Field(0, "service_key", SERVICE_KEY), Field(1, "dp", EVENT_TYPE))
)
_GAPS = (
    Alternative(0, (GenericNumber,), GENERIC_NUMBER),
    Alternative(2, (v.GapOnService,), GAP_ON_SERVICE),
    Alternative(3, (type(None),), Null(), CS2),
    Alternative(
        29,
        (v.CalledAddressAndService,),
        Sequence(
            v.CalledAddressAndService,
            (Field(0, "called_address", GENERIC_NUMBER), Field(1, "service_key", SERVICE_KEY)),
        ),
    ),
    Alternative(
        30,
        (v.CallingAddressAndService,),
        Sequence(
            v.CallingAddressAndService,
            (Field(0, "calling_address", GENERIC_NUMBER), Field(1, "service_key", SERVICE_KEY)),
        ),
    ),
)
GAP_CRITERIA = Choice(
    (
        *_GAPS,
        Alternative(
            None,
            (v.CompoundCriteria,),
            Sequence(
                v.CompoundCriteria,
                (Field(0, "basic", Choice(_GAPS)), Field(1, "scf_id", SCF_ID)),
                extensible=False,
            ),
            CS2,
        ),
    )
)
GAP_INDICATORS = Sequence(
    v.GapIndicators,
    (Field(0, "duration_s", Integer(-2, 86_400)), Field(1, "interval_ms", Integer(-1, 60_000))),
)
_ANNOUNCED = (i.InbandInfo, i.Tone, str)
GAP_TREATMENT = Choice(
    (
        Alternative(0, _ANNOUNCED, INFORMATION_TO_SEND),
        Alternative(1, (Cause,), CAUSE),
        Alternative(
            2,
            (v.AnnouncementAndCause,),
            Sequence(
                v.AnnouncementAndCause,
                (Field(0, "information", INFORMATION_TO_SEND), Field(1, "cause", CAUSE)),
            ),
        ),
    )
)

_R = v.RequestedInformationType
REQUESTED_INFORMATION = Tagged(
    v.RequestedInformation,
    _R,
    (
        (_R.CALL_ATTEMPT_ELAPSED_TIME, Integer(0, 255)),
        (_R.CALL_STOP_TIME, DATE_AND_TIME),
        (_R.CALL_CONNECTED_ELAPSED_TIME, INTEGER4),
        (_R.CALLED_ADDRESS, GENERIC_NUMBER),
        (_R.RELEASE_CAUSE, CAUSE),
    ),
)

RESOURCE_ADDRESS = Choice(
    (
        Alternative(0, (CalledNumber,), CALLED),
        Alternative(1, (v.LegID,), LEG),
        Alternative(
            2,
            (v.AddressAndLeg,),
            Sequence(v.AddressAndLeg, (Field(0, "address", CALLED), Field(1, "leg_id", LEG))),
        ),
        Alternative(3, (type(None),), Null()),
        Alternative(5, (int,), CALL_SEGMENT, CS2),
        Alternative(
            6,
            (v.AddressAndSegment,),
            Sequence(
                v.AddressAndSegment,
                (Field(0, "address", CALLED), Field(1, "call_segment", CALL_SEGMENT)),
            ),
            CS2,
        ),
    )
)
