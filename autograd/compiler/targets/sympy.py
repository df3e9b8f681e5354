"""The SymPy target: a function of symbols that returns expressions, to be read.

Here primitives are written as mathematics has them, without what floats need to stay
accurate; what has no such form is expanded like elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable

from autograd.compiler.program import Program
from autograd.compiler.targets.source import (
    MSG_SPELLING,
    Infix,
    Spelling,
    Target,
    Writer,
    named,
    straight,
)
from autograd.primitives.activations import GELU_CUBIC, GELU_LINEAR

SAME = (
    "sqrt", "exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh",
    "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "erfinv", "gamma",
    "digamma", "sign",
)  # fmt: skip


def _if(condition: str, a: str, b: str) -> str:
    return f"sympy.Piecewise(({a}, {condition}), ({b}, True))"


def _pairs(pq: tuple[str, ...], form: str) -> str:
    n = len(pq) // 2
    pairs = zip(pq[:n], pq[n:], strict=True)
    return "sympy.Add(" + ", ".join(form.format(a, b) for a, b in pairs) + ")"


def _sum(form: str, xs: tuple[str, ...]) -> str:
    return "sympy.Add(" + ", ".join(form.format(x) for x in xs) + ")"


def _number(text: str) -> float | None:
    """Return what a constant's text says, None for an expression."""
    try:
        return float(text)
    except ValueError:
        return None


def _ldexp(x: str, i: str) -> str:
    exponent = _number(i)
    whole = _trunc(i) if exponent is None else str(int(exponent))
    return f"({x}) * 2**({whole})"


def _trunc(x: str) -> str:
    return f"sympy.sign({x}) * sympy.floor(sympy.Abs({x}))"


def _clip(x: str, low: str, high: str) -> str:
    y = f"sympy.Min(sympy.Max({x}, {low}), {high})"
    least, most = _number(low), _number(high)
    if least is not None and most is not None and least <= most:
        return y
    return _if(f"{low} <= {high}", y, "sympy.nan")


def _power_slope(a: str, b: str) -> str:
    y = f"({b}) * ({a})**({b} - 1)"
    return y if _number(b) else _if(f"sympy.Eq({b}, 0)", "0.0", y)


def _power_log(a: str, b: str) -> str:
    y = _if(f"{a} > 0", f"({a})**({b}) * sympy.log({a})", "sympy.nan")
    return _if(f"sympy.Eq({a}, 0)", "0.0", y)


def _cosine(x: str, *others: str) -> str:
    length = f"sympy.sqrt({_sum('({0})**2', (x, *others))})"
    return _if(f"sympy.Eq({x}, 0)", "0.0", f"({x}) / {length}")


def _scale(*_xs: str) -> str:
    # The power of two next to a number is about floats, no mathematics.
    raise NotImplementedError(MSG_SPELLING.format("SymPy", "scale"))


def _hermite(family: str, density: str) -> Callable[[str, str], str]:
    """Return how the n-th derivative of a density is written, where n is constant."""

    def spelled(n: str, x: str) -> str:
        order = int(float(n))
        return f"{(-1) ** order} * sympy.{family}({order}, {x}) * {density.format(x)}"

    return spelled


SPELLINGS: dict[str, Spelling] = {
    "add": Infix("+", 1),
    "sub": Infix("-", 1),
    "mul": Infix("*", 2),
    "strong_mul": Infix("*", 2),
    "div": Infix("/", 2),
    "quotient": Infix("/", 2),
    "neg": Infix("-", 3),
    "pow": Infix("**", 4),
    "power": Infix("**", 4),
    **{name: f"sympy.{name}" for name in SAME},
    "abs": "sympy.Abs",
    "maximum": "sympy.Max",
    "minimum": "sympy.Min",
    "clip": _clip,
    "relu": "sympy.Max({0}, 0.0)",
    "floor": "sympy.floor",
    "ceil": "sympy.ceiling",
    "trunc": _trunc,
    "fmod": "sympy.sign({0}) * sympy.Mod(sympy.Abs({0}), sympy.Abs({1}))",
    "mod": "sympy.Mod",
    "floordiv": "sympy.floor({0} / {1})",
    "greater": _if("{0} > {1}", "1.0", "0.0"),
    "equal": _if("sympy.Eq({0}, {1})", "1.0", "0.0"),
    "step": _if("{0} > 0.0", "1.0", "0.0"),
    "where": _if("sympy.Ne({0}, 0.0)", "{1}", "{2}"),
    "heaviside": "sympy.Heaviside",
    "square": "{0}**2",
    "reciprocal": "1 / {0}",
    "over_square": "{0} / {1}**2",
    "fma": "{0} * {1} + {2}",
    "ldexp": _ldexp,
    "scale": _scale,
    "rsqrt": "1 / sympy.sqrt({0})",
    # Of a negative number, sympy.cbrt is the root that is complex.
    "cbrt": "sympy.sign({0}) * sympy.cbrt(sympy.Abs({0}))",
    "exp2": "2**{0}",
    "expm1": "sympy.exp({0}) - 1",
    "log_or_nan": "sympy.log",
    "log2": "sympy.log({0}) / sympy.log(2)",
    "log10": "sympy.log({0}) / sympy.log(10)",
    "log1p": "sympy.log(1 + {0})",
    "lgamma": "sympy.log(sympy.Abs(sympy.gamma({0})))",
    "polygamma": "sympy.polygamma",
    "beta": "sympy.beta",
    "lbeta": "sympy.log(sympy.Abs(sympy.beta({0}, {1})))",
    "degrees": "{0} * 180 / sympy.pi",
    "radians": "{0} * sympy.pi / 180",
    "power_slope": _power_slope,
    "power_log": _power_log,
    "exp_of_difference": "sympy.exp({0} - {1})",
    "one_minus_square": "1 - {0}**2",
    "sech_squared": "sympy.sech({0})**2",
    "exp_minus_square": "sympy.exp(-{0}**2)",
    "exp_minus_square_partial": _hermite("hermite", "sympy.exp(-({0})**2)"),
    "exp_square": "sympy.exp({0}**2)",
    "normal_density": "sympy.exp(-{0}**2 / 2) / sympy.sqrt(2 * sympy.pi)",
    "normal_density_partial": _hermite(
        "hermite_prob", "sympy.exp(-({0})**2 / 2) / sympy.sqrt(2 * sympy.pi)"
    ),
    "ndtr": "sympy.erfc(-{0} / sympy.sqrt(2)) / 2",
    "gelu": "{0} * sympy.erfc(-{0} / sympy.sqrt(2)) / 2",
    "log_ndtr": "sympy.log(sympy.erfc(-{0} / sympy.sqrt(2)) / 2)",
    "ndtri": "sympy.sqrt(2) * sympy.erfinv(2 * {0} - 1)",
    "ndtri_slope": "sympy.sqrt(2 * sympy.pi) * sympy.exp(sympy.erfinv(2 * {0} - 1)**2)",
    # SymPy's own erfcinv is a name that cannot be evaluated.
    "erfcinv": "sympy.erfinv(1 - {0})",
    "erfinv_slope": "sympy.sqrt(sympy.pi) / 2 * sympy.exp(sympy.erfinv({0})**2)",
    "erfcinv_slope": "-sympy.sqrt(sympy.pi) / 2 * sympy.exp(sympy.erfinv(1 - {0})**2)",
    "sigmoid": "1 / (1 + sympy.exp(-{0}))",
    "sigmoid_slope": "sympy.sech({0} / 2)**2 / 4",
    "sigmoid_of_difference": "1 / (1 + sympy.exp({1} - {0}))",
    "sigmoid_slope_of_difference": "sympy.sech(({0} - {1}) / 2)**2 / 4",
    "log_sigmoid": "-sympy.log(1 + sympy.exp(-{0}))",
    "softplus": "sympy.log(1 + sympy.exp({0}))",
    "logaddexp": "sympy.log(sympy.exp({0}) + sympy.exp({1}))",
    "gelu_tanh": (
        f"{{0}} / (1 + sympy.exp(-{GELU_LINEAR} * ({{0}} + {GELU_CUBIC} * {{0}}**3)))"
    ),
    "tanhshrink": "{0} - sympy.tanh({0})",
    "silu": "{0} / (1 + sympy.exp(-{0}))",
    "mish": "{0} * sympy.tanh(sympy.log(1 + sympy.exp({0})))",
    "log1mexp": "sympy.log(1 - sympy.exp(-{0}))",
    "xlogy": _if("sympy.Eq({0}, 0)", "0.0", "{0} * sympy.log({1})"),
    "logit": "sympy.log({0} / (1 - {0}))",
    "log_cosh": "sympy.log(sympy.cosh({0}))",
    "sinc": "sympy.sinc(sympy.pi * {0})",
    "j0": "sympy.besselj(0, {0})",
    "j1": "sympy.besselj(1, {0})",
    "jn": "sympy.besselj",
    "i0": "sympy.besseli(0, {0})",
    "i1": "sympy.besseli(1, {0})",
    "iv": "sympy.besseli",
    "sumprod": lambda *pq: _pairs(pq, "({0}) * ({1})"),
    "dist": lambda *pq: f"sympy.sqrt({_pairs(pq, '(({0}) - ({1}))**2')})",
    "fsum": lambda *xs: _sum("{0}", xs),
    "hypot": lambda *xs: f"sympy.sqrt({_sum('({0})**2', xs)})",
    "logsumexp": lambda *xs: f"sympy.log({_sum('sympy.exp({0})', xs)})",
    "cosine": _cosine,
    "prod": "sympy.Mul",
    "product": "sympy.Mul",
}
SYMPY = Target("SymPy", SPELLINGS, ("sympy.oo", "sympy.nan"), "sympy.Float", {"sympy"})


def sympy_source(program: Program) -> str:
    """Return a function of symbols, or numbers, that returns SymPy's expressions.

    Raises:
        NotImplementedError: if the program has something that is no mathematics, like
            the distance to the next float.

    >>> from autograd.compiler import trace
    >>> from autograd.math import exp
    >>> print(sympy_source(trace(lambda x, y: exp(-x / y), 1.0, 2.0)))
    import sympy
    <BLANKLINE>
    <BLANKLINE>
    def f(v0, v1):
        v0 = sympy.sympify(v0)
        v1 = sympy.sympify(v1)
        v4 = sympy.exp(-v0 / v1)
        return [v4]

    """
    program = SYMPY.expanded(straight(program, SYMPY.name))
    writer = Writer(program, SYMPY)
    names = writer.names[: len(program.inputs)]
    name = named(program.name, "f", {*writer.names, "sympy"})
    lines = ["import sympy", "", "", f"def {name}({', '.join(names)}):"]
    lines += [f"    {x} = sympy.sympify({x})" for x in names]
    lines += [f"    {line.name} = {line.text}" for line in writer.write()]
    outputs = ", ".join(writer.text_of(x).text for x in program.outputs)
    return "\n".join([*lines, f"    return [{outputs}]"])
