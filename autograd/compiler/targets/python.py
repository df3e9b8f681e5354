"""The Python target: each primitive's own function, so the numbers are the same.

What `math` has is `math`'s; other primitives are imported from the table. Nothing is
expanded and nothing is approximated: the source gives, bit for bit, what `Program.run`
gives, and raises where it raises.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Container, Mapping
from typing import Any

from autograd.compiler.program import Guard, Program
from autograd.compiler.targets.loops import (
    PYTHON,
    Statements,
    pythonic,
    violated,
)
from autograd.compiler.targets.run import run
from autograd.compiler.targets.source import (
    MSG_SPELLING,
    Infix,
    Spelling,
    Target,
    Writer,
    named,
)
from autograd.primitives import (
    TABLE,
    Primitive,
    activations,
    arithmetic,
    elementary,
    normal,
    powers,
    special,
)
from autograd.primitives.row import MARKS

SPECIAL = ("math.inf", "math.nan")
MODULES = (arithmetic, powers, elementary, normal, special, activations)
OPERATORS: dict[str, Spelling] = {
    **{
        name: Infix(TABLE[name].symbol, TABLE[name].precedence)
        for name in ("add", "sub", "mul", "div", "floordiv", "mod", "neg")
    },
    "abs": "abs",
    "greater": "float({0} > {1})",
    "equal": "float({0} == {1})",
    "step": "float({0} > 0.0)",
    "square": "{0} * {0}",
    "reciprocal": "1.0 / {0}",
    "where": "{1} if {0} else {2}",
}


def home(primitive: Primitive) -> tuple[str, str]:
    """Return the module that has a primitive of the table, and its name there."""
    for module in MODULES:
        for name, thing in vars(module).items():
            if thing is primitive:
                return module.__name__, name
    raise LookupError(primitive.name)


def target_of(program: Program, functions: Container[str] = ()) -> tuple[Target, str]:
    """Return how the program's primitives are spelled, and the imports that this takes.

    Raises:
        NotImplementedError: if a primitive is neither in the table nor in
            ``functions``.

    """
    spellings: dict[str, Spelling] = {}
    own: dict[Primitive, str] = {}
    imports: dict[str, set[str]] = {}
    for primitive in program.primitives():
        name = primitive.name
        if primitive in MARKS:
            continue  # the same in every target
        if not primitive.in_table:
            if name not in functions:
                raise NotImplementedError(MSG_SPELLING.format("Python", name))
            taken = {*TABLE, *own.values(), program.name, "math"}
            own[primitive] = named(name, f"primitive{len(own)}", taken)
        elif name == "pow":
            spellings[name] = _pow
            imports.setdefault(powers.__name__, set()).add(name)
        elif name in OPERATORS:
            spellings[name] = OPERATORS[name]
        elif (
            getattr(math, getattr(primitive.value, "__name__", ""), None)
            is primitive.value
        ):
            spellings[name] = f"math.{primitive.value.__name__}"
        else:
            module, spelled = home(primitive)
            imports.setdefault(module, set()).add(spelled)
            spellings[name] = spelled
    lines = ["import math", ""]
    lines += [
        f"from {module} import {', '.join(sorted(names))}"
        for module, names in sorted(imports.items())
    ]
    lines += [
        f"# {alias} is the primitive {primitive.name!a}"
        for primitive, alias in own.items()
    ]
    taken = {"math", *own.values(), *(x for xs in imports.values() for x in xs)}
    target = Target("Python", spellings, SPECIAL, reserved=taken, own=own)
    return target, "\n".join(lines).rstrip()


def _pow(a: str, b: str) -> str:
    # Of a negative number and a fraction, ** makes a complex number, and pow an error.
    return (
        f"{a} ** {b}"
        if re.fullmatch(r"\d+\.0", b) and a.isidentifier()
        else f"pow({a}, {b})"
    )


def python_source(
    program: Program, *, guards: bool = False, functions: Container[str] = ()
) -> str:
    """Return a Python function of the program's inputs that returns its outputs.

    Args:
        program: any program.
        guards: whether the function returns a pair, the outputs and whether all guards
            hold; the outputs are None where one does not.
        functions: the names of primitives that are not in the table, which whoever runs
            the source will provide.

    Raises:
        NotImplementedError: if the program has a primitive that is in neither.

    >>> from autograd.compiler import trace
    >>> from autograd.math import exp, silu
    >>> print(python_source(trace(lambda x, y: exp(x * y) + silu(y), 1.0, 2.0)))
    import math
    <BLANKLINE>
    from autograd.primitives.activations import silu
    <BLANKLINE>
    <BLANKLINE>
    def f(v0, v1):
        v5 = math.exp(v0 * v1) + silu(v1)
        return [v5]

    """
    target, head = target_of(program.check(), functions)
    return head + "\n\n\n" + _function(program, target, guards=guards)


def _looping(program: Program, target: Target, *, guards: bool) -> str:
    """Return the function of a program with loops; its inputs are ``v``."""

    def check(guard: Guard, a: str, b: str) -> list[str]:
        wrong = violated(guard, a, b, "math.isfinite({0})", "not {0}")
        return [f"if {wrong}:", "    return None, False"]

    statements = Statements(target, PYTHON, check if guards else None)
    returns = "return [{0}]" + ", True" * guards
    body = pythonic(program, statements, "", returns)
    name = named(program.name, "f", target.reserved)
    return "\n".join([f"def {name}(*v):", *[f"    {line}" for line in body]])


def _function(program: Program, target: Target, *, guards: bool) -> str:
    if program.has_loops:
        return _looping(program, target, guards=guards)
    writer = Writer(program, target)
    checks = writer.guards_after() if guards else {}

    def checked(place: int) -> list[str]:
        lines = []
        for guard in checks.get(place, ()):
            wrong = _violated(guard, writer)
            lines += [f"    if {wrong}:", "        return None, False"]
        return lines

    inputs = ", ".join(writer.names[: len(program.inputs)])
    name = named(program.name, "f", {*writer.names, *target.reserved})
    body = [f"def {name}({inputs}):", *checked(-1)]
    for line in writer.write():
        body += [f"    {line.name} = {line.text}", *checked(line.place)]
    outputs = ", ".join(writer.text_of(x).text for x in program.outputs)
    body.append(f"    return [{outputs}]" + ", True" * guards)
    return "\n".join(body)


def _violated(guard: Guard, writer: Writer) -> str:
    a = writer.text_of(guard.a).text
    if guard.relation == "finite":
        return f"not math.isfinite({a})"
    condition = f"{a} {guard.relation} {writer.text_of(guard.b).text}"
    return f"not {condition}" if guard.holds else condition


def compile_python(
    program: Program,
    *,
    guards: bool = False,
    functions: Mapping[str, Callable[..., Any]] | None = None,
) -> Callable[..., Any]:
    """Return the function of `python_source`.

    Args:
        program: any program.
        guards: as there.
        functions: what to call for primitives that are not in the table; the primitives
            themselves where there is nothing.

    >>> from autograd.compiler import trace
    >>> compile_python(trace(lambda x, y: x * y + 2.0, 3.0, 4.0))(5.0, 6.0)
    [32.0]

    """
    own = {x.name for x in program.check().primitives() if not x.in_table}
    target, head = target_of(program, own)
    calls = functions or {}
    given = {
        alias: calls.get(primitive.name, primitive)
        for primitive, alias in target.own.items()
    }
    source = head + "\n\n\n" + _function(program, target, guards=guards)
    return run(source, given)
