"""Numbers that are given to a business, or taken back, while the switches are at work."""

import pathlib

import pytest

from calleq.accounts.changes import BusinessChanged, NumberAssigned, NumberReleased
from calleq.sip.shaken import Trust, Verifier
from calleq.units import SECOND_US
from tests.ssp_neighbours import Town, town_topology
from tests.test_gateway_trunks import ABROAD, TrunkScene, trunk
from tests.test_gateway_vouching import URL, files

__all__ = ["files"]
NEW = "+18005550177"
"""Of no switch's prefix, and in no topology."""
OLD = "+12125550140"
"""What the topology gives to abc; of a switch's prefix."""


def attestations(files: dict[str, str], *changes: tuple[object, ...]) -> list[str]:
    """What calls of abc abroad are signed with, one after each row of changes."""
    scene = TrunkScene(trunk(shaken_key=files["key"], shaken_certificate=URL))
    accounts = scene.network.network.accounts
    assert accounts is not None
    verifier = Verifier([pathlib.Path(files["certificate"]).read_bytes()])
    found = []
    for row in changes:
        for change in row:
            accounts.registry.apply(change)  # type: ignore[arg-type]
        business = accounts.registry.business("abc")
        assert business is not None
        scene.call(ABROAD)
        request = scene.peers[0].invited[-1].request
        now_s = scene.clock.now_us() // SECOND_US
        verdict = verifier.judge(request, business.number, ABROAD, now_s)
        found.append(verdict.attestation if verdict.trust is Trust.VERIFIED else "none")
    return found


def shows(number: str) -> BusinessChanged:
    return BusinessChanged(business="abc", settings={"number": number})


def test_a_number_given_while_the_switches_work_is_vouched_for(files: dict[str, str]) -> None:
    assert attestations(files, (), (shows(NEW),)) == ["A", "A"]


def test_a_switch_asks_who_owns_a_number_at_each_call() -> None:
    town = Town(town_topology())
    owned: set[str] = set()
    town.switch.know_owners(owned.__contains__)
    routing = town.switch._office.routing
    assert not routing.is_ours(NEW)
    owned.add(NEW)
    assert routing.is_ours(NEW)
    owned.clear()
    assert not routing.is_ours(NEW)


@pytest.mark.parametrize("number", [NEW, "+18005550178"])
def test_every_switch_of_a_network_knows_numbers_from_the_change_on(number: str) -> None:
    scene = TrunkScene()
    network = scene.network.network
    assert network.accounts is not None
    registry = network.accounts.registry

    def known() -> set[bool]:
        return {switch._office.routing.is_ours(number) for switch in network.switches.values()}

    assert known() == {False}
    registry.apply(NumberAssigned(business="abc", number=number))
    assert known() == {True}
    registry.apply(NumberReleased(business="abc", number=number))
    assert known() == {False}
