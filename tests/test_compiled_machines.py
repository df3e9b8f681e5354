"""Machine code for other machines than this one: fewer lanes, no vector functions."""

from __future__ import annotations

import ctypes

import pytest
from test_compiled_vectors import assert_compiled_right

from autograd import jit, math, vmap
from autograd.compiler.machine import host

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")


@pytest.mark.shared
@pytest.mark.parametrize("lanes", [2, 4])
def test_vector_code_is_compiled_right_for_fewer_lanes(lanes, monkeypatch):
    if lanes > host.lanes():
        pytest.skip("the machine has fewer lanes")
    host.vector_prefix.cache_clear()
    host.vector_function.cache_clear()
    monkeypatch.setattr(host, "lanes", lambda: lanes)
    try:
        assert_compiled_right(range(4))
        x = np.linspace(-2.0, 2.0, 37)
        assert vmap(math.tanh)(x) == pytest.approx(np.tanh(x), rel=1e-15)
    finally:
        host.vector_prefix.cache_clear()
        host.vector_function.cache_clear()


@pytest.mark.shared
def test_vector_code_is_compiled_right_without_vector_functions(monkeypatch):
    monkeypatch.setattr(host, "vector_function", lambda _name, _arity: None)
    assert_compiled_right(range(2))
    x = np.linspace(-2.0, 2.0, 37)
    assert vmap(math.tanh)(x) == pytest.approx(np.tanh(x), rel=1e-15)


def test_a_vector_function_that_the_library_lacks_is_not_called():
    if host.vector_prefix() is None:
        pytest.skip("there is no vector library here")
    assert host.vector_function("exp", 1)
    assert host.vector_function("a function of tomorrow", 1) is None


def test_where_addresses_have_32_bits_all_runs_without_machine_code(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(ctypes, "sizeof", lambda _: 4)
        host.machine.cache_clear()
        try:
            f = jit(lambda x: math.exp(x) * x)
            assert f(1.0) == f(1.0) == math.exp(1.0)
            with pytest.raises(ImportError, match="64 bits"):
                f.source("llvm")
        finally:
            host.machine.cache_clear()
