"""Random bits in blocks: none is given twice, none is out of its range."""

import os

import pytest

from calleq.runtime.draws import BLOCK_OCTETS, SystemDraws


def test_a_draw_has_as_many_bits_as_were_asked_for() -> None:
    draws = SystemDraws()
    for count in (1, 7, 8, 31, 64, 128):
        seen = [draws.bits(count) for _ in range(400)]
        assert max(seen) < 1 << count
        assert max(seen) >= 1 << (count - 1), "the highest bit is drawn, too"
        assert min(seen) < 1 << (count - 1)


def test_no_octet_of_a_block_is_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = iter((bytes(range(256)) * 16, bytes([255]) * BLOCK_OCTETS))
    monkeypatch.setattr(os, "urandom", lambda count: next(blocks))
    draws = SystemDraws()
    given = [draws.bits(16) for _ in range(BLOCK_OCTETS // 2)]
    assert given[:128] == [256 * (2 * n) + 2 * n + 1 for n in range(128)]
    assert draws.bits(24) == 0xFFFFFF, "a new block"
