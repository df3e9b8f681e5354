"""Hold that source computes what the table says, in each target, on other inputs.

Python's source is compared bit for bit. The others are compared with the rows' own
functions; what they may be off is what their libraries are.
"""

from __future__ import annotations

import ctypes
import itertools
import keyword
import linecache
import math
import random
import shutil
import subprocess
import traceback

import pytest
from compiled import (
    ORDERS,
    as_program,
    off_by,
    order_count,
    points_of,
    program_of,
    value_of,
)
from programs import random_program

from autograd import math as amath
from autograd.compiler import trace
from autograd.compiler.program import Guard, Instruction, Program
from autograd.compiler.targets import (
    compile_numpy,
    compile_python,
    numpy_source,
    python_source,
    to,
)
from autograd.compiler.targets.c import C
from autograd.compiler.targets.numpy import EACH, NUMPY
from autograd.compiler.targets.sympy import SYMPY
from autograd.compiler.targets.tensors import JAX, TORCH
from autograd.primitives import TABLE, Primitive

CC = shutil.which("cc")
CASES = [
    (name, orders)
    for name, row in TABLE.items()
    for orders in itertools.product(ORDERS[:2], repeat=order_count(row))
]
# Units in the last place that a library is off, where it is more than a few.
ULPS = {
    "digamma": 1e3, "j0": 1e5, "j1": 1e5, "i0": 64.0, "i1": 64.0, "gamma": 64.0,
    "lgamma": 1e4, "power_partial": 1e3, "silu_partial": 1e3, "mish_partial": 1e3,
    "sinc_partial": 1e3, "sumprod": 1e4, "logsumexp": 64.0, "erfc": 256.0,
    "ndtr": 2048.0, "gelu": 2048.0,
}  # fmt: skip


def operands(row: Primitive) -> int:
    return 4 if row.arity is None else row.arity


def usual_points(row: Primitive) -> list[list[float]]:
    """Return points of the domain, and those of the extent on which all agree."""
    points = itertools.islice(points_of(row, 40, operands(row)), 80)
    return [x for x in points if all(abs(y) < 1e15 for y in x)]


def same(found: float, expected: float) -> bool:
    if math.isnan(expected):
        return math.isnan(found)
    return found == expected and math.copysign(1.0, found) == math.copysign(
        1.0, expected
    )


# --- Each row in each target --------------------------------------------------------


@pytest.mark.parametrize(("name", "orders"), CASES)
def test_python_source_has_the_rows_numbers_bit_for_bit(name, orders):
    row = TABLE[name]
    program = program_of(row, operands(row), orders)
    function = compile_python(program)
    for point in points_of(row, 20, operands(row)):
        expected = value_of(row, [*orders, *point])
        if expected is None:
            with pytest.raises((ValueError, ArithmeticError)):
                function(*point)
        else:
            assert same(function(*point)[0], expected), point


@pytest.mark.parametrize(("name", "orders"), CASES)
def test_numpy_source_has_the_rows_numbers_on_floats_and_arrays(name, orders):
    np = pytest.importorskip("numpy")
    row = TABLE[name]
    function = compile_numpy(program_of(row, operands(row), orders))
    points = usual_points(row)
    columns = [np.array(x) for x in zip(*points, strict=True)]
    (together,) = function(*columns)
    assert len(points) > 20
    for i, point in enumerate(points):
        (alone,) = function(*point)
        expected = value_of(row, [*orders, *point])
        if expected is None:
            assert not math.isfinite(alone)
            continue
        for found in (alone, together[i]):
            assert near(name, float(found), expected), (point, found, expected)


def near(name: str, found: float, expected: float) -> bool:
    ulps = ULPS.get(name, 16.0)
    return off_by(found, expected) <= ulps or abs(found - expected) <= 1e-300


@pytest.mark.parametrize("name", TABLE)
def test_numpy_source_says_nan_or_infinite_where_python_raises(name):
    pytest.importorskip("numpy")
    row = TABLE[name]
    orders = ORDERS[:1] * order_count(row)
    function = compile_numpy(program_of(row, operands(row), orders))
    for point in itertools.islice(points_of(row, 0, operands(row)), 200):
        if value_of(row, [*orders, *point]) is None:
            assert not math.isfinite(function(*point)[0]), point


@pytest.mark.skipif(CC is None, reason="there is no C compiler here")
def test_c_source_has_the_rows_numbers(tmp_path):
    names, sources = [], []
    for name, orders in CASES:
        row = TABLE[name]
        program = program_of(row, operands(row), orders)
        try:
            source = to(program, "c", name=f"f_{len(names)}")
        except NotImplementedError:
            continue
        names.append((name, orders))
        sources.append(source)
    assert len({name for name, _ in names}) >= len(C.spellings)
    library = built(tmp_path, "\n".join(sources))
    for i, (name, orders) in enumerate(names):
        row = TABLE[name]
        count = operands(row) - len(orders)
        function = getattr(library, f"f_{i}")
        for point in points_of(row, 20, operands(row)):
            if any(map(math.isnan, point)) and name in {"scale", "power_log"}:
                continue
            out = (ctypes.c_double * 1)()
            function((ctypes.c_double * count)(*point), out)
            expected = value_of(row, [*orders, *point])
            if expected is None:
                assert not math.isfinite(out[0]), (name, point)
            elif all(abs(x) < 1e15 for x in point):
                assert near(name, out[0], expected), (name, orders, point, out[0])


def built(folder, source):
    file = folder / "program.c"
    file.write_text(source)
    command = [CC, "-std=c99", "-Wall", "-Werror", "-O1", "-ffp-contract=off"]
    shared = ["-shared", "-fPIC", "-o", str(folder / "program.so"), str(file), "-lm"]
    subprocess.run([*command, *shared], check=True)
    return ctypes.CDLL(str(folder / "program.so"))


@pytest.mark.targets
@pytest.mark.parametrize("target", ["jax", "torch", "sympy"])
def test_other_libraries_have_the_rows_numbers(target):
    pytest.importorskip(target, reason=f"{target} is not installed")
    spelled = {"jax": JAX, "torch": TORCH, "sympy": SYMPY}[target].spellings
    done = set()
    for name, orders in CASES:
        row = TABLE[name]
        program = program_of(row, operands(row), orders)
        try:
            function = loaded(to(program, target))
        except NotImplementedError:
            continue
        done.add(name)
        generator = random.Random(name)
        domain = row.domain[len(orders) :] * (4 if row.arity is None else 1)
        for _ in range(5):
            point = [generator.uniform(low, high) for low, high in domain]
            found, expected = float(function(*point)[0]), row(*orders, *point)
            assert abs(found - expected) <= 1e-12 * (1.0 + abs(expected)), (name, point)
    assert done >= spelled.keys() - {"scale"}  # SymPy refuses it


def loaded(source):
    names = {}
    exec(compile(source, "source", "exec"), names)  # noqa: S102 - what is tested
    return names["f"]


# --- Whole programs -----------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60))
def test_random_programs_are_the_same_in_all_forms(seed):
    made = random_program(seed)
    program = as_program(made)
    function = compile_python(program)
    generator = random.Random(seed)
    for k in range(4):
        inputs = [x * (1.0 + 0.01 * k * generator.random()) for x in made.inputs]
        try:
            expected = program(*inputs)[0]
        except (ValueError, ArithmeticError):
            with pytest.raises((ValueError, ArithmeticError)):
                function(*inputs)
            continue
        assert same(function(*inputs)[0], expected)
        if k == 0:
            pytest.importorskip("numpy")
            found = float(compile_numpy(program)(*inputs)[0])
            assert abs(found - expected) <= 1e-6 * max(1.0, abs(expected))


@pytest.mark.shared
@pytest.mark.parametrize("target", ["python", "numpy", "c"])
def test_a_long_program_is_one_statement_a_line(target):
    if target == "numpy":
        pytest.importorskip("numpy")
    n = 100_000
    code = tuple(
        Instruction(TABLE["add" if i % 2 else "mul"], (2 + i if i else 0, 1))
        for i in range(n)
    )
    program = Program(("x",), (0.5, 1.0), code, (n + 2,))
    program = program.replace(constants=(0.5, 1.0)).check()
    source = to(program, target)
    assert len(source.splitlines()) > n
    assert max(map(len, source.splitlines())) < 80
    if target != "c":
        compiled = compile_python if target == "python" else compile_numpy
        assert float(compiled(program)(3.0)[0]) == program(3.0)[0]


def test_a_sum_of_many_products_nests_no_deeper_than_a_line():
    np = pytest.importorskip("numpy")
    n = 20_000
    program = program_of(TABLE["sumprod"], n)
    (found,) = compile_numpy(program)(*range(n))
    expected = np.dot(np.arange(n // 2), np.arange(n // 2, n))
    assert abs(found - expected) <= 1e-12 * expected


# --- What the source looks like -----------------------------------------------------


def test_names_of_inputs_are_kept_where_they_are_names():
    code = (Instruction(TABLE["mul"], (0, 1)),)
    program = Program(("price", "Δ"), (), code, (2,), name="payoff")
    assert python_source(program) == (
        "import math\n\n\ndef payoff(price, Δ):\n    v2 = price * Δ\n    return [v2]"
    )


def test_operators_bind_as_in_the_program():
    pairs = itertools.product(("add", "sub", "mul", "div", "pow", "neg"), repeat=3)
    for outer, inner, other in pairs:
        rows = [TABLE[name] for name in (inner, other, outer)]
        code = [
            Instruction(row, places[: row.arity])
            for row, places in zip(rows, [(0, 1), (1, 2), (3, 4)], strict=True)
        ]
        program = Program(("a", "b"), (-2.0,), tuple(code), (5,))
        for function in (compile_python(program), compile_numpy(program)):
            for inputs in ((3.0, 2.0), (0.75, 4.0)):
                try:
                    expected = program(*inputs)[0]
                except (ValueError, ArithmeticError):
                    continue
                assert off_by(float(function(*inputs)[0]), expected) <= 4.0


def test_constants_that_are_not_usual_numbers_stay_what_they_are():
    constants = (math.inf, -math.inf, math.nan, -0.0, 5e-324, -1e300)
    program = Program((), constants, (), tuple(range(6))).check()
    for function in (compile_python(program), compile_numpy(program)):
        for found, expected in zip(function(), constants, strict=True):
            assert same(found, expected)


def test_numpy_computes_constants_without_pythons_errors():
    code = (Instruction(TABLE["quotient"], (0, 1)), Instruction(TABLE["exp"], (0,)))
    program = Program((), (1.0, 0.0), code, (2, 3))
    assert compile_numpy(program)() == [math.inf, math.exp(1.0)]


def test_a_traceback_shows_the_line():
    function = compile_python(trace(lambda x: amath.log(x) * 2.0, 1.0))
    with pytest.raises(ValueError, match="math domain error") as raised:
        function(-1.0)
    shown = "".join(traceback.format_exception(raised.value))
    assert "math.log(v0)" in shown
    file = traceback.extract_tb(raised.value.__traceback__)[-1].filename
    assert file.startswith("<autograd program")


def test_source_goes_with_its_function():
    function = compile_python(trace(lambda x: x + 1.0, 1.0))
    file = function.__code__.co_filename
    assert file in linecache.cache
    del function
    assert file not in linecache.cache


def test_a_target_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(ValueError, match="'fortran'; there are python, numpy, c"):
        to(trace(lambda x: x, 1.0), "fortran")


# --- Guards -------------------------------------------------------------------------


def guarded() -> Program:
    code = (Instruction(TABLE["sub"], (0, 1)), Instruction(TABLE["log"], (3,)))
    guards = (
        Guard("<", 1, 0),
        Guard("==", 3, 2, holds=False),
        Guard("finite", 4, 4),
    )
    return Program(("x", "y"), (1.0,), code, (4,), guards).check()


def test_a_guard_is_checked_before_what_it_protects():
    function = compile_python(guarded(), guards=True)
    assert function(5.0, 1.0) == ([math.log(4.0)], True)
    assert function(1.0, 5.0) == (None, False)
    assert function(2.0, 1.0) == (None, False)
    assert function(math.inf, 1.0) == (None, False)


def test_numpy_checks_guards_element_by_element():
    np = pytest.importorskip("numpy")
    function = compile_numpy(guarded(), guards=True)
    (y,), ok = function(np.array([5.0, 1.0, 2.0, math.inf]), 1.0)
    assert ok.tolist() == [True, False, False, False]
    assert y[0] == np.log(4.0)
    assert function(5.0, 1.0)[1]


@pytest.mark.skipif(CC is None, reason="there is no C compiler here")
def test_c_returns_whether_guards_hold(tmp_path):
    function = built(tmp_path, to(guarded(), "c", guards=True)).f
    out = (ctypes.c_double * 1)()
    points = [(5.0, 1.0), (1.0, 5.0), (2.0, 1.0), (math.inf, 1.0)]
    results = [function((ctypes.c_double * 2)(*point), out) for point in points]
    assert results == [1, 0, 0, 0]


# --- What comes from outside --------------------------------------------------------

HOSTILE = [
    "x): import os; os.abort()  #", "a b", "", "*args", "x=1", "1x", "__import__",
    "x\ny", "*/ system(0); /*", "lambda", "None", "print", "float", "math", "np", "v1",
    "v0", "exp", "log", "ok", "special", "_x", "\ufb01", "fi", "x", "x", "in", "out",
    "jnp", "sympy", "torch", "silu", "NAN", "double",
]  # fmt: skip


def hostile() -> Program:
    n = len(HOSTILE)
    code = [Instruction(TABLE["silu"], (0,))]
    code += [Instruction(TABLE["add"], (n + i, i)) for i in range(n)]
    code += [Instruction(TABLE["exp"], (2 * n,)), Instruction(TABLE["abs"], (2 * n,))]
    places = (2 * n + 1, 2 * n + 2)
    return Program(tuple(HOSTILE), (), tuple(code), places, name="lambda")


def test_no_name_from_outside_becomes_code():
    program = hostile().check()
    inputs = [0.01 * i for i in range(len(HOSTILE))]
    expected = program(*inputs)
    assert compile_python(program)(*inputs) == expected
    found = compile_numpy(program)(*inputs)
    assert all(off_by(*pair) < 4.0 for pair in zip(found, expected, strict=True))
    for target in ("python", "numpy", "c", "jax", "torch", "sympy"):
        source = to(program, target)
        assert "import os" not in source
        assert "system" not in source
        assert "__import__" not in source
        if target != "c":
            code = compile(source, "source", "exec")
            function = next(x for x in code.co_consts if hasattr(x, "co_code"))
            names = function.co_varnames
            assert not any(keyword.iskeyword(name) for name in names)
            assert "fi" in names
            assert "x" not in names


@pytest.mark.skipif(CC is None, reason="there is no C compiler here")
def test_no_name_from_outside_becomes_c(tmp_path):
    program = hostile()
    inputs = [0.01 * i for i in range(len(HOSTILE))]
    out = (ctypes.c_double * 2)()
    built(tmp_path, to(program, "c")).f((ctypes.c_double * len(inputs))(*inputs), out)
    assert all(off_by(*pair) < 4.0 for pair in zip(out, program(*inputs), strict=True))


def test_the_name_of_a_c_function_is_an_identifier():
    program = trace(lambda x: x + 1.0, 1.0)
    assert "void price(const double" in to(program, "c", name="price")
    with pytest.raises(ValueError, match="cannot be the name"):
        to(program, "c", name="f(void) { abort(); } void g")


def own(name: str) -> Primitive:
    return Primitive(name, lambda x: 3.0 * x, [lambda _y, _x: 3.0])


@pytest.mark.parametrize("name", ["triple", "<lambda>", "sin", "x\nimport os", "math"])
def test_a_primitive_that_is_not_in_the_table_is_called(name):
    code = (Instruction(own(name), (0,)), Instruction(TABLE["sin"], (1,)))
    program = Program(("x",), (), code, (2,)).check()
    assert compile_python(program)(2.0) == [math.sin(6.0)]
    doubled = compile_python(program, functions={name: lambda x: 2.0 * x})
    assert doubled(2.0) == [math.sin(4.0)]
    assert "import os" not in python_source(program, functions=[name]).splitlines()
    for target in ("python", "numpy", "c", "jax", "torch", "sympy"):
        with pytest.raises(NotImplementedError, match="has no spelling"):
            to(program, target)


def test_what_a_target_cannot_spell_is_named_with_the_target():
    program = trace(lambda x: amath.digamma(x) + amath.ulp(x), 1.0)
    with pytest.raises(NotImplementedError, match=r"C has no spelling .* 'digamma'"):
        to(program, "c")


def test_numpy_spells_all_rows():
    for row in TABLE.values():
        orders = ORDERS[: order_count(row)]
        assert numpy_source(program_of(row, operands(row), orders))
    assert set(EACH) < NUMPY.spellings.keys()
