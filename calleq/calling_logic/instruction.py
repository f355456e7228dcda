"""A set-up instruction as the machine takes it: the request of a call and its policy."""

from calleq.call.customer_first import CallRequest, Policy
from calleq.calling_logic.means import Parties
from calleq.media.wording import announcement_text, apology_text, whisper_text
from calleq.osn.messages import SetUpCall


def call_request(instruction: SetUpCall, own_number: str) -> CallRequest:
    """Who is to be connected; the customer sees the business, or the peripheral where it has none.

    The representative sees the customer's number: the instruction knows no restriction of it.
    """
    return CallRequest(
        call=instruction.call,
        customer=instruction.customer,
        caller=instruction.business_number or own_number,
        representative=instruction.representative,
        customer_presented=instruction.customer,
    )


def parties_of(instruction: SetUpCall) -> Parties:
    """Whom the call may have to dial, leg by leg."""
    named = (instruction.representative,) if instruction.representative else ()
    hunted = instruction.representatives if instruction.hunt or not named else ()
    return (instruction.customer,), (*named, *hunted)


def call_policy(instruction: SetUpCall) -> Policy:
    """How the instruction wants the call made, with the words that are spoken in it."""
    announcement, name_mark = announcement_text(instruction.business_name)
    return Policy(
        ring_limit_us=instruction.ring_limit_us,
        announcement=announcement,
        name_mark=name_mark,
        whisper=whisper_text(instruction.business_name),
        apology=apology_text(instruction.business_name),
        dial_first="agent" if instruction.dial_first == "agent" else "customer",
        detect_machine=instruction.detect_machine,
        hunt=instruction.hunt,
    )
