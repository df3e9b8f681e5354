"""What transforms return: functions under another's name, which pickle as such."""

from __future__ import annotations

import copy
import inspect
import operator
import pickle
import sys
from types import ModuleType

import pytest

from autograd import grad, hessian, hvp, jacobian, jit, value_and_grad

TRANSFORMS = (grad, value_and_grad, jacobian, hessian)
SOURCE = """
from autograd import grad, hessian, hvp, jacobian, value_and_grad

def cube(x):
    return x**3

named = grad(lambda x: x**4)

@grad
def decorated(x):
    return x**5

class Holder:
    @grad
    def slope(x):
        return x**6
"""


@pytest.fixture
def module(monkeypatch):
    made = ModuleType("a_module_of_cubes")
    monkeypatch.setitem(sys.modules, made.__name__, made)
    exec(SOURCE, vars(made))  # noqa: S102
    return made


def again(thing):
    return pickle.loads(pickle.dumps(thing))  # noqa: S301


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_what_is_derived_of_a_modules_function_pickles_by_its_name(transform, module):
    derived = transform(module.cube)
    data = pickle.dumps(derived)
    assert b"a_module_of_cubes" in data
    assert pickle.loads(data)(2.0) == derived(2.0)  # noqa: S301


def test_argnums_travel_too():
    derived = grad(operator.mul, argnums=(1, 0))
    assert again(derived)(2.0, 3.0) == (2.0, 3.0)


def test_a_product_with_the_hessian_pickles(module):
    assert again(hvp(module.cube))(2.0, 1.0) == 12.0


def test_what_a_module_derived_itself_is_the_very_same_in_another_process(module):
    assert again(module.named) is module.named
    assert again(module.decorated) is module.decorated
    assert again(module.Holder.slope) is module.Holder.slope
    assert module.named(2.0) == 32.0


def test_a_lambdas_gradient_pickles_by_value():
    pytest.importorskip("cloudpickle")
    a = 3.0
    assert again(hessian(lambda x: a * x * x))(1.0) == 6.0


def test_a_derived_function_is_called_and_bound_as_functions_are():
    class Bowl:
        a = 3.0

        def height(self, x):
            return self.a * x * x

        slope = grad(height, argnums=1)

    assert Bowl().slope(2.0) == 12.0
    assert Bowl.slope(Bowl(), 2.0) == 12.0
    assert grad(lambda self, args: self * args)(2.0, args=3.0) == 3.0


def test_it_has_the_functions_name_and_signature_and_tells_what_it_is():
    def height(x, *, a=1.0):
        return a * x * x

    slope = grad(height)
    assert slope.__name__ == "height"
    assert str(inspect.signature(slope)) == "(x, *, a=1.0)"
    assert repr(slope) == "<grad of height>"
    assert "gradient of height" in slope.__doc__
    assert copy.deepcopy([slope])[0] is slope


def test_what_its_function_reads_counts_when_it_is_compiled():
    factor = [2.0]
    slope = grad(lambda x: factor[0] * x * x)
    compiled = jit(lambda x: slope(x) + 1.0)
    assert compiled(1.0) == 5.0
    factor[0] = 3.0
    assert compiled(1.0) == 7.0
    assert compiled.why_eager == ""
