"""callbacks: machine code calls a primitive's own function, in Python.

Nothing may be raised into machine code. Where the function raises, the code gets a NaN;
whoever called the code sees that it is not finite, and asks the function again in
Python, where it raises the same. But Ctrl-C comes only once: it is kept until the
machine code has returned (`raise_interruption`).
"""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Sequence
from threading import get_ident
from typing import Any

from autograd.compiler.machine import host
from autograd.compiler.machine.text import Text
from autograd.primitives import Primitive

_interruptions: dict[int, KeyboardInterrupt] = {}  # by thread


def raise_interruption() -> None:
    """Raise a Ctrl-C that a native call of this thread held back."""
    if _interruptions:
        interruption = _interruptions.pop(get_ident(), None)
        if interruption is not None:
            raise interruption


@functools.cache
def _look() -> Any:
    """Return a C function that lets Python handle signals: 1 if one interrupts."""

    def look() -> int:
        try:
            for _ in range(2):  # Python looks for signals between its instructions
                pass
        except KeyboardInterrupt as interruption:
            _interruptions[get_ident()] = interruption
            return 1
        except BaseException:  # noqa: BLE001 - nothing may get into machine code
            return 1
        return 0

    return ctypes.CFUNCTYPE(ctypes.c_int)(look)


def look_for_interruption(t: Text) -> str:
    """Write a look for Ctrl-C in a long loop, and return the flag that it came."""
    address = ctypes.cast(_look(), ctypes.c_void_p).value
    host.machine().add_symbol("autograd_interrupted", address)
    t.module.declare("declare i32 @autograd_interrupted()")
    came = t.new("call i32 @autograd_interrupted()")
    return t.new(f"icmp ne i32 {came}, 0")


def call_python(t: Text, primitive: Primitive, operands: Sequence[str]) -> str:
    """Write a call of a primitive's function, and return the result's name."""
    callback = _as_c_function(primitive, len(operands))
    t.module.callbacks.append(callback)
    address = ctypes.cast(callback, ctypes.c_void_p).value
    symbol = f"python_{address:x}"
    host.machine().add_symbol(symbol, address)
    return t.each_lane(symbol, *operands)


def _as_c_function(primitive: Primitive, arity: int) -> Any:
    """Return a C function that calls a primitive's function; NaN if that raises."""

    def value(*xs: float) -> float:
        try:
            return float(primitive.value(*xs))
        except KeyboardInterrupt as interruption:
            _interruptions[get_ident()] = interruption
            return math.nan
        except BaseException:  # noqa: BLE001 - nothing may get into machine code
            return math.nan

    return ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * arity)(value)
