"""What holds in every network that is at rest, whatever was done to it; each breach in a sentence.

Truth is what nobody inside can change: the answers the businesses got, and the telephones' diary.
The rules:

- every accepted call has one final state, the same at access server and equipment;
- nobody is dialled twice for one attempt, nobody twice for one call, and nobody rings undialled (a
  ring that its switch died of before it could tell, and that is tried again, counts as one, and so
  does one of which the word was lost on its way);
- no representative is dialled before the customer has answered, where the customer comes first;
- both exchanges of every circuit think the same of it;
- nothing is left: circuits, lines, telephones, players and calls are as before the first call;
- records equal the diary to the microsecond, or say they are partial where the switch that faced
  the party died during the call, and then bill no more than was talked; a mobile telephone that is
  out of reach and its switch find out by themselves, each within LINK_LOST_US, that a call is over.

Odd cases: a switch may have written the end of a call and died before its telephone heard of it:
then the record is whole, and shorter by no more than a flush. Where both ends of a line clear at
once, the diary knows its own end only; the record may then be up to two line delays shorter. An
answer that crosses the network's release on the line is none.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations

import msgspec

from calleq.billing.derivation import derive_records
from calleq.billing.records import LegRecord, SessionRecord
from calleq.journal.entries import Accepted, Dialled, Ended, Progress, Stamped, Transit, Undertaken
from calleq.network import TELEPHONES
from calleq.ss7.isup.agreement import disagreements
from calleq.telephones.diary import DiaryCall, Event
from calleq.telephones.mobile import LINK_LOST_US
from calleq.telephones.table import State
from simulator.faults.disk import SLOW_FLUSH_US
from simulator.faults.network import FragileNetwork
from simulator.truth import is_lost_ring


class Rest(msgspec.Struct, frozen=True):
    """What is in use in a network: circuits by exchange and group, lines, telephones, players."""

    circuits: Mapping[tuple[str, str], int]
    lines: Mapping[str, int]
    telephones: Mapping[str, str]
    players: int
    calls: Mapping[str, int]


def rest_of(network: FragileNetwork) -> Rest:
    """What is in use now; elements that are dead use nothing."""
    circuits: dict[tuple[str, str], int] = {}
    lines: dict[str, int] = {}
    calls: dict[str, int] = {}
    for process in network.processes.values():
        running = process.network
        if running is None:
            continue
        for name, exchange in running.exchanges.items():
            for group in exchange.snapshot().groups:
                circuits[name, group.name] = group.busy + group.reset + group.blocked
        for name, switch in running.switches.items():
            calls[name] = switch.calls_in_progress
            if switch.services is not None:
                calls[f"{name}'s service switching"] = len(switch.services)
            for line in network.topology.lines:
                if line.number in switch.register:
                    lines[line.number] = switch.register.calls_on(line.number)
        for name, peripheral in running.peripherals.items():
            calls[name] = len(peripheral.calling_logic)
            if peripheral.resource is not None:
                calls[f"{name}'s resource function"] = len(peripheral.resource)
        for name, point in running.control_points.items():
            calls[name] = len(point.calling_logic)
            calls[f"{name}'s dialogues"] = len(point.platform)
    telephones = network.telephones
    return Rest(
        circuits=circuits,
        lines=lines,
        telephones={
            number: telephones.telephone(number).state.value for number in telephones.numbers
        },
        players=network.voice.players(),
        calls=calls,
    )


def left_over(before: Rest, now: Rest) -> list[str]:
    """What is in use and was not before."""
    found = [
        f"{place[0]} has {busy} circuits of {place[1]} in use, {before.circuits[place]} before"
        for place, busy in now.circuits.items()
        if busy != before.circuits[place]
    ]
    found += [
        f"line {number} carries {count} calls, {before.lines[number]} before"
        for number, count in now.lines.items()
        if count != before.lines[number]
    ]
    idle = {State.ON_HOOK.value, State.IN_USE.value}
    found += [
        f"telephone {number} is {state}"
        for number, state in now.telephones.items()
        if state != before.telephones[number] and not {state, before.telephones[number]} <= idle
    ]
    found += [
        f"{element} has {count} calls, {before.calls[element]} before"
        for element, count in now.calls.items()
        if count != before.calls[element]
    ]
    if now.players != before.players:
        found.append(f"{now.players} prompts are playing, {before.players} before")
    return found


def final_states(entries: Iterable[Stamped], accepted: Iterable[str], server: str) -> list[str]:
    """Accepted calls that have no final state, or several, or are told of differently."""
    ends: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    undertaken: dict[str, str] = {}
    known = dict.fromkeys(accepted)
    for stamped in entries:
        match stamped.entry:
            case Ended(call=call, state=state):
                ends[call][stamped.entity].append(state)
            case Accepted(call=call):
                known[call] = None
            case Undertaken(call=call):
                undertaken[call] = stamped.entity
            case _:
                pass
    found = []
    for call in known:
        told = ends[call]
        if not told[server]:
            found.append(f"call {call} has no final state at {server}")
        if call in undertaken and not told[undertaken[call]]:
            found.append(f"call {call} has no final state at {undertaken[call]}")
        found += [
            f"call {call} ended {len(states)} times at {entity}: {', '.join(states)}"
            for entity, states in told.items()
            if len(states) > 1
        ]
        different = {state for states in told.values() for state in states}
        if len(different) > 1:
            found.append(f"call {call} ended as {' and as '.join(sorted(different))}")
    return found


def dialling(network: FragileNetwork, entries: Iterable[Stamped]) -> list[str]:
    """Parties dialled twice, rung without being dialled, or dialled before their time."""
    attempts: Counter[tuple[str, str, int]] = Counter()
    parties: Counter[tuple[str, str]] = Counter()
    dialled: Counter[str] = Counter()
    agent_first: set[str] = set()
    answered: set[tuple[str, str]] = set()
    found = []
    for stamped in sorted(entries, key=_in_time):
        match stamped.entry:
            case Undertaken(call=call, instruction=instruction):
                if instruction.get("dial_first") == "agent":
                    agent_first.add(call)
            case Progress(call=call, event="answered", leg=leg):
                answered.add((call, leg))
            case Dialled(call=call, leg=leg, attempt=attempt, number=number):
                attempts[call, leg, attempt] += 1
                parties[call, number] += 1
                dialled[number] += 1
                first = "agent" if call in agent_first else "customer"
                if leg != first and (call, first) not in answered:
                    found.append(f"call {call}: the {leg} was dialled before the {first} answered")
            case _:
                pass
    found += [
        f"call {call}: {leg} attempt {attempt} was dialled {times} times"
        for (call, leg, attempt), times in attempts.items()
        if times > 1
    ]
    found += [
        f"call {call}: {number} was dialled {times} times"
        for (call, number), times in parties.items()
        if times > 1
    ]
    found += _rung_undialled(network, dialled)
    return found


def _rung_undialled(network: FragileNetwork, dialled: Mapping[str, int]) -> list[str]:
    rings: Counter[str] = Counter()
    by_hand: Counter[str] = Counter()
    lost: set[str] = set()
    for entry in network.diary.entries():
        if entry.event is Event.RINGS:
            rings[entry.number] += 1
        elif entry.event is Event.LINE_LOST:
            lost.add(entry.number)
        elif entry.event is Event.DIALS:
            by_hand.update(_led_to(network, entry.detail))
    for number in lost:
        rings[number] -= sum(map(is_lost_ring, network.diary.calls(number)))
    if network.signalling.troubled:
        by_hand.update(_dialled_again(network))
    return [
        f"telephone {number} rang {times} times, dialled {dialled.get(number, 0)} times"
        for number, times in rings.items()
        if times > dialled.get(number, 0) + by_hand[number]
    ]


def _dialled_again(network: FragileNetwork) -> Iterable[str]:
    """Whom a switch dialled again by itself (Q.764 §2.8.1), as it may until it hears of a ring:
    where that word was lost the telephone has rung all the same."""
    for stamped in network.entries():
        if isinstance(stamped.entry, Transit) and stamped.entry.again:
            yield stamped.entry.called


def _in_time(stamped: Stamped) -> tuple[int, int]:
    return stamped.monotonic_us, stamped.sequence


def records_against_diary(network: FragileNetwork, records: Iterable[SessionRecord]) -> list[str]:
    """Answered calls without a record, records without an answer, and lengths that differ."""
    delay_us = network.topology.timing.line_delay_us
    legs: dict[str, list[LegRecord]] = defaultdict(list)
    for record in records:
        for leg in record.legs:
            if leg.answered_at_us is not None:
                legs[leg.number].append(leg)
    found = []
    for number in network.telephones.numbers:
        lived = [
            call
            for call in network.diary.calls(number)
            if call.answered is not None and not call.is_outgoing and not _by_hand(network, call)
        ]
        told = sorted(legs.pop(number, []), key=_in_journal)
        if len(lived) > len(told):
            lived = [call for call in lived if not _too_late(call, delay_us)]
        entity = told[0].entity if told else ""
        if len(lived) != len(told) and not any(hurt_during(network, call) for call in lived):
            found.append(f"telephone {number} answered {len(lived)} calls, {len(told)} recorded")
            continue
        if len(lived) == len(told):
            for call, leg in zip(lived, told, strict=True):
                found += compared(network, call, leg, delay_us, entity)
    found += [f"{number} has records and no telephone" for number in legs]
    return found


def _too_late(call: DiaryCall, delay_us: int) -> bool:
    """Whether the answer crossed the network's release on the line, and so was none."""
    released = call.ended is not None and call.ended.event is Event.RELEASED
    return released and call.talk_us is not None and call.talk_us <= 2 * delay_us


def _in_journal(leg: LegRecord) -> int:
    """The order in which the switch wrote them, whatever its wall clock did."""
    return leg.sequence


def compared(
    network: FragileNetwork, call: DiaryCall, leg: LegRecord, delay_us: int, entity: str
) -> list[str]:
    """What is wrong with the record of one call of a telephone's diary."""
    talk_us = call.talk_us
    if talk_us is None or call.ended is None:
        return [f"telephone {call.number} is still in a call"]
    if out_of_reach_during(network, call) and not _switch_died(network, call):
        if leg.partial or abs(talk_us - leg.talk_us) > LINK_LOST_US + 2 * delay_us:
            return [f"{call.number}: out of reach, {leg.talk_us} us recorded, {talk_us} us talked"]
        return []
    if hurt_during(network, call):
        unwritten_us = talk_us - leg.talk_us
        if not leg.partial and unwritten_us > SLOW_FLUSH_US + 2 * delay_us:
            return [f"{call.number}: {entity} died in the call and the record is not partial"]
        if leg.talk_us > talk_us + 2 * delay_us:
            return [f"{call.number}: {leg.talk_us} us recorded, {talk_us} us were talked"]
        return []
    expected_us = talk_us - (2 * delay_us if call.ended.event is Event.RELEASED else 0)
    if leg.partial:
        return [f"{call.number}: the record is partial and {entity} lived"]
    if not expected_us - 2 * delay_us <= leg.talk_us <= expected_us:
        return [f"{call.number}: {leg.talk_us} us recorded, {expected_us} us were talked"]
    return []


def hurt_during(network: FragileNetwork, call: DiaryCall) -> bool:
    """Whether telephone and records may differ about a call: its switch died in it, or the air."""
    if call.ended is None or call.ended.event is Event.LINE_LOST:
        return True
    return _switch_died(network, call) or out_of_reach_during(network, call)


def out_of_reach_during(network: FragileNetwork, call: DiaryCall) -> bool:
    """Whether a mobile telephone was out of reach at some time of a call."""
    began_us, ended = call.began.monotonic_us, call.ended
    return ended is not None and network.reach.was_away(call.number, began_us, ended.monotonic_us)


def _switch_died(network: FragileNetwork, call: DiaryCall) -> bool:
    """Whether the switch of the telephone died between offering the call and its end.

    A call is offered a line delay before its telephone rings; what is still written of its end is
    durable a flush later.
    """
    if call.ended is None:
        return False
    switch = network.telephones.switch_of(call.number)
    began_us, ended_us = call.began.monotonic_us, call.ended.monotonic_us
    delay_us = network.topology.timing.line_delay_us
    margin_us = 2 * delay_us + 10_000
    return any(
        name == switch and began_us - delay_us <= at_us <= ended_us + margin_us
        for name, at_us in network.deaths
    )


def _by_hand(network: FragileNetwork, call: DiaryCall) -> bool:
    """Whether another telephone dialled this one: such a call is no customer service call."""
    return any(
        entry.event is Event.DIALS and call.number in _led_to(network, entry.detail)
        for entry in network.diary.entries(call.far)
    )


def _led_to(network: FragileNetwork, dialled: str) -> frozenset[str]:
    """Whose telephones may ring because this number was dialled: an 800 number has several."""
    found = {dialled}
    for service in network.topology.freephone:
        if service.number == dialled:
            found.update(*(share.numbers for rule in service.rules for share in rule.shares))
    return frozenset(found)


def disagreeing_circuits(network: FragileNetwork) -> list[str]:
    """Circuits of which the exchanges at their ends think differently."""
    exchanges = [
        exchange
        for process in network.processes.values()
        if process.network is not None
        for exchange in process.network.exchanges.values()
    ]
    return [
        f"circuit {found.cic} between {found.one} and {found.other}: {found.what}"
        for one, other in combinations(exchanges, 2)
        for found in disagreements(one, other)
    ]


def breaches(network: FragileNetwork, before: Rest, accepted: Iterable[str]) -> list[str]:
    """Every rule that does not hold in a network at rest. `accepted`: calls answered with 202."""
    entries = network.entries()
    found = final_states(entries, accepted, network.server)
    found += dialling(network, entries)
    found += left_over(before, rest_of(network))
    found += disagreeing_circuits(network)
    dead = [name for name, process in network.processes.items() if process.network is None]
    found += [f"{name} is dead" for name in dead if name != TELEPHONES]
    found += records_against_diary(network, derive_records(entries))
    return found
