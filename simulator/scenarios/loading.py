"""Scenario files into checked scenarios: parsed whole, everything named there exists, or an error.

An error names the file, the key and what was expected. Nothing runs before a file has passed, and a
scenario that has passed fails in its run for one reason only: that the network did otherwise.
"""

import tomllib
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from importlib.resources import files
from pathlib import Path
from typing import get_args

import msgspec

from calleq.call.driver import FINAL_STATES
from calleq.topology import (
    AccessServer,
    Line,
    SignallingLink,
    Topology,
    TopologyError,
    check_topology,
    element_names,
    home_switch,
    load_topology,
    reworded,
)
from calleq.topology_links import LINKS_LIMIT
from calleq.topology_mtp3 import as_ansi
from simulator.faults.kinds import KINDS
from simulator.scenarios import expectations, steps
from simulator.scenarios.controlling import OrderWordsError, order_of
from simulator.scenarios.expectations import AnyExpectation
from simulator.scenarios.model import Scenario
from simulator.scenarios.parts import SWEEP, NetworkSpec, ScenarioError, Sweep, TelephoneSpec, us
from simulator.scenarios.played_checks import check_played
from simulator.scenarios.steps import AnyStep
from simulator.scenarios.wording import WordingError, parse_event, parse_pattern
from simulator.world import build_world

SWEEP_LIMIT = 100_000
"""Runs of one sweep."""
STEP_KINDS = {str(step.__struct_config__.tag): step for step in get_args(AnyStep)}
EXPECTATION_KINDS = {str(one.__struct_config__.tag): one for one in get_args(AnyExpectation)}


def catalogue() -> list[Path]:
    """The shipped scenarios, by name."""
    directory = Path(str(files("simulator") / "catalogue"))
    return sorted(directory.glob("*.toml"))


def load_scenario(path: Path) -> Scenario:
    """Read and check a file. Raises ScenarioError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path}: not a TOML file: {error}") from error
    return parse_scenario(text, path)


def parse_scenario(text: str, path: Path) -> Scenario:
    """The checked scenario of a text; `path` begins every error. Raises ScenarioError."""
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise ScenarioError(f"{path}: not a TOML file: {error}") from error
    try:
        _check_tables(raw)
        _check_kinds(raw, "steps", "do", STEP_KINDS)
        _check_kinds(raw, "expect", "that", EXPECTATION_KINDS)
        scenario = msgspec.convert(raw, Scenario)
        scenario = msgspec.structs.replace(scenario, name=scenario.name or path.stem)
        _Checker(scenario, topology_of(scenario, path.parent)).check()
    except msgspec.ValidationError as error:
        raise ScenarioError(f"{path}: {reworded(str(error))}") from error
    except (ScenarioError, WordingError, OrderWordsError) as error:
        raise ScenarioError(f"{path}: {error}") from error
    return scenario


def topology_of(scenario: Scenario, directory: Path) -> Topology:
    """The network in which a scenario plays. Raises ScenarioError."""
    spec = scenario.network
    topology = _ground(scenario, directory)
    if spec.variant == "ansi":
        topology = as_ansi(topology)
    unknown = [name for name in spec.circuits if name not in {t.name for t in topology.trunks}]
    if unknown:
        known = ", ".join(trunk.name for trunk in topology.trunks)
        raise ScenarioError(f"network.circuits.{unknown[0]}: a trunk group expected: {known}")
    trunks = tuple(
        msgspec.structs.replace(trunk, circuits=spec.circuits.get(trunk.name, trunk.circuits))
        for trunk in topology.trunks
    )
    timing = topology.timing
    changes: dict[str, float | int] = {}
    if spec.ring_limit_s is not None:
        changes["ring_limit_s"] = spec.ring_limit_s
    if spec.osn_delay_s is not None:
        changes["osn_delay_us"] = us(spec.osn_delay_s)
    if spec.line_delay_s is not None:
        changes["line_delay_us"] = us(spec.line_delay_s)
    changed = msgspec.structs.replace(
        topology,
        trunks=trunks,
        timing=msgspec.structs.replace(timing, **changes),
        lines=_lines(scenario, topology),
        access_server=_access_server(spec, topology),
        links=_links(spec.links, topology),
    )
    changed = _with_businesses(scenario, changed)
    try:
        check_topology(changed)
    except TopologyError as error:
        raise ScenarioError(f"network: {error}") from error
    return changed


def _ground(scenario: Scenario, directory: Path) -> Topology:
    """The network before anything in it is changed."""
    spec = scenario.network
    if spec.world is not None:
        if spec.file:
            raise ScenarioError("network: file or world expected, not both")
        size = spec.world
        if min(size.customers, size.businesses, size.circuits) < 1:
            raise ScenarioError("network.world: customers, businesses and circuits from 1 expected")
        return build_world(scenario.seed, size.customers, size.businesses, size.circuits)
    try:
        return load_topology(directory / spec.file) if spec.file else _figure1()
    except TopologyError as error:
        raise ScenarioError(f"network.file: {error}") from error


@lru_cache(maxsize=1)
def _figure1() -> Topology:
    return load_topology()


def _access_server(spec: NetworkSpec, topology: Topology) -> AccessServer:
    server = topology.access_server
    if not spec.equipment:
        return server
    return msgspec.structs.replace(server, equipment=spec.equipment)


def _links(counts: dict[str, int], topology: Topology) -> tuple[SignallingLink, ...]:
    """The links, with others like them beside those that the scenario wants several of."""
    known = {link.name: link for link in topology.links if not link.slc}
    links = list(topology.links)
    for name, count in counts.items():
        if name not in known or not 1 <= count <= LINKS_LIMIT:
            raise ScenarioError(
                f"network.links.{name}: {count}: 1 to {LINKS_LIMIT} for one of"
                f" {', '.join(known)} expected"
            )
        links += [msgspec.structs.replace(known[name], slc=slc) for slc in range(1, count)]
    return tuple(links)


def _lines(scenario: Scenario, topology: Topology) -> tuple[Line, ...]:
    lines = {line.number: line for line in topology.lines}
    for name, spec in scenario.telephones.items():
        if isinstance(spec, str):
            continue
        line = lines.get(spec.number)
        if line is None:
            if home_switch(topology, spec.number) is None:
                raise ScenarioError(
                    f"telephones.{name}.number: no switch has a prefix of {spec.number}"
                )
            line = Line(number=spec.number)
        lines[spec.number] = msgspec.structs.replace(
            line,
            behaviour=spec.behaviour or line.behaviour,
            kind=spec.kind or line.kind,
            coverage=line.coverage if spec.coverage is None else spec.coverage,
            online=line.online if spec.kind is None else False,
        )
    return tuple(lines.values())


def _with_businesses(scenario: Scenario, topology: Topology) -> Topology:
    businesses = {business.identifier: business for business in topology.businesses}
    for name, spec in scenario.network.businesses.items():
        business = businesses.get(name)
        if business is None:
            known = ", ".join(businesses)
            raise ScenarioError(f"network.businesses.{name}: a business expected: {known}")
        given = spec.representatives
        businesses[name] = msgspec.structs.replace(
            business,
            name=business.name if spec.name is None else spec.name,
            dial_first=spec.dial_first or business.dial_first,
            detect_machine=(
                business.detect_machine if spec.detect_machine is None else spec.detect_machine
            ),
            representatives=(
                business.representatives
                if given is None
                else tuple(scenario.number_of(one) for one in given)
            ),
        )
    return msgspec.structs.replace(topology, businesses=tuple(businesses.values()))


def _check_kinds(
    raw: dict[str, object], part: str, key: str, kinds: dict[str, type[msgspec.Struct]]
) -> None:
    """Say which kinds there are before msgspec says only that it is none."""
    items = raw.get(part)
    if not isinstance(items, list) or not items:
        raise ScenarioError(f"{part}: at least one [[{part}]] is expected")
    for place, item in enumerate(items):
        if not isinstance(item, dict):
            continue
        if item.get(key) not in kinds:
            raise ScenarioError(
                f"{part}[{place}].{key}: {item.get(key)!r}: one of {', '.join(kinds)} expected"
            )
        _check_keys(item, kinds[item[key]], f"{part}[{place}].", (key,))


def _check_tables(raw: dict[str, object]) -> None:
    """The keys of the file itself, of its network and of its telephones."""
    _check_keys(raw, Scenario, "")
    for name, part in (("network", NetworkSpec), ("sweep", Sweep)):
        given = raw.get(name)
        if isinstance(given, dict):
            _check_keys(given, part, f"{name}.")
    telephones = raw.get("telephones")
    if isinstance(telephones, dict):
        for name, given in telephones.items():
            if isinstance(given, dict):
                _check_keys(given, TelephoneSpec, f"telephones.{name}.")


def _check_keys(
    given: dict[str, object], part: type[msgspec.Struct], where: str, more: tuple[str, ...] = ()
) -> None:
    """Say which keys there are before msgspec says only that one is none of them."""
    known = (*more, *part.__struct_fields__)
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ScenarioError(
            f"{where}{unknown[0]}: no such key is known here: {', '.join(known)} expected"
        )


class _Checker:
    """Everything a scenario names, against what its network has."""

    def __init__(self, scenario: Scenario, topology: Topology) -> None:
        self._scenario = scenario
        self._topology = topology
        self._telephones = {name: scenario.number_of(name) for name in scenario.telephones}
        self._numbers = {line.number for line in topology.lines}
        self._calls = frozenset(
            step.call for step in scenario.steps if isinstance(step, steps.Post)
        )
        self._elements = frozenset(element_names(topology))
        self._businesses = {business.identifier for business in topology.businesses}

    def check(self) -> None:
        """Raises ScenarioError, WordingError."""
        scenario = self._scenario
        for name, number in self._telephones.items():
            if name in self._calls or name == "message":
                raise ScenarioError(f"telephones.{name}: the name means something else already")
            self._telephone(f"telephones.{name}", number)
        self._sweep()
        check_played(scenario, self._topology, self._telephones)
        last_s = 0.0
        for place, step in enumerate(scenario.steps):
            key = f"steps[{place}]"
            if step.at_s is not None:
                if step.at_s < last_s:
                    raise ScenarioError(
                        f"{key}.at_s: at least {last_s} expected: steps are in order"
                    )
                if step.when:
                    raise ScenarioError(f"{key}: at_s or when expected, not both")
                last_s = step.at_s
            if step.when:
                self._event(f"{key}.when", step.when)
            self._step(key, step)
        for place, expectation in enumerate(scenario.expect):
            self._expectation(f"expect[{place}]", expectation)

    def _sweep(self) -> None:
        sweep = self._scenario.sweep
        swept = [step for step in self._scenario.steps if step.after_s == SWEEP]
        if sweep is None:
            if swept:
                raise ScenarioError('steps: after_s = "sweep" and no [sweep]')
            return
        if not swept:
            raise ScenarioError('sweep: a step with after_s = "sweep" expected')
        if not 0 <= sweep.from_s <= sweep.to_s or sweep.step_s <= 0:
            raise ScenarioError("sweep: 0 <= from_s <= to_s and step_s > 0 expected")
        if len(sweep.values_us()) > SWEEP_LIMIT:
            raise ScenarioError(f"sweep.step_s: at most {SWEEP_LIMIT} values expected")
        self._states("sweep.states", sweep.states)

    def _step(self, key: str, step: AnyStep) -> None:
        element = getattr(step, "element", "")
        if element:
            self._one_of(f"{key}.element", element, self._elements)
        match step:
            case (
                steps.Dial()
                | steps.HangUp()
                | steps.Answer()
                | steps.Behave()
                | steps.Cover()
                | steps.Press()
            ):
                self._telephone(f"{key}.telephone", step.telephone)
            case steps.Post():
                self._one_of(f"{key}.business", step.business, self._businesses)
                self._party(f"{key}.customer", step.customer)
                self._party(f"{key}.representative", step.representative)
            case steps.Offer():
                if step.calls < 1 or step.per_second <= 0:
                    raise ScenarioError(f"{key}: calls and per_second above 0 expected")
                for business in step.businesses:
                    self._one_of(f"{key}.businesses", business, self._businesses)
                for customer in step.customers:
                    self._telephone(f"{key}.customers", customer)
            case steps.Unsubscribe():
                self._one_of(f"{key}.business", step.business, self._businesses)
            case steps.Cancel() | steps.Control():
                self._one_of(f"{key}.call", step.call, self._calls)
                if isinstance(step, steps.Control):
                    order_of(step, str)
            case steps.FailLink() | steps.RestoreLink():
                links = {link.name for link in self._topology.links}
                self._one_of(f"{key}.link", step.link, links)
            case steps.SpoilLink():
                links = {link.name for link in self._topology.links}
                self._one_of(f"{key}.link", step.link, links)
                try:
                    step.quality(0)
                except ValueError as error:
                    raise ScenarioError(f"{key}.{error}") from error
            case steps.Fault():
                self._one_of(f"{key}.kind", step.kind, {kind.name for kind in KINDS})
                self._telephone(f"{key}.customer", step.customer)
                self._telephone(f"{key}.agent", step.agent)
            case _:
                pass

    def _expectation(self, key: str, expectation: AnyExpectation) -> None:
        call = getattr(expectation, "call", "")
        if call:
            self._one_of(f"{key}.call", call, self._calls)
        for text, name in _events_of(expectation):
            self._event(f"{key}.{name}", text)
        for text, name in _patterns_of(expectation):
            self._worded(f"{key}.{name}", partial(parse_pattern, text, self._elements))
        match expectation:
            case expectations.CallIs(state=state):
                self._states(f"{key}.state", (state,) if isinstance(state, str) else state)
            case expectations.StatesAre():
                states = (*expectation.exactly, *expectation.at_least, *expectation.only)
                self._states(key, states)
            case expectations.TelephoneIs() | expectations.Audio():
                self._telephone(f"{key}.telephone", expectation.telephone)
            case expectations.LegIs(telephone=telephone) if telephone:
                self._telephone(f"{key}.telephone", telephone)
            case _:
                pass

    def _event(self, key: str, text: str) -> None:
        self._worded(key, partial(parse_event, text, self._telephones, self._calls, self._elements))

    def _worded(self, key: str, parse: Callable[[], object]) -> None:
        try:
            parse()
        except WordingError as error:
            raise ScenarioError(f"{key}: {error}") from error

    def _telephone(self, key: str, given: str) -> None:
        number = self._telephones.get(given, given)
        if number not in self._numbers:
            known = ", ".join([*self._telephones, *sorted(self._numbers)])
            raise ScenarioError(f"{key}: {given!r} is no telephone: {known} expected")

    def _party(self, key: str, given: str) -> None:
        """Whoever a message names need not exist: a name, a number, or nothing."""
        if given and given not in self._telephones and not given.startswith("+"):
            known = ", ".join(self._telephones)
            raise ScenarioError(f"{key}: {given!r}: a number (+…) or one of {known} expected")

    def _states(self, key: str, states: tuple[str, ...]) -> None:
        for state in states:
            self._one_of(key, state, set(FINAL_STATES))

    def _one_of(self, key: str, given: str, known: set[str] | frozenset[str]) -> None:
        if given not in known:
            raise ScenarioError(f"{key}: {given!r}: one of {', '.join(sorted(known))} expected")


def _events_of(expectation: AnyExpectation) -> Iterator[tuple[str, str]]:
    for name in ("earlier", "later", "event", "since", "until"):
        text = getattr(expectation, name, "")
        if text:
            yield text, name


def _patterns_of(expectation: AnyExpectation) -> Iterator[tuple[str, str]]:
    if isinstance(expectation, expectations.Messages):
        for name in ("order", "present", "absent", "count"):
            for text in getattr(expectation, name):
                yield text, name
