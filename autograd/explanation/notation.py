"""Write formulas in Python's notation; `autograd.explanation.styles` has two others.

A formula is a small graph of Values. Its leaves are written by their names, or by their
numbers; its operations as the table has them, but for helper rows (`SPELLED`), which
are written as what they compute. Only for reading: ``1*x`` becomes ``x``.

A piece of a formula comes with its binding strength, as in the table: 1 for a sum, 2
for a product, 3 for a sign, 4 for a power; `TIGHT` for what needs no parentheses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.naming import legible
from autograd.primitives import Primitive
from autograd.primitives import arithmetic as ar
from autograd.primitives import elementary as el
from autograd.primitives.arithmetic import add, div, mul, neg, sub
from autograd.primitives.powers import pow as power
from autograd.value import Value
from autograd.walk import topological_order

Piece = tuple[str, int]
TIGHT = 9
SHOWN = 6  # of many operands or terms
SHOWN_NAME = 40  # letters of a function's name
LARGEST = 60  # operations in a formula that is still worth reading

SAME = {"quotient": div, "power": power, "strong_mul": mul}
SPELLED: dict[str, Callable[..., Any]] = {
    "over_square": lambda a, b: a / b**2,
    "one_minus_square": lambda x: 1.0 - x**2,
    "square": lambda x: x**2,
    "reciprocal": lambda x: 1.0 / x,
    "power_slope": lambda a, b: b * a ** (b - 1.0),
    "log_or_nan": el.log,
    "exp_of_difference": lambda a, b: el.exp(a - b),
    "exp_minus_square": lambda x: el.exp(-(x**2)),
    "fma": lambda a, b, c: a * b + c,
}
RELATIONS = {"greater": ">", "equal": "="}
TERMS = {"fsum", "sumprod"}
FACTORS = {"prod", "product"}


def number(x: float) -> str:
    """Return a number to 6 significant digits; zero has no sign."""
    return f"{x + 0.0:.6g}"


class Notation:
    """Python's notation, and what the others are made of.

    Attributes:
        numeric: whether leaves are written by their numbers.

    """

    times, dots, minus = "*", "...", "-"

    def __init__(self, *, numeric: bool = False) -> None:
        self.numeric = numeric

    # What differs from one notation to the next.

    def name(self, name: str) -> str:
        """Write a variable."""
        return name

    def bar(self, name: str) -> str:
        """Write the adjoint of a variable."""
        return f"{name}_bar"

    def derivative(self, of: str, by: str) -> str:
        """Write a partial derivative."""
        return f"d {of}/d {by}"

    def number(self, x: float) -> str:
        """Write a number."""
        return number(x)

    def function(self, name: str, arguments: Sequence[str]) -> str:
        """Write a call."""
        return f"{name}({', '.join(arguments)})"

    def condition(self, left: str, relation: str, right: str) -> str:
        """Write what is 1 where a relation holds, 0 elsewhere: Iverson's bracket."""
        return f"[{left} {relation} {right}]"

    def power(self, base: str, exponent: Piece) -> Piece:
        """Write a power; the base is in parentheses if it needs them."""
        return f"{base}**{self.closed(exponent, 4)}", 4

    def quotient(self, above: Piece, below: Piece) -> Piece:
        """Write a fraction."""
        return f"{self.closed(above, 2)}/{self.closed(below, 3)}", 2

    def infix(self, symbol: str) -> str:
        """Write an operator's symbol."""
        return symbol

    def text(self, words: str) -> str:
        """Write words."""
        return words

    # What does not.

    def closed(self, piece: Piece, strength: int) -> str:
        """Return a piece in parentheses if it binds less than that."""
        text, own = piece
        return text if own >= strength else f"({text})"

    def product(self, left: float, right: float) -> str:
        """Write a product of two numbers."""
        pair = self._literal(left), self._literal(right)
        factors = self.closed(pair[0], 2), self.closed(pair[1], 4)
        return f" {self.times.strip()} ".join(factors)

    def formula(self, x: Value | float, output: Value | None = None) -> str:
        """Write a formula.

        Args:
            x: a leaf, an operation or a number.
            output: a leaf of it that has no name but a formula: the operation it is
                the result of, which is written in its place.

        """
        return self._write(x, output)[0]

    def application(self, row: Primitive, operands: Sequence[Value | float]) -> str:
        """Write an operation on leaves and numbers."""
        return self._apply(row, operands, None)[0]

    def _write(self, x: Value | float, output: Value | None) -> Piece:
        if type(x) is not Value:
            return self._literal(float(x))
        if x.op in {"", "const"}:
            if self.numeric or x.name is None:
                return self._literal(x.data)
            return self.name(x.name), TIGHT
        if x is output and self.numeric:
            return self._literal(x.data)
        if x.primitive is None:
            raise AssertionError(x)
        return self._apply(x.primitive, x.operands, output)

    def _literal(self, x: float) -> Piece:
        return self.number(x), 3 if x < 0.0 else 4 if "e" in number(x) else TIGHT

    def _apply(
        self, row: Primitive, operands: Sequence[Any], output: Value | None
    ) -> Piece:
        # Somebody's own primitive may be called like a row, and is another function.
        own = row.in_table
        known = SPELLED.get(row.name) if own else None
        if known is not None:
            try:
                return self._write(known(*operands), output)
            except (ArithmeticError, ValueError):  # as 1/0, where the row is infinite
                pass
        row = SAME.get(row.name, row) if own else row

        def write(x: Any) -> Piece:
            return self._write(x, output)

        if row in {add, sub, mul, div, power, neg}:
            return self._operator(row, operands, write)
        if own and (row.name in TERMS or row.name in FACTORS):
            return self._terms(row, operands, write)
        if own and row.name in RELATIONS:
            left, right = (write(x)[0] for x in operands)
            return self.condition(left, RELATIONS[row.name], right), TIGHT
        if row is ar.step:
            return self.condition(write(operands[0])[0], ">", "0"), TIGHT
        if row.precedence:
            left, right = (self.closed(write(x), 3) for x in operands)
            # Weaker than a product: -(a // b) is not -a // b.
            return f"{left} {self.infix(row.symbol)} {right}", 1
        words = [write(x)[0] for x in operands[:SHOWN]]
        if len(operands) > SHOWN:
            words.append(self.dots)
        return self.function(legible(row.name, SHOWN_NAME), words), TIGHT

    def _operator(
        self, row: Primitive, operands: Sequence[Any], write: Callable[[Any], Piece]
    ) -> Piece:
        a = operands[0]
        b = operands[-1]
        if row is neg:
            return self._negative(write(a))
        if row is mul:
            return self._product(a, b, write)
        if row is power:
            if b == 1.0 and type(b) is not Value:
                return write(a)
            return self.power(self.closed(write(a), 5), write(b))
        if row is div:
            return self.quotient(write(a), write(b))
        sign = "+" if row is add else "-"
        right = self.closed(write(b), 2)
        if right.startswith(self.minus):
            right = f"({right})"
        return f"{write(a)[0]} {self.infix(sign)} {right}", 1

    def _product(self, a: Any, b: Any, write: Callable[[Any], Piece]) -> Piece:
        for factor, other in ((a, b), (b, a)):
            if type(factor) is not Value and factor == 1.0:
                return write(other)
            if type(factor) is not Value and factor == -1.0:
                return self._negative(write(other))
        right = self.closed(write(b), 2)
        if right.startswith(self.minus):
            right = f"({right})"
        return f"{self.closed(write(a), 2)}{self.times}{right}", 2

    def _negative(self, piece: Piece) -> Piece:
        text, strength = piece
        if text.startswith(self.minus):
            return f"{self.minus}{self.closed(piece, TIGHT + 1)}", 3
        return f"{self.minus}{self.closed(piece, 2)}", min(3, max(strength, 2))

    def _terms(
        self,
        row: Primitive,
        operands: Sequence[Any],
        write: Callable[[Any], Piece],
    ) -> Piece:
        """Write a sum, a sum of products, or a product, of any length."""
        n = len(operands)
        if row.name == "sumprod":
            n //= 2
        kept = range(n) if n <= SHOWN else [*range(SHOWN - 2), n - 1]
        strength = 2 if row.name in FACTORS else 1
        words: list[str] = []
        for i in kept:
            if row.name == "sumprod":
                piece = self._product(operands[i], operands[n + i], write)
            else:
                piece = write(operands[i])
            word = self.closed(piece, strength)
            negative = words and word.startswith(self.minus)
            words.append(f"({word})" if negative else word)
        if n > SHOWN:
            words.insert(-1, self.dots)
        if not words:
            return self._literal(float(strength == 2))
        joint = self.times if row.name in FACTORS else f" {self.infix('+')} "
        return joint.join(words), strength if n > 1 else 1


def size(x: Value | float) -> int:
    """Return how many pieces a formula has when it is written out."""
    if type(x) is not Value:
        return 1
    sizes: dict[int, int] = {}
    for node in topological_order(x):
        parts = sum(sizes[id(parent)] for parent in node.parents)
        sizes[id(node)] = min(1 + parts, LARGEST + 1)
    return sizes[id(x)]
