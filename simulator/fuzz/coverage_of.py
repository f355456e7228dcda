"""How many of a decoder's branches some messages took.

Measured by the `coverage` package (extra `test`), which no other command needs.
"""

import contextlib
import inspect
import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import FunctionType, ModuleType

import msgspec


class BranchCoverage(msgspec.Struct, frozen=True):
    """Branches taken of those there are, and where the others stand."""

    taken: int
    branches: int
    missed: tuple[str, ...]
    """file:line of each branch not taken."""

    @property
    def share(self) -> float:
        """1.0 when every branch was taken."""
        return self.taken / self.branches if self.branches else 1.0


def functions_of(module: ModuleType, *prefixes: str) -> tuple[FunctionType, ...]:
    """The functions that a module itself defines and whose names begin so, in order.

    Of one whose results are kept (`lru_cache`) the function itself.
    """
    found = []
    for name, value in vars(module).items():
        plain = inspect.unwrap(value) if callable(value) else None
        if (
            isinstance(plain, FunctionType)
            and plain.__module__ == module.__name__
            and name.startswith(prefixes)
            and plain not in found
        ):
            found.append(plain)
    return tuple(found)


def measure(
    functions: Sequence[FunctionType],
    decode: Callable[[bytes], object],
    refusal: type[Exception],
    messages: Iterable[bytes],
) -> BranchCoverage:
    """Decode the messages and count; ImportError where `coverage` is not installed."""
    from coverage import Coverage

    files = sorted({inspect.getfile(function) for function in functions})
    with tempfile.TemporaryDirectory(prefix="calleq-fuzz-") as directory:
        tracer = Coverage(data_file=None, branch=True, include=files, config_file=False)
        tracer.start()
        try:
            for octets in messages:
                with contextlib.suppress(refusal):
                    decode(octets)
        finally:
            tracer.stop()
        report = Path(directory) / "coverage.json"
        tracer.json_report(outfile=str(report))
        found = json.loads(report.read_text("utf-8"))["files"]
    taken = 0
    missed = []
    by_file = {str(Path(name).resolve()): value for name, value in found.items()}
    for function in functions:
        lines, first = inspect.getsourcelines(function)
        own = range(first, first + len(lines))
        path = Path(inspect.getfile(function)).resolve()
        measured = by_file[str(path)]
        taken += sum(start in own for start, _ in measured["executed_branches"])
        missed += [
            f"{path.name}:{start}" for start, _ in measured["missing_branches"] if start in own
        ]
    return BranchCoverage(taken, taken + len(missed), tuple(missed))
