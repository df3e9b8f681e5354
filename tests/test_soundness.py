"""Compiled code is never silently wrong: probes of every kind that once were.

Each probe is a function of one number whose way depends on it in a manner of its own: a
comparison with a number that is no float, an error that is caught, text, a type, an
object. It is called at many points in two orders, in each compiled way, and has to give
what floats or the engine give there.
"""

from __future__ import annotations

import bisect
import cmath
import contextlib
import functools
import itertools
import json
import math
import numbers as numeric
import operator
import statistics
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from compiled import order_count, points_of
from soundness import WAYS, alike, outcome, wrong_calls, wrong_rows

from autograd import grad, jit, value_and_grad, vmap
from autograd import math as am
from autograd.compiler import trace
from autograd.compiler.record import bounds
from autograd.primitives import TABLE, relations

POINTS = [0.5, 1.5, 2.5, 1.0, 2.0, -1.0, 0.0, 1.1]
FIRST = {way: WAYS[way] for way in ("jit", "jit of value_and_grad")}
SECOND = {way: both for way, both in WAYS.items() if way not in FIRST}
EDGES = np.array([1.0, 2.0])
SINGLE = np.array([1.1, 2.2], dtype=np.float32)
TAXES = np.array([[0.0, 0.1], [1.0, 0.2], [2.0, 0.4]])
FRAME = pd.DataFrame({"edge": [1.0, 2.0], "rate": [0.3, 0.6]})
PROBES = {}


def probe(f):
    PROBES[f.__name__] = f
    return f


def either(name, condition):
    """Enter the probe that does one thing where a condition holds, else another."""
    PROBES[name] = lambda x: 2.0 * x * x if condition(x) else 5.0 * x - 1.0


# --- Comparisons with numbers that are no floats ------------------------------------

SCALARS = {
    "float64": np.float64(1.5), "float32": np.float32(1.1), "float16": np.float16(1.1),
    "longdouble": np.longdouble(1.5), "int64": np.int64(2), "int8": np.int8(1),
    "uint8": np.uint8(1), "bool_": np.bool_(True), "bool": True, "int": 2,
    "huge": 10**400, "minus_huge": -(10**400), "large": 2**53 + 1,
    "fraction": Fraction(3, 2), "third": Fraction(1, 3), "decimal": Decimal("1.5"),
    "tenth": Decimal("1.1"), "array0": np.array(1.5), "array0i": np.array(2),
    "nan": np.float64("nan"), "inf32": np.float32("inf"), "cell": FRAME["edge"][0],
    "decimal_nan": Decimal("NaN"),
}  # fmt: skip
RELATIONS = {
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
    "eq": operator.eq, "ne": operator.ne,
}  # fmt: skip
for (word, scalar), (relation, holds) in itertools.product(
    SCALARS.items(), RELATIONS.items()
):
    if relation in {"le", "eq"}:
        either(f"x_{relation}_{word}", lambda x, c=scalar, holds=holds: holds(x, c))
    if relation == "gt":
        either(f"{word}_{relation}_x", lambda x, c=scalar, holds=holds: holds(c, x))

either("array_all", lambda x: (x > EDGES).all())
either("array_any_reflected", lambda x: (x > EDGES).any())
either("array_equal", lambda x: (x == EDGES).any())
either("array_not_equal", lambda x: (x != EDGES).all())
either("single_array", lambda x: (x >= SINGLE).sum() == 1)
either("whole_array", lambda x: (x >= np.arange(3)).sum() == 2)
either("bool_array", lambda x: (x > np.array([True, False])).all())
either("object_array", lambda x: (x > np.array([0.5, 2], dtype=object)).any())
either("in_tuple", lambda x: x in (1.0, np.int64(2), Fraction(1, 2)))
either("in_array", lambda x: x in EDGES)
either("in_set", lambda x: x in {1.0, 2.0})
either("in_dict", lambda x: x in {0.5: 1, 1.5: 2})
either("equal_lists", lambda x: [x, 1.0] == [2.0, 1.0])
either("equal_tuples", lambda x: (x,) < (1.5,))
either("equal_dicts", lambda x: {"a": x} == {"a": 1.0})
either("complex", lambda x: x == 1 + 0j)
either("complex_never", lambda x: x == 1 + 1j)
either("none", lambda x: x is None or x == "1.0")
either("dunder", lambda x: x.__lt__(1.5))
either("dunder_eq", lambda x: x.__eq__(np.float32(1.5)))
either("truth", lambda x: not x)
either("isclose", lambda x: am.isclose(x, np.float64(1.1)))
either("attrgetter", lambda x: operator.le(x, FRAME["edge"].iloc[1]))
either("series", lambda x: (FRAME["edge"] > x).any())
either("series_reflected", lambda x: (x < FRAME["edge"]).any())


@dataclass(order=True, frozen=True)
class Money:
    amount: float


class Bound:
    """A number of a user's own."""

    def __init__(self, x):
        self.x = x

    def __gt__(self, other):
        return self.x > other

    def __eq__(self, other):
        return self.x == other

    __hash__ = None


either("users_number", lambda x: x < Bound(1.5))
either("users_number_equal", lambda x: x == Bound(1.5))
either("money", lambda x: Money(x) < Money(1.5))


@probe
def tax(x):
    total = 0.0 * x
    for low, rate in TAXES:
        if x > low:
            total = total + (x - low) * rate
    return total


@probe
def counted(x):
    return x * int((x > EDGES).sum()) + x


@probe
def steps(x):
    y = x * 1.0
    for k in np.arange(4):
        if x > k:
            y = y * 1.5
    return y


@probe
def brackets(x):
    return 2 * x if x < EDGES[0] else 3 * x if x < EDGES[1] else 4 * x


PROBES |= {
    "min32": lambda x: min(x, np.float32(1.5)) * x,
    "max_fraction": lambda x: max(x, Fraction(3, 2)) * x,
    "bisect": lambda x: x * bisect.bisect(EDGES, x) + x,
    "bisect_left": lambda x: x * bisect.bisect_left([1, Fraction(3, 2)], x) + x,
    "searchsorted": lambda x: x * (1 + np.searchsorted(EDGES, x)),
    "digitize": lambda x: x * (1 + sum(x >= e for e in SINGLE)),
    "sorted": lambda x: sorted([x, np.float64(1.2), 2])[1] * x,
    "index": lambda x: x * [1.0, x, 3.0].index(x) + x,
    "count": lambda x: x * [1.0, 2, np.float32(2)].count(x) + x,
    "maximum": lambda x: np.maximum(np.array([x, 1.0], dtype=object), 1.5)[0] * x,
    "sign": lambda x: np.sign(np.array([x], dtype=object))[0] * x * x,
    "argmax": lambda x: x * np.argmax(np.array([x, 1.2, 0.1], dtype=object)) + x,
    "where": lambda x: np.where(x > EDGES, 2.0, 3.0).sum() * x,
    "lookup": lambda x: {True: 2 * x, False: 3 * x}[bool(x > np.float16(1.1))],
    "median": lambda x: statistics.median([x, 1.0, 2.0]) * x,
    "frexp": lambda x: x * am.frexp(x)[1],
    "table": lambda x: FRAME[FRAME["edge"] <= 1.5]["rate"].iloc[0] * x,
    "nlargest": lambda x: max([1, x, np.int64(2)], key=lambda y: -y) * x,
    "clip": lambda x: am.clip(x, np.float32(0.5), 2) * x,
}


# --- Errors that are caught, conversions that are refused, text, types --------------


@probe
def caught_log(x):
    try:
        return am.log(x)
    except ValueError:
        return -x * x


@probe
def caught_anything(x):
    try:
        return am.log(x) * am.sqrt(x - 0.75)
    except Exception:  # noqa: BLE001 - as people write
        return -x * x


@probe
def caught_bare(x):
    try:
        return 1.0 / (x - 1.0)
    except:  # noqa: E722 - as people write
        return x * x * x


@probe
def suppressed(x):
    y = x * 0.5
    with contextlib.suppress(ValueError, ZeroDivisionError):
        y = am.sqrt(x)
    return y * x


@probe
def unused_but_raising(x):
    try:
        am.log(x)
        return x * 3.0
    except ValueError:
        return -x


@probe
def caught_division(x):
    try:
        return x / (x - 2.0) if x != 3.0 else x
    except ZeroDivisionError:
        return x * x


@probe
def caught_overflow(x):
    try:
        return am.exp(x * 400.0)
    except OverflowError:
        return x


@probe
def caught_by_kind(x):
    try:
        return (x - 1.0) ** -0.5
    except ZeroDivisionError:
        return 3.0 * x
    except (ValueError, TypeError):
        return 7.0 * x


@probe
def caught_power(x):
    try:
        return x**-1 * (x * 1e200) ** 2
    except ZeroDivisionError:
        return x
    except OverflowError:
        return 2.0 * x


@probe
def swallowed_exp(x):
    try:
        return x * math.exp(x)
    except Exception:  # noqa: BLE001 - as people write
        return 1e3 * x


@probe
def swallowed_float(x):
    try:
        return float(x) * x
    except TypeError:
        return -x


@probe
def swallowed_data(x):
    try:
        return x * x.data
    except Exception:  # noqa: BLE001 - as people write
        return 7.0 * x


@probe
def swallowed_and_raised(x):
    try:
        return x * math.sin(x)
    except TypeError as error:
        raise ValueError("no number") from error


@probe
def swallowed_complex(x):
    try:
        return abs(cmath.exp(x)) * x
    except TypeError:
        return x


@probe
def swallowed_json(x):
    try:
        return len(json.dumps(x)) * x
    except TypeError:
        return x


@probe
def else_and_finally(x):
    y = 2.0 * x
    try:
        z = am.sqrt(x - 1.0)
    except ValueError:
        y = y - 1.0
    else:
        y = y * z
    finally:
        y = y + x
    return y


@probe
def in_a_loop(x):
    total = 0.0 * x
    for k in range(4):
        try:
            total = total + am.log(x - k + 0.25)
        except ValueError:
            break
    return total


either("text", lambda x: f"{x:.0f}" == "2")
either("repr", lambda x: repr(x) == "2.5")
either("str", lambda x: str(x).startswith("-"))
either("hash", lambda x: hash(x) == hash(2.0))
either("is_integer", lambda x: x.is_integer())
either("ratio", lambda x: x.as_integer_ratio()[1] == 2)
either("hex", lambda x: x.hex().startswith("-"))
either("real", lambda x: x.real > 1.2)
either("int", lambda x: _int(x) == 2)
either("isinstance_float", lambda x: isinstance(x, float) and x > 1.2)
either("isinstance_real", lambda x: isinstance(x, numeric.Real) and x > 1.2)
either("isinstance_list", lambda x: isinstance(x, list) or x > 1.2)
either("class", lambda x: x.__class__ is float and x > 1.2)


def _int(x):
    try:
        return int(x)
    except TypeError:
        return 2


@functools.singledispatch
def dispatched(x):
    return 3.0 * x


@dispatched.register
def _(x: float):
    return 2.0 * x if x > 1.2 else -x


@probe
def matched(x):
    match x:
        case 1.0 | 2.0:
            return 3.0 * x
        case float() if x > 1.2:
            return x * x
        case _:
            return -x


PROBES |= {
    "dispatched": dispatched,
    "copied": lambda x: _copied(x) * x,
    "rounded": lambda x: round(x, 0) * x,
    "floored": lambda x: math.floor(x) * x + x // 1.0,
    "length": lambda x: x * len(f"{x:.3g}"),
}


def _copied(x):
    import copy

    return copy.copy(x) + copy.deepcopy([x])[0]


# --- What else a function may hold its numbers in -----------------------------------


@probe
def in_a_namespace(x):
    box = SimpleNamespace(value=x, kind="a")
    box.value = box.value * 2.0
    return box.value if box.value > np.float64(2.0) else -box.value


@probe
def in_an_object_array(x):
    a = np.array([x, 2.0 * x, 1.0], dtype=object)
    return a[a > 1.0].sum() + a.min()


@probe
def in_a_generator(x):
    return sum(y for y in (x, x * x, 1.0) if y > Decimal("1.1")) + x


@probe
def in_a_dict(x):
    found = {"a": x, "b": x * x}
    return max(found.values()) * min(found.values(), key=lambda y: y - 1)


# Of one probe, each form of the engine runs some of the ways.
@pytest.mark.shared
@pytest.mark.parametrize("ways", [FIRST, SECOND], ids=", ".join)
@pytest.mark.parametrize("name", PROBES)
def test_a_probe_is_right_in_each_compiled_way_at_each_point(name, ways):
    f = PROBES[name]
    assert not wrong_calls(f, POINTS, ways)
    if ways is FIRST:
        assert not wrong_rows(f, POINTS)


def test_a_probe_that_is_wrong_is_found():
    leak = []

    def f(x):
        leak.append(0)
        return 2.0 * x if len(leak) < 9 else 3.0 * x

    assert wrong_calls(f, POINTS, {"jit": WAYS["jit"]})


# --- The domain, in derivatives -----------------------------------------------------


def of_row(row):
    """Return a row as a function of its numbers, all orders 1, and their count."""
    orders = [1.0] * order_count(row)
    count = (row.arity or 4) - len(orders)
    return (lambda *xs: row(*orders, *xs)), count


ROWS = [row for row in TABLE.values() if of_row(row)[1] > 0]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_compiled_derivative_raises_where_the_engine_does_and_nowhere_else(row):
    f, count = of_row(row)
    points = points_of(row, 6, row.arity or 4)
    points = [xs[:count] for xs in itertools.islice(points, 50)]
    for derive in (grad, value_and_grad):
        expected = derive(f, tuple(range(count)))
        compiled = jit(expected)
        for xs in points:
            found, right = outcome(compiled, *xs), outcome(expected, *xs)
            huge = not isinstance(right, type) and max(map(abs, right)) > 1e300
            assert alike(found, right) or (huge and not isinstance(found, type)), xs


BAD = {
    "log": (am.log, -0.7), "log2": (am.log2, -0.7), "log10": (am.log10, 0.0),
    "log1p": (am.log1p, -1.5), "atanh": (am.atanh, 2.0), "logit": (am.logit, 1.5),
    "xlogy": (lambda x: am.xlogy(2.0, x), -1.0), "floor": (am.floor, math.inf),
    "floordiv": (lambda x: 1.0 // x + x, 0.0), "round": (round, math.nan),
    "clip": (lambda x: am.clip(0.5, x, 0.6), 1.0),
    "ldexp": (lambda x: am.ldexp(x, 1000), 1e200),
    "fma": (lambda x: am.fma(x, x, 1.0), 1e200), "square": (lambda x: x**2, 1e200),
    "power": (lambda x: x**-1, 0.0), "sin": (am.sin, math.inf),
    "inner": (lambda x: am.tanh(am.log(x)), -1.0),
    "dead": (lambda x: (am.sqrt(x), 2.0 * x)[1], -1.0),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_derivative_beyond_the_domain_raises_as_the_engine_does(name):
    f, bad = BAD[name]
    for derive in (grad, lambda f: grad(grad(f)), value_and_grad):
        expected = outcome(derive(f), bad)
        assert isinstance(expected, type)
        compiled = jit(derive(f))
        assert outcome(compiled, 0.55) == pytest.approx(outcome(derive(f), 0.55))
        assert outcome(compiled, bad) is expected
        assert outcome(compiled, 0.55) == pytest.approx(outcome(derive(f), 0.55))
        with pytest.raises(expected):
            vmap(derive(f))(np.array([0.55, 0.6, bad]))


def test_there_are_as_many_probes_as_promised():
    batches = 4  # f and its gradient, in two orders
    probes = len(PROBES) * (len(WAYS) + batches) + 2 * len(ROWS) + 4 * len(BAD)
    assert probes >= 1_500


def test_a_dead_logarithm_costs_a_comparison_and_no_logarithm():
    compiled = jit(grad(am.log))
    assert compiled(2.0) == 0.5
    assert "log" not in compiled.source("llvm").replace("@log", "")
    assert len(compiled.programs) == 1


# --- Bounds -------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("name", SCALARS)
def test_a_bound_says_what_the_number_itself_says_next_to_it(name):
    c = SCALARS[name]
    if isinstance(c, np.ndarray):
        c = c[()]
    try:
        middle = float(c)
    except OverflowError:
        middle = 1.7e308 if c > 0 else -1.7e308
    near = [middle, math.nextafter(middle, math.inf), math.nextafter(middle, -math.inf)]
    steps = [1e-8, -1e-8, 3e-5, -3e-5, 1e-3, -1e-3]
    near += [middle * (1.0 + e) for e in steps] + [0.0, -0.0, math.inf, -math.inf]
    for relation, holds in relations.RELATIONS.items():
        if name == "decimal_nan" and relation[0] in "<>":
            continue  # Python raises
        for x, y in itertools.product(near, near):
            asked = list(bounds.asked(relation, x, c, bool(holds(x, c))))
            same = all(relations.RELATIONS[r](y, b) == held for r, b, held in asked)
            if same:
                assert bool(holds(y, c)) == bool(holds(x, c)), (relation, x, y)
            if x == y:
                assert same


def test_thousands_of_edges_are_two_guards():
    edges = np.linspace(0.0, 1.0, 5_000)
    program = trace(lambda x: x * int((x > edges).sum()), 0.50005)
    assert len(program.guards) == 2


def test_what_raised_and_was_caught_is_a_way_of_its_own():
    compiled = jit(caught_log)
    for x in (-1.0, 2.0, -3.0, 5.0):
        assert compiled(x) == caught_log(x)
    assert len(compiled.programs) == 2
    assert not compiled.why_eager


# --- No false alarms ----------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * am.frexp(x)[1],
        lambda x: [x, 2.0 * x, 3.0][int_of_way(x)] * x,
        lambda x: {1.0: x}[1.0] if x < 4.5 else {1.0: x}[2.0],
        lambda x: x if x <= 4.0 else SimpleNamespace(a=x).b,
        lambda x: x if x < 4.0 else strange(x),
    ],
    ids=["frexp", "index", "key", "attribute", "its own"],
)
def test_the_hunt_for_leaks_gives_no_false_alarm(f):
    for k in range(40):
        x = 1.0 + k / 13.0 if k < 38 else 3.999
        if isinstance(outcome(f, x), type):
            continue
        assert jit(f)(x) == pytest.approx(f(x))
        assert not jit(f).why_eager


def int_of_way(x):
    return sum(x > k for k in (1.5, 2.5, 3.5, 4.5))


class StrangeError(Exception):
    """What a library says to a number that nobody passed."""


def strange(x):
    raise StrangeError(x > 3)


def test_infinite_arguments_stay_what_they_are_while_leaks_are_hunted():
    compiled = jit(lambda x, y: am.minimum(x, 3.0) * y)
    assert compiled(math.inf, 2.0) == 6.0
    assert compiled(-math.inf, 0.5) == -math.inf


def test_why_a_function_runs_eagerly_is_told_when_asked():
    compiled = jit(lambda x: x * len(f"{x:.3g}"))
    assert compiled.why_eager == ""
    assert compiled(2.5) == 7.5
    assert "text" in compiled.why_eager
    rows = vmap(lambda x: x * len(f"{x:.3g}"))
    assert rows(np.array([2.5, 3.0])).tolist() == [7.5, 3.0]
    assert "text" in rows.why_eager
