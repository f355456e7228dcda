"""The rules of the house, checked over the source text (docs/architecture.md)."""

import ast
import pathlib
import subprocess
import sys
from collections import defaultdict

import pytest

from calleq.causes import Q850

ROOT = pathlib.Path(__file__).parent.parent
SOURCES = sorted((ROOT / "calleq").rglob("*.py")) + sorted((ROOT / "simulator").rglob("*.py"))

FLOORS = {
    "causes": 0,
    "messages": 0,
    "numbering": 0,
    "topology": 0,
    "topology_billing": 0,
    "topology_business": 0,
    "topology_calendar": 0,
    "topology_callers": 0,
    "topology_checks": 0,
    "topology_doors": 0,
    "topology_equipment": 0,
    "topology_foreign": 0,
    "topology_links": 0,
    "topology_mtp3": 0,
    "topology_policy": 0,
    "topology_protection": 0,
    "topology_service_checks": 0,
    "topology_services": 0,
    "topology_sip": 0,
    "topology_sip_checks": 0,
    "topology_tls": 0,
    "topology_types": 0,
    "units": 0,
    "zones": 0,
    "theory": 0,
    "journal": 1,
    "store": 1,
    "runtime": 1,
    "client": 1,
    "ss7": 2,
    "sip": 2,
    "lines": 2,
    "media": 2,
    "call": 3,
    "acd": 3,
    "osn": 3,
    "accounts": 3,
    "rating": 3,
    "trace": 3,
    "web": 3,
    "calling_logic": 4,
    "gateway": 4,
    "browser": 4,
    "special_resource": 4,
    "intake": 4,
    "charging": 4,
    "guards": 4,
    "protection": 3,
    "schedule": 4,
    "ssp": 5,
    "equipment": 5,
    "ip_peripheral": 5,
    "scp": 5,
    "telephones": 5,
    "door": 4,
    "relay": 4,
    "access_server": 6,
    "billing": 6,
    "machines": 8,
    "network": 8,
    "network_callers": 8,
    "network_charging": 8,
    "network_doors": 8,
    "network_fronts": 8,
    "network_gateways": 8,
    "network_nodes": 8,
    "network_plant": 8,
    "network_prompts": 8,
    "network_routes": 8,
    "network_services": 8,
    "operation": 8,
    "cli": 9,
    "simulator": 9,
}
APART = {5, 6}


def room_of(path: pathlib.Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return "simulator" if parts[0] == "simulator" else parts[1]


def imports_of(path: pathlib.Path) -> set[str]:
    """The rooms that a module imports, anywhere in it."""
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "calleq":
                names = [f"calleq.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "simulator":
                rooms.add("simulator")
            elif parts[0] == "calleq" and len(parts) > 1 and parts[1] != "__version__":
                rooms.add(parts[1])
    return rooms


def rooms_and_imports() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for path in SOURCES:
        room = room_of(path)
        if room != "__init__":
            found[room] |= imports_of(path) - {room}
    return found


def test_every_room_has_a_floor():
    assert set(rooms_and_imports()) <= set(FLOORS)


def test_a_room_imports_only_from_below_or_beside_it():
    wrong = [
        f"{room} (floor {FLOORS[room]}) imports {other} (floor {FLOORS[other]})"
        for room, others in rooms_and_imports().items()
        for other in others
        if FLOORS[other] > FLOORS[room] or (FLOORS[other] == FLOORS[room] and FLOORS[room] in APART)
    ]
    assert wrong == []


def test_rooms_import_in_no_circle():
    graph = rooms_and_imports()
    done: set[str] = set()

    def visit(room: str, path: tuple[str, ...]) -> None:
        assert room not in path, f"circle: {' -> '.join((*path, room))}"
        if room not in done:
            for other in graph.get(room, ()):
                visit(other, (*path, room))
            done.add(room)

    for room in graph:
        visit(room, ())
    assert done >= set(graph)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_fit_the_eye(path: pathlib.Path):
    text = path.read_text("utf-8")
    assert text.count("\n") <= 420, "a module has about 400 lines at most"
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module says what it owns"
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > 65
    ]
    assert long == []


def test_the_global_reactor_and_gpl_code_are_never_imported():
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in SOURCES
        if path.name != "__main__.py" and room_of(path) != "simulator"
    ]
    program = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "bad = {'twisted.internet.reactor', 'scapy', 'pycrate_core'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(bad)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _asserts(function: ast.AST) -> bool:
    """Whether a function of the tests itself says what must be."""
    return any(
        isinstance(node, ast.Assert)
        or (isinstance(node, ast.Attribute) and node.attr in ("raises", "fail"))
        for node in ast.walk(function)
    )


def _called_by(function: ast.AST) -> set[str]:
    """The plain names, and those of methods, that a function calls."""
    names = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(name) | ast.Attribute(attr=name):
                    names.add(name)
    return names


def test_every_test_asserts_something_itself_or_through_a_helper_of_the_tests():
    functions: dict[str, list[ast.AST]] = defaultdict(list)
    tests: list[tuple[str, ast.AST]] = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                functions[node.name].append(node)
                if node.name.startswith("test_"):
                    tests.append((f"{path.name}: {node.name}", node))
    # A name counts when everything that is called so asserts; names are shared by many.
    asserting = {name for name, found in functions.items() if all(map(_asserts, found))}
    lazy = [name for name, test in tests if not _asserts(test) and not _called_by(test) & asserting]
    assert len(tests) > 500
    assert lazy == []


def test_the_causes_of_q850_are_named_in_one_place() -> None:
    values = {name: int(cause) for name, cause in Q850.__members__.items()}
    again = []
    for path in SOURCES:
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                names = [one.id for one in node.targets if isinstance(one, ast.Name)]
                again += [
                    f"{path.name}: {name}"
                    for name in names
                    for cause in (name.strip("_"), name.removeprefix("CAUSE_"))
                    if cause in values and values[cause] == node.value.value
                ]
    assert again == []
