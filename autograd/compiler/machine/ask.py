"""ask: machine code asks Python for a number that only Python can compute.

For a primitive without a definition machine code calls one C function,
``int ask(function, numbers, n)``. It puts the function's number in the place of the
first operand and returns 1; or it returns 0, and machine code takes a NaN.

Nothing may be raised into machine code. Of an error of Python's arithmetic the NaN
tells enough: whoever called the machine code sees it and computes in Python, which
raises the same. Anything else, Ctrl-C above all, may come only once. It is kept, for
each thread, until who called the machine code takes it (`taken`) and raises it.

Compiled, `ask` is C, and Ctrl-C comes while Python runs the function, nowhere else.
Interpreted, ctypes calls a Python function, and Python may notice Ctrl-C as that
begins, before its first line. ctypes hands such an error to `sys.unraisablehook`, and
`listening` takes it from there.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

try:
    import cython
except ImportError:
    from autograd import _cython as cython

if cython.compiled:
    from cython.cimports.cpython.object import PyObject
    from cython.cimports.libc.stdint import uintptr_t

# What was raised, by thread: the first error, or an interruption that came after it.
kept = cython.declare(dict, {})


def taken() -> BaseException | None:
    """Return what was raised while this thread ran machine code, and forget it."""
    if not kept:
        return None
    found: BaseException | None = kept.pop(threading.get_ident(), None)
    return found


def is_kept() -> bool:
    """Return whether something was raised while this thread ran machine code."""
    return bool(kept) and threading.get_ident() in kept


def _keep(error: BaseException) -> None:
    ident = threading.get_ident()
    if not (isinstance(error, Exception) and ident in kept):
        kept[ident] = error


def _answer(function: Any, operands: list[float]) -> float | None:
    """Return the function's number; None if it raises, or was interrupted before."""
    try:
        if kept and not isinstance(kept.get(threading.get_ident()), Exception | None):
            return None
        return float(function(*operands))
    except (ArithmeticError, ValueError):
        return None
    except BaseException as error:  # noqa: BLE001 - nothing may get into machine code
        _keep(error)
        return None


if cython.compiled:

    @cython.cfunc
    @cython.with_gil
    @cython.exceptval(check=False)
    def _ask(
        function: cython.pointer(PyObject), xs: cython.p_double, n: cython.longlong
    ) -> cython.bint:
        i: cython.Py_ssize_t
        try:
            operands: list = [xs[i] for i in range(n)]
            found = _answer(cython.cast(object, function), operands)
            if found is not None:
                xs[0] = found
            return found is not None  # noqa: TRY300 - all of it is guarded
        except BaseException as error:  # noqa: BLE001 - as in _answer
            _keep(error)
            return 0

    def address_of_ask() -> int:
        """Return the address of ``int ask(PyObject *function, double *xs, i64 n)``."""
        return cython.cast(uintptr_t, cython.address(_ask))

    def listening() -> Any:
        """Lose no interruption while machine code runs: none can be lost here."""
        return nullcontext()

else:

    def _ask(function: Any, xs: Any, n: int) -> int:
        found = _answer(function, xs[:n])
        if found is None:
            return 0
        xs[0] = found
        return 1

    _NUMBERS = ctypes.POINTER(ctypes.c_double)
    _C_ASK = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.py_object, _NUMBERS, ctypes.c_longlong
    )(_ask)

    def address_of_ask() -> int:
        """Return the address of ``int ask(PyObject *function, double *xs, i64 n)``."""
        return ctypes.cast(_C_ASK, ctypes.c_void_p).value or 0

    @contextmanager
    def listening() -> Iterator[None]:
        """Lose no interruption while machine code runs; the main thread alone has."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = sys.unraisablehook

        def hook(raised: Any) -> None:
            traceback = raised.exc_traceback
            if traceback is not None and traceback.tb_frame.f_code is _ask.__code__:
                _keep(raised.exc_value)
            else:
                before(raised)

        sys.unraisablehook = hook
        try:
            yield
        finally:
            sys.unraisablehook = before
