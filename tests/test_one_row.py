"""A new primitive is one row: what it still needs elsewhere is found missing by name.

Everything walks the table. What a row leaves unsaid must be safe (a check too many) or
is asked for here: its place in `autograd.math`, a value that machine code can compute,
partials that a reader understands, whether it raises, where its kinks are.
"""

from __future__ import annotations

import itertools
import math
from contextlib import suppress

import pytest
from compiled import order_count, points_of

from autograd import Value
from autograd.audit import Report
from autograd.explanation.textbook import TEXTBOOK, TEXTBOOK_OF_MANY, at_a_kink
from autograd.primitives import TABLE
from autograd.primitives.row import row as enter

# Written as the engine's own code, or a value's, not as a partial.
ENGINES = {"exp_square", "rint", "strong_mul"}
# Helpers that a reader understands: conditions, which are written as cases, and Gauss's
# density, which has a letter of its own.
READABLE = {"greater", "equal", "step", "normal_density"}
PUBLIC = {name for name, row in TABLE.items() if Report(row).is_public}
NAMES = {row.symbol: name for name, row in TABLE.items()}


def points(row, count):
    """Return operands of a row, orders of derivation among them, of all sizes."""
    orders = [1.0] * order_count(row)
    n = (row.arity or 4) - len(orders)
    some = itertools.islice(points_of(row, count, row.arity or 4), 6 * count)
    return [[*orders, *xs[:n]] for xs in some]


def used_by(row):
    """Return the rows that a row's partials are written with."""
    found, todo = set(), []
    for xs in points(row, 10):
        n = order_count(row)  # nothing is derived by an order of derivation
        operands = [*xs[:n], *map(Value, xs[n:])]
        try:
            y = Value(row(*xs))
            if row.arity is None:
                todo += row.partials_at(y, operands)
            else:
                todo += [partial(y, *operands) for partial in row.partials[n:]]
        except (ArithmeticError, ValueError):
            continue
        seen = {id(x) for x in (y, *operands)}
        while todo:
            x = todo.pop()
            if isinstance(x, Value) and id(x) not in seen and x.parents:
                found.add(NAMES.get(x.op, x.op))
                todo += x.parents
    return found


@pytest.fixture(scope="module")
def uses():
    return {name: used_by(row) for name, row in TABLE.items()}


def test_a_row_is_public_or_some_row_is_written_with_it(uses):
    helpers = set().union(*uses.values())
    missing = TABLE.keys() - PUBLIC - helpers - ENGINES
    assert not missing, (
        f"name {missing} in the __all__ of its family, for autograd.math"
    )


def test_a_public_row_has_partials_that_a_reader_understands(uses):
    forms = TEXTBOOK.keys() | TEXTBOOK_OF_MANY.keys()
    missing = {
        name: hidden
        for name in PUBLIC - forms
        if (hidden := uses[name] & TABLE.keys() - PUBLIC - READABLE)
    }
    assert not missing, f"write these partials for a reader, in TEXTBOOK: {missing}"


def raises_somewhere(row):
    for xs in points(row, 200):
        try:
            row.value(*xs)
        except (ArithmeticError, ValueError):
            return True
    return False


@pytest.mark.parametrize(
    "row", [row for row in TABLE.values() if row.elementary], ids=lambda row: row.name
)
def test_an_elementary_row_that_never_raises_says_so(row):
    assert (row.safe == ()) != raises_somewhere(row), "say, or do not say, safe=()"


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_what_is_said_to_spread_does(row):
    for xs in points(row, 50):
        for k in range(len(xs)):
            if k not in row.spreads or not all(map(math.isfinite, xs)):
                continue
            for x in (math.inf, -math.inf, math.nan):
                with suppress(ArithmeticError, ValueError):
                    assert not math.isfinite(row.value(*xs[:k], x, *xs[k + 1 :]))


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_a_published_kink_is_told_from_other_points(row):
    assert any(at_a_kink(row, xs) for xs in row.kinks) or not row.kinks
    if row.at_kink is not None:
        usual = [0.37 + 0.61 * k for k in range(row.arity or 4)]
        assert not at_a_kink(row, tuple(usual))


def test_two_rows_cannot_have_one_name():
    with pytest.raises(ValueError, match="has a row 'exp' already"):
        enter("exp", abs, lambda y, _x: y)
    assert TABLE["exp"].value(0.0) == 1.0
