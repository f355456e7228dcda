"""The order to make a scheduled call at another time: what a message says of its time, alone."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from calleq.messages.errors import LIMIT_FAULTS, MessageError
from calleq.messages.fields import TimeZone, WishedTime
from calleq.messages.figures import check_wish, fault_of, wished_us
from calleq.messages.strict_json import parse_object


class NewTime(BaseModel):
    """When a scheduled call is to be made instead."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True
    )

    desired_time: WishedTime | None = Field(
        None, description="when to call; blank, null or absent: as soon as possible"
    )
    time_zone: TimeZone | None = Field(
        None, description="the customer's IANA zone; needed by a time without an offset"
    )
    confirmed: bool = Field(
        False, description="true: the customer wants the call, at night as well"
    )

    @model_validator(mode="after")
    def _desired_time_is_an_instant(self) -> Self:
        check_wish(self.desired_time, self.time_zone)
        return self


def decode_new_time(body: bytes) -> NewTime:
    """The order of the octets; MessageError names every field at fault."""
    parse_object(body)
    try:
        return NewTime.model_validate_json(body)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise MessageError(*(fault_of(detail) for detail in details[:LIMIT_FAULTS])) from error


def new_time_us(new: NewTime) -> int | None:
    """UTC microseconds of the time; None is "as soon as possible"."""
    return wished_us(new.desired_time, new.time_zone)
