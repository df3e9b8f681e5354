"""The command line: ``python -m autograd``.

With an expression it shows what the expression is worth and how much each step matters;
without one it is the tour of what the project can do; and ``audit`` measures how
accurate its derivatives are. All that a person may get wrong
ends in one line that says what to write instead, and in exit status 2.
"""

from __future__ import annotations

import argparse
import io
import keyword
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from autograd import Value, __version__, draw, topological_order
from autograd.audit import HEADING, Report, measure, summary
from autograd.expression import CONSTANTS, Expression
from autograd.render.formula import formula

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PROGRAM = "python -m autograd"
BAD_INPUT = 2
INTERRUPTED = 130  # what a shell reports
WINDOW = 60

DESCRIPTION = """\
Show the value of an expression, every step on the way to it, and the derivative of the
result by each of them; or, without an expression, take the tour: a textbook example of
backpropagation and two classifiers, trained in under a minute; or, with the word audit,
measure against exact arithmetic how accurate values and derivatives of all functions
are, or of those that are named."""
EXAMPLES = """\
examples:
  python -m autograd
  python -m autograd "tanh(w*x + b)" w=0.5 x=2 b=0.1
  python -m autograd "tanh(w*x + b)" w=0.5 x=2 b=0.1 --draw neuron.svg --partials
  python -m autograd "s - k if s > k else 0" s=105 k=100
  python -m autograd "logsumexp([a, b, 0])" a=1e3 b=2/3
  python -m autograd audit
  python -m autograd audit tanh pow --points 300

An expression consists of numbers, names, + - * / // % **, comparisons, a if c else b,
pi, e, tau, inf, nan and functions of autograd.math. It is read, never run as code."""

MSG_ORDER = (
    "{word!r} is a variable, and there is no expression before it: write "
    '"w*x" w=2 x=3, the expression first'
)
MSG_PAIR = (
    "{word!r} is no variable with its value: write x=0.5, without spaces, and put the "
    "whole expression into one pair of quotation marks"
)
MSG_NAME = "{name!r} cannot be the name of a variable{why}: write a name like x or w1"
MSG_TWICE = "{name} is given a value twice: write {name}=... once"
MSG_VALUE = "the value of {name}, {text!r}, is not a number: write {name}=0.5"
MSG_UNUSED = (
    "{name} is given a value, but is not in the expression{others}: leave it out"
)
MSG_NO_GRADIENT = (
    "This is a constant, on which no variable acts smoothly: there is no gradient."
)
MSG_NOTHING_TO_DRAW = (
    "{text} is a constant, so there is no graph to draw: leave --draw out, or use "
    'variables, as in "2*x" x=3'
)
MSG_TOUR_ONLY = "--out is where the tour writes: for an expression's graph write --draw"
MSG_NO_EXPRESSION = '{option} belongs to an expression: write "w*x" w=2 x=3 {option}'
MSG_AUDIT_ALONE = (
    "{option} does not belong to the audit: write audit, names and --points alone"
)
MSG_POINTS = "--points belongs to the audit: write audit tanh --points 300"
AUDIT = "audit"
LEGEND = "The gradient is the derivative of the result by the node."


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say; return the exit status.

    Args:
        arguments: those after ``python -m autograd``; None for the process's own.

    """
    words = sys.argv[1:] if arguments is None else arguments
    # A name may have letters that the terminal's encoding lacks.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    parser = _parser()
    options = parser.parse_intermixed_args([_shielded(word) for word in words])
    try:
        if _is_audit(options):
            _audit(options)
        elif options.expression is None:
            _tour(options)
        else:
            _evaluate(options)
    except SyntaxError as error:
        _fail(error.msg, *_pointer(error))
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except (
        ArithmeticError, ImportError, NameError, RuntimeError, TypeError, ValueError
    ) as error:  # fmt: skip
        _fail(str(error))
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return INTERRUPTED
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say in one line what argparse says in several."""
        _fail(f"{message} (all options: {PROGRAM} --help)")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROGRAM,
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("expression", nargs="?", help="what to compute; the tour if there is none")
    add("values", nargs="*", metavar="name=value", help="its variables")
    add("--draw", metavar="FILE", help="draw the graph: .svg, .png, .pdf or .dot")
    add("--partials", action="store_true", help="show the local derivatives as well")
    add("--out", metavar="DIR", help="where the tour writes (default: autograd-tour)")
    add("--points", type=int, help="about how many points to audit a function at")
    add("--version", action="version", version=f"scalar-autograd {__version__}")
    return parser


def _shielded(word: str) -> str:
    """Return an expression like -x**2 so that argparse takes it for no option."""
    is_option = word == "-h" or (word.startswith("--") and word[2:3].isalpha())
    return f" {word}" if word.startswith("-") and not is_option else word


def _is_audit(options: argparse.Namespace) -> bool:
    """Return whether the first word is the command, and not a variable of that name."""
    names = [word.partition("=")[0].strip() for word in options.values if "=" in word]
    return options.expression == AUDIT and AUDIT not in names


def _audit(options: argparse.Namespace) -> None:
    for option in ("draw", "partials", "out"):
        if getattr(options, option):
            raise ValueError(MSG_AUDIT_ALONE.format(option=f"--{option}"))
    points = {} if options.points is None else {"points": options.points}
    reports: list[Report] = []
    to_come = measure(options.values, **points)
    print(HEADING)
    for report in to_come:
        print(report, flush=True)  # a row may take a minute
        reports.append(report)
    print(f"\n{summary(reports)}")


def _tour(options: argparse.Namespace) -> None:
    if options.points is not None:
        raise ValueError(MSG_POINTS)
    for option in ("draw", "partials"):
        if getattr(options, option):
            raise ValueError(MSG_NO_EXPRESSION.format(option=f"--{option}"))
    # The one place where autograd looks upward: the tour needs nn.
    from autograd.tour import tour

    tour(Path(options.out or "autograd-tour"))


def _evaluate(options: argparse.Namespace) -> None:
    if options.out:
        raise ValueError(MSG_TOUR_ONLY)
    if options.points is not None:
        raise ValueError(MSG_POINTS)
    name, equals, rest = options.expression.partition("=")
    if equals and name.strip().isidentifier() and not rest.startswith("="):
        raise ValueError(MSG_ORDER.format(word=options.expression.strip()))
    expression = Expression(options.expression)
    variables = _variables(expression, options.values)
    y = expression(variables)
    value = y.data if isinstance(y, Value) else y
    if not isinstance(y, Value):
        if options.draw:
            raise ValueError(MSG_NOTHING_TO_DRAW.format(text=expression.text))
        print(f"{expression.text} = {value!r}\n\n{MSG_NO_GRADIENT}")
        return
    y.backward()
    steps = _named_steps(y, variables)
    if options.draw:
        draw(y, options.draw, partials=options.partials)
    print(f"{expression.text} = {value!r}\n")
    print(_table([*variables.values(), *steps], partials=options.partials))
    print(f"\n{LEGEND}")
    if options.draw:
        print(f"The graph is in {options.draw}")


def _variables(expression: Expression, pairs: Iterable[str]) -> dict[str, Value]:
    variables: dict[str, Value] = {}
    for word in pairs:
        given, equals, text = word.partition("=")
        # As Python's own parser does with the names in the expression.
        name = unicodedata.normalize("NFKC", given.strip())
        if not equals:
            raise ValueError(MSG_PAIR.format(word=word.strip()))
        if not name.isidentifier() or keyword.iskeyword(name):
            why = ", which means something in Python" if name.isidentifier() else ""
            raise ValueError(MSG_NAME.format(name=name, why=why))
        if name in variables:
            raise ValueError(MSG_TWICE.format(name=name))
        if name not in expression.names:
            has = [n for n in expression.names if n not in CONSTANTS]
            others = f", which has {', '.join(has)}" if has else ""
            raise ValueError(MSG_UNUSED.format(name=name, others=others))
        variables[name] = Value(_number(name, text), name)
    return variables


def _number(name: str, text: str) -> float:
    """Return the number that stands after a ``=``; 1/3 and pi/2 are numbers as well."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        number = Expression(text)({})
    except (ArithmeticError, NameError, SyntaxError, TypeError, ValueError):
        message = MSG_VALUE.format(name=name, text=text)
        raise ValueError(message) from None
    return number.data if isinstance(number, Value) else number


def _named_steps(y: Value, variables: dict[str, Value]) -> list[Value]:
    """Return the computed nodes, called v1, v2, ... as in a textbook's trace."""
    steps = [node for node in topological_order(y) if node.op]
    number = 0
    for node in steps:
        number += 1
        while f"v{number}" in variables:
            number += 1
        node.name = f"v{number}"
    return steps


def _table(nodes: Iterable[Value], *, partials: bool) -> str:
    rows = [["node", "computed as", " value", " gradient"]]
    rows += [
        [node.name or "", formula(node), f"{node.data: .10g}", f"{node.grad: .10g}"]
        for node in nodes
    ]
    if partials:
        rows[0].append(" local derivatives")
        for row, node in zip(rows[1:], nodes, strict=True):
            pairs = zip(node.parents, node.partials, strict=True)
            row.append(" " + ", ".join(f"by {p.name}: {d:.10g}" for p, d in pairs))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


def _pointer(error: SyntaxError) -> tuple[str, ...]:
    """Return two lines that point at the character that Python's parser stopped at."""
    if not error.text or not error.offset:
        return ()
    start = max(0, error.offset - 1 - WINDOW // 2)
    shown = error.text[start : start + WINDOW]
    return f"    {shown}", "    " + " " * (error.offset - 1 - start) + "^"


def _fail(*lines: str) -> NoReturn:
    print(f"{PROGRAM}: error: {lines[0]}", *lines[1:], sep="\n", file=sys.stderr)
    raise SystemExit(BAD_INPUT)


if __name__ == "__main__":
    sys.exit(main())
