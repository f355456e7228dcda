"""Dialogues between two ends of TCAP: how they begin, are refused, go on, end, and get lost."""

import pytest

from calleq.ss7.sccp.contract import DATA_LIMIT_OCTETS
from calleq.ss7.sccp.values import PartyAddress, ReturnCause
from calleq.ss7.tcap import codec
from calleq.ss7.tcap.components import Invocation, Invoke, Problem, Reject, ReturnResult
from calleq.ss7.tcap.contract import (
    AbortReason,
    BeginIndication,
    ContinueIndication,
    EndIndication,
    NoticeIndication,
    ProviderAbortIndication,
    ProviderCause,
    TcapError,
    UnidirectionalIndication,
    UserAbortIndication,
)
from calleq.ss7.tcap.messages import (
    Abort,
    Begin,
    Continue,
    Diagnostic,
    DialogueAbort,
    DialogueRequest,
    DialogueResponse,
    End,
    OtherDialogue,
    Unidirectional,
    UnidirectionalDialogue,
)
from calleq.ss7.tcap.transactions import IDLE_LIMIT_US
from simulator.fuzz.tcap_samples import INFORMATION
from tests.tcap_pair import CS1, CS2, FAR_ID, NULL, SCF, SSF, Alone, Pair, identifier

INITIAL_DP = Invocation(1, 0, NULL)
CONNECT = Invocation(1, 20, NULL)
ABNORMAL = DialogueAbort(by_provider=True)


def test_a_dialogue_begins_goes_on_and_ends():
    pair = Pair()
    here = pair.begin(INITIAL_DP, user_information=INFORMATION)
    (begun,) = pair.to_scf()
    there = begun.dialogue
    assert begun == BeginIndication(there, SCF, SSF, CS1, INFORMATION, (Invoke(1, 0, NULL),))
    pair.scf.continue_(there, [CONNECT], user_information=INFORMATION, now_us=pair.now_us)
    answered = ContinueIndication(here, CS1, INFORMATION, (Invoke(1, 20, NULL),))
    assert pair.to_ssf() == [answered]
    pair.ssf.continue_(here, [ReturnResult(1)], now_us=pair.now_us)
    assert pair.to_scf() == [ContinueIndication(there, None, b"", (ReturnResult(1),))]
    pair.scf.end(there, [Invocation(2, 22, NULL)], now_us=pair.now_us)
    assert pair.to_ssf() == [EndIndication(here, None, b"", (Invoke(2, 22, NULL),))]
    assert (len(pair.ssf), len(pair.scf)) == (0, 0)
    assert (pair.ssf.next_timer(), pair.scf.next_timer()) == (None, None)


def test_a_dialogue_may_be_answered_by_its_end_and_with_another_context():
    pair = Pair()
    here = pair.begin(INITIAL_DP, context=CS2)
    (begun,) = pair.to_scf()
    pair.scf.end(begun.dialogue, [CONNECT], context=CS1, now_us=pair.now_us)
    assert pair.to_ssf() == [EndIndication(here, CS1, b"", (Invoke(1, 20, NULL),))]


def test_without_a_context_there_are_no_dialogue_portions():
    pair = Pair()
    here, there = pair.open(INITIAL_DP, context=None)
    pair.scf.abort(there, user_information=INFORMATION, now_us=pair.now_us)
    (told,) = pair.to_ssf()
    assert told == UserAbortIndication(here, AbortReason.USER_SPECIFIC, None, INFORMATION)
    portions = [codec.decode(octets).dialogue for octets in pair.passed]
    assert portions == [None, None, OtherDialogue(INFORMATION)]


@pytest.mark.parametrize("offered", [None, CS2])
def test_a_context_that_is_not_known_is_refused_with_an_alternative(offered: object):
    pair = Pair()
    here = pair.begin(INITIAL_DP)
    (begun,) = pair.to_scf()
    pair.scf.abort(
        begun.dialogue,
        reason=AbortReason.CONTEXT_NOT_SUPPORTED,
        context=CS2 if offered else None,
        now_us=pair.now_us,
    )
    told = UserAbortIndication(
        here, AbortReason.CONTEXT_NOT_SUPPORTED, CS2 if offered else CS1, b""
    )
    assert pair.to_ssf() == [told]
    assert len(pair.ssf) == len(pair.scf) == 0


def test_a_dialogue_is_refused_or_aborted_by_its_users():
    pair = Pair()
    here = pair.begin(INITIAL_DP)
    (begun,) = pair.to_scf()
    pair.scf.abort(begun.dialogue, reason=AbortReason.DIALOGUE_REFUSED, now_us=pair.now_us)
    assert pair.to_ssf() == [UserAbortIndication(here, AbortReason.DIALOGUE_REFUSED, CS1, b"")]
    here, there = pair.open(INITIAL_DP)
    with pytest.raises(TcapError):
        pair.ssf.abort(here, reason=AbortReason.DIALOGUE_REFUSED, now_us=pair.now_us)
    with pytest.raises(TcapError):
        pair.ssf.abort(here, context=CS2, now_us=pair.now_us)
    pair.ssf.abort(here, user_information=INFORMATION, now_us=pair.now_us)
    told = UserAbortIndication(there, AbortReason.USER_SPECIFIC, None, INFORMATION)
    assert pair.to_scf() == [told]


def test_who_began_aborts_before_the_answer_and_the_answer_finds_nobody():
    pair = Pair()
    here = pair.begin(INITIAL_DP)
    pair.ssf.abort(here, now_us=pair.now_us)
    (begun,) = pair.to_scf()
    pair.scf.continue_(begun.dialogue, [CONNECT], now_us=pair.now_us)
    assert pair.to_ssf() == []
    unknown = ProviderAbortIndication(begun.dialogue, ProviderCause.UNRECOGNIZED_TRANSACTION_ID)
    assert pair.to_scf() == [unknown]
    assert len(pair.scf) == 0


def test_a_prearranged_end_sends_nothing():
    pair = Pair()
    here, there = pair.open(INITIAL_DP)
    for components, information in (((CONNECT,), b""), ((), INFORMATION)):
        with pytest.raises(TcapError):
            pair.ssf.end(
                here,
                components,
                prearranged=True,
                user_information=information,
                now_us=pair.now_us,
            )
    pair.ssf.end(here, prearranged=True, now_us=pair.now_us)
    pair.scf.end(there, prearranged=True, now_us=pair.now_us)
    assert (pair.to_scf(), pair.to_ssf()) == ([], [])
    assert len(pair.ssf) == len(pair.scf) == 0


def test_an_end_that_starts_anew_refuses_dialogues_of_its_former_life():
    pair = Pair()
    here, _ = pair.open(INITIAL_DP)
    pair.scf = Pair().scf
    pair.ssf.continue_(here, now_us=pair.now_us)
    assert pair.to_scf() == []
    lost = ProviderAbortIndication(here, ProviderCause.UNRECOGNIZED_TRANSACTION_ID)
    assert pair.to_ssf() == [lost]


def test_late_and_doubled_messages_change_nothing():
    pair = Pair()
    here, there = pair.open(INITIAL_DP)
    pair.scf.end(there, now_us=pair.now_us)
    (end,) = pair.scf.data_to_send()
    assert len(pair.ssf.receive(SSF, SCF, end.octets, pair.now_us)) == 1
    assert pair.ssf.receive(SSF, SCF, end.octets, pair.now_us) == []
    late = codec.encode(Abort(identifier(here), ProviderCause.RESOURCE_LIMITATION))
    assert pair.ssf.receive(SSF, SCF, late, pair.now_us) == []
    assert pair.ssf.data_to_send() == []
    assert pair.ssf.discarded == 2


def test_another_far_end_cannot_speak_in_a_dialogue():
    end = Alone()
    number = end.is_begun_with()
    end.answers(number)
    assert end.hears(Continue(b"\x66", identifier(number))) == []
    assert end.says() == [Abort(b"\x66", ProviderCause.UNRECOGNIZED_TRANSACTION_ID)]
    (told,) = end.hears(Continue(FAR_ID, identifier(number)))
    assert told.dialogue == number


def test_transaction_ids_are_four_octets_and_not_used_again_at_once():
    end = Alone()
    numbers = []
    for _ in range(50):
        number = end.begins()
        end.end.abort(number, now_us=end.now_us)
        numbers.append(number)
    assert len(set(numbers)) == 50
    wrapping = Pair()
    wrapping.ssf._table._next_id = (1 << 32) - 1
    last = wrapping.begin()
    first = wrapping.begin()
    assert (last, first) == ((1 << 32) - 1, 0)
    wrapping.ssf._table._next_id = last
    assert wrapping.begin() == 1
    begun = wrapping.to_scf()
    assert len(begun) == 3


def test_the_answer_tells_the_far_ends_address():
    end = Alone()
    number = end.begins()
    other = PartyAddress(ssn=241, point_code=9)
    octets = codec.encode(Continue(FAR_ID, identifier(number)))
    end.end.receive(SSF, other, octets, end.now_us)
    end.end.continue_(number, now_us=end.now_us)
    (sent,) = end.sends()
    assert (sent.called, sent.calling, sent.sequence) == (other, SSF, number)
    assert sent.return_on_error


@pytest.mark.parametrize(
    ("portion", "refusal"),
    [
        (DialogueRequest(CS1, version1=False), Diagnostic.PROVIDER_NO_COMMON_DIALOGUE_PORTION),
        (DialogueResponse(CS1, True, Diagnostic.USER_NULL), None),
        (DialogueAbort(False), None),
        (UnidirectionalDialogue(CS1), None),
        (OtherDialogue(b"\x05\x00"), None),
    ],
)
def test_a_begin_with_another_dialogue_portion_than_a_request_is_aborted(
    portion: object, refusal: Diagnostic | None
):
    end = Alone()
    assert end.hears(Begin(FAR_ID, portion)) == []  # type: ignore[arg-type]
    answer = ABNORMAL if refusal is None else DialogueResponse(CS1, False, refusal)
    assert end.says() == [Abort(FAR_ID, None, answer)]
    assert len(end.end) == 0


ACCEPTED = DialogueResponse(CS1, True, Diagnostic.USER_NULL)
REFUSED = DialogueResponse(CS1, False, Diagnostic.USER_NULL)


@pytest.mark.parametrize(
    ("context", "portion"),
    [(CS1, None), (CS1, REFUSED), (CS1, DialogueRequest(CS1)), (None, ACCEPTED), (None, ABNORMAL)],
)
def test_a_first_answer_whose_dialogue_portion_does_not_fit_loses_the_dialogue(
    context: object, portion: object
):
    for last in (False, True):
        end = Alone()
        number = end.begins(INITIAL_DP, context=context)
        own = identifier(number)
        answer = End(own, portion) if last else Continue(FAR_ID, own, portion)  # type: ignore[arg-type]
        told = end.hears(answer)
        assert told == [ProviderAbortIndication(number, ProviderCause.ABNORMAL_DIALOGUE)]
        assert end.says() == ([] if last else [Abort(FAR_ID, None, ABNORMAL)])
        assert len(end.end) == 0


def test_a_later_dialogue_portion_loses_the_dialogue():
    for last in (False, True):
        end = Alone()
        number = end.is_begun_with(context=CS1)
        end.answers(number)
        own = identifier(number)
        told = end.hears(End(own, ACCEPTED) if last else Continue(FAR_ID, own, ACCEPTED))
        assert told == [ProviderAbortIndication(number, ProviderCause.ABNORMAL_DIALOGUE)]
        assert len(end.end) == 0


@pytest.mark.parametrize(
    ("answered", "message", "told"),
    [
        (False, Abort(b"", 3), ProviderCause.NO_COMMON_DIALOGUE_PORTION),
        (True, Abort(b"", 3), ProviderCause.INCORRECT_TRANSACTION_PORTION),
        (True, Abort(b"", 99), 99),
        (False, Abort(b""), AbortReason.USER_SPECIFIC),
        (True, Abort(b"", None, DialogueAbort(False)), AbortReason.USER_SPECIFIC),
        (True, Abort(b"", None, ABNORMAL), ProviderCause.ABNORMAL_DIALOGUE),
        (False, Abort(b"", None, OtherDialogue(b"")), ProviderCause.ABNORMAL_DIALOGUE),
        (False, Abort(b"", None, REFUSED), AbortReason.DIALOGUE_REFUSED),
        (False, Abort(b"", None, ACCEPTED), ProviderCause.ABNORMAL_DIALOGUE),
        (True, Abort(b"", None, REFUSED), ProviderCause.ABNORMAL_DIALOGUE),
    ],
)
def test_what_an_abort_says(answered: bool, message: Abort, told: object):
    end = Alone()
    number = end.begins(INITIAL_DP, context=CS1)
    if answered:
        end.hears(Continue(FAR_ID, identifier(number), ACCEPTED))
    (event,) = end.hears(Abort(identifier(number), message.cause, message.dialogue))
    if isinstance(event, ProviderAbortIndication):
        assert event.cause == told
    else:
        assert event.reason is told


@pytest.mark.parametrize(
    ("diagnostic", "cause"),
    [
        (Diagnostic.PROVIDER_NO_COMMON_DIALOGUE_PORTION, ProviderCause.NO_COMMON_DIALOGUE_PORTION),
        (Diagnostic.PROVIDER_NULL, ProviderCause.ABNORMAL_DIALOGUE),
        (0xA177, ProviderCause.ABNORMAL_DIALOGUE),
    ],
)
def test_a_refusal_by_the_far_ends_tcap(diagnostic: int, cause: ProviderCause):
    end = Alone()
    number = end.begins(INITIAL_DP, context=CS1)
    refusal = DialogueResponse(CS1, False, diagnostic)
    told = end.hears(Abort(identifier(number), None, refusal))
    assert told == [ProviderAbortIndication(number, cause)]


def test_an_abort_with_a_portion_of_tcap_where_there_was_no_context():
    end = Alone()
    number = end.begins(INITIAL_DP)
    told = end.hears(Abort(identifier(number), None, DialogueAbort(False)))
    assert told == [ProviderAbortIndication(number, ProviderCause.ABNORMAL_DIALOGUE)]


def test_an_idle_dialogue_is_given_up_at_both_ends():
    pair = Pair()
    here, there = pair.open(INITIAL_DP)
    unanswered = pair.begin()
    pair.pass_time(IDLE_LIMIT_US - 1)
    assert len(pair.ssf) == 2
    gone = pair.pass_time(1)
    assert gone == [
        ProviderAbortIndication(here, ProviderCause.IDLE),
        ProviderAbortIndication(unanswered, ProviderCause.IDLE),
    ]
    assert ProviderAbortIndication(there, ProviderCause.RESOURCE_LIMITATION) in pair.to_scf()
    assert len(pair.ssf) == 0


def test_whatever_is_sent_or_received_keeps_a_dialogue():
    pair = Pair(idle_limit_us=100)
    here, there = pair.open()
    for _ in range(3):
        pair.pass_time(80)
        pair.ssf.continue_(here, now_us=pair.now_us)
        pair.to_scf()
        pair.pass_time(80)
        pair.scf.continue_(there, now_us=pair.now_us)
        pair.to_ssf()
    assert len(pair.ssf) == 1
    assert pair.pass_time(100) != []


def test_what_was_not_delivered_is_told_and_its_user_ends_it():
    pair = Pair()
    here = pair.begin(INITIAL_DP)
    (begin,) = pair.ssf.data_to_send()
    told = pair.ssf.notice(ReturnCause.SUBSYSTEM_FAILURE, begin.octets[:20], pair.now_us)
    assert told == [NoticeIndication(here, ReturnCause.SUBSYSTEM_FAILURE)]
    pair.ssf.abort(here, now_us=pair.now_us)
    assert pair.ssf.data_to_send() == []
    assert pair.ssf.notice(ReturnCause.SUBSYSTEM_FAILURE, begin.octets, pair.now_us) == []


def test_components_outside_of_any_dialogue():
    pair = Pair()
    pair.ssf.unidirectional(SCF, SSF, [INITIAL_DP], context=CS1, now_us=pair.now_us)
    pair.ssf.unidirectional(SCF, SSF, [INITIAL_DP], now_us=pair.now_us)
    invoke = (Invoke(1, 0, NULL),)
    assert pair.to_scf() == [
        UnidirectionalIndication(SCF, SSF, CS1, b"", invoke),
        UnidirectionalIndication(SCF, SSF, None, b"", invoke),
    ]
    for portion in (UnidirectionalDialogue(CS1, version1=False), DialogueRequest(CS1)):
        octets = codec.encode(Unidirectional(portion, invoke))
        assert pair.scf.receive(SCF, SSF, octets, pair.now_us) == []
    assert pair.scf.discarded == 2
    with pytest.raises(TcapError):
        pair.ssf.unidirectional(SCF, SSF, [], now_us=pair.now_us)
    with pytest.raises(TcapError):
        pair.ssf.unidirectional(
            SCF, SSF, [INITIAL_DP], user_information=INFORMATION, now_us=pair.now_us
        )


def test_contexts_and_user_information_belong_in_the_first_messages_only():
    pair = Pair()
    here, there = pair.open()
    with pytest.raises(TcapError):
        pair.ssf.continue_(here, context=CS1, now_us=pair.now_us)
    with pytest.raises(TcapError):
        pair.scf.end(there, user_information=INFORMATION, now_us=pair.now_us)
    with pytest.raises(TcapError):
        pair.begin(context=None, user_information=INFORMATION)
    with pytest.raises(TcapError):
        pair.begin(context=(9,))
    pair.begin()
    (begun,) = pair.to_scf()
    with pytest.raises(TcapError):
        pair.scf.abort(
            begun.dialogue,
            reason=AbortReason.CONTEXT_NOT_SUPPORTED,
            context=(9,),
            now_us=pair.now_us,
        )
    here = pair.begin(context=None)
    (begun,) = pair.to_scf()
    with pytest.raises(TcapError):
        pair.scf.continue_(begun.dialogue, context=CS1, now_us=pair.now_us)
    with pytest.raises(TcapError):
        pair.scf.abort(begun.dialogue, reason=AbortReason.DIALOGUE_REFUSED, now_us=pair.now_us)


def test_a_message_has_room_for_so_much():
    pair = Pair()
    here, _ = pair.open()
    long = b"\x04\x82\x0f\x70" + bytes(0x0F70)
    with pytest.raises(TcapError, match="octets"):
        pair.ssf.continue_(here, [Invocation(1, 20, long)], now_us=pair.now_us)
    with pytest.raises(TcapError, match="octets"):
        pair.ssf.abort(here, user_information=b"\x28\x82\x0f\x70" + long, now_us=pair.now_us)
    assert pair.ssf.data_to_send() == []
    fits = b"\x04\x82\x0f\x30" + bytes(0x0F30)
    pair.ssf.continue_(here, [Invocation(1, 20, fits)], now_us=pair.now_us)
    (sent,) = pair.ssf.data_to_send()
    assert 3_900 < len(sent.octets) <= DATA_LIMIT_OCTETS


def test_rejects_that_do_not_fit_wait_for_the_next_message():
    end = Alone()
    number = end.is_begun_with()
    end.answers(number)
    answers = tuple(ReturnResult(at) for at in range(10))
    end.hears(Continue(FAR_ID, identifier(number), None, answers))
    rejects = [Reject(at, Problem.RESULT_UNRECOGNIZED_INVOKE_ID) for at in range(10)]
    full = b"\x04\x82\x0f\x30" + bytes(0x0F30)
    end.end.continue_(number, [Invocation(1, 20, full)], now_us=end.now_us)
    (first,) = end.says()
    assert first.components == (Invoke(1, 20, full),)
    end.end.continue_(number, now_us=end.now_us)
    (second,) = end.says()
    assert list(second.components) == rejects


@pytest.mark.parametrize("kind", [0x61, 0x64, 0x67])
def test_what_is_wrong_and_awaits_no_answer_gets_none(kind: int):
    end = Alone()
    octets = b"\x48\x02" + FAR_ID + b"\x05\x00"
    assert end.hears(bytes((kind, len(octets))) + octets) == []
    assert end.says() == []
    assert end.end.discarded == 1


def test_messages_that_nobody_fetches_are_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("calleq.ss7.tcap.outbox.OUTGOING_LIMIT", 2)
    pair = Pair()
    pair.begin()
    pair.begin()
    with pytest.raises(TcapError, match="wait"):
        pair.begin()
    unknown = codec.encode(Continue(b"\x01", b"\x02"))
    assert pair.ssf.receive(SSF, SCF, unknown, pair.now_us) == []
    assert len(pair.ssf.data_to_send()) == 2
    assert len(pair.ssf) == 2
