"""Expressions that a person types: read as data, never run as code.

Python's own parser makes a tree of the text. The tree is then compared, whole, with a
white list: numbers, names, arithmetic, comparisons, ``a if c else b`` and calls of
`autograd.math` by name. Only what is on the list can be evaluated at all, so nothing
that is typed reaches an attribute, a string or another function.

Every number is made a float before it is computed with, since ``9**9**9`` keeps ints
busy for years. Length and depth are limited, so that the evaluation may recurse.

>>> area = Expression("pi * r**2")
>>> area.names
('pi', 'r')
>>> r = Value(2.0)
>>> y = area({"r": r})
>>> y.backward()
>>> round(y.data, 4), round(r.grad, 4)
(12.5664, 12.5664)

"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from autograd import math
from autograd.primitives import arithmetic, powers
from autograd.value import Value

Number = Value | float

MAX_LENGTH = 5000
MAX_DEPTH = 200
SHOWN = 40

CONSTANTS = {name: getattr(math, name) for name in ("pi", "e", "tau", "inf", "nan")}
TAKE_LISTS = {
    "dist": "[x1, x2], [y1, y2]",
    "fsum": "[x, y, z]",
    "logsumexp": "[x, y, z]",
    "prod": "[x, y, z]",
    "sumprod": "[w1, w2], [x1, x2]",
}
# These give several numbers or want an int, where all else here is one float.
LEFT_OUT = ("frexp", "ldexp", "log_softmax", "modf", "softmax")
FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(math, name)
    for name in math.__all__
    if name not in CONSTANTS and name not in LEFT_OUT
} | {"abs": math.fabs, "max": math.maximum, "min": math.minimum}

BINARY: dict[type[ast.operator], Callable[..., Any]] = {
    ast.Add: arithmetic.add,
    ast.Sub: arithmetic.sub,
    ast.Mult: arithmetic.mul,
    ast.Div: arithmetic.div,
    ast.FloorDiv: arithmetic.floordiv,
    ast.Mod: arithmetic.mod,
    ast.Pow: powers.pow,
}
UNARY: dict[type[ast.unaryop], Callable[..., Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: arithmetic.neg,
}
COMPARISONS: dict[type[ast.cmpop], Callable[..., bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}

MSG_EMPTY = 'the expression is empty: write one like "tanh(w*x + b)"'
MSG_LONG = (
    "the expression has {length:,} characters, more than the {limit:,} that are read "
    "here: compute it in Python, with autograd.Value"
)
MSG_DEEP = (
    "the expression is nested more than {limit} levels deep, and each term of a sum is "
    "a level: write a long sum as fsum([x, y, z]), or compute in Python, with "
    "autograd.Value"
)
MSG_CHARACTERS = (
    "the expression has {character!a}, which is no character: write names of letters "
    "and digits, in the encoding of this terminal (UTF-8)"
)
MSG_SYNTAX = (
    "{reason}: an expression is written as in Python, 2*x and x**2 and tanh(w*x + b)"
)
MSG_FORBIDDEN = (
    "{source!r} is not possible here: an expression consists of numbers, names, "
    "+ - * / // % **, comparisons, 'a if c else b' and functions of autograd.math"
)
MSG_POWER = "{source!r}: ^ is no arithmetic in Python, a power is written x**2"
MSG_LOGIC = (
    "{source!r}: 'and', 'or' and 'not' are not possible here; write 0 < x < 1, or put "
    "one 'a if c else b' into another"
)
MSG_NUMBER = "{source!r} is not a real number as 2, 0.5 and 1e-3 are"
MSG_TOO_LARGE = "{source!r} is too large for a float, which ends at 1.8e308: write inf"
MSG_ATTRIBUTE = "{source!r} is an attribute, which is not possible here{hint}"
MSG_CALLED = "{source!r}: only a function of autograd.math can be called, by its name"
MSG_UNKNOWN = "there is no function {name}: {hint}"
MSG_KEYWORD = (
    "{source!r}: an argument is given by its place, leaky_relu(x, 0.1), not by its name"
)
MSG_LIST = "{name}() takes lists: write {name}({example})"
MSG_LIST_ELSEWHERE = (
    "{source!r}: a list can stand only in dist, fsum, logsumexp, prod and sumprod, as "
    "in fsum([x, y, z])"
)
MSG_NOT_CALLED = "{name} is a function: write {name}(x), with what it is applied to"
MSG_NO_VALUE = "no value for {names}: write {values} after the expression"

REFUSED: dict[type[ast.AST], str] = {
    ast.BitXor: MSG_POWER,
    ast.BoolOp: MSG_LOGIC,
    ast.List: MSG_LIST_ELSEWHERE,
    ast.Not: MSG_LOGIC,
    ast.Tuple: MSG_LIST_ELSEWHERE,
}


class Expression:
    """An expression that was read and consists of what is on the white list only.

    Args:
        text: the expression, in Python's notation.

    Attributes:
        text: the same, on one line.
        names: the names in it, but those of functions, as they first occur; constants
            like ``pi`` are among them, and can be given another value.

    Raises:
        SyntaxError: if it is not an expression, with the ``offset`` of the character
            that is wrong, from 1; or if something in it is not on the list.

    """

    def __init__(self, text: str) -> None:
        self.text = " ".join(text.split())
        self._tree = self._parse()
        nodes = self._checked()
        self.names = tuple(dict.fromkeys(n.id for n in nodes if type(n) is ast.Name))

    def __call__(self, values: Mapping[str, Number]) -> Number:
        """Return what the expression is where its variables have these values.

        Raises:
            NameError: if one has none.
            TypeError: if a function is given too many arguments or too few.
            ValueError, ArithmeticError: as the operations raise them; see `Value`.

        """
        known = {**CONSTANTS, **values}
        missing = [name for name in self.names if name not in known]
        for name in missing:
            if name in FUNCTIONS:
                raise NameError(MSG_NOT_CALLED.format(name=name))
        if missing:
            names, pairs = ", ".join(missing), " ".join(f"{n}=1.0" for n in missing)
            raise NameError(MSG_NO_VALUE.format(names=names, values=pairs))
        return self._evaluate(self._tree, known)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def _parse(self) -> ast.expr:
        if not self.text:
            raise SyntaxError(MSG_EMPTY)
        if len(self.text) > MAX_LENGTH:
            message = MSG_LONG.format(length=len(self.text), limit=MAX_LENGTH)
            raise SyntaxError(message)
        try:
            self.text.encode()
        except UnicodeEncodeError as error:  # bytes that the command line let through
            character = self.text[error.start]
            raise SyntaxError(MSG_CHARACTERS.format(character=character)) from None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of code that will never run
                return ast.parse(self.text, mode="eval").body
        except SyntaxError as error:
            message = MSG_SYNTAX.format(reason=error.msg)
            column = error.offset or len(self.text) + 1
            place = ("<expression>", 1, column, self.text)
            raise SyntaxError(message, place) from None
        except (MemoryError, RecursionError, ValueError):
            raise SyntaxError(MSG_DEEP.format(limit=MAX_DEPTH)) from None

    def _checked(self) -> list[ast.expr]:
        """Return all nodes that are evaluated, having looked at each."""
        nodes = []
        stack = [(self._tree, 1)]
        while stack:
            node, depth = stack.pop()
            if depth > MAX_DEPTH:
                raise SyntaxError(MSG_DEEP.format(limit=MAX_DEPTH))
            self._check(node)
            nodes.append(node)
            parts = [(part, depth + 1) for part in _parts(node)]
            stack.extend(reversed(parts))
        return nodes

    def _check(self, node: ast.expr) -> None:
        """Raise unless the node, leaving its parts aside, is on the white list."""
        match node:
            case ast.Name() | ast.IfExp():
                message = None
            case ast.Constant(value=value):
                message = _wrong_number(value)
            case ast.BinOp(op=op) | ast.UnaryOp(op=op):
                message = _wrong_operator(op)
            case ast.Compare(ops=ops):
                known = all(type(op) in COMPARISONS for op in ops)
                message = None if known else MSG_FORBIDDEN
            case ast.Call():
                message = self._wrong_call(node)
            case ast.Attribute(attr=name):
                of_ours = name in FUNCTIONS or name in CONSTANTS
                hint = f": write {name} alone" if of_ours else ""
                message = MSG_ATTRIBUTE.replace("{hint}", hint)
            case _:
                message = REFUSED.get(type(node), MSG_FORBIDDEN)
        if message is not None:
            source = repr(self._source(node))
            raise SyntaxError(message.replace("{source!r}", source))

    def _wrong_call(self, node: ast.Call) -> str | None:
        """Return what is wrong with a call, None if nothing is."""
        if not isinstance(node.func, ast.Name):
            if isinstance(node.func, ast.Attribute):
                self._check(node.func)
            return MSG_CALLED
        name = node.func.id
        if name not in FUNCTIONS:
            return MSG_UNKNOWN.format(name=name, hint=_hint(name))
        if node.keywords:
            return MSG_KEYWORD
        if name in TAKE_LISTS and not all(map(_is_list, node.args)):
            return MSG_LIST.format(name=name, example=TAKE_LISTS[name])
        return None

    def _evaluate(self, node: ast.expr, known: Mapping[str, Number]) -> Number:
        match node:
            case ast.Constant(value=int() | float() as value):
                return float(value)
            case ast.Name(id=name):
                return known[name]
            case ast.IfExp(test=test, body=body, orelse=orelse):
                chosen = body if self._evaluate(test, known) else orelse
                return self._evaluate(chosen, known)
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                a = self._evaluate(left, known)
                for op, comparator in zip(ops, comparators, strict=True):
                    b = self._evaluate(comparator, known)
                    if not COMPARISONS[type(op)](a, b):
                        return 0.0
                    a = b
                return 1.0
            case ast.UnaryOp(op=sign):
                function = UNARY[type(sign)]
            case ast.BinOp(op=symbol):
                function = BINARY[type(symbol)]
            case ast.Call(func=ast.Name(id=name)):
                function = FUNCTIONS[name]
            case _:
                raise AssertionError(node)  # _check let something through
        return self._apply(function, node, known)

    def _apply(
        self,
        function: Callable[..., Any],
        node: ast.expr,
        known: Mapping[str, Number],
    ) -> Number:
        arguments: list[Any] = [self._evaluate(part, known) for part in _parts(node)]
        remembered = any(type(x) is Value for x in arguments)
        if isinstance(node, ast.Call) and any(map(_is_list, node.args)):
            rest = iter(arguments)
            arguments = [[next(rest) for _ in _items(part)] for part in node.args]
        try:
            result = function(*arguments)
        except (ValueError, ArithmeticError) as error:
            if remembered:
                raise  # the engine named the operation and its operands
            message = f"{error.args[-1]}: {self._source(node)}"
            raise type(error)(message) from None
        return result if isinstance(result, Value) else float(result)

    def _source(self, node: ast.expr) -> str:
        source = ast.get_source_segment(self.text, node) or self.text
        return source if len(source) <= SHOWN else source[: SHOWN - 3] + "..."


def _is_list(node: ast.expr) -> bool:
    return isinstance(node, ast.List | ast.Tuple)


def _items(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.List | ast.Tuple) else [node]


def _parts(node: ast.expr) -> Iterable[ast.expr]:
    """Return what a node is computed from; lists are theirs who take them."""
    if not isinstance(node, ast.Call):
        parts = ast.iter_child_nodes(node)
        return [part for part in parts if isinstance(part, ast.expr)]
    if isinstance(node.func, ast.Name) and node.func.id in TAKE_LISTS:
        return [item for argument in node.args for item in _items(argument)]
    return node.args


def _wrong_operator(op: ast.operator | ast.unaryop) -> str | None:
    if type(op) in BINARY or type(op) in UNARY:
        return None
    return REFUSED.get(type(op), MSG_FORBIDDEN)


def _wrong_number(value: object) -> str | None:
    if type(value) is not int and type(value) is not float:
        return MSG_NUMBER
    try:
        float(value)
    except OverflowError:
        return MSG_TOO_LARGE
    return None


def _hint(name: str) -> str:
    if name == "ln":
        return "the natural logarithm is log(x)"
    if name in LEFT_OUT:
        return "it gives no single float, so it is to be called from Python"
    near = get_close_matches(name, FUNCTIONS, n=3)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return "there are those of autograd.math, such as exp, log, sqrt, sin and tanh"
