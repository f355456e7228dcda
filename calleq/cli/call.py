"""`calleq call`: post a call-initiation message and follow the call to its final state."""

import argparse
from dataclasses import dataclass
from typing import Literal

import httpx
import msgspec

from calleq.cli.connecting import connected
from calleq.cli.failure import UsageError
from calleq.cli.given import given_talk_us
from calleq.cli.output import print_json, print_line
from calleq.client import CalleqClient
from calleq.client.asking import Seal
from calleq.messages.answers import CallView, EventView
from calleq.rating import amount_text
from calleq.units import SECOND_US, parse_utc

WORDS = {
    "accepted": "accepted",
    "scheduled": "scheduled for",
    "rescheduled": "rescheduled for",
    "retried": "is tried again as",
    "not_retried": "is not tried again:",
    "waiting_for_representative": "waits until a representative is likely to be free",
    "representative_likely": "a representative is likely to be free",
    "dialled": "dialled",
    "ringing": "rings",
    "answered": "answered",
    "announcement_started": "announcement starts",
    "announcement_ended": "announcement ends",
    "music_started": "music starts",
    "machine_verdict": "answered by",
    "whisper_started": "whisper starts",
    "bridged": "bridged",
    "apology_started": "apology starts",
    "busy_notice_started": "is told that all are busy",
    "consent_asked": "is asked for consent",
    "consent_answered": "answers:",
    "opted_out": "wants never to be called again",
    "goodbye_started": "hears goodbye",
    "failed": "not reached",
    "released": "released",
    "held": "on hold",
    "unheld": "off hold",
    "muted": "muted",
    "unmuted": "heard again",
    "prompt_started": "hears",
    "prompt_ended": "has heard it",
    "keys_sent": "keys pressed towards it:",
    "transfer_started": "is to be replaced by",
    "consult_started": "wants to consult",
    "consulting": "is consulted",
    "transferred": "has taken over",
    "transfer_failed": "does not take over",
    "taken_back": "has taken the customer back",
    "recording_announcement_started": "is told that the call is recorded,",
    "recording_announced": "knows that the call is recorded,",
    "recording_started": "recording starts",
    "recording_paused": "recording pauses",
    "recording_resumed": "recording goes on",
    "recording_completed": "recording is complete",
    "recording_absent": "no recording",
    "recording_failed": "recording failed",
    "recording_objected": "objects to being recorded,",
    "ended": "ended",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The call to be placed."""

    customer: str
    rep: str | None = None
    only_rep: bool = False
    dial_first: Literal["customer", "agent"] | None = None
    at: str | None = None
    zone: str | None = None
    confirmed: bool = False
    key: str | None = None
    desk: str | None = None
    """Whose telephone enters the one-time code; None: whoever answers does."""
    sealed_by: Seal | None = None


def run(arguments: argparse.Namespace) -> int:
    """0 when the call completed, or will be made later; 1 otherwise."""
    if arguments.talk is not None:
        _set_talk(arguments.desk, given_talk_us(arguments.talk))
    with connected(arguments) as client:
        wanted = Wanted(
            arguments.customer,
            arguments.rep,
            arguments.only_rep,
            arguments.dial_first,
            arguments.at,
            arguments.zone,
            arguments.confirmed,
            arguments.key,
            arguments.desk if arguments.enter_code else None,
            _seal_wanted(arguments, client),
        )
        view, code = place_and_follow(client, wanted, quiet=arguments.json)
    if arguments.json:
        print_json({**outcome(view), **({"code": code} if code else {})})
    elif view.state == "scheduled":
        print_line(f"scheduled for {view.due_at}")
    else:
        print_line(f"{view.state}" + (f" (cause {view.cause})" if view.cause else ""))
        if view.charge is not None:
            print_line(f"price {amount_text(view.charge.amount_micro)} {view.charge.currency}")
    return 0 if view.state in ("completed", "scheduled") else 1


def place_and_follow(client: CalleqClient, wanted: Wanted, *, quiet: bool) -> tuple[CallView, str]:
    """Post, print the timeline as it happens unless `quiet`, and return the call, ended or waiting
    for its time, and its one-time code; empty: it has none."""
    accepted = client.place_call(
        wanted.customer,
        wanted.rep,
        hunt=False if wanted.only_rep else None,
        dial_first=wanted.dial_first,
        desired_time=wanted.at,
        time_zone=wanted.zone,
        confirmed=True if wanted.confirmed else None,
        idempotency_key=wanted.key,
        sealed_by=wanted.sealed_by,
    )
    if not quiet:
        print_line(f"call {accepted.call}")
    code = accepted.code if isinstance(accepted.code, str) else ""
    if code:
        _show_code(code, wanted, quiet=quiet)
    if accepted.state == "scheduled":
        return client.call(accepted.call), code
    first_us: int | None = None
    for event in client.events(accepted.call):
        if first_us is None:
            first_us = parse_utc(event.at)
        if not quiet:
            print_line(event_line(event, parse_utc(event.at) - first_us))
    return client.call(accepted.call), code


def event_line(event: EventView, since_us: int) -> str:
    """One line of the timeline."""
    words = [WORDS.get(event.event, event.event)]
    if event.leg:
        words.insert(0, f"{event.leg} {event.number}".rstrip())
    if event.detail:
        words.append(event.detail)
    if event.cause:
        words.append(f"(cause {event.cause})")
    return f"{since_us / SECOND_US:9.3f} s  {' '.join(words)}"


def outcome(view: CallView) -> dict[str, object]:
    """The object that `--json` prints."""
    return {
        "call": view.call,
        "state": view.state,
        "legs": [msgspec.structs.asdict(leg) for leg in view.legs],
    }


def _show_code(code: str, wanted: Wanted, *, quiet: bool) -> None:
    """Tell the code, which is on nobody else's screen; or have it entered."""
    if not quiet:
        print_line(f"code {code}: to be entered at the telephone when asked for")
    if wanted.desk is None:
        return
    try:
        answer = httpx.post(
            f"{wanted.desk}/telephones/{wanted.customer}/note",
            json={"keys": code},
            timeout=10,
            trust_env=False,
        )
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UsageError(
            f"--enter-code tells the simulated telephone {wanted.customer} at {wanted.desk}, which"
            f" did not take it: {error}; give the address of the telephones with --desk"
        ) from error


def _seal_wanted(arguments: argparse.Namespace, client: CalleqClient) -> Seal | None:
    if arguments.encrypt is None:
        if arguments.encryption_key:
            raise UsageError("--encryption-key belongs to --encrypt")
        return None
    from calleq.cli.encrypting import seal_wanted  # slow to import

    return seal_wanted(arguments, client)


def _set_talk(desk: str, talk_us: int) -> None:
    try:
        answer = httpx.put(
            f"{desk}/talk", json={"seconds": talk_us / SECOND_US}, timeout=10, trust_env=False
        )
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UsageError(
            f"--talk asks the simulated telephones at {desk}, which did not take it: {error};"
            " give their address with --desk"
        ) from error
