"""A journal as a network in one process leaves it when it is killed in the midst of its work.

Calls began every CALL_GAP_US, one after the other: most completed, with a heartbeat a minute; some
found the customer busy, or nobody at home, or gone before the representative came; some found the
first representative busy and the next one free; and some senders were refused. The last UNFINISHED
calls were under way, in every state: accepted, undertaken, ringing, answered, bridged.

It is a past for measuring restarts by, written by the journal's own writer. Which call comes to
what follows from its number, so that every run has the same.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from calleq.causes import Q850
from calleq.intake.references import reference_text
from calleq.journal.entries import (
    Accepted,
    CircuitKey,
    Dialled,
    Ended,
    Entry,
    LineAnswered,
    LineHeartbeat,
    LineRefused,
    LineReleased,
    LineRinging,
    LineSeized,
    Progress,
    Received,
    Refused,
    Stamped,
    Started,
    Transit,
    Undertaken,
)
from calleq.journal.frames import encode_entry
from calleq.journal.writer import JournalWriter
from calleq.osn.messages import SetUpCall
from calleq.runtime.disk import RealDisk
from calleq.units import MILLISECOND_US, SECOND_US

GROUP = 4_096
CALL_GAP_US = 400 * MILLISECOND_US
"""Between the calls of the past: about 200 000 a day."""
EVENTS_PER_CALL = 20
"""About so many, to know when the past began."""
UNFINISHED = 40
"""Calls that the last life left under way."""
HEARTBEATS = 3
CIRCUITS = 400
BUSINESS, CUSTOMER, REPRESENTATIVE = "xyz", "+12125550103", "+12125550153"
BUSINESS_NUMBER = "+12125550150"
IP, NEAR, FAR = 4705, 4593, 4625
DOOR, EQUIPMENT, NEAR_SWITCH, FAR_SWITCH = "server-72", "ip-76", "ssp-62", "ssp-66"

Steps = Iterator[tuple[str, Entry]]


def write_past(path: Path, events: int) -> int:
    """Write a journal of at least `events` events; its length in octets."""
    now_us = time.time_ns() // 1_000
    writer = JournalWriter(path, RealDisk(), lambda: now_us)
    sequences: dict[str, int] = {}
    group: list[Stamped] = []
    at_us = now_us - events // EVENTS_PER_CALL * CALL_GAP_US

    def say(entity: str, entry: Entry, instant_us: int) -> None:
        sequence = sequences[entity] = sequences.get(entity, 0) + 1
        group.append(Stamped(entity, sequence, instant_us, instant_us, entry))

    for entity in (DOOR, EQUIPMENT, NEAR_SWITCH, FAR_SWITCH):
        say(entity, Started("1.0"), at_us)
    number = written = unfinished = 0
    while unfinished < UNFINISHED:
        number += 1
        if written + len(group) >= events:
            unfinished += 1
        for place, (entity, entry) in enumerate(_call(number, at_us)):
            if unfinished and place >= unfinished // 2:
                break
            say(entity, entry, at_us + place * SECOND_US)
        at_us += CALL_GAP_US
        if len(group) >= GROUP or unfinished == UNFINISHED:
            writer.commit([encode_entry(stamped) for stamped in group], group)
            written += len(group)
            group.clear()
    writer.finish()
    writer.close()
    return sum(one.stat().st_size for one in path.parent.glob("*.journal"))


def _call(number: int, at_us: int) -> Steps:
    """Everything that is written about one call, in the order of its instants."""
    call = reference_text(at_us // MILLISECOND_US << 80 | number)
    customer, agent = f"+1212556{number % 10_000:04d}", f"+1212555{153 + number % 2:04d}"
    message: dict[str, object] = {"business_id": BUSINESS, "customer_number": customer}
    key, fingerprint = f"key-{number:032d}", f"{number:064x}"
    if number % 20 == 0:
        yield DOOR, Refused(DOOR, BUSINESS, "password", "192.0.2.7")
    yield DOOR, Accepted(call, BUSINESS, DOOR, message, key, fingerprint)
    yield EQUIPMENT, Undertaken(call, msgspec.to_builtins(_instruction(call, customer, agent)))
    circuit = CircuitKey(IP, NEAR, 2 * number % CIRCUITS)
    yield EQUIPMENT, Dialled(call, "customer", 1, customer, circuit, "76-62")
    received = Received("76-62", customer[2:], 3, BUSINESS_NUMBER[2:], 3)
    match number % 10:
        case 0:
            refused = LineRefused(customer, circuit, Q850.USER_BUSY, 0, BUSINESS_NUMBER, received)
            yield NEAR_SWITCH, refused
            yield EQUIPMENT, Progress(call, "failed", "customer", 1, Q850.USER_BUSY)
            yield from _end(call, "customer_busy", Q850.USER_BUSY)
            return
        case 1:
            yield from _seized(NEAR_SWITCH, number, circuit, received)
            yield NEAR_SWITCH, LineReleased(number, Q850.NORMAL, 2, "network")
            yield EQUIPMENT, Progress(call, "failed", "customer", 1, Q850.NO_ANSWER)
            yield from _end(call, "customer_no_answer", Q850.NO_ANSWER)
            return
        case _:
            yield from _seized(NEAR_SWITCH, number, circuit, received)
    yield EQUIPMENT, Progress(call, "ringing", "customer", 1)
    yield NEAR_SWITCH, LineAnswered(number)
    yield EQUIPMENT, Progress(call, "answered", "customer", 1)
    yield from _representative(call, number, customer, agent)


def _representative(call: str, number: int, customer: str, agent: str) -> Steps:
    """From the customer's answer on."""
    attempt = 1
    onward = CircuitKey(NEAR, FAR, number % CIRCUITS)
    circuit = CircuitKey(IP, NEAR, (2 * number + 1) % CIRCUITS)
    received = Received("62-66", agent[2:], 3, customer[2:], 3)
    if number % 10 == 2:
        yield EQUIPMENT, Dialled(call, "agent", attempt, agent, circuit, "76-62")
        yield NEAR_SWITCH, Transit(circuit, onward)
        yield FAR_SWITCH, LineRefused(agent, onward, Q850.USER_BUSY, 0, customer, received)
        yield EQUIPMENT, Progress(call, "failed", "agent", attempt, Q850.USER_BUSY)
        attempt += 1
    yield EQUIPMENT, Dialled(call, "agent", attempt, agent, circuit, "76-62")
    yield NEAR_SWITCH, Transit(circuit, onward)
    yield from _seized(FAR_SWITCH, number, onward, received)
    yield EQUIPMENT, Progress(call, "ringing", "agent", attempt)
    if number % 10 == 3:
        yield NEAR_SWITCH, LineReleased(number, Q850.NORMAL, 0, "line")
        yield EQUIPMENT, Progress(call, "released", "customer", 1, Q850.NORMAL)
        yield FAR_SWITCH, LineReleased(number, Q850.NORMAL, 2, "network")
        yield from _end(call, "customer_abandoned", Q850.NORMAL)
        return
    yield FAR_SWITCH, LineAnswered(number)
    yield EQUIPMENT, Progress(call, "answered", "agent", attempt)
    yield EQUIPMENT, Progress(call, "bridged")
    for _ in range(number % (HEARTBEATS + 1)):
        yield NEAR_SWITCH, LineHeartbeat(number)
        yield FAR_SWITCH, LineHeartbeat(number)
    yield FAR_SWITCH, LineReleased(number, Q850.NORMAL, 0, "line")
    yield EQUIPMENT, Progress(call, "released", "agent", attempt, Q850.NORMAL)
    yield NEAR_SWITCH, LineReleased(number, Q850.NORMAL, 2, "network")
    yield EQUIPMENT, Progress(call, "released", "customer", 1, Q850.NORMAL)
    yield from _end(call, "completed", Q850.NORMAL)


def _seized(switch: str, number: int, circuit: CircuitKey, received: Received) -> Steps:
    called, calling = f"+1{received.called}", f"+1{received.calling}"
    yield switch, LineSeized(number, called, circuit, calling, called, received)
    yield switch, LineRinging(number)


def _end(call: str, state: str, cause: int) -> Steps:
    yield EQUIPMENT, Ended(call, state, cause)
    yield DOOR, Ended(call, state, cause)


def _instruction(call: str, customer: str, agent: str) -> SetUpCall:
    return SetUpCall(
        call=call,
        business=BUSINESS,
        business_name="XYZ Company",
        business_number=BUSINESS_NUMBER,
        customer=customer,
        representative="",
        representatives=(agent, REPRESENTATIVE),
        hunt=True,
        dial_first="customer",
        detect_machine=False,
        ring_limit_us=30 * SECOND_US,
        answer_to=DOOR,
    )
