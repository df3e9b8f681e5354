"""arrays: what stands for NumPy's functions where Values are among the numbers.

Arrays of Values are arrays of objects, which NumPy adds, multiplies, sums and reshapes
itself. What it does with C's doubles only is done here element by element.
"""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Callable
from typing import Any

from autograd import math as am
from autograd.context import errstate
from autograd.lifting import filled, matrices
from autograd.lifting.analytic import roots
from autograd.lifting.complexes import Complex, made
from autograd.lifting.errors import has_values, is_value
from autograd.lifting.plane import of_either
from autograd.lifting.stand_ins import NUMBERS, stand_in, to_int
from autograd.value import Value

# NumPy's name, and ours.
ELEMENTWISE = {
    "arctan2": "atan2", "hypot": "hypot", "power": operator.pow, "float_power": "pow",
    "sqrt": "sqrt", "cbrt": "cbrt", "square": "square", "exp": "exp", "exp2": "exp2",
    "expm1": "expm1", "log": "log", "log2": "log2", "log10": "log10", "log1p": "log1p",
    "sin": "sin", "cos": "cos", "tan": "tan", "arcsin": "asin", "arccos": "acos",
    "arctan": "atan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "degrees": "degrees",
    "rad2deg": "degrees", "radians": "radians", "deg2rad": "radians", "floor": "floor",
    "ceil": "ceil", "trunc": "trunc", "fix": "trunc", "sign": "sign", "fmod": "fmod",
    "abs": abs, "fabs": "fabs", "copysign": "copysign", "mod": operator.mod,
    "heaviside": "heaviside", "maximum": "maximum", "minimum": "minimum",
    "reciprocal": "reciprocal", "logaddexp": "logaddexp", "rint": round,
}  # fmt: skip
TESTS = {"isnan": "isnan", "isfinite": "isfinite", "isinf": "isinf"}
MAKERS = ("array", "asarray", "asanyarray", "ascontiguousarray")
AT_LEAST = ("atleast_1d", "atleast_2d", "atleast_3d")
SCALARS = ("float64", "float32", "float16", "longdouble")

MSG_WHERE = (
    "where= of a NumPy function without out= leaves some of its results undefined, "
    "which cannot be differentiated: write out= as well"
)


def elementwise(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of arrays that applies one of numbers to each element."""

    def apply(*args: Any, out: Any = None, where: Any = True, **_: Any) -> Any:
        import numpy as np

        if out is not None:
            out = out[0] if isinstance(out, tuple) else out
            np.copyto(out, np.asarray(apply(*args), dtype=object), where=where)
            return out
        if where is not True:
            raise TypeError(MSG_WHERE)
        if not any(isinstance(x, (list, tuple)) or hasattr(x, "shape") for x in args):
            return f(*args)
        arrays = [x if is_value(x) else np.asarray(x, dtype=object) for x in args]
        return np.frompyfunc(f, len(args), 1)(*arrays)

    return apply


def quiet(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of numbers that gives inf and nan where it would raise."""

    def as_numpy_does(*args: Any) -> Any:
        try:
            return f(*args)
        except (ArithmeticError, ValueError):
            with errstate(all="ignore"):
                return f(*[Value(x) if type(x) is float else x for x in args])

    return as_numpy_does


def enter(np: Any) -> None:
    """Enter the rows of NumPy."""
    filled.enter(np)
    NUMBERS.update({np.float64, np.int64, np.int32, np.bool_})
    for name, ours in ELEMENTWISE.items():
        f: Any = getattr(am, ours) if isinstance(ours, str) else ours
        known_as = ours if isinstance(ours, str) else f.__name__
        stand_in(getattr(np, name), elementwise(of_either(known_as, quiet(f))))
    for name, ours in TESTS.items():
        f = of_either(ours, getattr(am, ours))
        stand_in(getattr(np, name), _test(elementwise(f)))
    for name in MAKERS:
        stand_in(getattr(np, name), _made(getattr(np, name)))
    for name in AT_LEAST:
        stand_in(getattr(np, name), _at_least(getattr(np, name)))
    for name in SCALARS:
        stand_in(getattr(np, name), lambda x: x)
    for name in ("complex128", "complex64"):
        stand_in(getattr(np, name), made)
    stand_in(np.where, _where)
    stand_in(np.interp, _interp)
    stand_in(np.isscalar, lambda x: is_value(x) or np.isscalar(x))
    stand_in(np.linalg.norm, _norm)
    stand_in(np.isclose, _test(elementwise(_isclose)))
    stand_in(
        np.allclose, lambda a, b, **k: bool(np.all(elementwise(_isclose)(a, b, **k)))
    )
    stand_in(np.clip, _clip)
    matrices.enter(np.linalg)
    stand_in(np.std, _std)
    stand_in(np.var, _var)
    stand_in(np.sinc, elementwise(am.sinc))
    stand_in(np.signbit, _test(elementwise(lambda x: am.copysign(1.0, x) < 0.0)))
    stand_in(np.vectorize, _vectorize, always=True)
    for name, f in PARTS.items():
        stand_in(getattr(np, name), elementwise(f))
    stand_in(np.isreal, _test(elementwise(lambda z: z.imag == 0.0)))
    stand_in(np.iscomplex, _test(elementwise(lambda z: z.imag != 0.0)))
    stand_in(np.nan_to_num, _finite)
    stand_in(np.polyval, _polyval)
    for name in ("argmax", "argmin"):
        stand_in(getattr(np, name), functools.partial(_extreme, name))
    stand_in(np.roots, roots)
    stand_in(np.iscomplexobj, _has_complexes)
    stand_in(np.isrealobj, lambda x: not _has_complexes(x))


def _angle(z: Any, deg: Any = False) -> Any:
    turn = am.atan2(z.imag, z.real)
    return am.degrees(turn) if deg else turn


PARTS: dict[str, Callable[..., Any]] = {
    "real": lambda z: z.real,
    "imag": lambda z: z.imag,
    "conjugate": lambda z: z.conjugate(),
    "angle": _angle,
}


def _has_complexes(x: Any) -> bool:
    import numpy as np

    parts = np.ravel(np.asarray(x, dtype=object)).tolist()
    return any(type(part) in {Complex, complex} for part in parts)


def _test(f: Callable[..., Any]) -> Callable[..., Any]:
    def test(*args: Any, **options: Any) -> Any:
        import numpy as np

        found = f(*args, **options)
        # NumPy's bools: ~ of Python's are ints.
        return found.astype(bool) if hasattr(found, "astype") else np.bool_(found)

    return test


def _made(make: Callable[..., Any]) -> Callable[..., Any]:
    def array(x: Any, dtype: Any = None, **options: Any) -> Any:
        made = make(x, dtype=object, **options)  # objects hold Values
        return made if dtype is None else _as_type(made, dtype)

    return array


def _as_type(x: Any, dtype: Any) -> Any:
    """Return an array of objects as one of a type: ints and bools are structure."""
    import numpy as np

    kind = np.dtype(dtype).kind
    if kind in "iu":
        whole = np.frompyfunc(lambda y: to_int(y) if is_value(y) else int(y), 1, 1)
        return np.asarray(whole(x), dtype=dtype)
    return np.asarray(x, dtype=bool) if kind == "b" else x


def _at_least(make: Callable[..., Any]) -> Callable[..., Any]:
    def arrays(*xs: Any) -> Any:
        import numpy as np

        return make(*[np.asarray(x, dtype=object) for x in xs])

    return arrays


def _where(condition: Any, *choices: Any) -> Any:
    import numpy as np

    if not choices:
        return np.where(np.asarray(condition, dtype=bool))
    if not (hasattr(condition, "shape") and condition.shape):
        a, b = choices
        if not any(hasattr(x, "shape") and x.shape for x in choices):
            return a if condition else b
    objects = [np.asarray(x, dtype=object) for x in choices]
    return np.where(np.asarray(condition, dtype=bool), *objects)


def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Any:
    """Interpolate linearly, constant or ``left`` and ``right`` outside."""
    if hasattr(x, "shape") and x.shape:
        return elementwise(lambda t: _interp(t, xp, fp, left, right))(x)
    from bisect import bisect_right

    xs, ys = list(xp), list(fp)
    if am.isnan(x):
        return x
    if x < xs[0]:
        return ys[0] if left is None else left
    if x >= xs[-1]:
        return ys[-1] if right is None or x == xs[-1] else right
    i = min(bisect_right(xs, x) - 1, len(xs) - 2)  # a NaN is nowhere
    return ys[i] + (x - xs[i]) * ((ys[i + 1] - ys[i]) / (xs[i + 1] - xs[i]))


def _norm(x: Any, ord: Any = None, axis: Any = None, **options: Any) -> Any:  # noqa: A002
    import numpy as np

    x = np.asarray(x, dtype=object)
    if ord not in {None, 2, "fro"} or options or (ord == 2 and x.ndim > 1):
        message = "np.linalg.norm of Values is the Euclidean one, without keepdims"
        raise TypeError(message)
    if axis is None:
        return am.hypot(*x.ravel().tolist())
    moved = np.moveaxis(x, axis, -1)
    flat = [am.hypot(*row) for row in moved.reshape(-1, moved.shape[-1]).tolist()]
    found = np.empty(len(flat), dtype=object)
    found[:] = flat
    return found.reshape(moved.shape[:-1])


def _isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, **_: Any) -> bool:
    return bool(abs(a - b) <= atol + rtol * abs(b)) or bool(a == b)


def _clip(x: Any, low: Any = None, high: Any = None, **_: Any) -> Any:
    if low is not None:
        x = elementwise(am.maximum)(x, low)
    return x if high is None else elementwise(am.minimum)(x, high)


def _finite(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    """Put numbers in the place of what is not finite."""
    del copy
    highest = sys.float_info.max if posinf is None else posinf
    lowest = -sys.float_info.max if neginf is None else neginf

    def one(x: Any) -> Any:
        if am.isnan(x):
            return nan
        if am.isinf(x):
            return highest if x > 0.0 else lowest
        return x

    return elementwise(one)(x)


def _extreme(name: str, x: Any, *args: Any, **options: Any) -> Any:
    """Return where the largest or the smallest number is, or the first NaN."""
    import numpy as np

    x = np.asarray(x, dtype=object)
    if args or options or not x.size:
        return getattr(x, name)(*args, **options)
    numbers = x.ravel().tolist()
    best = 0
    for i, y in enumerate(numbers):
        if am.isnan(y):
            return i
        if y > numbers[best] if name == "argmax" else y < numbers[best]:
            best = i
    return best


def _polyval(p: Any, x: Any) -> Any:
    y: Any = 0.0
    for c in p:
        y = y * x + c
    return y


def _var(
    x: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0
) -> Any:
    """Return the mean square distance from the mean."""
    import numpy as np

    if dtype is not None or out is not None:
        message = "the variance of Values is their own, without dtype= and out="
        raise TypeError(message)
    x = np.asarray(x, dtype=object)
    means = x.mean(axis=axis)
    away = x - (means if axis is None else np.expand_dims(means, axis))
    n = x.size if axis is None else x.shape[axis]
    return (away * away).sum(axis=axis) / (n - ddof)


def _std(x: Any, *args: Any, **options: Any) -> Any:
    return elementwise(am.sqrt)(_var(x, *args, **options))


def _astype(x: Any, dtype: Any, *_: Any, **__: Any) -> Any:
    import numpy as np

    kind = np.dtype(dtype).kind
    if kind in "fO":
        return x.copy()
    return _as_type(x, dtype) if kind in "iub" else x.astype(dtype)


# By name: what stands for a method of an array of objects.
METHODS_OF_ARRAYS: dict[str, Callable[..., Any]] = {
    "astype": _astype,
    "std": _std,
    "var": _var,
    "argmax": functools.partial(_extreme, "argmax"),
    "argmin": functools.partial(_extreme, "argmin"),
}


def _vectorize(f: Any = None, *args: Any, **options: Any) -> Any:
    """Return f for arrays; where these hold Values, lifted and element by element."""
    import numpy as np

    from autograd.lifting.calls import lifter

    if f is None:  # as a decorator that has options
        return lambda f: _vectorize(f, *args, **options)
    plain_one = np.vectorize(f, *args, **options)
    lifted = elementwise(lifter(f))

    def vectorized(*xs: Any, **named: Any) -> Any:
        return (lifted if any(map(has_values, xs)) else plain_one)(*xs, **named)

    return vectorized
