"""The options of `calleq prompts` and `calleq do-not-call`; what they do is in `prompts`."""

import argparse
from collections.abc import Callable
from pathlib import Path

Adding = Callable[[str, str, str, str], argparse.ArgumentParser]
"""Add a command: its name, what it does, an example, its module."""


def add_prompts(
    add: Adding,
    with_data: Callable[[argparse.ArgumentParser], object],
    with_json: Callable[[argparse.ArgumentParser, str], object],
) -> None:
    """Both commands."""
    prompts = add(
        "prompts",
        "find out whether recordings can be played to customers",
        "calleq prompts check name.wav music.wav",
        "prompts",
    )
    prompts.add_argument("order", choices=("check",))
    prompts.add_argument("files", nargs="+", type=Path, metavar="FILE", help="WAV files")
    with_json(prompts, "what was found")
    barred = add(
        "do-not-call",
        "show and change whom a business must not call",
        "calleq do-not-call remove +12125550100 --business abc",
        "prompts",
    )
    barred.add_argument("order", nargs="?", default="list", choices=("list", "add", "remove"))
    barred.add_argument("number", nargs="?", metavar="NUMBER")
    barred.add_argument("--business", metavar="NAME", help="its identifier (list: default all)")
    with_data(barred)
    with_json(barred, "the list")
