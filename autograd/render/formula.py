"""Write the operation of a node with the names and constants of its operands put in."""

from __future__ import annotations

from collections.abc import Callable

from autograd.primitives import Primitive
from autograd.primitives.arithmetic import mul, strong_mul
from autograd.primitives.elementary import sumprod
from autograd.render.view import FORMULA, briefly, number
from autograd.value import Value

NAME_IN_FORMULA = 24
UNNAMED = "_"


def formula(value: Value, name_of: Callable[[Value], str] | None = None) -> str:
    """Return a node's operation with the names and constants of its operands put in.

    Args:
        value: the node.
        name_of: what an operand is called, "" if nothing; its own name if not given.

    >>> w, x = Value(2.0, name="w"), Value(3.0)
    >>> formula(w * x), formula(1.0 - w), formula(x), formula(x * x)
    ('w * _', '1 - w', '', '_ * _')

    """
    row = value.primitive
    if row is None:
        return ""
    operands = value.operands
    if not operands:
        return "constant"

    def word(k: int) -> str:
        operand = operands[k]
        if type(operand) is not Value:
            return number(float(operand))
        name = name_of(operand) if name_of else operand.name
        return briefly(name, NAME_IN_FORMULA) if name else UNNAMED

    return application(row, word, len(operands))


def application(row: Primitive, word: Callable[[int], str], count: int) -> str:
    """Return how a row is applied, briefly.

    Args:
        row: the row.
        word: the name or number of the operand at a position.
        count: how many operands there are.

    """
    row = mul if row is strong_mul else row  # a detail of how 0 times inf is taken
    symbol = row.symbol
    if row is sumprod:
        half = count // 2
        products = [
            _product(word(k), word(half + k)) for k in range(min(half, FORMULA))
        ]
        text = " + ".join(products)
        if len(products) == half and len(text) <= FORMULA:
            return text
        return f"{products[0]} + \u2026, {half:,} products"
    words = [word(k) for k in range(min(count, FORMULA))]
    if row.precedence and count == 1:
        return symbol + words[0]
    if row.precedence:
        return f" {symbol} ".join(words)
    text = f"{symbol}({', '.join(words)})"
    if len(words) == count and len(text) <= FORMULA:
        return text
    return f"{symbol} of {count:,}: {', '.join(words[:2])}, \u2026"


def _product(a: str, b: str) -> str:
    return a if b == "1" else b if a == "1" else f"{a} * {b}"
