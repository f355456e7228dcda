"""Two ends of SIP on a wire that can lose, in virtual time."""

from collections.abc import Callable

from calleq.sip.bounds import T1_US
from calleq.sip.message import Request, Response, parse, respond
from calleq.sip.transaction import Key, Target
from calleq.sip.transactions import Event, Transactions

ALICE = ("192.0.2.1", 5060)
BOB = ("192.0.2.9", 5060)
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
STEP_US = T1_US // 10


def request(
    method: str, branch: str = "1", *, transport: str = "UDP", cseq: int = 1, tag: str = ""
) -> Request:
    return Request(
        method,
        "sip:bob@192.0.2.9",
        {
            "via": [f"SIP/2.0/{transport} 192.0.2.1:5060;branch=z9hG4bK{branch};rport"],
            "max-forwards": ["70"],
            "from": ["<sip:alice@192.0.2.1>;tag=a"],
            "to": ["<sip:bob@192.0.2.9>" + (f";tag={tag}" if tag else "")],
            "call-id": ["call"],
            "cseq": [f"{cseq} {method}"],
            "contact": ["<sip:alice@192.0.2.1>"],
        },
    )


class Wire:
    """Alice and Bob; what each sent, and what each was told, by time in T1."""

    def __init__(self, transport: str = "UDP") -> None:
        self.now_us = 0
        self.alice = Transactions()
        self.bob = Transactions()
        self.to_bob = Target(*BOB, transport)
        self.to_alice = Target(*ALICE, transport)
        self.transport = transport
        self.lost: Callable[[str, str], bool] = lambda sender, what: False
        self.sent: list[tuple[float, str, str]] = []
        self.told: dict[str, list[Event]] = {"alice": [], "bob": []}

    def asks(self, method: str = "INVITE", branch: str = "1") -> Key:
        made = request(method, branch, transport=self.transport)
        key = self.alice.send(made, self.to_bob, self.now_us)
        self.carry()
        return key

    def says(self, status: int, event: Event | None = None, tag: str = "b") -> bool:
        asked = event or self.told["bob"][0]
        assert asked.key is not None
        answer = respond(asked.request, status, to_tag=tag)
        done = self.bob.respond(asked.key, answer, self.now_us)
        self.carry()
        return done

    def carry(self) -> None:
        """Everything that is under way arrives, or is lost."""
        moved = True
        while moved:
            moved = False
            for name, end, other, source in (
                ("alice", self.alice, self.bob, self.to_alice),
                ("bob", self.bob, self.alice, self.to_bob),
            ):
                for _, octets in end.data_to_send():
                    moved = True
                    message = parse(octets)
                    what = message.method if isinstance(message, Request) else str(message.status)
                    self.sent.append((self.now_us / T1_US, name, what))
                    if not self.lost(name, what):
                        other.receive(octets, source, self.now_us)
        for name, end in (("alice", self.alice), ("bob", self.bob)):
            while (event := end.next_event()) is not None:
                self.told[name].append(event)

    def passes(self, t1s: float) -> None:
        """So many T1 go by."""
        until_us = self.now_us + round(t1s * T1_US)
        while True:
            due = [t for t in (self.alice.next_timer_us(), self.bob.next_timer_us()) if t]
            if not due or min(due) > until_us:
                break
            self.now_us = max(self.now_us, min(due))
            self.alice.handle_timers(self.now_us)
            self.bob.handle_timers(self.now_us)
            self.carry()
        self.now_us = until_us

    def times(self, name: str, what: str) -> list[float]:
        """When that was sent, in T1."""
        return [at for at, sender, sent in self.sent if (sender, sent) == (name, what)]

    def statuses(self) -> list[int]:
        """What Alice was answered."""
        answers = [getattr(event, "response", None) for event in self.told["alice"]]
        return [answer.status for answer in answers if isinstance(answer, Response)]
