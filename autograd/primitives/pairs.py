# cython: language_level=3, cdivision=True
"""The commonest functions of one number: value and partial in one call of C.

A row computes both on Python's floats: two calls of functions, often with a third
inside, and a box for each number between them. Compiled, the functions here do it on
C's doubles, several times as fast, and share what the two have in common. They are
the rows' own arithmetic: a test holds them to the rows bit for bit.

They know of finite numbers only. Where a value or a partial comes out infinite or NaN
the engine asks the row, which raises what there is to raise.

Letters: ``t`` is e**-abs(x), or of twice that.
"""

from __future__ import annotations

try:
    import cython
except ImportError:
    from autograd import _cython as cython  # type: ignore[no-redef]

from autograd.primitives import activations, arithmetic, elementary

if cython.compiled:
    from cython.cimports.autograd.primitives.row import Pair, Primitive
    from cython.cimports.libc import math
    from cython.cimports.libc.math import fabs
else:
    import math
    from math import fabs


@cython.cfunc
@cython.exceptval(check=False)
def _exp(x: cython.double, slope: cython.p_double) -> cython.double:
    slope[0] = math.exp(x)
    return slope[0]


@cython.cfunc
@cython.exceptval(check=False)
def _expm1(x: cython.double, slope: cython.p_double) -> cython.double:
    slope[0] = math.exp(x)
    return math.expm1(x)


@cython.cfunc
@cython.exceptval(check=False)
def _log(x: cython.double, slope: cython.p_double) -> cython.double:
    slope[0] = 1.0 / x
    return math.log(x)


@cython.cfunc
@cython.exceptval(check=False)
def _log1p(x: cython.double, slope: cython.p_double) -> cython.double:
    slope[0] = 1.0 / (1.0 + x)
    return math.log1p(x)


@cython.cfunc
@cython.exceptval(check=False)
def _sqrt(x: cython.double, slope: cython.p_double) -> cython.double:
    y: cython.double = math.sqrt(x)
    slope[0] = 0.5 / y
    return y


@cython.cfunc
@cython.exceptval(check=False)
def _sin(x: cython.double, slope: cython.p_double) -> cython.double:
    slope[0] = math.cos(x)
    return math.sin(x)


@cython.cfunc
@cython.exceptval(check=False)
def _cos(x: cython.double, slope: cython.p_double) -> cython.double:
    slope[0] = -math.sin(x)
    return math.cos(x)


@cython.cfunc
@cython.exceptval(check=False)
def _tanh(x: cython.double, slope: cython.p_double) -> cython.double:
    t: cython.double = math.exp(-2.0 * fabs(x))
    slope[0] = 4.0 * t / ((1.0 + t) * (1.0 + t))
    return math.tanh(x)


@cython.cfunc
@cython.exceptval(check=False)
def _sigmoid(x: cython.double, slope: cython.p_double) -> cython.double:
    t: cython.double = math.exp(-fabs(x))
    slope[0] = t / ((1.0 + t) * (1.0 + t))
    return (1.0 if x >= 0.0 else t) / (1.0 + t)


@cython.cfunc
@cython.exceptval(check=False)
def _softplus(x: cython.double, slope: cython.p_double) -> cython.double:
    t: cython.double = math.exp(-fabs(x))
    slope[0] = (1.0 if x >= 0.0 else t) / (1.0 + t)
    return max(x, 0.0) + math.log1p(t)


@cython.cfunc
@cython.exceptval(check=False)
def _log_sigmoid(x: cython.double, slope: cython.p_double) -> cython.double:
    return -_softplus(-x, slope)


@cython.cfunc
@cython.exceptval(check=False)
def _square(x: cython.double, slope: cython.p_double) -> cython.double:
    slope[0] = 2.0 * x
    return x * x


@cython.cfunc
def _give(primitive: Primitive, pair: Pair) -> object:
    if cython.compiled:
        primitive.pair = pair


_give(elementary.exp, _exp)
_give(elementary.expm1, _expm1)
_give(elementary.log, _log)
_give(elementary.log1p, _log1p)
_give(elementary.sqrt, _sqrt)
_give(elementary.sin, _sin)
_give(elementary.cos, _cos)
_give(elementary.tanh, _tanh)
_give(activations.sigmoid, _sigmoid)
_give(activations.softplus, _softplus)
_give(activations.log_sigmoid, _log_sigmoid)
_give(arithmetic.square, _square)
