"""A set-up instruction as the machine takes it: the request of a call, its policy, its prompts."""

from typing import Final

from calleq.call.consent import Consent
from calleq.call.customer_first import CallRequest, Policy
from calleq.call.driver import Collect, Play
from calleq.calling_logic.means import Parties
from calleq.media.contract import Prompt
from calleq.media.languages import UNDERSTOOD, sentences
from calleq.media.wording import (
    announcement_text,
    apology_text,
    question_text,
    spoken_name,
    whisper_text,
    wrong_code_text,
)
from calleq.osn.messages import SetUpCall

NAME: Final = "name"
ANNOUNCEMENT: Final = "announcement"
MUSIC: Final = "music"
"""What a business's own recordings are for."""


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


def call_policy(instruction: SetUpCall, understands: bool) -> Policy:
    """How the instruction wants the call made, with the words that are spoken in it.

    Where nobody `understands` words, or not those of the language, consent is given by key alone;
    so it is where no code was told to whoever asked.
    """
    name, language = instruction.business_name, instruction.language
    said = sentences(language)
    consent = _consent(instruction, understands)
    announcement, name_mark = announcement_text(name, language)
    question, _ = question_text(name, language, by=consent)
    again = wrong_code_text(language) if consent == "code" else ""
    return Policy(
        ring_limit_us=instruction.ring_limit_us,
        announcement=announcement,
        name_mark=name_mark,
        whisper=whisper_text(name, language),
        apology=apology_text(name, language),
        dial_first="agent" if instruction.dial_first == "agent" else "customer",
        detect_machine=instruction.detect_machine,
        hunt=instruction.hunt,
        busy_notice=said.busy,
        consent=consent,
        question=question,
        question_again=again,
        question_tries=instruction.question_tries,
        answer_limit_us=instruction.answer_limit_us,
        goodbye=said.goodbye,
        talk_limit_us=instruction.talk_limit_us,
        announcement_limit_us=instruction.announcement_limit_us,
        opted_out=said.opted_out,
        hold_limit_us=instruction.hold_limit_us if instruction.likely_free else 0,
    )


def _consent(instruction: SetUpCall, understands: bool) -> Consent:
    match instruction.consent:
        case "key_or_speech" if understands and instruction.language in UNDERSTOOD:
            return "key_or_speech"
        case "code" if instruction.code_mark:
            return "code"
        case "key_or_speech" | "key" | "code":
            return "key"
        case _:
            return "none"


def prompt_of(instruction: SetUpCall, command: Play) -> Prompt:
    """What the machine wants played, by the business's own recordings where it has them."""
    supplied = dict(instruction.supplied)
    match command.prompt:
        case "music":
            return music_of(instruction, command.limit_us)
        case "announcement" if ANNOUNCEMENT in supplied:
            return Prompt("supplied", command.text, supplied=supplied[ANNOUNCEMENT])
        case _:
            return _speech(instruction, command.text, command.mark)


def music_of(instruction: SetUpCall, limit_us: int = 0) -> Prompt:
    """What whoever holds hears."""
    return Prompt("music", limit_us=limit_us, supplied=dict(instruction.supplied).get(MUSIC, ""))


def question_of(instruction: SetUpCall, command: Collect) -> Prompt:
    """What the machine wants asked."""
    return _speech(instruction, command.prompt, spoken_name(instruction.business_name))


def _speech(instruction: SetUpCall, text: str, mark: str) -> Prompt:
    voice = sentences(instruction.language).voice
    name = dict(instruction.supplied).get(NAME, "") if mark and mark in text else ""
    return Prompt("speech", text, mark, voice, supplied=name)
