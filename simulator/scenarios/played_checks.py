"""Whether what a scenario plays itself can be played: nodes, contexts, dialogues, every operation.

Errors are ScenarioError and begin with the key (`steps[3].operations[0].service_key`). What is to
be sent is encoded once, so that nothing can fail later but the network.
"""

from collections.abc import Mapping

from calleq.ss7.inap.codec import encode_argument
from calleq.ss7.inap.contexts import Context
from calleq.ss7.inap.errors import InapError, Version
from calleq.ss7.inap.operations import OPERATIONS
from calleq.topology import Topology
from simulator.scenarios import steps
from simulator.scenarios.model import Scenario
from simulator.scenarios.operations import Table, Words, error_of, kind_of
from simulator.scenarios.parts import ScenarioError
from simulator.scenarios.wording import WordingError

CONTEXTS = {context.name.lower(): context for context in Context}
_KINDS = ("invoke", "result", "error")


def check_played(scenario: Scenario, topology: Topology, telephones: Mapping[str, str]) -> None:
    """Raises ScenarioError."""
    _Checker(scenario, topology, telephones).check()


class _Checker:
    def __init__(
        self, scenario: Scenario, topology: Topology, telephones: Mapping[str, str]
    ) -> None:
        self._scenario = scenario
        self._words = Words(telephones)
        self._has_services = bool(topology.service_control_points)
        self._nodes = {
            one.name
            for ones in (
                topology.switches,
                topology.peripherals,
                topology.service_control_points,
            )
            for one in ones
        }
        self._dialogues: dict[tuple[str, str], Version | None] = {}
        """The capability set of each dialogue; None: as whoever begins it says."""

    def check(self) -> None:
        for place, name in enumerate(self._scenario.network.played):
            key = f"network.played[{place}]"
            _one_of(key, name, self._nodes)
            if not self._has_services:
                raise ScenarioError(f"{key}: the network has no SCPs, so nobody speaks INAP")
        for place, step in enumerate(self._scenario.steps):
            if isinstance(step, steps.Send | steps.Expect):
                key = f"steps[{place}]"
                _one_of(f"{key}.at", step.at, set(self._scenario.network.played))
                try:
                    if isinstance(step, steps.Send):
                        self._send(key, step)
                    else:
                        self._expect(key, step)
                except WordingError as error:
                    raise ScenarioError(str(error)) from error

    def _send(self, key: str, step: steps.Send) -> None:
        name = (step.at, step.dialogue)
        if step.to:
            _one_of(f"{key}.to", step.to, self._nodes - {step.at})
            _one_of(f"{key}.context", step.context, set(CONTEXTS))
            if step.message != "continue":
                raise ScenarioError(f"{key}.message: a dialogue that is begun goes on")
            self._dialogues[name] = CONTEXTS[step.context].version
        elif step.context:
            raise ScenarioError(f"{key}.context: said with `to` alone, where a dialogue begins")
        self._known(key, name)
        version = self._dialogues[name]
        for place, table in enumerate(step.operations):
            self._operation(f"{key}.operations[{place}]", table, version)

    def _operation(self, key: str, table: Table, version: Version | None) -> None:
        kind = _kind(key, table)
        if kind == "error":
            error_of(table, key)
        elif kind == "invoke":
            argument = self._words.argument(table, key)
            versions = [version] if version is not None else list(Version)
            wrong = []
            for one in versions:
                try:
                    encode_argument(argument, one)
                except InapError as error:
                    wrong.append(str(error))
            if len(wrong) == len(versions):
                raise ScenarioError(f"{key}: {wrong[0]}")

    def _expect(self, key: str, step: steps.Expect) -> None:
        name = (step.at, step.dialogue)
        if step.begins:
            self._dialogues[name] = None
        self._known(key, name)
        if not step.operations and not step.ends:
            raise ScenarioError(f"{key}: operations or ends expected")
        for place, table in enumerate(step.operations):
            where = f"{key}.operations[{place}]"
            kind = _kind(where, table)
            if kind == "error":
                error_of(table, where)
            elif kind == "invoke":
                self._words.check(table, kind_of(table, where), where)
            else:
                self._result(table, where)

    def _result(self, table: Table, where: str) -> None:
        fields = {key for key in table if key != "result"}
        kinds = [one.result for one in OPERATIONS.values() if one.result is not None]
        for kind in kinds:
            if fields <= set(kind.__struct_fields__):
                self._words.check(table, kind, where)
                return
        known = sorted({field for kind in kinds for field in kind.__struct_fields__})
        raise ScenarioError(f"{where}: of a result, {', '.join(known)} can be expected")

    def _known(self, key: str, name: tuple[str, str]) -> None:
        if name not in self._dialogues:
            raise ScenarioError(
                f"{key}.dialogue: {name[1]!r} has not been begun:"
                " `to` and `context` expected here, or `begins` before"
            )


def _kind(key: str, table: Table) -> str:
    kinds = [kind for kind in _KINDS if kind in table]
    if len(kinds) != 1:
        raise ScenarioError(f"{key}: one of {', '.join(_KINDS)} expected")
    return kinds[0]


def _one_of(key: str, given: str, known: set[str]) -> None:
    if given not in known:
        listed = ", ".join(sorted(known)) or "none: network.played names none"
        raise ScenarioError(f"{key}: {given!r}: one of {listed} expected")
