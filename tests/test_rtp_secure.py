"""SRTP at ports: protected both ways, refused where it does not authenticate or cannot be had."""

import base64
import sys
from collections.abc import Iterator

import pytest

from calleq.media.ports import PortPlan, SecureKeys
from calleq.media.rtp.packet import parse
from calleq.media.rtp.secure import Secure, SecureError
from tests.rtp_bench import HOST, FarEnd, Leg, Plane

pytest.importorskip("pylibsrtp")

SUITE = "AES_CM_128_HMAC_SHA1_80"
OURS = base64.b64encode(bytes(range(30))).decode()
THEIRS = base64.b64encode(bytes(range(100, 130))).decode()
VOICE = bytes(range(96, 256))


@pytest.fixture
def plane() -> Iterator[Plane]:
    made = Plane()
    yield made
    made.close()


def secured(plane: Plane, wire: str, suite: str = SUITE) -> tuple[Leg, FarEnd, Secure]:
    """A leg, its far end, and the far end's side of the keys."""
    leg, far = plane.leg("sip", wire, plan=False)
    plane.legs.plan(leg, PortPlan(HOST, far.port, keys=SecureKeys(suite, OURS, THEIRS)))
    return leg, far, Secure(SecureKeys(suite, ours=THEIRS, theirs=OURS))


@pytest.mark.parametrize("suite", [SUITE, "AES_CM_128_HMAC_SHA1_32"])
def test_a_secured_leg_and_a_plain_one_hear_each_other(plane: Plane, suite: str):
    one, far_one, keys = secured(plane, "line:1", suite)
    two, far_two = plane.leg("sip", "line:2")
    plane.voice.feed("switch", "line:1", ("wire:line:2",))
    plane.voice.feed("switch", "line:2", ("wire:line:1",))
    plane.step()
    far_one.packets(), far_two.packets()
    for _ in range(5):
        far_one.send(one, keys.close(far_one.packet(VOICE)))
        far_one.skip()
        far_two.say(two, VOICE)
        plane.frames(1)
    plain = [parse(octets).payload for octets in far_two.packets()]
    assert plain == 5 * [VOICE]
    protected = far_one.packets()
    assert VOICE not in b"".join(protected)
    opened = [keys.open(octets) for octets in protected]
    assert [octets and parse(octets).payload for octets in opened] == 5 * [VOICE]


def test_a_secured_leg_is_ticked_too_and_reports(plane: Plane):
    _, far, keys = secured(plane, "line:1")
    plane.voice.feed("switch", "line:1", ("tone:busy",))
    plane.frames(400)
    assert all(keys.open(octets) is not None for octets in far.packets())
    reports = far.reports()
    assert reports
    assert all(keys.open_report(octets) is not None for octets in reports)


def test_what_does_not_authenticate_is_not_heard(plane: Plane):
    one, far_one, keys = secured(plane, "line:1")
    _, far_two = plane.leg("sip", "line:2")
    plane.voice.feed("switch", "line:2", ("wire:line:1",))
    plane.step()
    far_two.packets()
    far_one.say(one, VOICE)
    broken = bytearray(keys.close(far_one.packet(VOICE)))
    broken[20] ^= 1
    far_one.send(one, bytes(broken))
    plane.frames(3)
    assert VOICE not in [parse(octets).payload for octets in far_two.packets()]
    assert plane.legs.quality(one).received == 0


@pytest.mark.parametrize(
    ("suite", "key", "says"),
    [
        ("F8_128_HMAC_SHA1_80", OURS, "suite F8_128_HMAC_SHA1_80"),
        (SUITE, "!!!", "no base64"),
        (SUITE, "AAAA", "3 octets"),
    ],
)
def test_keys_that_cannot_be_are_refused(suite: str, key: str, says: str):
    with pytest.raises(SecureError, match=says):
        Secure(SecureKeys(suite, key, key))


def test_without_the_library_a_plan_with_keys_is_refused(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "pylibsrtp", None)
    leg, far = plane.leg("sip", "line:1", plan=False)
    keys = SecureKeys(SUITE, OURS, THEIRS)
    with pytest.raises(SecureError, match=r"install calleq\[srtp\]"):
        plane.legs.plan(leg, PortPlan(HOST, far.port, keys=keys))
    plane.frames(3)
    assert far.packets() == []
