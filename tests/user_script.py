"""A user's script over all public names, for type checkers; it runs as well."""

from collections.abc import Callable

import autograd
from autograd import (
    Value,
    check_grads,
    debug,
    diagnose,
    draw,
    errstate,
    explain,
    grad,
    hessian,
    hvp,
    interpolate,
    jacobian,
    jit,
    jvp,
    lift,
    math,
    minimum,
    no_grad,
    primitive,
    scope,
    solve,
    step,
    topological_order,
    trace,
    value_and_grad,
    vjp,
    vmap,
)

w, x = Value(0.5, name="w"), Value(2.0, label="x")
with scope("layer"), debug():
    y: Value = math.tanh(w * x + 1) ** 2 - abs(w) / x
y.backward()
numbers: tuple[float, float, str] = (y.data, w.grad, y.op)
method: Value = Value(1.0).tanh().clip(0.0, 1.0)
plain: float = math.tanh(1.0)
order: list[Value] = topological_order(y)
with errstate(over="ignore"):
    infinite: Value = math.exp(Value(1000.0))
with no_grad():
    constant: Value = x * 2.0
node: Value = Value.from_partials(8.0, [x], [12.0], op="cube")


def f(t: float) -> float:
    return t * t * t


@jit
def compiled(t: float) -> float:
    return t * t


slope: float = grad(f)(2.0)
value, derivative = value_and_grad(f)(2.0)
second = hessian(f)(2.0)
product = hvp(f)(2.0, 1.0)
rows = jacobian(lambda t: [t, t * t])(2.0)
primal, pullback = vjp(f, 2.0)
tangent = jvp(f, (2.0,), (1.0,))
check_grads(f, 2.0)
square = primitive(lambda t: t * t, lambda _, t: 2.0 * t, name="square")
total = square(3.0)
fast: float = compiled(3.0)
mapped = vmap(compiled)([1.0, 2.0])
program = trace(f, 2.0)
text = str(explain(y)) + repr(step(y)) + repr(draw(y)) + str(diagnose(y))
root = solve(lambda t: t * t - 2.0, (0.0, 2.0))
low = minimum(lambda t: (t - 1.0) ** 2, 0.0)
table = interpolate([0.0, 1.0], [1.0, 2.0])
lifted: Callable[[float], float] = lift(f)
version: str = autograd.__version__
