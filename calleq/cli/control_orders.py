"""How an order to a call is written on the command line."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, cast

from calleq.cli.failure import UsageError
from calleq.cli.operation_parser import PARTIES
from calleq.osn import orders
from calleq.osn.orders import Order, Party


def _party(words: Sequence[str]) -> Party:
    if len(words) != 1 or words[0] not in PARTIES:
        raise UsageError(f"which party? one of {', '.join(PARTIES)} was expected")
    return cast(Party, words[0])


def _number(words: Sequence[str]) -> str:
    if len(words) != 1:
        raise UsageError("one number was expected")
    return words[0]


def _nothing(words: Sequence[str]) -> None:
    if words:
        raise UsageError(f"nothing was expected after the order: {' '.join(words)}")


def _keys(words: Sequence[str]) -> Order:
    if len(words) != 2:
        raise UsageError("keys: a party and its keys were expected, as in `keys agent 42#`")
    return orders.SendKeys(_party(words[:1]), words[1])


def _hang_up(words: Sequence[str]) -> Order:
    return orders.HangUp(_party(words)) if words else orders.HangUp()


def _record(words: Sequence[str]) -> Order:
    match words:
        case [] | ["start"]:
            return orders.Record()
        case ["pause"]:
            return orders.PauseRecording()
        case ["resume"]:
            return orders.ResumeRecording()
        case ["stop"]:
            return orders.StopRecording()
        case _:
            raise UsageError("record: start, pause, resume or stop were expected")


def _plain(order: Order) -> Callable[[Sequence[str]], Order]:
    def given(words: Sequence[str]) -> Order:
        _nothing(words)
        return order

    return given


ORDERS: Mapping[str, Callable[[Sequence[str]], Order]] = {
    "hold": lambda words: orders.Hold(_party(words)),
    "unhold": lambda words: orders.Unhold(_party(words)),
    "mute": lambda words: orders.Mute(_party(words)),
    "unmute": lambda words: orders.Unmute(_party(words)),
    "play": lambda words: orders.PlayPrompt(text=" ".join(words)),
    "stop": _plain(orders.StopPrompt()),
    "keys": _keys,
    "add": lambda words: orders.AddThird(_number(words)),
    "remove": lambda words: orders.HangUp(_party(words)),
    "hang-up": _hang_up,
    "transfer": lambda words: orders.Transfer(_number(words)),
    "consult": lambda words: orders.Consult(_number(words)),
    "complete": _plain(orders.Complete()),
    "take-back": _plain(orders.TakeBack()),
    "record": _record,
}


def given_order(arguments: argparse.Namespace) -> Order:
    """The order that the words name. Raises UsageError."""
    order = ORDERS[arguments.order](arguments.words)
    to: Party | Literal[""] = arguments.to if arguments.to else ""
    prompt, recording = arguments.prompt or "", arguments.recording or ""
    match order:
        case orders.PlayPrompt(text=text):
            if sum(map(bool, (text, prompt, recording))) != 1:
                raise UsageError("play: a text, --prompt NAME or --recording NAME was expected")
            return orders.PlayPrompt(to, text, prompt, recording)
        case orders.StopPrompt():
            return orders.StopPrompt(to)
        case _:
            if to or prompt or recording:
                raise UsageError(f"{arguments.order}: --to, --prompt, --recording belong to play")
            return order
