"""Operations of INAP as scenario files write them: tables of words into arguments, and comparison.

An operation is a table with exactly one of `invoke`, `result` and `error`; every other key is a
field of its argument, by the name that `calleq.ss7.inap.arguments` has. A plain value may stand for
a table of one thing: a number (+…) or the name of a telephone for an address, digits for generic
digits, a text for a message, a number for a cause or a leg. Octets are hexadecimal, names of
enumerations in small letters.

What is expected says only what it wants compared. WordingError names the key that is wrong.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Union, get_args, get_origin, get_type_hints

import msgspec

from calleq.ss7.inap.digits import generic_digits
from calleq.ss7.inap.errors import ErrorCode
from calleq.ss7.inap.operations import OPERATIONS, Argument
from calleq.ss7.isup.messages import CalledNumber, CallingNumber
from calleq.ss7.isup.optional_types import GenericDigits, GenericNumber, Number
from simulator.scenarios.steps import JsonValue
from simulator.scenarios.wording import WordingError

Table = dict[str, JsonValue]
ARGUMENTS: dict[str, type[msgspec.Struct]] = {
    one.code.name.lower(): one.argument for one in OPERATIONS.values()
}
ERRORS = {code.name.lower(): code for code in ErrorCode}
_OWN_KEYS = frozenset(("invoke", "result", "error", "id", "code", "linked"))
_KEYS = "0123456789*#"
_NUMBERS: dict[type, Callable[[str], object]] = {
    CalledNumber: CalledNumber,
    CallingNumber: CallingNumber,
    Number: Number,
    GenericNumber: lambda digits: GenericNumber(0, Number(digits)),
}


class Words:
    """The words of one scenario; `telephones` are numbers by name."""

    def __init__(self, telephones: Mapping[str, str]) -> None:
        self._telephones = telephones

    def argument(self, table: Table, where: str) -> Argument:
        """The argument of an operation that is to be sent. Raises WordingError."""
        kind = kind_of(table, where)
        fields = {key: value for key, value in table.items() if key not in _OWN_KEYS}
        made: Argument = self._made(fields, kind, where, partial=False)  # type: ignore[assignment]
        return made

    def check(self, table: Table, kind: type[msgspec.Struct], where: str) -> None:
        """Whether what is expected of an argument or a result can be. Raises WordingError."""
        fields = {key: value for key, value in table.items() if key not in _OWN_KEYS}
        self._made(fields, kind, where, partial=True)

    def result(self, table: Table, kind: type[msgspec.Struct], where: str) -> object:
        """A result that is to be sent. Raises WordingError."""
        fields = {key: value for key, value in table.items() if key not in _OWN_KEYS}
        return self._made(fields, kind, where, partial=False)

    def differences(self, table: Table, told: msgspec.Struct) -> Iterator[str]:
        """In what an argument or a result is otherwise than expected."""
        for key, wanted in table.items():
            if key not in _OWN_KEYS:
                hint = _hints(type(told))[key]
                yield from self._differing(wanted, hint, getattr(told, key), key)

    def _differing(self, wanted: object, hint: object, told: object, where: str) -> Iterator[str]:
        if isinstance(wanted, dict) and isinstance(told, msgspec.Struct):
            hints = _hints(type(told))
            for key, value in wanted.items():
                if key not in hints:
                    yield f"{where}: {told!r} has no {key}"
                else:
                    yield from self._differing(
                        value, hints[key], getattr(told, key), f"{where}.{key}"
                    )
            return
        if isinstance(wanted, list) and isinstance(told, tuple):
            if len(wanted) != len(told):
                yield f"{where}: {len(told)} of them, {len(wanted)} expected"
            (item, *_) = get_args(_tuple_of(hint)) or (object,)
            for place, (one, other) in enumerate(zip(wanted, told, strict=False)):
                yield from self._differing(one, item, other, f"{where}[{place}]")
            return
        kind = type(told) if isinstance(told, msgspec.Struct | Enum) else hint
        if told is None or self._made(wanted, kind, where, partial=False) != told:
            yield f"{where}: {told!r}, {wanted!r} expected"

    # Making.

    def _made(self, given: object, kind: object, where: str, partial: bool) -> object:
        origin = get_origin(kind)
        if origin in (Union, UnionType):
            return self._one_of(given, kind, where, partial)
        if origin is tuple:
            if not isinstance(given, list):
                raise WordingError(f"{where}: {given!r}: a list expected")
            item = get_args(kind)[0]
            return tuple(
                self._made(one, item, f"{where}[{place}]", partial)
                for place, one in enumerate(given)
            )
        if kind in (bool, int, str):
            return _plain(given, kind, where)
        if kind is bytes:
            return _octets(given, where)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return _named(given, kind, where)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self._struct(given, kind, where, partial)
        raise WordingError(f"{where}: this cannot be written in a scenario")

    def _one_of(self, given: object, kind: object, where: str, partial: bool) -> object:
        reasons = []
        for member in get_args(kind):
            if member is NoneType:
                continue
            try:
                return self._made(given, member, where, partial)
            except WordingError as error:
                reasons.append(str(error))
        raise WordingError(" or ".join(dict.fromkeys(reasons)))

    def _struct(
        self, given: object, kind: type[msgspec.Struct], where: str, partial: bool
    ) -> object:
        if isinstance(given, str):
            number = self._number(given, kind, where)
            if number is not None:
                return number
        hints = _hints(kind)
        if not isinstance(given, dict):
            first = next(iter(hints), "")
            if not first:
                raise WordingError(f"{where}: {given!r}: nothing is said with it")
            given = {first: given}
        fields = {}
        for key, value in given.items():
            if key not in hints:
                known = ", ".join(hints) or "none"
                raise WordingError(f"{where}.{key}: no such key: {known} expected")
            fields[key] = self._made(value, hints[key], f"{where}.{key}", partial)
        if partial:
            return None
        missing = [
            field.name
            for field in msgspec.structs.fields(kind)
            if field.required and field.name not in fields
        ]
        if missing:
            raise WordingError(f"{where}.{missing[0]}: must be said")
        return kind(**fields)

    def _number(self, given: str, kind: type[msgspec.Struct], where: str) -> object | None:
        digits = self._telephones.get(given, given).lstrip("+")
        if kind is GenericDigits:
            if not digits or not set(digits) <= set(_KEYS):
                raise WordingError(f"{where}: {given!r}: digits expected")
            return generic_digits(digits)
        if kind not in _NUMBERS:
            return None
        if not digits.isdecimal():
            known = ", ".join(self._telephones)
            raise WordingError(f"{where}: {given!r}: a number (+…) or one of {known} expected")
        return _NUMBERS[kind](digits)


def kind_of(table: Table, where: str) -> type[msgspec.Struct]:
    """The argument of the operation that is invoked. Raises WordingError."""
    name = table.get("invoke")
    kind = ARGUMENTS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise WordingError(f"{where}.invoke: {name!r}: one of {', '.join(ARGUMENTS)} expected")
    return kind


def error_of(table: Table, where: str) -> ErrorCode:
    """The error that is said or expected. Raises WordingError."""
    name = table.get("code")
    code = ERRORS.get(name) if isinstance(name, str) else None
    if code is None:
        raise WordingError(f"{where}.code: {name!r}: one of {', '.join(ERRORS)} expected")
    return code


@lru_cache(maxsize=256)
def _hints(kind: type) -> dict[str, object]:
    """The fields that can be said, in their order."""
    hints = get_type_hints(kind)
    return {name: hint for name, hint in hints.items() if name not in ("extensions", "more")}


def _tuple_of(hint: object) -> object:
    """The tuple among the types that a field may have."""
    members = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return next((one for one in members if get_origin(one) is tuple), tuple)


def _plain(given: object, kind: object, where: str) -> object:
    wanted = {bool: "true or false", int: "a whole number", str: "a text"}
    if type(given) is not kind:
        raise WordingError(f"{where}: {given!r}: {wanted[kind]} expected")  # type: ignore[index]
    return given


def _octets(given: object, where: str) -> bytes:
    try:
        return bytes.fromhex(given)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        raise WordingError(f"{where}: {given!r}: octets in hexadecimal expected") from None


def _named(given: object, kind: type[Enum], where: str) -> Enum:
    names = {member.name.lower(): member for member in kind}
    if not isinstance(given, str) or given not in names:
        raise WordingError(f"{where}: {given!r}: one of {', '.join(names)} expected")
    return names[given]
