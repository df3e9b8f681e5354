"""The C target: one function of C99, of arrays in and out, with nothing but math.h.

It raises nothing and sets nothing; where Python would raise, the result is a NaN or an
infinity. Products must not be fused into sums behind the program's back, which C99
compilers do unless told: definitions depend on how each operation rounds.
"""

from __future__ import annotations

from autograd.compiler.program import Guard, Program
from autograd.compiler.targets.loops import FEW, Statements, lines_of, violated
from autograd.compiler.targets.loops import C as LOOPS
from autograd.compiler.targets.source import Infix, Spelling, Target, Writer, is_plain

SAME = (
    "sqrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos",
    "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh",
    "atanh", "cbrt", "fmod", "copysign", "fma", "erf", "erfc", "lgamma", "hypot",
    "nextafter",
)  # fmt: skip
SPELLINGS: dict[str, Spelling] = {
    "add": Infix("+", 1),
    "sub": Infix("-", 1),
    "mul": Infix("*", 2),
    "quotient": Infix("/", 2),
    "div": Infix("/", 2),
    "neg": Infix("-", 3),
    "square": "{0} * {0}",
    **{name: name for name in SAME},
    "abs": "fabs",
    "gamma": "tgamma",
    "pow": "pow",
    "power": "pow",
    # A primitive gives no -0.0 here, as it rounds to an int.
    **{name: f"{name}({{0}}) + 0.0" for name in ("floor", "ceil", "trunc", "rint")},
    "greater": "(double)({0} > {1})",
    "equal": "(double)({0} == {1})",
    "where": "{0} != 0.0 ? {1} : {2}",
    # Where one is NaN, so is the result: fmax would return the other.
    "maximum": "{0} >= {1} || {0} != {0} ? {0} : {1}",
    "minimum": "{0} <= {1} || {0} != {0} ? {0} : {1}",
}
C = Target("C", SPELLINGS, ("INFINITY", "NAN"))
HEAD = """\
/* Compile without fusing products into sums: -std=c99 -ffp-contract=off */
#include <math.h>
"""
MEMORY = """\
    double *v = malloc({0} * sizeof(double));
    if (!v) {{
        for (long k = 0; k < {1}; k++) out[k] = NAN;
        {2}
    }}
    for (long k = 0; k < {3}; k++) v[k] = in[k];"""


def c_source(program: Program, *, guards: bool = False, name: str = "f") -> str:
    """Return ``void f(const double *in, double *out)``, which computes the outputs.

    Args:
        program: any program.
        guards: whether the function returns an int instead of nothing: 0 as soon as a
            guard does not hold, else 1.
        name: of the function.

    Raises:
        ValueError: if the name is no identifier.
        NotImplementedError: if the program has a function that math.h lacks.

    >>> from autograd import math
    >>> from autograd.compiler import trace
    >>> print(c_source(trace(lambda x, y: math.exp(x * y) / y, 1.0, 2.0)))
    /* Compile without fusing products into sums: -std=c99 -ffp-contract=off */
    #include <math.h>
    <BLANKLINE>
    void f(const double *in, double *out)
    {
        const double v0 = in[0];
        const double v1 = in[1];
        const double v4 = exp(v0 * v1) / v1;
        out[0] = v4;
    }

    """
    if not _is_told(name):
        message = f"{name!r} cannot be the name of a function in C"
        raise ValueError(message)
    inputs = program.inputs
    program = C.expanded(program.replace(inputs=("",) * len(inputs)))
    if program.has_loops:
        return _looping(program, name, guards=guards)
    writer = Writer(program, C)
    checks = writer.guards_after() if guards else {}

    def checked(place: int) -> list[str]:
        return [f"if ({_violated(g, writer)}) return 0;" for g in checks.get(place, ())]

    body = [
        f"const double v{i} = in[{i}];" + f" /* {told} */" * _is_told(told)
        for i, told in enumerate(inputs)
    ]
    body += checked(-1)
    for line in writer.write():
        body += [f"const double {line.name} = {line.text};", *checked(line.place)]
    for i, place in enumerate(program.outputs):
        body.append(f"out[{i}] = {writer.text_of(place).text};")
    body += ["return 1;"] * guards
    head = f"{'int' if guards else 'void'} {name}(const double *in, double *out)"
    lines = [HEAD, head, "{", *[f"    {line}" for line in body], "}"]
    return "\n".join(lines)


def _looping(program: Program, name: str, *, guards: bool) -> str:
    """Return the function of a program with loops; all places have room in ``v``."""

    def check(guard: Guard, a: str, b: str) -> list[str]:
        wrong = violated(guard, a, b, "isfinite({0})", "!{0}")
        return [f"if ({wrong}) {{ free(v); return 0; }}"]

    statements = Statements(C, LOOPS, check if guards else None)
    lines = statements.of(program)
    frame = statements.frame
    n, m = len(program.inputs), len(program.outputs)
    leave = "return 0;" if guards else "return;"
    body = [
        *[f"    {line}" for line in statements.tables],
        MEMORY.format(program.size, m, leave, n),
        *[
            f"    v[{x}] = {C.number(c).text};"
            for x, c in enumerate(program.constants, n)
            if x in frame.moving
        ],
        *[f"    {line}" for line in lines],
    ]
    for i, line in lines_of(program.outputs):
        if len(line) < FEW:
            for k, x in enumerate(line, i):
                body.append(f"    out[{k}] = {statements.text(frame, x).text};")
        else:
            sign = "+" if line.step > 0 else "-"
            body.append(
                f"    for (long k = 0; k < {len(line)}; k++) "
                f"out[{i} + k] = v[{line.start} {sign} k];"
            )
    body += ["    free(v);", *["    return 1;"] * guards]
    head = f"{'int' if guards else 'void'} {name}(const double *in, double *out)"
    return "\n".join([HEAD + "#include <stdlib.h>\n", head, "{", *body, "}"])


def _is_told(name: str) -> bool:
    return is_plain(name) and name.isascii()


def _violated(guard: Guard, writer: Writer) -> str:
    a = writer.text_of(guard.a).text
    if guard.relation == "finite":
        return f"!isfinite({a})"
    condition = f"({a} {guard.relation} {writer.text_of(guard.b).text})"
    return f"!{condition}" if guard.holds else condition
