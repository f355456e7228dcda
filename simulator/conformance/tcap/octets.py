"""TCAP messages as a tester builds and reads them: by name, with named parts (Q.773).

Written from the recommendation apart from calleq's own codec, so that a mistake made in one shows
in the other. A type that Q.773 does not have is written 0x… (`0x63`). The parts of a message:

- `otid`, `dtid`: transaction ids, `hex:…`;
- `cause`: of an ABORT by TCAP, a number or words;
- `dialogue`: one of the words of `DIALOGUES`, or the contents, `hex:…`;
- `component_1`, `component_2`, …: sentences such as "invoke 1 20", "invoke 1 20 linked 3",
  "result 1", "result 1 20 0500", "part 1 20 0500", "error 1 5", "reject 1 invoke 0",
  "reject null general 2"; or the whole component, `hex:…`.

A message is spoilt by `omit` (a part that is left out), `tail` (octets after its parts, within it),
`behind` (octets after its end), `cut` (so many octets that are missing at its end) and `form`
("indefinite" or "overlong": another form of every length that is not of a leaf).
"""

import re
from collections.abc import Mapping

from simulator.conformance.language import Read, Value, WireError, as_fields

MESSAGES = {"UNIDIRECTIONAL": 0x61, "BEGIN": 0x62, "END": 0x64, "CONTINUE": 0x65, "ABORT": 0x67}
_NAMES = {code: name for name, code in MESSAGES.items()}
TAGS = {"otid": 0x48, "dtid": 0x49, "cause": 0x4A, "dialogue": 0x6B}
_TAG_NAMES = {code: name for name, code in TAGS.items()}
_COMPONENTS = 0x6C
_COMPONENT = re.compile(r"component_[1-9]")
SPOILERS = ("omit", "tail", "behind", "cut", "form")

OWN_ID = "hex:0a0b0c01"
"""The tester's transaction id, where a case says nothing else."""
ORDINARY: dict[str, dict[str, Value]] = {
    "BEGIN": {"otid": OWN_ID},
    "CONTINUE": {"otid": OWN_ID, "dtid": "hex:00000001"},
    "END": {"dtid": "hex:00000001"},
    "ABORT": {"dtid": "hex:00000001"},
    "UNIDIRECTIONAL": {"component_1": "invoke 1 20"},
}

CAUSES = {
    "unrecognized message type": 0,
    "unrecognized transaction id": 1,
    "badly formatted": 2,
    "incorrect": 3,
    "resource limitation": 4,
}

_STRUCTURED = "06070011860501" + "0101"
_UNSTRUCTURED = "06070011860501" + "0201"
_CS1 = "a109" + "0607" + "04000101010000"
_CS2 = "a109" + "0607" + "04000115030400"
_VERSION = "80020780"
_INFORMATION = "be0b" + "2809" + "06022a03" + "a003" + "040101"


def _tlv(tag: int, contents: bytes) -> bytes:
    assert len(contents) < 0x80
    return bytes((tag, len(contents))) + contents


def _external(syntax: str, unit: int, *parts: str) -> bytes:
    inner = _tlv(0xA0, _tlv(unit, bytes.fromhex("".join(parts))))
    return _tlv(0x28, bytes.fromhex(syntax) + inner)


def _response(context: str, result: int, source: int, reason: int, *more: str) -> bytes:
    verdict = f"a2030201{result:02x}a305{source:02x}030201{reason:02x}"
    return _external(_STRUCTURED, 0x61, _VERSION, context, verdict, *more)


DIALOGUES = {
    "request": _external(_STRUCTURED, 0x60, _VERSION, _CS1),
    "request cs2": _external(_STRUCTURED, 0x60, _VERSION, _CS2),
    "request with information": _external(_STRUCTURED, 0x60, _VERSION, _CS1, _INFORMATION),
    "request without version 1": _external(_STRUCTURED, 0x60, "80020740", _CS1),
    "request of no context": _external(_STRUCTURED, 0x60, _VERSION),
    "accepted": _response(_CS1, 0, 0xA1, 0),
    "accepted cs2": _response(_CS2, 0, 0xA1, 0),
    "refused": _response(_CS1, 1, 0xA1, 1),
    "refused context": _response(_CS1, 1, 0xA1, 2),
    "refused context cs2": _response(_CS2, 1, 0xA1, 2),
    "no common dialogue portion": _response(_CS1, 1, 0xA2, 2),
    "abort by user": _external(_STRUCTURED, 0x64, "800100"),
    "abort by provider": _external(_STRUCTURED, 0x64, "800101"),
    "unidirectional": _external(_UNSTRUCTURED, 0x60, _VERSION, _CS1),
    "unreadable": bytes.fromhex("28030607"),
}

_KINDS = {"invoke": 0xA1, "result": 0xA2, "error": 0xA3, "part": 0xA7}
_PROBLEMS = {"general": 0x80, "invoke": 0x81, "result": 0x82, "error": 0x83}
_SENTENCE = re.compile(
    r"(?P<kind>invoke|result|part|error) (?P<id>-?\d+)"
    r"( (?P<code>\d+))?( linked (?P<linked>-?\d+))?( (?P<parameter>[0-9a-f]{4,}))?"
)
_REJECT = re.compile(r"reject (?P<id>-?\d+|null) (?P<kind>general|invoke|result|error) (?P<of>\d+)")


def pack(name: str, value: Value) -> bytes:
    """The contents that a case means. Raises WireError."""
    if isinstance(value, str) and value.startswith("hex:"):
        return bytes.fromhex(value[4:])
    if name == "cause":
        code = CAUSES.get(value, value) if isinstance(value, str) else value
        if not isinstance(code, int):
            raise WireError(f"cause: {value!r}: one of {', '.join(CAUSES)} or a number expected")
        return bytes((code,))
    if name == "dialogue":
        if value not in DIALOGUES:
            raise WireError(f"dialogue: {value!r}: one of {', '.join(DIALOGUES)} expected")
        return DIALOGUES[str(value)]
    if _COMPONENT.fullmatch(name):
        return component(str(value))
    raise WireError(f"{name}: hex:… expected")


def component(sentence: str) -> bytes:
    """The component that a sentence means. Raises WireError."""
    rejected = _REJECT.fullmatch(sentence)
    if rejected:
        number = b"\x05\x00" if rejected["id"] == "null" else _integer(0x02, int(rejected["id"]))
        return _tlv(0xA4, number + _integer(_PROBLEMS[rejected["kind"]], int(rejected["of"])))
    found = _SENTENCE.fullmatch(sentence)
    if not found:
        raise WireError(f"{sentence!r} is no component")
    head = _integer(0x02, int(found["id"]))
    if found["linked"]:
        head += _integer(0x80, int(found["linked"]))
    code = _integer(0x02, int(found["code"])) if found["code"] else b""
    rest = code + bytes.fromhex(found["parameter"] or "")
    if found["kind"] in ("result", "part") and rest:
        rest = _tlv(0x30, rest)
    return _tlv(_KINDS[found["kind"]], head + rest)


def _integer(tag: int, value: int) -> bytes:
    return bytes((tag, 1, value & 0xFF))


def describe(octets: bytes) -> str:
    """A component in the sentence that means it, or its octets."""
    if len(octets) > 4 and octets[0] == 0xA4:
        number, rest = ("null", octets[4:]) if octets[2] == 5 else (str(octets[4]), octets[5:])
        kinds = {tag: kind for kind, tag in _PROBLEMS.items()}
        if len(rest) == 3 and rest[0] in kinds:
            return f"reject {number} {kinds[rest[0]]} {rest[2]}"
    return octets.hex()


def read_elements(octets: bytes) -> list[tuple[int, bytes]]:
    """Tags and contents of elements one after another, of definite length. Raises WireError."""
    found = []
    place = 0
    while place < len(octets):
        if place + 2 > len(octets):
            raise WireError(f"{octets.hex()}: ends within an element")
        tag, length = octets[place], octets[place + 1]
        place += 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(octets[place : place + count], "big")
            place += count
        if place + length > len(octets):
            raise WireError(f"{octets.hex()}: an element that is longer than its message")
        found.append((tag, octets[place : place + length]))
        place += length
    return found


class Tcap:
    """The messages of TCAP; fulfils `Language`."""

    def build(self, name: str, cic: int, fields: Mapping[str, Value]) -> bytes:
        given = {**ORDINARY.get(name, {}), **fields}
        spoilt = {key: str(given.pop(key)) for key in SPOILERS if key in given}
        given.pop(spoilt.get("omit", ""), None)
        body = b""
        components = b""
        for key, value in given.items():
            contents = pack(key, value)
            if _COMPONENT.fullmatch(key):
                components += contents
            else:
                body += self._part(self._tag(key), contents)
        if components:
            body += self._part(_COMPONENTS, components)
        body += bytes.fromhex(spoilt.get("tail", ""))
        octets = self._part(self._code(name), body)
        if "form" in spoilt:
            octets = reformed(octets, spoilt["form"])
        octets = octets[: len(octets) - int(spoilt.get("cut", 0))]
        return octets + bytes.fromhex(spoilt.get("behind", ""))

    def _part(self, tag: int, contents: bytes) -> bytes:
        if len(contents) < 0x80:
            return _tlv(tag, contents)
        return bytes((tag, 0x82)) + len(contents).to_bytes(2, "big") + contents

    def read(self, octets: bytes) -> Read:
        ((code, body),) = read_elements(octets)[:1] or [(0, b"")]
        parameters: dict[str, bytes] = {}
        for tag, contents in read_elements(body):
            if tag == _COMPONENTS:
                for number, (kind, inner) in enumerate(read_elements(contents)):
                    parameters[f"component_{number + 1}"] = self._part(kind, inner)
            else:
                parameters[_TAG_NAMES.get(tag, f"0x{tag:02x}")] = contents
        return Read(_NAMES.get(code, f"0x{code:02x}"), 0, parameters)

    def check(self, name: str, fields: Mapping[str, Value]) -> None:
        self._code(name)
        for key, value in fields.items():
            if key not in SPOILERS:
                self._tag(key)
                pack(key, value)

    def pack(self, parameter: str, value: Value) -> bytes:
        return pack(parameter, value)

    def mismatch(self, parameter: str, contents: bytes, value: Value) -> str:
        if contents == pack(parameter, value):
            return ""
        if parameter == "cause":
            words = {code: word for word, code in CAUSES.items()}
            return (
                f"cause {words.get(contents[0] if contents else -1, contents.hex())}, not {value}"
            )
        if parameter == "dialogue":
            words_of = {octets: word for word, octets in DIALOGUES.items()}
            return f"dialogue {words_of.get(contents, contents.hex())}, not {value}"
        return f"{parameter} {describe(contents)}, not {value}"

    def ordinary(self, name: str, like: Read) -> bytes:
        """Of the same transaction as the other message."""
        fields = as_fields(like)
        wanted = ORDINARY.get(name, {})
        shared = {key: value for key, value in fields.items() if key in wanted}
        return self.build(name, 0, shared)

    def _tag(self, name: str) -> int:
        if _COMPONENT.fullmatch(name):
            return _COMPONENTS
        if name not in TAGS:
            raise WireError(f"{name}: one of {', '.join(TAGS)}, component_1 … expected")
        return TAGS[name]

    def _code(self, name: str) -> int:
        if name in MESSAGES:
            return MESSAGES[name]
        if re.fullmatch("0x[0-9a-f]{2}", name) and int(name, 16) not in _NAMES:
            return int(name, 16)
        raise WireError(f"{name!r} is no message: one of {', '.join(MESSAGES)} or an unused 0x…")


def name_of(octets: bytes) -> str:
    """The name of a message by its outer tag, whatever else is wrong with it."""
    return _NAMES.get(octets[0], f"0x{octets[0]:02x}") if octets else ""


def reformed(octets: bytes, form: str) -> bytes:
    """The same elements with other forms of length. Raises WireError."""
    if form not in ("indefinite", "overlong"):
        raise WireError(f"form: {form!r}: indefinite or overlong expected")
    made = b""
    for tag, contents in read_elements(octets):
        if not tag & 0x20:
            made += bytes((tag, len(contents))) + contents
            continue
        inner = reformed(contents, form)
        if form == "indefinite":
            made += bytes((tag, 0x80)) + inner + b"\0\0"
        else:
            made += bytes((tag, 0x84)) + len(inner).to_bytes(4, "big") + inner
    return made


TCAP = Tcap()
