from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd import Value
from autograd import math as functions
from autograd.expression import (
    CONSTANTS,
    FUNCTIONS,
    LEFT_OUT,
    MAX_DEPTH,
    MAX_LENGTH,
    Expression,
)

ERRORS = (ArithmeticError, NameError, SyntaxError, TypeError, ValueError)

numbers = st.floats(0.1, 9.0).map(lambda x: f"{x:.3g}")
atoms = st.sampled_from(["x", "y", "pi"]) | numbers


def compose(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return strategies for all that is on the white list."""
    operators = st.sampled_from(["+", "-", "*", "/", "//", "%", "**"])
    signs = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    unary = st.sampled_from(["tanh", "sigmoid", "exp", "relu", "abs", "atan"])
    return st.one_of(
        st.builds("({} {} {})".format, parts, operators, parts),
        st.builds("{}({})".format, unary, parts),
        st.builds("{}({})".format, st.sampled_from(["-", "+"]), parts),
        st.builds(
            "({} if {} {} {} else {})".format, *[parts, parts, signs] + [parts] * 2
        ),
        st.builds("hypot({}, {})".format, parts, parts),
        st.builds("fsum([{}, {}])".format, parts, parts),
        st.builds("max({}, {})".format, parts, parts),
        st.builds("({0} < {1} < {0}) * {1}".format, parts, parts),
    )


expressions = st.recursive(atoms, compose, max_leaves=12)


def refusal(text: str, **values: float) -> str:
    with pytest.raises(ERRORS) as caught:
        Expression(text)(values)
    error = caught.value
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    assert "\n" not in message
    return str(message)


@given(expressions, st.floats(0.2, 3.0), st.floats(-3.0, 3.0))
def test_an_expression_is_worth_what_python_says(text: str, x: float, y: float) -> None:
    names = {"x": x, "y": y}
    known = vars(math) | FUNCTIONS | {"__builtins__": {}}
    try:
        expected = eval(text, known, names)  # noqa: S307 - the text is our own
    except ERRORS:
        return
    if not isinstance(expected, complex) and not math.isnan(expected):
        assert Expression(text)(names) == expected


@given(expressions, st.floats(0.2, 3.0), st.floats(-3.0, 3.0))
def test_values_give_the_same_number_as_floats(text: str, x: float, y: float) -> None:
    expression = Expression(text)
    try:
        expected = expression({"x": x, "y": y})
    except (ArithmeticError, ValueError) as error:
        with pytest.raises(type(error)):
            expression({"x": Value(x), "y": Value(y)})
        return
    got = expression({"x": Value(x), "y": Value(y)})
    number = got.data if isinstance(got, Value) else got
    assert number == pytest.approx(expected, rel=0.0, abs=0.0, nan_ok=True)


@given(st.text())
@example("9**9**9**9")
@example("(" * 3000)
@example("-" * 4900 + "x")
@example("x" + "+x" * 2400)
@example("[" * 4000)
@example("exp(" * 190 + "x" + ")" * 190)
@example("x if x else " * 400 + "x")
@example("floor(1e308)**floor(1e308)**9")
@example("9" * 4999)
def test_whatever_is_typed_is_answered(text: str) -> None:
    try:
        result = Expression(text)({"x": Value(1.0)})
    except ERRORS:
        result = 0.0
    assert isinstance(result, Value | float)


def test_only_a_few_operators_make_the_graph_of_an_expression() -> None:
    w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(0.1, "b")
    y = Expression("tanh(w*x + b)")({"w": w, "x": x, "b": b})
    assert isinstance(y, Value)
    y.backward()
    assert y.data == math.tanh(1.1)
    slope = 1.0 / math.cosh(1.1) ** 2
    assert (w.grad, x.grad, b.grad) == pytest.approx((2 * slope, slope / 2, slope))


def test_names_are_listed_once_in_the_order_of_the_text() -> None:
    assert Expression("b + exp(a*b) + pi").names == ("b", "a", "pi")
    assert Expression("fsum([c, a]) if b > 0 else d").names == ("b", "c", "a", "d")


def test_a_name_may_be_that_of_a_function_or_a_constant() -> None:
    assert Expression("gamma*e")({"gamma": 2.0, "e": 3.0}) == 6.0
    assert Expression("e")({}) == math.e


def test_a_name_is_read_as_python_reads_it() -> None:
    assert Expression("\uff58 + \u00b5")({"x": 1.0, "\u03bc": 2.0}) == 3.0


def test_only_the_chosen_branch_is_computed() -> None:
    log_or_zero = Expression("log(x) if x > 0 else 0")
    assert log_or_zero({"x": 1.0}) == 0.0
    assert log_or_zero({"x": -1.0}) == 0.0


def test_comparisons_chain() -> None:
    between = Expression("1 < x <= 2")
    assert [between({"x": x}) for x in (1.0, 1.5, 2.0, 2.5)] == [0.0, 1.0, 1.0, 0.0]


def test_an_expression_may_go_over_several_lines() -> None:
    assert Expression("x\n  + 1").text == "x + 1"


@pytest.mark.parametrize(
    ("text", "named", "instead"),
    [
        ("x.data", "'x.data' is an attribute", "not possible"),
        ("().__class__.__bases__", "'().__class__.__bases__'", "not possible"),
        ("math.tanh(x)", "'math.tanh'", "write tanh alone"),
        ("__import__('os')", "no function __import__", "autograd.math"),
        ("eval('1')", "no function eval", "autograd.math"),
        ("tanhh(x)", "no function tanhh", "did you mean tanh"),
        ("ln(x)", "no function ln", "log(x)"),
        ("softmax([x])", "no function softmax", "no single float"),
        ("(lambda: 1)()", "'(lambda: 1)()'", "by its name"),
        ("f(x)(x)", "'f(x)(x)'", "by its name"),
        ("lambda: x", "'lambda: x' is not possible", "consists of numbers"),
        ("x[0]", "'x[0]' is not possible", "consists of numbers"),
        ("{x}", "'{x}' is not possible", "consists of numbers"),
        ("(y := x)", "'y := x' is not possible", "consists of numbers"),
        ("x @ x", "'x @ x' is not possible", "consists of numbers"),
        ("~x", "'~x' is not possible", "consists of numbers"),
        ("x is x", "'x is x' is not possible", "consists of numbers"),
        ("f'{x}'", "is not possible", "consists of numbers"),
        ("tanh(*x)", "'*x' is not possible", "consists of numbers"),
        ("x^2", "'x^2'", "x**2"),
        ("x and x", "'x and x'", "0 < x < 1"),
        ("not x", "'not x'", "0 < x < 1"),
        ("'abc'", "\"'abc'\" is not a real number", "0.5"),
        ("2j", "'2j' is not a real number", "0.5"),
        ("True", "'True' is not a real number", "0.5"),
        ("None", "'None' is not a real number", "0.5"),
        ("1" * 400, "is too large for a float", "write inf"),
        ("leaky_relu(x, slope=1)", "slope=1", "by its place"),
        ("[x, x]", "'[x, x]'", "fsum([x, y, z])"),
        ("exp([x])", "'[x]'", "fsum([x, y, z])"),
        ("fsum(x)", "fsum() takes lists", "fsum([x, y, z])"),
        ("fsum([[x]])", "'[x]'", "fsum([x, y, z])"),
        ("sumprod([x], x)", "sumprod() takes lists", "[w1, w2], [x1, x2]"),
        ("tanh(x, x)", "tanh() takes 1", "not 2"),
        ("tanh", "tanh is a function", "write tanh(x)"),
        ("x + y*z", "no value for y, z", "write y=1.0 z=1.0"),
        ("", "empty", "tanh(w*x + b)"),
        (" \n", "empty", "tanh(w*x + b)"),
        ("x" * (MAX_LENGTH + 1), "5,001 characters", "in Python"),
        ("x" + " + x" * MAX_DEPTH, "more than 200 levels deep", "fsum([x, y, z])"),
        ("1/0", "division by zero", "1/0"),
        ("log(-1)", "log(-1)", ""),
        ("(-8)**(1/3)", "not a real number", "(-8)**(1/3)"),
        ("9**9**9", "range", "9**9**9"),
    ],
)  # fmt: skip
def test_what_is_not_on_the_white_list_is_named(
    text: str, named: str, instead: str
) -> None:
    message = refusal(text, x=1.0)
    assert named in message
    assert instead in message
    assert len(message) < 250


def test_a_domain_error_names_the_variable() -> None:
    with pytest.raises(ValueError, match=r"log\(x\) at x = -1.0"):
        Expression("log(x)")({"x": Value(-1.0, "x")})


@pytest.mark.parametrize("text", ["2 x", "(x", "x +", "x)", "a b c"])
def test_a_syntax_error_tells_its_place(text: str) -> None:
    with pytest.raises(SyntaxError, match="as in Python") as caught:
        Expression(text)
    assert caught.value.text == text
    assert caught.value.offset is not None
    assert 1 <= caught.value.offset <= len(text) + 1


def test_a_long_source_is_shortened_in_messages() -> None:
    assert "..." in refusal("(lambda: " + "1 + " * 50 + "1)()")


def test_every_function_of_autograd_math_has_a_place_here() -> None:
    names = set(functions.__all__)
    assert names <= FUNCTIONS.keys() | CONSTANTS.keys() | set(LEFT_OUT)


def test_an_expression_shows_its_text() -> None:
    assert repr(Expression(" x+1 ")) == "Expression('x+1')"
