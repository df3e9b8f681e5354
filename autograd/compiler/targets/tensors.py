"""The targets JAX and PyTorch: functions of arrays of doubles, element by element.

Both are NumPy in all but names, so there is one table, and what differs. The source is
a plain function; compile and differentiate it with their own means.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from autograd.compiler.program import Program
from autograd.compiler.targets.numpy import ARITHMETIC
from autograd.compiler.targets.scanned import body
from autograd.compiler.targets.source import (
    Spelling,
    Target,
    Writer,
    holds,
    named,
    straight,
)

COMMON = (
    "sqrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos",
    "tan", "sinh", "cosh", "tanh", "fmod", "copysign", "maximum", "minimum", "hypot",
    "square", "nextafter", "abs",
)  # fmt: skip
ARC = ("asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh")
SPECIAL = ("erf", "erfc", "erfinv", "digamma", "ndtr", "ndtri", "log_ndtr", "i0", "i1")
ROUNDING = {"floor": "floor", "ceil": "ceil", "trunc": "trunc", "rint": "round"}


def _spellings(module: str, special: str) -> dict[str, Spelling]:
    return {
        **ARITHMETIC,
        **{name: f"{module}.{name}" for name in COMMON},
        **{name: f"{module}.arc{name[1:]}" for name in ARC},
        **{name: f"{module}.{y}({{0}}) + 0.0" for name, y in ROUNDING.items()},
        **{name: f"{special}.{name}" for name in SPECIAL},
        "lgamma": f"{special}.gammaln",
        "erfcinv": f"{special}.ndtri(0.5 * {{0}}) * -{math.sqrt(0.5)}",
    }


JAX = Target(
    "JAX",
    {
        **_spellings("jnp", "special"),
        "cbrt": "jnp.cbrt",
        "where": "jnp.where({0} != 0.0, {1}, {2})",
        "greater": "jnp.float64({0} > {1})",
        "equal": "jnp.float64({0} == {1})",
        "gamma": "special.gamma",
        # By the four operations of its definition it is no power of two as soon as
        # XLA has fused a product into a sum, and then `product` is wrong.
        "scale": "jnp.ldexp(1.0, jnp.clip(-jnp.frexp({0})[1], -1022, 1023))",
        # JAX's own is a finite wrong number at negative arguments.
        "polygamma": (
            "jnp.where({1} > 0.0, special.polygamma(jnp.int64({0}), {1}), jnp.nan)"
        ),
        "lbeta": "special.betaln",
        "beta": "special.beta",
    },
    ("jnp.inf", "jnp.nan"),
    "jnp.float64",
    {"jax", "jnp", "special", "ok"},
)
TORCH = Target(
    "PyTorch",
    {
        **_spellings("torch", "torch.special"),
        "where": "torch.where({0} != 0.0, {1}, {2})",
        "greater": "({0} > {1}).double()",
        "equal": "({0} == {1}).double()",
        "j0": "torch.special.bessel_j0",
        "j1": "torch.special.bessel_j1",
    },
    ("torch.inf", "torch.nan"),
    reserved={"torch", "ok"},
    named=True,
)
JAX_HEAD = """\
import jax
import jax.numpy as jnp
{0}from jax.scipy import special

jax.config.update("jax_enable_x64", True)


"""


def jax_source(program: Program, *, guards: bool = False) -> str:
    """Return a function of numbers and arrays, over jax.numpy; loops are `fori_loop`s.

    Args:
        program: any program.
        guards: whether it returns a pair, the outputs and whether all guards hold.

    Raises:
        NotImplementedError: if the program has a function that JAX lacks.

    """
    number = "jnp.asarray({0}, dtype=jnp.float64)".format
    expanded = JAX.expanded(program)
    if not expanded.has_loops:
        head = JAX_HEAD.format("")
        return head + _function(program, JAX, "jnp", number, guards=guards)
    name = named(program.name, "f", {"v", "lax", *JAX.reserved})
    lines = [f"def {name}(*v):", *body(expanded, JAX, guards=guards)]
    return JAX_HEAD.format("from jax import lax\n") + "\n    ".join(lines)


def torch_source(program: Program, *, guards: bool = False) -> str:
    """Return a function of numbers and tensors, over torch.

    Args:
        program: any program.
        guards: whether it returns a pair, the outputs and whether all guards hold.

    Raises:
        NotImplementedError: if the program has a function that PyTorch lacks.

    """
    number = "torch.as_tensor({0}, dtype=torch.float64)".format
    source = _function(program, TORCH, "torch", number, guards=guards)
    return "import torch\n\n\n" + source


def _function(
    program: Program,
    target: Target,
    module: str,
    number: Callable[[str], str],
    *,
    guards: bool,
) -> str:
    program = target.expanded(straight(program, target.name))
    writer = Writer(program, target)
    names = writer.names[: len(program.inputs)]
    lines = [f"{name} = {number(name)}" for name in names]
    if target.named:
        constants = enumerate(map(target.number, program.constants), len(names))
        lines += [f"v{i} = {number(x.text)}" for i, x in constants]
    lines += [f"{line.name} = {line.text}" for line in writer.write()]
    if guards:
        lines.append(f"ok = {number('1.0')} > 0.0")
    for guard in program.guards if guards else ():
        a, b = (writer.text_of(x).text for x in (guard.a, guard.b))
        lines.append(f"ok = ok & {holds(guard, a, b, module)}")
    outputs = ", ".join(writer.text_of(x).text for x in program.outputs)
    lines.append(f"return [{outputs}]" + ", ok" * guards)
    name = named(program.name, "f", {*writer.names, *target.reserved})
    head = f"def {name}({', '.join(names)}):"
    return "\n".join([head, *[f"    {line}" for line in lines]])
