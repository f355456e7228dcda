"""The basic encoding rules by hand: X.690's own examples, other forms, and what is refused."""

import pytest

from calleq.ss7 import ber
from calleq.ss7.ber import BerError
from simulator.fuzz.tcap_samples import NESTED, indefinite, overlong


def whole(octets: str | bytes) -> list[ber.Element]:
    """The elements of all these octets."""
    data = bytes.fromhex(octets) if isinstance(octets, str) else octets
    return ber.elements(data, 0, len(data))


def test_the_examples_of_x690_are_read_and_written():
    # §8.1.3.6: the long form of length 201; §8.9.3; §8.14.3: VisibleString "Jones" five ways.
    assert ber.tlv(ber.OCTET_STRING, bytes(201))[:3].hex() == "0481c9"
    assert whole("300a1605536d6974680101ff") == [(ber.SEQUENCE, 2, 12)]
    assert whole("4307024a6f6e6573"[:2] + "054a6f6e6573") == [(0x43, 2, 7)]
    assert whole("a2071a054a6f6e6573") == [(0xA2, 2, 9)]
    # §8.19.5: {2 100 3}; ITU-T X.209: {2 999 3}.
    assert ber.write_oid(ber.OBJECT_IDENTIFIER, (2, 100, 3)).hex() == "0603813403"
    assert ber.read_oid(bytes.fromhex("883703"), 0, 3) == (2, 999, 3)
    # §8.6.4.2: a bit string in segments within indefinite length.
    assert whole("2380" + "0303000a3b" + "0305045f291cd0" + "0000") == [(0x23, 2, 14)]


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        (0, "020100"),
        (127, "02017f"),
        (128, "02020080"),
        (-128, "020180"),
        (-129, "0202ff7f"),
        (256, "02020100"),
        (-(1 << 63), "02088000000000000000"),
        ((1 << 63) - 1, "02087fffffffffffffff"),
    ],
)
def test_integers_take_the_fewest_octets_that_hold_them(value: int, octets: str):
    assert ber.write_integer(ber.INTEGER, value).hex() == octets
    data = bytes.fromhex(octets)
    assert ber.read_integer(data, 2, len(data)) == value


@pytest.mark.parametrize("tag", [0x02, 0x30, 0x9F32, 0xBF32, 0xBF814F, 0x5FFFFF7F])
def test_tags_of_one_to_four_octets_pass_both_ways(tag: int):
    octets = ber.tlv(tag, b"\x05\x00" * 100)
    ((found, start, stop),) = whole(octets)
    assert (found, octets[start:stop]) == (tag, b"\x05\x00" * 100)
    assert ber.is_constructed(tag) == bool(octets[0] & 0x20)


def test_other_forms_of_lengths_hold_the_same():
    plain = ber.constructed(ber.SEQUENCE, NESTED, ber.write_null(ber.NULL))
    ber.check(plain, 0, len(plain))
    for other in (indefinite(plain), overlong(plain), overlong(plain, 1), overlong(plain, 2)):
        ber.check(other, 0, len(other))
        ((tag, start, stop),) = whole(other)
        inner = ber.elements(other, start, stop)
        assert tag == ber.SEQUENCE
        assert [one[0] for one in inner] == [ber.SEQUENCE, ber.NULL]
        # The contents of an element are an element's contents in definite form, too.
        assert whole(ber.tlv(tag, other[start:stop])) != []


@pytest.mark.parametrize(
    "octets",
    [
        "02",
        "0202ff",
        "30820005",
        "3084",
        "028500000000010a",
        "30ff00",
        "0280020100",
        "3080020100",
        "308002010000",
        "3080020100000100",
        "30800101ff",
        "0000",
        "02010100000201",
        "1f",
        "1f8a",
        "1f0a00",
        "1f801f00",
        "1fffffffff7f00",
        "3f80",
        "30801f",
        "3080" * 33 + "0000" * 33,
        "308030",
    ],
)
def test_what_is_no_element_is_refused(octets: str):
    with pytest.raises(BerError):
        whole(octets)


def test_nesting_is_bounded_in_either_form():
    deep = b""
    for _ in range(ber.NESTING_LIMIT + 1):
        deep = ber.tlv(ber.SEQUENCE, deep)
    with pytest.raises(BerError):
        ber.check(deep, 0, len(deep))
    ber.check(deep, 2, len(deep))
    at_limit = b"\x30\x80" * ber.NESTING_LIMIT + b"\0\0" * ber.NESTING_LIMIT
    ber.check(at_limit, 0, len(at_limit))
    string = b"\x04\x00"
    for _ in range(ber.NESTING_LIMIT + 1):
        string = ber.tlv(0x24, string)
    with pytest.raises(BerError):
        ber.read_octet_string(string, 0x24, 0, len(string))


@pytest.mark.parametrize(
    ("read", "contents"),
    [
        (ber.read_integer, ""),
        (ber.read_integer, "0001"),
        (ber.read_integer, "ff80"),
        (ber.read_integer, "010203040506070809"),
        (ber.read_boolean, ""),
        (ber.read_boolean, "0101"),
        (ber.read_null, "00"),
        (ber.read_oid, ""),
        (ber.read_oid, "2a86"),
        (ber.read_oid, "2a8001"),
        (ber.read_oid, "2affffffffffffffffff7f"),
        (ber.read_oid, "01" * 40),
        (ber.read_external, ""),
        (ber.read_external, "06012a"),
        (ber.read_external, "06012aa0020500a0020500"),
        (ber.read_external, "06012a06012aa0020500"),
        (ber.read_external, "0500a0020500"),
    ],
)
def test_values_that_their_type_does_not_have_are_refused(read: object, contents: str):
    data = bytes.fromhex(contents)
    with pytest.raises(BerError):
        read(data, 0, len(data))  # type: ignore[operator]


def test_values_that_have_no_encoding_are_refused():
    for arcs in ((1,), (3, 0), (1, 40), (0, -1), (2, 1 << 63), tuple(range(40))):
        with pytest.raises(BerError):
            ber.write_oid(ber.OBJECT_IDENTIFIER, arcs)
    for tag in (0x00, 0x1F0A, 0x1F800A, 0x0202):
        with pytest.raises(BerError):
            ber.tlv(tag, bytes(200))
    with pytest.raises(BerError):
        ber.write_integer(ber.INTEGER, 1 << 63)
    with pytest.raises(BerError):
        ber.write_external((1, 2), b"", 0xA3)


def test_octet_strings_booleans_and_externals_pass_both_ways():
    segments = ber.constructed(0x24, ber.tlv(0x04, b"ab"), ber.tlv(0x24, ber.tlv(0x04, b"c")))
    ((tag, start, stop),) = whole(segments)
    assert ber.read_octet_string(segments, tag, start, stop) == b"abc"
    with pytest.raises(BerError):
        ber.read_octet_string(b"\x05\x00", 0x24, 0, 2)
    for value in (True, False):
        assert ber.read_boolean(ber.write_boolean(ber.BOOLEAN, value), 2, 3) is value
    assert ber.read_octet_string(ber.write_octet_string(0x80, b"xy"), 0x80, 2, 4) == b"xy"
    held = ber.write_external((0, 0, 17, 773, 1, 1, 1), b"\x05\x00")
    found = ber.read_external(held, 2, len(held))
    assert (found.direct_reference, found.form) == ((0, 0, 17, 773, 1, 1, 1), 0xA0)
    assert held[found.start : found.stop] == b"\x05\x00"
    aligned = ber.write_external(None, b"zz", ber.OCTET_ALIGNED)
    assert ber.read_external(aligned, 2, len(aligned)).direct_reference is None


def test_the_first_element_is_read_whatever_follows_it():
    data = bytes.fromhex("02010530800500000002ff")
    assert ber.first(data, 0, len(data)) == ((2, 2, 3), 3)
    assert ber.first(data, 3, len(data)) == ((0x30, 5, 7), 9)
    for start, stop in ((9, 11), (9, 10), (11, 11), (0, 2)):
        with pytest.raises(BerError):
            ber.first(data, start, stop)
    assert ber.contents_at(bytes.fromhex("3082ffff"), 0) == 4
    for cut in ("", "30", "bf"):
        with pytest.raises(BerError):
            ber.contents_at(bytes.fromhex(cut), 0)
    with pytest.raises(BerError):
        ber.element(data, 0, 9)
