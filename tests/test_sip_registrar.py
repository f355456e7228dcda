"""The registrar: bindings by the rules of RFC 3261 §10.3, and who is kept out."""

import itertools
import time

import pytest

from calleq.sip import events as sip
from calleq.sip.bounds import BAD_REQUEST
from calleq.sip.digest import answer, shared_secret, strongest
from calleq.sip.events import Binding, Credentials
from calleq.sip.fields import NameAddress
from calleq.sip.flood import (
    ANSWERS_LIMIT,
    BURST,
    GUESSES_LIMIT,
    LOCKED_US,
    OPENINGS_PER_S,
    OTHERS_FACTOR,
    Sources,
)
from calleq.sip.guard import Guard
from calleq.sip.message import Request, Response, parse
from calleq.sip.registrar import CONTACTS_LIMIT, LONGEST_S, Registrar, Reply
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri
from calleq.units import SECOND_US
from tests.sip_agents import Net, Party

REALM = "bell.example"
PASSWORDS = {"ann": "zanzibar", "bea": "tirana"}
NUMBERS = {"ann": "+12015550101", "bea": "+12015550102"}
HERE = Target("198.51.100.7", 40_000)
ELSEWHERE = Target("203.0.113.9", 5_060)


def made(shortest_s: int = 60) -> tuple[Registrar, Sources]:
    def secret_of(user: str, algorithm: str) -> str | None:
        password = PASSWORDS.get(user)
        return shared_secret(algorithm, user, REALM, password) if password else None

    sources = Sources()
    guard = Guard(REALM, b"0123456789abcdef", secret_of)
    return Registrar(guard, NUMBERS.get, sources=sources, shortest_s=shortest_s), sources


class Subscriber:
    """Registers as a telephone does: asks, is challenged, answers."""

    def __init__(self, registrar: Registrar, user: str = "ann", source: Target = HERE) -> None:
        self.registrar, self.user, self.source = registrar, user, source
        self.number = 0
        self.call_id = f"{user} {source.host}"
        self.password = PASSWORDS.get(user, "")

    def request(self, *contacts: str, **fields: str) -> Request:
        self.number += 1
        lines = {
            "via": [f"SIP/2.0/UDP {self.source.host};branch=z9hG4bK{self.number}"],
            "from": [f"<sip:{self.user}@{REALM}>;tag=f"],
            "to": [f"<sip:{self.user}@{REALM}>"],
            "call-id": [self.call_id],
            "cseq": [f"{self.number} REGISTER"],
            "contact": list(contacts),
        }
        lines.update({name.replace("_", "-"): [value] for name, value in fields.items()})
        return Request("REGISTER", f"sip:{REALM}", {n: v for n, v in lines.items() if v})

    def proves(self, request: Request, now_us: int) -> Request:
        asked = self.registrar.register(request, self.source, now_us)
        challenge = strongest(asked.fields.get("www-authenticate", ()))
        if challenge is None:
            return request
        shown = answer(challenge, self.user, self.password, "REGISTER", request.target, cnonce="c")
        request.fields["authorization"] = [str(shown)]
        return request

    def registers(self, *contacts: str, now_us: int = 0, **fields: str) -> Reply:
        request = self.proves(self.request(*contacts, **fields), now_us)
        return self.registrar.register(request, self.source, now_us)


def uris(registrar: Registrar, user: str = "ann", now_us: int = 0) -> list[str]:
    return [str(one.uri) for one in registrar.bound(NUMBERS[user], now_us)]


def test_nobody_registers_without_a_password():
    registrar, _ = made()
    ann = Subscriber(registrar)
    reply = registrar.register(ann.request("<sip:ann@10.0.0.2>"), HERE, 0)
    assert reply.status == 401
    assert [line.count("algorithm=SHA-256") for line in reply.fields["www-authenticate"]] == [1, 0]
    assert uris(registrar) == []


def test_a_binding_stands_until_its_time_and_knows_where_it_came_from():
    registrar, _ = made()
    reply = Subscriber(registrar).registers("<sip:ann@10.0.0.2:5062>;expires=120")
    assert (reply.status, reply.address) == (200, NUMBERS["ann"])
    assert reply.fields["contact"] == ["<sip:ann@10.0.0.2:5062>;expires=120"]
    (bound,) = registrar.bound(NUMBERS["ann"], 119 * SECOND_US)
    assert bound.source == HERE
    assert uris(registrar, now_us=120 * SECOND_US) == []
    assert len(registrar) == 0


def test_several_contacts_are_told_best_first():
    registrar, _ = made()
    ann = Subscriber(registrar)
    ann.registers("<sip:a@h1>;q=0.2", "<sip:a@h2>", expires="600")
    reply = ann.registers("<sip:a@h3>;q=0.7", expires="600")
    assert uris(registrar) == ["sip:a@h2", "sip:a@h3", "sip:a@h1"]
    assert len(reply.fields["contact"]) == 3


@pytest.mark.parametrize(
    ("contact", "expires", "granted_s"),
    [("", "900", 900), (";expires=300", "900", 300), ("", "", 3_600), ("", "9999999", LONGEST_S)],
)
def test_how_long(contact: str, expires: str, granted_s: int):
    registrar, _ = made()
    fields = {"expires": expires} if expires else {}
    reply = Subscriber(registrar).registers(f"<sip:a@h>{contact}", **fields)
    assert reply.fields["contact"] == [f"<sip:a@h>;expires={granted_s}"]


def test_a_contact_that_comes_again_is_refreshed_and_zero_takes_it_away():
    registrar, _ = made()
    ann = Subscriber(registrar)
    ann.registers("<sip:a@h>", "<sip:a@other>", expires="100")
    ann.registers("<sip:%61@H>", expires="200", now_us=50 * SECOND_US)
    assert uris(registrar, now_us=150 * SECOND_US) == ["sip:%61@H"]
    reply = ann.registers("<sip:a@h>;expires=0", now_us=150 * SECOND_US)
    assert reply == Reply(200, {}, NUMBERS["ann"])
    assert uris(registrar) == []


def test_a_star_takes_everything_away_and_only_alone_and_with_zero():
    registrar, _ = made()
    ann = Subscriber(registrar)
    ann.registers("<sip:a@h>", "<sip:a@other>")
    assert ann.registers("*", expires="100").status == BAD_REQUEST
    assert ann.registers("*", "<sip:a@h>", expires="0").status == BAD_REQUEST
    assert len(uris(registrar)) == 2
    assert ann.registers("*", expires="0").status == 200
    assert uris(registrar) == []


def test_a_request_without_contact_asks_what_is_bound():
    registrar, _ = made()
    ann = Subscriber(registrar)
    ann.registers("<sip:a@h>", expires="100")
    assert ann.registers().fields["contact"] == ["<sip:a@h>;expires=100"]


def test_too_brief_is_refused_with_the_shortest_and_changes_nothing():
    registrar, _ = made(shortest_s=60)
    ann = Subscriber(registrar)
    ann.registers("<sip:a@h>")
    reply = ann.registers("<sip:a@other>;expires=600", "<sip:a@h>;expires=59")
    assert (reply.status, reply.fields) == (423, {"min-expires": ["60"]})
    assert uris(registrar) == ["sip:a@h"]


def test_an_older_request_of_the_same_call_changes_nothing():
    registrar, _ = made()
    ann = Subscriber(registrar)
    ann.registers("<sip:a@h>")
    ann.number -= 1
    assert ann.registers("<sip:a@h>;expires=0").status == 500
    assert uris(registrar) == ["sip:a@h"]
    ann.call_id, ann.number = "another life of the telephone", 0
    assert ann.registers("<sip:a@h>;expires=0").status == 200


def test_contacts_are_bounded():
    registrar, _ = made()
    ann = Subscriber(registrar)
    for index in range(CONTACTS_LIMIT):
        assert ann.registers(f"<sip:a@h{index}>").status == 200
    assert ann.registers("<sip:a@more>").status == 403
    assert len(uris(registrar)) == CONTACTS_LIMIT


def test_nobody_registers_for_another():
    registrar, _ = made()
    ann = Subscriber(registrar)
    request = ann.proves(ann.request("<sip:a@h>", to=f"<sip:bea@{REALM}>"), 0)
    assert registrar.register(request, HERE, 0).status == 403
    by_number = ann.proves(ann.request("<sip:a@h>", to=f"<sip:{NUMBERS['ann']}@{REALM}>"), 0)
    assert registrar.register(by_number, HERE, 0).status == 200
    assert uris(registrar, "bea") == []


@pytest.mark.parametrize(
    "contact", ["<mailto:a@h>", "<sip:a@h>;q=2", "<sip:a@h>;q=x", "<sip:a@h>;expires=x", "sip:"]
)
def test_what_is_no_binding_is_400(contact: str):
    registrar, _ = made()
    assert Subscriber(registrar).registers(contact).status == BAD_REQUEST


# Guesses and floods.


def test_guessing_locks_out_the_guesser_and_not_the_subscriber():
    registrar, sources = made()
    guesser = Subscriber(registrar, "ann", ELSEWHERE)
    guesser.password = "guess"
    statuses = {guesser.registers("<sip:evil@h>").status for _ in range(GUESSES_LIMIT)}
    assert statuses == {401}
    octets = guesser.request("<sip:evil@h>").encode()
    answered = sources.judge(octets, ELSEWHERE, 0)
    assert answered is not None
    refused = parse(answered)
    assert isinstance(refused, Response)
    assert (refused.status, refused.call_id) == (403, guesser.call_id)
    ann = Subscriber(registrar)
    assert sources.judge(ann.request("<sip:a@h>").encode(), HERE, 0) is None
    assert ann.registers("<sip:a@h>").status == 200
    for _ in range(ANSWERS_LIMIT - 1):
        assert sources.judge(octets, ELSEWHERE, 0)
    assert sources.judge(octets, ELSEWHERE, 0) == b"", "then it is ignored"
    assert sources.judge(octets, ELSEWHERE, LOCKED_US + 1) is None


def test_a_subscriber_at_the_guessers_address_goes_on():
    registrar, sources = made()
    ann = Subscriber(registrar, "ann", ELSEWHERE)
    assert ann.registers("<sip:a@h>").status == 200
    guesser = Subscriber(registrar, "bea", ELSEWHERE)
    guesser.password = "guess"
    for _ in range(GUESSES_LIMIT):
        guesser.registers("<sip:evil@h>")
    assert sources.is_locked(ELSEWHERE.host, 0)
    request = ann.request("<sip:a@h>")
    shown = str(answer(strongest_of(registrar), "ann", PASSWORDS["ann"], "REGISTER",
                       request.target, cnonce="c"))  # fmt: skip
    request.fields["authorization"] = [shown]
    assert sources.judge(request.encode(), ELSEWHERE, 0) is None
    assert registrar.register(request, ELSEWHERE, 0).status == 200
    assert sources.judge(guesser.request("<sip:evil@h>").encode(), ELSEWHERE, 0)


def strongest_of(registrar: Registrar):
    reply = registrar.register(Subscriber(registrar).request("<sip:a@h>"), HERE, 0)
    challenge = strongest(reply.fields["www-authenticate"])
    assert challenge is not None
    return challenge


@pytest.mark.parametrize("method", ["INVITE", "REGISTER", "OPTIONS"])
def test_a_flood_from_one_address_is_answered_cheaply_then_ignored(method: str):
    sources = Sources()
    octets = (
        Subscriber(made()[0]).request("<sip:a@h>").encode().replace(b"REGISTER", method.encode())
    )
    verdicts = [sources.judge(octets, ELSEWHERE, 0) for _ in range(BURST + 1_000)]
    assert verdicts[:BURST] == [None] * BURST
    refused = parse(verdicts[BURST] or b"")
    assert isinstance(refused, Response)
    assert (refused.status, refused.first("retry-after")) == (503, "5")
    assert verdicts[BURST + ANSWERS_LIMIT :] == [b""] * (1_000 - ANSWERS_LIMIT)
    assert sources.judge(octets, HERE, 0) is None, "others are served"
    later_us = SECOND_US
    served = sum(sources.judge(octets, ELSEWHERE, later_us) is None for _ in range(1_000))
    assert served == OPENINGS_PER_S


def test_what_belongs_to_open_calls_passes_in_a_flood_within_its_own_bound():
    sources = Sources()
    ann = Subscriber(made()[0])
    opening = ann.request("<sip:a@h>").encode()
    within = ann.request("<sip:a@h>", to=f"<sip:ann@{REALM}>;tag=t").encode()
    while sources.judge(opening, ELSEWHERE, 0) is None:
        pass
    passed = sum(sources.judge(within, ELSEWHERE, 0) is None for _ in range(20 * BURST))
    assert passed == BURST * OTHERS_FACTOR


def test_sources_are_bounded_and_trusted_ones_never_refused():
    sources = Sources(limit=10, is_trusted=lambda host: host == HERE.host)
    octets = Subscriber(made()[0]).request("<sip:a@h>").encode()
    for index in range(50):
        sources.judge(octets, Target(f"203.0.113.{index}", 5_060), 0)
    assert len(sources) == 10
    assert all(sources.judge(octets, HERE, 0) is None for _ in range(2 * BURST))


def test_an_ignored_message_costs_a_few_microseconds():
    sources = Sources()
    octets = Subscriber(made()[0]).request("<sip:a@h>").encode()
    for _ in range(BURST + ANSWERS_LIMIT):
        sources.judge(octets, ELSEWHERE, 0)
    began = time.process_time()
    for _ in range(2_000):
        assert sources.judge(octets, ELSEWHERE, 0) == b""
    each_us = (time.process_time() - began) / 2_000 * 1e6
    began = time.process_time()
    for _ in range(200):
        parse(octets)
    parsed_us = (time.process_time() - began) / 200 * 1e6
    assert each_us < parsed_us, f"{each_us:.1f} us ignored, {parsed_us:.1f} us read"


# The client.


class House:
    """A registrar behind a user agent."""

    def __init__(self, net: Net, shortest_s: int = 60) -> None:
        self.party = net.party("house", "192.0.2.9", handed=frozenset(("REGISTER",)))
        self.registrar, self.sources = made(shortest_s)
        self.is_mute = False

    def works(self, seconds: float) -> None:
        net = self.party.net
        until_us = net.now_us + round(seconds * SECOND_US)
        step_s = max(seconds / 200, 0.01)
        while net.now_us < until_us:
            net.passes(step_s)
            while self.party.events:
                asked = self.party.events.pop(0)
                if isinstance(asked, sip.Requested) and not self.is_mute:
                    reply = self.registrar.register(asked.request, asked.source, net.now_us)
                    self.party.agent.reply(asked.key, reply.status, net.now_us, fields=reply.fields)
        net.passes(0.01)


def binding(password: str = "zanzibar", expires_s: int = 600) -> Binding:
    return Binding(
        registrar=SipUri(REALM),
        address=NameAddress(SipUri(REALM, "ann")),
        next_hop=Target("192.0.2.9", 5060),
        expires_s=expires_s,
        credentials=Credentials("ann", password),
    )


def registered(house: House, net: Net) -> bool:
    return bool(house.registrar.bound(NUMBERS["ann"], net.now_us))


def scene(shortest_s: int = 60) -> tuple[Net, Party, House]:
    net = Net()
    return net, net.party("ann", "192.0.2.1"), House(net, shortest_s)


def test_a_client_registers_refreshes_and_takes_back():
    net, ann, house = scene()
    handle = ann.agent.register(binding(), net.now_us)
    house.works(0.2)
    assert ann.last() == sip.Registered(handle, 600)
    assert net.words("ann") == ["ann REGISTER", "ann REGISTER"]
    for _ in range(4):
        house.works(500)
        assert registered(house, net)
    ann.agent.unregister(handle, net.now_us)
    house.works(0.2)
    assert ann.last() == sip.Registered(handle, 0)
    assert not registered(house, net)
    net.passes(100)
    assert ann.agent.next_timer_us() is None


def test_a_client_asks_for_longer_where_it_was_too_brief():
    net, ann, house = scene(shortest_s=300)
    handle = ann.agent.register(binding(expires_s=90), net.now_us)
    house.works(0.3)
    assert ann.last() == sip.Registered(handle, 300)


def test_a_client_with_a_wrong_password_is_refused_and_asks_again_rarely():
    net, ann, house = scene()
    handle = ann.agent.register(binding("wrong"), net.now_us)
    house.works(1)
    failed = ann.last()
    assert isinstance(failed, sip.RegistrationFailed)
    assert (failed.binding, failed.status) == (handle, 401)
    assert failed.again_us is not None
    assert failed.again_us - net.now_us > 290 * SECOND_US
    assert len(net.words("ann")) == 2


def test_a_client_whose_registrar_is_silent_goes_on_asking_at_growing_distance():
    net, ann, house = scene()
    house.is_mute = True
    del net.parties["192.0.2.9"]
    ann.agent.register(binding(), net.now_us)
    net.passes(300)
    times_us = [e.again_us or 0 for e in ann.events if isinstance(e, sip.RegistrationFailed)]
    gaps = [b - a for a, b in itertools.pairwise(times_us)]
    assert gaps == sorted(gaps)
    assert len(gaps) >= 2
    net.parties["192.0.2.9"] = house.party
    house.is_mute = False
    house.works(400)
    assert registered(house, net)


def test_a_binding_is_taken_back_although_its_refresh_is_under_way():
    net, ann, house = scene()
    house.is_mute = True
    handle = ann.agent.register(binding(), net.now_us)
    ann.agent.unregister(handle, net.now_us)
    house.is_mute = False
    house.works(0.5)
    assert ann.last() == sip.Registered(handle, 0)
    assert not registered(house, net)
