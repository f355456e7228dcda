"""Who hears whom: the graph against a plain definition, and its odd cases."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calleq.media.contract import Prompt, circuit_wire, line_wire, tone_source, wire_source
from calleq.media.graph import MAX_SOURCES, SILENCE, VoiceError, VoiceGraph

A, B, C = (line_wire(f"+1212555010{digit}") for digit in "123")
LEG_A, LEG_B = circuit_wire(62, 76, 1), circuit_wire(76, 62, 2)


def start(graph: VoiceGraph, element: str, name: str, voice: str) -> None:
    leaf = graph.player(element, name)
    leaf.prompt = Prompt("mouth", "talk")
    leaf.voice = frozenset((voice,))
    graph.start(leaf)


def heard(graph: VoiceGraph, element: str, wire: str) -> frozenset[str]:
    return graph.end(element, wire).heard


def bridged() -> VoiceGraph:
    """Two telephones at one switch, each on a circuit to the peripheral, which bridges them."""
    graph = VoiceGraph()
    for line, circuit in ((A, LEG_A), (B, LEG_B)):
        graph.feed("telephones", line, (f"player:{line}",), 0)
        start(graph, "telephones", line, f"mouth:{line}")
        graph.feed("ssp-62", circuit, (wire_source(line),), 0)
        graph.feed("ssp-62", line, (wire_source(circuit),), 0)
    graph.feed("ip-76", LEG_A, (wire_source(LEG_B),), 0)
    graph.feed("ip-76", LEG_B, (wire_source(LEG_A),), 0)
    return graph


def test_a_bridge_lets_each_hear_the_other_and_nobody_himself():
    graph = bridged()
    assert heard(graph, "telephones", A) == {f"mouth:{B}"}
    assert heard(graph, "telephones", B) == {f"mouth:{A}"}
    assert heard(graph, "ip-76", LEG_A) == {f"mouth:{A}"}


def test_a_circuit_wire_is_the_same_from_either_end():
    assert circuit_wire(62, 76, 2) == circuit_wire(76, 62, 2) == LEG_B


def test_a_listener_hears_at_once_and_at_each_change_only():
    graph = bridged()
    told: list[frozenset[str]] = []
    graph.listen(graph.end("telephones", B), told.append)
    graph.feed("ip-76", LEG_A, (tone_source("busy"),), 0)  # the other ear: nothing changes here
    graph.feed("ip-76", LEG_B, (tone_source("busy"),), 0)
    graph.feed("ip-76", LEG_B, (tone_source("busy"),), 0)
    graph.feed("ip-76", LEG_B, (), 0)
    assert told == [{f"mouth:{A}"}, {"tone:busy"}, SILENCE]


def test_a_listener_may_feed_in_turn():
    graph = bridged()
    told: list[frozenset[str]] = []

    def cut_off(voices: frozenset[str]) -> None:
        told.append(voices)
        if voices == {"tone:busy"}:
            graph.feed("ip-76", LEG_B, (), 0)

    graph.listen(graph.end("telephones", B), cut_off)
    graph.feed("ip-76", LEG_B, (tone_source("busy"),), 0)
    assert told == [{f"mouth:{A}"}, {"tone:busy"}, SILENCE]


def test_a_player_is_heard_from_its_start_to_its_end_and_again():
    graph = VoiceGraph()
    told: list[frozenset[str]] = []
    graph.listen(graph.end("ssp-62", A), told.append)
    graph.feed("telephones", A, ("player:x",), 0)
    start(graph, "telephones", "x", "mouth:x")
    graph.finish(graph.player("telephones", "x"))
    start(graph, "telephones", "x", "mouth:x")
    assert told == [SILENCE, {"mouth:x"}, SILENCE, {"mouth:x"}]


def test_three_in_a_conference_hear_both_others():
    graph = VoiceGraph()
    lines = (A, B, C)
    for line in lines:
        graph.feed("telephones", line, (f"player:{line}",), 0)
        start(graph, "telephones", line, line)
        others = tuple(wire_source(other) for other in lines if other != line)
        graph.feed("ssp-62", line, others, 0)
    for line in lines:
        assert heard(graph, "telephones", line) == set(lines) - {line}


def test_a_ring_of_bridges_is_left_open_and_closed_sound_again_when_it_is_broken():
    graph = VoiceGraph()
    graph.feed("one", "ab", ("player:p", "wire:ba"), 0)
    start(graph, "one", "p", "mouth:p")
    graph.feed("two", "ba", ("wire:ab",), 0)
    assert graph.rings == 1
    assert heard(graph, "two", "ab") == {"mouth:p"}
    assert heard(graph, "one", "ba") == SILENCE  # the last link of the ring stays silent
    graph.feed("one", "ab", ("player:p",), 0)
    assert heard(graph, "one", "ba") == {"mouth:p"}
    graph.feed("one", "ab", (), 0)
    assert heard(graph, "one", "ba") == SILENCE


def test_an_echo_is_no_ring():
    graph = VoiceGraph()
    graph.feed("one", "w", ("player:p",), 0)
    start(graph, "one", "p", "mouth:p")
    graph.feed("two", "w", ("wire:w",), 0)
    assert heard(graph, "one", "w") == {"mouth:p"}
    assert graph.rings == 0


@pytest.mark.parametrize(
    "sources",
    [
        ("speech:hello",),
        ("tone:whistle",),
        ("",),
        tuple(f"wire:{n}" for n in range(MAX_SOURCES + 1)),
    ],
)
def test_a_source_that_cannot_be_is_refused_and_changes_nothing(sources: tuple[str, ...]):
    graph = bridged()
    with pytest.raises(VoiceError):
        graph.feed("ip-76", LEG_A, sources, 0)
    assert heard(graph, "telephones", A) == {f"mouth:{B}"}


def defined(
    feeds: dict[tuple[str, str], tuple[str, ...]],
    element: str,
    wire: str,
    seen: frozenset[tuple[str, str]] = frozenset(),
) -> set[str]:
    """What arrives, straight from the contract's sentence."""
    voices: set[str] = set()
    for (sender, sent_on), sources in feeds.items():
        if sent_on != wire or sender == element:
            continue
        for source in sources:
            kind, _, name = source.partition(":")
            if kind == "tone":
                voices.add(source)
            elif (sender, name) not in seen:
                voices |= defined(feeds, sender, name, seen | {(sender, name)})
    return voices


ENDS = [("a", "ab"), ("b", "ab"), ("b", "bc"), ("c", "bc"), ("c", "cd"), ("d", "cd")]
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(ENDS),
        st.lists(st.sampled_from(["tone:busy", "tone:ringback", "other"]), max_size=3),
    ),
    max_size=25,
)


def told_sources(end: tuple[str, str], picked: Iterable[str]) -> tuple[str, ...]:
    """`other` is the element's other wire, if it has one: a chain of bridges makes no ring."""
    others = [wire_source(wire) for element, wire in ENDS if element == end[0] and wire != end[1]]
    chosen: list[str] = []
    for source in picked:
        chosen += others if source == "other" else [source]
    return tuple(chosen)


@settings(max_examples=60, deadline=None)
@given(CHANGES)
def test_after_any_changes_every_ear_is_as_the_contract_defines(changes):
    graph = VoiceGraph()
    feeds: dict[tuple[str, str], tuple[str, ...]] = {}
    for end, picked in changes:
        sources = told_sources(end, picked)
        feeds[end] = sources
        graph.feed(*end, sources, 0)
        for element, wire in ENDS:
            assert heard(graph, element, wire) == defined(feeds, element, wire)
