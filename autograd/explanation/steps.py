"""What a step of an explanation says: one operation, or many told as one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autograd.explanation.notation import LARGEST, number, size
from autograd.explanation.sweep import Contribution, Sweep
from autograd.explanation.textbook import TEXTBOOK, TEXTBOOK_OF_MANY, at_a_kink
from autograd.primitives import Primitive
from autograd.value import Value

USES = 8  # uses told one by one
FEW = 8  # arguments up to which a row's own formulas are read
CLOSE = 1e-5


@dataclass(frozen=True, slots=True)
class Use:
    """What a step passes to one operand.

    Attributes:
        passed: the numbers.
        formula: the local derivative, over leaves that bear the nodes' names; None if
            it is known by its number alone.
        first: whether it is the first contribution to this operand.

    """

    passed: Contribution
    formula: Value | float | None
    first: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One operation.

    Attributes:
        place: that of its node.
        row: what was applied.
        operands: to what: numbers, and leaves that bear the names of the nodes.
        output: a leaf, or the operation itself, as formulas are to show it.
        came: the contributions that its adjoint is the sum of, if two or more.
        uses: what it passes on; ``more`` uses are left out.
        completed: leaves that got their last of several contributions here.
        notes: what is special here, in words.

    """

    place: int
    row: Primitive
    operands: tuple[Value | float, ...]
    output: Value
    came: tuple[float, ...]
    uses: tuple[Use, ...]
    more: int
    completed: tuple[tuple[int, tuple[float, ...]], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Many operations told as one.

    Attributes:
        title: which, in words.
        lines: what is known of them all, in words.
        places: those of their nodes, the first to be told first.

    """

    title: str
    lines: tuple[str, ...]
    places: tuple[int, ...]


class Teller:
    """Says what each step does, the first to be told first.

    Args:
        sweep: the numbers.
        names: what the nodes are called.
        arrived: the contributions to each node that gets all from steps told alone.
        target: the place of the node that is asked about, or None.

    """

    def __init__(
        self,
        sweep: Sweep,
        names: list[str],
        arrived: dict[int, list[float]],
        target: int | None,
    ) -> None:
        self.sweep = sweep
        self.names = names
        self.arrived = arrived
        self.target = target
        self.told: Counter[int] = Counter()

    def step(self, i: int) -> Step:
        """Return what there is to say of one operation."""
        node = self.sweep.order[i]
        row = node.primitive
        if row is None:
            raise AssertionError(node)
        leaves: dict[int, Value] = {}
        operands = tuple(self._leaf(x, leaves) for x in node.operands)
        output = _as_shown(node, self.names[i], row, operands)
        passed = self.sweep.contributions(i)
        notes = _notes(self.sweep.adjoints[i], node, row)
        uses = []
        for c in passed[:USES]:
            formula, lossy = _formula(row, output, operands, c)
            if lossy and lossy not in notes:
                notes.append(lossy)
            uses.append(Use(c, formula, first=self.told[c.to] == 0))
            self.told[c.to] += 1
        for c in passed[USES:]:
            self.told[c.to] += 1
        completed = tuple(
            (p, tuple(self.arrived[p]))
            for p in dict.fromkeys(c.to for c in passed)
            if (p == self.target or not self.sweep.is_operation(p))
            and len(self.arrived.get(p, ())) == self.told[p] > 1
        )
        came = tuple(self.arrived.get(i, ()))
        return Step(
            place=i,
            row=row,
            operands=operands,
            output=output,
            came=came if len(came) > 1 else (),
            uses=tuple(uses),
            more=max(0, len(passed) - USES),
            completed=completed,
            notes=tuple(notes),
        )

    def part(self, title: str, unit: list[int]) -> Part:
        """Return what there is to say of many operations."""
        sweep = self.sweep
        ops = Counter(sweep.order[i].op for i in unit)
        common = ", ".join(f"{n:,} {op}" for op, n in ops.most_common(5))
        others = ", ..." if len(ops) > 5 else ""
        lines = [f"{len(unit):,} operations: {common}{others}"]
        within = set(unit)
        totals: dict[int, float] = {}
        inner: Counter[int] = Counter()
        for i in unit:
            for c in sweep.contributions(i):
                if c.to in within:
                    inner[c.to] += 1
                else:
                    totals[c.to] = totals.get(c.to, 0.0) + c.amount
        entries = [i for i in unit if sweep.uses[i] > inner[i] and sweep.adjoints[i]]
        if len(sweep.order) - 1 in within and not sweep.uses[-1]:
            entries = list(dict.fromkeys([len(sweep.order) - 1, *entries]))
        lines += self._several("arrives at", [(i, sweep.adjoints[i]) for i in entries])
        leaves = [(p, a) for p, a in totals.items() if not sweep.is_operation(p)]
        inputs = [(p, a) for p, a in totals.items() if sweep.is_operation(p)]
        lines += self._several("passes on to", inputs)
        lines += self._several("adds to the gradient of", leaves)
        parts = _children(sweep, unit, title)
        words = f"{title} ({parts})" if parts else title
        return Part(words, tuple(lines), tuple(unit))

    def _several(self, what: str, amounts: Sequence[tuple[int, float]]) -> list[str]:
        if not amounts:
            return []
        numbers = [a for _, a in amounts]
        if len(amounts) <= 3:
            words = ", ".join(f"{self.names[p]}: {number(a)}" for p, a in amounts)
            return [f"{what} {words}"]
        low, high = min(numbers), max(numbers)
        between = f"{number(low)} to {number(high)}"
        total = f"{number(sum(numbers))}"
        return [f"{what} {len(amounts):,} nodes: {between}, in all {total}"]

    def _leaf(self, x: Value | float, leaves: dict[int, Value]) -> Value | float:
        """Return a leaf that bears the name of an operand, the same for the same."""
        if type(x) is not Value:
            return x
        if id(x) not in leaves:
            name = self.names[self.sweep.place[id(x)]]
            leaves[id(x)] = Value(x.data, name or None)
        return leaves[id(x)]


def _as_shown(
    node: Value, name: str, row: Primitive, operands: Sequence[Value | float]
) -> Value:
    """Return the output as formulas show it: tanh(x), unless the user has a name."""
    if node.name is None and row.arity == 1 and not row.precedence:
        try:
            again = row(*operands)
        except (ArithmeticError, ValueError, TypeError):
            again = None
        if type(again) is Value:
            return again
    return Value(node.data, name)


def _notes(adjoint: float, node: Value, row: Primitive) -> list[str]:
    notes = []
    if adjoint == 0.0:
        wild = not all(map(_finite, node.partials))
        even = ", not even to a local derivative that is not finite" if wild else ""
        return [f"An adjoint of exactly 0 is strong: nothing is passed on{even}."]
    numbers = tuple(x.data if type(x) is Value else x for x in node.operands)
    if row.in_table and at_a_kink(row, numbers):
        taken = ", ".join(f"{number(d)}" for d in node.partials[:USES])
        notes.append(
            f"A kink or border of {row.name}, where the derivative is a matter of "
            f"policy: {taken}."
        )
    if not all(map(_finite, node.partials)):
        notes.append("A local derivative here is not finite.")
    return notes


def _finite(x: float) -> bool:
    return x - x == 0.0


def _formula(
    row: Primitive,
    output: Value,
    operands: Sequence[Value | float],
    c: Contribution,
) -> tuple[Value | float | None, str]:
    """Return a local derivative to be read, and what is to be said of it.

    A user's own partial may do anything, so whatever it raises means that there is
    only the number.
    """
    lossy = ""
    for form in (_textbook, _own):
        try:
            formula = form(row, output, operands, c.position)
        except Exception:  # noqa: BLE001, S112 - it is not ours
            continue
        if formula is None or size(formula) > LARGEST:
            continue
        value = formula.data if type(formula) is Value else float(formula)
        if value == c.partial or abs(value - c.partial) <= CLOSE * abs(c.partial):
            return formula, lossy
        if form is _textbook and _finite(value):
            lossy = (
                f"The textbook's formula for {row.name} would lose its digits here; "
                "the table has another."
            )
    return None, lossy


def _textbook(
    row: Primitive, output: Value, operands: Sequence[Value | float], i: int
) -> Value | float | None:
    if not row.in_table:
        return None
    formula: Value | float | None = None
    if row.name in TEXTBOOK:
        formula = TEXTBOOK[row.name][i](output, *operands)
    elif row.name in TEXTBOOK_OF_MANY:
        formula = TEXTBOOK_OF_MANY[row.name](output, i, *operands)
    return formula


def _own(
    row: Primitive, output: Value, operands: Sequence[Value | float], i: int
) -> Value | float | None:
    if row.arity is None and (len(operands) > FEW or not row.in_table):
        return None
    formula: Value | float
    if row.arity is None:
        formula = row.partials[0](output, *operands)[i]
    else:
        formula = row.partials[i](output, *operands)
    return formula


def _children(sweep: Sweep, unit: Iterable[int], title: str) -> str:
    """Return what a scope is made of, ``"16 neurons"``; "" if of nothing."""
    found: dict[str, None] = {}
    for i in unit:
        scope = sweep.scopes[i]
        if scope.startswith(f"{title}/"):
            found[scope[len(title) + 1 :].partition("/")[0]] = None
    stems = Counter(re.sub(r"[\d\W_]+$", "", child) or child for child in found)
    words = [f"{n:,} {stem}s" if n > 1 else stem for stem, n in stems.items()]
    return ", ".join(words[:4]) + (", ..." if len(words) > 4 else "")
