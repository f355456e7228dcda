"""The messages of figures 7, 8 and 9: frozen models, each field named by its numeral.

`decode` is the only way in from octets: strict JSON (`strict_json`), then the model, strictly: no
coercion, no unknown field. `encode` is the way out; what was left out of a message stays out and
what was blank stays blank, so a message round-trips exactly.

Decisions where the source is silent:
  802  is lost in the source; by analogy with 702 and 902 it is the address of the equipment that is
       meant. A message without it means whoever receives it.
  808  is lost too and its meaning unknown. It is kept as `extension`: one JSON value of any kind,
       carried unchanged and never interpreted. Any other unknown field is refused, because a
       misspelt `representative_number` that is silently dropped rings the wrong telephone.
  814  blank, null and absent all mean "as soon as possible".
A desired time is an RFC 3339 instant, or without an offset what a clock of `time_zone` shows then;
where such a time does not exist or exists twice, see `calleq.zones`.
Field 910 is an identifier of the business's own, or a telephone number: a representative's, or the
800 number of a service centre. Ours, not the source's, is what is described as an addition.
"""

from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from calleq.messages.errors import LIMIT_FAULTS, Fault, MessageError, pointer
from calleq.messages.fields import (
    LIMIT_RECENT_PAGES,
    LIMIT_TITLE,
    LIMIT_URL,
    CustomerIdentifier,
    DesiredTime,
    ElementAddress,
    Extension,
    Identifier,
    Note,
    PartyAddress,
    Password,
    RepresentativeInformation,
    TimeZone,
    WishedTime,
    desired_instant_us,
    is_wall_time,
    wall_instant_us,
)
from calleq.messages.strict_json import parse_object

_NO_NUMBER = "number_missing"
_NO_ZONE = "zone_missing"
_NO_TIME = "no_wall_time"
_OF_MESSAGES = {
    _NO_NUMBER: ("/customer_number", "missing"),
    _NO_ZONE: ("/time_zone", "missing"),
    _NO_TIME: ("/desired_time", "time"),
}
"""Which field is at fault, and with which code, where the message as a whole is."""


class _Message(BaseModel):
    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True
    )


class _WithCustomer(_Message):
    """The rule all three share: a customer must be named, by number or by identifier."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": ["customer_number"]}, {"required": ["customer_id"]}]
        }
    )

    @model_validator(mode="after")
    def _customer_is_named(self) -> Self:
        given = vars(self)
        if given.get("customer_number") is None and given.get("customer_id") is None:
            raise PydanticCustomError(
                _NO_NUMBER, "give the customer's telephone number, or a customer identifier"
            )
        return self


class _WithWish(_WithCustomer):
    """The rule of desired times: one without an offset needs a zone."""

    @model_validator(mode="after")
    def _desired_time_is_an_instant(self) -> Self:
        given = vars(self)
        check_wish(given.get("desired_time"), given.get("time_zone"))
        return self


def check_wish(desired_time: str | None, time_zone: str | None) -> None:
    """PydanticCustomError where a desired time is a wall time and no instant comes of it."""
    if desired_time is not None and is_wall_time(desired_time):
        if time_zone is None:
            raise PydanticCustomError(_NO_ZONE, "is needed by a desired_time without an offset")
        try:
            wall_instant_us(desired_time, time_zone)
        except PydanticCustomError as error:
            raise PydanticCustomError(_NO_TIME, "{why}", {"why": error.message()}) from error


class Page(_Message):
    """A page of the business that the customer viewed."""

    url: Annotated[str, Field(min_length=1, max_length=LIMIT_URL)]
    title: Annotated[str, Field(max_length=LIMIT_TITLE)] = ""
    viewed_at: DesiredTime = ""


class WebPageInformation(_Message):
    """Which page was viewed when the call was asked for, and which shortly before."""

    current: Page
    recent: Annotated[tuple[Page, ...], Field(max_length=LIMIT_RECENT_PAGES)] = ()


class CallRequest(_WithWish):
    """Figure 7, 700: a customer's call request, addressed to a business's web server."""

    web_server_address: ElementAddress = Field(description="702: the web server that is meant")
    customer_number: PartyAddress | None = Field(
        None, description="704: the number to call; may be absent when `customer_id` is known"
    )
    web_page: WebPageInformation | None = Field(None, description="706: the pages viewed")
    desired_time: WishedTime | None = Field(
        None, description="708: when to call; blank, null or absent: as soon as possible"
    )
    note: Note | None = Field(
        None, description="additional information (no numeral): the customer's own words"
    )
    customer_id: CustomerIdentifier | None = Field(
        None, description="customer identification (no numeral): known from previous dealings"
    )
    time_zone: TimeZone | None = Field(
        None, description="addition: the customer's IANA zone; needed by a time without an offset"
    )


class CallInitiation(_WithWish):
    """Figure 8, 800: a business's instruction to calling equipment to establish a call."""

    equipment_address: ElementAddress | None = Field(
        None, description="802: the calling equipment that is meant; absent: whoever receives it"
    )
    business_id: Identifier = Field(description="804: who asks for the call and pays for it")
    password: Password | None = Field(
        None,
        repr=False,
        description="806: confirms that it is this business that asks; may be absent where the"
        " request proves it otherwise",
    )
    extension: Extension = Field(
        None, description="808: meaning unknown; any JSON value, preserved and not interpreted"
    )
    customer_number: PartyAddress | None = Field(
        None, description="810: the number to call; may be absent when `customer_id` is known"
    )
    representative_number: PartyAddress | None = Field(
        None, description="812: the representative to call; absent: one of the business's own"
    )
    desired_time: WishedTime | None = Field(
        None, description="814: when to call; blank, null or absent: as soon as possible"
    )
    customer_id: CustomerIdentifier | None = Field(
        None, description="addition: the business's own identifier of the customer"
    )
    dial_first: Literal["customer", "agent"] | None = Field(
        None, description="addition: who is called first; absent: as the business has it"
    )
    hunt: bool = Field(
        True, description="addition: false: no other representative than the one named is called"
    )
    language: Literal["en", "fr", "es", "de"] | None = Field(
        None, description="addition: what the parties are told in; absent: as the business has it"
    )
    web_page: WebPageInformation | None = Field(
        None, description="addition: the pages viewed, as the business's web server was told"
    )
    note: Note | None = Field(None, description="addition: the customer's own words")
    time_zone: TimeZone | None = Field(
        None, description="addition: the customer's IANA zone; needed by a time without an offset"
    )
    confirmed: bool = Field(
        False, description="addition: true: the customer wants the call, at night as well"
    )


class DirectCallRequest(_WithWish):
    """Figure 9, 900: a customer's call request, addressed to calling equipment directly."""

    equipment_address: ElementAddress = Field(
        description="902: the calling equipment that is meant"
    )
    business_id: Identifier = Field(description="904: the business of the page, which pays")
    web_page: WebPageInformation | None = Field(None, description="906: the pages viewed")
    customer_number: PartyAddress | None = Field(
        None, description="908: the number to call; may be absent when `customer_id` is known"
    )
    representative: RepresentativeInformation | None = Field(
        None,
        description="910: the representative that the page asks for, or the toll-free number of a"
        " centre; absent: the equipment finds one",
    )
    desired_time: WishedTime | None = Field(
        None, description="912: when to call; blank, null or absent: as soon as possible"
    )
    customer_id: CustomerIdentifier | None = Field(
        None, description="addition: the business's own identifier of the customer"
    )
    note: Note | None = Field(None, description="addition: the customer's own words")
    time_zone: TimeZone | None = Field(
        None, description="addition: the customer's IANA zone; needed by a time without an offset"
    )
    confirmed: bool = Field(
        False, description="addition: true: the customer wants the call, at night as well"
    )


Message = CallRequest | CallInitiation | DirectCallRequest
_AnyMessage = TypeVar("_AnyMessage", CallRequest, CallInitiation, DirectCallRequest)


def decode(figure: type[_AnyMessage], body: bytes) -> _AnyMessage:
    """The message of the octets; MessageError names every field at fault."""
    parse_object(body)
    try:
        return figure.model_validate_json(body)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise MessageError(*(fault_of(detail) for detail in details[:LIMIT_FAULTS])) from error


def encode(message: Message) -> bytes:
    """The octets of a message, compact, fields in the figure's order, absent ones absent."""
    return message.model_dump_json(exclude_unset=True).encode()


def desired_time_us(message: Message) -> int | None:
    """UTC microseconds of the time wished for; None is "as soon as possible"."""
    return wished_us(message.desired_time, message.time_zone)


def wished_us(desired_time: str | None, time_zone: str | None) -> int | None:
    """UTC microseconds of a checked desired time; None is "as soon as possible"."""
    if desired_time is None or not desired_time.strip():
        return None
    if is_wall_time(desired_time):
        return wall_instant_us(desired_time, time_zone or "")
    return desired_instant_us(desired_time)


def fault_of(detail: ErrorDetails) -> Fault:
    """What a reader is told of an error of a model."""
    of_message = _OF_MESSAGES.get(detail["type"])
    if of_message is not None:
        return Fault(*of_message, detail["msg"])
    code = {"extra_forbidden": "unknown_field"}.get(detail["type"], detail["type"])
    text = "is no field of this message" if code == "unknown_field" else detail["msg"]
    return Fault(pointer(detail["loc"]), code, text)
