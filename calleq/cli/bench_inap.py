"""The INAP bench: CPU time of one InitialDP as a trigger sends it, whole and its argument alone.

The lines about services are of `bench_services`.
"""

import time
from collections.abc import Callable

from calleq.cli import bench_services
from calleq.cli.figures import Figure
from calleq.ss7.inap.arguments import InitialDP
from calleq.ss7.inap.codec import decode_argument, encode_argument
from calleq.ss7.inap.contexts import Context
from calleq.ss7.inap.errors import Version
from calleq.ss7.inap.operations import Argument, OperationCode
from calleq.ss7.inap.values import EventTypeBCSM
from calleq.ss7.isup.optional_types import UserService
from calleq.ss7.isup.values import CalledNumber, CallingNumber
from calleq.ss7.tcap import codec
from calleq.ss7.tcap.components import Invoke
from calleq.ss7.tcap.messages import Begin, DialogueRequest

ROUNDS = 5
OPERATIONS = 10_000
TRANSACTION = b"\x01\x02\x03\x04"


def sample() -> InitialDP:
    """Six parameters: service key, both numbers, category, bearer capability, detection point."""
    return InitialDP(
        service_key=800,
        called_party_number=CalledNumber("18005550199"),
        calling_party_number=CallingNumber("12125550100"),
        calling_partys_category=10,
        bearer_capability=UserService(0),
        event_type_bcsm=EventTypeBCSM.ANALYSED_INFORMATION,
    )


def whole(argument: InitialDP) -> bytes:
    """TC-BEGIN with a dialogue portion and the invocation."""
    invoke = Invoke(1, OperationCode.INITIAL_DP, encode_argument(argument, Version.CS1))
    request = DialogueRequest(Context.CS1_SSP_TO_SCP.identifier)
    return codec.encode(Begin(TRANSACTION, request, (invoke,)))


def read(octets: bytes) -> Argument:
    """The argument of the only invocation in a message."""
    message = codec.decode(octets)
    assert isinstance(message, Begin)
    (invoke,) = message.components
    assert isinstance(invoke, Invoke)
    return decode_argument(OperationCode.INITIAL_DP, invoke.parameter, Version.CS1)


def measure(command: str) -> list[Figure]:
    """Best of some rounds, so that other programs on the machine do not count."""
    argument = sample()
    octets = whole(argument)
    assert read(octets) == argument
    parameter = encode_argument(argument, Version.CS1)
    code = OperationCode.INITIAL_DP
    work: list[tuple[str, Callable[[], object]]] = [
        ("InitialDP encoded, with dialogue portion", lambda: whole(argument)),
        ("InitialDP decoded, with dialogue portion", lambda: read(octets)),
        ("argument encoded", lambda: encode_argument(argument, Version.CS1)),
        ("argument decoded", lambda: decode_argument(code, parameter, Version.CS1)),
    ]
    figures = [Figure(name, _best(one), "us CPU", command) for name, one in work]
    return [
        *figures,
        Figure("message", len(octets), "octets", command),
        *bench_services.measure(command),
    ]


def _best(work: Callable[[], object]) -> float:
    """Microseconds of CPU time for one, in the best round."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(OPERATIONS):
            work()
        best = min(best, time.process_time() - started)
    return best / OPERATIONS * 1e6
