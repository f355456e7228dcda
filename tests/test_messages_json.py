"""JSON from strangers: the grammar to the letter, and the bounds."""

import os
import pathlib

import pytest

from calleq.messages import MessageError
from calleq.messages.strict_json import LIMIT_DEPTH, LIMIT_OCTETS, parse

CORPUS = pathlib.Path(os.environ.get("CALLEQ_CORPORA", "")) / "jsontestsuite"

needs_corpus = pytest.mark.skipif(
    not os.environ.get("CALLEQ_CORPORA") or not CORPUS.is_dir(),
    reason="CALLEQ_CORPORA names no directory with jsontestsuite",
)


def accepts(body: bytes) -> bool:
    try:
        parse(body)
    except MessageError:
        return False
    return True


@needs_corpus
def test_jsontestsuite():
    wrong = []
    judged = 0
    for path in sorted(CORPUS.glob("*.json")):
        expected = path.name[0]
        if "duplicated_key" in path.name:
            expected = "n"  # Ours is the stricter reading of RFC 8259 §4.
        accepted = accepts(path.read_bytes())
        if expected in "yn":
            judged += 1
            if accepted != (expected == "y"):
                wrong.append(path.name)
    assert wrong == []
    assert judged > 250


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"b":2,"a":1}',
        b'{"o":{"a":1,"\\u0061":2}}',
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e309",
        b"-1e309",
        b"18446744073709551616",
        b"-9223372036854775809",
        b"9" * 5_000,
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'{"\\uDFAA":0}',
        b'\xef\xbb\xbf{"a":1}',
        b'"a\x00b"',
        b"[1,]",
        b"01",
        b'{"a":1}}',
        b"'a'",
        b"",
        "[1]".encode("utf-16"),
    ],
)
def test_refused(body: bytes):
    assert not accepts(body)


@pytest.mark.parametrize(
    "body",
    [
        b"18446744073709551615",
        b"-9223372036854775808",
        b"1e308",
        b'"\\ud83d\\ude00"',
        b'"\\\\ud800"',
        b' {"a":[{"a":1},{"a":2}]}\n',
    ],
)
def test_accepted(body: bytes):
    assert accepts(body)


def test_depth_at_its_limit():
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        fits = opening * (LIMIT_DEPTH - 1) + b"[]" + closing * (LIMIT_DEPTH - 1)
        assert accepts(fits)
        assert not accepts(opening + fits + closing)
    assert not accepts(b"[" * LIMIT_OCTETS)
    wide = b"[" + b",".join([b"[]"] * 1_000) + b"]"
    assert accepts(wide)


def test_size_at_its_limit():
    assert accepts(b" " * (LIMIT_OCTETS - 1) + b"1")
    assert not accepts(b" " * LIMIT_OCTETS + b"1")


def test_a_duplicate_among_very_many_names_is_found_in_time():
    names = b",".join(b'"%x":0' % number for number in range(5_000))
    assert accepts(b"{" + names + b"}")
    assert not accepts(b"{" + names + b',"0":0}')
