"""Components in dialogues: what is refused, both ways, and what becomes of their timers."""

from typing import Any

import pytest

from calleq.ss7 import ber
from calleq.ss7.tcap import codec
from calleq.ss7.tcap.components import (
    Invocation,
    Invoke,
    LocalReject,
    OperationClass,
    Problem,
    Reject,
    ReturnError,
    ReturnResult,
)
from calleq.ss7.tcap.contract import CancelIndication, EndIndication, TcapError
from calleq.ss7.tcap.invocations import INVOCATION_US, INVOCATIONS_LIMIT
from calleq.ss7.tcap.messages import Begin, Continue, End
from calleq.ss7.tcap.sublayer import REJECTS_LIMIT, STALE_LIMIT, UNANSWERED_LIMIT
from tests.tcap_pair import FAR_ID, NULL, SCF, SSF, Alone, Pair, identifier, invoke

PROMPT = 48
"""Always answered: the user that is tested says so."""


def active(**options: Any) -> tuple[Alone, int]:
    """An end with a dialogue that goes on."""
    end = Alone(**options)
    number = end.is_begun_with()
    end.answers(number)
    return end, number


def hears(end: Alone, number: int, *components: Any) -> tuple[Any, ...]:
    """What the user is told of components in one message."""
    (told,) = end.hears(Continue(FAR_ID, identifier(number), None, components))
    return told.components  # type: ignore[no-any-return]


def rejected(end: Alone, number: int) -> list[Any]:
    """The components of what the user says next, when it has nothing to say."""
    end.end.continue_(number, now_us=end.now_us)
    (message,) = end.says()
    assert isinstance(message, Continue)
    return list(message.components)


def test_an_invoke_id_that_is_in_use_cannot_be_invoked_again():
    end, number = active()
    end.answers(number, [Invocation(1, 20)])
    for wrong in ([Invocation(1, 23)], [Invocation(2, 20), Invocation(2, 23)]):
        with pytest.raises(TcapError, match="in use"):
            end.end.continue_(number, wrong, now_us=end.now_us)
    hears(end, number, ReturnResult(1))
    end.answers(number, [Invocation(1, 23)])
    for wrong in ([Invocation(128, 20)], [Invocation(3, 20, timer_us=-1)], [Reject(1, 0x9900)]):
        with pytest.raises(TcapError):
            end.end.continue_(number, wrong, now_us=end.now_us)
    assert end.says() == []


def test_an_operation_that_comes_twice_before_its_answer_is_rejected():
    end, number = active(answered=frozenset({PROMPT}))
    assert hears(end, number, invoke(5, PROMPT)) == (invoke(5, PROMPT),)
    (again,) = hears(end, number, invoke(5, PROMPT))
    assert (again.invoke_id, again.problem) == (5, Problem.DUPLICATE_INVOKE_ID)
    assert rejected(end, number) == [Reject(5, Problem.DUPLICATE_INVOKE_ID)]
    end.answers(number, [ReturnResult(5, PROMPT, NULL, last=False)])
    (again,) = hears(end, number, invoke(5, 20))
    assert again.problem == Problem.DUPLICATE_INVOKE_ID
    for answer in (ReturnResult(5), ReturnError(5, 4), Reject(5, Problem.MISTYPED_PARAMETER)):
        end.answers(number, [answer])
        assert hears(end, number, invoke(5, PROMPT)) == (invoke(5, PROMPT),)


def test_an_operation_that_may_go_unanswered_may_come_again():
    end, number = active(answered=frozenset({PROMPT}))
    assert hears(end, number, invoke(5)) == hears(end, number, invoke(5)) == (invoke(5),)


def test_an_invoke_id_twice_in_one_message_is_rejected():
    end, number = active()
    first, second = hears(end, number, invoke(5, 20), invoke(5, 23))
    assert first == invoke(5, 20)
    assert second.problem == Problem.DUPLICATE_INVOKE_ID


def test_operations_that_wait_for_an_answer_are_bounded():
    end, number = active(answered=frozenset({PROMPT}))
    for invoke_id in range(UNANSWERED_LIMIT):
        assert hears(end, number, invoke(invoke_id, PROMPT)) == (invoke(invoke_id, PROMPT),)
    (refused,) = hears(end, number, invoke(100, PROMPT))
    assert refused.problem == Problem.RESOURCE_LIMITATION
    many = [Invocation(at, 20) for at in range(INVOCATIONS_LIMIT + 1)]
    with pytest.raises(TcapError, match="under way"):
        end.end.continue_(number, many, now_us=end.now_us)


def test_a_linked_id_is_that_of_an_operation_of_this_end():
    end, number = active()
    linked = Invoke(1, 30, NULL, linked_id=9)
    (refused,) = hears(end, number, linked)
    assert (refused.invoke_id, refused.problem) == (1, Problem.UNRECOGNIZED_LINKED_ID)
    end.answers(number, [Invocation(9, 48)])
    assert hears(end, number, linked) == (linked,)
    hears(end, number, ReturnResult(9))
    (refused,) = hears(end, number, linked)
    assert refused.problem == Problem.UNRECOGNIZED_LINKED_ID


def test_a_component_that_cannot_be_read_drops_those_after_it():
    end, number = active()
    broken = bytes.fromhex("a106020103040100")
    portion = codec.write_component(invoke(1)) + broken + codec.write_component(invoke(2))
    octets = ber.constructed(
        0x65,
        b"\x48\x02" + FAR_ID + b"\x49\x04" + identifier(number),
        ber.tlv(0x6C, portion),
    )
    (told,) = end.hears(octets)
    assert told.components == (invoke(1), LocalReject(3, Problem.MISTYPED_COMPONENT, broken))
    assert rejected(end, number) == [Reject(3, Problem.MISTYPED_COMPONENT)]


def test_a_reject_is_never_rejected():
    end, number = active()
    for broken in ("a4060201018401ff", "a400"):
        octets = ber.constructed(
            0x65,
            b"\x48\x02" + FAR_ID + b"\x49\x04" + identifier(number),
            ber.tlv(0x6C, bytes.fromhex(broken)),
        )
        (told,) = end.hears(octets)
        assert isinstance(told.components[0], LocalReject)
    assert hears(end, number, Reject(77, Problem.UNRECOGNIZED_OPERATION)) == ()
    assert rejected(end, number) == []


def test_rejects_go_with_the_end_and_so_many_wait():
    end, number = active()
    for _ in range(REJECTS_LIMIT + 5):
        hears(end, number, ReturnResult(1))
    end.end.end(number, now_us=end.now_us)
    (message,) = end.says()
    assert isinstance(message, End)
    sent = (Reject(1, Problem.RESULT_UNRECOGNIZED_INVOKE_ID),) * REJECTS_LIMIT
    assert message.components == sent


def test_rejects_of_answers_and_of_what_cannot_be_told_are_passed_on():
    end, number = active()
    end.answers(number, [Invocation(1, 20)])
    for reject in (
        Reject(None, Problem.BADLY_STRUCTURED_COMPONENT),
        Reject(4, Problem.RESULT_MISTYPED_PARAMETER),
        Reject(1, Problem.ERROR_UNEXPECTED),
        Reject(1, Problem.MISTYPED_COMPONENT),
    ):
        assert hears(end, number, reject) == (reject,)
    # The last of them was of the invocation: it is over.
    end.answers(number, [Invocation(1, 20)])


def test_components_of_a_begin_and_of_an_end_are_looked_at_too():
    end = Alone()
    components = (ReturnResult(1), invoke(2))
    (begun,) = end.hears(Begin(FAR_ID, None, components))
    refusal, told = begun.components
    assert refusal.problem == Problem.RESULT_UNRECOGNIZED_INVOKE_ID
    assert told == invoke(2)
    end.end.continue_(begun.dialogue, [Invocation(3, 20)], now_us=end.now_us)
    end.says()
    (ended,) = end.hears(End(identifier(begun.dialogue), None, (ReturnResult(3),)))
    assert ended == EndIndication(begun.dialogue, None, b"", (ReturnResult(3),))


@pytest.mark.parametrize("kind", OperationClass, ids=lambda kind: kind.name)
def test_an_operation_without_an_answer_ends_with_its_time(kind: OperationClass):
    pair = Pair()
    here, _ = pair.open()
    timed = Invocation(4, 20, operation_class=kind, timer_us=3_000_000)
    pair.ssf.continue_(here, [timed, Invocation(5, 20)], now_us=pair.now_us)
    assert pair.pass_time(2_999_999) == []
    assert pair.pass_time(1) == [CancelIndication(here, 4)]
    assert pair.pass_time(INVOCATION_US) == [CancelIndication(here, 5)]
    pair.scf.data_to_send()
    assert pair.pass_time(INVOCATION_US) == []


def test_a_result_in_parts_and_an_answer_that_is_late():
    end, number = active()
    end.answers(number, [Invocation(1, PROMPT, timer_us=1_000)])
    part = ReturnResult(1, PROMPT, NULL, last=False)
    assert hears(end, number, part) == (part,)
    end.now_us += 1_000
    assert end.end.handle_timer(end.now_us) == [CancelIndication(number, 1)]
    (late,) = hears(end, number, ReturnResult(1))
    assert late.problem == Problem.RESULT_UNRECOGNIZED_INVOKE_ID


def test_an_invocations_time_is_set_anew_or_forgotten():
    end, number = active()
    end.answers(number, [Invocation(1, 20, timer_us=1_000), Invocation(2, 20, timer_us=1_000)])
    end.now_us += 900
    end.end.reset_timer(number, 1, end.now_us)
    end.end.cancel(number, 2)
    end.now_us += 100
    assert end.end.handle_timer(end.now_us) == []
    end.now_us += 900
    assert end.end.next_timer() == end.now_us
    assert end.end.handle_timer(end.now_us) == [CancelIndication(number, 1)]
    with pytest.raises(TcapError):
        end.end.reset_timer(number, 1, end.now_us)
    end.answers(number, [Invocation(1, 20)])
    hears(end, number, ReturnResult(1))
    with pytest.raises(TcapError):
        end.end.reset_timer(number, 1, end.now_us)


def test_the_timers_of_dialogues_that_are_over_are_not_kept():
    end = Alone()
    for _ in range(5 * STALE_LIMIT):
        number = end.begins(Invocation(1, 0))
        end.end.abort(number, now_us=end.now_us)
    assert len(end.end._components._timers) <= STALE_LIMIT + 2
    assert end.end.next_timer() is None
    assert end.end.handle_timer(end.now_us + INVOCATION_US) == []


def test_invoke_ids_are_given_out_in_turn():
    end, number = active()
    assert end.end.free_invoke_id() == 0
    given = [end.end.free_invoke_id(number) for _ in range(3)]
    assert given == [0, 1, 2]
    end.answers(number, [Invocation(3, 20)])
    assert end.end.free_invoke_id(number) == 4
    rest = [end.end.free_invoke_id(number) for _ in range(127)]
    assert 3 not in rest
    assert set(rest) == set(range(128)) - {3}


def test_an_end_may_still_ask_for_something():
    pair = Pair()
    here, there = pair.open()
    release = Invocation(9, 22, NULL, operation_class=OperationClass.NEITHER)
    pair.scf.end(there, [release], now_us=pair.now_us)
    assert pair.to_ssf() == [EndIndication(here, None, b"", (Invoke(9, 22, NULL),))]
    assert pair.scf.next_timer() is None


def test_addresses_pass_with_what_is_sent():
    end = Alone()
    end.end.begin(SCF, SSF, [Invocation(1, 0)], now_us=end.now_us)
    (sent,) = end.sends()
    assert (sent.called, sent.calling, sent.return_on_error) == (SCF, SSF, True)
