"""The table, row by row: against 50 digits, its kinks, and what makes use of it."""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest
from mpmath import mp

sys.path.insert(0, str(Path(__file__).parent))
from oracle import ORACLE, as_values, assert_row_is_right, oracle_of, points, varying
from outcomes import bits, outcome

import autograd.math
from autograd import Value
from autograd.primitives import TABLE, Primitive

ROWS = list(TABLE.values())
NAMES = [row.name for row in ROWS]
SPECIAL = [0.0, -0.0, 1.0, -2.5, 1e-308, 5e-324, 1e308, math.inf, -math.inf, math.nan]

# NumPy has its own way with objects for these: it compares, and gives plain integers.
COMPARED_BY_NUMPY = {"sign"}


def takes_objects(ufunc):
    return isinstance(ufunc, np.ufunc) and any("O" in kind for kind in ufunc.types)


every_row = pytest.mark.parametrize("row", ROWS, ids=NAMES)


def test_the_oracle_is_of_this_table_and_covers_what_the_first_release_had():
    assert set(ORACLE) <= set(NAMES)
    assert len(ORACLE) >= 80


@every_row
def test_the_row_s_own_exact_column_agrees_with_the_independent_oracle(row):
    with mp.workdps(30):
        for args in points(row, 5):
            exact = [mp.mpf(x) for x in args]
            ours, theirs = oracle_of(row)(*exact), row.exact(mpmath, *exact)
            assert mp.almosteq(ours, theirs, 1e-25, 1e-25)


@every_row
def test_value_and_two_orders_of_partials_agree_with_mpmath(row):
    assert_row_is_right(row, oracle_of(row), count=5)


@every_row
def test_a_partial_planted_wrong_by_a_twentieth_of_a_percent_is_found(row):
    def wrong(partial):
        return lambda y, *args: 1.0005 * partial(y, *args)

    if row.arity is None:
        partials = lambda y, *xs: [1.0005 * d for d in row.partials_at(y, xs)]  # noqa: E731
    else:
        partials = [wrong(partial) for partial in row.partials]
    planted = Primitive(
        row.name, row.value, partials, domain=row.domain, defaults=row.defaults
    )
    args = next(points(row, 1))
    if any(row(*as_values(row, args)).partials):
        with pytest.raises(AssertionError, match="off"):
            assert_row_is_right(planted, oracle_of(row), count=5)
    else:
        assert_row_is_right(planted, oracle_of(row), count=1)


KINKS = [(row, args) for row in ROWS for args in row.kinks]


@pytest.mark.parametrize(
    ("row", "args"), KINKS, ids=[f"{row.name}{args}" for row, args in KINKS]
)
def test_partials_at_a_kink_are_the_published_ones(row, args):
    leaves = [Value(x) for x in args]
    node = row(*leaves)
    assert node.partials == row.kinks[args]
    node.backward()
    assert tuple(leaf.grad for leaf in leaves) == row.kinks[args]


@pytest.mark.parametrize(
    ("name", "args", "published"),
    [
        ("relu", (0.0,), (0.0,)),
        ("abs", (0.0,), (0.0,)),
        ("maximum", (2.0, 2.0), (0.5, 0.5)),
        ("minimum", (2.0, 2.0), (0.5, 0.5)),
        ("sqrt", (0.0,), (math.inf,)),
        ("hypot", (0.0, 0.0), (0.0, 0.0)),
        ("floor", (2.0,), (0.0,)),
        ("ceil", (2.0,), (0.0,)),
        ("rint", (2.5,), (0.0,)),
        ("mod", (7.0, 2.0), (1.0, -3.0)),
        ("mod", (-7.0, 2.0), (1.0, 4.0)),
        ("pow", (0.0, 3.0), (0.0, 0.0)),
    ],
)
def test_the_policy_of_the_design_is_what_the_table_does(name, args, published):
    assert TABLE[name](*[Value(x) for x in args]).partials == published


@every_row
def test_a_value_gives_the_row_s_float_or_its_error_at_special_points(row):
    n = 2 if row.arity is None else row.arity
    generator = random.Random(row.name)
    for _ in range(200):
        settings = next(points(row, 1))
        args = [
            generator.choice(SPECIAL) if i in varying(row) else settings[i]
            for i in range(n)
        ]
        values = as_values(row, args)
        assert outcome(row, *values) == outcome(row, *args), args


@every_row
def test_partials_do_not_raise_where_the_value_does_not(row):
    if row.arity is None:
        return
    for low in (0.0, 1e-300, 700.0, 1e300):
        args = [low if a < b else a for a, b in row.domain]
        values = as_values(row, args)
        assert outcome(row, *values) == outcome(row, *args)


@every_row
def test_every_method_of_a_row_is_the_row_and_numpy_s_spelling_finds_it(row):
    args = next(points(row, 1))
    x, *others = args
    expected = row(*args)
    for name in row.methods:
        found = getattr(Value(x), name)(*others)
        assert bits(found.data) == bits(expected), name
        ufunc = getattr(np, name, None)
        if name in COMPARED_BY_NUMPY:
            assert ufunc(Value(x)) == expected
        elif takes_objects(ufunc) and ufunc.nin == len(args):
            assert bits(ufunc(Value(x), *others).data) == bits(expected), name
            array = np.array([Value(x), Value(x)])
            assert [v.data for v in ufunc(array, *others)] == [expected] * 2, name
    public = row.name in autograd.math.__all__
    assert row.methods or row.precedence or row.arity != 1 or not public


@every_row
def test_a_row_survives_pickle_as_itself(row):
    import pickle

    assert pickle.loads(pickle.dumps(row)) is row  # noqa: S301 - our own


OPERATORS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
    "floordiv": lambda a, b: a // b,
    "mod": lambda a, b: a % b,
}


@pytest.mark.parametrize("name", OPERATORS)
def test_the_operators_agree_with_their_rows_bit_for_bit(name):
    row, operator = TABLE[name], OPERATORS[name]
    generator = random.Random(name)
    samples = SPECIAL + [generator.uniform(-5.0, 5.0) for _ in range(20)]
    for a in samples:
        for b in [*samples, 2, 3, 0]:
            try:
                y = row.value(a, float(b))
            except (ArithmeticError, ValueError) as error:
                for left, right in ((Value(a), b), (Value(a), Value(b)), (a, Value(b))):
                    with pytest.raises(type(error)):
                        operator(left, right)
                continue
            partials = [bits(d) for d in row.partials_at(y, (a, float(b)))]
            for left, right, wanted in (
                (Value(a), Value(b), partials),
                (Value(a), b, partials[:1]),
                (a, Value(b), partials[1:]),
            ):
                node = operator(left, right)
                if node is not right:  # 0 + v is v, for the sake of sum()
                    assert node.primitive is row
                    assert [bits(d) for d in node.partials] == wanted, (a, b)
                assert bits(node.data) == bits(y), (a, b)


def test_negation_agrees_with_its_row_bit_for_bit():
    for x in SPECIAL:
        node = -Value(x)
        assert (node.primitive, node.partials) == (TABLE["neg"], (-1.0,))
        assert bits(node.data) == bits(-x)


@pytest.mark.parametrize("row", [r for r in ROWS if r.arity == 1], ids=str)
def test_a_function_of_one_value_agrees_with_its_row_bit_for_bit(row):
    generator = random.Random(row.name)
    near = [generator.uniform(-5.0, 5.0) for _ in range(100)]
    far = [x * 10.0 ** generator.uniform(-320.0, 307.0) for x in near[:30]]
    for x in [*SPECIAL, 709.0, -745.0, 1e22, *near, *far]:
        try:
            y = row.value(x)
        except (ArithmeticError, ValueError) as error:
            with pytest.raises(type(error)):
                row(Value(x))
            continue
        node = row(Value(x))
        assert (node.primitive, bits(node.data)) == (row, bits(float(y))), x
        assert [bits(d) for d in node.partials] == [
            bits(float(d)) for d in row.partials_at(y, (x,))
        ], x


@pytest.mark.parametrize("row", [r for r in ROWS if r.arity is None], ids=str)
def test_a_row_of_any_number_makes_one_node_of_all_its_operands(row):
    args = [0.5, 1.5, 2.5, 3.5]
    leaves = [Value(args[0]), args[1], Value(args[2]), Value(args[3])]
    node = row(*leaves)
    assert node.operands == tuple(leaves)
    assert node.parents == (leaves[0], leaves[2], leaves[3])
    assert node.op == row.name
    truth = row.partials_at(node.data, args)
    assert node.partials == (truth[0], truth[2], truth[3])


def test_a_value_used_twice_is_twice_among_the_parents():
    x = Value(3.0)
    assert (x * x).parents == (x, x)
    assert TABLE["hypot"](x, 4.0, x).parents == (x, x)
