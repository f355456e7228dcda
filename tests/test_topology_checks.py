"""A topology file is a network, or an error that names the file, the key and what was expected."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calleq.topology import (
    Topology,
    TopologyError,
    address_of,
    check_topology,
    element_names,
    figure1_path,
    home_switch,
    load_topology,
    numerals,
    parse_topology,
    point_code_text,
)

FIGURE_1 = figure1_path().read_text(encoding="utf-8")


def spoiled(old: str, new: str, place: int = 1) -> str:
    """The shipped file with the `place`-th occurrence of a text replaced."""
    parts = FIGURE_1.split(old)
    assert len(parts) > place, f"{old!r} does not stand in the file"
    return old.join(parts[:place]) + new + old.join(parts[place:])


@pytest.mark.row("S2-80", part=True)
@pytest.mark.row("S2-94", part=True)
def test_the_shipped_network_names_every_numeral_of_figure_1() -> None:
    found = {numeral: (what, name) for numeral, what, name in numerals(load_topology())}
    expected = (
        "22 24 26 28 30 36 38 50 52 54 55 56 56' 56'' 58 58' 58'' 59 62 64 65 66 67 68 70 71 72 73"
        " 74 76 80 100"
    )
    assert list(found) == expected.split()
    assert found["65"] == ("mobile switching office", "mtso-65")
    assert found["67"] == ("antenna", "mtso-65")
    assert found["80"] == ("calling logic", "ip-76")
    assert found["56''"] == ("telephone", "+12125550153 at 59")


def test_every_line_of_the_shipped_network_has_its_switch_by_the_longest_prefix() -> None:
    topology = load_topology()
    homes = {line.number: home_switch(topology, line.number) for line in topology.lines}
    assert homes["+12125550100"] == "ssp-62"
    assert homes["+12125550107"] == "ssp-66"
    assert homes["+12125550111"] == "mtso-65"
    assert homes["+12125550143"] == "ssp-64"
    assert homes["+12125550190"] == "ssp-66"
    assert home_switch(topology, "+12125550103") == "ssp-62"
    assert home_switch(topology, "+442071838750") is None


def test_elements_have_addresses_of_their_own() -> None:
    topology = load_topology()
    names = element_names(topology)
    assert names[0] == "server-72"
    assert names[-1] == "telephones"
    services = ("osn", "links", "lines", "voice", "http")
    places = {address_of(topology, name, service) for name in names for service in services}
    assert len(places) == len(names) * len(services)
    assert address_of(topology, "server-72", "http") == ("127.0.0.1", 8104)
    elsewhere = parse_topology(
        FIGURE_1 + '\n[processes]\nbase_port = 9000\n[processes.hosts]\n"ssp-62" = "10.0.0.5"\n',
        "x",
    )
    assert address_of(elsewhere, "ssp-62", "links") == ("10.0.0.5", 9011)
    with pytest.raises(TopologyError, match="'ssp-99' is no element: server-72, ssp-62"):
        address_of(topology, "ssp-99", "osn")


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ("name = ", "not a TOML file", ""),
        (spoiled('country_code = "1"', 'country_code = "one"'), "country_code", "1 to 3 digits"),
        (spoiled('name = "ssp-62"', ""), "switches[0].name", "is missing"),
        (
            spoiled('name = "ssp-62"', "name = 62"),
            "switches[0].name",
            "text expected, not a whole number",
        ),
        (spoiled('name = "ssp-62"', 'nam = "ssp-62"'), "switches[0].nam", "no such key is known"),
        (spoiled('kind = "mtso"', 'kind = "msc"'), "switches[3].kind", "'msc'"),
        (spoiled('name = "ssp-64"', 'name = "ssp-62"'), "switches[1].name", "already"),
        (spoiled('name = "ssp-64"', 'name = "telephones"'), "switches[1].name", "already"),
        (spoiled('name = "ssp-64"', 'name = "SSP 64"'), "switches[1].name", "small letters"),
        (spoiled("2-64-1", "2-62-1"), "switches[1].point_code", "is the code of ssp-62"),
        (spoiled("2-64-1", "9-64-1"), "switches[1].point_code", "write it 3-8-3"),
        (
            spoiled('"+1212555014"', '"1212555014"'),
            "switches[1].prefixes[0]",
            "+ and 1 to 15 digits",
        ),
        (spoiled('"+1212555014"', '"+1212555010"'), "switches[1].prefixes[0]", "belongs to ssp-62"),
        (
            spoiled('antenna = "67"', "paging_s = nan"),
            "switches[3].paging_s",
            "0 to 60.0 s expected",
        ),
        (spoiled('mate = "stp-70"', 'mate = "stp-71"'), "transfer_points[0].mate", "'stp-71'"),
        (spoiled('mate = "stp-70"', ""), "transfer_points[1].mate", "has another mate"),
        (
            spoiled('ends = ["ssp-62", "stp-68"]', 'ends = ["ssp-61", "stp-68"]'),
            "links[0].ends[0]",
            "'ssp-61': expected one of ip-76, mtso-65",
        ),
        (
            spoiled('ends = ["ssp-62", "stp-68"]', 'ends = ["ssp-62", "ssp-62"]'),
            "links[0].ends",
            "two different ends",
        ),
        (
            spoiled('ends = ["ssp-62", "stp-68"]', 'ends = ["stp-70", "ssp-62"]'),
            "links[1].slc",
            "0: links[0] between ssp-62 and stp-70 has it already; a code of its own, 0 to 15",
        ),
        (
            spoiled('ends = ["ssp-62", "stp-68"]', 'ends = ["ssp-62", "stp-68"]\ndelay_us = -1'),
            "links[0].delay_us",
            "-1: 0 to",
        ),
        (
            spoiled('ends = ["ssp-62", "ssp-64"]', 'ends = ["ssp-62", "stp-68"]'),
            "trunks[1].ends[1]",
            "no switch or peripheral is called 'stp-68'",
        ),
        (spoiled('name = "62-64"', 'name = "76-62"'), "trunks[1].name", "a name of its own"),
        (spoiled("circuits = 60", "circuits = 0"), "trunks[0].circuits", "at least 1"),
        (spoiled("circuits = 60", "circuits = 5000"), "trunks[0].first", "1 to 4095 expected"),
        (
            FIGURE_1 + '\n[[trunks]]\nname = "more"\nends = ["ssp-64", "ssp-62"]\nfirst = 60\n',
            "trunks[7].first",
            "overlap those of 62-64",
        ),
        (
            spoiled('ends = ["ip-76", "ssp-62"]', 'ends = ["ip-76", "ssp-64"]'),
            "peripherals[0].switch",
            "a trunk group between the two is expected",
        ),
        (spoiled('switch = "ssp-62"', 'switch = "x"', 2), "peripherals[0].switch", "no switch"),
        (spoiled('switch = "ssp-62"', 'switch = "x"'), "access_server.switch", "no switch"),
        (
            spoiled('switch = "ssp-62"', 'switch = "ssp-62"\nlisten = "8072"'),
            "access_server.listen",
            "HOST:PORT expected",
        ),
        (
            spoiled('number = "+12125550143"', 'number = "555"'),
            "lines[13].number",
            "not an E.164 number",
        ),
        (
            spoiled('number = "+12125550143"', 'number = "+1 212 555 0143"'),
            "lines[13].number",
            "write it +12125550143",
        ),
        (
            spoiled('number = "+12125550143"', 'number = "+12125550100"'),
            "lines[13].number",
            "has a line already",
        ),
        (
            spoiled('number = "+12125550143"', 'number = "+13125550143"'),
            "lines[13].number",
            "no switch has a prefix",
        ),
        (spoiled('kind = "mobile"', 'kind = "isdn"'), "lines[10].kind", "mobile expected"),
        (spoiled('kind = "dsl"', 'kind = "mobile"'), "lines[0].kind", "other than mobile"),
        (spoiled('kind = "dsl"', 'kind = "adsl"'), "lines[0].kind", "'adsl'"),
        (spoiled("online = true", "coverage = false"), "lines[0].coverage", "only a mobile line"),
        (spoiled('place = "22"', 'place = "23"'), "lines[0].place", "no place is called '23'"),
        (spoiled('numeral = "24"', 'numeral = "22"'), "premises[1].numeral", "of its own"),
        (spoiled('behaviour = "modem"', "").replace("0190", "0191"), "isp_number", "on-line"),
        (spoiled('identifier = "xyz"', 'identifier = "abc"'), "businesses[1].identifier", "there"),
        (
            spoiled('["+12125550153"]', '["+12125550154"]'),
            "businesses[1].representatives[0]",
            "no line has +12125550154",
        ),
        (
            spoiled('["+12125550153"]', '["+12125550153", "+12125550153"]'),
            "businesses[1].representatives[1]",
            "named twice",
        ),
        (
            FIGURE_1 + "\n[timing]\nring_limit_s = inf\n",
            "timing.ring_limit_s",
            "more than 0, at most 600.0 s",
        ),
        (FIGURE_1 + "\n[timing]\nosn_delay_us = -5\n", "timing.osn_delay_us", "-5: 0 to"),
        (FIGURE_1 + "\n[processes]\nbase_port = 65500\n", "processes.base_port", "1 to 65425"),
        (
            FIGURE_1 + '\n[processes.hosts]\n"ssp-99" = "10.0.0.1"\n',
            "processes.hosts.ssp-99",
            "no element",
        ),
        (
            FIGURE_1 + '\n[processes.hosts]\n"ssp-62" = "a b"\n',
            "processes.hosts.ssp-62",
            "no host name",
        ),
    ],
)
def test_what_is_no_network_is_refused_with_file_key_and_expectation(
    text: str, key: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "network.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TopologyError) as raised:
        load_topology(path)
    assert str(raised.value).startswith(f"{path}: {key}: ")
    assert reason in str(raised.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(TopologyError, match=r"none\.toml: cannot be read: No such file"):
        load_topology(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"name = '\xff\xfe'")
    with pytest.raises(TopologyError, match=r"binary\.toml: not a TOML file"):
        load_topology(tmp_path / "binary.toml")


def test_another_file_builds_another_network() -> None:
    smallest = """
        name = "one switch"
        [access_server]
        name = "door"
        numeral = "1"
        equipment_address = "door.example"
        switch = "x"
        [[switches]]
        name = "x"
        numeral = "2"
        point_code = "1-1-1"
        prefixes = ["+49"]
        [[lines]]
        number = "+4930123456"
    """
    topology = parse_topology(smallest, "smallest")
    assert home_switch(topology, "+4930123456") == "x"
    assert element_names(topology) == ("door", "x", "telephones")


@given(st.integers(0, 2**14 - 1))
def test_point_codes_are_written_as_they_are_read(code: int) -> None:
    text = FIGURE_1.replace("2-64-1", point_code_text(code))
    taken = {"2-62-1", "2-66-1", "2-65-1", "2-68-1", "2-70-1", "2-76-1"}
    if point_code_text(code) in taken:
        with pytest.raises(TopologyError, match="is the code of"):
            parse_topology(text, "x")
    else:
        assert parse_topology(text, "x").switches[1].point_code == point_code_text(code)


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value in a TOML document."""
    yield path
    children: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(value, dict):
        children = iter(value.items())
    elif isinstance(value, list):
        children = iter(enumerate(value))
    for key, child in children:
        yield from places(child, (*path, key))


ALL_PLACES = [path for path in places(tomllib.loads(FIGURE_1)) if path]
ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.just([]),
    st.just({}),
    st.lists(st.text(max_size=4), max_size=3),
    st.sampled_from(["ssp-62", "ip-76", "+12125550100", "2-62-1", "127.0.0.1:80", 2**70, "é"]),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ALL_PLACES), ODD_VALUES, st.booleans()), max_size=3))
def test_a_mutated_network_is_a_network_or_a_topology_error(
    mutations: list[tuple[tuple[str | int, ...], object, bool]],
) -> None:
    raw = tomllib.loads(FIGURE_1)
    for path, value, remove in mutations:
        holder = raw
        try:
            for key in path[:-1]:
                holder = holder[key]
            if remove:
                del holder[path[-1]]
            else:
                holder[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue
    try:
        topology = msgspec.convert(raw, Topology)
    except msgspec.ValidationError:
        return
    try:
        check_topology(topology)
    except TopologyError as error:
        assert ": " in str(error)  # noqa: PT017
        return
    assert numerals(topology)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(FIGURE_1) - 1), st.integers(0, 30), st.text(max_size=6))
def test_a_file_with_a_piece_replaced_is_a_network_or_a_topology_error(
    start: int, length: int, piece: str
) -> None:
    text = FIGURE_1[:start] + piece + FIGURE_1[start + length :]
    try:
        parse_topology(text, "network.toml")
    except TopologyError as error:
        assert str(error).startswith("network.toml: ")  # noqa: PT017
