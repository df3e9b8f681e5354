"""What a user's primitive does with bad functions, partials and arguments: it says so.

Nothing of this may pass in silence, for what would come of it is a wrong derivative.
"""
# ruff: noqa: ARG005 - each partial gets the output and all arguments, needed or not

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from autograd import Value, grad, hessian, no_grad, primitive
from autograd import math as am

# --- Domain errors: f's own, and naming the operands --------------------------------


class OutOfRangeError(ValueError):
    pass


class OddlyMadeError(ValueError):
    def __init__(self, code, reason):
        super().__init__(code, reason)
        self.code = code


def raising(error):
    def f(x, limit):
        raise error

    zero = lambda y, x, limit: 0.0  # noqa: E731
    return primitive(f, [zero, zero], name="f")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("out"),
        OverflowError("out"),
        ZeroDivisionError(34, "out"),
        OutOfRangeError("out"),
    ],
    ids=repr,
)
def test_a_domain_error_of_f_names_operation_and_operands_and_shows_where(error):
    f = raising(error)
    with pytest.raises(type(error), match=r"^out: f\(x, 2\.0\) at x = 1\.0$") as caught:
        f(Value(1.0, "x"), 2)
    assert type(caught.value) is type(error)
    assert caught.value.__cause__ is error  # whose traceback leads into f


def test_a_domain_error_of_one_argument_is_named_too():
    logarithm = primitive(math.log, lambda y, x: 1.0 / x, name="logarithm")
    with pytest.raises(ValueError, match=r"domain error: logarithm\(x\) at x = -1\.0"):
        logarithm(Value(-1.0, "x"))
    with pytest.raises(ValueError, match=r"^math domain error$"):
        logarithm(-1.0)


def test_an_error_without_words_or_of_an_odd_class_stays_what_it_is():
    with pytest.raises(ValueError, match=r"^ValueError: f\(x, 2\.0\)"):
        raising(ValueError())(Value(1.0, "x"), 2.0)
    odd = OddlyMadeError(7, "out")
    with pytest.raises(OddlyMadeError) as caught:
        raising(odd)(Value(1.0, "x"), 2.0)
    assert caught.value is odd
    assert (odd.code, odd.__notes__) == (7, ["out: f(x, 2.0) at x = 1.0"])


def test_any_other_error_of_f_comes_through_as_it_is():
    error = KeyError("table")
    with pytest.raises(KeyError) as caught:
        raising(error)(Value(1.0), 2.0)
    assert caught.value is error


def test_an_error_of_a_partial_has_a_note_that_names_it():
    def slope(y, length, mass):
        return y / (length - 1.0)

    root = primitive(lambda length, mass: length, [slope, slope], name="root")
    with pytest.raises(ZeroDivisionError) as caught:
        root(1.0, Value(2.0))
    assert caught.value.__notes__ == [
        "raised by the partial of root by mass, at (1.0, 2.0)"
    ]


# --- Making it ----------------------------------------------------------------------


def product(a, b):
    return a * b


BY_A, BY_B = (lambda y, a, b: b), (lambda y, a, b: a)


@pytest.mark.parametrize(
    ("f", "partials", "lesson"),
    [
        (2.0, [BY_A], "takes a function of floats, not 2.0"),
        (Value(2.0), [BY_A], "takes a function of floats, not Value"),
        (product, None, r"one function for each argument.*not None"),
        (product, 3.0, r"one function for each argument.*not 3.0"),
        (product, [], r"one function for each argument.*not \[\]"),
        (product, [BY_A, 1.0], "a constant one is a function too: lambda y, x: 2.0"),
        (product, BY_A, r"product\(a, b\) cannot be called with 1 argument, but has 1"),
        (product, [BY_A], "give one partial for each argument"),
        (product, [BY_A] * 3, r"with 3 arguments, but has 3 partials"),
        (lambda x, *, k: k * x, lambda y, x: 1.0, r"\(x, \*, k\) cannot.* in.* lambda"),
        (special.jv, [BY_A], "jv.*cannot be called with 1 argument"),
        (math.sin, [BY_A, BY_B], r"sin\(x, /\) cannot be called with 2 arguments"),
        (math.sin, lambda x: -am.cos(x), r"3?2 numbers in all.*lambda y, x: \.\.\."),
        (product, [BY_A, lambda a, b: a], "partial of product by b.*lambda y, a, b"),
        (
            max,
            [BY_A, lambda a, b: a],
            "partial of max by argument 2.*lambda y, \\*args",
        ),
    ],
    ids=range(15),
)
def test_what_is_no_function_with_a_partial_for_each_argument_is_refused(
    f, partials, lesson
):
    with pytest.raises(TypeError, match=lesson):
        primitive(f, partials)


def test_defaults_and_any_number_of_arguments_are_as_many_as_there_are_partials():
    def scaled(x, factor=3.0):
        return factor * x

    assert grad(primitive(scaled, lambda y, x: 3.0))(1.0) == 3.0
    both = primitive(scaled, [lambda y, x, k: k, lambda y, x, k: x])
    assert grad(both, (0, 1))(2.0, 5.0) == (5.0, 2.0)
    total = primitive(
        lambda *xs: xs[0] + xs[1] + xs[2], [lambda y, *xs: 1.0] * 3, name="total"
    )
    assert grad(total, 2)(1.0, 2.0, 3.0) == 1.0
    # A function in C may not tell what it takes; then the first call does.
    assert grad(primitive(max, [lambda *_: 0.0, lambda *_: 1.0]), 1)(1.0, 2.0) == 1.0


@pytest.mark.parametrize("name", ["", 3, b"f"], ids=repr)
def test_a_name_is_a_string(name):
    with pytest.raises(TypeError, match="a primitive's name is a string"):
        primitive(math.sin, lambda y, x: am.cos(x), name=name)


# --- Calling it ---------------------------------------------------------------------

times = primitive(product, [BY_A, BY_B], name="times")


def test_a_wrong_number_of_arguments_is_refused():
    for arguments in ((1.0,), (Value(1.0),), (1.0, 2.0, 3.0), (Value(1.0), 2.0, 3.0)):
        n = len(arguments)
        with pytest.raises(TypeError, match=rf"times\(\) takes 2 arguments, not {n}"):
            times(*arguments)
    with pytest.raises(TypeError, match=r"sine\(\) takes 1 argument, not 2"):
        primitive(math.sin, lambda y, x: am.cos(x), name="sine")(Value(1.0), 2.0)


def test_keyword_arguments_are_refused():
    for a in (1.0, Value(1.0)):
        with pytest.raises(TypeError, match="unexpected keyword argument 'b'"):
            times(a, b=2.0)


@pytest.mark.parametrize(
    "bad", ["2", None, 1j, [1.0], np.ones(2), np.array(1.0), object()], ids=repr
)
def test_an_argument_that_is_no_number_is_refused(bad):
    with pytest.raises(TypeError, match=r"times takes floats and Values, not .*times"):
        times(1.0, bad)
    with pytest.raises(TypeError, match="cannot be combined with"):
        times(Value(1.0), bad)


BAD_RESULTS = [
    None, "2", 1j, np.complex128(1.0), (1.0, 2.0), [1.0], np.ones(2), np.array(1.0),
    print,
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD_RESULTS, ids=repr)
def test_a_function_that_returns_no_number_is_refused(bad):
    f = primitive(lambda x: bad, lambda y, x: 1.0, name="f")
    for x in (1.0, Value(1.0)):
        with pytest.raises(TypeError, match=r"f returned .* one real number.*\.real"):
            f(x)
    with no_grad(), pytest.raises(TypeError, match="f returned"):
        f(Value(1.0))


@pytest.mark.parametrize("bad", BAD_RESULTS, ids=repr)
def test_a_partial_that_returns_no_number_is_refused(bad):
    f = primitive(lambda x, k: k * x, [BY_A, lambda y, x, k: bad], name="f")
    assert f(1.0, 2.0) == f(Value(1.0), 2.0).data == 2.0
    for operands in ((1.0, Value(2.0)), (Value(1.0), Value(2.0))):
        with pytest.raises(
            TypeError, match=r"the partial of f by k returned .*one real"
        ):
            f(*operands)


def test_a_partial_that_returns_no_number_for_values_alone_is_refused():
    f = primitive(
        lambda x: x * x,
        lambda y, x: None if isinstance(x, Value) else 2.0 * x,
        name="f",
    )
    assert grad(f)(3.0) == 6.0
    with pytest.raises(TypeError, match="the partial of f by x returned None"):
        grad(grad(f))(3.0)


def test_a_value_that_is_no_argument_is_refused_in_f_and_in_its_partials():
    w = Value(2.0, name="w")
    f = primitive(lambda x: w * x, lambda y, x: 2.0, name="f")
    for x in (1.0, Value(1.0)):
        with pytest.raises(TypeError, match=r"f returned a Value.* an argument"):
            f(x)
    g = primitive(lambda x: 2.0 * x, lambda y, x: w, name="g")
    with pytest.raises(TypeError, match="the partial of g by x returned a Value"):
        g(Value(1.0))


@pytest.mark.parametrize(
    "number",
    [3, True, np.float32(3.0), np.float64(3.0), np.int64(3)],
    ids=lambda number: type(number).__name__,
)
def test_any_real_number_is_taken_and_becomes_a_float(number):
    f = primitive(lambda x: number, lambda y, x: number, name="f")
    y = f(Value(1.0))
    assert type(y.data) is type(y.partials[0]) is type(f(number)) is float
    assert y.data == y.partials[0] == float(number)
    assert grad(grad(f))(1.0) == 0.0


# --- Partials for floats only: right once, and never silently wrong after that -------

ONLY_FLOATS = {
    "math": lambda y, x: -math.sin(x),
    "float": lambda y, x: -am.sin(float(x)),
    "scipy": lambda y, x: -special.j0(x) * 0.0 - math.sin(x),
    "attribute": lambda y, x: -am.sin(float.fromhex(x.hex())),
}


@pytest.mark.parametrize("partial", ONLY_FLOATS.values(), ids=ONLY_FLOATS)
def test_a_partial_for_floats_only_gives_the_first_order_and_refuses_the_second(
    partial,
):
    f = primitive(math.cos, partial, name="f")
    assert grad(f)(1.0) == -math.sin(1.0)
    for second in (grad(grad(f)), hessian(f)):
        with pytest.raises(
            TypeError, match=r"the partial of f by x works on floats only.*autograd\.m"
        ) as caught:
            second(1.0)
        assert isinstance(caught.value.__cause__, (TypeError, AttributeError))


def number_of(x):
    return x.data if isinstance(x, Value) else x


def unrecorded(x):
    with no_grad():
        return am.sin(x)


CUT_OFF = {
    "data": lambda y, x: -math.sin(number_of(x)),
    "output": lambda y, x: -math.sin(math.acos(number_of(y))),
    "detach": lambda y, x: -am.sin(x.detach() if isinstance(x, Value) else x),
    "leaf": lambda y, x: (
        Value(-math.sin(x.data)) if x.__class__ is Value else -am.sin(x)
    ),
    "no_grad": lambda y, x: -unrecorded(x),
}


@pytest.mark.parametrize("x", [1.0, 1e-7, 3.0, 1e-150])
@pytest.mark.parametrize("partial", CUT_OFF.values(), ids=CUT_OFF)
def test_a_partial_that_drops_its_value_gives_the_first_order_and_no_wrong_second(
    partial, x
):
    f = primitive(math.cos, partial, name="f")
    assert grad(f)(x) == pytest.approx(-math.sin(x), rel=1e-12, abs=1e-8)
    with pytest.raises(
        TypeError,
        match=r"the partial of f by x depends on (argument 1|the output), but",
    ):
        grad(grad(f))(x)


def test_a_partial_that_drops_one_value_of_two_is_refused():
    f = primitive(
        lambda a, b: a * b * b,
        [lambda y, a, b: number_of(b) ** 2, lambda y, a, b: 2.0 * a * b],
        name="f",
    )
    assert grad(f, (0, 1))(2.0, 3.0) == (9.0, 12.0)
    assert grad(grad(f, 1), 1)(2.0, 3.0) == 4.0
    with pytest.raises(TypeError, match="the partial of f by a depends on argument 2"):
        hessian(lambda p: f(p[0], p[1]))([2.0, 3.0])
    g = primitive(
        lambda a, b: 0.5 * a * a * b,
        [lambda y, a, b: a * number_of(b), lambda y, a, b: 0.5 * a * a],
        name="g",
    )
    assert grad(grad(g, 1))(2.0, 3.0) == 2.0
    with pytest.raises(TypeError, match="the partial of g by a depends on argument 2"):
        grad(grad(g), 1)(2.0, 3.0)


def test_at_the_border_of_its_domain_the_side_that_is_there_decides():
    f = primitive(
        lambda x: math.sqrt(x) * x,
        lambda y, x: 1.5 * math.sqrt(number_of(x)),
        name="f",
    )
    for x in (0.0, 1e-300):
        with pytest.raises(TypeError, match="depends on argument 1"):
            grad(grad(f))(x)
    step = primitive(lambda x: math.sqrt(x) * 0.0 + x, lambda y, x: 1.0, name="step")
    assert grad(grad(step))(0.0) == 0.0
