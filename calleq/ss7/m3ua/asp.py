"""The application server process: the side of M3UA that asks for traffic (RFC 4666 §4.3).

Owns the states of this side towards one signalling gateway (or IPSP): up, registered, active. Every
pair of a state and an input is decided in `TABLE`. A request without an answer is repeated every
T(ack); after `REPEATS_LIMIT` of them the far end is taken for dead and the owner closes the
association. `stop` leaves in order: inactive, what was registered given back, down.

Odd cases:

- an answer that nobody asked for means that the gateway's operator took the process out of traffic
  (§4.3.4.2, §4.3.4.4): it asks again after T(retry), for as long as it is wanted;
- in override mode another process may take over: then this one stands by, and asks again when the
  gateway says that the application server is pending (§4.3.4.5);
- a gateway may acknowledge traffic and refuse the first message of it: then no traffic flows, and
  it is asked again after T(retry);
- a gateway that refuses a registration has the reason in `refusal`; it is asked again after
  T(retry), because operators mend such things at the gateway.
"""

from collections.abc import Callable
from enum import IntEnum

import msgspec

from calleq.runtime.clock import Clock, Timer
from calleq.ss7.m3ua import messages as m
from calleq.units import SECOND_US

T_ACK_US = 2 * SECOND_US
T_RETRY_US = 5 * SECOND_US
REPEATS_LIMIT = 5
"""Requests without an answer after which the far end is taken for dead."""


REFUSALS = (
    m.ErrorCode.UNSUPPORTED_TRAFFIC_MODE,
    m.ErrorCode.REFUSED_MANAGEMENT_BLOCKING,
    m.ErrorCode.INVALID_ROUTING_CONTEXT,
    m.ErrorCode.NO_CONFIGURED_AS,
)
"""What an ERR says that refuses traffic; any other may be about something else."""


class State(IntEnum):
    """Where the process stands towards its gateway."""

    DOWN = 0
    """No association, or not wanted."""
    GOING_UP = 1
    """ASPUP sent."""
    INACTIVE = 2
    REGISTERING = 3
    """REG REQ sent."""
    GOING_ACTIVE = 4
    """ASPAC sent."""
    ACTIVE = 5
    STANDING_BY = 6
    """Another process has the traffic (override)."""
    GOING_INACTIVE = 7
    """ASPIA sent, to stop."""
    GOING_DOWN = 8
    """ASPDN sent."""
    DEREGISTERING = 9
    """DEREG REQ sent, to stop."""


class Input(IntEnum):
    """What can happen to the process."""

    CONNECTED = 0
    LOST = 1
    UP_ACK = 2
    DOWN_ACK = 3
    ACTIVE_ACK = 4
    INACTIVE_ACK = 5
    REGISTERED = 6
    REFUSED = 7
    """REG RSP with another status than success."""
    ALTERNATE = 8
    """NTFY: another process is active."""
    PENDING = 9
    """NTFY: the application server has no active process."""
    ERROR = 10
    """ERR that refuses what was asked."""
    T_ACK = 11
    T_RETRY = 12
    REGISTER = 13
    """Next is the registration: the process has keys and no routing context yet."""
    ACTIVATE = 14
    """Next is the traffic."""
    STOP = 15
    DEREGISTER = 16
    """Next, on leaving, is what has been registered."""
    DEREGISTERED = 17
    """DEREG RSP, whatever it says."""
    LEAVE = 18
    """Nothing is registered: next is to go down."""


class Action(IntEnum):
    """What to do."""

    IGNORE = 0
    SEND_UP = 1
    PROCEED = 2
    """Register, or else activate."""
    SEND_REGISTRATION = 3
    SEND_ACTIVE = 4
    SERVE = 5
    """Tell the owner that traffic flows."""
    PAUSE = 6
    """Tell the owner that no traffic flows, and stand by."""
    PAUSE_AND_RETRY = 7
    RETRY = 8
    REPEAT = 9
    PAUSE_AND_SEND_INACTIVE = 10
    SEND_DOWN = 11
    REST = 12
    """Nothing runs any more."""
    PAUSE_AND_REST = 13
    UNEXPECTED = 14
    """Count it."""
    GO_ON_LEAVING = 15
    """Deregister, or else go down."""
    SEND_DEREGISTRATION = 16


_ANSWERS = (Input.UP_ACK, Input.DOWN_ACK, Input.ACTIVE_ACK, Input.INACTIVE_ACK)
_REST = {
    State.DOWN: Action.IGNORE,
    State.ACTIVE: Action.PAUSE_AND_REST,
}


def _table() -> dict[tuple[State, Input], tuple[Action, State]]:
    """Every pair; what is not said below changes nothing, and answers out of turn are counted."""
    table = {
        (state, event): (
            Action.UNEXPECTED if event in _ANSWERS else Action.IGNORE,
            state,
        )
        for state in State
        for event in Input
    }
    for state in State:
        table[state, Input.LOST] = (_REST.get(state, Action.REST), State.DOWN)
        if state is not State.DOWN:
            table[state, Input.T_ACK] = (Action.REPEAT, state)
            table[state, Input.DOWN_ACK] = (Action.RETRY, State.INACTIVE)
    table.update(_ASKING)
    table.update(_LEAVING)
    return table


_ASKING: dict[tuple[State, Input], tuple[Action, State]] = {
    (State.DOWN, Input.CONNECTED): (Action.SEND_UP, State.GOING_UP),
    (State.GOING_UP, Input.UP_ACK): (Action.PROCEED, State.INACTIVE),
    (State.GOING_UP, Input.DOWN_ACK): (Action.UNEXPECTED, State.GOING_UP),
    (State.INACTIVE, Input.REGISTER): (Action.SEND_REGISTRATION, State.REGISTERING),
    (State.INACTIVE, Input.ACTIVATE): (Action.SEND_ACTIVE, State.GOING_ACTIVE),
    (State.INACTIVE, Input.T_RETRY): (Action.SEND_UP, State.GOING_UP),
    (State.REGISTERING, Input.REGISTERED): (Action.PROCEED, State.INACTIVE),
    (State.REGISTERING, Input.REFUSED): (Action.RETRY, State.INACTIVE),
    (State.GOING_ACTIVE, Input.ACTIVE_ACK): (Action.SERVE, State.ACTIVE),
    (State.GOING_ACTIVE, Input.ERROR): (Action.RETRY, State.INACTIVE),
    (State.GOING_ACTIVE, Input.ALTERNATE): (Action.REST, State.STANDING_BY),
    (State.ACTIVE, Input.ALTERNATE): (Action.PAUSE, State.STANDING_BY),
    (State.ACTIVE, Input.ERROR): (Action.PAUSE_AND_RETRY, State.INACTIVE),
    (State.ACTIVE, Input.INACTIVE_ACK): (Action.PAUSE_AND_RETRY, State.INACTIVE),
    (State.ACTIVE, Input.DOWN_ACK): (Action.PAUSE_AND_RETRY, State.INACTIVE),
    (State.ACTIVE, Input.T_ACK): (Action.IGNORE, State.ACTIVE),
    (State.STANDING_BY, Input.PENDING): (Action.SEND_ACTIVE, State.GOING_ACTIVE),
    (State.STANDING_BY, Input.INACTIVE_ACK): (Action.IGNORE, State.STANDING_BY),
    (State.STANDING_BY, Input.T_ACK): (Action.IGNORE, State.STANDING_BY),
    (State.INACTIVE, Input.T_ACK): (Action.IGNORE, State.INACTIVE),
}

_LEAVING: dict[tuple[State, Input], tuple[Action, State]] = {
    (State.GOING_UP, Input.STOP): (Action.SEND_DOWN, State.GOING_DOWN),
    (State.INACTIVE, Input.STOP): (Action.SEND_DOWN, State.GOING_DOWN),
    (State.REGISTERING, Input.STOP): (Action.SEND_DOWN, State.GOING_DOWN),
    (State.GOING_ACTIVE, Input.STOP): (Action.SEND_DOWN, State.GOING_DOWN),
    (State.STANDING_BY, Input.STOP): (Action.SEND_DOWN, State.GOING_DOWN),
    (State.ACTIVE, Input.STOP): (Action.PAUSE_AND_SEND_INACTIVE, State.GOING_INACTIVE),
    (State.GOING_INACTIVE, Input.INACTIVE_ACK): (Action.GO_ON_LEAVING, State.GOING_INACTIVE),
    (State.GOING_INACTIVE, Input.DEREGISTER): (Action.SEND_DEREGISTRATION, State.DEREGISTERING),
    (State.GOING_INACTIVE, Input.LEAVE): (Action.SEND_DOWN, State.GOING_DOWN),
    (State.DEREGISTERING, Input.DEREGISTERED): (Action.SEND_DOWN, State.GOING_DOWN),
    (State.DEREGISTERING, Input.DOWN_ACK): (Action.REST, State.DOWN),
    (State.GOING_INACTIVE, Input.DOWN_ACK): (Action.REST, State.DOWN),
    (State.GOING_DOWN, Input.DOWN_ACK): (Action.REST, State.DOWN),
}

TABLE = _table()


class AspSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an application server process asks its gateway for."""

    routing_contexts: m.Contexts = ()
    """Agreed with the gateway's operator; none, and no keys: all that the gateway has for us."""
    keys: tuple[m.RoutingKey, ...] = ()
    """To be registered before traffic (RFC 4666 §4.4)."""
    traffic_mode: int | None = None
    asp_identifier: int | None = None
    t_ack_us: int = T_ACK_US
    t_retry_us: int = T_RETRY_US


class Asp:
    """One application server process towards one gateway.

    `send` puts a message on the association, `changed` hears whether traffic flows, `dead` is told
    when the far end answers nothing. `unexpected` counts answers out of turn.
    """

    def __init__(
        self,
        settings: AspSettings,
        clock: Clock,
        send: Callable[[m.Message], None],
        changed: Callable[[bool], None],
        dead: Callable[[], None],
    ) -> None:
        self.settings = settings
        self.state = State.DOWN
        self.routing_contexts = settings.routing_contexts
        """Those of the traffic; a registration fills them."""
        self.refusal: m.Registration | None = None
        self.unexpected = 0
        self._clock = clock
        self._send = send
        self._changed = changed
        self._dead = dead
        self._request: m.Message | None = None
        self._repeats = 0
        self._timer: Timer | None = None

    @property
    def active(self) -> bool:
        """Whether traffic flows."""
        return self.state is State.ACTIVE

    def connected(self) -> None:
        """The association stands."""
        self._handle(Input.CONNECTED)

    def lost(self) -> None:
        """The association is gone."""
        self._handle(Input.LOST)

    def stop(self) -> None:
        """Take no more traffic and go down in order."""
        self._handle(Input.STOP)

    def receive(self, message: m.Message) -> bool:
        """Take in an answer, an error or a notification; False when it is none of these."""
        match message:
            case m.AspUpAck():
                self._handle(Input.UP_ACK)
            case m.AspDownAck():
                self._handle(Input.DOWN_ACK)
            case m.AspActiveAck():
                self._handle(Input.ACTIVE_ACK)
            case m.AspInactiveAck():
                self._handle(Input.INACTIVE_ACK)
            case m.RegistrationResponse(results):
                self._registered(results)
            case m.DeregistrationResponse():
                self._handle(Input.DEREGISTERED)
            case m.Error(code):
                if code in REFUSALS:
                    self._handle(Input.ERROR)
            case m.Notify(kind, information):
                self._notified(kind, information)
            case _:
                return False
        return True

    def _registered(self, results: tuple[m.RegistrationResult, ...]) -> None:
        good = (m.Registration.REGISTERED, m.Registration.ALREADY_REGISTERED)
        refused = [result.status for result in results if result.status not in good]
        if refused:
            known = refused[0] in m.Registration.__members__.values()
            self.refusal = m.Registration(refused[0]) if known else m.Registration.UNKNOWN
            self._handle(Input.REFUSED)
            return
        self.refusal = None
        if self.state is State.REGISTERING:
            self.routing_contexts = tuple(result.routing_context for result in results)
        self._handle(Input.REGISTERED)

    def _notified(self, kind: int, information: int) -> None:
        if kind == m.StatusType.OTHER and information == m.OtherStatus.ALTERNATE_ASP_ACTIVE:
            self._handle(Input.ALTERNATE)
        elif kind == m.StatusType.AS_STATE and information == m.AsStatus.PENDING:
            self._handle(Input.PENDING)

    def _handle(self, event: Input) -> None:
        action, self.state = TABLE[self.state, event]
        match action:
            case Action.IGNORE:
                pass
            case Action.UNEXPECTED:
                self.unexpected += 1
            case Action.PROCEED:
                self._rest()
                wanted = self.settings.keys and not self.routing_contexts
                self._handle(Input.REGISTER if wanted else Input.ACTIVATE)
            case Action.GO_ON_LEAVING:
                registered = self.settings.keys and self.routing_contexts
                self._handle(Input.DEREGISTER if registered else Input.LEAVE)
            case Action.SERVE:
                self._rest()
                self._changed(True)
            case Action.REPEAT:
                self._repeat()
            case Action.RETRY:
                self._retry()
            case Action.REST:
                self._rest()
            case Action.PAUSE | Action.PAUSE_AND_REST:
                self._rest()
                self._changed(False)
            case Action.PAUSE_AND_RETRY:
                self._retry()
                self._changed(False)
            case Action.PAUSE_AND_SEND_INACTIVE:
                self._ask(m.AspInactive(self.routing_contexts))
                self._changed(False)
            case _:
                self._ask(self._request_of(action))

    def _request_of(self, action: Action) -> m.Message:
        match action:
            case Action.SEND_UP:
                self.routing_contexts = self.settings.routing_contexts
                return m.AspUp(self.settings.asp_identifier)
            case Action.SEND_REGISTRATION:
                return m.RegistrationRequest(self.settings.keys)
            case Action.SEND_DEREGISTRATION:
                return m.DeregistrationRequest(self.routing_contexts)
            case Action.SEND_ACTIVE:
                return m.AspActive(self.settings.traffic_mode, self.routing_contexts)
            case _:
                return m.AspDown()

    def _ask(self, request: m.Message) -> None:
        self._request = request
        self._repeats = 0
        self._send_again()

    def _send_again(self) -> None:
        self._stop_timer()
        self._timer = self._clock.call_later_us(self.settings.t_ack_us, self._handle, Input.T_ACK)
        if self._request is not None:
            self._send(self._request)

    def _repeat(self) -> None:
        self._repeats += 1
        if self._repeats > REPEATS_LIMIT:
            self._rest()
            self._dead()
            return
        self._send_again()

    def _retry(self) -> None:
        self._rest()
        self._timer = self._clock.call_later_us(
            self.settings.t_retry_us, self._handle, Input.T_RETRY
        )

    def _rest(self) -> None:
        self._request = None
        self._stop_timer()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
