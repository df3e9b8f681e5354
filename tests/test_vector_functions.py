"""Machine code's functions of many numbers at once, lane by lane against mpmath.

What `compiler.machine.host` takes from glibc's vector library must be within 4 units
in the last place over the whole range of doubles, and right where numbers are not
usual: zeros of both signs, subnormals, infinities, NaN, overflow, poles. A function
that is not is to leave ``host.VECTOR``; then it is called lane by lane from the C
library.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import math
import random

import mpmath
import numpy as np
import pytest
from compiled import ieee

from autograd.compiler.machine import host
from autograd.compiler.machine.spellings import LIBM
from autograd.compiler.machine.text import Module, Text
from autograd.primitives import TABLE

pytest.importorskip("llvmlite", reason="llvmlite is not installed")

ULP = 4.0
COUNT = 3000
TINY = 2.0**-1022
DOMAINS = {"asin": (-1.0, 1.0), "acos": (-1.0, 1.0), "atanh": (-1.0, 1.0)}
SPECIAL = (
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 5e-324, -5e-324, TINY, -TINY,
    1e-310, 1e-300, -1e-300, 1e-20, -1e-20, 1e-8, 709.78, 709.79, -708.5, -745.2,
    1023.9, 1024.0, -1074.5, 710.4, 710.5, -710.5, 26.6, 27.3, 1e16, -1e16, 1e300,
    -1e300,
    1.7976931348623157e308, -1.7976931348623157e308, math.inf, -math.inf, math.nan,
    math.pi, math.pi / 2, -math.pi / 2, math.nextafter(1.0, 0.0),
    math.nextafter(1.0, 2.0), math.nextafter(-1.0, 0.0),
)  # fmt: skip


def is_there():
    return bool(host.vector_prefix())


def compiled(name, operands):
    """Return the function of arrays, whose length is a multiple of the lanes."""
    n = host.lanes()
    module = Module()
    columns = ", ".join(f"ptr %x{k}" for k in range(operands))
    text = Text(module, f"void @run(ptr %y, {columns}, i64 %n)", 1)
    with text.loop("0", "%n", n) as i:
        text.lanes = n
        xs = [text.load(f"%x{k}", i) for k in range(operands)]
        text.store(text.library(name, *xs), "%y", i)
        text.lanes = 1
    text.write("ret void")
    text.finish()
    assert host.vector_prefix() in str(module)
    engine = host.build(str(module))
    address = engine.get_function_address("run")
    pointers = [ctypes.c_void_p] * (1 + operands)
    function = ctypes.CFUNCTYPE(None, *pointers, ctypes.c_int64)(address)

    def run(*columns):
        height = -(-len(columns[0]) // n) * n
        padded = [np.resize(np.array(c, float), height) for c in columns]
        y = np.zeros(height)
        function(*[a.ctypes.data for a in (y, *padded)], height)
        return y[: len(columns[0])].tolist(), engine

    return run


def points(name):
    """Return numbers of all sizes, both signs, the usual, and the special ones."""
    generator = random.Random(name)
    low, high = DOMAINS.get(name, (-math.inf, math.inf))
    found = list(SPECIAL)
    while len(found) < COUNT:
        kind = generator.random()
        if kind < 0.4:
            x = generator.uniform(max(low, -40.0), min(high, 40.0))
        elif kind < 0.6:
            x = generator.uniform(-760.0, 760.0)
        elif kind < 0.8:
            x = 10.0 ** generator.uniform(-323.0, 308.0)
        else:
            x = 1.0 + generator.choice((-1.0, 1.0)) * 10.0 ** generator.uniform(
                -16.0, 0.0
            )
        x *= generator.choice((-1.0, 1.0))
        if low <= x <= high:
            found.append(x)
    return found


EXACT = {
    "exp2": lambda x: mpmath.power(2, x),
    "log1p": mpmath.log1p,
    "log2": lambda x: mpmath.log(x, 2),
    "log10": mpmath.log10,
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "pow": mpmath.power,
    "atan2": mpmath.atan2,
}


def exact(name, *xs):
    """Return the function in mpmath, of finite numbers where it is usual."""
    with mpmath.workdps(40 + 330 * (name in {"sin", "cos", "tan"})):
        function = EXACT.get(name) or getattr(mpmath, name)
        return +function(*map(mpmath.mpf, xs))


def as_in_c(name, *xs):
    """Return what the C library's function of that name returns, about."""
    if len(xs) == 1:
        return ieee(TABLE[name], *xs)
    function = getattr(ctypes.CDLL(ctypes.util.find_library("m")), name)
    function.argtypes, function.restype = [ctypes.c_double] * 2, ctypes.c_double
    return function(*xs)


def off(name, found, *xs):
    """Return how far a number is off in units in the last place; inf if it is wrong."""
    plain = as_in_c(name, *xs)
    if math.isnan(found) or math.isnan(plain):
        return 0.0 if math.isnan(found) and math.isnan(plain) else math.inf
    if found == plain:
        same = math.copysign(1.0, found) == math.copysign(1.0, plain)
        if found in {0.0, math.inf, -math.inf}:
            return 0.0 if same else math.inf
    if math.isinf(found) or math.isinf(plain):
        return math.inf
    if 0.0 in xs or not all(map(math.isfinite, xs)):
        return abs(found - plain) / math.ulp(plain)
    y = exact(name, *xs)
    return float(abs(y - found) / math.ulp(plain))


ROWS = {LIBM[row]: row for row in LIBM if row not in {"power", "log_or_nan"}}
ONE = sorted(name for name in host.VECTOR if TABLE[ROWS[name]].arity == 1)
TWO = sorted(host.VECTOR - set(ONE))


def worst(name, columns):
    found, _ = compiled(name, len(columns))(*columns)
    rated = [(off(name, y, *xs), xs, y) for y, *xs in zip(found, *columns, strict=True)]
    return max(rated, key=lambda entry: entry[0])


needs_library = pytest.mark.skipif(
    not is_there(), reason="glibc's vector library is not on this machine"
)


@pytest.mark.shared
@needs_library
@pytest.mark.parametrize("name", ONE)
def test_a_vector_function_is_right_to_4_units_in_the_last_place(name):
    error, xs, y = worst(name, [points(name)])
    assert error <= ULP, (xs, y)


@pytest.mark.shared
@needs_library
@pytest.mark.parametrize("name", TWO)
def test_a_vector_function_of_two_numbers_is_right_everywhere(name):
    generator = random.Random(name)
    pairs = [(a, b) for a in SPECIAL for b in SPECIAL]
    if name == "pow":
        pairs += [(generator.uniform(0.0, 9.0), generator.uniform(-99.0, 99.0))
                  for _ in range(COUNT)]  # fmt: skip
        pairs += [(-generator.uniform(0.1, 9.0), float(generator.randint(-40, 40)))
                  for _ in range(COUNT // 4)]  # fmt: skip
        pairs += [(1.0 + generator.uniform(-1e-9, 1e-9), generator.uniform(-1e11, 1e11))
                  for _ in range(COUNT // 4)]  # fmt: skip
    else:
        many = points(name)
        pairs += list(zip(many, generator.sample(many, len(many)), strict=True))
    error, xs, y = worst(name, [list(column) for column in zip(*pairs, strict=True)])
    assert error <= ULP, (xs, y)


@needs_library
def test_the_audit_finds_a_number_that_is_off_by_5_units():
    for name in ONE:
        y = ieee(TABLE[name], 0.3) if name != "acosh" else math.acosh(1.3)
        x = 0.3 if name != "acosh" else 1.3
        assert off(name, y, x) <= 2.0
        assert off(name, y + 6.0 * math.ulp(y), x) > ULP
    assert off("log", -math.inf, 0.0) == 0.0
    assert off("log", math.nan, 0.0) == math.inf
    assert off("sin", 0.0, -0.0) == math.inf
    assert off("exp", 1.7976931348623157e308, 1000.0) == math.inf
