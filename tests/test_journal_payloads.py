"""What a frame of the journal holds: MessagePack, deflated for calls that wait."""

import contextlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calleq.intake import is_reference
from calleq.intake.references import reference_text
from calleq.journal.entries import Accepted, Ended, Stamped
from calleq.journal.frames import (
    FORMAT_VERSION,
    JournalError,
    JournalVersion,
    encode_entry,
    encode_header,
)
from calleq.journal.lookup import entries_of
from calleq.journal.payloads import (
    DEFLATED,
    PAYLOAD_LIMIT_BYTES,
    decode_payload,
    encode_payload,
)
from calleq.journal.reading import read_journal
from tests.journals import JournalFile

AT_US = 1_795_300_000_000_000


def scheduled(number: int, **changed: object) -> Stamped:
    """The acceptance of a call for the day after, as the intake writes it."""
    due_us = AT_US + 86_400_000_000 + number * 86_000
    entry = Accepted(
        reference_text((AT_US // 1_000 << 80) + number * 0x9E3779B97F4A7C15F39C),
        "acme-travel",
        "server-72",
        {
            "business_id": "acme-travel",
            "equipment_address": "server-72.calleq.example",
            "customer_number": f"+1646555{number % 10_000:04d}",
            "representative_number": "+12125550143",
            "desired_time": "2026-11-24T07:15:30Z",
        },
        f"{number * 0x9E3779B97F4A7C15:08x}-658a-4a00-a623-2dc1ea0c939d",
        "7y0SfeN7lCuq0GFF5UsMYQ",
        by="acme-travel",
        source="198.51.100.23",
        due_us=due_us,
        expires_us=due_us + 900_000_000,
    )
    entry = msgspec.structs.replace(entry, **changed)
    return Stamped("server-72", number, AT_US + number, 98_123 + number, entry)


def decoded(octets: bytes) -> Stamped:
    return decode_payload(memoryview(octets))


def test_a_call_for_later_takes_less_than_half_of_its_octets():
    plain = msgspec.msgpack.encode(scheduled(7))
    assert len(encode_payload(scheduled(7))) < 0.48 * len(plain)
    without = scheduled(7, idempotency_key=None, fingerprint="")
    assert len(encode_payload(without)) < 0.4 * len(plain)


@given(st.text(max_size=60), st.text(max_size=300), st.integers(1, 2**50), st.text(max_size=255))
def test_whatever_it_says_comes_back(call: str, note: str, due_us: int, key: str):
    stamped = scheduled(
        1, call=call, due_us=due_us, idempotency_key=key, message={"note": note, "n": [1, None]}
    )
    assert decoded(encode_payload(stamped)) == stamped


def test_everything_else_is_plain_messagepack():
    for entry in (
        scheduled(1, due_us=0).entry,
        Ended("call", "completed", 16),
    ):
        stamped = Stamped("server-72", 1, AT_US, 5, entry)
        assert encode_payload(stamped) == msgspec.msgpack.encode(stamped)


def test_octets_of_this_format_are_read_for_ever():
    """Deflated octets lean on a dictionary that is part of the format: these were written once."""
    octets = bytes.fromhex(GOLDEN)
    assert decoded(octets) == scheduled(7)


def test_its_reference_stands_in_the_open():
    stamped = scheduled(7)
    assert isinstance(stamped.entry, Accepted)
    assert is_reference(stamped.entry.call)
    octets = encode_payload(stamped)
    assert octets[0] == DEFLATED
    assert octets[1:28] == msgspec.msgpack.encode(stamped.entry.call)


def test_a_call_for_later_is_found_by_its_reference(tmp_path: Path):
    base = tmp_path / "network.journal"
    journal = JournalFile(base)
    journal.append([scheduled(number) for number in range(1, 300)])
    wanted = scheduled(123)
    assert isinstance(wanted.entry, Accepted)
    assert entries_of(base, wanted.entry.call, AT_US, "server-72") == [wanted]


def test_cut_bent_or_bloated_octets_are_refused_and_nothing_else_happens():
    octets = encode_payload(scheduled(7))
    for end in range(1, len(octets)):
        with pytest.raises(msgspec.DecodeError):
            decoded(octets[:end])
    for place in range(1, len(octets)):
        for bit in (1, 0x80):
            bent = octets[:place] + bytes((octets[place] ^ bit,)) + octets[place + 1 :]
            with contextlib.suppress(msgspec.DecodeError):
                decoded(bent)
    with pytest.raises(msgspec.DecodeError):
        decoded(octets + b"\0")


def test_a_few_octets_do_not_become_a_great_many():
    fits = scheduled(1, message={"note": "x" * (PAYLOAD_LIMIT_BYTES - 2_000)})
    assert decoded(encode_payload(fits)) == fits
    with pytest.raises(JournalError, match="at most 1048576 are written"):
        encode_entry(scheduled(1, message={"note": "x" * PAYLOAD_LIMIT_BYTES}))


def test_journals_of_the_format_before_are_read_and_those_after_refused(tmp_path: Path):
    base = tmp_path / "network.journal"
    journal = JournalFile(base)
    plain = Stamped("server-72", 1, AT_US, 5, Ended("call", "completed", 16))
    journal.append([plain])
    rest = journal.path.read_bytes()[len(encode_header()) :]
    journal.path.write_bytes(encode_header(2) + rest)
    assert read_journal(journal.path)[0] == [plain]
    journal.path.write_bytes(encode_header(FORMAT_VERSION + 1) + rest)
    with pytest.raises(JournalVersion, match="this calleq reads 1, 2, 3"):
        read_journal(journal.path)


GOLDEN = (
    "c1ba30314d383033473038344145323538344b5631354a394b414134c313e8ec8820bf70ebf00b76947007c6"
    "487d1071e1be3a31393755b7a428b12c358798f047564f593c9899988102d9c0c09cfc7830093130b73234b5"
    "32c6120fba26a6c61626a6268646e6490696662696c6ba66a61689ba26890606ba896646c6ba4629c986a989"
    "06c996c696292891665e69109c96ea679ee35c5a68e0eee6661a5aec1b19088c4a64df436372ada1a5859ea9"
    "a11e303de9191923c5e5931f4bca27a045e8533dcf840900"
)
