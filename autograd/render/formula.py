"""Write the operation of a node with the names and constants of its operands put in."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.primitives import Primitive
from autograd.primitives.arithmetic import mul, strong_mul
from autograd.primitives.elementary import sumprod
from autograd.render.view import FORMULA, briefly, number
from autograd.value import Value

NAME_IN_FORMULA = 16
UNNAMED = "_"


def formula(value: Value) -> str:
    """Return a node's operation with the names and constants of its operands put in.

    >>> w, x = Value(2.0, name="w"), Value(3.0)
    >>> formula(w * x), formula(1.0 - w), formula(x), formula(x * x)
    ('w * _', '1 - w', '', '*')

    """
    row = value.primitive
    if row is None:
        return ""
    operands = value.operands
    if not operands:
        return "constant"
    words = [_word(operand) for operand in operands[:FORMULA]]
    constants = [_word(x) for x in operands if type(x) is not Value]
    return application(row, words, len(operands), constants)


def application(
    row: Primitive, words: Sequence[str], count: int, constants: Sequence[str]
) -> str:
    """Return how a row is applied, briefly.

    Args:
        row: the row.
        words: the names or numbers of the operands, of the first ones at least.
        count: how many operands there are.
        constants: the numbers among them.

    """
    row = mul if row is strong_mul else row  # a detail of how 0 times inf is taken
    symbol = row.symbol
    if row is sumprod and len(words) == count:
        half = count // 2
        text = " + ".join(map(_product, words[:half], words[half:]))
        if len(text) <= FORMULA:
            return text
    if set(words) == {UNNAMED}:
        return symbol if count <= 2 else f"{symbol} of {count}"
    if row.precedence and len(words) == 1:
        return symbol + words[0]
    if row.precedence:
        return f" {symbol} ".join(words)
    text = f"{symbol}({', '.join(words)})"
    if len(text) <= FORMULA and len(words) == count:
        return text
    listed = ", ".join(constants[:3]) + (", …" if len(constants) > 3 else "")
    return f"{symbol} of {count}" + (f" with {listed}" if constants else "")


def _word(operand: Value | float) -> str:
    if type(operand) is not Value:
        return number(float(operand))
    return briefly(operand.name, NAME_IN_FORMULA) if operand.name else UNNAMED


def _product(a: str, b: str) -> str:
    return a if b == "1" else b if a == "1" else f"{a} * {b}"
