"""Case files into checked cases: parsed whole, blocks put in their places, or an error.

A suite is a directory with `suite.toml` (its name, its groups, its blocks of steps) and one file
for each case, named by its number. An error names the file, the key and what was expected.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from calleq.telephones.diary import Event
from calleq.topology import reworded
from simulator.conformance.language import Language, WireError
from simulator.conformance.mutants import Verb, mutant_of
from simulator.conformance.steps import (
    AnyStep,
    Case,
    Expect,
    Hears,
    NotSeen,
    Order,
    Perform,
    Repeats,
    Sees,
    Send,
)
from simulator.conformance.timers import RANGES
from simulator.scenarios.parts import Part, ScenarioError

NESTING_LIMIT = 8

Whole = TypeVar("Whole", bound=Part)


class Kind(NamedTuple):
    """What the cases of a suite may name."""

    language: Language
    verbs: Mapping[str, Verb]
    """Mutants beside those of every suite."""
    check_step: Callable[[AnyStep], None]
    """Raises WireError for what only this suite can tell."""


class Suite(Part, frozen=True, kw_only=True):
    """What all cases of a suite share."""

    title: str
    about: str = ""
    """Who is who, for the report."""
    groups: dict[str, str] = msgspec.field(default_factory=dict)
    """Names of groups, by the numbers their cases begin with; the longest that fits counts."""
    blocks: dict[str, tuple[AnyStep, ...]] = msgspec.field(default_factory=dict)

    def group_of(self, number: str) -> str:
        """The name of the group that a case belongs to."""
        fitting = [key for key in self.groups if re.match(rf"{re.escape(key)}\b", number)]
        return self.groups[max(fitting, key=len)] if fitting else ""


class LoadedCase(msgspec.Struct, frozen=True):
    """A case with its number, and its steps as they are done."""

    number: str
    group: str
    case: Case
    steps: tuple[AnyStep, ...]
    path: Path


def suite_directory(name: str) -> Path:
    """Where a shipped suite is."""
    return Path(str(files("simulator") / "conformance" / name))


def load_suite(directory: Path, kind: Kind) -> tuple[Suite, list[LoadedCase]]:
    """The suite and all its cases in the order of their numbers. Raises ScenarioError."""
    suite = _convert(directory / "suite.toml", Suite)
    paths = [path for path in directory.glob("*.toml") if path.name != "suite.toml"]
    paths.sort(key=lambda path: sort_key(path.stem))
    return suite, [load_case(path, suite, kind) for path in paths]


def sort_key(number: str) -> list[tuple[int, str]]:
    """Orders 1.3.2 before 1.3.10 and 2.2.1a before 2.2.1b."""
    parts = re.findall(r"\d+|\D+", number)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def load_case(path: Path, suite: Suite, kind: Kind) -> LoadedCase:
    """One checked case. Raises ScenarioError."""
    case = _convert(path, Case)
    try:
        steps = _flat(case.steps, suite, 0)
        for place, step in enumerate(steps):
            _check(f"steps[{place}]", step, kind)
        for sentence in case.mutants:
            mutant_of(sentence, kind.language, kind.verbs)
        if bool(case.steps) == bool(case.not_run):
            raise WireError("either steps or not_run expected")
    except WireError as error:
        raise ScenarioError(f"{path}: {error}") from error
    return LoadedCase(path.stem, suite.group_of(path.stem), case, steps, path)


def _convert(path: Path, kind: type[Whole]) -> Whole:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ScenarioError(f"{path}: not a TOML file: {error}") from error
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise ScenarioError(f"{path}: {reworded(str(error))}") from error


def _flat(steps: tuple[AnyStep, ...], suite: Suite, depth: int) -> tuple[AnyStep, ...]:
    if depth > NESTING_LIMIT:
        raise WireError("blocks contain one another")
    flat: list[AnyStep] = []
    for step in steps:
        if not isinstance(step, Perform):
            flat.append(step)
        elif step.block in suite.blocks:
            flat += _flat(suite.blocks[step.block], suite, depth + 1)
        else:
            raise WireError(f"{step.block!r}: one of {', '.join(suite.blocks)} expected")
    return tuple(flat)


def _check(key: str, step: AnyStep, kind: Kind) -> None:
    """Raises WireError when a step names what is not there."""
    try:
        _check_names(step, kind)
        kind.check_step(step)
    except WireError as error:
        raise WireError(f"{key}: {error}") from error


def _check_names(step: AnyStep, kind: Kind) -> None:
    match step:
        case Send() | Expect():
            kind.language.check(step.message, step.fields)
            if isinstance(step, Expect) and step.timer:
                _check_timer(step.timer)
            if isinstance(step, Expect) and step.among:
                circuits_of(step.among)
        case Repeats():
            _check_timer(step.every)
            _check_timer(step.until)
        case Sees() | NotSeen():
            if step.event not in set(Event):
                raise WireError(f"{step.event!r}: one of {', '.join(Event)} expected")
        case Hears():
            if bool(step.telephone) == bool(step.at):
                raise WireError("either telephone or at expected")
        case Order(circuits=circuits):
            if circuits and not re.fullmatch(r"[a-z]|[0-9]+(-[0-9]+)?", circuits):
                raise WireError(f"circuits {circuits!r}: 12, 1-31 or a name expected")
        case _:
            pass


def circuits_of(text: str) -> list[int]:
    """The circuits that "12" or "1-31" means. Raises WireError."""
    if not re.fullmatch(r"[0-9]+(-[0-9]+)?", text):
        raise WireError(f"circuits {text!r}: 12 or 1-31 expected")
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def _check_timer(name: str) -> None:
    if name not in RANGES:
        raise WireError(f"{name!r}: one of {', '.join(RANGES)} expected")
