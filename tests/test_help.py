"""What `help`, `dir` and editors see."""

from __future__ import annotations

import inspect

import autograd
from autograd import Value, math


def test_every_public_function_says_what_it_returns_and_what_it_takes():
    for name in math.__all__:
        function = getattr(math, name)
        if callable(function):
            assert function.__doc__, name
            assert inspect.signature(function).parameters, name
    assert str(inspect.signature(math.clip)) == "(x, low, high, /)"
    assert str(inspect.signature(math.leaky_relu)) == "(x, slope=0.01, /)"


def test_help_tells_what_a_value_is_made_from():
    assert list(inspect.signature(Value).parameters) == ["data", "name", "label"]


def test_names_that_are_imported_late_are_listed():
    assert {*autograd.__all__} <= {*dir(autograd)}


def test_helpers_of_partials_are_no_methods():
    methods = {name for name in dir(Value) if not name.startswith("_")}
    numpys = {
        "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh",
        "deg2rad", "rad2deg", "rint", "abs", "ln", "expit",
    }  # fmt: skip
    own = {
        "backward", "data", "detach", "from_partials", "grad", "label", "name", "op",
        "operands", "parents", "partials", "primitive", "scope", "where",
    }  # fmt: skip
    floats = {"real", "imag", "conjugate", "is_integer"}
    assert methods - {*math.__all__} - numpys - own - floats == set()
