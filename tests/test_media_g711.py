"""G.711 mu-law against the Recommendation's own table and against Python's old codec."""

import math

import numpy as np
import pytest

from calleq.media import g711

# G.711 table 2a: the value at the output of each chord's lowest and highest level (14-bit scale)
TABLE_2A = {
    0x80: 8031,
    0x8F: 4191,
    0x9F: 2079,
    0xAF: 1023,
    0xBF: 495,
    0xCF: 231,
    0xDF: 99,
    0xEF: 33,
    0xFE: 2,
    0xFF: 0,
}

# G.711 table 2a: the decision value below each chord's lowest level, and that level's octet
DECISIONS_2A = {4063: 0x8F, 2015: 0x9F, 991: 0xAF, 479: 0xBF, 223: 0xCF, 95: 0xDF, 31: 0xEF}

# G.711 table 6: the periodic sequence that is a sine of 1 kHz at 0 dBm0
DIGITAL_MILLIWATT = bytes.fromhex("1e0b0b1e9e8b8b9e")


def test_levels_are_those_of_table_2a():
    for octet, value in TABLE_2A.items():
        assert g711.decode(bytes([octet])).tolist() == [4 * value]
        assert g711.decode(bytes([octet & 0x7F])).tolist() == [-4 * value]


def test_the_digital_milliwatt_is_zero_dbm0_at_1_khz():
    samples = g711.decode(DIGITAL_MILLIWATT * 100)
    assert g711.dbm0(samples) == pytest.approx(0.0, abs=0.05)
    spectrum = np.abs(np.fft.rfft(samples.astype(float)))
    assert int(spectrum.argmax()) * 8_000 // samples.size == 1_000


def test_every_octet_but_negative_zero_comes_back():
    octets = bytes(set(range(256)) - {0x7F})
    assert g711.encode(g711.decode(octets)) == octets
    assert g711.encode(g711.decode(b"\x7f")) == b"\xff"


def test_samples_part_at_the_decision_values_of_table_2a():
    for value, octet in DECISIONS_2A.items():
        around = np.array([4 * value, 4 * value - 1, -4 * value, 1 - 4 * value], dtype=np.int16)
        above, below = octet, octet + 1
        assert g711.encode(around) == bytes([above, below, above & 0x7F, below & 0x7F])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_another_codec_decodes_and_encodes_alike():
    audioop = pytest.importorskip("audioop")
    octets = bytes(range(256))
    assert audioop.ulaw2lin(octets, 2) == g711.decode(octets).tobytes()
    # that codec drops the two lowest bits of a sample first, so it is asked about multiples of four
    samples = np.arange(-32_768, 32_768, 4, dtype=np.int16)
    theirs = np.frombuffer(audioop.lin2ulaw(samples.tobytes(), 2), dtype=np.uint8)
    ours = np.frombuffer(g711.encode(samples), dtype=np.uint8)
    assert (theirs != ours).sum() <= 127  # a negative sample on a border may go either way
    assert (theirs[samples >= 0] == ours[samples >= 0]).all()


def test_what_is_too_loud_is_clipped_and_levels_are_in_dbm0():
    loud = np.array([100_000, -100_000], dtype=np.int32)
    assert g711.saturate(loud).tolist() == [32_767, -32_768]
    assert g711.dbm0(np.zeros(160, dtype=np.int16)) == -math.inf
    assert g711.dbm0(np.zeros(0, dtype=np.int16)) == -math.inf
    at_s = np.arange(8_000) / 8_000
    sine = g711.rms_of_dbm0(-18) * math.sqrt(2) * np.sin(2 * np.pi * 1_000 * at_s)
    assert g711.dbm0(g711.saturate(sine)) == pytest.approx(-18, abs=0.01)
